"""From a graph to cells: boxes of nodes, lines of edges. Made once for what looks the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from app.tui.models.graph.layers import Slots, layered
from app.tui.models.graph.placing import close_up, place
from app.tui.models.graph.routing import Gap, route

REMEMBERED = 32
PADDING = {False: 2, True: 4}
"""Cells that a node is wider than its text: spaces, or a frame and spaces."""


@dataclass(frozen=True, slots=True)
class Graph:
    """What a layout depends on, and nothing else; equal graphs share one layout.

    So versions of a DAG that differ in their code alone do, and every run of them.
    """

    widths: tuple[int, ...]
    """Cells of each node's text."""
    edges: tuple[tuple[int, int], ...]
    labels: tuple[int, ...] = ()
    """Cells of the label on the line into each node; 0: there is none."""
    downwards: bool = False
    """Layers stand below each other instead of beside each other."""
    framed: bool = False
    """Nodes have frames, and are three lines high."""


class Box(NamedTuple):
    """Cells of a node, or of a label."""

    x: int
    y: int
    width: int
    height: int


class Line(NamedTuple):
    """A straight line from cell to cell, rightwards or downwards."""

    x0: int
    y0: int
    x1: int
    y1: int


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything is."""

    width: int
    height: int
    downwards: bool
    boxes: tuple[Box, ...]
    """By node."""
    ports: tuple[int, ...]
    """By node, the row (downwards: the column) that lines leave and enter it on."""
    layers: tuple[tuple[int, ...], ...]
    """By layer, its nodes in their order."""
    hops: tuple[tuple[Line, ...], ...]
    """Pieces of edges, from a layer to the next; edges of one source share them."""
    routes: Mapping[tuple[int, int], tuple[int, ...]]
    """By edge, its hops."""
    arrows: Mapping[int, tuple[int, int]]
    """Node -> the cell of the arrow head before it."""
    exits: frozenset[int]
    """Nodes that lines leave."""
    labels: Mapping[int, Box]
    """Node -> where the label of the line into it stands."""


@lru_cache(maxsize=REMEMBERED)
def lay_out(graph: Graph) -> Layout:
    """The layout of a graph."""
    slots = layered(len(graph.widths), graph.edges)
    ahead, behind = _sides(graph, slots)
    ports = place(slots, ahead, behind, 2 if graph.downwards else 0)
    if not graph.downwards:
        ports = close_up(ports, ahead, behind)
    ports, gaps = route(slots, ports)
    return _Drawing(graph, slots, ports, gaps).layout(behind)


def _sides(graph: Graph, slots: Slots) -> tuple[list[int], list[int]]:
    """Cells that each slot takes across its layer, before and after its port."""
    dummies = [0] * (len(slots.layer) - slots.nodes)
    if not graph.downwards:
        side = [1 if graph.framed else 0] * slots.nodes
        return side + dummies, side + dummies
    labels = graph.labels or (0,) * slots.nodes
    wide = [
        max(width + PADDING[graph.framed], label + 2 if label else 0)
        for width, label in zip(graph.widths, labels, strict=True)
    ]
    return [cells // 2 for cells in wide] + dummies, [
        cells - cells // 2 - 1 for cells in wide
    ] + dummies


class _Drawing:
    """Turns places along and across layers into cells."""

    def __init__(
        self, graph: Graph, slots: Slots, ports: Sequence[int], gaps: Sequence[Gap]
    ) -> None:
        self.graph, self.slots, self.ports, self.gaps = graph, slots, ports, gaps
        padding = PADDING[graph.framed]
        self.wide = [width + padding for width in graph.widths]
        self.high = 3 if graph.framed else 1
        self.labels = graph.labels or (0,) * slots.nodes
        self.starts: list[int] = []
        """First cell of each layer, along."""
        self.ends: list[int] = []
        """The cell after it."""
        at = 0
        for number, line in enumerate(slots.order):
            nodes = [slot for slot in line if slot < slots.nodes]
            if number:
                at += self._gap_size(number - 1, nodes)
            self.starts.append(at)
            size = max((self.wide[slot] for slot in nodes), default=1)
            at += self.high if graph.downwards else size
            self.ends.append(at)

    def _pitch(self, gap: int) -> int:
        return 2 if not self.graph.downwards and self.gaps[gap].count <= 4 else 1

    def _gap_size(self, gap: int, targets: Sequence[int]) -> int:
        """Cells between two layers: a lead, the tracks, labels, arrow heads."""
        down = self.graph.downwards
        tracks = self.gaps[gap].count
        across = (tracks - 1) * self._pitch(gap) + 1 if tracks else 0
        longest = max((self.labels[slot] for slot in targets), default=0)
        text = 0 if not longest else 1 if down else longest + 3
        return max(2 if down else 3, (0 if down else 1) + across + text + 1)

    def _track(self, slot: int) -> int:
        gap = self.slots.layer[slot]
        lead = 0 if self.graph.downwards else 1
        return self.ends[gap] + lead + self.gaps[gap].tracks[slot] * self._pitch(gap)

    def _line(self, along0: int, across0: int, along1: int, across1: int) -> Line:
        if self.graph.downwards:
            along0, across0, along1, across1 = across0, along0, across1, along1
        if (along1, across1) < (along0, across0):
            along0, across0, along1, across1 = along1, across1, along0, across0
        return Line(along0, across0, along1, across1)

    def _hop(self, source: int, target: int) -> tuple[Line, ...]:
        """From a slot to one in the next layer; through that layer, if it is a dummy."""
        slots, ports = self.slots, self.ports
        layer = slots.layer[source]
        begin = self.ends[layer] - 1
        if source < slots.nodes:
            size = self.high if self.graph.downwards else self.wide[source]
            begin = self.starts[layer] + size - 1
        end = self.starts[layer + 1] if target < slots.nodes else self.ends[layer + 1] - 1
        if ports[source] == ports[target]:
            return (self._line(begin, ports[source], end, ports[source]),)
        track = self._track(source)
        return (
            self._line(begin, ports[source], track, ports[source]),
            self._line(track, ports[source], track, ports[target]),
            self._line(track, ports[target], end, ports[target]),
        )

    def _box(self, node: int) -> Box:
        start, port = self.starts[self.slots.layer[node]], self.ports[node]
        if self.graph.downwards:
            return Box(port - self.wide[node] // 2, start, self.wide[node], self.high)
        return Box(start, port - self.high // 2, self.wide[node], self.high)

    def _label(self, node: int) -> Box:
        start, port = self.starts[self.slots.layer[node]], self.ports[node]
        cells = self.labels[node] + 2
        if self.graph.downwards:
            return Box(port - cells // 2, start - 2, cells, 1)
        return Box(start - 1 - cells, port, cells, 1)

    def layout(self, behind: Sequence[int]) -> Layout:
        slots, down = self.slots, self.graph.downwards
        nodes = range(slots.nodes)
        hops: dict[tuple[int, int], int] = {}
        lines: list[tuple[Line, ...]] = []
        for source, targets in enumerate(slots.after):
            for target in targets:
                hops[source, target] = len(lines)
                lines.append(self._hop(source, target))
        routes = {
            edge: tuple(hops[pair] for pair in pairwise(path))
            for edge, path in slots.routes.items()
        }
        heads = {node: self.starts[slots.layer[node]] - 1 for node in nodes if slots.before[node]}
        along = self.ends[-1] if self.ends else 0
        across = max((port + behind[slot] + 1 for slot, port in enumerate(self.ports)), default=0)
        return Layout(
            width=across if down else along,
            height=along if down else across,
            downwards=down,
            boxes=tuple(self._box(node) for node in nodes),
            ports=tuple(self.ports[: slots.nodes]),
            layers=tuple(tuple(s for s in line if s < slots.nodes) for line in slots.order),
            hops=tuple(lines),
            routes=routes,
            arrows={
                node: (self.ports[node], at) if down else (at, self.ports[node])
                for node, at in heads.items()
            },
            exits=frozenset(node for node in nodes if slots.after[node]),
            labels={node: self._label(node) for node in heads if self.labels[node]},
        )

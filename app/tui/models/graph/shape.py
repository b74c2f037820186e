"""Which nodes and edges of a DAG are seen: groups folded, neighbourhoods, what leads where."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.queries.grid import GridRow
    from store.structure import DagStructure

Edge = tuple[str, str]


@dataclass(frozen=True)
class Shape:
    """One version of a DAG: its tasks and groups, and the edges between tasks."""

    rows: tuple[GridRow, ...] = ()
    edges: tuple[Edge, ...] = ()
    labels: tuple[tuple[str, str, str], ...] = ()
    """(upstream, downstream, label)."""


@dataclass(frozen=True)
class Picture:
    """The nodes that are seen (tasks and folded groups), and the edges between them."""

    nodes: tuple[GridRow, ...] = ()
    edges: tuple[Edge, ...] = ()
    labels: Mapping[Edge, str] = field(default_factory=dict)
    inside: Mapping[str, str] = field(default_factory=dict)
    """Task or group -> the node that stands for it."""

    @cached_property
    def downstream(self) -> dict[str, list[str]]:
        """Node -> what it leads to, in the order of the picture."""
        found: dict[str, list[str]] = {row.id: [] for row in self.nodes}
        for source, target in self.edges:
            found[source].append(target)
        return found

    @cached_property
    def upstream(self) -> dict[str, list[str]]:
        """Node -> what leads to it."""
        found: dict[str, list[str]] = {row.id: [] for row in self.nodes}
        for source, target in self.edges:
            found[target].append(source)
        return found

    def ancestors(self, node: str) -> set[str]:
        """All that must be done before a node."""
        return reach([node], self.upstream) - {node}

    def descendants(self, node: str) -> set[str]:
        """All that waits for a node."""
        return reach([node], self.downstream) - {node}


def shape_of(structure: DagStructure, rows: Iterable[GridRow]) -> Shape:
    """The shape of a stored structure.

    An edge may be named at either of its ends, or at both; a label may be on one between groups.
    """
    known = {task.task_id for task in structure.tasks}
    edges: dict[Edge, None] = {}
    for task in structure.tasks:
        for upstream in task.upstream:
            edges[upstream, task.task_id] = None
        for downstream in task.downstream:
            edges[task.task_id, downstream] = None
    kept = tuple(edge for edge in edges if known.issuperset(edge) and edge[0] != edge[1])
    rows = tuple(rows)
    inside = {row.id: frozenset(row.task_ids) for row in rows}
    labels = tuple(
        (source, target, label)
        for up, down, label in structure.edge_labels
        for source, target in (kept if label else ())
        if source in inside.get(up, ()) and target in inside.get(down, ())
    )
    return Shape(rows, kept, labels)


def visible(shape: Shape, folded: Collection[str] = ()) -> Picture:
    """The picture with some groups folded to one node each; edges inside of them are not seen."""
    stands_for: dict[str, str] = {}
    nodes: list[GridRow] = []
    for row in shape.rows:
        around = stands_for.get(row.parent) if row.parent is not None else None
        if around is not None:
            stands_for[row.id] = around
        elif row.kind == "task" or row.id in folded:
            stands_for[row.id] = row.id
            nodes.append(row)
    edges: dict[Edge, None] = {}
    for source, target in shape.edges:
        edge = (stands_for[source], stands_for[target])
        if edge[0] != edge[1]:
            edges[edge] = None
    labels: dict[Edge, list[str]] = {}
    for source, target, label in shape.labels:
        edge = (stands_for.get(source, ""), stands_for.get(target, ""))
        if edge in edges and label not in labels.setdefault(edge, []):
            labels[edge].append(label)
    texts = {edge: ", ".join(several) for edge, several in labels.items()}
    return Picture(tuple(nodes), tuple(edges), texts, stands_for)


def near(picture: Picture, centre: str, hops: int) -> Picture:
    """Only a node and what leads to it or follows from it in at most so many steps."""
    kept = reach([centre], picture.upstream, hops) | reach([centre], picture.downstream, hops)
    return Picture(
        tuple(row for row in picture.nodes if row.id in kept),
        tuple(edge for edge in picture.edges if kept.issuperset(edge)),
        {edge: label for edge, label in picture.labels.items() if kept.issuperset(edge)},
        picture.inside,
    )


def reach(
    start: Iterable[str], neighbours: Mapping[str, Collection[str]], hops: int | None = None
) -> set[str]:
    """All nodes that some steps lead to, those at the start too."""
    found = set(start)
    edge = list(found)
    while edge and (hops is None or hops > 0):
        edge = [node for one in edge for node in neighbours.get(one, ())]
        edge = [node for node in dict.fromkeys(edge) if node not in found]
        found.update(edge)
        hops = None if hops is None else hops - 1
    return found


def entry_labels(picture: Picture, names: Mapping[str, str] | None = None) -> dict[str, str]:
    """Node -> the labels of the edges that end at it.

    Edges to one node run into one line before it, so a label there says from where its edge
    comes, if it isn't the only one. ``names``: what nodes are called, if not by their ids.
    """
    found: dict[str, list[str]] = {}
    for (source, target), label in picture.labels.items():
        alone = len(picture.upstream[target]) == 1
        found.setdefault(target, []).append(
            label if alone else f"{(names or {}).get(source, source)}: {label}"
        )
    return {target: ", ".join(several) for target, several in found.items()}

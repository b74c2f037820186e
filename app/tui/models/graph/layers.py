"""Layers: how far along each node stands, dummies for long edges, an order with few crossings."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

Edge = tuple[int, int]
SWEEPS = 8


@dataclass(slots=True)
class Slots:
    """Nodes, and dummies where an edge passes through a layer, by number.

    The numbers below ``nodes`` are nodes. All edges of one source share its dummies. ``after``
    and ``before`` are the slots of the next layer and the one before that a slot is joined to.
    """

    nodes: int
    layer: list[int]
    after: list[list[int]]
    before: list[list[int]]
    order: list[list[int]] = field(default_factory=list)
    """By layer, the slots in the order in which they stand."""
    routes: dict[Edge, tuple[int, ...]] = field(default_factory=dict)
    """By edge, the slots it goes through; the other way round if it closes a cycle."""


def drawn_edges(count: int, edges: Iterable[Edge]) -> dict[Edge, Edge]:
    """Edge -> as it is drawn: turned round where it closes a cycle.

    A DAG has none, but folded groups may: what leaves a group can come back to it.
    """
    after: list[list[int]] = [[] for _ in range(count)]
    for source, target in edges:
        if source != target:
            after[source].append(target)
    drawn: dict[Edge, Edge] = {}
    seen = [0] * count  # 1: on the path, 2: done
    for root in range(count):
        if seen[root]:
            continue
        seen[root] = 1
        path = [(root, iter(after[root]))]
        while path:
            node, rest = path[-1]
            for target in rest:
                on_path = seen[target] == 1
                drawn[node, target] = (target, node) if on_path else (node, target)
                if not seen[target]:
                    seen[target] = 1
                    path.append((target, iter(after[target])))
                    break
            else:
                seen[node] = 2
                path.pop()
    return drawn


def longest_path(after: Sequence[Sequence[int]], before: Sequence[Sequence[int]]) -> list[int]:
    """The layer of each node: one more than the largest of those before it.

    A node with more edges out than in moves up to what it leads to: that shortens edges.
    """
    layer = [0] * len(after)
    missing = [len(some) for some in before]
    ready = deque(node for node, number in enumerate(missing) if not number)
    order: list[int] = []
    while ready:
        node = ready.popleft()
        order.append(node)
        for target in after[node]:
            layer[target] = max(layer[target], layer[node] + 1)
            missing[target] -= 1
            if not missing[target]:
                ready.append(target)
    for node in reversed(order):
        if len(after[node]) > len(before[node]):
            layer[node] = min(layer[target] for target in after[node]) - 1
    return layer


def layered(count: int, edges: Iterable[Edge]) -> Slots:
    """The slots of a graph with ``count`` nodes, in layers, in an order with few crossings."""
    drawn = drawn_edges(count, edges)
    after: list[list[int]] = [[] for _ in range(count)]
    before: list[list[int]] = [[] for _ in range(count)]
    for source, target in dict.fromkeys(drawn.values()):
        after[source].append(target)
        before[target].append(source)
    slots = Slots(
        count, longest_path(after, before), [[] for _ in range(count)], [[] for _ in range(count)]
    )
    paths: dict[Edge, tuple[int, ...]] = {}
    for source in range(count):
        dummies = [source]
        for target in sorted(after[source], key=slots.layer.__getitem__):
            steps = slots.layer[target] - slots.layer[source]
            while len(dummies) < steps:
                dummies.append(_add_dummy(slots, dummies[-1]))
            _join(slots, dummies[steps - 1], target)
            paths[source, target] = (*dummies[:steps], target)
    slots.routes = {edge: paths[way] for edge, way in drawn.items()}
    _first_order(slots)
    untangle(slots)
    return slots


def _add_dummy(slots: Slots, before: int) -> int:
    number = len(slots.layer)
    slots.layer.append(slots.layer[before] + 1)
    slots.after.append([])
    slots.before.append([])
    _join(slots, before, number)
    return number


def _join(slots: Slots, source: int, target: int) -> None:
    slots.after[source].append(target)
    slots.before[target].append(source)


def _first_order(slots: Slots) -> None:
    """Slots as a walk along the edges meets them, from the first node on."""
    slots.order = [[] for _ in range(max(slots.layer, default=-1) + 1)]
    seen = [False] * len(slots.layer)
    for root in range(slots.nodes):
        if slots.before[root]:
            continue
        path = [root]
        while path:
            slot = path.pop()
            if seen[slot]:
                continue
            seen[slot] = True
            slots.order[slots.layer[slot]].append(slot)
            path.extend(reversed(slots.after[slot]))


def untangle(slots: Slots, sweeps: int = SWEEPS) -> None:
    """Order each layer by the mean place of its neighbours, there and back; the best order stays.

    (The barycentre heuristic.)
    """
    best, fewest = [list(one) for one in slots.order], crossings(slots)
    place = [0] * len(slots.layer)
    for line in slots.order:
        for index, slot in enumerate(line):
            place[slot] = index
    for sweep in range(sweeps):
        if not fewest:
            break
        there = sweep % 2 == 0
        neighbours = slots.before if there else slots.after
        for line in slots.order[1:] if there else slots.order[-2::-1]:
            means: dict[int, float] = {}
            for slot in line:
                near = neighbours[slot]
                total = sum([place[one] for one in near])
                means[slot] = total / len(near) if near else float(place[slot])
            line.sort(key=means.__getitem__)
            for index, slot in enumerate(line):
                place[slot] = index
        found = crossings(slots)
        if found < fewest:
            best, fewest = [list(one) for one in slots.order], found
    slots.order = best


def crossings(slots: Slots) -> int:
    """How often edges between neighbouring layers cross."""
    place = [0] * len(slots.layer)
    for line in slots.order:
        for index, slot in enumerate(line):
            place[slot] = index
    total = 0
    for line in slots.order:
        passed: list[int] = []
        for slot in line:
            ends = sorted([place[target] for target in slots.after[slot]])
            for end in ends:
                total += len(passed) - bisect_right(passed, end)
            for end in ends:
                insort(passed, end)
    return total

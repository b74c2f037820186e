"""Tracks between two layers: where the lines of each source run across.

All edges of a source share a track in the gap after its layer, and sources that lead to the same
targets share one: they are a bundle. A line leaves its source along the source's port, runs along
its track, and enters each target along the target's port. Where a source and a target of others
have the same port, the source's track has to come first: else the two lines would run over each
other and read as one edge. Where that can't be (a wants to be before b and b before a), a line of
cells is inserted that sets the two ports apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

from app.tui.models.graph.layers import Slots


@dataclass(frozen=True, slots=True)
class Gap:
    """The tracks between a layer and the next."""

    tracks: dict[int, int]
    """Slot -> its track, 0 is next to the layer. Slots with straight lines only have none."""
    count: int
    apart: tuple[int, ...] = ()
    """Slots whose port another slot's port must not be level with."""


def route(slots: Slots, ports: list[int]) -> tuple[list[int], list[Gap]]:
    """The tracks of all gaps, and the ports once those in each other's way are set apart."""
    gaps = [_gap(slots, number, ports) for number in range(len(slots.order) - 1)]
    if not any(gap.apart for gap in gaps):
        return ports, gaps
    ports = _set_apart(slots, ports, gaps)
    return ports, [_gap(slots, number, ports) for number in range(len(slots.order) - 1)]


def _set_apart(slots: Slots, ports: Sequence[int], gaps: Sequence[Gap]) -> list[int]:
    """Insert a line after each port in question; from that gap on its slots stand on the other.

    What was level in other gaps or on other ports stays level, and the order stays.
    """
    places: dict[int, list[int]] = {}
    for number, gap in enumerate(gaps):
        for slot in gap.apart:
            places.setdefault(ports[slot], []).append(number)
    passed = sorted(places)
    shift: dict[int, int] = {}
    index = 0
    for port in sorted(set(ports)):
        while index < len(passed) and passed[index] < port:
            index += 1
        shift[port] = index
    result: list[int] = []
    for slot, port in enumerate(ports):
        turns = sum(1 for number in places.get(port, ()) if number < slots.layer[slot])
        result.append(port + shift[port] + turns % 2)
    return result


@dataclass(slots=True)
class _Bundle:
    """Sources that share a track."""

    number: int
    targets: tuple[int, ...]
    sources: list[int] = field(default_factory=list)
    later: list[tuple[int, _Bundle]] = field(default_factory=list)
    """(source for whose sake, bundle whose track must come after this one's)."""
    missing: int = 0
    """Bundles that must come before and are not placed yet."""
    first: int = 0
    """The first track that it may take."""


def _gap(slots: Slots, number: int, ports: Sequence[int]) -> Gap:
    bundles = _bundles(slots, number, ports)
    order, apart = _in_order(bundles, ports)
    tracks: dict[int, int] = {}
    taken: list[list[tuple[int, int]]] = []
    for bundle in order:
        ends = [ports[slot] for slot in (*bundle.sources, *bundle.targets)]
        low, high = min(ends), max(ends)
        track = bundle.first
        while track < len(taken) and any(a <= high and low <= b for a, b in taken[track]):
            track += 1
        while len(taken) <= track:
            taken.append([])
        taken[track].append((low, high))
        tracks.update(dict.fromkeys(bundle.sources, track))
        for _, one in bundle.later:
            one.first = max(one.first, track + 1)
    return Gap(tracks, len(taken), tuple(apart))


def _bundles(slots: Slots, number: int, ports: Sequence[int]) -> list[_Bundle]:
    """The bundles of a gap that need a track, and which of them come before which."""
    found: dict[tuple[int, ...], _Bundle] = {}
    for slot in slots.order[number]:
        targets = tuple(sorted(slots.after[slot]))
        if targets:
            found.setdefault(targets, _Bundle(len(found), targets)).sources.append(slot)
    bundles = [
        bundle
        for bundle in found.values()
        if len({ports[slot] for slot in (*bundle.sources, *bundle.targets)}) > 1
    ]
    of = {slot: bundle for bundle in bundles for slot in bundle.sources}
    level = {ports[slot]: slot for slot in slots.order[number + 1] if slots.before[slot]}
    for bundle in bundles:
        for slot in bundle.sources:
            target = level.get(ports[slot])
            if target is None or bundle.targets == (target,):
                continue
            others = {of[one].number: of[one] for one in slots.before[target] if one in of}
            others.pop(bundle.number, None)
            bundle.later.extend((slot, other) for other in others.values())
            for other in others.values():
                other.missing += 1
    return bundles


def _in_order(bundles: Sequence[_Bundle], ports: Sequence[int]) -> tuple[list[_Bundle], list[int]]:
    """The bundles in an order that keeps to ``later``; and the sources this was given up for."""

    def key(bundle: _Bundle) -> tuple[int, int]:
        """Lines downwards: the lowest source is innermost; upwards: the highest. So they nest."""
        begin = sum([ports[slot] for slot in bundle.sources]) // len(bundle.sources)
        down = sum([ports[slot] for slot in bundle.targets]) > begin * len(bundle.targets)
        return (-begin if down else begin, bundle.number)

    named = {bundle.number: bundle for bundle in bundles}
    ready = [key(bundle) for bundle in bundles if not bundle.missing]
    heapify(ready)
    left = dict(named)
    order: list[_Bundle] = []
    apart: list[int] = []

    def free(several: Sequence[tuple[int, _Bundle]]) -> None:
        for _, one in several:
            one.missing -= 1
            if not one.missing:
                heappush(ready, key(one))

    while left:
        while ready:
            bundle = left.pop(heappop(ready)[1])
            order.append(bundle)
            free(bundle.later)
        if left:
            bundle, slot = _given_up(left, ports)
            apart.append(slot)
            free([pair for pair in bundle.later if pair[0] == slot])
            bundle.later = [pair for pair in bundle.later if pair[0] != slot]
    return order, apart


def _given_up(left: dict[int, _Bundle], ports: Sequence[int]) -> tuple[_Bundle, int]:
    """Whose port is set apart, so that the others can go on: rather none with a straight line."""
    best: tuple[bool, int, int, int] | None = None
    for bundle in left.values():
        counts: dict[int, int] = {}
        for slot, other in bundle.later:
            counts[slot] = counts.get(slot, 0) + (other.number in left)
        ends = {ports[target] for target in bundle.targets}
        for slot, number in counts.items():
            found = (ports[slot] in ends, -number, bundle.number, slot)
            if number and (best is None or found < best):
                best = found
    assert best is not None, "a circle of bundles has a link"
    return left[best[2]], best[3]

"""Places across a layer: each slot as near to the mean of its neighbours as the others let it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import floor

from app.tui.models.graph.layers import Slots

SWEEPS, MORE_SWEEPS = 4, 48
"""There and back; more where there are few slots, until hardly anything moves any more."""

FEW = 300
LONG, CHAIN = 8.0, 4.0
"""How much more than others the pieces of a long edge, and those of chains, want to be straight."""

SMALL = 2
"""Cells aside that a bend is taken out for."""

Pull = list[tuple[int, float]]
"""Neighbours, and how strongly each pulls."""


def place(slots: Slots, ahead: Sequence[int], behind: Sequence[int], space: int) -> list[int]:
    """The place of each slot's port, from 0 on.

    ``ahead`` and ``behind``: cells that a slot takes before and after its port. ``space``: cells
    between two slots of a layer; at first one more, to have some to take bends out with.
    """
    steps: list[list[int]] = []
    at = [0.0] * len(slots.layer)
    for line in slots.order:
        offsets = _offsets(line, ahead, behind, space + (space > 0))
        steps.append(offsets)
        for slot, offset in zip(line, offsets, strict=True):
            at[slot] = float(offset)
    before, after = _pulls(slots)
    few = len(slots.layer) <= FEW
    both = [one + other for one, other in zip(before, after, strict=True)] if few else []
    sides = [before, after, both, both] if few else [before, after]
    numbers = range(len(slots.order))
    for sweep in range(MORE_SWEEPS if few else SWEEPS):
        pulls = sides[sweep % len(sides)]
        for number in numbers if sweep % 2 == 0 else reversed(numbers):
            _settle(slots.order[number], pulls, steps[number], at)
    ports = [floor(value + 0.5) for value in at]
    room = _Room(slots, ports, ahead, behind, space)
    for _ in range(2):
        _align(ports, before, room)
    _straighten(slots, ports, room)
    least = min((port - ahead[slot] for slot, port in enumerate(ports)), default=0)
    return [port - least for port in ports]


def _offsets(
    line: Sequence[int], ahead: Sequence[int], behind: Sequence[int], space: int
) -> list[int]:
    """The ports of a layer where its slots stand as close as they may."""
    offsets: list[int] = []
    at = 0
    for slot in line:
        at += ahead[slot]
        offsets.append(at)
        at += behind[slot] + 1 + space
    return offsets


def _pulls(slots: Slots) -> tuple[list[Pull], list[Pull]]:
    """By slot, its neighbours in the layer before and in the next."""
    before: list[Pull] = [[] for _ in slots.layer]
    after: list[Pull] = [[] for _ in slots.layer]
    for source, targets in enumerate(slots.after):
        for target in targets:
            force = 1.0
            if source >= slots.nodes and target >= slots.nodes:
                force = LONG
            elif len(targets) == 1 and len(slots.before[target]) == 1:
                force = CHAIN
            before[target].append((source, force))
            after[source].append((target, force))
    return before, after


def _settle(
    line: Sequence[int], pulls: Sequence[Pull], offsets: Sequence[int], at: list[float]
) -> None:
    """Put each slot of a layer as near as may be to the mean of its neighbours."""
    wanted: list[float] = []
    weights: list[float] = []
    for slot in line:
        near = pulls[slot]
        if near:
            total = sum([force for _, force in near])
            wanted.append(sum([at[one] * force for one, force in near]) / total)
            weights.append(total)
        else:
            wanted.append(at[slot])
            weights.append(0.1)
    _stand(line, wanted, weights, offsets, at)


def _stand(
    line: Sequence[int],
    wanted: Sequence[float],
    weights: Sequence[float],
    offsets: Sequence[int],
    at: list[float],
) -> None:
    """Put the slots of a layer where they want to be, in their order and not closer than they may.

    Least squares: without the room between them the places must not fall, and slots that want to
    pass each other share their mean (isotonic regression by pooling).
    """
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many
    for want, weight, offset in zip(wanted, weights, offsets, strict=True):
        mean, total, number = want - offset, weight, 1
        while pools and pools[-1][0] > mean:
            other, more, several = pools.pop()
            mean = (mean * total + other * more) / (total + more)
            total += more
            number += several
        pools.append((mean, total, number))
    index = 0
    for mean, _, number in pools:
        for _ in range(number):
            at[line[index]] = mean + offsets[index]
            index += 1


class _Room:
    """Between which places a slot can be moved, with the others of its layer as they stand."""

    def __init__(
        self,
        slots: Slots,
        ports: list[int],
        ahead: Sequence[int],
        behind: Sequence[int],
        space: int,
    ) -> None:
        self.ports, self.ahead, self.behind, self.space = ports, ahead, behind, space
        self.previous: dict[int, int] = {}
        self.next: dict[int, int] = {}
        for line in slots.order:
            for one, other in pairwise(line):
                self.next[one], self.previous[other] = other, one

    def of(self, slot: int, far: int = 1_000_000) -> tuple[int, int]:
        low, high = -far, far
        if (other := self.previous.get(slot)) is not None:
            low = self.ports[other] + self.behind[other] + 1 + self.space + self.ahead[slot]
        if (other := self.next.get(slot)) is not None:
            high = self.ports[other] - self.ahead[other] - 1 - self.space - self.behind[slot]
        return low, high


def _align(ports: list[int], before: Sequence[Pull], room: _Room) -> None:
    """Make long edges and chains straight, each as a whole, where there is room."""
    ahead_of: dict[int, int] = {}
    for slot, pulls in enumerate(before):
        for other, force in pulls:
            if force > 1.0:
                ahead_of[other] = slot
    inner = set(ahead_of.values())
    for start in [slot for slot in ahead_of if slot not in inner]:
        path = [start]
        while path[-1] in ahead_of:
            path.append(ahead_of[path[-1]])
        rooms = [room.of(slot) for slot in path]
        low, high = max(low for low, _ in rooms), min(high for _, high in rooms)
        if low <= high:
            middle = sorted(ports[slot] for slot in path)[len(path) // 2]
            for slot in path:
                ports[slot] = max(low, min(middle, high))


def _straighten(slots: Slots, ports: list[int], room: _Room) -> None:
    """Take out small bends: level with a neighbour that is a cell or two off, if there is room."""
    for there in (True, False):
        for line in slots.order if there else reversed(slots.order):
            for slot in line:
                port = ports[slot]
                near = slots.before[slot] if there else slots.after[slot]
                around = (*slots.before[slot], *slots.after[slot])
                if not near or any(ports[one] == port for one in (near if there else around)):
                    continue
                wanted = min([ports[one] for one in near], key=lambda one: abs(one - port))
                low, high = room.of(slot)
                if abs(wanted - port) <= SMALL and low <= wanted <= high:
                    ports[slot] = wanted


def close_up(ports: Sequence[int], ahead: Sequence[int], behind: Sequence[int]) -> list[int]:
    """The places without those lines that no slot of any layer takes."""
    taken: set[int] = set()
    for slot, port in enumerate(ports):
        taken.update(range(port - ahead[slot], port + behind[slot] + 1))
    number = {line: index for index, line in enumerate(sorted(taken))}
    return [number[port] for port in ports]

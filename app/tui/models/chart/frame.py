"""Where things of a chart are: from an x to its cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

MOST_CELLS = 6
"""Cells that a slot gets at most."""


@dataclass(frozen=True, slots=True)
class Frame:
    """Where things are."""

    width: int
    height: int
    """Of the plot."""
    gutter: int
    head: int
    """Lines above the plot."""
    marks: bool
    """There is a line of marks below the plot."""
    axis: int
    """Lines of the horizontal axis: none, its line, its line and labels."""


class Across:
    """From an x to its cells."""

    def __init__(self, low: float, high: float, slot: float | None, width: int) -> None:
        self.low, self.high, self.width, self.slot = low, high, max(1, width), slot
        self.slots = 0
        if slot is not None:
            self.slots = min(10**6, round(min(1e6, (high * 0.5 - low * 0.5) / slot * 2))) + 1
        self.each = min(MOST_CELLS, self.width // self.slots) if self.slots else 0
        self.left = self.width - self.slots * self.each if self.each else 0

    def _share(self, x: float) -> float:
        share = (x * 0.5 - self.low * 0.5) / (self.high * 0.5 - self.low * 0.5)
        return min(1.0, max(0.0, share))

    def cells(self, x: float) -> range:
        """The cells of an x: one, or those of its slot but for the gap after them."""
        if not self.slots or self.slot is None:
            cell = min(self.width - 1, int(self._share(x) * self.width))
            return range(cell, cell + 1)
        place = int(min(self.slots - 1, max(0, (x - self.low) / self.slot + 0.5)))
        if not self.each:
            cell = place * self.width // self.slots
            return range(cell, cell + 1)
        first = self.left + place * self.each
        return range(first, first + max(1, self.each - 1))

    def firsts(self, xs: Sequence[float]) -> list[int]:
        """The first cell of each x."""
        if not self.slots or self.each or self.slot is None:
            return [self.cells(x).start for x in xs]
        low, slot, slots, width = self.low - self.slot / 2, self.slot, self.slots, self.width
        return [int(min(slots - 1, (x - low) / slot)) * width // slots for x in xs]

    def cell(self, x: float) -> int:
        """The cell in the middle of those of an x."""
        cells = self.cells(x)
        return cells[len(cells) // 2] if len(cells) % 2 else cells[len(cells) // 2 - 1]

    def dot(self, x: float, across: int) -> int:
        """The column of dots of an x, where a cell has ``across`` of them."""
        if self.slots:
            return self.cell(x) * across
        return round(self._share(x) * (self.width * across - 1))

"""Lines that are made when they are seen, as ``LinesView`` shows them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, TypeVar

from app.tui.spans import Spans, plain

T = TypeVar("T")


class Lines:
    """What a ``LinesView`` shows: how many lines, and each of them when it is asked for. This one
    has none."""

    gutter_width = 0
    """Cells at the left that don't move sideways: line numbers."""

    def __len__(self) -> int:
        return 0

    def line(self, index: int) -> Spans:
        """A line with its colours."""
        raise IndexError(f"there is no line {index}")

    def gutter(self, index: int) -> Spans:
        """What stands at the left of it."""
        return ()

    def plain(self, index: int) -> str:
        """What is searched of a line, and copied."""
        return plain(self.line(index))


class EntryLines(Lines, Generic[T]):
    """Lines that stand for something: what the cursor is on can be acted on."""

    def __init__(self, entries: Sequence[tuple[Spans, T]]) -> None:
        self.entries = entries

    def __len__(self) -> int:
        return len(self.entries)

    def line(self, index: int) -> Spans:
        return self.entries[index][0]

"""The columns of a table: what they are, and which of them fit side by side. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from app.tui.scene import Scene
from app.tui.spans import Spans

T = TypeVar("T")

GUTTER = 2
"""Cells before the first column: the cursor's bar and the mark."""
GAP = 2
"""Cells between columns."""
NAME_SHARE = 0.38
"""Share of the width that the first column may take from the others to hold its longest cell."""


@dataclass(frozen=True, slots=True)
class Column(Generic[T]):
    """A column: how wide, and how a cell is made of a row's item."""

    key: str
    title: str
    width: int
    cell: Callable[[T, Scene], Spans]
    sort: Callable[[T], Any] | None = None
    """Sort key; the column can't be sorted by without one."""
    right: bool = False
    most: int = 0
    """For the first column: how wide it may grow to hold its longest cell."""
    descending: bool = False
    """The order that is useful first."""
    grows: bool = False
    """Takes the room that is left, where it is the last column shown."""


@dataclass(frozen=True, slots=True)
class Placed(Generic[T]):
    """A column on screen, at ``x``."""

    column: Column[T]
    x: int
    width: int


def place_columns(
    columns: Sequence[Column[T]], width: int, *, first: int = 0, longest: int = 0
) -> list[Placed[T]]:
    """Which columns fit into ``width`` cells, and where.

    The first column stays; of the others those from number ``first`` on (0 is the second column)
    follow while they fit whole. The first is as wide as its longest cell, as far as that leaves
    room for others; what they leave makes it wider still.
    """
    if not columns:
        return []
    sticky, rest = columns[0], columns[1:][first:]
    share = min(sticky.most, longest, int(width * NAME_SHARE))
    least = min(max(sticky.width, share), max(1, width - GUTTER))
    left = width - GUTTER - least
    shown: list[Column[T]] = []
    for column in rest:
        if column.width + GAP > left:
            break
        shown.append(column)
        left -= column.width + GAP
    wanted = max(least, min(sticky.most, longest))
    grows = bool(shown) and shown[-1].grows
    name_width = least if grows else min(least + max(0, left), wanted)
    x = GUTTER
    placed = [Placed(sticky, x, name_width)]
    x += name_width
    for column in shown:
        placed.append(Placed(column, x + GAP, column.width))
        x += GAP + column.width
    if grows:
        last = placed[-1]
        placed[-1] = Placed(last.column, last.x, last.width + max(0, left))
    return placed

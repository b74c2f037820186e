"""Text on its way to the screen: pieces with a role, cut and padded to cells.

Every piece of data becomes a ``Span`` by ``span``, which sanitises it: no control sequence of an
id, a message or a log line gets further. Roles ("dim", "state.failed") become colours in
``theme.Palette``; nothing here knows Textual.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len, split_graphemes

from app.text import sanitize


class Span(NamedTuple):
    """A piece of one line, of one role. Its text is safe for a terminal."""

    text: str
    role: str = "text"


Spans = tuple[Span, ...]
"""One line, or one cell of a table."""


def span(value: object, role: str = "text") -> Span:
    """A piece of data. Control sequences are removed, tabs become a space."""
    text = sanitize(str(value))
    return Span(text.replace("\t", " ") if "\t" in text else text, role)


def spans(*pieces: Span | str) -> Spans:
    """A line of pieces; a plain string is our own wording in role "text"."""
    return tuple(piece if isinstance(piece, Span) else span(piece) for piece in pieces)


def joined(parts: Iterable[Spans], separator: Span) -> Spans:
    """Lines put one after another with a separator between those that aren't empty."""
    result: list[Span] = []
    for part in parts:
        if not part:
            continue
        if result:
            result.append(separator)
        result.extend(part)
    return tuple(result)


def width_of(line: Iterable[Span]) -> int:
    """Width in cells."""
    return sum(cell_len(piece.text) for piece in line)


def plain(line: Iterable[Span]) -> str:
    """The text without roles."""
    return "".join(piece.text for piece in line)


@lru_cache(maxsize=4096)
def crop_text(text: str, width: int, ellipsis: str = "…") -> str:
    """The text in at most ``width`` cells; what doesn't fit is replaced by the ellipsis."""
    if width <= 0:
        return ""
    if cell_len(text) <= width:
        return text
    room = width - cell_len(ellipsis)
    if room < 0:
        return ""
    ends, used = [0], 0
    for _, end, cells in split_graphemes(text)[0]:
        if used + cells > room:
            break
        ends.append(end)
        used += cells
    while cell_len(text[: ends[-1]]) > room:  # Rich counts joiners at the start in two ways
        ends.pop()
    return text[: ends[-1]] + ellipsis


def fit(line: Spans, width: int, *, right: bool = False, ellipsis: str = "…") -> Spans:
    """The line in exactly ``width`` cells: cropped with an ellipsis, or padded."""
    total = width_of(line)
    if total <= width:
        padding = Span(" " * (width - total), "text")
        if not padding.text:
            return line
        return (padding, *line) if right else (*line, padding)
    result: list[Span] = []
    left = width
    for index, piece in enumerate(line):
        cells = cell_len(piece.text)
        rest = total - cells
        if cells < left or (cells == left and index == len(line) - 1):
            result.append(piece)
            left -= cells
            total = rest
            continue
        cut = piece.text if cells <= left - 1 else crop_text(piece.text, left, ellipsis)
        if cells == left and rest:
            cut = crop_text(piece.text + " ", left, ellipsis)
        result.append(Span(cut, piece.role))
        left -= cell_len(cut)
        break
    if left > 0:
        result.append(Span(" " * left, "text"))
    return tuple(result)

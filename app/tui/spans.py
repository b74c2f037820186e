"""Text on its way to the screen: pieces with a role, cut and padded to cells.

Every piece of data becomes a ``Span`` by ``span``, which sanitises it: no control sequence of an
id, a message or a log line gets further. Roles ("dim", "state.failed") become colours in
``theme.Palette``; nothing here knows Textual.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from rich.cells import cell_len, chop_cells, split_graphemes

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


def crop_middle(text: str, width: int, ellipsis: str = "…") -> str:
    """The text in at most ``width`` cells with its beginning and its end: names that are made of
    numbers differ at their ends."""
    total, room = cell_len(text), width - cell_len(ellipsis)
    if total <= width or room < 2:
        return crop_text(text, width, ellipsis)
    head = crop_text(text, room // 2, "")
    found = f"{head}{ellipsis}{_without_head(text, total - (room - cell_len(head)))}"
    # what begins with a joiner is counted in two ways
    return found if cell_len(found) <= width else crop_text(text, width, ellipsis)


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


def from_cell(line: Spans, cells: int) -> Spans:
    """The line without its first ``cells`` cells."""
    result: list[Span] = []
    for piece in line:
        width = cell_len(piece.text) if cells > 0 else 0
        if cells <= 0:
            result.append(piece)
        elif width <= cells:
            cells -= width
        else:
            result.append(Span(_without_head(piece.text, cells), piece.role))
            cells = 0
    return tuple(result)


def _without_head(text: str, cells: int) -> str:
    """The text without so many cells; of a wide character at the edge a space is left."""
    if text.isascii():
        return text[cells:]
    used = 0
    for start, _, width in split_graphemes(text)[0]:
        if used >= cells:
            return " " * (used - cells) + text[start:]
        used += width
    return " " * (used - cells)


def with_matches(line: Spans, needle: str) -> Spans:
    """The line with every occurrence of ``needle`` in the role ``match``, in any case."""
    return tuple(
        Span(text, "match" if found else line[number].role)
        for number, text, found in cut_at_matches([piece.text for piece in line], needle)
    )


def cut_at_matches(
    pieces: Sequence[str], needle: str, *, any_case: bool = True
) -> list[tuple[int, str, bool]]:
    """The pieces of a line, cut where an occurrence of ``needle`` begins and ends: the number of
    the piece, the text, and whether it is of an occurrence (which may go over several pieces)."""
    text = "".join(pieces)
    lowered, wanted = (text.lower(), needle.lower()) if any_case else (text, needle)
    if not wanted or wanted not in lowered or len(lowered) != len(text):
        return [(number, piece, False) for number, piece in enumerate(pieces)]
    result: list[tuple[int, str, bool]] = []
    place, at = 0, lowered.find(wanted)
    for number, piece in enumerate(pieces):
        start, end = place, place + len(piece)
        while 0 <= at < end:
            stop = at + len(wanted)
            if at > start:
                result.append((number, text[start:at], False))
            result.append((number, text[max(at, start) : min(stop, end)], True))
            start = min(stop, end)
            if stop > end:
                break
            at = lowered.find(wanted, stop)
        if start < end:
            result.append((number, text[start:end], False))
        place = end
    return result


def wrapped(line: Spans, width: int, indent: int = 0) -> list[Spans]:
    """The line in pieces of at most ``width`` cells, broken at spaces where there are any."""
    if width_of(line) <= width:
        return [line]
    result: list[Spans] = []
    current: list[Span] = []
    used = 0
    for piece in line:
        for word in _words(piece.text):
            cells = cell_len(word)
            if used and used + cells > width:
                result.append(tuple(current))
                current, used = [Span(" " * indent)], indent
                word = word.lstrip(" ")
                cells = cell_len(word)
            while used + cells > width and cells:
                room = max(1, width - used)
                head = _head(word, room)
                current.append(Span(head, piece.role))
                result.append(tuple(current))
                word = word[len(head) :]
                cells = cell_len(word)
                current, used = [Span(" " * indent)], indent
            current.append(Span(word, piece.role))
            used += cells
    result.append(tuple(current))
    return result


def row_starts(text: str, width: int) -> list[int]:
    """The cells at which a text begins its rows, wrapped at ``width``: no character is cut."""
    ends = accumulate(map(cell_len, chop_cells(text, width)))
    total = cell_len(text)
    return [0, *(end for end in ends if end < total)]


def _words(text: str) -> list[str]:
    words: list[str] = []
    start = 0
    for index in range(1, len(text)):
        if text[index] != " " and text[index - 1] == " ":
            words.append(text[start:index])
            start = index
    words.append(text[start:])
    return words


def _head(word: str, width: int) -> str:
    used = 0
    for index, character in enumerate(word):
        used += cell_len(character)
        if used > width:
            return word[: max(1, index)]
    return word

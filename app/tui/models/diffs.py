"""The unified diff of two texts: lines that are unique in both hold it together, so ten thousand
lines take no longer than they are long. Pure."""

from __future__ import annotations

import difflib
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

CONTEXT = 3
"""Lines around what differs."""

SMALL = 200_000
"""Product of the lengths up to which two pieces without a common unique line are compared."""


@dataclass(frozen=True, slots=True)
class DiffLine:
    """A line of a unified diff. ``sign``: " ", "+", "-", or "@" where a part begins."""

    sign: str
    old: int | None
    """Index in the old text."""
    new: int | None


@dataclass(frozen=True, slots=True)
class _Piece:
    """A range of the old text beside a range of the new one."""

    old: int
    old_end: int
    new: int
    new_end: int


def diff_lines(old: Sequence[str], new: Sequence[str]) -> list[DiffLine]:
    """The unified diff of two texts; empty where they are the same."""
    parts: list[list[_Piece]] = []
    for piece in _differing(old, new):
        if parts and piece.old - parts[-1][-1].old_end <= 2 * CONTEXT:
            parts[-1].append(piece)
        else:
            parts.append([piece])
    return [line for part in parts for line in _part(part, len(old))]


def _part(pieces: Sequence[_Piece], length: int) -> Iterator[DiffLine]:
    """Pieces that differ, near each other, with what is around and between them."""
    first, last = pieces[0], pieces[-1]
    before = min(CONTEXT, first.old, first.new)
    old, new = first.old - before, first.new - before
    yield DiffLine("@", old, new)
    end = min(length, last.old_end + CONTEXT)
    after = last.new_end + end - last.old_end
    for piece in (*pieces, _Piece(end, end, after, after)):
        while old < piece.old:
            yield DiffLine(" ", old, new)
            old, new = old + 1, new + 1
        for number in range(piece.old, piece.old_end):
            yield DiffLine("-", number, None)
        for number in range(piece.new, piece.new_end):
            yield DiffLine("+", None, number)
        old, new = piece.old_end, piece.new_end


def _differing(old: Sequence[str], new: Sequence[str]) -> Iterator[_Piece]:
    """The ranges that aren't the same, in order."""
    here = (0, 0)
    for a, b in (*_same(old, new, _Piece(0, len(old), 0, len(new))), (len(old), len(new))):
        if (a, b) != here:
            yield _Piece(here[0], a, here[1], b)
        here = (a + 1, b + 1)


def _same(old: Sequence[str], new: Sequence[str], where: _Piece) -> list[tuple[int, int]]:
    """Pairs of lines that are the same, in order: as in a patience diff."""
    a, a_end, b, b_end = where.old, where.old_end, where.new, where.new_end
    head: list[tuple[int, int]] = []
    while a < a_end and b < b_end and old[a] == new[b]:
        head.append((a, b))
        a, b = a + 1, b + 1
    tail: list[tuple[int, int]] = []
    while a < a_end and b < b_end and old[a_end - 1] == new[b_end - 1]:
        a_end, b_end = a_end - 1, b_end - 1
        tail.append((a_end, b_end))
    middle: list[tuple[int, int]] = []
    if a < a_end and b < b_end:
        rest = _Piece(a, a_end, b, b_end)
        anchors = _anchors(old, new, rest)
        if not anchors:
            middle = _compared(old, new, rest)
        for one, two in (*anchors, (a_end, b_end)):
            if anchors and (a < one or b < two):
                middle.extend(_same(old, new, _Piece(a, one, b, two)))
            if one < a_end:
                middle.append((one, two))
            a, b = one + 1, two + 1
    return [*head, *middle, *reversed(tail)]


def _anchors(old: Sequence[str], new: Sequence[str], where: _Piece) -> list[tuple[int, int]]:
    """Lines that are once in each, as many as follow each other in both."""
    first, second = _once(old, where.old, where.old_end), _once(new, where.new, where.new_end)
    pairs = sorted((a, second[text]) for text, a in first.items() if text in second)
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for number, (_, b) in enumerate(pairs):
        place = bisect_left(ends, b)
        before.append(last[place - 1] if place else -1)
        if place == len(ends):
            ends.append(b)
            last.append(number)
        else:
            ends[place], last[place] = b, number
    chain: list[tuple[int, int]] = []
    number = last[-1] if last else -1
    while number >= 0:
        chain.append(pairs[number])
        number = before[number]
    return chain[::-1]


def _once(lines: Sequence[str], start: int, end: int) -> dict[str, int]:
    """By text, where the lines are that are there once."""
    found: dict[str, int] = {}
    for number in range(start, end):
        found[lines[number]] = -1 if lines[number] in found else number
    return {text: number for text, number in found.items() if number >= 0}


def _compared(old: Sequence[str], new: Sequence[str], where: _Piece) -> list[tuple[int, int]]:
    """Without unique lines: the longest common pieces, if that takes no time."""
    one, two = old[where.old : where.old_end], new[where.new : where.new_end]
    if len(one) * len(two) > SMALL:
        return []
    blocks = difflib.SequenceMatcher(None, one, two, autojunk=False).get_matching_blocks()
    return [
        (where.old + block.a + number, where.new + block.b + number)
        for block in blocks
        for number in range(block.size)
    ]

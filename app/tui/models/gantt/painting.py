"""Segments of time as cells of a line. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from app.tui.models.gantt.axis import Window
from app.tui.models.gantt.phases import WAITING, Phase, Segment
from app.tui.spans import Span, Spans
from app.tui.theme import Glyphs, task_look

FILLS = {Phase.BETWEEN: "╌", Phase.SCHEDULED: "·", Phase.QUEUED: "░", Phase.RUNNING: "▇"}
ASCII_FILLS = {Phase.BETWEEN: "-", Phase.SCHEDULED: ".", Phase.QUEUED: ":", Phase.RUNNING: "="}

LONG = 0.3
"""Share of a run from which on waiting stands out."""


def place(
    segments: Sequence[Segment], window: Window, width: int, now: int
) -> list[tuple[int, int, int]]:
    """(number of the segment, first cell, end) of what is seen of segments, from left to right.

    Each has at least one cell; a cell that several fall into shows the largest phase, and of
    the same phase the later one. What is outside of the window isn't there.
    """
    cells: list[int | None] = [None] * width
    order = sorted(range(len(segments)), key=lambda number: (segments[number].phase, number))
    for number in order:
        start, end = segments[number].start, segments[number].until(now)
        if end < window.start or start > window.end:
            continue
        if end == window.start and start < end:
            continue
        for x in range(*_cells_of(segments[number], window, width, now)):
            cells[x] = number
    found: list[tuple[int, int, int]] = []
    for x, number in enumerate(cells):
        if number is None:
            continue
        if found and found[-1][0] == number and found[-1][2] == x:
            found[-1] = (number, found[-1][1], x + 1)
        else:
            found.append((number, x, x + 1))
    return found


def _cells_of(one: Segment, window: Window, width: int, now: int) -> tuple[int, int]:
    """First cell and end of a segment that is seen, without regard to others."""
    first = min(window.column(one.start, width), width - 1)
    end = max(first + 1, -(-(one.until(now) - window.start) * width // window.span))
    return max(0, first), min(width, end)


def bar(
    segments: Sequence[Segment],
    window: Window,
    width: int,
    now: int,
    glyphs: Glyphs,
    total: int,
    *,
    several: bool = False,
) -> Spans:
    """The line of a row: each try ends with the glyph of its state.

    ``total``: how long the run took; waiting that is long compared with that stands out.
    ``several``: the segments are of several instances, and one may hide the end of another.
    """
    line: list[Span] = []
    x = 0
    for number, first, end in place(segments, window, width, now):
        one = segments[number]
        if first > x:
            line.append(Span(" " * (first - x)))
        ends = one.until(now) <= window.end
        if several:
            ends = ends and end == _cells_of(one, window, width, now)[1]
        line.extend(_piece(one, end - first, ends, now, glyphs, total))
        x = end
    if x < width:
        line.append(Span(" " * (width - x)))
    return _with_signs(line, segments, window, now, glyphs)


def _piece(
    one: Segment, cells: int, ends: bool, now: int, glyphs: Glyphs, total: int
) -> list[Span]:
    look = task_look(one.state)
    glyph = look.ascii_glyph if glyphs.is_ascii else look.glyph
    role = f"state.{one.state or 'none'}"
    if one.phase is Phase.DECIDED:
        return [Span(glyph + " " * (cells - 1), role)]
    fill = (ASCII_FILLS if glyphs.is_ascii else FILLS)[one.phase]
    if one.phase in WAITING:
        return [Span(fill * cells, "warning" if is_long(one, now, total) else role)]
    return [Span(fill * (cells - 1) + glyph if ends else fill * cells, role)]


def is_long(one: Segment, now: int, total: int) -> bool:
    """Whether waiting took a large part of the run; before it was cleared it didn't wait."""
    waits = one.phase in WAITING and (one.phase is not Phase.BETWEEN or one.state is not None)
    return waits and total > 0 and one.length(now) > LONG * total


def _with_signs(
    line: list[Span], segments: Sequence[Segment], window: Window, now: int, glyphs: Glyphs
) -> Spans:
    """Where nothing is seen: a sign in the direction in which there is something."""
    if not segments or any(piece.text.strip() for piece in line):
        return tuple(line)
    width = sum(len(piece.text) for piece in line)
    if segments[0].start > window.end:
        return (Span(" " * (width - 1)), Span(glyphs.more_right, "faint"))
    if max(one.until(now) for one in segments) <= window.start:
        return (Span(glyphs.more_left, "faint"), Span(" " * (width - 1)))
    return tuple(line)


def legend(glyphs: Glyphs) -> Spans:
    """What the cells mean."""
    fills = ASCII_FILLS if glyphs.is_ascii else FILLS
    return (
        Span(fills[Phase.SCHEDULED], "state.scheduled"),
        Span(" scheduled  ", "dim"),
        Span(fills[Phase.QUEUED], "state.queued"),
        Span(" queued  ", "dim"),
        Span(fills[Phase.RUNNING], "state.running"),
        Span(" running  ", "dim"),
        Span(fills[Phase.BETWEEN], "state.up_for_retry"),
        Span(" between tries  ", "dim"),
        Span(glyphs.mark, "mark"),
        Span(" critical path", "dim"),
    )

"""A pager of lines that grow: it paints the visible ones, scrolls, wraps and follows the end."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual.message import Message
from textual.strip import Strip

from app.tui.models.log_levels import clock_of
from app.tui.models.log_painting import (
    ABSOLUTE,
    EVERY,
    RELATIVE,
    STAMP_MODES,
    Paint,
    highlight,
    segments_of,
)
from app.tui.scrolling import WHEEL, step_of
from app.tui.spans import Spans, row_starts, span, width_of, wrapped
from app.tui.widgets.line_view import LineView
from app.tui.widgets.log_file import LogFile
from app.tui.widgets.log_filter import LogFilter
from app.tui.widgets.log_jobs import Jobs
from app.tui.widgets.log_lines import FileLines
from app.tui.widgets.log_search import Needle, Tally

POLL = 0.25
"""Seconds between two looks at the file, and so between two paints while following."""

COUNTED = 16 << 20
"""Bytes that a log may have grown by for its new lines to be counted: some 10 ms."""

CACHED = 500
"""Painted rows that are kept: a line may be wrapped into hundreds."""

SHIFT = 8
"""Cells that one step to the side moves."""

Place = tuple[int | None, int]
"""Place of a line (None: of the first), and which of its wrapped rows."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row on screen: a line, or a part of a wrapped one."""

    place: int
    spot: Any
    """Where in the files that is."""
    part: int
    strip: Strip


class LogPager(LineView, can_focus=True):
    """Shows lines from a place on, or their end while following. ``LogView`` searches in them."""

    class Changed(Message):
        """Follow, position, filter or search changed: the status line differs."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LogPager.Changed)

    def __init__(self, *, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id)
        self.source: Any = None
        """A ``FileLines``, or the merged lines of several files."""
        self.following = True
        self.wrap = False
        self.shift = 0
        self.stamps = ABSOLUTE
        self.origin: datetime | None = None
        """The start of the try, for times relative to it."""
        self.needle = ""
        self.match: Any = None
        """Spot of the match, or of the error, that was found last."""
        self.tally: Tally | None = None
        """Numbers of matches, while they are counted and after."""
        self.new_lines: int | None = 0
        """Lines that came since following stopped; None: more than are counted at once."""
        self.problem = ""
        self.waiting = ""
        """What is said while there is no log."""
        self.marked: tuple[int, int] | None = None
        """While lines are being marked: the place where that began, and the other end."""
        self.jobs = Jobs(self)
        self._top: Place = (None, 0)
        self._resting: Any = None
        """The spot that is to be at the top, until it is known which line of a filter that is."""
        self._seen_size = 0
        self._generation = -1
        self._rows: list[Row] = []
        self._cache: OrderedDict[tuple[Any, ...], list[Strip]] = OrderedDict()
        self._cached_rows = 0
        self._known: tuple[object, ...] = ()

    def on_mount(self) -> None:
        self.timer = self.set_interval(POLL, self.poll)

    def on_unmount(self) -> None:
        self.jobs.cancel()
        if self.source is not None:
            self.source.close()

    # what is shown

    def open(
        self, path: Path | None, wanted: LogFilter | None = None, *, follow: bool = True
    ) -> None:
        """Show a file, at its end if ``follow``. None: nothing to show yet."""
        self.show_source(None if path is None else FileLines(LogFile(path), wanted), follow=follow)

    def show_source(self, source: Any, *, follow: bool = True) -> None:
        """Show other lines. The filter is the source's own, the needle stays."""
        self.jobs.cancel()
        if self.source is not None:
            self.source.close()
        self.source = source
        self.following = follow
        self.shift = self.new_lines = 0
        self._start_over()
        self._generation = -1
        self.poll()
        self.layout_rows()

    def _start_over(self) -> None:
        """All places are void."""
        self.match = self.marked = self._resting = None
        self._top = (None, 0)
        self._forget_strips()

    def poll(self) -> None:
        """Look whether the log grew, was truncated or replaced, and whether more is filtered."""
        source = self.source
        if source is None:
            return
        try:
            changed = source.refresh()
            self.problem = ""
        except OSError as error:
            changed, self.problem = True, f"the log can't be read: {error.strerror}"
        if source.generation != self._generation:
            self._generation = source.generation
            self._seen_size, self.new_lines = source.size, 0
            self._start_over()
            self.begun_anew()
        elif changed:
            if not self.following and source.size > self._seen_size:
                self._count_new(source.size - self._seen_size)
            self.grown(self._seen_size)
            self._seen_size = source.size
        elif not self.jobs.busy and not source.pending:
            return
        self.layout_rows()

    def _count_new(self, grown: int) -> None:
        if self.new_lines is None or grown > COUNTED:
            self.new_lines = None
        else:
            self.new_lines += self.source.count_new(self._seen_size)

    def begun_anew(self) -> None:
        """Another log, or the file was truncated or replaced."""

    def grown(self, size: int) -> None:
        """The log grew; it had that size before."""

    def layout_rows(self) -> None:
        """Work out the visible rows and repaint those that differ."""
        height = self.size.height
        if self.source is None or not height:
            self._rows = []
        else:
            self.source.allow()
            if self.following:
                self._rows = self._rows_to_end(height)
                if self._rows:
                    self._top = (self._rows[0].place, self._rows[0].part)
            else:
                self._rows = self._rows_of_page(height)
        self.repaint()
        state = (self.following, self.new_lines, self.needle, self.match, self.percent, self.wrap)
        if state != self._known or self.jobs.busy:
            self._known = state
            self.post_message(self.Changed())

    @property
    def percent(self) -> int:
        """How far down the last visible row is."""
        if not self._rows:
            return 100
        following = self._after(self._rows[-1].place)
        return 100 if following is None else int(100 * self.source.share(following))

    # the lines that are shown, which a pager that folds leaves some out of

    def _first(self) -> Any:
        return self.source.first()

    def _after(self, place: int) -> Any:
        return self.source.after(place)

    def _before(self, place: int | None) -> Any:
        return self.source.before(place)

    def _at(self, spot: Any) -> Any:
        return self.source.at(spot)

    def _folded(self, place: int) -> int | None:
        """How many lines are folded away under one (-1: there is no end yet); None: none is."""
        return None

    def _rows_of_page(self, height: int) -> list[Row]:
        """The rows from the top on; none stays empty below while there are lines above."""
        if self._resting is not None:
            place = self._at(self._resting)
            if place is None and self.source.starved:
                return []
            self._top, self._resting = (place, 0), None
        rows = self._rows_from(self._top, height)
        if len(rows) == height or self.source.starved:
            return rows
        for _ in range(height - len(rows)):
            self._top = self._place_before(self._top)
        return self._rows_from(self._top, height)

    def _rows_from(self, top: Place, height: int) -> list[Row]:
        place, skip = top
        if place is None:
            place, skip = self._first(), 0
        rows: list[Row] = []
        while place is not None and len(rows) < height:
            rows.extend(self._rows_of(place)[skip:])
            place, skip = self._after(place), 0
        return rows[:height]

    def _rows_to_end(self, height: int) -> list[Row]:
        rows: list[Row] = []
        place = self._before(None)
        while place is not None and len(rows) < height:
            rows[:0] = self._rows_of(place)
            place = self._before(place)
        return rows[-height:]

    def _rows_of(self, place: int) -> list[Row]:
        spot = self.source.offset(place)
        return [Row(place, spot, part, s) for part, s in enumerate(self._strips(place))]

    def _strips(self, place: int) -> list[Strip]:
        line = self.source.line(place)
        noted = self._noted(place)
        key = (self.source.offset(place), line, noted)
        strips = self._cache.get(key)
        if strips is None:
            strips = self._cache[key] = self._paint_line(place, line, noted)
            self._cached_rows += len(strips)
            while self._cached_rows > CACHED and len(self._cache) > 1:
                self._cached_rows -= len(self._cache.popitem(last=False)[1])
        else:
            self._cache.move_to_end(key)
        return strips

    def _forget_strips(self) -> None:
        self._cache.clear()
        self._cached_rows = 0

    def _noted(self, place: int) -> float | None:
        """About when a line was written that doesn't say it, where that is to be shown."""
        if self.stamps not in (EVERY, RELATIVE) or not self.source.has_notes:
            return None
        noted = self.source.noted(place)
        return self.origin.timestamp() if noted is None and self.origin else noted

    def _paint_line(self, place: int, line: bytes, noted: float | None) -> list[Strip]:
        palette = self.dagtop.palette
        base = palette.style("text")
        paint = self.paint()
        segments = segments_of(line, paint, noted, self._folded(place))
        prefix = self.source.prefix(place, self.size.width)
        lead = [Segment(text, palette.style(role)) for text, role in prefix]
        if lead and self.needle:
            lead = highlight(lead, self.needle, palette.style("match"), any_case=paint.any_case)
        strip, width = Strip(segments), self.line_width(place)
        if self.wrap:
            starts = row_starts(strip.text, width)
            return [
                Strip([*lead, *strip.crop(start, end)]).adjust_cell_length(self.size.width, base)
                for start, end in pairwise([*starts, strip.cell_length])
            ]
        shown = strip.crop(self.shift, self.shift + width)
        if strip.cell_length > self.shift + width:
            more = Segment(self.dagtop.glyphs.more_right, palette.style("accent"))
            shown = Strip([*shown.crop(0, width - 1), more])
        return [Strip([*lead, *shown]).adjust_cell_length(self.size.width, base)]

    def line_width(self, place: int) -> int:
        """Cells that a line has, beside what stands before it."""
        return max(1, self.size.width - width_of(self.source.prefix(place, self.size.width)))

    def paint(self) -> Paint:
        """How lines are painted now."""
        zone = self.dagtop.zone
        year = (self.origin or self.dagtop.clock()).year
        any_case = Needle(self.needle).any_case or self.needle == self.needle.lower()
        clock = clock_of(zone, year)
        palette = self.dagtop.palette
        glyphs = self.dagtop.glyphs
        return Paint(palette, self.stamps, clock, zone, self.origin, self.needle, any_case, glyphs)

    def build(self, y: int) -> Strip:
        if y < len(self._rows):
            row = self._rows[y]
            if self.marked is not None and min(self.marked) <= row.place <= max(self.marked):
                return _grounded(row.strip, self.dagtop.palette.style("text", "cursor"))
            return row.strip
        words = () if self._rows else _words(self)
        return self.strip(words[y] if y < len(words) else ())

    def resized(self) -> None:
        super().resized()
        self._forget_strips()
        self.layout_rows()

    def forget(self) -> None:
        super().forget()
        self.repaint_lines()

    def repaint_lines(self) -> None:
        """Paint all lines anew: something that they all depend on is different."""
        self._forget_strips()
        self.layout_rows()

    # moving

    def travel(self, way: str) -> None:
        """Move as the action ``list.<way>`` says. Upwards stops following, the end resumes it."""
        if self.source is None:
            return
        self.source.allow()
        if step := step_of(way, max(1, self.size.height - 1)):
            self.step(step)
        elif way in ("top", "bottom"):
            self.to_edge(way)
        elif way in ("left", "right") and not self.wrap:
            self.shift = max(0, self.shift + (SHIFT if way == "right" else -SHIFT))
            self._forget_strips()
        self.layout_rows()

    def to_edge(self, way: str) -> None:
        """To the first line, or to the end, to follow it."""
        if way == "top":
            self._stop_following()
            self.source.to_top()
            self._top, self._resting = (None, 0), None
        else:
            self.follow(True)

    @property
    def top_spot(self) -> Any:
        """Where in the files the row at the top is; None: there is none."""
        return self._rows[0].spot if self._rows else None

    def rest_at(self, top: Any, match: Any = None) -> None:
        """Show the lines from a spot on, and what was found among them."""
        self._stop_following()
        self._resting, self.match = top, match
        self.layout_rows()

    def follow(self, on: bool) -> None:
        """Follow the end, or stay here."""
        if on:
            if self.source is not None:
                self.source.to_end()
            self.following, self.new_lines, self.match = True, 0, None
            self._resting = None
        else:
            self._stop_following()
        self.layout_rows()

    def toggle_wrap(self) -> None:
        """Wrap long lines, or cut them at the edge."""
        self.wrap = not self.wrap
        self.shift = 0
        self._top = (self._top[0], 0)
        self.repaint_lines()

    def next_stamps(self) -> str:
        """Times as in the user's zone, since the start of the try, or none."""
        notes = self.source is not None and self.source.has_notes
        modes = [one for one in STAMP_MODES if one != EVERY or notes or one == self.stamps]
        self.stamps = modes[(modes.index(self.stamps) + 1) % len(modes)]
        self.repaint_lines()
        return self.stamps

    def _stop_following(self) -> None:
        if self.following:
            self.following = False
            self.new_lines = 0
            self._seen_size = self.source.size if self.source else 0

    def step(self, step: int) -> None:
        """Move by rows."""
        self._scroll(step)

    def _scroll(self, step: int) -> None:
        if not self._rows:
            return
        if step < 0:
            self._stop_following()
            for _ in range(-step):
                self._top = self._place_before(self._top)
        elif not self.following:
            for _ in range(step):
                if self._last_page():
                    break
                self._top = self._place_after(self._top)

    def _last_page(self) -> bool:
        rows = self._rows_from(self._top, self.size.height + 1)
        return len(rows) <= self.size.height

    def _place_before(self, top: Place) -> Place:
        place, part = top
        if place is None or part > 0:
            return place, max(0, part - 1)
        before = self._before(place)
        return top if before is None else (before, len(self._strips(before)) - 1)

    def _place_after(self, top: Place) -> Place:
        place, part = top
        place = self._first() if place is None else place
        if place is None:
            return top
        if part + 1 < len(self._strips(place)):
            return place, part + 1
        after = self._after(place)
        return top if after is None else (after, 0)

    def on_mouse_scroll_down(self) -> None:
        self._scroll(WHEEL)
        if self._rows and not self.following and self._last_page():
            self.follow(True)
        self.layout_rows()

    def on_mouse_scroll_up(self) -> None:
        self._scroll(-WHEEL)
        self.layout_rows()


def _grounded(strip: Strip, ground: Style) -> Strip:
    style = Style(bgcolor=ground.bgcolor, reverse=ground.reverse)
    return Strip([Segment(one.text, (one.style or Style()) + style) for one in strip])


def _words(pager: LogPager) -> list[Spans]:
    """What is said where no line is, in as many rows as that takes."""
    words = pager.problem or pager.waiting
    source = pager.source
    if source is not None and not pager.problem and source.exists:
        words = "the log is empty so far"
        if source.pending:
            words = "filtering ..."
        elif source.size:
            words = "no line passes the filter: Esc clears it"
    line = (span(" "), span(words, "error" if pager.problem else "dim"))
    return wrapped(line, max(10, pager.size.width), 1)

"""Lines that are made when they are seen: source, a diff, a large value, details.

Nothing here is proportional to how many lines there are, but for a search: that goes on in slices,
so that keys are taken in between.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from app.tui.lines import Lines
from app.tui.spans import Span, Spans, fit, from_cell, width_of, with_matches
from app.tui.widgets.rows_view import RowsView

SHIFT = 8
"""Cells that one step to the side moves."""

LONGEST = 5_000
"""Characters of a line that are painted."""

SLICE = 5_000
"""Lines that are searched at once."""


@dataclass(slots=True)
class Search:
    """A search through all lines, from one on and round the end."""

    needle: str
    start: int
    way: int = 0
    """The cursor waits for a match: the next (1) or the previous (-1) one; 0: it doesn't."""
    seek: int = 0
    """From which line on, or before which line, that match is."""
    then: Callable[[], None] | None = None
    at: int = 0
    """The line that is looked at next."""
    left: int = -1
    """How many are to be looked at; -1: all of them."""


class LinesView(RowsView):
    """Scrolls through ``Lines`` with a cursor; sideways too; searches."""

    class Moved(Message):
        """The cursor is on another line, or the search changed."""

    class Chosen(Message):
        """A line was clicked twice."""

    def __init__(self, lines: Lines | None = None, *, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id)
        self.lines = lines or Lines()
        self.position.count = len(self.lines)
        self.shift = 0
        self.needle = ""
        self.found: list[int] = []
        """Indexes of the lines with what is searched for, as far as they are known."""
        self.searching: Search | None = None
        """The search that is under way."""

    # what is shown

    def show(self, lines: Lines, *, cursor: int | None = None) -> None:
        """Show other lines. The place is kept unless ``cursor`` says where to go."""
        self.lines = lines
        self.position.count = len(lines)
        if cursor is not None:
            self.position.top = cursor - self.position.page // 3
            self.position.cursor = cursor
        self._begin(Search(self.needle, 0))

    @property
    def cursor(self) -> int:
        """The index of the line under the cursor."""
        return self.position.cursor

    @property
    def left(self) -> int:
        """Cells of the cursor's bar and the gutter."""
        width = self.lines.gutter_width
        return 1 + (width + 1 if width else 0)

    def go_to(self, index: int) -> None:
        """Put the cursor on a line; one that is out of sight comes to the upper third."""
        self._wait_for_none()
        position = self.position
        if not position.top <= index < position.top + position.page:
            position.top = index - position.page // 3
        position.cursor = index
        self.moved()

    # moving

    def travel(self, way: str) -> None:
        self._wait_for_none()
        super().travel(way)

    def _wait_for_none(self) -> None:
        """The cursor goes elsewhere: the search that is under way doesn't move it any more."""
        if self.searching is not None:
            self.searching.way = 0

    def sideways(self, step: int) -> None:
        if step < 0:
            self.shift = max(0, self.shift - SHIFT)
        elif self._wider():
            self.shift += SHIFT
        self.moved()

    def _wider(self) -> bool:
        """Whether a visible line goes on beyond the right edge."""
        first, room = self.position.top, self.size.width - self.left - 1
        last = min(len(self.lines), first + self.position.page)
        return any(width_of(self.lines.line(i)) > self.shift + room for i in range(first, last))

    def moved(self) -> None:
        self.position.clamp()
        self.repaint()
        self.post_message(self.Moved())

    # the search

    def search(
        self, needle: str, start: int | None = None, then: Callable[[], None] | None = None
    ) -> None:
        """Search for words and go to the first line with them, from ``start`` on; ``then`` is
        called when all lines have been looked at."""
        self.needle = needle.lower()
        first = self.cursor if start is None else start
        self._begin(Search(self.needle, first, way=1, seek=first, then=then))

    def _begin(self, search: Search) -> None:
        """Search anew; whatever was searched for before is forgotten."""
        self.found, self.searching = [], search
        if not search.needle:
            search.left = 0
        self._search_on(search)
        if self.searching is search:
            self.moved()
            self.run_worker(partial(self._go_on, search), group="search", exclusive=True)

    async def _go_on(self, search: Search) -> None:
        while self.searching is search:
            await asyncio.sleep(0)  # other events have their turn
            if self.searching is search:
                self._search_on(search)

    def _search_on(self, search: Search) -> None:
        """Look at the next lines, and go to what is waited for if it is among them."""
        lines, needle, count = self.lines, search.needle, len(self.lines)
        if search.left < 0:
            search.start = max(0, min(search.start, count - 1))
            search.at, search.left = search.start, count
        number = min(SLICE, search.left, count - search.at)
        stretch = range(search.at, search.at + number)
        new = [index for index in stretch if needle in lines.plain(index).lower()]
        place = bisect_left(self.found, search.at)
        self.found[place:place] = new
        search.left -= number
        search.at = (search.at + number) % max(1, count)
        if search.left > 0:
            if search.way > 0 and search.seek >= search.start:
                self._follow(search, bisect_left(self.found, search.seek))
            return
        self.searching = None
        if search.way and self.found:
            place = bisect_left(self.found, search.seek)
            self._follow(search, place % len(self.found) if search.way > 0 else place - 1)
        else:
            self.moved()
        if search.then is not None:
            search.then()

    def _follow(self, search: Search, place: int) -> None:
        """Go to a match that is waited for, if it has been found."""
        if place < len(self.found):
            search.way = 0  # as the search may have ended
            self.go_to(self.found[place])

    def find_next(self, direction: int) -> bool:
        """To the next (1) or previous (-1) line that was found, round the end; False where there
        is none. While the search goes on it may get there later."""
        found, search, cursor = self.found, self.searching, self.cursor
        place = bisect_right(found, cursor) if direction > 0 else bisect_left(found, cursor) - 1
        if search is not None and search.left > 0:
            if direction > 0 and search.start <= cursor and place < len(found):
                self.go_to(found[place])
            else:
                search.way, search.seek = direction, cursor + (direction > 0)
            return True
        if found:
            self.go_to(found[place % len(found)])
        return bool(found)

    def match_number(self) -> int:
        """Which of the matches the cursor is on, from 1 on; 0: none."""
        place = bisect_left(self.found, self.cursor)
        return place + 1 if self.found[place : place + 1] == [self.cursor] else 0

    # painting

    def resized(self) -> None:
        super().resized()
        self.position.page = max(1, self.size.height)
        self.position.count = len(self.lines)
        self.position.clamp()
        self.repaint()

    def repaint(self) -> None:
        """Refresh what differs: of a line with another mark at the left only that."""
        width, height = self.size
        if not self.is_attached or not width:
            return
        left = self.left
        for y in range(height):
            strip, old = self.build(y), self._painted.get(y)
            if old == strip:
                continue
            self._painted[y] = strip
            same = old is not None and old.cell_length == strip.cell_length
            if same and old is not None and old.crop(left) == strip.crop(left):
                self.refresh(Region(0, y, left, 1))
            else:
                self.refresh(Region(0, y, width, 1))

    def build(self, y: int) -> Strip:
        index = self.position.top + y
        glyphs, width = self.dagtop.glyphs, self.size.width
        if index >= len(self.lines):
            return self.blank(y)
        selected = index == self.cursor
        role = "accent@cursor" if self.has_focus else "accent@idle"
        line: list[Span] = [Span(glyphs.cursor, role) if selected else Span(" ")]
        if self.lines.gutter_width:
            line.extend(fit(self.lines.gutter(index), self.lines.gutter_width, right=True))
            line.append(Span(" "))
        room = max(1, width - self.left - 1)
        line.extend(fit(self._body(index), room, ellipsis=glyphs.more_right))
        start, length = self.position.thumb()
        inside = length and start <= y < start + length
        return self.strip((*line, Span(glyphs.thumb if inside else " ", "faint")))

    def _body(self, index: int) -> Spans:
        body = self.lines.line(index)
        if sum(len(piece.text) for piece in body) > LONGEST:
            body = fit(body, LONGEST)
        if self.needle:
            body = with_matches(body, self.needle)
        return from_cell(body, self.shift) if self.shift else body

    # mouse

    def on_click(self, event: events.Click) -> None:
        index = self.position.top + event.y
        if index >= len(self.lines):
            return
        again = index == self.cursor and event.chain >= 2
        self.position.cursor = index
        self.moved()
        if again:
            self.post_message(self.Chosen())

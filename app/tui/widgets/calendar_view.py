"""A year of days, or a month of hours, with a cursor."""

from __future__ import annotations

from datetime import date
from typing import Any

from textual import events
from textual.message import Message
from textual.strip import Strip

from app.tui.models.calendar import Year
from app.tui.models.calendar_page import Mode, Page
from app.tui.spans import Spans
from app.tui.widgets.line_view import LineView


class CalendarView(LineView, can_focus=True):
    """The lines of a page; where not all have room, those around the cursor."""

    class Moved(Message):
        """The cursor is on another day or hour."""

    class Chosen(Message):
        """A day or an hour was clicked twice."""

    def __init__(self, *, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id)
        self.page: Page[Any] = Year(1970)
        self.mode: Mode = "state"
        self.cursor: Any = date(1970, 1, 1)
        self.top = 0
        """The first line that is shown below the heading."""
        self._top_before = 0
        """What it was before the cursor's last step: with another height it is found anew from
        there, so it doesn't matter whether a page or its room is there first."""
        self._made_for: tuple[object, ...] = ()
        self._lines: list[Spans] = []

    def show(self, page: Page[Any], mode: Mode, cursor: Any) -> None:
        """Show a page."""
        self.page, self.mode, self.cursor = page, mode, cursor
        self._changed()

    def go_to(self, place: Any) -> None:
        """Put the cursor on a place of the page."""
        if place != self.cursor:
            self.cursor, self._top_before = place, self.top
            self._changed()
            self.post_message(self.Moved())

    def _changed(self) -> None:
        self._made_for = ()
        self._make()
        self.repaint()

    def _make(self) -> None:
        """Make the lines, and bring the cursor's into the window."""
        glyphs = self.dagtop.glyphs
        made_for = (*self.size, glyphs.is_ascii)
        if made_for == self._made_for:
            return
        self._made_for = made_for
        self._lines = self.page.lines(self.mode, self.size.width, glyphs, self.cursor)
        room = max(1, self.size.height - self.page.heading)
        line = self.page.line_of(self.cursor) - self.page.heading
        count = len(self._lines) - self.page.heading
        self.top = max(0, min(max(self._top_before, line - room + 1), line, count - room))

    def hidden(self) -> tuple[bool, bool]:
        """Whether there is more above, and below."""
        room = self.size.height - self.page.heading
        return self.top > 0, self.top + room < len(self._lines) - self.page.heading

    def travel(self, way: str) -> None:
        """Move as the action ``list.<way>`` says."""
        self.go_to(self.page.moved(self.cursor, way))

    def resized(self) -> None:
        super().resized()
        self.repaint()

    def _line_at(self, y: int) -> int:
        return y if y < self.page.heading else y + self.top

    def build(self, y: int) -> Strip:
        self._make()
        line = self._line_at(y)
        return self.strip(self._lines[line] if line < len(self._lines) else ())

    def on_click(self, event: events.Click) -> None:
        place = self.page.place_at(event.x, self._line_at(event.y), self.size.width)
        if place is None:
            return
        again = place == self.cursor and event.chain >= 2
        self.go_to(place)
        if again:
            self.post_message(self.Chosen())

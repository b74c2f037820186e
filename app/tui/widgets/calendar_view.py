"""A year of days with a cursor."""

from __future__ import annotations

from datetime import date

from textual import events
from textual.message import Message
from textual.strip import Strip

from app.tui.models.calendar import HEIGHT, LABELS, Mode, Year, calendar_lines, cell_width, moved
from app.tui.spans import Spans
from app.tui.widgets.line_view import LineView


class CalendarView(LineView, can_focus=True):
    """Weeks are columns, days of the week rows."""

    class Moved(Message):
        """The cursor is on another day."""

    class Chosen(Message):
        """A day was clicked twice."""

    def __init__(self, *, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id)
        self.year = Year(1970)
        self.mode: Mode = "state"
        self.cursor = date(1970, 1, 1)
        self._made_for: tuple[object, ...] = ()
        self._lines: list[Spans] = []

    def show(self, year: Year, mode: Mode, cursor: date) -> None:
        """Show a year."""
        self.year, self.mode, self.cursor = year, mode, cursor
        self._made_for = ()
        self.repaint()

    def go_to(self, day: date) -> None:
        """Put the cursor on a day of the year."""
        if day != self.cursor:
            self.cursor = day
            self._made_for = ()
            self.repaint()
            self.post_message(self.Moved())

    def travel(self, way: str) -> None:
        """Move as the action ``list.<way>`` says."""
        self.go_to(moved(self.year, self.cursor, way))

    def on_resize(self) -> None:
        super().on_resize()
        self.repaint()

    def build(self, y: int) -> Strip:
        glyphs = self.dagtop.glyphs
        made_for = (self.size.width, glyphs.is_ascii)
        if made_for != self._made_for:
            self._made_for = made_for
            self._lines = calendar_lines(self.year, self.mode, self.size.width, glyphs, self.cursor)
        return self.strip(self._lines[y] if y < HEIGHT else ())

    def on_click(self, event: events.Click) -> None:
        column = (event.x - LABELS) // cell_width(self.size.width)
        day = self.year.day_at(column, event.y - 1) if column >= 0 and 1 <= event.y <= 7 else None
        if day is None:
            return
        again = day == self.cursor and event.chain >= 2
        self.go_to(day)
        if again:
            self.post_message(self.Chosen())

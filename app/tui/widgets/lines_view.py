"""Lines that are made when they are seen: source, a diff, a large value, details.

Nothing here is proportional to how many lines there are, but for a search.
"""

from __future__ import annotations

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
        """Indexes of the lines with what is searched for."""

    # what is shown

    def show(self, lines: Lines, *, cursor: int | None = None) -> None:
        """Show other lines. The place is kept unless ``cursor`` says where to go."""
        self.lines = lines
        self.position.count = len(lines)
        if cursor is not None:
            self.position.top = cursor - self.position.page // 3
            self.position.cursor = cursor
        self.found = self._matches()
        self.moved()

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
        position = self.position
        if not position.top <= index < position.top + position.page:
            position.top = index - position.page // 3
        position.cursor = index
        self.moved()

    # moving

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

    def search(self, needle: str, start: int | None = None) -> bool:
        """Search for words and go to the first line with them, from ``start`` on."""
        self.needle = needle.lower()
        self.found = self._matches()
        if self.found:
            begin = self.cursor if start is None else start
            self.go_to(next((index for index in self.found if index >= begin), self.found[0]))
        else:
            self.moved()
        return bool(self.found)

    def _matches(self) -> list[int]:
        needle, lines = self.needle, self.lines
        if not needle:
            return []
        return [index for index in range(len(lines)) if needle in lines.plain(index).lower()]

    def find_next(self, direction: int) -> bool:
        """To the next (1) or previous (-1) line that was found, round the end."""
        if not self.found:
            return False
        if direction > 0:
            following = next((i for i in self.found if i > self.cursor), self.found[0])
        else:
            following = next((i for i in reversed(self.found) if i < self.cursor), self.found[-1])
        self.go_to(following)
        return True

    # painting

    def on_resize(self) -> None:
        super().on_resize()
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

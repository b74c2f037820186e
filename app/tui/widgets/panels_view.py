"""Panels of rows with one cursor through all of them."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip

from app.tui.models.panels import Box, Cursor, Panel, Row, arrange, box_line
from app.tui.scrolling import step_of
from app.tui.spans import Span, Spans
from app.tui.widgets.line_view import LineView

DIVIDER_GAP = 2
"""Cells between the columns before the right one: the divider and a space."""


class PanelsView(LineView, can_focus=True):
    """Shows panels below one another, or in two columns where there is room."""

    class Chosen(Message):
        """A row was clicked twice."""

    def __init__(self, *, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id)
        self.cursor = Cursor()
        self._panels: Sequence[Panel] = ()

    def show(self, panels: Sequence[Panel]) -> None:
        """Show other panels; the cursor stays on its row while there is such a one."""
        self._panels = panels
        self._arrange()

    @property
    def current(self) -> Row | None:
        """The row under the cursor."""
        return self.cursor.row

    def _arrange(self) -> None:
        self.cursor.arranged(arrange(self._panels, *self.size))
        self.repaint()

    def resized(self) -> None:
        super().resized()
        self._arrange()

    def travel(self, way: str) -> None:
        """Move as the action ``list.<way>`` says."""
        step = step_of(way, max(2, self.size.height - 2), len(self.cursor.places()))
        if step:
            self.cursor.move(step)
        else:
            self.cursor.turn({"left": -1, "right": 1}.get(way, 0))
        self.repaint()

    def on_click(self, event: events.Click) -> None:
        for box in self.cursor.boxes:
            inside = box.x <= event.x < box.x + box.width and box.y < event.y < box.y + box.height
            place = self.cursor.top(box) + event.y - box.y - 1
            if not inside or place >= len(box.panel.rows):
                continue
            wanted = (box.panel.name, box.panel.rows[place].key)
            again = wanted == (self.cursor.panel, self.cursor.key) and event.chain >= 2
            self.cursor.to(*wanted)
            self.repaint()
            if again:
                self.post_message(self.Chosen())

    def on_mouse_scroll_down(self) -> None:
        self.travel("down")

    def on_mouse_scroll_up(self) -> None:
        self.travel("up")

    def build(self, y: int) -> Strip:
        line: list[Span] = []
        used = 0
        for box in sorted(self._boxes_at(y), key=lambda box: box.x):
            if box.x > used:
                line += self._gap(box.x - used, box.x)
            line += self._piece(box, y - box.y)
            used = box.x + box.width
        right = max((box.x for box in self.cursor.boxes), default=0)
        if right > used:
            line += self._gap(right - used, right)
        return self.strip(line)

    def _boxes_at(self, y: int) -> list[Box]:
        return [box for box in self.cursor.boxes if box.y <= y < box.y + box.height]

    def _gap(self, width: int, right: int) -> Spans:
        """The way to the right column, with the divider before it."""
        blank = Span(" " * (width - DIVIDER_GAP))
        return (blank, Span(self.dagtop.glyphs.divider, "faint"), Span(" " * (DIVIDER_GAP - 1)))

    def _piece(self, box: Box, y: int) -> Spans:
        glyphs = self.dagtop.glyphs
        line, here = box_line(box, y, self.cursor, glyphs.rule, glyphs.ellipsis)
        if not here:
            return line
        ground = "cursor" if self.has_focus else "idle"
        return tuple(Span(piece.text, f"{piece.role}@{ground}") for piece in line)

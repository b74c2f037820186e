"""Lines of text that scroll: a traceback, help, details, a preview."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from app.tui.scrolling import WHEEL, Position, step_of
from app.tui.spans import Span, Spans, fit, wrapped
from app.tui.widgets.line_view import LineView


class TextView(LineView, can_focus=True):
    """Scrolls through lines; wraps them if asked to."""

    def __init__(
        self, lines: Sequence[Spans] = (), *, wrap: bool = True, widget_id: str | None = None
    ) -> None:
        super().__init__(widget_id=widget_id)
        self.position = Position()
        self.wrap = wrap
        self._lines: Sequence[Spans] = lines
        self._rows: list[Spans] = []

    def show(self, lines: Sequence[Spans]) -> None:
        """Show other lines; the place is kept."""
        self._lines = lines
        self._arrange()

    @property
    def row_count(self) -> int:
        """Rows on screen if all could be seen."""
        return len(self._rows)

    @property
    def top_line(self) -> int:
        """Index of the line that the first visible row is of."""
        if not self.wrap:
            return self.position.top
        width, rows = max(1, self.size.width - 2), 0
        for index, line in enumerate(self._lines):
            rows += len(wrapped(line, width, 2))
            if rows > self.position.top:
                return index
        return 0

    def rows_in(self, width: int) -> int:
        """Rows that all lines take in a widget of that width."""
        return len(self._rows_of(width))

    def _rows_of(self, width: int) -> list[Spans]:
        if not self.wrap:
            return list(self._lines)
        return [row for line in self._lines for row in wrapped(line, max(1, width - 2), 2)]

    def _arrange(self) -> None:
        self._rows = self._rows_of(self.size.width)
        self.position.count = len(self._rows)
        self.position.page = max(1, self.size.height)
        self._scroll(0)

    def resized(self) -> None:
        super().resized()
        self._arrange()

    def travel(self, way: str) -> None:
        """Scroll as the action ``list.<way>`` says."""
        position = self.position
        self._scroll(step_of(way, max(1, position.page - 1), position.count))

    def _scroll(self, step: int) -> None:
        self.position.scroll(step)
        self.repaint()

    def on_mouse_scroll_down(self) -> None:
        self._scroll(WHEEL)

    def on_mouse_scroll_up(self) -> None:
        self._scroll(-WHEEL)

    def build(self, y: int) -> Strip:
        width = self.size.width
        index = self.position.top + y
        row = self._rows[index] if index < len(self._rows) else ()
        line = fit(row, max(1, width - 1), ellipsis=self.dagtop.glyphs.ellipsis)
        start, length = self.position.thumb()
        inside = length and start <= y < start + length
        return self.strip((*line, Span(self.dagtop.glyphs.thumb if inside else " ", "faint")))

"""Many charts at once, in rows and columns, with a cursor that goes from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip

from app.tui.models.chart import Chart, chart_lines
from app.tui.spans import Span, Spans, fit
from app.tui.widgets.line_view import LineView

Make = Callable[[str, bool], Chart | None]
"""The chart of a key, and whether the cursor is on it; None: it isn't read yet."""


class ChartsGrid(LineView, can_focus=True):
    """Shows the chart of each key. A chart is painted again only when its version is another."""

    class Moved(Message):
        """The cursor is on another chart, or others are seen."""

    class Chosen(Message):
        """A chart was clicked twice."""

    def __init__(self, make: Make, least: tuple[int, int], *, widget_id: str | None = None) -> None:
        """``least``: cells of a chart."""
        super().__init__(widget_id=widget_id)
        self._make = make
        self._least = least
        self.keys: Sequence[str] = ()
        self.cursor = 0
        self.empty = ""
        self._top = 0
        self._versions: dict[str, object] = {}
        self._kept: dict[str, tuple[object, list[Spans]]] = {}

    # what is shown

    def show(self, keys: Sequence[str], versions: dict[str, object]) -> None:
        """Show these charts; ``versions``: what each is made of."""
        current = self.current
        self.keys, self._versions = keys, versions
        if current in keys:
            self.cursor = list(keys).index(current)
        self.cursor = max(0, min(self.cursor, len(keys) - 1))
        self._kept = {key: self._kept[key] for key in self._kept if key in versions}
        self.bring_into_view()
        self.repaint()

    @property
    def current(self) -> str:
        """The key under the cursor; empty: there is none."""
        return self.keys[self.cursor] if self.cursor < len(self.keys) else ""

    def go_to(self, key: str) -> None:
        """Put the cursor on a chart."""
        if key in self.keys:
            self.cursor = list(self.keys).index(key)
            self.bring_into_view()
            self.repaint()

    @property
    def columns(self) -> int:
        """Charts side by side."""
        return max(1, min(max(1, len(self.keys)), self.size.width // self._least[0]))

    @property
    def rows(self) -> int:
        """Rows of charts that are seen."""
        return max(1, self.size.height // self._least[1])

    @property
    def cell(self) -> tuple[int, int]:
        """Width and height of a chart."""
        needed = -(-max(1, len(self.keys)) // self.columns)
        return self.size.width // self.columns, self.size.height // min(self.rows, needed)

    @property
    def seen(self) -> Sequence[str]:
        """The keys of the charts that are seen."""
        first = self._top * self.columns
        return self.keys[first : first + self.rows * self.columns]

    def bring_into_view(self) -> None:
        """Scroll so that the cursor's chart is seen."""
        row = self.cursor // self.columns
        last = -(-len(self.keys) // self.columns) - self.rows
        self._top = max(0, min(max(min(self._top, row), row - self.rows + 1), max(0, last)))

    # moving

    def travel(self, way: str) -> None:
        """Move as the action ``list.<way>`` says."""
        page = self.columns * self.rows
        steps = {
            "left": -1,
            "right": 1,
            "up": -self.columns,
            "down": self.columns,
            "page_up": -page,
            "page_down": page,
            "half_up": -self.columns,
            "half_down": self.columns,
            "top": -len(self.keys),
            "bottom": len(self.keys),
        }
        before = self.cursor
        wanted = self.cursor + steps.get(way, 0)
        if way in ("up", "down") and not 0 <= wanted < len(self.keys):
            wanted = before if way == "up" else len(self.keys) - 1
        self.cursor = max(0, min(wanted, len(self.keys) - 1))
        self.bring_into_view()
        self.repaint()
        self.post_message(self.Moved())

    def resized(self) -> None:
        super().resized()
        self._kept.clear()
        self.bring_into_view()
        self.post_message(self.Moved())

    def forget(self) -> None:
        self._kept.clear()
        super().forget()

    def on_mouse_scroll_down(self) -> None:
        self.travel("down")

    def on_mouse_scroll_up(self) -> None:
        self.travel("up")

    def on_click(self, event: events.Click) -> None:
        width, height = self.cell
        place = (self._top + event.y // height) * self.columns + event.x // width
        if place < len(self.keys):
            again = place == self.cursor and event.chain >= 2
            self.cursor = place
            self.repaint()
            self.post_message(self.Chosen() if again else self.Moved())

    # painting

    def build(self, y: int) -> Strip:
        if not self.keys:
            return self.strip(self.in_the_middle(self.empty, y))
        width, height = self.cell
        row, inside = divmod(y, height)
        if row >= self.rows:
            return self.strip(())
        first = (self._top + row) * self.columns
        line: list[Span] = []
        for key in self.keys[first : first + self.columns]:
            lines = self._lines(key, width - 1, height - 1)
            line.extend(fit(lines[inside] if inside < len(lines) else (), width))
        return self.strip(line)

    def _lines(self, key: str, width: int, height: int) -> list[Spans]:
        selected = key == self.current
        version = (self._versions.get(key), width, height, selected, self.has_focus)
        kept = self._kept.get(key)
        if kept is None or kept[0] != version:
            chart = self._make(key, selected)
            scene = self.dagtop.scene()
            lines: list[Spans] = []
            if chart is not None:
                lines = chart_lines(chart, width, height, scene.glyphs, scene.zone)
            kept = self._kept[key] = (version, lines)
        return kept[1]

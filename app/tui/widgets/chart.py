"""A chart on screen: painted again only when its data, its size or its cursor is another one."""

from __future__ import annotations

from dataclasses import replace

from textual import events
from textual.message import Message
from textual.strip import Strip

from app.tui.models.chart import Chart, Reading, Window, beside, chart_lines, reach, readings
from app.tui.models.chart.painting import GUTTER
from app.tui.spans import Spans
from app.tui.widgets.line_view import LineView

NOTHING = Chart(())


class ChartView(LineView):
    """Shows a chart. Its cursor is an x, set by ``point_at`` and moved by ``step_cursor``;
    ``window`` is the stretch of x that is seen, changed by ``zoom`` and ``pan``.

    ``show`` takes a chart with its whole horizontal axis: window and cursor are the widget's own,
    and stay when another chart is shown. One who shows another thing calls ``start_over``.
    """

    class Pointed(Message):
        """The chart was clicked: the cursor is at another x."""

    def __init__(self, *, widget_id: str | None = None, classes: str | None = None) -> None:
        super().__init__(widget_id=widget_id, classes=classes)
        self.chart = NOTHING
        self.window = Window()
        self.takes_clicks = False
        """A click moves the cursor. Where that is something else's, it would be nobody's."""
        self._edges: tuple[float, float] | None = None
        """From which x to which one the points reach when all are shown."""
        self._version: object = None
        self._made_for: tuple[object, ...] = ()
        self._lines: list[Spans] = []

    def show(self, chart: Chart, version: object = None) -> None:
        """Show a chart. One of the same version as before is taken for the same."""
        if version is not None and version == self._version and chart.cursor == self.chart.cursor:
            return
        self.chart, self._version = chart, version
        if self.window.is_whole:  # of a stretch there may be no other points than its own
            self._edges = reach(chart)
        self._changed()

    def start_over(self) -> None:
        """Forget the stretch that was looked at, and the cursor: another thing is shown."""
        self.window, self._version = Window(), None
        self.chart = replace(self.chart, cursor=None)

    def point_at(self, x: float | None) -> None:
        """Light up the cells of an x."""
        if x != self.chart.cursor:
            self.chart = replace(self.chart, cursor=x)
            self._changed()

    def step_cursor(self, step: int) -> float | None:
        """Move the cursor by so many cells with points, from the last point at first; where it
        is."""
        seen = replace(self.chart, x=self.window.of(self.chart.x))
        at = self.chart.cursor
        if at is None and (edges := reach(self.chart)) is not None:
            at = self.window.on(edges)[1]
        self.point_at(beside(seen, at, step, self.plot_width))
        return self.chart.cursor

    def zoom(self, factor: float) -> bool:
        """Look closer (below 1) or wider, about the cursor; False: that is how it is already."""
        edges = self._edges
        return edges is not None and self._look(
            self.window.zoomed(edges, self.chart.cursor, factor)
        )

    def pan(self, share: float) -> bool:
        """Look at the stretch beside, by that share of its width; False: it is at the edge."""
        edges = self._edges
        return edges is not None and self._look(self.window.panned(edges, share))

    def _look(self, window: Window) -> bool:
        if window == self.window:
            return False
        self.window = window
        self._changed()
        return True

    @property
    def readings(self) -> list[Reading]:
        """What every line says at the cursor; without one at the last point."""
        edges = reach(self.chart)
        at = self.chart.cursor
        if at is None and edges is not None:
            at = self.window.on(edges)[1]
        return [] if at is None else readings(self.chart, at)

    @property
    def plot_width(self) -> int:
        """About how many cells the plot is wide."""
        return max(1, self.size.width - GUTTER)

    def _changed(self) -> None:
        self._made_for = ()
        self.repaint()

    def resized(self) -> None:
        super().resized()
        self.repaint()

    def build(self, y: int) -> Strip:
        scene = self.dagtop.scene()
        made_for = (self.size, scene.glyphs.is_ascii, scene.zone)
        if made_for != self._made_for:
            seen = self.chart
            if not self.window.is_whole:
                seen = replace(seen, x=self.window.of(seen.x))
            self._lines = chart_lines(seen, *self.size, scene.glyphs, scene.zone)
            self._made_for = made_for
        return self.strip(self._lines[y] if y < len(self._lines) else ())

    def on_click(self, event: events.Click) -> None:
        edges = self._edges
        if not self.takes_clicks or edges is None or self.chart.x.log:
            return
        low, high = self.window.on(edges)
        left = self.size.width - self.plot_width
        share = min(1.0, max(0.0, (event.x - left) / self.plot_width))
        self.point_at(low + (high - low) * share)
        self.post_message(self.Pointed())

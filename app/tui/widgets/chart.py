"""A chart on screen: painted again only when its data, its size or its cursor is another one."""

from __future__ import annotations

from dataclasses import replace

from textual.strip import Strip

from app.tui.models.chart import Chart, chart_lines
from app.tui.spans import Spans
from app.tui.widgets.line_view import LineView

NOTHING = Chart(())


class ChartView(LineView):
    """Shows a chart. Its cursor is an x, set by ``point_at``."""

    def __init__(self, *, widget_id: str | None = None, classes: str | None = None) -> None:
        super().__init__(widget_id=widget_id, classes=classes)
        self.chart = NOTHING
        self._version: object = None
        self._made_for: tuple[object, ...] = ()
        self._lines: list[Spans] = []

    def show(self, chart: Chart, version: object = None) -> None:
        """Show a chart. One of the same version as before is taken for the same."""
        if version is not None and version == self._version and chart.cursor == self.chart.cursor:
            return
        self.chart, self._version = chart, version
        self._made_for = ()
        self.repaint()

    def point_at(self, x: float | None) -> None:
        """Light up the cells of an x."""
        if x != self.chart.cursor:
            self.chart = replace(self.chart, cursor=x)
            self._made_for = ()
            self.repaint()

    def resized(self) -> None:
        super().resized()
        self.repaint()

    def build(self, y: int) -> Strip:
        scene = self.dagtop.scene()
        made_for = (self.size, scene.glyphs.is_ascii, scene.zone)
        if made_for != self._made_for:
            self._lines = chart_lines(self.chart, *self.size, scene.glyphs, scene.zone)
            self._made_for = made_for
        return self.strip(self._lines[y] if y < len(self._lines) else ())

"""A chart that takes the keys of moving: what they go over is its screen's."""

from __future__ import annotations

from textual.message import Message

from app.tui.widgets.chart import ChartView


class ChartPad(ChartView, can_focus=True):
    """The main widget of a screen that is one chart."""

    class Went(Message):
        """A key of moving was pressed: down, left, page_up, top …"""

        def __init__(self, way: str) -> None:
            super().__init__()
            self.way = way

    def travel(self, way: str) -> None:
        """Move as the action ``list.<way>`` says."""
        self.post_message(self.Went(way))

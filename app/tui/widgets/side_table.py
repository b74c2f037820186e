"""A list beside charts: up and down choose a row, left and right a place on the charts."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual.message import Message

from app.tui.widgets.table import Table

Row = TypeVar("Row")


class SideTable(Table[Row], Generic[Row]):
    """Left and right are told to the charts instead of moving the columns."""

    class Turned(Message):
        """``step`` places to the right on the charts."""

        def __init__(self, step: int) -> None:
            super().__init__()
            self.step = step

    def travel(self, way: str) -> None:
        if way in ("left", "right"):
            self.post_message(self.Turned(1 if way == "right" else -1))
        else:
            super().travel(way)

"""What the views of the workspace share: they stand at the bottom of the stack of screens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from app.tui.location import Location
from app.tui.screens.base import DagtopScreen
from app.tui.screens.views import PLACES, View, ViewsScreen
from app.tui.spans import Spans


class PlaceScreen(ViewsScreen):
    """One view of the workspace. Subclasses take no arguments, and have an InfoLine ``#views``.

    Each is made once: who comes back to a place finds filter, order and cursor as they were.
    """

    views: ClassVar[Mapping[str, View]] = PLACES

    def _pop_result_callback(self) -> None:
        """Textual puts the first screen on the stack without a callback, and takes one off when
        the screen is replaced."""
        if self._result_callbacks:
            super()._pop_result_callback()

    def make(self, view: View) -> DagtopScreen:
        return self.dagtop.ways.place(view)

    def location(self) -> Location:
        return Location(place=self.view_name)

    def crumbs(self) -> tuple[str, ...]:
        return (self.dagtop.workspace.root.name or "/",)

    def banner(self) -> Spans:
        return self.dagtop.trouble_spans() or self.dagtop.runner_trouble()

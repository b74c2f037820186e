"""Screens that are views of one thing: of the workspace, of a DAG, of a task instance.

The views of one thing have the number keys in its line of views, Tab goes to the next. A view is
a screen of its own; turning to another replaces it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any, ClassVar

from app.tui.screens.base import DagtopScreen
from app.tui.spans import Span, Spans, width_of
from app.tui.widgets.chrome import InfoLine


@dataclass(frozen=True, slots=True)
class View:
    """A view: the key and the title in the line of views, and the screen, loaded when shown."""

    key: str
    title: str
    module: str
    """Below ``app.tui.screens``."""
    kind: str
    """The class in it."""

    def load(self) -> Any:
        """The class of the screen."""
        return getattr(import_module(f"app.tui.screens.{self.module}"), self.kind)


PLACES: dict[str, View] = {
    "home": View("1", "Home", "home", "HomeScreen"),
    "dags": View("2", "DAGs", "dags", "DagsScreen"),
    "runs": View("3", "Runs", "all_runs", "AllRunsScreen"),
    "xcoms": View("4", "XComs", "xcoms", "XComsScreen"),
    "variables": View("5", "Variables", "variables", "VariablesScreen"),
    "connections": View("6", "Connections", "connections", "ConnectionsScreen"),
    "pools": View("7", "Pools", "pools", "PoolsScreen"),
    "assets": View("8", "Assets", "assets", "AssetsScreen"),
    "system": View("9", "System", "system", "SystemScreen"),
    "events": View("0", "Events", "events", "AllEventsScreen"),
}
"""Views of the workspace. Their names are those of the actions ``place.show-<name>``."""

DAG_VIEWS: dict[str, View] = {
    "grid": View("1", "Grid", "grid", "GridScreen"),
    "graph": View("2", "Graph", "graph", "GraphScreen"),
    "trends": View("5", "Trends", "trends", "TrendsScreen"),
    "calendar": View("6", "Calendar", "calendar", "CalendarScreen"),
    "details": View("7", "Details", "details", "DetailsScreen"),
    "code": View("8", "Code", "code", "CodeScreen"),
    "events": View("9", "Events", "events", "EventsScreen"),
    "runs": View("3", "Runs", "runs", "RunsScreen"),
    "gantt": View("4", "Gantt", "gantt", "GanttScreen"),
}
"""Views of a DAG; the actions ``view.show-<name>``."""

TASK_VIEWS: dict[str, View] = {
    "log": View("1", "Log", "log", "LogScreen"),
    "details": View("2", "Details", "task_details", "DetailsScreen"),
    "templates": View("3", "Templates", "task_templates", "TemplatesScreen"),
    "xcoms": View("4", "XComs", "task_xcoms", "TaskXComsScreen"),
    "resources": View("5", "Resources", "task_resources", "ResourcesScreen"),
    "commands": View("6", "Commands", "task_commands", "CommandsScreen"),
}
"""Views of a task instance; the actions ``task.show-<name>``."""

BESIDE_TASK: dict[str, View] = {
    name: replace(DAG_VIEWS[name], key=key)
    for name, key in (("graph", "7"), ("code", "8"), ("events", "9"), ("gantt", "0"))
}
"""Views of a DAG that a task instance leads to; the actions ``task.dag-<name>``. The keys of Code
and Events are those that the DAG's views have."""


class ViewsScreen(DagtopScreen):
    """One of several views of a thing, with an InfoLine ``#views``."""

    views: ClassVar[Mapping[str, View]] = {}
    beside: ClassVar[Mapping[str, View]] = {}
    """What stands behind them in the line of views: it opens above this one."""
    view_name: ClassVar[str]

    def make(self, view: View) -> DagtopScreen:
        """The screen of another view of the same thing."""
        raise NotImplementedError

    def remember(self) -> None:
        """Keep what is under the cursor, before another view takes over."""

    def on_mount(self) -> None:
        super().on_mount()
        self.show_views()

    def on_resize(self) -> None:
        super().on_resize()
        self.show_views()

    def show_views(self) -> None:
        """Fill the line of views."""
        for line in self.query("#views").results(InfoLine):
            line.display = len(self.views) > 1
            views = {**self.views, **self.beside}
            line.line = views_line(views, self.view_name, self.app.size.width)

    # actions of all views

    def action_show_view(self, name: str) -> None:
        """Another view of the same thing."""
        if name == self.view_name or name not in self.views:
            self.dagtop.say(f"this is {self.views[self.view_name].title}")
            return
        self.remember()
        self.app.switch_screen(self.make(self.views[name]))

    def action_next_view(self) -> None:
        """The next view."""
        self._turn_view(1)

    def action_previous_view(self) -> None:
        """The view before."""
        self._turn_view(-1)

    def _turn_view(self, step: int) -> None:
        names = in_order(self.views)
        self.action_show_view(names[(names.index(self.view_name) + step) % len(names)])


def in_order(views: Mapping[str, View]) -> list[str]:
    """The names of views, in the order of their keys on the keyboard: 0 comes last."""
    return sorted(views, key=lambda name: (views[name].key == "0", views[name].key))


def views_line(views: Mapping[str, View], current: str, width: int) -> Spans:
    """The titles of the views with their keys; where not all fit, as many around the current one
    as do. ``current`` may be none of them."""
    names = in_order(views)
    place = names.index(current) if current in views else 0
    line: Spans = ()
    for gap, reach in ((2, len(names)), *((1, reach) for reach in range(len(names), -1, -1))):
        pieces: list[Span] = [Span(" ")]
        for number, name in enumerate(names):
            here = name == current
            pieces.append(Span(views[name].key, "key"))
            if abs(number - place) <= reach:
                pieces.append(Span(f" {views[name].title}", "title" if here else "dim"))
            pieces.append(Span(" " * gap))
        line = tuple(pieces[:-1])
        if width_of(line) <= width:
            break
    return line

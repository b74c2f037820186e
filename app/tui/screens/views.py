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
    short: str = ""
    """The title where there is little room; empty: the title."""

    def load(self) -> Any:
        """The class of the screen."""
        return getattr(import_module(f"app.tui.screens.{self.module}"), self.kind)


PLACES: dict[str, View] = {
    "home": View("1", "Home", "home", "HomeScreen"),
    "dags": View("2", "DAGs", "dags", "DagsScreen"),
    "runs": View("3", "Runs", "all_runs", "AllRunsScreen"),
    "tasks": View("I", "Tasks", "all_tasks", "AllTasksScreen"),
    "experiments": View("P", "Experiments", "tracked_runs", "TrackedRunsScreen", "Exps"),
    "xcoms": View("4", "XComs", "xcoms", "XComsScreen"),
    "variables": View("5", "Variables", "variables", "VariablesScreen", "Vars"),
    "connections": View("6", "Connections", "connections", "ConnectionsScreen", "Conns"),
    "pools": View("7", "Pools", "pools", "PoolsScreen"),
    "assets": View("8", "Assets", "assets", "AssetsScreen"),
    "system": View("9", "System", "system", "SystemScreen"),
    "events": View("0", "Events", "events", "AllEventsScreen"),
}
"""Views of the workspace in their order; the actions ``place.show-<name>``."""

DAG_VIEWS: dict[str, View] = {
    "grid": View("1", "Grid", "grid", "GridScreen"),
    "graph": View("2", "Graph", "graph", "GraphScreen"),
    "runs": View("3", "Runs", "runs", "RunsScreen"),
    "gantt": View("4", "Gantt", "gantt", "GanttScreen"),
    "trends": View("5", "Trends", "trends", "TrendsScreen"),
    "calendar": View("6", "Calendar", "calendar", "CalendarScreen"),
    "details": View("7", "Details", "details", "DetailsScreen"),
    "code": View("8", "Code", "code", "CodeScreen"),
    "events": View("9", "Events", "events", "EventsScreen"),
    "backfills": View("0", "Backfills", "backfills", "BackfillsScreen"),
}
"""Views of a DAG in their order; the actions ``view.show-<name>``."""

TASK_VIEWS: dict[str, View] = {
    "log": View("1", "Log", "log", "LogScreen"),
    "details": View("2", "Details", "task_details", "DetailsScreen"),
    "templates": View("3", "Templates", "task_templates", "TemplatesScreen", "Templ"),
    "xcoms": View("4", "XComs", "task_xcoms", "TaskXComsScreen"),
    "resources": View("5", "Resources", "task_resources", "ResourcesScreen", "Usage"),
    "commands": View("6", "Commands", "task_commands", "CommandsScreen", "Cmds"),
}
"""Views of a task instance in their order; the actions ``task.show-<name>``."""

COMPARE_VIEWS: dict[str, View] = {
    "table": View("1", "Table", "compare", "CompareScreen"),
    "curves": View("2", "Curves", "compare_curves", "CurvesScreen"),
    "scatter": View("3", "Scatter", "compare_plots", "ScatterScreen"),
    "parallel": View("4", "Parallel", "compare_plots", "ParallelScreen", "Axes"),
    "box": View("5", "Box", "compare_ranked", "BoxScreen"),
    "bar": View("6", "Bar", "compare_ranked", "BarScreen"),
    "code": View("7", "Code", "compare_code", "CodeScreen"),
    "environment": View("8", "Environment", "compare_code", "EnvironmentScreen", "Env"),
    "importance": View("9", "Importance", "compare_importance", "ImportanceScreen", "Params"),
    "matrix": View("0", "Matrix", "compare_matrix", "MatrixScreen"),
    "distributions": View(
        "D", "Distributions", "compare_distributions", "DistributionsScreen", "Dists"
    ),
}
"""Views of runs side by side in their order; the actions ``compare.show-<name>``."""

BESIDE_TASK: dict[str, View] = {
    name: replace(DAG_VIEWS[name], key=key)
    for name, key in (("graph", "7"), ("code", "8"), ("events", "9"), ("gantt", "0"))
}
"""Views of a DAG that a task instance leads to; the actions ``task.dag-<name>``. The keys of Code
and Events are those that the DAG's views have."""

TRACKED_VIEWS: dict[str, View] = {
    "overview": View("1", "Overview", "tracked_run", "TrackedRunScreen", "About"),
    "values": View("2", "Params & metrics", "tracked_values", "TrackedValuesScreen", "Values"),
    "charts": View("3", "Charts", "tracked_charts", "TrackedChartsScreen"),
    "system": View("4", "System", "tracked_charts", "TrackedSystemScreen"),
    "artifacts": View("5", "Artifacts", "tracked_artifacts", "TrackedArtifactsScreen", "Files"),
    "code": View("6", "Code", "tracked_code", "TrackedCodeScreen"),
    "packages": View("7", "Packages", "tracked_code", "TrackedPackagesScreen", "Pkgs"),
    "log": View("8", "Log", "tracked_log", "TrackedLogScreen"),
    "distributions": View(
        "9", "Distributions", "tracked_distributions", "TrackedDistributionsScreen", "Dists"
    ),
}
"""Views of a tracked run in their order; the actions ``tracked_run.show-<name>``."""


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

    def mounted(self) -> None:
        super().mounted()
        self.show_views()

    def resized(self) -> None:
        super().resized()
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
        self.dagtop.ways.drilled = None
        self.app.switch_screen(self.make(self.views[name]))

    def action_next_view(self) -> None:
        """The next view."""
        self._turn_view(1)

    def action_previous_view(self) -> None:
        """The view before."""
        self._turn_view(-1)

    def _turn_view(self, step: int) -> None:
        names = list(self.views)
        self.action_show_view(names[(names.index(self.view_name) + step) % len(names)])


def views_line(views: Mapping[str, View], current: str, width: int) -> Spans:
    """The titles of the views with their keys: with air, close together, the short ones; where not
    all fit, as many around the current one as do. ``current`` may be none of them."""
    names = list(views)
    place = names.index(current) if current in views else 0
    every = len(names)
    forms = [(2, False, every), (1, False, every)]
    forms.extend((1, True, reach) for reach in range(every, -1, -1))
    line: Spans = ()
    for gap, short, reach in forms:
        pieces: list[Span] = [Span(" ")]
        for number, name in enumerate(names):
            view, here = views[name], name == current
            pieces.append(Span(view.key, "key"))
            if abs(number - place) <= reach:
                title = (view.short if short else "") or view.title
                pieces.append(Span(f" {title}", "title" if here else "dim"))
            pieces.append(Span(" " * gap))
        line = tuple(pieces[:-1])
        if width_of(line) <= width:
            break
    return line

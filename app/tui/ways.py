"""Ways between screens: places, a DAG's views, runs, task instances; and where one was."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from app.tui.location import DEEPEST, History, Location, from_words
from app.tui.reading import read_mapped
from app.tui.screens.base import DagtopScreen
from app.tui.screens.views import (
    COMPARE_VIEWS,
    DAG_VIEWS,
    PLACES,
    TASK_VIEWS,
    View,
    ViewsScreen,
)

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from app.tui.jumps import Target
    from app.tui.reading import DagsSnapshot
    from app.tui.screens.merged_log import LeftLogs
    from store.queries.tracked import TrackedRow


class Ways:
    """Opens screens. Those of the workspace stand at the bottom of the stack, and are kept."""

    def __init__(self, app: DagtopApp) -> None:
        self._app = app
        self._places: dict[str, Any] = {}
        self._history = History()
        self.drilled: str | None = None
        """The place that Enter on Home led to: Esc leads back there."""
        self.folds: dict[str, tuple[frozenset[str], frozenset[str]]] = {}
        """By DAG, of its grid: groups that are folded, mapped tasks that are unfolded."""
        self.left: dict[Location, LeftLogs] = {}
        """Of merged logs, how they were looked at, and at which line."""
        self._kept: dict[Location, dict[str, Any]] = {}
        """What the views there want to find again."""

    def here(self) -> Location | None:
        """Where one is, and what Esc leads to from there."""
        found: Location | None = None
        place, *others = self._app.screen_stack
        for screen in (place, *others[1 - DEEPEST :]):
            location = screen.location() if isinstance(screen, DagtopScreen) else None
            if location is not None:
                found = replace(location, below=found)
        return found

    def go(self, target: Target | None) -> None:
        """Go where a jump leads."""
        if target is None:
            return
        here = self.here()
        place = here.place if here is not None else "dags"
        match target.kind:
            case "quit":
                self._app.exit(0)
            case "help":
                self._app.action_help()
            case "place":
                self.go_to(Location(place=target.name))
            case "dependencies":
                place = place if target.dag_id else "assets"
                self.go_to(Location(place, target.dag_id or None, dependencies=True))
            case "compare":
                self.compare_named(target.names)
            case "tracked":
                self._find_tracked(target.name, place)
            case "log":
                location = Location(place, target.dag_id, "grid", target.run_id, target.task_id)
                self.go_to(replace(location, map_index=target.map_index, task_view="log"))
            case "run":
                self.go_to(Location(place, target.dag_id, "grid", target.run_id, run_screen=True))
            case _:
                self.go_to(Location(place, target.dag_id, target.name, target.run_id))

    def open_link(
        self,
        dag: str | None,
        run: str | None,
        task: str | None,
        map_index: int | None,
        compare: Sequence[str],
        tracked: str | None,
    ) -> bool:
        """Open what the command line names; False: it names nothing."""
        if compare:
            self.open_compared(compare)
        elif tracked is not None:
            self.open_tracked(tracked)
        elif dag is not None:
            self.open_dag(dag, run, task, map_index)
            if run is not None and task is None:
                self.open_run(dag, run)
        return bool(compare) or tracked is not None or dag is not None

    def go_to_last(self, words: object) -> None:
        """Open the location that was remembered, if one was."""
        if last := from_words(words):
            self.go_to(last)

    def refuse(self, sentence: str, role: str = "error") -> None:
        """Say why the form that a key wanted doesn't open; keys typed ahead were meant for it."""
        self._app.key_order.drop()
        self._app.say(sentence, role)

    def place(self, view: View) -> Any:
        """The screen of a place, made the first time and kept."""
        kept = self._places.get(view.kind)
        if kept is None:
            kept = self._places[view.kind] = view.load()()
            self._app.install_screen(kept, view.kind)  # or Textual would remove it when it is left
        return kept

    def go_to(self, location: Location) -> None:
        """Open a location: its place, and on it what else it stands on."""
        self.leave(*self._app.screen_stack)
        self.drilled = None
        while len(self._app.screen_stack) > 1:
            self._app.pop_screen()
        place, *layers = location.layers()
        bottom = self.place(PLACES.get(place.place, PLACES["dags"]))
        if bottom is not self._app.screen:
            self._app.switch_screen(bottom)
        for layer in layers:
            self._open(layer)

    def _open(self, layer: Location) -> None:
        """Open what is on top at a location."""
        dag_id, run_id, task_id = layer.dag_id, layer.run_id, layer.task_id
        if layer.compared is not None:
            self._open_compared(layer)
        elif layer.tracked is not None:
            self.open_tracked(layer.tracked, self._kept.get(layer))
        elif layer.logs is not None:
            from app.tui.screens.merged_log import logs_at

            self._app.push_screen(logs_at(layer))
        elif layer.dependencies:
            from app.tui.screens.dependencies import DependenciesScreen

            self._app.push_screen(DependenciesScreen(layer))
        elif dag_id is None:
            return
        elif layer.task_view is not None:
            if run_id is not None and task_id is not None:
                self._open_task_view(layer, dag_id, run_id, task_id)
        elif layer.over_runs:
            if task_id is not None:
                self.open_over_runs(dag_id, task_id)
        elif layer.run_screen:
            if run_id is not None:
                self.open_run(dag_id, run_id)
        else:
            self._open_dag_view(layer, dag_id)

    def _open_dag_view(self, layer: Location, dag_id: str) -> None:
        from app.tui.screens.dag_views import DagFocus

        focus = DagFocus(dag_id, layer.run_id, layer.task_id, self._kept.get(layer, {}))
        self._app.push_screen(DAG_VIEWS.get(layer.view, DAG_VIEWS["grid"]).load()(focus))

    def _open_task_view(self, layer: Location, dag_id: str, run_id: str, task_id: str) -> None:
        from app.tui.screens.task_views import TaskFocus

        focus = TaskFocus(dag_id, run_id, task_id, layer.map_index, kept=self._kept.get(layer, {}))
        view = TASK_VIEWS.get(layer.task_view or "", TASK_VIEWS["log"])
        self._app.push_screen(view.load()(focus))

    def _open_compared(self, layer: Location) -> None:
        from app.tui.models.compare.form import CompareFocus

        kept = self._kept.get(layer, {}).get("focus")
        focus = kept or CompareFocus(list(layer.compared or ()))
        view = COMPARE_VIEWS.get(layer.view, COMPARE_VIEWS["table"])
        self._app.push_screen(view.load()(focus))

    def open_compared(self, uuids: Sequence[str]) -> None:
        """Show tracked runs side by side; say so where they are too few or too many."""
        from app.tui.models.compare.form import LEAST, MOST

        if len(uuids) < LEAST:
            self.refuse("mark at least two runs to compare", "warning")
        elif len(uuids) > MOST:
            self.refuse(f"at most {MOST} runs are compared: these are {len(uuids)}", "warning")
        else:
            self._app.push_screen(COMPARE_VIEWS["table"].load()(tuple(uuids)))

    def compare_tries(self, dag_id: str, run_id: str, task_id: str, map_index: int) -> None:
        """Show what the tries of a task instance have tracked side by side."""
        from app.tui.models.compare.form import LEAST, MOST
        from app.tui.reading_compare import read_tries

        def then(uuids: list[str]) -> None:
            if len(uuids) < LEAST:
                runs = "one tracked run" if uuids else "no tracked run"
                self.refuse(f"its tries have {runs}: two or more are compared", "warning")
            else:
                self.open_compared(uuids)

        place = (dag_id, run_id, task_id, map_index, MOST)
        self._app.read_first(lambda store: read_tries(store, *place), then)

    def compare_named(self, names: Sequence[str]) -> None:
        """Show the tracked runs of these names or ids side by side."""
        from app.tui.reading_compare import read_named

        def then(found: list[str] | str) -> None:
            if isinstance(found, str):
                self.refuse(found)
            else:
                self.open_compared(found)

        self._app.read_first(lambda store: read_named(store, names), then)

    def climb(self) -> bool:
        """From a place that Home led to, back to Home; False: Home did not lead here."""
        if self.drilled is None:
            return False
        self.go_to(Location("home"))
        return True

    def leave(self, *screens: object) -> None:
        """Before screens are closed: they keep what is under the cursor."""
        for screen in screens:
            if isinstance(screen, ViewsScreen) and screen.is_there:
                screen.remember()

    @property
    def place_name(self) -> str:
        """The place at the bottom of the stack of screens."""
        bottom = self._app.screen_stack[0]
        return bottom.view_name if isinstance(bottom, ViewsScreen) else "dags"

    def visited(self, kept: dict[str, Any]) -> None:
        """A screen that can be opened again is on top; ``kept``: what it wants to find again."""
        location = self.here()
        if location is None:
            return
        self._history.visit(location)
        self._kept.pop(location, None)
        self._kept[location] = kept
        while len(self._kept) > self._history.limit:
            del self._kept[next(iter(self._kept))]
        self._app.memory.put("location", location.words())

    def open_dag(
        self,
        dag_id: str,
        run_id: str | None = None,
        task_id: str | None = None,
        map_index: int | None = None,
    ) -> None:
        """Show a DAG's grid; with run and task also the log of the task, or its instances; of a
        mapped task the log of one."""
        from app.tui.screens.dag_views import DagFocus
        from app.tui.screens.grid import GridScreen

        self._app.push_screen(GridScreen(DagFocus(dag_id, run_id, task_id)))
        if run_id and task_id and map_index is not None:
            self.open_log(dag_id, run_id, task_id, map_index)
        elif run_id and task_id:
            self._open_task(dag_id, run_id, task_id)

    def _open_task(self, dag_id: str, run_id: str, task_id: str) -> None:
        def then(run_key: int | None) -> None:
            from app.tui.screens.instances import InstancesScreen

            if run_key is None:
                self.open_log(dag_id, run_id, task_id)
            else:
                self._app.push_screen(InstancesScreen(dag_id, run_id, run_key, task_id))

        self._app.read_first(lambda store: read_mapped(store, dag_id, run_id, task_id), then)

    def open_run(self, dag_id: str, run_id: str) -> None:
        """Show one run of a DAG."""
        from app.tui.screens.run import RunScreen

        self._app.push_screen(RunScreen(dag_id, run_id))

    def open_view(
        self,
        name: str,
        dag_id: str,
        run_id: str,
        task_id: str | None = None,
        events_of: str | None = None,
    ) -> None:
        """Show a view of a DAG with a run, and a task, in focus; Esc comes back.

        ``events_of``: a task, if only its events are wanted.
        """
        from app.tui.screens.dag_views import DagFocus

        if name == "code":
            self.open_code(dag_id, run_id, task_id)
            return
        focus = DagFocus(dag_id, run_id, task_id)
        focus.kept["events"] = True  # only those of the run
        focus.kept["events_of"] = events_of
        screen = DAG_VIEWS[name].load()
        self._app.push_screen(screen(focus))

    def open_code(
        self, dag_id: str, run_id: str, task_id: str | None, line: int = 0, words: str = ""
    ) -> None:
        """Show the source of a run's version at a line, and say ``words``; without one where the
        task is defined."""
        from app.tui.screens.code import CodeForm, CodeScreen
        from app.tui.screens.dag_views import DagFocus

        focus = DagFocus(dag_id, run_id, task_id)
        form = CodeForm(cursor=line - 1 if line else None, run_id=run_id, said=words)
        form.go_to = None if line else task_id
        focus.kept["code"] = form
        self._app.push_screen(CodeScreen(focus))

    def open_dependencies(self, asset_id: int | None = None) -> None:
        """Show the graph of DAGs and assets, at the DAG that is looked at or at an asset."""
        from app.tui.screens.dependencies import DependenciesScreen

        here = self.here() or Location("assets")
        location = Location(here.place, here.dag_id, dependencies=True)
        self._app.push_screen(DependenciesScreen(location, asset_id))

    def open_experiments(
        self, experiments: tuple[str, ...] = (), dags: tuple[str, ...] = ()
    ) -> None:
        """Show the tracked runs of experiments and DAGs."""
        self.place(PLACES["experiments"]).of_experiment(experiments, dags)
        self.go_to(Location("experiments"))

    def open_asset(self, asset_id: int) -> None:
        """Show an asset among all of them."""
        self.place(PLACES["assets"]).point_at(asset_id)
        self.go_to(Location("assets"))

    def open_over_runs(self, dag_id: str, task_id: str) -> None:
        """Show the instances of a task in all runs of its DAG."""
        from app.tui.screens.all_tasks import OverRunsScreen

        self._app.push_screen(OverRunsScreen(dag_id, task_id))

    def open_details(
        self, dag_id: str, run_id: str, task_id: str, map_index: int | None = None
    ) -> None:
        """Show all there is to know about a task instance."""
        from app.tui.screens.task_details import DetailsScreen
        from app.tui.screens.task_views import TaskFocus

        self._app.push_screen(DetailsScreen(TaskFocus(dag_id, run_id, task_id, map_index)))

    def open_log(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1) -> None:
        """Show the log of a task instance's newest try."""
        from app.tui.screens.log import LogScreen
        from app.tui.screens.task_views import TaskFocus

        self._app.push_screen(LogScreen(TaskFocus(dag_id, run_id, task_id, map_index)))

    def open_tracked(self, uuid: str, kept: dict[str, Any] | None = None) -> None:
        """Show the page of a tracked run; ``kept``: how it was looked at."""
        from app.tui.screens.tracked_run import page_of

        self._app.push_screen(page_of(uuid, kept))

    def _find_tracked(self, name: str, place: str) -> None:
        """Go to the tracked run of that name, or whose id begins so; say it where there is none, or
        several."""
        from app.tui.reading_tracked_run import read_called

        def then(found: tuple[TrackedRow, ...]) -> None:
            if len(found) == 1:
                self.go_to(Location(place, tracked=found[0].uuid))
            elif found:
                ids = ", ".join(row.uuid[:8] for row in found[:3])
                words = f"{len(found)} tracked runs are called {name}: take an id ({ids} ...)"
                self._app.say(words, "warning")
            else:
                self._app.say(f"no tracked run is called {name}, and no id begins so", "warning")

        self._app.read_first(lambda store: read_called(store, name), then)

    def open_text(self, crumbs: tuple[str, ...], text: str) -> None:
        """Show a text of several lines: a traceback, details."""
        from app.tui.screens.text import TextScreen

        self._app.push_screen(TextScreen(crumbs, text))

    def open_errors(self, snapshot: DagsSnapshot) -> None:
        """Show what pipeline files can't be imported, as it changes."""
        from app.tui.screens.import_errors import ImportErrorsScreen

        self._app.push_screen(ImportErrorsScreen(snapshot))

    def back(self) -> None:
        """Where one was before."""
        self._follow(self._history.back(), "you were nowhere before this")

    def on(self) -> None:
        """On again, after going back."""
        self._follow(self._history.on(), "there is nothing to go on to")

    def _follow(self, location: Location | None, otherwise: str) -> None:
        if location is None:
            self._app.say(otherwise)
        else:
            self.go_to(location)

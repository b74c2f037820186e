"""One DAG: its tasks as rows, its runs as columns."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.filters import completed
from app.tui.formats import plural
from app.tui.models.grid import (
    cell_line,
    cell_lines,
    dag_line,
    fold_default,
    run_line,
    windows_to,
)
from app.tui.models.grid_filter import RUN_FACTS, GridFilter, grid_filter
from app.tui.models.instance import instance_lines, reasons_for
from app.tui.models.marks import run_marked, trouble_of
from app.tui.reading import (
    CellFacts,
    GridSnapshot,
    InstanceFacts,
    read_cell,
    read_grid,
    read_run_keys,
)
from app.tui.screens.base import counted
from app.tui.screens.dag_views import DagFocus
from app.tui.screens.grid_marks import MarkedGridScreen
from app.tui.screens.side import SPLIT_WIDTH
from app.tui.spans import Span, span
from app.tui.timers import Rest
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.grid_view import GridView, runs_in
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.text_view import TextView
from store.states import FINISHED_TASK_STATES

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from store.queries.cells import Cell
    from store.queries.dags import DagRow
    from store.queries.grid import GridRow, GridRun
    from store.queries.runs import RunKey

MOST_RUNS = 1000
"""Runs loaded at most; at first those that there is room for."""

WIDE = 110
"""Columns from which on the panel stands beside the grid."""


class GridScreen(MarkedGridScreen):
    """Tasks by runs, live."""

    view_name: ClassVar[str] = "grid"
    splits: ClassVar[bool] = False  # it is the grid itself
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "view", "tasks", "grid")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "view", "tasks", "grid")

    def __init__(self, focus: DagFocus) -> None:
        super().__init__(focus)
        self.snapshot: GridSnapshot | None = None
        self.facts: InstanceFacts | None = None
        self._cell: CellFacts | None = None
        self.reasons: list[str] = []
        self._wanted = (focus.run_id, focus.task_id)
        self._unfolded: frozenset[str] = frozenset()
        """Mapped tasks whose map indexes are read."""
        self._runs = 0
        self._befores: list[RunKey] = []
        """Where the window of runs ends, and those it came from, the newest first; empty: it ends
        with the newest run."""
        self._turning = False
        """Another window of runs is being read."""
        self._to: int | None = None
        """The run that the cursor goes to in the next window: 0 is its oldest, -1 its newest."""
        self._rest = Rest(self, self._read_facts)
        self.filter = GridFilter()
        self._filter_text = self._before_filter = ""

    def body(self) -> Iterable[Widget]:
        self.set_class(self.app.size.width >= SPLIT_WIDTH, "-panel")
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="dag")
        with Horizontal(id="middle"):
            yield GridView(widget_id="main")
            yield TextView(widget_id="panel")
        yield InfoLine(widget_id="run")
        yield InfoLine(widget_id="cell")
        yield PromptLine("/", widget_id="filter")

    def mounted(self) -> None:
        super().mounted()
        self.query_one("#panel").can_focus = False
        _, self._unfolded = self.dagtop.ways.folds.get(self.dag_id, (None, frozenset()))
        self.view.unfolded = set(self._unfolded)

    def resized(self) -> None:
        asked = self._runs
        super().resized()
        if self._runs > asked:
            self.ask()

    def remember(self) -> None:
        run, row = self.view.run, self.view.row
        if run is not None:
            newest = self.view.grid is not None and run is self.view.grid.runs[-1]
            self.look.run_id = None if newest else run.run_id
        if row is not None and row.kind != "group":
            self.look.task_id = row.task_id

    def dag_now(self) -> DagRow | None:
        return self.snapshot.dag if self.snapshot is not None else None

    def run_now(self) -> GridRun | None:
        return self.view.run

    def row_now(self) -> GridRow | None:
        return self.view.row

    def cell_now(self) -> Cell | None:
        return self.view.current

    def fold_here(self) -> None:
        self.view.fold()
        self._keep_folds()

    # snapshots

    def fetch(self) -> Fetch:
        before = self._befores[-1] if self._befores else None
        return partial(
            read_grid,
            dag_id=self.dag_id,
            runs=self._runs,
            before=before,
            states=self.filter.states,
            types=self.filter.types,
            unfolded=self._unfolded,
        )

    def on_grid_view_unfolded(self) -> None:
        """Read the map indexes that are wanted now, unless the key that unfolded has done so."""
        unfolded = frozenset(self.view.unfolded)
        if unfolded != self._unfolded:
            self._unfolded = unfolded
            self.ask_first()

    def show_snapshot(self, snapshot: GridSnapshot | None) -> None:
        if snapshot is None:
            self.show_missing()
            return
        view = self.view
        if view.grid is None:
            folded, _ = self.dagtop.ways.folds.get(self.dag_id, (None, frozenset()))
            most = max(20, view.size.height * 3)
            view.folded = fold_default(snapshot.grid.rows, most) if folded is None else set(folded)
        run_id, task_id = self._wanted
        self._wanted = (None, None)
        loaded = {run.run_id for run in snapshot.grid.runs}
        if run_id is not None and run_id not in loaded and snapshot.grid.older is not None:
            self._go_far(run_id)
        if self._turning and run_id is None and view.run is not None:
            run_id = view.run.run_id  # the cursor stays, also at an end of what was loaded
        self._turning = False
        view.newer = bool(self._befores)
        view.show(snapshot.grid, run_id=run_id, task_id=task_id)
        if self._to is not None:
            view.go_to_run(self._to % max(1, len(snapshot.grid.runs)))
            self._to = None
        self._show_dag()
        self._read_facts()

    def _show_dag(self) -> None:
        if self.snapshot is None:
            return
        info = self.query_one("#dag", InfoLine)
        info.line = dag_line(self.snapshot.dag, self.dagtop.scene())
        view, grid = self.view, self.snapshot.grid
        tasks = sum(row.kind == "task" for row in grid.rows)
        shown = sum(row.kind == "task" for row in view.rows)
        words: list[Span] = []
        if marks := len(view.chosen()) if view.marks else 0:
            words = [Span(f"{marks} marked  ", "mark")]
        if self._filter_text:
            words.extend((Span("/", "key"), span(self._filter_text, "accent"), Span("  ")))
            words.extend(counted(shown, tasks, "tasks"))
        else:
            words.extend(counted(tasks, tasks, "task" if tasks == 1 else "tasks"))
        some = grid.older is not None or view.newer
        runs = f"{len(grid.runs)}+ runs" if some else plural(len(grid.runs), "run")
        info.right = (*words, Span(f"  {runs}", "dim"))

    def tick(self) -> None:
        super().tick()
        self._show_dag()
        self._show_lines()

    def on_grid_view_moved(self) -> None:
        self.facts = None
        self._show_dag()
        self.query_one("#panel", TextView).travel("top")
        self._show_lines()
        self._rest.begin()

    def on_grid_view_wants_older(self) -> None:
        grid = self.view.grid
        if grid is None or grid.older is None or self._turning:
            return
        if len(grid.runs) < self._runs or self._runs >= MOST_RUNS:  # more would be too many cells
            self._befores.append(grid.runs[len(grid.runs) // 2].key)
        else:
            self._runs = min(MOST_RUNS, self._runs * 4)
        self._turn()

    def on_grid_view_wants_newer(self) -> None:
        if self._befores and not self._turning:
            self._befores.pop()
            self._turn()

    def _turn(self) -> None:
        self._turning = True
        self.ask()

    def _go_far(self, run_id: str | None) -> None:
        """To a run that isn't loaded; None: to the oldest."""
        held = 0 if self.snapshot is None else len(self.snapshot.grid.runs)

        def then(keys: list[RunKey]) -> None:
            if not self.is_there or not keys or not held:
                return
            self._befores = windows_to(keys, held)
            if run_id is None:
                self._to = 0
            else:
                self._wanted = (run_id, self._wanted[1])
            self._turn()

        states, types = self.filter.states, self.filter.types
        self.dagtop.read_first(
            lambda store: read_run_keys(store, self.dag_id, run_id, states, types), then
        )

    def on_grid_view_chosen(self) -> None:
        self.action_open()

    def _show_lines(self) -> None:
        view, scene = self.view, self.dagtop.scene()
        if view.grid is None:  # or it would say that there are no runs
            self.query_one("#run", InfoLine).line = (Span("  reading ...", "dim"),)
            return
        run = view.run
        marked = run_marked(self._cell, run and run.id, scene)
        self.query_one("#run", InfoLine).line = run_line(
            run, scene, before=view.run_before, some=self.filter.of_runs, marked=marked
        )
        line = cell_line(view.row, view.current, trouble_of(self.facts, scene), scene)
        self.query_one("#cell", InfoLine).line = line
        self._show_panel()

    # the panel

    def _place(self) -> tuple[str, int] | None:
        view = self.view
        row, cell = view.row, view.current
        if row is None or cell is None or row.kind == "group" or cell.is_mapped:
            return None
        return (row.task_id, -1 if row.map_index is None else row.map_index)

    def _read_facts(self) -> None:
        if not self.is_current:
            return
        if self.has_class("-panel"):
            self._ask_reasons()
        run, place = self.view.run, self._place()
        if run is None:
            return

        def then(found: CellFacts) -> None:
            now = self.view.run if self.is_there else None
            if now is None or now.id != run.id:
                return
            self._cell = found
            if self._place() == place:
                self.facts = found.instance
            self._show_lines()

        self.dagtop.refresher.once(lambda store: read_cell(store, run.id, run.state, place), then)

    def _ask_reasons(self) -> None:
        view = self.view
        run, row = view.run, view.row
        cell = view.current
        done = cell is None or cell.state in FINISHED_TASK_STATES
        if run is None or row is None or done or run.ended_at is not None:
            self.reasons = []
            return
        request = {
            "type": "get_reasons",
            "dag_id": self.dag_id,
            "run_id": run.run_id,
            "task_id": None,
        }

        def then(reply: object) -> None:
            here = (self.view.run, self.view.row) if self.is_there else ()
            if [one and one.id for one in here] == [run.id, row.id]:
                index = -1 if row.map_index is None else row.map_index
                self.reasons = reasons_for(reply, row.task_id, index)
                self._show_panel()

        self.dagtop.commander.ask(request, then, key="reasons")

    def _show_panel(self) -> None:
        if not self.has_class("-panel"):
            return
        panel = self.query_one("#panel", TextView)
        scene = self.dagtop.scene()
        if self.facts is not None:
            lines = instance_lines(self.facts, self.reasons, scene)
        else:
            lines = cell_lines(self.view.row, self.view.current, self.reasons, scene)
        panel.show(lines)

    def action_info(self) -> None:
        """Show or hide the panel."""
        self.toggle_class("-panel")
        self.set_class(self.app.size.width >= WIDE, "-wide")
        self._read_facts()
        self._show_panel()

    def fit(self) -> None:
        super().fit()
        width = self.app.size.width
        self._runs = max(self._runs, runs_in(width))
        self.set_class(width >= WIDE, "-wide")

    def action_panel_down(self) -> None:
        """Scroll the panel down."""
        self._scroll_panel("half_down")

    def action_panel_up(self) -> None:
        """Scroll the panel up."""
        self._scroll_panel("half_up")

    def _scroll_panel(self, way: str) -> None:
        if not self.has_class("-panel"):
            self.action_info()
            return
        self.query_one("#panel", TextView).travel(way)

    def action_why(self) -> None:
        """Say why the instance under the cursor waits."""
        run = self.view.run
        if run is not None and run.ended_at is not None:
            self.dagtop.say("the run has ended: nothing waits")
        elif self.has_class("-panel"):
            self.dagtop.say("the panel says what is known: the runner says why while it is up")
        if not self.has_class("-panel"):
            self.action_info()
        else:
            self._ask_reasons()

    # going

    def step_back(self) -> bool:
        if super().step_back():
            return True
        if self._filter_text:
            self._set_filter("")
            return True
        if self.has_class("-panel"):
            self.remove_class("-panel")
            return True
        return False

    def action_fold(self) -> None:
        """Fold or unfold a group, or a mapped task into its map indexes."""
        if self.view.fold():
            self._keep_folds()
            return
        row = self.view.row
        words = "no group is around this task"
        if row is not None and row.is_mapped:
            words = f"no run here has instances of {row.id} yet"
        self.dagtop.say(words)

    def action_fold_all(self) -> None:
        """Fold or unfold all groups."""
        if not self.view.fold_all():
            self.dagtop.say("there are no groups to fold")
        self._keep_folds()

    def _keep_folds(self) -> None:
        folds = frozenset(self.view.folded), frozenset(self.view.unfolded)
        self.dagtop.ways.folds[self.dag_id] = folds
        self.on_grid_view_unfolded()

    def action_first_run(self) -> None:
        """To the oldest run."""
        grid = self.view.grid
        if grid is not None and grid.older is not None:
            self._go_far(None)
        else:
            self.view.go_to_run(0)

    def action_last_run(self) -> None:
        """To the newest run."""
        if self._befores:
            self._befores.clear()
            self._to = -1
            self._turn()
        elif self.view.grid is not None:
            self.view.go_to_run(len(self.view.grid.runs) - 1)

    # the filter

    async def action_filter(self) -> None:
        """Open the filter."""
        self._before_filter = self._filter_text
        prompt = self.query_one("#filter", PromptLine)
        prompt.completed = lambda text: completed(text, ("run", "type"), RUN_FACTS)
        await prompt.open(self._filter_text, "words of task ids  run:failed  type:manual  !not")

    def on_prompt_line_typed(self, message: PromptLine.Typed) -> None:
        self._set_filter(message.text.strip())

    def on_prompt_line_entered(self) -> None:
        if trouble := self.filter.trouble:
            self._set_filter(self._before_filter)
            self.dagtop.say(trouble, "warning")

    def on_prompt_line_escaped(self) -> None:
        self._set_filter(self._before_filter)

    def _set_filter(self, text: str) -> None:
        before, self.filter = self.filter, grid_filter(text)
        self._filter_text = text
        self.view.words = self.filter.words
        if (before.states, before.types) != (self.filter.states, self.filter.types):
            self._befores.clear()
            self._turn()
        self._filtered()

    def _filtered(self) -> None:
        self.view.lay_out()
        self.view.repaint()
        self._show_dag()
        self._show_lines()

"""What the views of one DAG share: the line of views, and what is looked at from view to view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from app.tui.location import Location
from app.tui.reading import read_run_beside
from app.tui.screens.acting import Selection, ask_clear, ask_delete, ask_kill, ask_mark
from app.tui.screens.base import DagtopScreen
from app.tui.screens.side import SideScreen
from app.tui.screens.triggering import clone, trigger
from app.tui.screens.views import DAG_VIEWS, View
from app.tui.spans import Span, Spans, span
from app.tui.widgets.chrome import InfoLine
from store.states import EXECUTING_TASK_STATES

if TYPE_CHECKING:
    from store.queries.cells import Cell
    from store.queries.dags import DagRow
    from store.queries.grid import GridRow, GridRun


@dataclass(slots=True)
class DagFocus:
    """What is looked at in one DAG. The views share one, so a run chosen in one holds in all."""

    dag_id: str
    run_id: str | None = None
    """None: the newest."""
    task_id: str | None = None
    kept: dict[str, Any] = field(default_factory=dict)
    """What a view wants to find again when one comes back to it, by the view's name."""


class DagViewScreen(SideScreen):
    """One view of a DAG. Subclasses take a ``DagFocus`` alone, and have InfoLines ``#views`` and
    ``#dag``."""

    views: ClassVar[Mapping[str, View]] = DAG_VIEWS

    def __init__(self, focus: DagFocus) -> None:
        super().__init__()
        self.look = focus

    def make(self, view: View) -> DagtopScreen:
        return view.load()(self.look)

    @property
    def dag_id(self) -> str:
        return self.look.dag_id

    def looked_at(self) -> tuple[str | None, str | None]:
        return self.look.run_id, self.look.task_id

    def look_at(self, run_id: str | None, task_id: str | None) -> None:
        self.look.run_id, self.look.task_id = run_id, task_id

    def location(self) -> Location:
        look = self.look
        return Location(
            self.dagtop.ways.place_name, look.dag_id, self.view_name, look.run_id, look.task_id
        )

    def to_find_again(self) -> dict[str, Any]:
        return self.look.kept

    def crumbs(self) -> tuple[str, ...]:
        return (self.dagtop.workspace.root.name or "/", self.dag_id)

    def banner(self) -> Spans:
        return self.dagtop.trouble_spans() or self.dagtop.runner_trouble()

    def dag_now(self) -> DagRow | None:
        """The DAG as the last snapshot has it; None before there is one."""
        return None

    def show_missing(self) -> None:
        """Say that there is no such DAG."""
        self.query_one("#dag", InfoLine).line = (
            Span(" ! ", "error"),
            span(f"there is no DAG {self.dag_id}", "error"),
        )

    def line_now(self) -> int:
        """The line of its file that is looked at; 0: none."""
        return 0

    def version_now(self) -> int | None:
        """The version of the DAG that the line is of; None: the newest."""
        return None

    def task_now(self) -> str | None:
        """The task under the cursor; None: there is none."""
        return None

    # actions of all views of a DAG

    def action_edit_file(self) -> None:
        """Open its file in the editor."""
        from app.tui.screens.sourcing import edit_line

        line, version, task_id = self.line_now(), self.version_now(), self.task_now()
        edit_line(self.dagtop, self.dag_id, line=line, of=version, task_id=task_id)

    def action_tracked_runs(self) -> None:
        """The tracked runs of the DAG."""
        self.dagtop.ways.open_experiments(dags=(self.dag_id,))

    def action_dependencies(self) -> None:
        """The graph of DAGs and assets, at this DAG."""
        self.dagtop.ways.open_dependencies()

    def action_trigger(self) -> None:
        """Trigger a run."""
        trigger(self.dagtop, self.dag_id)

    def action_pause(self) -> None:
        """Pause or unpause the DAG."""
        dag = self.dag_now()
        if dag is not None:
            kind = "unpause" if dag.is_paused else "pause"
            self.dagtop.act(kind, {"dag_ids": [self.dag_id]}, f"{kind}d {self.dag_id}")

    def action_favourite(self) -> None:
        """Give the DAG a star, or take it away."""
        from app.tui.screens.favouring import turn_favourite

        if self.dag_now() is None:
            self.dagtop.say(f"there is no DAG {self.dag_id} to give a star")
            return
        turn_favourite(self.dagtop, [self.dag_id])
        self.ask()

    def action_edit_schedule(self) -> None:
        """Put another schedule in the place of the file's."""
        from app.tui.screens.scheduling import ask_schedule

        ask_schedule(self.dagtop, self.dag_id)

    def action_backfill(self) -> None:
        """Make the scheduled runs of a span of time."""
        from app.tui.screens.backfilling import ask_backfill

        ask_backfill(self.dagtop, self.dag_id)


def executing(cell: Cell | None) -> int:
    """How many of the task instances have processes."""
    counts = {} if cell is None else cell.counts
    return sum(counts.get(state, 0) for state in EXECUTING_TASK_STATES)


class RunViewScreen(DagViewScreen):
    """A view with tasks of a run: subclasses say what is under the cursor."""

    def run_now(self) -> GridRun | None:
        """The run under the cursor."""
        raise NotImplementedError

    def row_now(self) -> GridRow | None:
        """The task or group under the cursor."""
        raise NotImplementedError

    def cell_now(self) -> Cell | None:
        """What the run holds of it."""
        raise NotImplementedError

    def task_now(self) -> str | None:
        row = self.row_now()
        return None if row is None or row.kind == "group" else row.task_id

    def fold_here(self) -> None:
        """Fold or unfold the group under the cursor."""
        raise NotImplementedError

    # going

    def action_open(self) -> None:
        """Open the log of the try; a mapped task lists its instances, a group folds."""
        run, row, cell = self.run_now(), self.row_now(), self.cell_now()
        if row is None:
            return
        if row.kind == "group":
            self.fold_here()
        elif run is None or (cell is None and row.kind != "more"):
            self.dagtop.say(f"this run has no such {'task' if row.kind == 'task' else 'instance'}")
        elif cell is None or cell.is_mapped:
            from app.tui.screens.instances import InstancesScreen

            self.app.push_screen(InstancesScreen(self.dag_id, run.run_id, run.id, row.task_id))
        else:
            index = -1 if row.map_index is None else row.map_index
            self.dagtop.ways.open_log(self.dag_id, run.run_id, row.task_id, index)

    def action_run_details(self) -> None:
        """Show all about the run under the cursor."""
        run = self.run_now()
        if run is None:
            self.dagtop.say("no run is under the cursor")
        else:
            self.dagtop.ways.open_run(self.dag_id, run.run_id)

    def action_details(self) -> None:
        """Show all about the task instance under the cursor; of a mapped task the first."""
        run, row, cell = self.run_now(), self.row_now(), self.cell_now()
        if row is None or run is None or cell is None:
            self.dagtop.say("this run has no such task")
        elif row.kind == "group":
            self.dagtop.say("a group has no details: put the cursor on a task")
        else:
            self.dagtop.ways.open_details(self.dag_id, run.run_id, row.task_id, row.map_index)

    def action_over_runs(self) -> None:
        """Show the instances that the task under the cursor has in all runs."""
        row = self.row_now()
        if row is None or row.kind == "group":
            self.dagtop.say("put the cursor on a task: its instances in all runs are listed")
        else:
            self.dagtop.ways.open_over_runs(self.dag_id, row.task_id)

    def action_merged(self) -> None:
        """The logs of the group, or of the instances, under the cursor, else of the whole run."""
        run, row, cell = self.run_now(), self.row_now(), self.cell_now()
        if run is None:
            self.dagtop.say("no run is under the cursor")
            return
        from app.tui.screens.merged_log import MergedLogScreen

        tasks, name = None, ""
        if row is not None and cell is not None and row.map_index is not None:
            chosen = frozenset({(row.task_id, row.map_index)})
            screen = MergedLogScreen(self.dag_id, run.run_id, row.task_ids, chosen, row.id)
            self.app.push_screen(screen)
            return
        if row is not None and (row.kind == "group" or (cell is not None and cell.is_mapped)):
            tasks, name = tuple(row.task_ids or (row.id,)), row.id
        self.app.push_screen(MergedLogScreen(self.dag_id, run.run_id, tasks, name=name))

    def action_copy(self) -> None:
        """Copy the id of the task or group."""
        row = self.row_now()
        if row is not None:
            self.dagtop.copy(row.id, "the task id")

    # acting

    def action_clone(self) -> None:
        """Trigger a run with the params of the one under the cursor."""
        run = self.run_now()
        if run is None:
            self.dagtop.say("no run is under the cursor")
        else:
            clone(self.dagtop, self.dag_id, run.run_id)

    def action_note(self) -> None:
        """Write a note on the task instance under the cursor, or on its run."""
        from app.tui.screens.noting import ask_note

        run, row, cell = self.run_now(), self.row_now(), self.cell_now()
        if run is None:
            self.dagtop.say("no run is under the cursor")
            return
        if row is None or row.kind == "group" or cell is None or cell.is_mapped:
            ask_note(self.dagtop, self.dag_id, run.run_id)
        else:
            ask_note(self.dagtop, self.dag_id, run.run_id, row.task_id, row.map_index)

    def selection(self) -> Selection | None:
        """What is under the cursor; a group stands for all its tasks."""
        run, row = self.run_now(), self.row_now()
        if run is None or row is None:
            self.dagtop.say(f"no {'run' if run is None else 'task'} is under the cursor")
            return None
        if row.kind == "more":
            self.dagtop.say("Enter lists the other map indexes: they are acted on there")
            return None
        indexes = None if row.map_index is None else (row.map_index,)
        return Selection(self.dag_id, run.run_id, row.task_ids or (row.id,), indexes)

    def parts(self) -> list[Selection]:
        """What an action works on."""
        selection = self.selection()
        return [] if selection is None else [selection]

    def working(self) -> tuple[list[Selection], int]:
        """What of it has processes, and how many they are."""
        selection, number = self.selection(), executing(self.cell_now())
        return ([selection] if number and selection is not None else []), number

    def action_priority(self) -> None:
        """Set the priority weight of tasks that have not started."""
        from app.tui.screens.priority import ask_priority

        if chosen := self.parts():
            ask_priority(self.dagtop, chosen)

    def action_clear(self) -> None:
        """Run tasks again."""
        if chosen := self.parts():
            ask_clear(self.dagtop, chosen)

    def action_retry(self) -> None:
        """Run tasks again, with other params."""
        from app.tui.screens.retrying import ask_retry

        chosen = self.parts()
        if len(chosen) > 1:
            self.dagtop.say("mark whole tasks, or instances of one task, to retry them together")
        elif chosen:
            ask_retry(self.dagtop, chosen[0])

    def action_mark_state(self) -> None:
        """Mark tasks, or the run."""
        if chosen := self.parts():
            ask_mark(self.dagtop, chosen)

    def action_kill(self) -> None:
        """End what runs."""
        chosen, run = self.parts(), self.run_now()
        if not chosen or run is None:
            return
        if run.ended_at is not None:
            self.dagtop.say("the run has ended: nothing of it runs")
            return
        ask_kill(self.dagtop, chosen, *self.working())

    def action_delete(self) -> None:
        """Delete task instances of a run that has ended."""
        chosen, run = self.parts(), self.run_now()
        if not chosen or run is None:
            return
        if run.ended_at is None:
            self.dagtop.say("the run has not ended: cancel it or wait, then delete")
            return
        ask_delete(self.dagtop, chosen)


class OneRunScreen(RunViewScreen):
    """A view of one run at a time; ``<`` and ``>`` go to the runs beside it."""

    def action_previous_run(self) -> None:
        """The run before."""
        self._turn_run(-1)

    def action_next_run(self) -> None:
        """The next run."""
        self._turn_run(1)

    def _turn_run(self, direction: int) -> None:
        run = self.run_now()
        if run is None:
            self.dagtop.say("there are no runs yet")
            return

        def then(found: tuple[str, bool] | None) -> None:
            if not self.is_there:
                return
            if found is None:
                self.dagtop.say(f"this is the {'newest' if direction > 0 else 'oldest'} run")
                return
            run_id, is_newest = found
            self.look.run_id = None if is_newest else run_id
            self.ask_first()

        self.dagtop.read_first(
            lambda store: read_run_beside(store, self.dag_id, run.key, direction), then
        )

    def action_last_run(self) -> None:
        """Follow the newest run."""
        if self.look.run_id is None:
            self.dagtop.say("this is the newest run")
        self.look.run_id = None
        self.ask_first()

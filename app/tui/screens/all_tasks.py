"""Task instances across runs as a table: those of all DAGs, and those of one task."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.filters import Facts, parse
from app.tui.location import Location
from app.tui.models.run import Place, reasons_by_place
from app.tui.models.tasks import columns, detail_line, facts_of, waits, wanted_of
from app.tui.reading_instances import Operators, TaskEntry, Wanted, read_page, read_tasks
from app.tui.screens.acting import Selection, ask_clear, ask_delete, ask_kill, ask_mark, selections
from app.tui.screens.long_table import HEAD, PAGE, LongTable
from app.tui.screens.places import PlaceScreen
from app.tui.spans import Span, Spans
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table
from store.states import EXECUTING_TASK_STATES, FINISHED_TASK_STATES

if TYPE_CHECKING:
    from app.tui.models.long_list import Page
    from app.tui.reading_instances import TasksSnapshot
    from app.tui.refresher import Fetch
    from store.engine import Store
    from store.queries.instances import InstanceKey

ASKED_ABOUT = 8
"""Runs on screen of which the runner is asked why their tasks wait."""

Reasons = dict[Place, str]


class TasksTable(LongTable["TaskEntry"]):
    """A table of task instances of several runs."""

    filter_hint: ClassVar[str] = "words  state:failed  task:x  pool:x  dur>10m  tries>1  !not"
    first_order: ClassVar[str] = "started"
    nouns: ClassVar[tuple[str, str]] = ("task instance", "task instances")
    of_task: tuple[str, str] | None = None
    """The DAG and the task whose instances they are; None: of all."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.snapshot: TasksSnapshot | None = None
        self._operators: Operators = {}
        self._reasons: dict[int, Reasons] = {}
        self._asked = 0

    def body(self) -> Iterable[Widget]:
        if self.of_task is None:
            yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="summary")
        columns = self._columns()
        yield Table(columns, lambda entry: str(entry.id), empty="reading ...", widget_id="main")
        yield InfoLine(widget_id="detail")
        yield PromptLine("/", widget_id="filter")

    def _columns(self) -> Any:
        return columns(self.why, self.app.size.width, of_one_task=self.of_task is not None)

    def resized(self) -> None:
        super().resized()
        if self.is_there:
            self.table.set_columns(self._columns())

    # what is read

    def wanted_now(self, filter_text: str) -> Wanted:
        return wanted_of(*(self.of_task or (None, None)), parse(filter_text))

    def read_head(self, wanted: Wanted, watched: tuple[int, ...]) -> Fetch:
        return partial(
            read_tasks, wanted=wanted, operators=self._operators, limit=HEAD, watched=watched
        )

    def read_page(self, wanted: Wanted, before: InstanceKey) -> Callable[[Store], Page[TaskEntry]]:
        return partial(
            read_page, wanted=wanted, operators=self._operators, before=before, limit=PAGE
        )

    def facts_of(self, row: TaskEntry) -> Facts:
        return facts_of(row, self.why(row), self.dagtop.clock())

    def is_over(self, row: TaskEntry) -> bool:
        return row.placed.instance.state in FINISHED_TASK_STATES

    def total(self) -> int:
        return 0 if self.snapshot is None else self.snapshot.total

    def show_counts(self) -> None:
        summary = self.query_one("#summary", InfoLine)
        summary.line = (Span(" Newest runs first. ", "dim"),)
        summary.right = self.count_spans(self.total())

    def detail(self) -> Spans:
        entry = self.table.current
        why = "" if entry is None else self.why(entry)
        return detail_line(entry, why, self.dagtop.scene())

    # why something waits

    def why(self, entry: TaskEntry) -> str:
        """Why it waits, or what went wrong in it."""
        row = entry.placed.instance
        if entry.error or not waits(row):
            return entry.error
        return self._reasons.get(row.dag_run_id, {}).get((row.task_id, row.map_index), "")

    def show_snapshot(self, snapshot: TasksSnapshot) -> None:
        super().show_snapshot(snapshot)
        self._ask_reasons()

    def tick(self) -> None:
        super().tick()
        self._ask_reasons()

    def _watch(self) -> None:
        super()._watch()
        self._ask_reasons()

    def _ask_reasons(self) -> None:
        """Ask the runner why what is on screen waits; nothing while it has not answered."""
        if self._asked or not self.is_current or not self.is_there:
            return
        runs: dict[int, tuple[str, str]] = {}
        for entry in self.on_screen():
            row = entry.placed.instance
            if waits(row):
                runs[row.dag_run_id] = (row.dag_id, entry.placed.run_id)
        for key, (dag_id, run_id) in list(runs.items())[:ASKED_ABOUT]:
            self._asked += 1
            request = {"type": "get_reasons", "dag_id": dag_id, "run_id": run_id, "task_id": None}
            self.dagtop.commander.ask(request, partial(self._take_reasons, key))

    def _take_reasons(self, key: int, reply: object) -> None:
        self._asked -= 1
        found, _ = reasons_by_place(reply)
        if found != self._reasons.get(key, {}):
            self._reasons[key] = found
            if self.is_there:
                self.table.repaint()
                self.show_detail()

    # going

    def action_open(self) -> None:
        """Open the log of the task instance."""
        if entry := self.table.current:
            row = entry.placed.instance
            self.dagtop.ways.open_log(row.dag_id, entry.placed.run_id, row.task_id, row.map_index)

    def action_details(self) -> None:
        """Open all there is to know about the task instance."""
        if entry := self.table.current:
            row, run_id = entry.placed.instance, entry.placed.run_id
            self.dagtop.ways.open_details(row.dag_id, run_id, row.task_id, row.map_index)

    def action_run_details(self) -> None:
        """Open its run."""
        if entry := self.table.current:
            self.dagtop.ways.open_run(entry.placed.instance.dag_id, entry.placed.run_id)

    def action_over_runs(self) -> None:
        """Show the instances that its task has in all runs."""
        if self.of_task is not None:
            self.dagtop.say("these are the instances of the task in all runs")
        elif entry := self.table.current:
            row = entry.placed.instance
            self.dagtop.ways.open_over_runs(row.dag_id, row.task_id)

    def action_merged(self) -> None:
        """The logs of the marked instances of a run, else of its whole run, by time."""
        from app.tui.screens.merged_log import of_instances

        rows = self.chosen()
        runs = {(row.placed.instance.dag_id, row.placed.run_id) for row in rows}
        if len(runs) > 1:
            self.dagtop.say("mark task instances of one run: their logs are shown by time")
        for dag_id, run_id in runs if len(runs) == 1 else ():
            instances = [row.placed.instance for row in rows]
            self.app.push_screen(of_instances(dag_id, run_id, instances))

    def action_copy(self) -> None:
        """Copy where the task instances are."""
        from app.tui.models.instance import instance_name

        rows = [(row.placed.run_id, row.placed.instance) for row in self.chosen()]
        names = [
            f"{row.dag_id} {run_id} {instance_name(row.task_id, row.map_index)}"
            for run_id, row in rows
        ]
        if names:
            what = names[0] if len(names) == 1 else f"the names of {len(names)} task instances"
            self.dagtop.copy("\n".join(names), what)

    # acting

    def parts(self, states: Container[Any] | None = None) -> list[Selection]:
        """The marked task instances, else the one under the cursor, run by run; ``states``: only
        those in one of them."""
        runs: dict[tuple[str, str], list[Any]] = {}
        for entry in self.chosen():
            row = entry.placed.instance
            if states is None or row.state in states:
                runs.setdefault((row.dag_id, entry.placed.run_id), []).append(row)
        return [one for run, rows in runs.items() for one in selections(*run, rows)]

    def action_clear(self) -> None:
        """Run task instances again."""
        if chosen := self.parts():
            ask_clear(self.dagtop, chosen)

    def action_mark_state(self) -> None:
        """Mark task instances."""
        if chosen := self.parts():
            ask_mark(self.dagtop, chosen)

    def action_kill(self) -> None:
        """End what runs."""
        if chosen := self.parts():
            ask_kill(self.dagtop, chosen, self.parts(EXECUTING_TASK_STATES))

    def action_delete(self) -> None:
        """Delete task instances that have ended."""
        ended = [self.is_over(entry) for entry in self.chosen()]
        ask_delete(self.dagtop, self.parts(FINISHED_TASK_STATES), ended.count(False))

    def action_retry(self) -> None:
        """Run task instances of one run again, with other params."""
        from app.tui.screens.retrying import ask_retry

        chosen = self.parts()
        if len(chosen) > 1:
            self.dagtop.say("params are those of a run: mark tasks of one run to retry them")
        elif chosen:
            ask_retry(self.dagtop, chosen[0])

    def action_priority(self) -> None:
        """Set the priority weight of task instances of one run that have not started."""
        from app.tui.screens.priority import ask_priority

        chosen = self.parts()
        if len({(one.dag_id, one.run_id) for one in chosen}) > 1:
            self.dagtop.say("mark task instances of one run to set their priority weight")
        elif chosen:
            ask_priority(self.dagtop, chosen)

    def action_note(self) -> None:
        """Write a note on the task instance under the cursor, or on its run."""
        from app.tui.screens.noting import ask_note

        if entry := self.table.current:
            row = entry.placed.instance
            ask_note(self.dagtop, row.dag_id, entry.placed.run_id, row.task_id, row.map_index)


class AllTasksScreen(TasksTable, PlaceScreen):
    """The task instances of all DAGs and runs."""

    view_name: ClassVar[str] = "tasks"
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "place",
        "list",
        "table",
        "instances",
        "over_runs",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "place", "list", "table", "instances", "over_runs"
    )
    filter_hint: ClassVar[str] = (
        "words  state:failed  dag:x  tag:x  task:x  run:x  pool:x  dur>10m  tries>1  !not"
    )


class OverRunsScreen(TasksTable):
    """The instances of one task in all runs of its DAG."""

    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "table", "instances", "over_runs")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "table", "instances", "over_runs")

    def __init__(self, dag_id: str, task_id: str) -> None:
        self.of_task = (dag_id, task_id)
        super().__init__()

    def location(self) -> Location:
        dag_id, task_id = self.of_task or ("", "")
        place = self.dagtop.ways.place_name
        return Location(place, dag_id, task_id=task_id, over_runs=True)

    def crumbs(self) -> tuple[str, ...]:
        return (*(self.of_task or ()), "all runs")

    def banner(self) -> Spans:
        return self.dagtop.trouble_spans() or self.dagtop.runner_trouble()

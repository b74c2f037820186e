"""One run: how far it is, when it will end, what failed, and its task instances, live."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.filters import Facts
from app.tui.formats import run_name
from app.tui.location import Location
from app.tui.models.instance import instance_name
from app.tui.models.places import Place as FilePlace
from app.tui.models.places import places_of_try
from app.tui.models.run import (
    Place,
    about_lines,
    done_of,
    estimate_words,
    progress_line,
    reached_at,
    reasons_by_place,
    state_line,
    why_lines,
    why_of,
)
from app.tui.models.run_estimate import estimate
from app.tui.models.run_table import (
    Beside,
    row_line,
    run_columns,
    took,
    waited,
)
from app.tui.reading import read_run_beside
from app.tui.reading_run import RunSnapshot, read_past_runs, read_run_screen
from app.tui.screens.acting import ask_clear, ask_delete_rows, ask_kill, ask_mark, selections
from app.tui.screens.beside import BesideScreen
from app.tui.screens.listing import ListScreen, Sieve
from app.tui.screens.triggering import clone, trigger
from app.tui.spans import Span, Spans, span
from app.tui.theme import task_look
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table
from app.tui.widgets.text_view import TextView
from store.states import EXECUTING_TASK_STATES

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from app.tui.screens.acting import Selection
    from store.queries.estimates import PastRun
    from store.queries.tasks import InstanceRow

NARROW = 80
"""Columns below which an estimate takes the place of the states in numbers."""

FRAME = 5
"""Lines that neither the facts nor the table have."""


def row_key(row: InstanceRow) -> str:
    """What tells a row from the others."""
    return f"{row.map_index} {row.task_id}"


class RunScreen(ListScreen["InstanceRow"], BesideScreen):
    """The facts of a run above the table of its task instances."""

    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "list",
        "table",
        "instances",
        "run",
        "run_screen",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "list", "table", "instances", "run", "run_screen"
    )
    filter_hint: ClassVar[str] = "words  state:failed  pool:gpu  dur>10m  waited>1m  tries>1  !not"
    first_order: ClassVar[str] = "task"

    def __init__(self, dag_id: str, run_id: str) -> None:
        super().__init__()
        self.dag_id = dag_id
        self.run_id = run_id
        self.snapshot: RunSnapshot | None = None
        self.past: tuple[PastRun, ...] = ()
        self._past_of: int | None = None
        self._reasons: dict[Place, str] = {}
        self._run_why: list[str] = []
        self._asking = False
        self._why: dict[Place, str] = {}

    def crumbs(self) -> tuple[str, ...]:
        return (self.dag_id, run_name(self.run_id))

    def location(self) -> Location:
        return Location(
            self.dagtop.ways.place_name, self.dag_id, run_id=self.run_id, run_screen=True
        )

    def banner(self) -> Spans:
        return self.dagtop.trouble_spans() or self.dagtop.runner_trouble()

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="state")
        yield InfoLine(widget_id="progress")
        yield TextView(widget_id="facts")
        yield InfoLine(widget_id="tasks")
        yield Table(
            run_columns(Beside(), self.app.size.width),
            row_key,
            empty="reading ...",
            widget_id="main",
        )
        yield InfoLine(widget_id="row")
        yield PromptLine("/", widget_id="filter")

    def mounted(self) -> None:
        super().mounted()
        self.about.can_focus = False
        self.show_dag_views()

    def subject(self) -> tuple[str, str, str | None]:
        row = self.table.current
        return self.dag_id, self.run_id, None if row is None else row.task_id

    def failed_at(self) -> tuple[str | None, Sequence[FilePlace]]:
        """Where the task instance under the cursor failed, else the last that did."""
        failures = self.snapshot.failures if self.snapshot is not None else ()
        row = self.table.current
        chosen = [pair for pair in failures if row is not None and pair[0].id == row.id]
        for instance, one in chosen or failures[:1]:
            return instance.task_id, places_of_try(one)
        return None, ()

    @property
    def about(self) -> TextView:
        return self.query_one("#facts", TextView)

    # snapshots

    def fetch(self) -> Fetch:
        log = self.dagtop.workspace.log
        return partial(read_run_screen, dag_id=self.dag_id, run_id=self.run_id, log=log)

    def show_snapshot(self, snapshot: RunSnapshot | None) -> None:
        if snapshot is None:
            words = f"there is no run {self.run_id} of {self.dag_id}"
            self.query_one("#state", InfoLine).line = (Span(" ! ", "error"), span(words, "error"))
            self.table.empty = ""
            self.table.show([])
            return
        self._ask_past(snapshot)
        self._ask_reasons()
        self._show_why()

    def _show_why(self) -> None:
        """Show all that depends on the snapshot and on what the runner said."""
        if self.snapshot is None:
            return
        self._why = why_of(self.snapshot, self._reasons, self.dagtop.scene())
        self._show_head()
        self._set_columns()
        self._sieve = Sieve(self.filter_text, self.facts)
        self.sift(self.snapshot.instances)

    def _set_columns(self) -> None:
        operators = self.snapshot.operators if self.snapshot is not None else {}
        rows = self.snapshot.instances if self.snapshot is not None else ()
        longest = max((cell_len(row.task_id) for row in rows), default=0) + len("[100]")
        width = self.app.size.width
        self.table.columns = run_columns(Beside(operators, self._why), width, longest)

    def show_rows(self) -> None:
        """Show what passes the filter."""
        if self.snapshot is None:
            return
        rows = self.snapshot.instances
        self.table.empty = "No task instance passes the filter. Esc clears it."
        if not rows:
            self.table.empty = "This run has no task instances yet."
        self.table.show(self.passing(rows))

    def _show_head(self) -> None:
        if self.snapshot is None:
            return
        run, instances = self.snapshot.run, self.snapshot.instances
        scene, width = self.dagtop.scene(), self.app.size.width
        done, total = done_of(instances)
        state = self.query_one("#state", InfoLine)
        state.line = state_line(run, scene)
        state.right = (Span(f"{done:,} of {total:,} done", "strong" if done < total else "dim"),)
        progress = self.query_one("#progress", InfoLine)
        progress.right = self._estimate_words()
        is_bare = width < NARROW and bool(progress.right)
        progress.line = progress_line(instances, width, scene, is_bare=is_bare)
        most = max(3, (self.app.size.height - FRAME) // 2)
        lines = about_lines(self.snapshot, self._run_why, width - 2, scene, most)
        about = self.about
        about.show(lines)
        rows = min(len(lines), most)
        if about.styles.height is None or about.styles.height.value != rows:
            about.styles.height = rows
        more = about.row_count > rows
        self.query_one("#tasks", InfoLine).line = (
            (Span(" J K", "key"), Span(" scroll what is above", "dim")) if more else ()
        )

    def _estimate_words(self) -> Spans:
        if self.snapshot is None or self.snapshot.run.ended_at is not None:
            return ()
        instances = self.snapshot.instances
        started = self.snapshot.run.started_at
        reached = reached_at(self.snapshot.run, instances)
        if started is None or reached is None:
            return ()
        done, total = done_of(instances)
        scene = self.dagtop.scene()
        found = estimate(self.past, started, done, total, reached, scene.now)
        return estimate_words(found, scene, self.app.size.width)

    def _show_count(self) -> None:
        total = len(self.snapshot.instances) if self.snapshot else 0
        words = self.count_words(total, "task instance", "task instances")
        self.query_one("#tasks", InfoLine).right = words
        line = row_line(self.table.current, self._why, self.dagtop.scene())
        self.query_one("#row", InfoLine).line = line

    def _ask_past(self, snapshot: RunSnapshot) -> None:
        """Read how past runs went, once: an estimate is wanted while the run goes on."""
        run = snapshot.run
        if run.ended_at is not None or self._past_of == run.id:
            return
        self._past_of = run.id
        number = len(snapshot.instances)

        def then(past: tuple[PastRun, ...]) -> None:
            if self.is_there and self._past_of == run.id:
                self.past = past
                self._show_head()

        self.dagtop.refresher.once(lambda store: read_past_runs(store, run, number), then)

    def _ask_reasons(self) -> None:
        """Ask the runner why tasks wait; one question at a time."""
        if self.snapshot is None or self.snapshot.run.ended_at is not None:
            self._reasons, self._run_why = {}, []
            return
        if self._asking or not self.is_current:
            return
        self._asking = True
        run_id = self.run_id
        place = {"dag_id": self.dag_id, "run_id": run_id, "task_id": None}

        def then(reply: object) -> None:
            self._asking = False
            if self.is_there and self.run_id == run_id:
                found = reasons_by_place(reply)
                if found != (self._reasons, self._run_why):
                    self._reasons, self._run_why = found
                    self._show_why()

        self.dagtop.commander.ask({"type": "get_reasons", **place}, then, key="reasons")

    def tick(self) -> None:
        super().tick()
        self._show_head()
        self._ask_reasons()

    def resized(self) -> None:
        super().resized()
        if self.is_there:
            self.show_dag_views()
        if self.is_there and self.snapshot is not None:
            self._set_columns()
            self.table.set_columns(self.table.all_columns)
            self._show_head()

    def facts(self, row: InstanceRow) -> Facts:
        word, why = task_look(row.state).word, self._why.get((row.task_id, row.map_index), "")
        name = instance_name(row.task_id, row.map_index, row.map_label)
        operator = self.snapshot.operators.get(row.task_id, "") if self.snapshot else ""
        now = self.dagtop.clock()
        return Facts(
            text=f"{name} {why}",
            flags=frozenset({word}),
            fields={
                "state": [word],
                "task": [row.task_id],
                "pool": [row.pool],
                "operator": [operator],
                "why": [why],
            },
            numbers={
                "dur": took(row, now),
                "waited": waited(row, now),
                "tries": float(row.try_number),
                "index": float(row.map_index),
            },
        )

    def on_table_moved(self) -> None:
        self._show_count()

    # going

    def action_open(self) -> None:
        """Open the log of the task instance."""
        row = self.table.current
        if row is not None:
            self.dagtop.ways.open_log(self.dag_id, self.run_id, row.task_id, row.map_index)

    def action_merged(self) -> None:
        """The logs of the marked instances, else of the whole run, by time."""
        from app.tui.screens.merged_log import of_instances

        self.app.push_screen(of_instances(self.dag_id, self.run_id, self.table.chosen()))

    def action_details(self) -> None:
        """Open all there is to know about the task instance."""
        row = self.table.current
        if row is not None:
            self.dagtop.ways.open_details(self.dag_id, self.run_id, row.task_id, row.map_index)

    def action_over_runs(self) -> None:
        """Show the instances that the task under the cursor has in all runs."""
        row = self.table.current
        if row is not None:
            self.dagtop.ways.open_over_runs(self.dag_id, row.task_id)

    def action_why(self) -> None:
        """Show each reason to wait, with the tasks that wait for it."""
        if self.snapshot is None or self.snapshot.run.ended_at is not None:
            self.dagtop.say("the run has ended: nothing waits")
            return
        lines = [*self._run_why, *why_lines(self.snapshot.instances, self._why)]
        if lines:
            self.dagtop.ways.open_text((*self.crumbs(), "why"), "\n".join(lines))
        else:
            self.dagtop.say("nothing is known to wait: the runner says why while it is up")

    def action_about_down(self) -> None:
        """Scroll the facts down."""
        self.about.travel("half_down")

    def action_about_up(self) -> None:
        """Scroll the facts up."""
        self.about.travel("half_up")

    def action_previous_run(self) -> None:
        """The run before."""
        self._turn_run(-1)

    def action_next_run(self) -> None:
        """The next run."""
        self._turn_run(1)

    def _turn_run(self, direction: int) -> None:
        if self.snapshot is None:
            return
        key = self.snapshot.run.key

        def then(found: tuple[str, bool] | None) -> None:
            if not self.is_there:
                return
            if found is None:
                self.dagtop.say(f"this is the {'newest' if direction > 0 else 'oldest'} run")
            else:
                self._show_run(found[0])

        self.dagtop.read_first(
            lambda store: read_run_beside(store, self.dag_id, key, direction), then
        )

    def action_last_run(self) -> None:
        """To the newest run."""
        from app.tui.reading_run import read_newest_run

        def then(run_id: str | None) -> None:
            if self.is_there and run_id is not None:
                self._show_run(run_id)

        self.dagtop.read_first(lambda store: read_newest_run(store, self.dag_id), then)

    def _show_run(self, run_id: str) -> None:
        self.run_id = run_id
        self.past, self._past_of = (), None
        self._reasons, self._run_why = {}, []
        self.about.travel("top")
        self.show_crumbs()
        self.dagtop.ways.visited(self.to_find_again())
        self.ask_first()

    # acting

    def action_clone(self) -> None:
        """Trigger a run with the params of this one."""
        clone(self.dagtop, self.dag_id, self.run_id)

    def action_trigger(self) -> None:
        """Trigger a run."""
        trigger(self.dagtop, self.dag_id)

    def action_note(self) -> None:
        """Write a note on the run or the task instance here, or the same on all that are marked."""
        from app.tui.screens.noting import ask_note, ask_note_on_instances

        if len(rows := self.table.chosen()) > 1:
            ask_note_on_instances(self.dagtop, self.dag_id, self.run_id, rows)
            return
        row = self.table.current
        place = (None, None) if row is None else (row.task_id, row.map_index)
        ask_note(self.dagtop, self.dag_id, self.run_id, *place)

    def action_copy(self) -> None:
        """Copy the id of the run."""
        self.dagtop.copy(self.run_id, "the run id")

    def parts(self) -> list[Selection]:
        """The marked task instances, else the one under the cursor."""
        every = self.snapshot.instances if self.snapshot is not None else ()
        return selections(self.dag_id, self.run_id, self.table.chosen(), every)

    def action_retry(self) -> None:
        """Run task instances again, with other params."""
        from app.tui.screens.retrying import ask_retry

        chosen = self.parts()
        if len(chosen) > 1:
            self.dagtop.say("mark whole tasks, or instances of one task, to retry them together")
        elif chosen:
            ask_retry(self.dagtop, chosen[0])

    def action_priority(self) -> None:
        """Set the priority weight of task instances that have not started."""
        from app.tui.screens.priority import ask_priority

        if chosen := self.parts():
            ask_priority(self.dagtop, chosen)

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
            works = [row for row in self.table.chosen() if row.state in EXECUTING_TASK_STATES]
            ask_kill(self.dagtop, chosen, selections(self.dag_id, self.run_id, works))

    def action_delete(self) -> None:
        """Delete what has ended."""
        every = self.snapshot.instances if self.snapshot is not None else ()
        ask_delete_rows(self.dagtop, self.dag_id, self.run_id, self.table.chosen(), every)

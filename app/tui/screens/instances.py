"""The instances of a mapped task in one run, as a table."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.filters import Facts
from app.tui.formats import run_name
from app.tui.models.grid import counts_spans
from app.tui.models.instance import instance_columns, instance_name
from app.tui.reading import InstancesSnapshot, read_instances
from app.tui.screens.acting import (
    Selection,
    ask_clear,
    ask_delete_rows,
    ask_kill,
    ask_mark,
    selections,
)
from app.tui.screens.listing import ListScreen
from app.tui.spans import Span
from app.tui.theme import task_look
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table
from store.states import EXECUTING_TASK_STATES

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from store.queries.tasks import InstanceRow
    from store.states import TaskInstanceState


class InstancesScreen(ListScreen["InstanceRow"]):
    """Map indexes with state, tries, time and error."""

    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "table", "instances")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "table", "instances")
    filter_hint: ClassVar[str] = "words  state:failed  dur>10m  tries>1"
    first_order: ClassVar[str] = "index"

    def __init__(self, dag_id: str, run_id: str, dag_run_id: int, task_id: str) -> None:
        super().__init__()
        self.dag_id = dag_id
        self.run_id = run_id
        self.dag_run_id = dag_run_id
        self.task_id = task_id
        self.snapshot: InstancesSnapshot | None = None

    def crumbs(self) -> tuple[str, ...]:
        return (self.dag_id, run_name(self.run_id), f"{self.task_id} []")

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="summary")
        yield Table(
            instance_columns({}),
            lambda row: str(row.map_index),
            empty="reading ...",
            widget_id="main",
        )
        yield PromptLine("/", widget_id="filter")

    def fetch(self) -> Fetch:
        return partial(read_instances, dag_run_id=self.dag_run_id, task_id=self.task_id)

    def show_snapshot(self, snapshot: InstancesSnapshot) -> None:
        self.snapshot = snapshot
        self.table.columns = instance_columns(snapshot.errors)
        self.show_rows()

    def show_rows(self) -> None:
        """Show what passes the filter."""
        if self.snapshot is None:
            return
        rows = self.snapshot.instances
        self.table.empty = "No instance passes the filter. Esc clears it."
        if not rows:
            self.table.empty = "It is not expanded yet: what it maps over is not known."
        self.table.show(self.passing(rows))
        counts: dict[TaskInstanceState | None, int] = {}
        for row in rows:
            counts[row.state] = counts.get(row.state, 0) + 1
        summary = self.query_one("#summary", InfoLine)
        summary.line = (Span(" "), *counts_spans(counts, self.dagtop.glyphs))
        self._show_count()

    def _show_count(self) -> None:
        total = len(self.snapshot.instances) if self.snapshot else 0
        words = self.count_words(total, "instance", "instances")
        self.query_one("#summary", InfoLine).right = words

    def facts(self, row: InstanceRow) -> Facts:
        errors = self.snapshot.errors if self.snapshot else {}
        name = instance_name(row.task_id, row.map_index, row.map_label)
        return Facts(
            text=f"{name} {errors.get(row.id, '')}",
            flags=frozenset({task_look(row.state).word}),
            fields={"state": [task_look(row.state).word], "error": [errors.get(row.id, "")]},
            numbers={
                "dur": row.duration,
                "tries": float(row.try_number),
                "index": float(row.map_index),
            },
        )

    def on_table_moved(self) -> None:
        self._show_count()

    def action_open(self) -> None:
        """Open the log of the instance."""
        row = self.table.current
        if row is not None:
            self.dagtop.ways.open_log(self.dag_id, self.run_id, self.task_id, row.map_index)

    def action_merged(self) -> None:
        """The logs of the marked instances, else of all, by time."""
        from app.tui.screens.merged_log import of_instances

        rows = self.table.chosen()
        self.app.push_screen(of_instances(self.dag_id, self.run_id, rows, self.task_id))

    def action_details(self) -> None:
        """Show all about the instance."""
        row = self.table.current
        if row is not None:
            self.dagtop.ways.open_details(self.dag_id, self.run_id, self.task_id, row.map_index)

    def action_over_runs(self) -> None:
        """Show the instances that the task has in all runs."""
        self.dagtop.ways.open_over_runs(self.dag_id, self.task_id)

    def action_note(self) -> None:
        """Write a note on the instance or its run, or the same on all that are marked."""
        from app.tui.screens.noting import ask_note, ask_note_on_instances

        if len(rows := self.table.chosen()) > 1:
            ask_note_on_instances(self.dagtop, self.dag_id, self.run_id, rows)
            return
        row = self.table.current
        if row is not None:
            ask_note(self.dagtop, self.dag_id, self.run_id, self.task_id, row.map_index)

    def selection(self) -> Selection | None:
        """The marked instances, else the one under the cursor."""
        chosen = self.table.chosen()
        if not chosen:
            return None
        indexes = tuple(row.map_index for row in chosen)
        return Selection(
            self.dag_id, self.run_id, (self.task_id,), None if indexes == (-1,) else indexes
        )

    def action_priority(self) -> None:
        """Set the priority weight of instances that have not started."""
        from app.tui.screens.priority import ask_priority

        if selection := self.selection():
            ask_priority(self.dagtop, [selection])

    def action_clear(self) -> None:
        """Run instances again."""
        if selection := self.selection():
            ask_clear(self.dagtop, [selection])

    def action_retry(self) -> None:
        """Run instances again, with other params."""
        from app.tui.screens.retrying import ask_retry

        if selection := self.selection():
            ask_retry(self.dagtop, selection)

    def action_mark_state(self) -> None:
        """Mark instances."""
        if selection := self.selection():
            ask_mark(self.dagtop, [selection])

    def action_kill(self) -> None:
        """End what runs."""
        if selection := self.selection():
            works = [row for row in self.table.chosen() if row.state in EXECUTING_TASK_STATES]
            ask_kill(self.dagtop, [selection], selections(self.dag_id, self.run_id, works))

    def action_delete(self) -> None:
        """Delete what has ended."""
        ask_delete_rows(self.dagtop, self.dag_id, self.run_id, self.table.chosen())

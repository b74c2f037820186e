"""The instances of a mapped task in one run, as a table."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.filters import Facts, matches, parse
from app.tui.formats import run_name
from app.tui.models.grid import counts_spans
from app.tui.models.instance import instance_columns, instance_name
from app.tui.reading import InstancesSnapshot, read_instances
from app.tui.screens.acting import Selection, ask_clear, ask_kill, ask_mark
from app.tui.screens.base import DagtopScreen, counted
from app.tui.spans import Span, span
from app.tui.theme import task_look
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from store.queries.tasks import InstanceRow
    from store.states import TaskInstanceState


class InstancesScreen(DagtopScreen):
    """Map indexes with state, tries, time and error."""

    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "table", "instances")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "table", "instances")

    def __init__(self, dag_id: str, run_id: str, dag_run_id: int, task_id: str) -> None:
        super().__init__()
        self.dag_id = dag_id
        self.run_id = run_id
        self.dag_run_id = dag_run_id
        self.task_id = task_id
        self.filter_text = ""
        self._before_filter = ""
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

    @property
    def table(self) -> Table[InstanceRow]:
        return self.query_one("#main", Table)

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
        terms = parse(self.filter_text)
        shown = [row for row in rows if matches(terms, self._facts(row))]
        self.table.empty = "No instance passes the filter. Esc clears it."
        if not rows:
            self.table.empty = "It is not expanded yet: what it maps over is not known."
        self.table.show(shown)
        counts: dict[TaskInstanceState | None, int] = {}
        for row in rows:
            counts[row.state] = counts.get(row.state, 0) + 1
        summary = self.query_one("#summary", InfoLine)
        summary.line = (Span(" "), *counts_spans(counts, self.dagtop.glyphs))
        self._show_count()

    def _show_count(self) -> None:
        total = len(self.snapshot.instances) if self.snapshot else 0
        words: list[Span] = []
        if self.table.marks:
            words.append(Span(f"{len(self.table.marks)} marked  ", "mark"))
        if self.filter_text:
            words.extend((Span("/", "key"), span(self.filter_text, "accent"), Span("  ")))
        words.extend(counted(len(self.table.items), total, "instances"))
        self.query_one("#summary", InfoLine).right = tuple(words)

    def _facts(self, row: InstanceRow) -> Facts:
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

    def on_table_chosen(self) -> None:
        self.action_open()

    def step_back(self) -> bool:
        if self.table.clear_marks():
            return True
        if self.filter_text:
            self.filter_text = ""
            self.show_rows()
            return True
        return False

    async def action_filter(self) -> None:
        """Open the filter."""
        self._before_filter = self.filter_text
        prompt = self.query_one("#filter", PromptLine)
        await prompt.open(self.filter_text, "words  state:failed  dur>10m  tries>1")

    def on_prompt_line_typed(self, message: PromptLine.Typed) -> None:
        self.filter_text = message.text.strip()
        self.show_rows()

    def on_prompt_line_escaped(self) -> None:
        self.filter_text = self._before_filter
        self.show_rows()

    def action_open(self) -> None:
        """Open the log of the instance."""
        row = self.table.current
        if row is not None:
            self.dagtop.open_log(self.dag_id, self.run_id, self.task_id, row.map_index)

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.dagtop.say(f"sorted by {self.table.sort_next()}")

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.table.sort_by(self.table.sort_column or "index", not self.table.sort_descending)

    def action_mark(self) -> None:
        """Mark the row."""
        self.table.toggle_mark()

    def action_mark_all(self) -> None:
        """Mark all shown rows, or none."""
        self.table.toggle_all()

    def selection(self) -> Selection | None:
        """The marked instances, else the one under the cursor."""
        chosen = self.table.chosen()
        if not chosen:
            return None
        indexes = tuple(row.map_index for row in chosen)
        return Selection(
            self.dag_id, self.run_id, (self.task_id,), None if indexes == (-1,) else indexes
        )

    def action_clear(self) -> None:
        """Run instances again."""
        if selection := self.selection():
            ask_clear(self.dagtop, selection)

    def action_mark_state(self) -> None:
        """Mark instances."""
        if selection := self.selection():
            ask_mark(self.dagtop, selection)

    def action_kill(self) -> None:
        """End what runs."""
        if selection := self.selection():
            ask_kill(self.dagtop, selection)

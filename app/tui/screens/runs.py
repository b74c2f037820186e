"""One DAG: its runs as a table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.models.grid import dag_line
from app.tui.models.long_list import LongList
from app.tui.models.runs import columns
from app.tui.reading_runs import RunEntry, RunsSnapshot, Wanted
from app.tui.screens.dag_views import DagFocus, DagViewScreen
from app.tui.screens.run_list import RunsTable
from app.tui.screens.triggering import trigger
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table

if TYPE_CHECKING:
    from store.queries.dags import DagRow


@dataclass(slots=True)
class Kept:
    """What is found again when one comes back to this view: how far one had read."""

    read: LongList[RunEntry]


class RunsScreen(RunsTable, DagViewScreen):
    """All runs of a DAG, newest first."""

    view_name: ClassVar[str] = "runs"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "view", "table", "runs")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "view", "table", "runs")

    def __init__(self, focus: DagFocus, backfill_id: int | None = None) -> None:
        """``backfill_id``: only the runs of this backfill."""
        self.backfill_id = backfill_id
        super().__init__(focus)
        self._sought = focus.run_id
        kept = focus.kept.get(self.view_name)
        if isinstance(kept, Kept):
            self.read = kept.read

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="dag")
        yield Table(
            columns(), lambda entry: entry.run.run_id, empty="reading ...", widget_id="main"
        )
        yield InfoLine(widget_id="detail")
        yield PromptLine("/", widget_id="filter")

    @property
    def of_dag(self) -> str:
        return self.dag_id

    def wanted_now(self, filter_text: str) -> Wanted:
        return replace(super().wanted_now(filter_text), backfill_id=self.backfill_id)

    def crumbs(self) -> tuple[str, ...]:
        own = () if self.backfill_id is None else (f"backfill {self.backfill_id}",)
        return (*super().crumbs(), *own)

    def remember(self) -> None:
        entry = self.table.current
        if entry is not None:
            newest = not self.table.sort_column and self.read.entries[:1] == [entry]
            self.look.run_id = None if newest else entry.run.run_id
        self.look.kept[self.view_name] = Kept(self.read)

    def follow(self) -> None:
        self._sought = self.look.run_id
        if self._sought is None:
            self.table.travel("top")
        super().follow()

    def action_show_view(self, name: str) -> None:
        """Another view; from the runs of one backfill also back, and on to all runs."""
        if self.backfill_id is not None and name == "backfills":
            self.app.pop_screen()
        elif self.backfill_id is not None and name == self.view_name:
            self.app.switch_screen(RunsScreen(self.look))
        else:
            super().action_show_view(name)

    @property
    def list_name(self) -> str:
        own = "" if self.backfill_id is None else " of a backfill"
        return f"{super().list_name}{own}"

    def dag_now(self) -> DagRow | None:
        return self.snapshot.dag if self.snapshot is not None else None

    def show_snapshot(self, snapshot: RunsSnapshot) -> None:
        if snapshot.dag is None:
            self.table.empty = ""
            self.table.repaint()
            self.show_missing()
            return
        super().show_snapshot(snapshot)

    def show_counts(self) -> None:
        dag = self.dag_now()
        if dag is not None:
            info = self.query_one("#dag", InfoLine)
            info.line = dag_line(dag, self.dagtop.scene())
            info.right = self.count_spans(self.total())

    def tick(self) -> None:
        super().tick()
        self.show_counts()

    def action_trigger(self) -> None:
        """Trigger a run."""
        trigger(self.dagtop, self.dag_id)

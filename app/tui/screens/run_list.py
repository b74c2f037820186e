"""What the two tables of runs share: what is read, and acting on runs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from app.tui.filters import Facts, parse
from app.tui.formats import plural, run_name
from app.tui.models.runs import detail_line, facts_of, total_of, wanted_of
from app.tui.reading_runs import RunEntry, RunsSnapshot, Wanted, read_page, read_runs
from app.tui.screens.acting_runs import ask_cancel_runs, ask_clear_runs, ask_mark_runs
from app.tui.screens.long_table import HEAD, PAGE, LongTable
from app.tui.screens.triggering import clone, trigger

if TYPE_CHECKING:
    from app.tui.models.long_list import Page
    from app.tui.refresher import Fetch
    from app.tui.spans import Spans
    from store.engine import Store
    from store.queries.runs import RunKey, RunRow


class RunsTable(LongTable["RunEntry"]):
    """A table of runs."""

    filter_hint: ClassVar[str] = "words  state:failed  type:manual  dur>10m  note:x  noted  !not"
    first_order: ClassVar[str] = "started"
    nouns: ClassVar[tuple[str, str]] = ("run", "runs")
    tab = "All"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.snapshot: RunsSnapshot | None = None

    @property
    def of_dag(self) -> str | None:
        """The DAG whose runs they are; None: of all."""
        return None

    def wanted_now(self, filter_text: str) -> Wanted:
        return wanted_of(self.of_dag, self.tab, parse(filter_text))

    def read_head(self, wanted: Wanted, watched: tuple[int, ...]) -> Fetch:
        return partial(read_runs, wanted=wanted, limit=HEAD, watched=watched)

    def read_page(self, wanted: Wanted, before: RunKey) -> Callable[[Store], Page[RunEntry]]:
        return partial(read_page, wanted=wanted, before=before, limit=PAGE)

    def facts_of(self, row: RunEntry) -> Facts:
        return facts_of(row, self.dagtop.clock())

    def is_over(self, row: RunEntry) -> bool:
        return row.run.ended_at is not None

    def total(self) -> int:
        if self.snapshot is None:
            return 0
        return total_of(self.snapshot.counts, self.tab_states())

    def tab_states(self) -> frozenset[Any]:
        """The states of the tab that is open; none: all."""
        return frozenset()

    def detail(self) -> Spans:
        return detail_line(self.table.current, self.dagtop.scene())

    # actions

    def chosen_runs(self) -> list[RunRow]:
        """The marked runs, else the one under the cursor."""
        return [entry.run for entry in self.chosen()]

    def sort_by_head(self, key: str) -> None:
        super().sort_by_head(key)
        self._read_on()

    def action_open(self) -> None:
        """Open the run."""
        entry = self.table.current
        if entry is not None:
            self.dagtop.ways.open_run(entry.run.dag_id, entry.run.run_id)

    def action_run_details(self) -> None:
        """Open the run, as on other screens."""
        self.action_open()

    def action_clear(self) -> None:
        """Run whole runs again."""
        if runs := self.chosen_runs():
            ask_clear_runs(self.dagtop, runs)

    def action_mark_state(self) -> None:
        """Mark runs."""
        if runs := self.chosen_runs():
            ask_mark_runs(self.dagtop, runs)

    def action_kill(self) -> None:
        """Cancel runs."""
        if runs := self.chosen_runs():
            ask_cancel_runs(self.dagtop, runs)

    def action_delete(self) -> None:
        """Delete runs that have ended."""
        from app.tui.screens.deleting import ask_delete_runs

        if runs := self.chosen_runs():
            ask_delete_runs(self.dagtop, runs)

    def action_trigger(self) -> None:
        """Trigger a run of the DAG."""
        entry = self.table.current
        if entry is not None:
            trigger(self.dagtop, entry.run.dag_id)

    def action_clone(self) -> None:
        """Trigger a run with the params of the one under the cursor."""
        entry = self.table.current
        if entry is not None:
            clone(self.dagtop, entry.run.dag_id, entry.run.run_id)

    def action_note(self) -> None:
        """Write a note on the run, or the same on all that are marked."""
        from app.tui.screens.noting import ask_note, ask_note_on_all

        runs = self.chosen_runs()
        if len(runs) == 1:
            ask_note(self.dagtop, runs[0].dag_id, runs[0].run_id)
        elif runs:
            places = [(run.dag_id, run.run_id, None, None) for run in runs]
            replaced = sum(bool(run.note) for run in runs)
            ask_note_on_all(self.dagtop, plural(len(runs), "run"), places, replaced)

    def action_copy_id(self) -> None:
        """Copy the run ids."""
        runs = self.chosen_runs()
        if runs:
            what = (
                f"run id {run_name(runs[0].run_id)}" if len(runs) == 1 else f"{len(runs)} run ids"
            )
            self.dagtop.copy("\n".join(run.run_id for run in runs), what)

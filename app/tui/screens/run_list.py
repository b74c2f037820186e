"""What the two tables of runs share: reading a long list piece by piece, and acting on runs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from app.tui.filters import Facts, parse
from app.tui.formats import run_name
from app.tui.models.runs import (
    RunList,
    counted,
    detail_line,
    facts_of,
    total_of,
    wanted_of,
)
from app.tui.reading_runs import RunEntry, RunsPage, RunsSnapshot, Wanted, read_page, read_runs
from app.tui.screens.acting_runs import ask_cancel_runs, ask_clear_runs, ask_mark_runs
from app.tui.screens.listing import ListScreen
from app.tui.screens.triggering import clone, trigger
from app.tui.spans import Span, Spans, span
from app.tui.widgets.chrome import InfoLine

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from app.tui.widgets.prompt import PromptLine
    from store.queries.runs import RunKey, RunRow

HEAD = 100
"""Newest runs that are read each time something changes."""

PAGE = 500
"""Runs that are read at once further back."""

MOST = 50_000
"""Runs that are kept; what is before them the filter must choose."""

REST = 0.15
"""Seconds that the table rests before what is on screen is read anew."""


class RunsTable(ListScreen["RunEntry"]):
    """A table of runs that reads on as one goes down, and while a filter or an order needs it."""

    filter_hint: ClassVar[str] = "words  state:failed  type:manual  dur>10m  note:x  noted  !not"
    first_order: ClassVar[str] = "started"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.snapshot: RunsSnapshot | None = None
        self.runs = RunList(Wanted())
        self._watched: tuple[int, ...] = ()
        self._reading: RunKey | None = None
        self._sought: str | None = None
        self._facts: dict[int, tuple[RunEntry, Facts]] = {}
        self._rest_timer: Any = None

    @property
    def wanted(self) -> Wanted:
        """Which runs the store is asked for."""
        raise NotImplementedError

    def _wanted_by(self, dag_id: str | None, tab: str) -> Wanted:
        return wanted_of(dag_id, tab, parse(self.filter_text))

    def show_counts(self) -> None:
        """Say how many runs there are, and how many of them are shown."""
        raise NotImplementedError

    def facts(self, row: RunEntry) -> Facts:
        known = self._facts.get(row.run.id)
        if known is None or known[0] is not row or row.run.ended_at is None:
            known = self._facts[row.run.id] = (row, facts_of(row, self.dagtop.clock()))
        return known[1]

    # snapshots

    def fetch(self) -> Fetch:
        return partial(read_runs, wanted=self.wanted, limit=HEAD, watched=self._watched)

    def show_snapshot(self, snapshot: RunsSnapshot) -> None:
        self.snapshot = snapshot
        if snapshot.wanted != self.runs.wanted:
            self.runs = RunList(snapshot.wanted)
            self._facts.clear()
        self._reading = None
        self.runs.take_head(snapshot.head, self._watched, snapshot.watched)
        self.show_rows()

    def show_rows(self) -> None:
        """Show what passes the filter, and read on where that is not enough."""
        if self.snapshot is None:
            return
        if self.wanted != self.snapshot.wanted:
            self.ask()
        self.table.empty = self.empty_words()
        self.table.show(self.passing(self.runs.entries))
        if self._sought is not None and self.table.go_to(self._sought):
            self._sought = None
        self._read_on()
        self.show_counts()

    def empty_words(self) -> str:
        """Why no run is shown."""
        if self.runs.next is not None:
            return "looking through older runs ..."
        if self.filter_text:
            return "No run passes the filter. Esc clears it."
        return "There are no runs yet."

    def _read_on(self) -> None:
        """Read the next page, if the cursor is near the end, or order or filter want it."""
        table, before = self.table, self.runs.next
        if before is None or self._reading == before or len(self.runs.entries) >= MOST:
            return
        enough = len(table.items) > table.position.cursor + 2 * table.position.page
        if enough and table.sort_column is None and self._sought is None:
            return
        self._reading, wanted = before, self.runs.wanted

        def then(page: RunsPage) -> None:
            if self.is_there and self.runs.wanted == wanted and self.runs.take_page(before, page):
                self._reading = None
                for entry in page.entries:  # or the first letter of a filter would wait for all
                    self.facts(entry)
                self.show_rows()
                if self.runs.next is None or len(self.runs.entries) >= MOST:
                    self._sought = None  # it isn't there, or another has it

        self.dagtop.refresher.once(
            lambda store: read_page(store, wanted, before, PAGE),
            then,
        )

    def count_spans(self, total: int) -> Spans:
        """What is marked, what the filter is, how many runs it lets through."""
        parts: list[Span] = []
        if marks := len(self.table.marks):
            parts.append(Span(f"{marks:,} marked  ", "mark"))
        if not self.filter_text:
            return (*parts, Span(f"{counted(total)} {'run' if total == 1 else 'runs'}", "dim"))
        parts.extend((Span("/", "key"), span(self.filter_text, "accent"), Span("  ")))
        more = "+" if self.runs.next is not None else ""
        return (*parts, Span(f"{len(self.table.items):,}{more} of {counted(total)}", "accent"))

    def total(self) -> int:
        """How many runs there are, as far as they are counted."""
        if self.snapshot is None:
            return 0
        return total_of(self.snapshot.counts, self.tab_states())

    def tab_states(self) -> frozenset[Any]:
        """The states of the tab that is open; none: all."""
        return frozenset()

    def tick(self) -> None:
        super().tick()
        self.show_detail()

    def show_detail(self) -> None:
        """Fill the line about the run under the cursor."""
        line = detail_line(self.table.current, self.dagtop.scene())
        self.query_one("#detail", InfoLine).line = line

    def on_table_moved(self) -> None:
        self.show_detail()
        if self.snapshot is None:
            return
        self.show_counts()
        self._read_on()
        if self._rest_timer is not None:
            self._rest_timer.stop()
        self._rest_timer = self.set_timer(REST, self._watch)

    def _watch(self) -> None:
        """Have what is on screen read again when something changes, however far back it is."""
        if not self.is_current:
            return
        position = self.table.position
        seen = self.table.items[position.top : position.top + position.page]
        watched = tuple(entry.run.id for entry in seen)
        head = {entry.run.id for entry in self.runs.entries[:HEAD]}
        if head.issuperset(watched):
            watched = ()
        if watched != self._watched:
            self._watched = watched
            self.ask()

    def on_prompt_line_typed(self, message: PromptLine.Typed) -> None:
        super().on_prompt_line_typed(message)
        self.table.travel("top")

    # actions

    def chosen(self) -> list[RunRow]:
        """The marked runs, else the one under the cursor."""
        rows = [entry.run for entry in self.table.chosen()]
        if not rows:
            self.dagtop.say("no run is under the cursor")
        return rows

    def action_sort(self) -> None:
        """Sort by the next column."""
        super().action_sort()
        self._read_on()

    def action_reverse(self) -> None:
        """Turn the order round."""
        super().action_reverse()
        self._read_on()

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
        if runs := self.chosen():
            ask_clear_runs(self.dagtop, runs)

    def action_mark_state(self) -> None:
        """Mark runs."""
        if runs := self.chosen():
            ask_mark_runs(self.dagtop, runs)

    def action_kill(self) -> None:
        """Cancel runs."""
        if runs := self.chosen():
            ask_cancel_runs(self.dagtop, runs)

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
        """Write a note on the run under the cursor."""
        from app.tui.screens.noting import ask_note

        entry = self.table.current
        if entry is not None:
            ask_note(self.dagtop, entry.run.dag_id, entry.run.run_id)

    def action_copy_id(self) -> None:
        """Copy the run ids."""
        runs = self.chosen()
        if runs:
            what = (
                f"run id {run_name(runs[0].run_id)}" if len(runs) == 1 else f"{len(runs)} run ids"
            )
            self.dagtop.copy("\n".join(run.run_id for run in runs), what)

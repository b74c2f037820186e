"""Runs side by side: which of their params matter for a metric."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.message import Message
from textual.widget import Widget

from app.comparing.importance import Effect, Importance
from app.tui.bindings import bindings
from app.tui.models.compare.importance import columns, effect_line, found_line
from app.tui.reading_compare import importance_of
from app.tui.screens.compare_metric import VALUE_CONTEXTS, MetricViewScreen
from app.tui.spans import Span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table

if TYPE_CHECKING:
    from app.tui.exporting import Export
    from store.queries.compared import ComparedRun

Basis = tuple[tuple["ComparedRun", ...], str, str]
"""What figures are worked out from: the runs, the metric, and which value of it."""
COMPUTING = "computing ..."


class ImportanceScreen(MetricViewScreen):
    """Params with their correlation and their importance.

    They are worked out in a thread of their own: SciPy takes a second to be imported, and neither
    a key nor what is read for others waits for it.
    """

    class Computed(Message):
        """The figures are there."""

        def __init__(self, basis: Basis, found: Importance) -> None:
            super().__init__()
            self.basis = basis
            self.found = found

    found: Importance | None = None
    """The figures; None while they are computed for the first time."""
    _basis: Basis | None = None
    """What the figures are, or will be, worked out from."""

    view_name: ClassVar[str] = "importance"
    contexts: ClassVar[tuple[str, ...]] = (*VALUE_CONTEXTS, "compare_importance")
    BINDINGS: ClassVar[list[BindingType]] = bindings(*contexts[1:])

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="compared")
        yield InfoLine(widget_id="found")
        yield Table(columns(), lambda one: one.param, empty="reading ...", widget_id="main")
        yield InfoLine(widget_id="detail")
        yield PromptLine("/", widget_id="choose")

    @property
    def table(self) -> Table[Effect]:
        return self.query_one("#main", Table)

    def show_runs(self) -> None:
        basis = (self.runs, self.metric, self.look.summary)
        if self.runs and basis != self._basis:
            self._compute(basis)
        self._show_found()

    def metric_chosen(self) -> None:
        self.show_about()
        self.show_runs()

    def _compute(self, basis: Basis) -> None:
        if self._basis is None or self._basis[1:] != basis[1:]:
            self.found = None  # of another metric; those of the same runs a moment ago may stay
        self._basis = basis

        def in_thread() -> None:
            runs, metric, summary = basis
            self.post_message(self.Computed(basis, importance_of(runs, metric, summary)))

        self.run_worker(in_thread, thread=True, exclusive=True, group="importance")

    def on_importance_screen_computed(self, message: Computed) -> None:
        if message.basis is self._basis:  # else another metric was chosen since
            self.found = message.found
            self._show_found()

    def _show_found(self) -> None:
        found = self.found
        self.table.empty = self.empty_words()
        self.table.show(found.effects if found is not None else ())
        line = found_line(found) if found is not None else ()
        if self._basis is not None and found is None:
            line = (Span(f" {COMPUTING}", "accent"),)
        self.query_one("#found", InfoLine).line = line
        self._show_detail()

    def empty_words(self) -> str:
        if self.metric and self.runs:
            return (
                COMPUTING if self.found is None else self.found.note or "These runs have no params."
            )
        return super().empty_words()

    def on_table_moved(self) -> None:
        self._show_detail()

    def _show_detail(self) -> None:
        found = self.found
        detail = effect_line(self.table.current, found) if found is not None else ()
        self.query_one("#detail", InfoLine).line = detail

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.dagtop.say(f"sorted by {self.table.sort_next()}")

    def exports(self) -> list[Export]:
        """The table."""
        from app.tui.exporting import Export, table_csv, table_json

        items = list(self.table.items)
        return [
            Export("the table as CSV", "csv", lambda: table_csv(items)),
            Export("the table as JSON", "json", lambda: table_json(items)),
        ]

"""Runs side by side: which of their params matter for a metric."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.comparing.importance import Effect, Importance
from app.tui.bindings import bindings
from app.tui.models.compare.importance import columns, effect_line, found_line
from app.tui.reading_compare import Own, read_importance
from app.tui.screens.compare_metric import VALUE_CONTEXTS, MetricViewScreen
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table

if TYPE_CHECKING:
    from app.tui.exporting import Export


class ImportanceScreen(MetricViewScreen):
    """Params with their correlation and their importance."""

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

    def reader(self) -> Own:
        return partial(read_importance, metric=self.look.metric, summary=self.look.summary)

    def show_runs(self) -> None:
        found = self.own
        self.table.empty = self.empty_words()
        self.table.show(found.effects if isinstance(found, Importance) else ())
        line = found_line(found) if isinstance(found, Importance) else ()
        self.query_one("#found", InfoLine).line = line
        self._show_detail()

    def empty_words(self) -> str:
        if self.metric and isinstance(self.own, Importance):
            return self.own.note or "These runs have no params."
        return super().empty_words()

    def on_table_moved(self) -> None:
        self._show_detail()

    def _show_detail(self) -> None:
        found = self.own
        detail = effect_line(self.table.current, found) if isinstance(found, Importance) else ()
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

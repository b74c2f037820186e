"""The params and the metrics of a tracked run, searchable."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.filters import Facts
from app.tui.models.tracked_charts import is_system
from app.tui.models.tracked_values import (
    KINDS,
    METRICS,
    PARAMS,
    ValueRow,
    columns_of,
    facts_of,
    kinds_line,
    rows_of,
    value_line,
)
from app.tui.screens.listing import ListScreen, Sieve
from app.tui.screens.tracked_views import TrackedFocus, TrackedViewScreen
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table

if TYPE_CHECKING:
    from store.queries.tracked_page import TrackedPage


@dataclass(slots=True)
class ValuesForm:
    """How the tables are looked at."""

    kind: str = ""
    """"metrics", "params"; empty: metrics, where there are any."""
    key: str = ""


class TrackedValuesScreen(ListScreen[ValueRow], TrackedViewScreen):
    """One table or the other; the filter is of both."""

    view_name: ClassVar[str] = "values"
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "list",
        "table",
        "tracked_run",
        "tracked_acts",
        "tracked_values",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings(
        "list", "table", "tracked_run", "tracked_acts", "tracked_values"
    )
    filter_hint: ClassVar[str] = "words  key:loss  last<0.5  nan>0  odd  !not"
    first_order: ClassVar[str] = "key"

    def __init__(self, focus: TrackedFocus | str) -> None:
        super().__init__(focus)
        self.form: ValuesForm = self.look.kept.setdefault("values", ValuesForm())

    @property
    def list_name(self) -> str:
        return f"list {type(self).__name__}"

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="title")
        yield InfoLine(widget_id="kinds")
        columns = columns_of(self.form.kind or METRICS)
        yield Table(columns, lambda row: row.key, empty="reading ...", widget_id="main")
        yield InfoLine(widget_id="row")
        yield PromptLine("/", widget_id="filter")

    def remember(self) -> None:
        self.form.key = self.table.current_key or ""

    def show_page(self, page: TrackedPage) -> None:
        if not self.form.kind:
            self.form.kind = METRICS if page.metrics or not page.params else PARAMS
            self.table.set_columns(columns_of(self.form.kind))
        self._seen = rows_of(page, self.form.kind)
        self.sift(self._seen)
        if self.form.key:
            self.table.go_to(self.form.key)
            self.form.key = ""

    def show_missing(self, words: str) -> None:
        self.table.empty = words
        self.table.show([])

    def facts(self, row: ValueRow) -> Facts:
        return facts_of(row)

    def show_rows(self) -> None:
        if self.page is None:
            return
        rows = rows_of(self.page, self.form.kind)
        self.table.empty = f"None of its {self.form.kind} passes the filter. Esc clears it."
        if not rows:
            self.table.empty = f"It has logged no {self.form.kind}."
        self.table.show(self.passing(rows))
        self._show_lines()

    def _show_lines(self) -> None:
        if self.page is None:
            return
        counts: dict[str, tuple[int, int]] = {}
        for kind in KINDS:
            rows = rows_of(self.page, kind)
            counts[kind] = (len(Sieve(self.filter_text, facts_of).passing(rows)), len(rows))
        kinds = self.query_one("#kinds", InfoLine)
        kinds.line = kinds_line(self.form.kind, counts)
        kinds.right = self.count_words(counts[self.form.kind][1], "row", "rows")
        self.query_one("#row", InfoLine).line = value_line(self.table.current, self.dagtop.scene())

    def on_table_moved(self) -> None:
        row = self.query_one("#row", InfoLine)
        row.line = value_line(self.table.current, self.dagtop.scene())

    def action_other_kind(self) -> None:
        """The other table."""
        self.form.kind = PARAMS if self.form.kind == METRICS else METRICS
        self.table.sort_column = None
        self.table.hidden = frozenset()
        self.table.set_columns(columns_of(self.form.kind))
        self.show_rows()

    def action_open(self) -> None:
        """The chart of the metric; of a param its whole value."""
        row = self.table.current
        if row is None:
            return
        if row.metric is None:
            self.dagtop.ways.open_text((*self.crumbs(), row.key), row.value)
            return
        self.remember()
        self.look.kept["chart"] = row.key
        self.action_show_view("system" if is_system(row.key) else "charts")

    def action_copy_value(self) -> None:
        """Copy the value."""
        row = self.table.current
        if row is not None:
            text = row.value if row.metric is None else repr(row.metric.last_value)
            self.dagtop.copy(text, f"{row.key}")

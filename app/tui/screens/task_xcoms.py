"""The XComs of a task instance, and one value on a screen of its own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui import formats
from app.tui.bindings import bindings
from app.tui.lines import Lines
from app.tui.models.task_xcoms import xcom_columns
from app.tui.models.typed_xcoms import XComPlace
from app.tui.models.xcoms import XComValue, read_value
from app.tui.reading_task import read_xcom_value, read_xcoms
from app.tui.screens.searching import SearchScreen
from app.tui.screens.setting_xcoms import add_xcom, edit_xcom
from app.tui.screens.task_instance_views import InstanceScreen
from app.tui.screens.task_views import Read
from app.tui.spans import Span, Spans, joined, span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.lines_view import LinesView
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from store.engine import Store
    from store.queries.tasks import XComRow


def copy_value(app: DagtopApp, dag_run_id: int, row: XComRow) -> None:
    """Copy a value as it is shown."""

    def read(store: Store) -> str | None:
        place = (dag_run_id, row.task_id, row.map_index, row.key)
        raw = read_xcom_value(store, *place)
        return None if raw is None else read_value(raw).text()

    def then(text: str | None) -> None:
        if text is not None:
            app.copy(text, f"the XCom {row.key}")

    app.refresher.once(read, then)


class TaskXComsScreen(InstanceScreen):
    """Keys with type and size; Enter opens the value."""

    view_name: ClassVar[str] = "xcoms"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "task", "instance", "xcoms")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "task", "instance", "xcoms")

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="title")
        yield Table(xcom_columns(), lambda row: row.key, empty="reading ...", widget_id="main")

    def reader(self) -> Read:
        return read_xcoms

    @property
    def table(self) -> Table[XComRow]:
        return self.query_one("#main", Table)

    def show_task(self) -> None:
        """Show the XComs."""
        own = self.snapshot.own if self.snapshot is not None else None
        rows: tuple[XComRow, ...] = own or ()
        self.table.empty = self.missing_words() or "It has pushed no XCom."
        self.table.show(rows)
        count = formats.plural(len(rows), "XCom") if rows else ""
        self.query_one("#title", InfoLine).right = (Span(count, "dim"),) if rows else ()

    def on_table_chosen(self) -> None:
        self.action_open()

    # actions

    @property
    def has_row(self) -> bool:
        return self.table.current is not None

    def action_open(self) -> None:
        """Open the value."""
        row = self.table.current
        if row is not None and self.facts is not None:
            crumbs = (*self.crumbs(), row.key)
            self.app.push_screen(ValueScreen(crumbs, self.facts.run.id, row))

    def on_table_head_clicked(self, message: Table.HeadClicked) -> None:
        self.table.sort_toggled(message.key)

    def action_sort(self) -> None:
        """Sort by the next column."""
        self.dagtop.say(f"sorted by {self.table.sort_next()}")

    def action_reverse(self) -> None:
        """Turn the order round."""
        table = self.table
        table.sort_by(table.sort_column or "key", not table.sort_descending)

    def _place(self) -> XComPlace | None:
        facts = self.facts
        if facts is None:
            return None
        run, one = facts.run, facts.instance
        return XComPlace(run.dag_id, run.run_id, run.id, one.task_id, one.map_index)

    def action_add(self) -> None:
        """Another XCom of the task instance."""
        place = self._place()
        if place is not None:
            known = self.snapshot.own if self.snapshot is not None else None
            add_xcom(self.dagtop, place, [row.key for row in known or ()])

    def action_edit(self) -> None:
        """Another value for the XCom under the cursor."""
        row, place = self.table.current, self._place()
        if row is not None and place is not None:
            edit_xcom(self.dagtop, place, row.key)

    def action_copy(self) -> None:
        """Copy the value under the cursor, as it is shown."""
        row, facts = self.table.current, self.facts
        if row is not None and facts is not None:
            copy_value(self.dagtop, facts.run.id, row)


class ValueLines(Lines):
    """The lines of a value, coloured when they are seen."""

    def __init__(self, value: XComValue) -> None:
        self.value = value

    def __len__(self) -> int:
        return len(self.value)

    def line(self, index: int) -> Spans:
        return self.value.line(index)

    def plain(self, index: int) -> str:
        return self.value.texts[index]


class ValueScreen(SearchScreen):
    """One XCom, read and laid out off the event loop: it may have megabytes."""

    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "lines")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "lines")

    def __init__(self, crumbs: tuple[str, ...], dag_run_id: int, row: XComRow) -> None:
        super().__init__()
        self._crumbs = crumbs
        self._place = (dag_run_id, row.task_id, row.map_index, row.key)
        self._row = row
        self.value: XComValue | None = None

    def crumbs(self) -> tuple[str, ...]:
        return self._crumbs

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="title")
        view = LinesView(widget_id="main")
        view.empty = "reading ..."
        yield view
        yield PromptLine("/", widget_id="find")

    def mounted(self) -> None:
        super().mounted()
        width = max(20, self.app.size.width - 3)

        def read(store: Store) -> XComValue | None:
            raw = read_xcom_value(store, *self._place)
            return None if raw is None else read_value(raw, width)

        def then(value: XComValue | None) -> None:
            if self.is_there:
                self.value = value
                self._show_value()

        self.dagtop.refresher.once(read, then)

    def _show_value(self) -> None:
        view = self.query_one("#main", LinesView)
        if self.value is None:
            view.empty = "The XCom is gone: its task has run again."
            view.show(Lines())
            return
        view.show(ValueLines(self.value))
        row, dot = self._row, Span(f" {self.dagtop.glyphs.dot} ", "faint")
        parts: list[Spans] = [
            (span(row.key, "strong"),),
            (span(self.value.kind, "accent"),),
            (Span(formats.size(row.size)),),
            (Span(formats.stamp(row.created_at, self.dagtop.zone), "dim"),),
        ]
        if self.value.problem:
            parts.append((span(self.value.problem, "warning"),))
        self.query_one("#title", InfoLine).line = (Span(" "), *joined(parts, dot))

    def show_status(self) -> None:
        """Show what is searched for, and which line this is."""
        self.query_one("#title", InfoLine).right = self.status()

    def action_copy_text(self) -> None:
        """Copy the value as it is shown."""
        if self.value is not None:
            self.dagtop.copy(self.value.text(), f"the XCom {self._row.key}")

"""The XComs of all DAGs, as a table."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.tui import formats
from app.tui.bindings import bindings
from app.tui.filters import Facts
from app.tui.models.typed_xcoms import XComPlace
from app.tui.models.xcom_rows import columns, detail_line, facts_of, key_of, task_words
from app.tui.reading_xcoms import XComsSnapshot, read_newest_xcoms
from app.tui.screens.admin import write
from app.tui.screens.listing import PagedList
from app.tui.screens.places import PlaceScreen
from app.tui.screens.setting_xcoms import add_xcom, edit_xcom
from app.tui.screens.task_xcoms import ValueScreen, copy_value
from app.tui.spans import Span, Spans, span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table

if TYPE_CHECKING:
    from app.tui.refresher import Fetch
    from app.tui.widgets.dialogs import Choices
    from store.queries.xcoms import PlacedXCom

NAMED = 12
"""XComs that the question before deleting names."""


class XComsScreen(PagedList["PlacedXCom"], PlaceScreen):
    """What tasks hand to each other; the values are read when they are opened."""

    view_name: ClassVar[str] = "xcoms"
    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "place", "list", "table", "all_xcoms")
    BINDINGS: ClassVar[list[BindingType]] = bindings("place", "list", "table", "all_xcoms")
    filter_hint: ClassVar[str] = "words  dag:x  run:x  task:x  key:x  size>10k  !not"
    first_order: ClassVar[str] = "created"

    def __init__(self) -> None:
        super().__init__()
        self.snapshot: XComsSnapshot | None = None
        self._asked = ""

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="summary")
        yield Table(columns(), key_of, empty="reading ...", widget_id="main")
        yield InfoLine(widget_id="detail")
        yield PromptLine("/", widget_id="filter")

    def facts(self, row: PlacedXCom) -> Facts:
        return facts_of(row)

    def fetch(self) -> Fetch:
        self._asked = self.filter_text
        return partial(read_newest_xcoms, filter_text=self.filter_text, pages=self.pages)

    def show_rows(self) -> None:
        """Show what passes the filter; the store is asked for older ones that do."""
        if self.snapshot is None:
            return
        if self._asked != self.filter_text:
            self.pages = 1
            self.ask()
        self.table.empty = self._empty_words()
        self.table.show(self.passing(self.snapshot.rows))
        self._show_count()

    def _empty_words(self) -> str:
        if self.snapshot is not None and self.snapshot.more:
            return "None of the newest runs has such an XCom. G looks through older ones."
        if self.filter_text:
            return "No XCom passes the filter. Esc clears it."
        return "No XComs yet: what a task returns appears here."

    def _show_count(self) -> None:
        if self.snapshot is None:
            return
        summary = self.query_one("#summary", InfoLine)
        summary.line = (Span(" Newest runs first. ", "dim"),)
        summary.right = self.paged_words(len(self.snapshot.rows), "XCom", "XComs")

    def tick(self) -> None:
        super().tick()
        self._show_detail()

    def on_table_moved(self) -> None:
        self._show_detail()
        self._show_count()

    def _show_detail(self) -> None:
        detail = self.query_one("#detail", InfoLine)
        detail.line = detail_line(self.table.current, self.dagtop.scene())

    # actions

    def action_open(self) -> None:
        """Open the value."""
        row = self.table.current
        if row is not None:
            crumbs = (row.dag_id, formats.run_name(row.run_id), task_words(row), row.xcom.key)
            self.app.push_screen(ValueScreen(crumbs, row.dag_run_id, row.xcom))

    def action_show_task(self) -> None:
        """Open the task instance that pushed it."""
        row = self.table.current
        if row is not None:
            self.dagtop.ways.open_log(row.dag_id, row.run_id, row.xcom.task_id, row.xcom.map_index)

    def action_add(self) -> None:
        """Another XCom of the task instance under the cursor."""
        row = self.table.current
        if row is not None:
            add_xcom(self.dagtop, place_of(row))

    def action_edit(self) -> None:
        """Another value for the XCom under the cursor."""
        row = self.table.current
        if row is not None:
            edit_xcom(self.dagtop, place_of(row), row.xcom.key)

    def action_copy(self) -> None:
        """Copy the value under the cursor, as it is shown."""
        row = self.table.current
        if row is not None:
            copy_value(self.dagtop, row.dag_run_id, row.xcom)

    def action_delete(self) -> None:
        """Ask, and delete the marked XComs."""
        from app.tui.widgets.dialogs import ConfirmDialog

        rows = self.table.chosen()
        if not rows:
            return

        def answered(choices: Choices | None) -> None:
            if choices is not None:
                self._delete(rows)

        words = formats.plural(len(rows), "XCom")
        self.app.push_screen(
            ConfirmDialog(f"Delete {words}?", deleted_lines(rows), "delete"), answered
        )

    def _delete(self, rows: list[PlacedXCom]) -> None:
        words = formats.plural(len(rows), "XCom")

        def change(connection: Any) -> str:
            from store import client, edits

            for row in rows:
                place = (row.dag_run_id, row.xcom.task_id, row.xcom.map_index, row.xcom.key)
                edits.delete_xcom(connection, *place, client.user())
            return f"deleted {words}"

        self.table.clear_marks()
        write(self.dagtop, change)


def place_of(row: PlacedXCom) -> XComPlace:
    """The task instance that a row is of."""
    xcom = row.xcom
    return XComPlace(row.dag_id, row.run_id, row.dag_run_id, xcom.task_id, xcom.map_index)


def deleted_lines(rows: list[PlacedXCom]) -> list[Spans]:
    """What the question names, and what follows."""
    lines: list[Spans] = [
        (
            span(f"{task_words(row)} "),
            span(row.xcom.key, "strong"),
            span(f"  {row.dag_id}, {formats.run_name(row.run_id)}", "dim"),
        )
        for row in rows[:NAMED]
    ]
    if len(rows) > NAMED:
        lines.append((Span(f"and {len(rows) - NAMED} more", "dim"),))
    lines.append(())
    lines.append((Span("A task that pulls it later gets None. This can't be undone.", "dim"),))
    return lines

"""What the places have in common where Variables, Connections and pools are looked after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.widget import Widget

from app.tui.columns import Column
from app.tui.screens.listing import ListScreen
from app.tui.screens.places import PlaceScreen
from app.tui.spans import Span, Spans, span
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.dialogs import ConfirmDialog
from app.tui.widgets.prompt import PromptLine
from app.tui.widgets.table import Table
from store.errors import StoreError

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from app.tui.commander import Change
    from app.tui.models.fields import Check, FormField
    from app.tui.widgets.dialogs import Choices

Row = TypeVar("Row")

SaveRow = Callable[[Any, str | None, Mapping[str, str]], str]
"""A writer of ``app.tui.writing_admin``: connection, name (None: a new one), touched fields."""


class AdminScreen(ListScreen[Row], PlaceScreen):
    """A table of what people make, change and delete."""

    noun: ClassVar[str]
    nouns: ClassVar[str]
    empty_words: ClassVar[str]
    empty_read_only: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.snapshot: Any = None

    # what subclasses say

    def make_columns(self) -> Sequence[Column[Row]]:
        """The columns of the table."""
        raise NotImplementedError

    def name_of(self, row: Row) -> str:
        """The name of a row: what tells it from the others."""
        raise NotImplementedError

    def rows(self) -> Sequence[Row]:
        """The rows of the snapshot."""
        raise NotImplementedError

    def detail(self, row: Row | None) -> Spans:
        """The line about the row under the cursor."""
        raise NotImplementedError

    def edit(self, name: str | None) -> None:
        """Open the form: of that row, or of a new one."""
        raise NotImplementedError

    def look(self, name: str) -> None:
        """Show all of a row that can't be edited, since nothing can."""
        raise NotImplementedError

    def delete_all(self, connection: Any, names: Sequence[str]) -> str:
        """Delete rows, in the commander's thread."""
        raise NotImplementedError

    def copy(self, row: Row) -> None:
        """Copy what of a row is wanted elsewhere; never a secret."""
        raise NotImplementedError

    def warnings(self, rows: Sequence[Row]) -> list[Spans]:
        """What deleting these rows means for others."""
        return []

    # the table

    def body(self) -> Iterable[Widget]:
        yield InfoLine(widget_id="views")
        yield InfoLine(widget_id="summary")
        yield Table(self.make_columns(), self.name_of, empty="reading ...", widget_id="main")
        yield InfoLine(widget_id="detail")
        yield PromptLine("/", widget_id="filter")

    def resized(self) -> None:
        super().resized()
        for table in self.query("#main").results(Table):
            table.set_columns(self.make_columns())

    def show_snapshot(self, snapshot: Any) -> None:
        self.snapshot = snapshot
        self.show_rows()

    def show_rows(self) -> None:
        """Show what passes the filter."""
        if self.snapshot is None:
            return
        rows = list(self.rows())
        self.table.empty = f"No {self.noun} passes the filter. Esc clears it."
        if not rows:
            read_only = self.dagtop.read_only
            self.table.empty = self.empty_read_only if read_only else self.empty_words
        self.table.show(self.passing(rows))
        self.show_summary()

    def show_summary(self) -> None:
        """The line above the table."""
        total = len(self.rows()) if self.snapshot is not None else 0
        summary = self.query_one("#summary", InfoLine)
        summary.line = self.summary()
        summary.right = self.count_words(total, self.noun, self.nouns)

    def summary(self) -> Spans:
        """What stands left of the count."""
        return ()

    def show_banner(self) -> None:
        super().show_banner()
        if self.snapshot is None and self.dagtop.trouble:
            self.table.empty = ""
            self.table.repaint()

    def on_table_moved(self) -> None:
        self.show_detail()
        if self.snapshot is not None:
            self.show_summary()

    def tick(self) -> None:
        super().tick()
        self.show_detail()

    def show_detail(self) -> None:
        """The line about the row under the cursor."""
        self.query_one("#detail", InfoLine).line = self.detail(self.table.current)

    # forms

    def known(self) -> set[str]:
        """The names that are taken."""
        return set() if self.snapshot is None else {self.name_of(row) for row in self.rows()}

    def open_form(
        self,
        name: str | None,
        fields: Sequence[FormField],
        save: SaveRow,
        check: Check,
        *,
        title: str = "",
    ) -> None:
        """Show a form whose touched fields ``save`` writes."""
        from app.tui.screens.editing import FormDialog

        def send(touched: Mapping[str, str], done: Callable[[str], None]) -> None:
            write(self.dagtop, lambda connection: save(connection, name, touched), done)

        title = title or (f"New {self.noun}" if name is None else f"{self.noun} {name}")
        self.app.push_screen(FormDialog(title[0].upper() + title[1:], fields, send, check))

    def gone(self, name: str) -> None:
        """Say that somebody deleted a row meanwhile."""
        self.dagtop.say(f"{self.noun} {name} is gone: somebody deleted it meanwhile", "warning")

    # actions

    def action_open(self) -> None:
        """Open the row: its form, or where nothing can be changed all of it."""
        row = self.table.current
        if row is None:
            return
        if self.dagtop.read_only:
            self.look(self.name_of(row))
        else:
            self.edit(self.name_of(row))

    def action_add(self) -> None:
        """Make a new one."""
        self.edit(None)

    def action_edit(self) -> None:
        """Change the row under the cursor."""
        row = self.table.current
        if row is not None:
            self.edit(self.name_of(row))

    def action_copy(self) -> None:
        """Copy what of the row is wanted elsewhere."""
        row = self.table.current
        if row is not None:
            self.copy(row)

    def action_delete(self) -> None:
        """Delete what is marked, else the row under the cursor, after asking."""
        self.ask_delete(self.table.chosen())

    def ask_delete(self, rows: Sequence[Row]) -> None:
        """Ask whether these rows are to be deleted; say what that means."""
        if not rows:
            return
        names = [self.name_of(row) for row in rows]
        what = self.noun if len(rows) == 1 else f"{len(rows)} {self.nouns}"
        lines: list[Spans] = [(Span("  "), span(name, "strong")) for name in names]
        lines.extend(self.warnings(rows))
        lines += [(), (Span("It can't be undone.", "warning"),)]

        def answered(choices: Choices | None) -> None:
            if choices is None:
                return
            self.table.clear_marks()
            write(self.dagtop, lambda connection: self.delete_all(connection, names))

        self.app.push_screen(ConfirmDialog(f"Delete {what}?", lines, f"delete {what}"), answered)


def write(app: DagtopApp, change: Change, done: Callable[[str], None] | None = None) -> None:
    """Change the store in the commander's thread, say what came of it, show it.

    ``done`` is told what went wrong, or "" if nothing did; without it the footer says it.
    """

    def then(reply: str | StoreError) -> None:
        if isinstance(reply, StoreError):
            if done is None:
                app.say(str(reply), "error")
            else:
                done(str(reply))
            return
        if done is not None:
            done("")
        app.undos.cannot(reply, "its former value isn't kept")
        app.say(reply, "good")
        app.refresher.poke()

    app.commander.edit(change, then)

"""The Variables."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events
from textual.binding import BindingType
from textual.timer import Timer
from textual.widget import Widget

from app.tui.bindings import bindings
from app.tui.exporting import completed_path, typed_path, working_folder
from app.tui.filters import Facts
from app.tui.formats import plural
from app.tui.models import variables as models
from app.tui.models.fields import FIXED, LINES, SECRET, FormField
from app.tui.reading_admin import VariablesSnapshot, read_secret, read_variable, read_variables
from app.tui.screens.admin import AdminScreen, write
from app.tui.spans import Span, Spans, span
from app.tui.widgets.dialogs import Choices, ConfirmDialog
from app.tui.widgets.prompt import PathLine
from app.tui.writing_admin import delete_variables, import_variables, save_variable
from app.variable_files import variables_in

if TYPE_CHECKING:
    from app.tui.columns import Column
    from app.tui.reading_admin import VariableText
    from app.tui.refresher import Fetch
    from store.queries.admin import VariableHead

FileOfVariables = dict[str, tuple[str, str | None]]
"""Key -> (value, description)."""

LARGEST_FILE = 64 << 20
"""Bytes of a file that is imported."""

SHOWN_FOR = 10.0
"""Seconds for which a secret is shown."""
LINES_OF_VALUE = 6
TALL = 24
"""Lines of a terminal; half of those it has more than these are for the value in the form."""
ABOUT_VALUE = "A text, or JSON for Variable.get(key, deserialize_json=True)."
ABOUT_KEY = "Its name: with password, token, secret ... in it, its value is masked."
ABOUT_DESCRIPTION = "What it is for."


class VariablesScreen(AdminScreen["VariableHead"]):
    """Keys and values; secrets are masked."""

    view_name: ClassVar[str] = "variables"
    contexts: ClassVar[tuple[str, ...]] = (
        "everywhere",
        "place",
        "list",
        "table",
        "admin",
        "variables",
    )
    BINDINGS: ClassVar[list[BindingType]] = bindings("place", "list", "table", "admin", "variables")
    filter_hint: ClassVar[str] = "words  key:x  value:x  file:x  secret  size>1k  !not"
    first_order: ClassVar[str] = "key"
    noun: ClassVar[str] = "Variable"
    nouns: ClassVar[str] = "Variables"
    empty_words: ClassVar[str] = models.EMPTY
    empty_read_only: ClassVar[str] = models.EMPTY_READ_ONLY

    def __init__(self) -> None:
        super().__init__()
        self.snapshot: VariablesSnapshot | None = None
        self.revealed: dict[str, str] = {}
        """The secret that is shown for a moment, by its key."""
        self._timer: Timer | None = None
        self._file = ""
        """That of the file that was to be imported last."""

    def body(self) -> Iterable[Widget]:
        yield from super().body()
        yield PathLine("i", widget_id="import", stays=True)

    def make_columns(self) -> Sequence[Column[VariableHead]]:
        return models.columns(self.revealed, self.app.size.width)

    def name_of(self, row: VariableHead) -> str:
        return row.key

    def rows(self) -> Sequence[VariableHead]:
        return () if self.snapshot is None else self.snapshot.variables

    def facts(self, row: VariableHead) -> Facts:
        return models.facts_of(row)

    def fetch(self) -> Fetch:
        return read_variables

    def detail(self, row: VariableHead | None) -> Spans:
        return models.detail_line(row, self.revealed, self.dagtop.scene())

    def delete_all(self, connection: Any, names: Sequence[str]) -> str:
        return delete_variables(connection, names)

    def warnings(self, rows: Sequence[VariableHead]) -> list[Spans]:
        return [
            (Span("! ", "warning"), span(f"{file} reads {row.key} while it is imported"))
            for row in rows
            for file in row.files
        ]

    def copy(self, row: VariableHead) -> None:
        def hand_over(one: VariableText | None) -> None:
            if one is None:
                self.gone(row.key)
            elif one.masked:
                self.dagtop.say("secret by its name: it isn't copied", "warning")
            elif one.value is None:
                self.dagtop.say(f"too large for the clipboard: {one.size:,} characters", "warning")
            else:
                self.dagtop.copy(one.value, "the value")

        self.dagtop.refresher.once(lambda store: read_variable(store, row.key), hand_over)

    # forms

    def edit(self, name: str | None) -> None:
        if name is None:
            self._open(None, None)
        else:
            self.dagtop.read_first(
                lambda store: read_variable(store, name), partial(self._open, name)
            )

    def _open(self, name: str | None, one: VariableText | None) -> None:
        if name is not None and one is None:
            self.gone(name)
        elif self.is_current:
            known = self.known()
            check = partial(models.problems, known=known)
            lines = LINES_OF_VALUE + max(0, self.app.size.height - TALL) // 2
            self.open_form(name, variable_fields(one, lines), save_variable, check)

    def look(self, name: str) -> None:
        def show(one: VariableText | None) -> None:
            if one is None:
                self.gone(name)
            else:
                self.dagtop.ways.open_text((f"Variable {name}",), models.details(one))

        self.dagtop.read_first(lambda store: read_variable(store, name), show)

    # importing

    async def action_import_file(self) -> None:
        """Ask for a JSON file of Variables."""
        prompt = self.query_one("#import", PathLine)
        prompt.completed = partial(completed_path, suffix=".json")
        await prompt.open(self._file, f"a JSON file; Tab completes; in {working_folder()}")

    def on_path_line_entered(self, message: PathLine.Entered) -> None:
        """Import the file that was typed."""
        self._file = message.text.strip()
        if self._file:
            self.run_worker(self._import(self._file), group="import", exclusive=True)
        else:
            self.query_one("#import", PathLine).close()

    async def _import(self, text: str) -> None:
        release = self.dagtop.key_order.hold()
        try:
            found = await asyncio.to_thread(read_file, text)
            prompt = self.query_one("#import", PathLine)
            if not prompt.is_open:
                self.dagtop.say("nothing was imported")  # Esc, while the file was read
                return
            if isinstance(found, str):
                self.dagtop.say(f"{found}; nothing was imported", "error")
                return
            prompt.close()
            if self.is_current:
                self._ask_import(found)
            else:
                self.dagtop.say("another screen was opened meanwhile: nothing was imported")
        finally:
            self.app.call_after_refresh(release)

    def _ask_import(self, variables: FileOfVariables) -> None:
        """Import them; where some exist, after saying how many."""
        replaced = self.known() & variables.keys()

        def answered(choices: Choices | None) -> None:
            if choices is not None:
                write(self.dagtop, lambda one: import_variables(one, variables, replaced))

        if replaced:
            words = models.import_words(variables, replaced)
            number = plural(len(variables), "Variable")
            dialog = ConfirmDialog(f"Import {number}?", words, f"import {number}")
            self.app.push_screen(dialog, answered)
        else:
            answered(Choices({}, ""))

    # secrets

    def on_key(self, event: events.Key) -> None:
        """Say why a secret can't be shown; Textual calls the handlers of the bases by itself."""
        if self.dagtop.read_only and event.key == "u":
            event.stop()
            event.prevent_default()
            self.dagtop.say("read-only: secrets stay masked", "warning")

    def action_reveal(self) -> None:
        """Show the value of a secret for a moment, or mask it again."""
        row = self.table.current
        if row is None or not row.masked:
            self.dagtop.say("this value is not masked")
        elif row.key in self.revealed:
            self._mask()
        else:
            self.dagtop.refresher.once(
                lambda store: read_secret(store, row.key), partial(self._reveal, row.key)
            )

    def _reveal(self, key: str, found: tuple[str, int] | None) -> None:
        row = self.table.current
        if found is None or row is None or row.key != key:
            return
        self._mask()
        head, size = found
        self.revealed[key] = head
        if size > len(head):
            self.dagtop.say(f"the first {len(head)} of {size:,} characters")
        self._timer = self.set_timer(SHOWN_FOR, self._mask)
        self.table.repaint()
        self.show_detail()

    def _mask(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if self.revealed:
            self.revealed.clear()
            self.table.repaint()
            self.show_detail()

    def on_table_moved(self) -> None:
        row = self.table.current
        if self.revealed and (row is None or row.key not in self.revealed):
            self._mask()

    def suspended(self) -> None:
        super().suspended()
        self._mask()


def read_file(text: str) -> FileOfVariables | str:
    """The Variables in the file whose path was typed, or what is wrong with it."""
    path: Path | str = text
    try:
        path, found = typed_path(text)
        if found == "nothing":
            return f"there is no file {path}"
        if found != "a file":
            return f"{path} is {found}, not a file of Variables"
        size = path.stat().st_size
        if size > LARGEST_FILE:
            return f"{path} is too large for here: dagtop variables import takes it"
        variables = variables_in(path.read_bytes())
    except OSError as error:
        return f"{path} can't be read: {error.strerror}"
    except ValueError as error:
        return f"{path} {error}"
    return variables or f"{path} has no Variables in it"


def variable_fields(one: VariableText | None, lines: int = LINES_OF_VALUE) -> list[FormField]:
    """The fields of the form of a Variable, or of a new one."""
    if one is None:
        return [
            FormField("key", "key", about=ABOUT_KEY),
            FormField("value", "value", LINES, about=ABOUT_VALUE, height=lines),
            FormField("description", "description", about=ABOUT_DESCRIPTION),
        ]
    value = FormField("value", "value", LINES, one.value or "", ABOUT_VALUE, height=lines)
    if one.value is None:
        about = "Secret by its name: it stays as it is unless you type or paste another."
        if not one.masked:
            about = f"Too large to be edited here ({one.size:,} characters); it can be replaced."
        value = FormField("value", "value", SECRET, about=about, is_set=one.size > 0)
    return [
        FormField("key", "key", FIXED, one.key),
        value,
        FormField("description", "description", text=one.description, about=ABOUT_DESCRIPTION),
    ]

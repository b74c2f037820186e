"""What pipeline files can't be imported, and why: watched while they are mended."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from app.tui.bindings import bindings
from app.tui.models.places import Place
from app.tui.reading import DagsSnapshot, read_dags
from app.tui.refresher import Fetch
from app.tui.screens.text import TextScreen, text_lines
from app.tui.widgets.text_view import TextView

NONE_LEFT = "All pipeline files can be imported."


class ImportErrorsScreen(TextScreen):
    """The tracebacks, and the warnings, as they are now."""

    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "text", "import_errors")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "text", "import_errors")

    def __init__(self, snapshot: DagsSnapshot) -> None:
        self._parts = parts_of(snapshot)
        super().__init__(("import errors",), text_of(self._parts))

    def fetch(self) -> Fetch:
        return read_dags

    def show_snapshot(self, snapshot: DagsSnapshot) -> None:
        self._parts = parts_of(snapshot)
        self.show_text(text_of(self._parts))

    def action_edit_file(self) -> None:
        """Open the file in the editor whose error is the first one to be seen."""
        from app.tui.editor import edit

        line = self.query_one("#main", TextView).top_line
        for place, text in self._parts:
            line -= len(text_lines(text)) + 1
            if line < 0:
                edit(self.dagtop, place)
                return
        self.dagtop.say("all pipeline files can be imported")

    def action_read_again(self) -> None:
        """Have the runner import the files anew, as when a module is installed by now."""
        files = list(dict.fromkeys(place.file for place, _ in self._parts))
        if not files:
            self.dagtop.say("all pipeline files can be imported")
            return
        what = f"{files[0]} is" if len(files) == 1 else f"{len(files)} pipeline files are"
        self.dagtop.act("reparse", {"files": files}, f"{what} read again")


def parts_of(snapshot: DagsSnapshot) -> list[tuple[Place, str]]:
    """Of each file with an error its place, the error and the traceback; then the warnings."""
    parts: list[tuple[Place, str]] = []
    for error in snapshot.errors:
        place = Place(error.file, error.line or 0)
        words = f"{place}\n{error.error}\n"
        if error.traceback:
            words = f"{words}\n{error.traceback.rstrip()}\n"
        parts.append((place, words))
    for one in snapshot.warnings:
        place = Place(one.file, one.line or 0)
        parts.append((place, f"{place}\nwarning: {one.message}\n"))
    return parts


def text_of(parts: list[tuple[Place, str]]) -> str:
    """All of it."""
    return "\n".join(text for _, text in parts) or NONE_LEFT

"""What pipeline files can't be imported, and why: watched while they are mended."""

from __future__ import annotations

from app.tui.models.dags import place_of
from app.tui.reading import DagsSnapshot, read_dags
from app.tui.refresher import Fetch
from app.tui.screens.text import TextScreen

NONE_LEFT = "All pipeline files can be imported."


class ImportErrorsScreen(TextScreen):
    """The tracebacks, and the warnings, as they are now."""

    def __init__(self, snapshot: DagsSnapshot) -> None:
        super().__init__(("import errors",), errors_text(snapshot))

    def fetch(self) -> Fetch:
        return read_dags

    def show_snapshot(self, snapshot: DagsSnapshot) -> None:
        self.show_text(errors_text(snapshot))


def errors_text(snapshot: DagsSnapshot) -> str:
    """File and line, the error and its traceback, of each file; then the warnings."""
    parts: list[str] = []
    for error in snapshot.errors:
        words = f"{place_of(error.file, error.line)}\n{error.error}\n"
        parts.append(f"{words}\n{error.traceback.rstrip()}\n" if error.traceback else words)
    parts.extend(
        f"{place_of(one.file, one.line)}\nwarning: {one.message}\n" for one in snapshot.warnings
    )
    return "\n".join(parts) or NONE_LEFT

"""Writing what is on screen to a file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from app.tui.exporting import Export, free_name, typed_path, working_folder
from app.tui.spans import Span, Spans, span
from app.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from app.tui.application import DagtopApp


class ExportScreen(ModalScreen[tuple[Export, Path] | None]):
    """Asks for the format and the file; gives both."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "close", "Close"),
        ("tab,down", "choose(1)", "Next format"),
        ("shift+tab,up", "choose(-1)", "Format before"),
    ]
    AUTO_FOCUS = "Input"

    def __init__(self, stem: str, exports: Sequence[Export]) -> None:
        super().__init__()
        self._stem = stem
        self._exports = exports
        self._chosen = 0
        self._suggested = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="export") as box:
            box.border_title = "Export"
            box.border_subtitle = "Tab format   Enter writes   Esc closes"
            formats = TextView(wrap=False, widget_id="formats")
            formats.can_focus = False
            formats.styles.height = len(self._exports) + 1
            yield formats
            field = Input(compact=True)
            field.cursor_blink = False
            yield field
            problem = TextView(widget_id="problem")
            problem.can_focus = False
            problem.styles.height = 3
            yield problem

    def on_mount(self) -> None:
        self._suggest()

    def _suggest(self) -> None:
        """Show the formats, and a name that is free, unless another was typed."""
        field = self.query_one(Input)
        if field.value in ("", self._suggested):
            suffix = self._exports[self._chosen].suffix
            self._suggested = free_name(working_folder(), self._stem, suffix)
            field.value = self._suggested
            field.cursor_position = len(field.value)
        lines: list[Spans] = [
            (
                Span("(x) " if number == self._chosen else "( ) ", "accent"),
                span(one.title, "strong" if number == self._chosen else "text"),
            )
            for number, one in enumerate(self._exports)
        ]
        self.query_one("#formats", TextView).show(lines)
        self._say(f"in {working_folder()}", "dim")

    def _say(self, words: str, role: str) -> None:
        self.query_one("#problem", TextView).show([(span(words, role),)])

    def action_choose(self, step: int) -> None:
        """Another format."""
        self._chosen = (self._chosen + step) % len(self._exports)
        self._suggest()

    def action_close(self) -> None:
        """Leave without writing."""
        self.dismiss(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        name = event.value.strip()
        if not name:
            self._say("type a name for the file", "error")
            return
        try:
            path, found = typed_path(name)
        except OSError as error:
            self._say(f"that name can't be used: {error.strerror}", "error")
            return
        if found == "a folder":
            self._say(f"{path} is a folder: add a name for the file", "error")
        elif found != "nothing":
            self._say(f"{path} exists: choose another name", "error")
        elif not path.parent.is_dir():
            self._say(f"there is no folder {path.parent}", "error")
        else:
            self.dismiss((self._exports[self._chosen], path))


def export(app: DagtopApp, stem: str, exports: Sequence[Export]) -> None:
    """Ask for format and file, and write in a thread: thousands of rows take a while."""

    def chosen(answer: tuple[Export, Path] | None) -> None:
        if answer is None:
            return
        app.commander.write_export(*answer)

    app.push_screen(ExportScreen(stem, exports), chosen)


def screen_exports(app: DagtopApp, title: str) -> list[Export]:
    """The screen as it is now, as text and as a picture."""
    strips = list(app.screen._compositor.render_strips())  # there is no public way to the cells

    def as_text() -> str:
        return "\n".join(strip.text.rstrip() for strip in strips).rstrip() + "\n"

    def as_picture() -> str:
        from rich.console import Console
        from rich.segment import Segments

        console = Console(
            width=app.size.width,
            file=io.StringIO(),
            force_terminal=True,
            color_system="truecolor",
            record=True,
            legacy_windows=False,
        )
        for strip in strips:
            console.print(Segments([*strip, Segment.line()]), end="")
        return console.export_svg(title=title)

    return [
        Export("this screen as text", "txt", as_text),
        Export("this screen as a picture", "svg", as_picture),
    ]

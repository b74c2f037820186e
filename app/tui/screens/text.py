"""A text on a screen of its own: a traceback, details of a run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual.binding import BindingType
from textual.widget import Widget

from app.text import sanitize_lines
from app.tui.bindings import bindings
from app.tui.screens.base import DagtopScreen
from app.tui.spans import Spans, span
from app.tui.widgets.text_view import TextView


class TextScreen(DagtopScreen):
    """Shows a text; ``y`` copies it."""

    contexts: ClassVar[tuple[str, ...]] = ("everywhere", "list", "text")
    BINDINGS: ClassVar[list[BindingType]] = bindings("list", "text")

    def __init__(self, crumbs: tuple[str, ...], text: str) -> None:
        super().__init__()
        self._crumbs = crumbs
        self._text = text

    def crumbs(self) -> tuple[str, ...]:
        return (self.dagtop.workspace.root.name or "/", *self._crumbs)

    def body(self) -> Iterable[Widget]:
        yield TextView(text_lines(self._text), widget_id="main")

    def show_text(self, text: str) -> None:
        """Show another text; the place is kept."""
        self._text = text
        self.query_one("#main", TextView).show(text_lines(text))

    def action_copy_text(self) -> None:
        """Copy the whole text."""
        self.dagtop.copy(sanitize_lines(self._text), "the text")


def text_lines(text: str) -> list[Spans]:
    """Lines of data; the last line of a traceback stands out."""
    lines = sanitize_lines(text).splitlines()
    last = max((i for i, line in enumerate(lines) if line.strip()), default=-1)
    is_traceback = any(line.startswith("Traceback") for line in lines)
    return [
        (span(" "), span(line.expandtabs(4), "error" if is_traceback and i == last else "text"))
        for i, line in enumerate(lines)
    ]

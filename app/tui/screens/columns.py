"""Choosing the columns of a table."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from app.tui.spans import Span, Spans, span
from app.tui.widgets.text_view import TextView


class ColumnsScreen(ModalScreen[frozenset[str] | None]):
    """The columns with a box each; gives the keys of those that are to be hidden."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q", "close", "Close"),
        ("down,j", "move(1)", "Next"),
        ("up,k", "move(-1)", "Previous"),
        ("space,x", "show_or_hide", "Show or hide"),
        ("enter", "take", "Take"),
    ]

    def __init__(self, columns: Sequence[tuple[str, str]], hidden: Collection[str]) -> None:
        super().__init__()
        self._columns = columns
        self._hidden = set(hidden)
        self._cursor = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="columns") as box:
            box.border_title = "Columns"
            box.border_subtitle = "Space shows or hides   Enter takes them   Esc closes"
            view = TextView(wrap=False)
            view.styles.height = min(len(self._columns), max(3, self.app.size.height - 6))
            yield view

    def on_mount(self) -> None:
        self._show()

    def _show(self) -> None:
        view = self.query_one(TextView)
        view.show([self._line(number) for number in range(len(self._columns))])
        page = max(1, view.position.page)
        top = view.position.top
        if not top <= self._cursor < top + page:
            view.position.top = max(0, min(self._cursor - page // 2, len(self._columns) - page))
            view.repaint()

    def _line(self, number: int) -> Spans:
        key, title = self._columns[number]
        ground = "@cursor" if number == self._cursor else ""
        box = "[ ]" if key in self._hidden else "[x]"
        return (
            Span(f" {box} ", f"accent{ground}"),
            span(f"{title.lower():<30}", f"text{ground}"),
        )

    def action_move(self, step: int) -> None:
        """Another column."""
        self._cursor = max(0, min(self._cursor + step, len(self._columns) - 1))
        self._show()

    def action_show_or_hide(self) -> None:
        """Show or hide the column."""
        self._hidden ^= {self._columns[self._cursor][0]}
        self._show()

    def action_take(self) -> None:
        """Leave with these."""
        self.dismiss(frozenset(self._hidden))

    def action_close(self) -> None:
        """Leave the columns as they were."""
        self.dismiss(None)

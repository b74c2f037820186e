"""The palette: every action that is possible here, found by words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from app.tui.actions import Action, key_name
from app.tui.spans import Span, Spans
from app.tui.widgets.text_view import TextView

SHOWN = 10
"""Actions shown at once."""


def matching(actions: Sequence[Action], text: str) -> list[Action]:
    """The actions whose name and description hold all the words; names that begin with it first."""
    words = text.lower().split()
    found = [
        action
        for action in actions
        if all(word in f"{action.name} {action.description}".lower() for word in words)
    ]
    return sorted(found, key=lambda action: not action.name.lower().startswith(text.lower()))


class PaletteScreen(ModalScreen["Action | None"]):
    """An input with the actions below it; gives the one that was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "close", "Close"),
        ("down,ctrl+n,tab", "move(1)", "Next"),
        ("up,ctrl+p,shift+tab", "move(-1)", "Previous"),
    ]
    AUTO_FOCUS = "Input"

    def __init__(self, actions: Sequence[Action]) -> None:
        super().__init__()
        self._actions = actions
        self._found = list(actions)
        self._cursor = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="palette") as box:
            box.border_title = "Actions"
            box.border_subtitle = "Enter does it   Esc closes"
            field = Input(placeholder="words of an action", compact=True)
            field.cursor_blink = False
            yield field
            view = TextView(wrap=False)
            view.can_focus = False
            view.styles.height = SHOWN
            yield view

    def on_mount(self) -> None:
        self._show()

    def on_input_changed(self, event: Input.Changed) -> None:
        self._found, self._cursor = matching(self._actions, event.value), 0
        self._show()

    def _show(self) -> None:
        top = max(0, min(self._cursor - SHOWN + 1, len(self._found) - SHOWN))
        rows = self._found[top : top + SHOWN]
        lines = [_line(action, top + i == self._cursor) for i, action in enumerate(rows)]
        self.query_one(TextView).show(lines or [(Span("no action of this screen matches", "dim"),)])

    def action_move(self, step: int) -> None:
        """Go to another action."""
        self._cursor = max(0, min(self._cursor + step, len(self._found) - 1))
        self._show()

    def action_close(self) -> None:
        """Leave without doing anything."""
        self.dismiss(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._found:
            self.dismiss(self._found[self._cursor])


def _line(action: Action, selected: bool) -> Spans:
    ground = "@cursor" if selected else ""
    keys = " ".join(key_name(key) for key in action.keys[:2])
    return (
        Span(f" {keys:<9} ", f"key{ground}"),
        Span(f"{action.name:<14}", f"strong{ground}"),
        Span(f"{action.description} ", f"dim{ground}"),
    )

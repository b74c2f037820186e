"""The keys that work here, made from the registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from app.tui.actions import GROUPS, Action, actions_for, key_name, with_keys
from app.tui.bindings import bindings
from app.tui.spans import Span, Spans
from app.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from app.tui.application import DagtopApp


def _place(action: Action) -> tuple[int, int]:
    """What only this screen has, the commonest first; then views by number, then the rest."""
    key = action.keys[0]
    if len(key) == 1 and key.isdigit() and (".show-" in action.id or ".dag-" in action.id):
        return 1, int(key) or 10
    return (2 if action.context == "everywhere" else 0), action.footer or 50


def help_lines(actions: Sequence[Action]) -> list[Spans]:
    """The overlay's lines: groups, then keys, names and what they do; ``!`` is what asks first."""
    lines: list[Spans] = []
    for group in GROUPS:
        members = [action for action in actions if action.group == group and action.keys]
        members.sort(key=_place)
        if not members:
            continue
        if lines:
            lines.append(())
        lines.append((Span(group.upper(), "heading"),))
        for action in members:
            keys = " ".join(key_name(key) for key in action.keys)
            lines.append(
                (
                    Span(f"{keys:<10} ", "key"),
                    Span(f"{action.name:<13}", "text"),
                    Span("! " if action.destructive else "  ", "warning"),
                    Span(action.description, "dim"),
                )
            )
    return lines


class HelpScreen(ModalScreen[None]):
    """An overlay over the screen whose keys it explains."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("list"),
        ("escape,q,question_mark,enter", "dismiss", "Close"),
    ]
    AUTO_FOCUS = "#main"

    def __init__(self, contexts: tuple[str, ...], without: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self._contexts = contexts
        self._without = without
        self._count = 0

    def compose(self) -> ComposeResult:
        app = cast("DagtopApp", self.app)
        actions = [
            action
            for action in actions_for(self._contexts, read_only=app.read_only)
            if action.id not in self._without
        ]
        lines = help_lines(with_keys(actions, app.settings.keys))
        with Vertical(classes="dialog", id="help") as box:
            box.border_title = "Keys"
            box.border_subtitle = "! asks first   j k scroll   Esc closes"
            self._count = len(lines)
            yield TextView(lines, wrap=False, widget_id="main")

    def on_mount(self) -> None:
        self.on_resize()

    def on_resize(self) -> None:
        room = self.app.size.height * 9 // 10 - 2  # the dialog's share, less its border
        self.query_one("#main").styles.height = max(1, min(self._count, room))

    def action_travel(self, way: str) -> None:
        """Scroll."""
        self.query_one("#main", TextView).travel(way)

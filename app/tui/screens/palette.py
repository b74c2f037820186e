"""The palette: every action that is possible here, found by words, and where ``:`` leads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from app.tui.actions import Action, key_name
from app.tui.jumps import DEPENDENCIES, Completion, Known, Target, complete, parse
from app.tui.reading import JumpNames, read_jumps
from app.tui.screens.jump import with_names
from app.tui.spans import Span, Spans, span
from app.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from app.tui.application import DagtopApp

_VIEW = re.compile(r"\.(?:show|dag)-")
"""In the ids of actions that go to a view."""

SHOWN = 10
"""Actions shown at once."""


def ways_from(text: str, known: Known, actions: Sequence[Action]) -> list[Completion]:
    """Where ``:`` leads with a text, but for views that an action goes to already."""
    shown = {action.id.rpartition("-")[2] for action in actions if _VIEW.search(action.id)}
    shown.update(one.handler for one in actions if one.handler == DEPENDENCIES)
    return [
        one for one in complete(text, known) if one.text not in shown and not one.text.endswith(" ")
    ]


def matching(actions: Sequence[Action], text: str) -> list[Action]:
    """The actions whose name and description hold all the words; names that begin with it first."""
    words = text.lower().split()
    found = [
        action
        for action in actions
        if all(word in f"{action.name} {action.description}".lower() for word in words)
    ]
    return sorted(found, key=lambda action: not action.name.lower().startswith(text.lower()))


def in_rank(
    text: str, actions: Sequence[Action], ways: Sequence[Completion]
) -> list[Action | Completion]:
    """All of them: first what is called by the text, then what has its words somewhere."""

    def is_called(one: Action | Completion) -> bool:
        name = one.name if isinstance(one, Action) else one.text.removeprefix("dag ")
        return name.lower().startswith(text.strip().lower())

    return sorted([*actions, *ways], key=lambda one: not is_called(one))


class PaletteScreen(ModalScreen[Action | Target | None]):
    """An input with the actions below it; gives the one that was chosen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "close", "Close"),
        ("down,ctrl+n,tab", "move(1)", "Next"),
        ("up,ctrl+p,shift+tab", "move(-1)", "Previous"),
    ]
    AUTO_FOCUS = "Input"

    def __init__(self, actions: Sequence[Action], known: Known) -> None:
        super().__init__()
        # what only this screen has comes first
        self._actions = sorted(actions, key=lambda one: one.context == "everywhere")
        self._known = known
        self._found: list[Action | Completion] = []
        self._cursor = 0

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="palette") as box:
            box.border_title = "Actions"
            box.border_subtitle = "Enter does it   Esc closes"
            field = Input(placeholder="words of an action, or where to go", compact=True)
            field.cursor_blink = False
            yield field
            view = TextView(wrap=False)
            view.can_focus = False
            view.styles.height = SHOWN
            yield view

    def on_mount(self) -> None:
        def then(names: JumpNames) -> None:
            if self.is_attached and self.query(Input):
                self._known = with_names(self._known, names)
                self._find()

        dag_id, run_id = self._known.subject, self._known.run_id
        app = cast("DagtopApp", self.app)
        app.refresher.once(lambda store: read_jumps(store, dag_id, run_id), then)
        self._find()

    def on_input_changed(self) -> None:
        self._cursor = 0
        self._find()

    def _find(self) -> None:
        text = self.query_one(Input).value
        ways = ways_from(text.strip(), self._known, self._actions)
        self._found = in_rank(text, matching(self._actions, text), ways)
        self._show()

    def _show(self) -> None:
        top = max(0, min(self._cursor - SHOWN + 1, len(self._found) - SHOWN))
        rows = self._found[top : top + SHOWN]
        lines = [_line(one, top + i == self._cursor) for i, one in enumerate(rows)]
        nothing = "no action of this screen, and no place, matches"
        self.query_one(TextView).show(lines or [(Span(nothing, "dim"),)])

    def action_move(self, step: int) -> None:
        """Go to another action."""
        self._cursor = max(0, min(self._cursor + step, len(self._found) - 1))
        self._show()

    def action_close(self) -> None:
        """Leave without doing anything."""
        self.dismiss(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if not self._found:
            return
        chosen = self._found[self._cursor]
        cast("DagtopApp", self.app).key_order.hold_until_idle()
        self.dismiss(chosen if isinstance(chosen, Action) else parse(chosen.text, self._known))


def _line(action: Action | Completion, selected: bool) -> Spans:
    ground = "@cursor" if selected else ""
    if isinstance(action, Completion):
        return (
            Span(f" {':':<9} ", f"key{ground}"),
            span(f"{action.text:<13} ", f"strong{ground}"),
            span(f"{action.meaning} ", f"dim{ground}"),
        )
    keys = " ".join(key_name(key) for key in action.keys[:2])
    return (
        Span(f" {keys:<9} ", f"key{ground}"),
        Span(f"{action.name:<14}", f"strong{ground}"),
        Span(f"{action.description} ", f"dim{ground}"),
    )

"""A dialog to pick from a list that is searched by typing: one thing, or several."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input

from app.tui.models.picking import Item, left, lines_of
from app.tui.spans import Span, span
from app.tui.widgets.text_view import TextView

if TYPE_CHECKING:
    from app.tui.application import DagtopApp

FRAME = 5
"""Lines of the dialog around its list, and some air."""


@dataclass(frozen=True, slots=True)
class Picked:
    """What was picked."""

    key: str | None
    """The item under the cursor; None: there was none."""
    several: tuple[str, ...] = ()
    """Those with a cross, in the order in which they got it."""
    text: str = ""
    """What was typed."""
    by: str = "enter"
    """The key that ended it."""


class SearchLine(Input):
    """Where the search is typed; a space picks, where several can be picked."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        return key != "space" and super().check_consume_key(key, character)


Turn = Callable[[str, int], Item | None]
"""Turns an item to its next (1) or former (-1) form; None: it has one only."""


class PickScreen(ModalScreen[Picked | None]):
    """The items with a search above them; Enter takes, Escape leaves everything as it is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "close", "Close"),
        ("down,ctrl+n", "move(1)", "Next"),
        ("up,ctrl+p", "move(-1)", "Previous"),
        ("pagedown", "move(10)", "Page down"),
        ("pageup", "move(-10)", "Page up"),
        # before the line where the search is typed gets them
        Binding("space", "pick", "Pick", priority=True),
        Binding("left", "turn(-1)", "Form before", priority=True),
        Binding("right", "turn(1)", "Next form", priority=True),
    ]
    AUTO_FOCUS = "Input"

    def __init__(
        self,
        title: str,
        items: Sequence[Item],
        *,
        picked: Sequence[str] | None = None,
        hint: str = "",
        placeholder: str = "words to search for",
        keys: Collection[str] = (),
        typed: Callable[[str], Sequence[Item]] | None = None,
        turn: Turn | None = None,
        cursor: str | None = None,
        empty: str = "nothing matches",
    ) -> None:
        """``picked``: several can be picked, these are; ``keys``: what ends it besides Enter;
        ``typed``: further items that depend on what is typed; ``turn``: for Left and Right."""
        super().__init__()
        self._title, self._hint, self._placeholder = title, hint, placeholder
        self._items = list(items)
        self._picked = None if picked is None else dict.fromkeys(picked)
        self._keys = frozenset(keys)
        self._more = typed
        self._turn = turn
        self._empty = empty
        self._found: list[Item] = []
        self._cursor = 0
        self._first = cursor

    @property
    def dagtop(self) -> DagtopApp:
        return cast("DagtopApp", self.app)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog", id="pick") as box:
            box.border_title = Content(span(self._title).text)
            takes = "Space picks   " if self._picked is not None else ""
            box.border_subtitle = f"{self._hint}{takes}Enter takes   Esc closes"
            field = SearchLine(placeholder=self._placeholder, compact=True)
            field.cursor_blink = False
            yield field
            view = TextView(wrap=False)
            view.can_focus = False
            yield view

    def on_mount(self) -> None:
        self._find()
        keys = [one.key for one in self._found]
        if self._first in keys:
            self._cursor = keys.index(self._first)
            self._show()

    def on_resize(self) -> None:
        self._show()

    def on_input_changed(self) -> None:
        self._cursor = 0
        self._find()

    @property
    def _text(self) -> str:
        return self.query_one(Input).value

    def _find(self) -> None:
        self._found = left(self._items, self._text)
        if self._more is not None:
            self._found.extend(self._more(self._text.strip()))
        self._cursor = max(0, min(self._cursor, len(self._found) - 1))
        self._show()

    def _show(self) -> None:
        view = self.query_one(TextView)
        groups = len({one.group for one in self._items if one.group})
        most = len(self._items) + groups + (2 if self._more else 0)
        height = max(3, min(most, self.app.size.height * 9 // 10 - FRAME))
        if view.styles.height is None or view.styles.height.value != height:
            view.styles.height = height
        width = min(72, self.app.size.width * 96 // 100) - 5
        glyphs = self.dagtop.glyphs
        lines = lines_of(self._found, self._picked, self._cursor, width, glyphs.ellipsis)
        at = next((n for n, line in enumerate(lines) if line.item == self._cursor), 0)
        top = max(0, min(view.position.top, at - 1))
        if at >= top + height:
            top = at - height + 1
        view.show([line.spans for line in lines] or [(Span(f" {self._empty}", "dim"),)])
        view.position.page = height
        view.position.top = max(0, min(top, len(lines) - height))
        view.repaint()

    @property
    def _current(self) -> Item | None:
        return self._found[self._cursor] if self._cursor < len(self._found) else None

    def action_move(self, step: int) -> None:
        """Go to another item."""
        self._cursor = max(0, min(self._cursor + step, len(self._found) - 1))
        self._show()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Where there is nothing to pick or to turn, keys are typed."""
        if action == "pick":
            return self._picked is not None
        if action == "turn":
            one = self._current
            return one is not None and self._turn is not None and self._turn(one.key, 1) is not None
        return True

    def on_key(self, event: events.Key) -> None:
        """Keys that end it, besides Enter."""
        if event.key in self._keys:
            event.stop()
            self._end(event.key)

    def action_pick(self) -> None:
        """Give the item a cross, or take it away."""
        one = self._current
        if one is None or self._picked is None:
            return
        if one.key in self._picked:
            del self._picked[one.key]
        else:
            self._picked[one.key] = None
        self.action_move(1)

    def action_turn(self, step: int) -> None:
        """Another form of the item."""
        one = self._current
        new = self._turn(one.key, step) if one is not None and self._turn is not None else None
        if one is None or new is None:
            return
        self._items[self._items.index(one)] = new
        if self._picked is not None:
            self._picked = {new.key if key == one.key else key: None for key in self._picked}
        self._find()

    def _end(self, by: str) -> None:
        one = self._current
        several = tuple(self._picked or ())
        self.dagtop.key_order.hold_until_idle()
        self.dismiss(Picked(None if one is None else one.key, several, self._text.strip(), by))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._end("enter")

    def action_close(self) -> None:
        """Leave without picking."""
        self.dismiss(None)

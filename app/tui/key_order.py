"""Keys take effect in the order in which they were typed.

Textual hands a key to the widget that has the focus and goes on with the next at once; a key that
the widget doesn't want comes back to the app, for its bindings, behind keys typed later. Over a
slow line several keys arrive together: Backspace Backspace "d" would become "d" Backspace
Backspace. So a key is handed on when the one before has come to its end; and where that one opened
something, or unfolded it, when what it shows has been read: "z j j" means the rows that z unfolds.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from textual import events
from textual.dom import DOMNode
from textual.message import Message

if TYPE_CHECKING:
    from textual.app import App
    from textual.screen import Screen
    from textual.timer import Timer


HOLD = 1.0
"""Seconds that keys wait for the store at most: a slow one must not hold people."""


LAPS = 4
"""Times that the way of a key is gone where others wait: Enter in a line of input makes messages
that make messages, each a lap behind, until the line is closed."""


class KeyHandled(Message):
    """Went the way of a key, behind it: when it arrives at the app, the key has come to its end."""

    def __init__(self, serial: int, lap: int = 1) -> None:
        super().__init__()
        self.serial = serial
        self.lap = lap


class KeyOrder:
    """The keys that wait for the one before them."""

    def __init__(
        self,
        app: App[int],
        forward: Callable[[events.Event], Awaitable[None]],
        is_stuck: Callable[[], bool],
    ) -> None:
        """``is_stuck``: whether the store doesn't answer, so that nothing is worth waiting for."""
        self._app = app
        self._forward = forward
        self._is_stuck = is_stuck
        self._waiting: deque[events.Event] = deque()
        self._serial = 0
        self._target: DOMNode | None = None
        """Who has a key now; None: nobody."""
        self._holds: dict[object, Timer] = {}
        self._to_paint: list[tuple[Screen[Any], Callable[[], None]]] = []
        """Screens that let keys go once they are painted."""

    def hold(self) -> Callable[[], None]:
        """Keys wait until the function is called, for ``HOLD`` seconds at most."""
        if self._is_stuck():
            return lambda: None
        hold = object()

        def release() -> None:
            timer = self._holds.pop(hold, None)
            if timer is not None:
                timer.stop()
                self._app.call_later(self.go_on)

        self._holds[hold] = self._app.set_timer(HOLD, release)
        return release

    def release_after(self, screen: Screen[Any], release: Callable[[], None]) -> None:
        """Let keys go when a screen has been painted, or is gone before it could be."""
        entry = (screen, release)

        def painted() -> None:
            if entry in self._to_paint:
                self._to_paint.remove(entry)
            release()

        self._to_paint.append(entry)
        screen.call_after_refresh(painted)

    def hold_until_idle(self) -> None:
        """Keys wait until what was just begun has come to its end: a dialog closes, and leads
        elsewhere."""
        self._app.call_after_refresh(self.hold())

    def drop(self) -> None:
        """What a key was to open doesn't open: keys typed for it have no sense on the page."""
        self._waiting.clear()

    def let_go(self) -> None:
        """Nothing is waited for any more."""
        for timer in self._holds.values():
            timer.stop()
        self._holds.clear()
        self._to_paint.clear()

    async def take(self, event: events.Event) -> None:
        """A key was typed, or a text was pasted."""
        if self._is_held() and isinstance(event, events.Key) and event.key == "escape":
            self._waiting.clear()
            self.let_go()
            await self._forward(event)
            return
        self._waiting.append(event)
        await self.go_on()

    async def handled(self, message: KeyHandled) -> None:
        """A key has come to its end."""
        if message.serial != self._serial:
            return
        if self._waiting and message.lap < LAPS and self._target is not None:
            again = KeyHandled(message.serial, message.lap + 1)
            if not self._is_free() and self._target.post_message(again):
                return
        self._target = None
        await self.go_on()

    async def go_on(self) -> None:
        """Hand on what waits, as far as it may."""
        while self._waiting and not self._is_held() and self._is_free():
            event = self._waiting.popleft()
            self._serial += 1
            target = self._target = self._app.focused or self._app.screen
            await self._forward(event)
            if not target.post_message(KeyHandled(self._serial)):
                self._target = None

    @property
    def is_through(self) -> bool:
        """Whether all keys have come to their end."""
        return not self._waiting and self._is_free() and not self._holds

    def _is_held(self) -> bool:
        """Whether keys wait for what is read, or for a form's command: who types ahead means what
        is behind the form. Escape doesn't: a slow runner must not hold people."""
        stack = self._app.screen_stack
        for entry in [entry for entry in self._to_paint if entry[0] not in stack]:
            self._to_paint.remove(entry)
            entry[1]()
        if not stack:
            return True  # the app ends
        return bool(self._holds) or getattr(stack[-1], "is_waiting", False)

    def _is_free(self) -> bool:
        """Whether nobody has a key; one whose widget was closed by it has come to its end, too."""
        target = self._target
        if not self._app.screen_stack:
            return True  # the app ends
        return target is None or not target.is_attached or target.screen is not self._app.screen

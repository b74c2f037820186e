"""Timers that fire once, and do: Textual's may be lost where the machine is busy."""

from __future__ import annotations

from collections.abc import Callable

from textual.message_pump import MessagePump
from textual.timer import Timer, TimerCallback

REST = 0.12
"""Seconds that a cursor rests before what needs the store is read for it."""


class SureTimers(MessagePump):
    """A part of the UI whose ``set_timer`` always fires.

    Textual 8 skips ticks that are late, also the only tick of a timer that fires once: where
    the process stands still between two lines of ``Timer._run`` for longer than the delay, the
    timer ends without a call. Textual itself waits for such a timer of 8 ms before it takes a new
    size of the terminal, and never took one again.
    """

    def set_timer(
        self,
        delay: float,
        callback: TimerCallback | None = None,
        *,
        name: str | None = None,
        pause: bool = False,
    ) -> Timer:
        """Call a function after ``delay`` seconds, or as soon as possible after that."""
        timer = super().set_timer(delay, callback, name=name, pause=pause)
        timer._skip = False  # its task has not begun yet
        return timer


class Rest:
    """Calls a function when a cursor has rested for a while."""

    def __init__(self, owner: SureTimers, then: Callable[[], None]) -> None:
        self._owner = owner
        self._then = then
        self._timer: Timer | None = None

    def begin(self) -> None:
        """The cursor has moved: the time runs anew."""
        self.stop()
        self._timer = self._owner.set_timer(REST, self._over)

    @property
    def is_begun(self) -> bool:
        """Whether the function is still to be called."""
        return self._timer is not None

    def _over(self) -> None:
        self._timer = None
        self._then()

    def stop(self) -> None:
        """Nothing is to be called any more."""
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

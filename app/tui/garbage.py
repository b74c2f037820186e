"""When everything is looked through for garbage: while nobody types.

A look at everything takes some 50 ms, more where tables hold thousands of rows; a screen that was
closed leaves about a megabyte, in cycles that only such a look finds.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable

from textual._styles_cache import StylesCache

AFTER = 2.0
"""Seconds after the start until garbage is collected at all: ``app.tui.run`` turned that off."""

QUIET = 2.0
"""Seconds without a key after which there is time for a look, if there may be garbage."""

OLD_ENOUGH = 10
"""Collections of younger garbage between two looks at everything."""

SHORT_QUIET = 0.3
"""Seconds without a key that are enough once many screens were shown."""

MANY_SCREENS = 8


class Garbage:
    """Counts what may leave garbage, and collects it between keys."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_key = 0.0
        self._screens = 0

    @staticmethod
    def begin() -> None:
        """Collect from now on; what was loaded by now stays, and is not looked at any more."""
        gc.freeze()
        gc.set_threshold(*gc.get_threshold()[:2], 20 * OLD_ENOUGH)
        gc.enable()

    def key_pressed(self) -> None:
        """Somebody types."""
        self._last_key = self._clock()

    def screen_shown(self) -> None:
        """The one before it may have been closed."""
        self._screens += 1

    def look(self) -> None:
        """Collect, if it is worth it and nobody types."""
        rested = self._clock() - self._last_key
        if not gc.isenabled():
            return
        many = self._screens >= MANY_SCREENS and rested > SHORT_QUIET
        if many or (rested > QUIET and gc.get_count()[2] > OLD_ENOUGH):
            self._screens = 0
            # Textual 8 keeps what 1,024 closed widgets have painted, as keys of a cache of colours.
            StylesCache.get_inner_outer.cache_clear()
            gc.collect()

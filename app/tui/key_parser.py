"""Esc and a key typed right behind it are two keys, though a slow line delivers them together.

A terminal sends Alt+x as Esc and x, and Textual takes both for that. dagtop has no keys with Alt,
but Esc is pressed all the time: Esc j j must not become Alt+j j. Esc is told apart from the
beginning of a sequence (``ESC [ A`` is an arrow) by what follows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.message import Message

ESCAPE = "\x1b"
SEQUENCES = "[]OP_^X" + ESCAPE
"""What begins a sequence of the terminal behind an Esc."""

_ALONE = re.compile(f"{ESCAPE}(?=[^{re.escape(SEQUENCES)}])")
_REST_OF_ESCAPE = "[27u"
"""With the Esc before it: the key Esc, as terminals with the keyboard protocol of kitty send it."""


class KeyParser(XTermParser):
    """``XTermParser`` that knows no Alt by Esc."""

    _pending = False
    """The last that came was an Esc of which it isn't known yet what it is."""

    def feed(self, data: str) -> Iterable[Message]:
        """Read what was typed."""
        if self._pending and data and data[0] not in SEQUENCES:
            yield from super().feed(_REST_OF_ESCAPE)
        self._pending = data.endswith(ESCAPE)
        yield from super().feed(_ALONE.sub(ESCAPE + _REST_OF_ESCAPE, data))

    def tick(self) -> Iterable[Message]:
        """Time passes; an Esc behind which nothing came is the key."""
        for message in super().tick():
            self._pending = False
            yield message

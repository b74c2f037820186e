"""Which keys are read from what a terminal sends, however the line cuts it into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from app.tui.key_parser import KeyParser

TYPED = {
    "\x1b2": ["escape", "2"],
    "\x1bjjk": ["escape", "j", "j", "k"],
    "\x1b:dag\r": ["escape", "colon", "d", "a", "g", "enter"],
    "\x1b\r": ["escape", "enter"],
    "\x1b\x7f": ["escape", "backspace"],
    "\x1b\x02": ["escape", "ctrl+b"],
    "\x1b\x1b2": ["escape", "escape", "2"],
    "\x1b[A": ["up"],
    "j\x1b[Bk\x1bOAx": ["j", "down", "k", "up", "x"],
    "\x1b[5~\x1bé": ["pageup", "escape", "é"],
    "\x1b[120;3u": ["alt+x"],
}


def keys_of(*pieces: str) -> list[str]:
    parser = KeyParser()
    found = [message for piece in pieces for message in parser.feed(piece)]
    return [message.key for message in found if isinstance(message, events.Key)]


@pytest.mark.parametrize("typed", TYPED)
def test_each_key_is_read(typed: str) -> None:
    assert keys_of(typed) == TYPED[typed]


@given(st.sampled_from(sorted(TYPED)), st.data())
def test_it_is_the_same_in_pieces(typed: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.sets(st.integers(1, len(typed)))))
    pieces = [typed[a:b] for a, b in zip([0, *cuts], [*cuts, len(typed)], strict=True)]
    assert keys_of(*(piece for piece in pieces if piece)) == TYPED[typed]

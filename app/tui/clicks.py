"""What a click on a line means: a key that the line names is pressed, a tab is opened."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from rich.cells import cell_len

if TYPE_CHECKING:
    from app.tui.application import DagtopApp
    from app.tui.spans import Span, Spans


def key_at(line: Spans, x: int) -> str:
    """The key whose name, or whose words behind it, stand at a cell; empty if none does."""
    key = ""
    for piece, start, end in _placed(line):
        if piece.role == "key":
            key = piece.text.strip()
        if start <= x < end:
            return key if piece.text.strip() else ""
    return ""


def tab_at(line: Spans, names: Collection[str], x: int) -> str | None:
    """The tab whose name or count stands at a cell."""
    name = None
    for piece, start, end in _placed(line):
        words = piece.text.split()
        if words and words[0] in names:
            name = words[0]
        if start <= x < end:
            return name if words else None
    return None


def _placed(line: Spans) -> Iterator[tuple[Span, int, int]]:
    x = 0
    for piece in line:
        yield piece, x, x + cell_len(piece.text)
        x += cell_len(piece.text)


def press(app: DagtopApp, line: Spans, x: int) -> None:
    """Press the key that a line names at a cell, if it does."""
    from textual import events

    from app.tui.actions import key_of_name

    name = key_at(line, x)
    if name:
        character = name if len(name) == 1 else None
        app.post_message(events.Key(key_of_name(name), character))

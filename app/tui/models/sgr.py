"""Colours of a log line: SGR sequences to styles, and nothing else.

The line comes from ``app.text.sanitize_log``: the only control sequences left in it are SGR.
Blinking and hidden text are not taken over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from rich.color import Color
from rich.style import Style

from app.text import sanitize

_SGR = re.compile(r"\x1b\[([0-9;:]*)m")
_NAMES = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_COLOURS: dict[int, Color | None] = {
    **{30 + number: Color.parse(name) for number, name in enumerate(_NAMES)},
    **{90 + number: Color.parse(f"bright_{name}") for number, name in enumerate(_NAMES)},
    39: None,
}
_ON = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "reverse", 9: "strike"}
_OFF = {22: ("bold", "dim"), 23: ("italic",), 24: ("underline",), 27: ("reverse",), 29: ("strike",)}
TAB = 8


def expand_tabs(text: str) -> str:
    """Tabs as spaces up to the next multiple of eight (SGR sequences left out of account)."""
    return text.expandtabs(TAB) if "\t" in text else text


@dataclass(frozen=True, slots=True)
class Pen:
    """What SGR has set so far."""

    flags: frozenset[str] = frozenset()
    colour: Color | None = None
    ground: Color | None = None


def styled(line: str) -> list[tuple[str, Style | None]]:
    """The line as pieces of plain text with the style that SGR gave them (None: none)."""
    line = line.replace("\n", " ")
    if "\x1b" not in line:
        return [(expand_tabs(line), None)]
    pieces: list[tuple[str, Style | None]] = []
    pen, end = Pen(), 0
    for match in _SGR.finditer(line):
        if match.start() > end:
            pieces.append((sanitize(line[end : match.start()]), style_of(pen)))
        pen = apply(pen, match[1])
        end = match.end()
    if end < len(line):
        pieces.append((sanitize(line[end:]), style_of(pen)))
    return [(expand_tabs(text), style) for text, style in pieces if text]


def apply(pen: Pen, parameters: str) -> Pen:
    """The pen after one more SGR sequence."""
    queue = [int(part) if part else 0 for part in re.split("[;:]", parameters)[:32]]
    flags, colour, ground = set(pen.flags), pen.colour, pen.ground
    while queue:
        code = queue.pop(0)
        if code == 0:
            flags, colour, ground = set(), None, None
        elif code in _ON:
            flags.add(_ON[code])
        elif code in _OFF:
            flags.difference_update(_OFF[code])
        elif code == 38:
            colour = _extended(queue)
        elif code == 48:
            ground = _extended(queue)
        elif code in _COLOURS:
            colour = _COLOURS[code]
        elif code - 10 in _COLOURS:
            ground = _COLOURS[code - 10]
    return Pen(frozenset(flags), colour, ground)


@lru_cache(maxsize=512)
def style_of(pen: Pen) -> Style | None:
    """The pen as a style."""
    if pen == Pen():
        return None
    flags = dict.fromkeys(pen.flags, True)
    return Style(
        color=pen.colour,
        bgcolor=pen.ground,
        bold=flags.get("bold"),
        dim=flags.get("dim"),
        italic=flags.get("italic"),
        underline=flags.get("underline"),
        reverse=flags.get("reverse"),
        strike=flags.get("strike"),
    )


def _extended(queue: list[int]) -> Color | None:
    kind = queue.pop(0) if queue else 0
    if kind == 5 and queue:
        return Color.from_ansi(queue.pop(0) & 255)
    if kind == 2 and len(queue) >= 3:
        red, green, blue = (queue.pop(0) & 255 for _ in range(3))
        return Color.from_rgb(red, green, blue)
    return None

"""What the terminal shows and what it should show, and the fewest bytes from the one to the other.

Textual repaints dirty regions without looking at what is there already, and sets every style from
scratch. Over a slow line that is what costs. ``FrameBuffer`` reads Textual's output into cells and
writes only cells that differ, with only those attributes that change. As it compares with what
was last written, frames that a slow terminal has no time for are left out by themselves.
"""

from __future__ import annotations

import re
from functools import lru_cache

from rich.cells import split_graphemes

_TOKEN = re.compile(
    r"(?P<text>[^\x00-\x1f\x7f]+)"
    r"|\x1b\[(?P<row>\d+);(?P<column>\d+)H"
    r"|\x1b\[(?P<style>[0-9;:]*)m"
    r"|(?P<link>\x1b\]8;[^\x07\x1b]*(?:\x07|\x1b\\))"
    r"|(?P<other>\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    r"|\x1b[ -/]*[0-~]|[\x00-\x1f\x7f])",
    re.DOTALL,
)
_UNSAFE = re.compile("[\x80-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Control characters beyond ASCII. Data was rid of them long before; this is the last door."""
SYNC_ON, SYNC_OFF = "\x1b[?2026h", "\x1b[?2026l"
ALT_ON, ALT_OFF = "\x1b[?1049h", "\x1b[?1049l"
POINTER = "\x1b]22;"
"""The shape of the mouse pointer, set with every screen: not worth its bytes."""
GAP = 4
"""Unchanged cells that are cheaper to write again than to skip."""

INSTEAD = str.maketrans(
    {
        **dict.fromkeys("─━┄┅╌╍═▔▁▂", "-"),
        **dict.fromkeys("│┃┆┇╎║▏▕▌▐", "|"),
        **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼", "+"),
        **dict.fromkeys("▃▄▅▆▇█▀", "#"),
        **dict.fromkeys("‘’", "'"),
        **dict.fromkeys("“”", '"'),
        **dict.fromkeys("·•", "."),
        "…": "~",
        "×": "x",
        "›": ">",
        "‹": "<",
    }
)
"""What stands for a character on a terminal without Unicode; ``?`` for all others. There the bytes
of UTF-8 are characters of their own, some of them control characters."""

Cell = tuple[str, str]
"""A grapheme and its SGR parameters; the right half of a wide one has the grapheme ""."""

BLANK: Cell = (" ", "")
UNKNOWN: Cell = ("", "?")


class FrameBuffer:
    """Cells as they should be (``feed``) and as they were written (``take``)."""

    def __init__(self, width: int, height: int, *, ascii_only: bool = False) -> None:
        self.ascii_only = ascii_only
        self.width = width
        self.height = height
        self._wanted: list[list[Cell]] = []
        self._shown: list[list[Cell]] = []
        self._row = self._column = 0
        self._style = ""
        self._passed: list[str] = []
        self._sync = False
        self._visible = True
        self.resize(width, height)

    def resize(self, width: int, height: int) -> None:
        """The terminal has another size: nothing is known of what it shows."""
        self.width, self.height = width, height
        self._wanted = [[BLANK] * width for _ in range(height)]
        self.forget()

    def forget(self) -> None:
        """Nothing is known of what the terminal shows: everything is written again."""
        self._shown = [[UNKNOWN] * self.width for _ in range(self.height)]

    def feed(self, data: str) -> None:
        """Read output of Textual: of a part of a frame text, positions and styles are kept, and no
        other sequence goes on to the terminal; what has no text or position is for it alone."""
        is_frame = False
        others: list[str] = []
        for token in _TOKEN.finditer(data):
            kind = token.lastgroup
            if kind == "text":
                is_frame = True
                self._put(token["text"])
            elif kind == "style":
                codes = token["style"]
                self._style = "" if codes in ("", "0") else codes
            elif kind == "column":
                is_frame = True
                self._row, self._column = int(token["row"]) - 1, int(token["column"]) - 1
            elif token["other"] in (SYNC_ON, SYNC_OFF):
                self._sync = True
            elif kind == "other":
                others.append(token["other"])
        if not is_frame:
            for sequence in others:
                self._pass(sequence)

    def _pass(self, sequence: str) -> None:
        if sequence in ("\n", "\r") or sequence.startswith(POINTER):
            return
        if sequence == ALT_ON:
            self._visible = True
            self.forget()
        elif sequence == ALT_OFF:
            self._visible = False
        if self.ascii_only:  # such as the terminal's title
            sequence = sequence.translate(INSTEAD).encode("ascii", "replace").decode()
        self._passed.append(sequence)

    def _put(self, text: str) -> None:
        if not 0 <= self._row < self.height:
            return
        row, x, style = self._wanted[self._row], self._column, self._style
        if text.isascii():
            blank = (" ", ground_of(style))
            fresh: list[Cell] = [(c, style) if c != " " else blank for c in text]
        else:
            fresh = []
            text = _UNSAFE.sub("", text)
            for start, end, cells in split_graphemes(text)[0]:
                if cells == 0:
                    if fresh and not self.ascii_only:
                        fresh[-1] = (fresh[-1][0] + text[start:end], style)
                    continue
                piece = text[start:end]
                if self.ascii_only and not piece.isascii():
                    piece = piece[0].translate(INSTEAD)
                    fresh.extend([(piece if piece.isascii() else "?", style)] * cells)
                    continue
                fresh.append((piece, style if piece != " " else ground_of(style)))
                if cells == 2:
                    fresh.append(("", style))
        fresh = fresh[: max(0, self.width - x)]
        if not fresh:
            return
        end = x + len(fresh)
        if row[x][0] == "" and x > 0:
            row[x - 1] = (" ", row[x - 1][1])
        if end < self.width and row[end][0] == "":
            row[end] = (" ", row[end][1])
        row[x:end] = fresh
        self._column = end

    @property
    def pending(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._passed) or (self._visible and self._wanted != self._shown)

    def take(self) -> str:
        """What must be written now; afterwards the terminal counts as up to date."""
        passed, self._passed = "".join(self._passed), []
        if not self._visible:
            return passed
        body = self._difference()
        if not body:
            return passed
        if self._sync:
            body = f"{SYNC_ON}{body}{SYNC_OFF}"
        return passed + body

    def _difference(self) -> str:
        out: list[str] = []
        pen: str | None = None
        place: tuple[int, int] | None = None
        for y in range(self.height):
            wanted, shown = self._wanted[y], self._shown[y]
            if wanted == shown:
                continue
            for start, end in changed_runs(wanted, shown):
                out.append(_move(place, (y, start)))
                pen, certain = _write(out, pen, wanted, (y, start, end))
                place = (y, end) if certain and end < self.width else None
            self._shown[y] = list(wanted)
        if not out:
            return ""
        if pen:
            out.append("\x1b[m")
        if (self._row, self._column) != (0, 0):
            out.append(_move(None, (self._row, self._column)))
        return "".join(out)


def _write(
    out: list[str], pen: str | None, cells: list[Cell], where: tuple[int, int, int]
) -> tuple[str | None, bool]:
    """Write the cells [start, end) of row y; returns the pen, and whether the place is certain."""
    y, x, end = where
    certain = True
    while x < end:
        style = cells[x][1]
        stop = x + 1
        while stop < end and cells[stop][1] == style:
            stop += 1
        text = "".join([cell[0] for cell in cells[x:stop]])
        x = stop
        if not (pen is not None and text.isspace() and ground_of(pen) == style):
            out.append(transition(pen, style))
            pen = style
        out.append(text)
        certain = text.isascii() or _plain_width(text)
        if not certain and x < end:
            out.append(_move(None, (y, x)))
    return pen, certain


def changed_runs(wanted: list[Cell], shown: list[Cell]) -> list[tuple[int, int]]:
    """The spans of cells to write: those that differ, small gaps between them filled."""
    runs: list[tuple[int, int]] = []
    for x, (new, old) in enumerate(zip(wanted, shown, strict=True)):
        if new == old:
            continue
        start = x - 1 if new[0] == "" and x else x
        end = x + 1
        while end < len(wanted) and wanted[end][0] == "":
            end += 1
        if runs and start - runs[-1][1] <= GAP:
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
        else:
            runs.append((start, end))
    return runs


def _move(place: tuple[int, int] | None, target: tuple[int, int]) -> str:
    row, column = target
    if place == target:
        return ""
    if place is not None and place[0] == row and place[1] < column:
        return f"\x1b[{column - place[1]}C"
    return f"\x1b[{row + 1};{column + 1}H" if column else f"\x1b[{row + 1}H"


@lru_cache(maxsize=512)
def _plain_width(text: str) -> bool:
    """Whether every terminal agrees on how wide the text is: one cell a character."""
    return all(ord(c) < 0x2E80 for c in text) and all(
        cells == 1 and end - start == 1 for start, end, cells in split_graphemes(text)[0]
    )


ATTRIBUTES = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "21", "51", "52", "53"}


@lru_cache(maxsize=2048)
def parts_of(style: str) -> tuple[frozenset[str], str, str]:
    """SGR parameters as attributes, foreground and background."""
    attributes: set[str] = set()
    foreground = background = ""
    codes = style.split(";") if style else []
    index = 0
    while index < len(codes):
        code = codes[index]
        length = 1
        if code in ("38", "48"):
            length = 5 if codes[index + 1 : index + 2] == ["2"] else 3
            colour = ";".join(codes[index : index + length])
            if code == "38":
                foreground = colour
            else:
                background = colour
        elif code in ATTRIBUTES:
            attributes.add(code)
        elif code.isdigit() and (40 <= int(code) <= 47 or 100 <= int(code) <= 107):
            background = code
        elif code.isdigit() and (30 <= int(code) <= 37 or 90 <= int(code) <= 97):
            foreground = code
        index += length
    return frozenset(attributes), foreground, background


SHOWN_ON_BLANK = {"4", "7", "9", "21", "51", "52", "53"}
OFF = {"1": "22", "2": "22", "3": "23", "4": "24", "5": "25", "7": "27", "8": "28", "9": "29"}


@lru_cache(maxsize=2048)
def ground_of(style: str) -> str:
    """What of a style shows on a blank cell: the background, lines through it, not the colour."""
    if not style:
        return style
    attributes, _, background = parts_of(style)
    if attributes & SHOWN_ON_BLANK:
        return style
    return background


@lru_cache(maxsize=4096)
def transition(pen: str | None, style: str) -> str:
    """The SGR sequence that turns one style (None: unknown) into another."""
    if pen is None:
        return f"\x1b[0;{style}m" if style else "\x1b[m"
    if pen == style:
        return ""
    had, old_foreground, old_background = parts_of(pen)
    has, foreground, background = parts_of(style)
    whole = f"\x1b[0;{style}m" if style else "\x1b[m"
    gone = had - has
    if any(code not in OFF for code in gone):
        return whole
    codes = sorted({OFF[code] for code in gone})
    if "22" in codes:  # ends bold and dim alike
        had -= {"1", "2"}
    codes.extend(sorted(has - had))
    if foreground != old_foreground:
        codes.append(foreground or "39")
    if background != old_background:
        codes.append(background or "49")
    short = f"\x1b[{';'.join(codes)}m" if codes else ""
    return short if len(short) <= len(whole) else whole

"""The cells of a plot: lines that plotext draws (many or long ones ``dots``), and characters over
them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache

from rich.cells import cell_len

from app.tui.models.chart.dots import cells_of, columns_of
from app.tui.spans import Span, Spans
from app.tui.theme import Glyphs

BRAILLE = 0x2800
"""The braille character without dots; the others add their bits."""
NOTHING = (" ", chr(BRAILLE))

BLANK = ""
"""A cell that nothing was written into; a space that was written is one of ours."""


SHORT = 100
"""Points of a line that plotext draws."""

_alone = threading.Lock()
"""plotext has one figure for the process."""


@lru_cache(maxsize=64)
def drawn(
    places: tuple[tuple[int, int], ...],
    width: int,
    height: int,
    dots: tuple[int, int],
    *,
    filled: bool = False,
) -> list[str]:
    """A line from dot to dot as plotext draws it, ``height`` lines of ``width`` characters.

    Its own axes, labels and colours stay off: here they are those of the whole chart. A cursor
    that moves over a chart draws nothing anew.
    """
    import plotext

    across, down = dots
    with _alone:
        plotext.clear_figure()
        plotext.limit_size(False, False)
        plotext.theme("clear")
        plotext.plotsize(width, height)
        plotext.frame(False)
        plotext.xfrequency(0)
        plotext.yfrequency(0)
        plotext.xlim(0, max(1, width * across - 1))
        plotext.ylim(0, max(1, height * down - 1))
        plotext.plot(
            [x for x, _ in places],
            [height * down - 1 - y for _, y in places],
            marker="braille" if across > 1 else "*",
            fillx=filled,
        )
        return [line.partition("\x1b")[0] for line in plotext.build().splitlines()[:height]]


class Raster:
    """``width`` × ``height`` cells; each of 2 × 4 dots, or of one where there is only ASCII."""

    def __init__(self, width: int, height: int, glyphs: Glyphs, *, is_busy: bool = False) -> None:
        self.width, self.height = width, height
        self.is_busy = is_busy
        """There are many lines: plotext would take its time for each."""
        self.across, self.down = (1, 1) if glyphs.is_ascii else (2, 4)
        self._dots = [[0] * width for _ in range(height)]
        self._roles = [["text"] * width for _ in range(height)]
        self._texts = [[BLANK] * width for _ in range(height)]
        self._shade = ":" if glyphs.is_ascii else "░"
        self._shaded: set[tuple[int, int]] = set()

    def line(self, places: Sequence[tuple[int, int]], role: str, *, filled: bool = False) -> None:
        """Draw a line from dot to dot: columns and rows of dots, the first row is the highest.

        ``filled``: with all that is below it.
        """
        for column, row, bits in self._drawn(tuple(places), filled=filled):
            if (column, row) in self._shaded:
                self._shaded.discard((column, row))
                self._texts[row][column] = BLANK
            self._dots[row][column] |= bits
            self._roles[row][column] = role

    def _drawn(
        self, places: tuple[tuple[int, int], ...], *, filled: bool
    ) -> list[tuple[int, int, int]]:
        """The cells of a line, and their bits."""
        if self.is_busy or len(places) > SHORT:
            across, down = self.width * self.across, self.height * self.down
            columns = columns_of(places, across, down, filled=filled)
            return cells_of(columns, self.height, braille=self.across > 1)
        lines = drawn(places, self.width, self.height, (self.across, self.down), filled=filled)
        return [
            (column, row, ord(character) - BRAILLE if self.across > 1 else 1)
            for row, text in enumerate(lines)
            for column, character in enumerate(text)
            if character not in NOTHING
        ]

    def put(self, column: int, row: int, character: str, role: str) -> None:
        """Write a character, over whatever is there."""
        if 0 <= column < self.width and 0 <= row < self.height:
            self._texts[row][column] = character
            self._roles[row][column] = role

    def shade(self, column: int, row: int, role: str) -> None:
        """Shade a cell in which nothing is drawn; what is drawn into it later covers that."""
        if 0 <= column < self.width and 0 <= row < self.height and self.is_free(column, row):
            self.put(column, row, self._shade, role)
            self._shaded.add((column, row))

    def is_free(self, column: int, row: int) -> bool:
        """Whether nothing is drawn in a cell."""
        return self._texts[row][column] == BLANK and not self._dots[row][column]

    def fill(self, row: int, character: str, role: str) -> None:
        """Draw a character through a row wherever nothing is drawn."""
        for column in range(self.width):
            if self.is_free(column, row):
                self.put(column, row, character, role)

    def label(self, row: int, text: str, role: str) -> bool:
        """Write a text where a row is free from end to end, the right one first; False: nowhere."""
        if len(text) > self.width or cell_len(text) != len(text):
            return False
        for first in (self.width - len(text), 0):
            cells = range(first, first + len(text))
            if all(self.is_free(column, row) for column in cells):
                for column, character in zip(cells, text, strict=True):
                    self.put(column, row, character, role)
                return True
        return False

    def row(self, number: int, lit: range = range(0), ground: str = "idle") -> Spans:
        """The spans of a row; the cells of ``lit`` on a ground of their own.

        Not on the cursor's: without colours that is reversed, and would look like a bar.
        """
        result: list[Span] = []
        text, current = "", ""
        dots, roles, texts = self._dots[number], self._roles[number], self._texts[number]
        for column in range(self.width):
            character, role = texts[column], roles[column]
            if character == BLANK:
                bits = dots[column]
                character = (chr(BRAILLE + bits) if self.across > 1 else "*") if bits else " "
            if column in lit:
                role += f"@{ground}"
            if role == current:
                text += character
                continue
            if text:
                result.append(Span(text, current))
            text, current = character, role
        if text:
            result.append(Span(text, current))
        return tuple(result)

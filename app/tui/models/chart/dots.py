"""Lines as dots, where plotext would take too long.

plotext draws a noisy line of 480 points into 120 by 36 cells in 80 ms, and 50 lines of 40 points in
as many times 15 ms (here the same takes 1 ms each): a curve has 20 ms to be read
and drawn, and 50 runs have 250 ms to be compared. So plotext draws what is short, and this what is
long or many. The dots are the same but for roundings.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

LEFT = (0x01, 0x02, 0x04, 0x40)
RIGHT = (0x08, 0x10, 0x20, 0x80)
"""The bits of a braille character for its dots from the top down, in either column."""


def _table(bits: Sequence[int]) -> tuple[int, ...]:
    """For each set of four dots (the lowest bit is the highest dot) the bits of the character."""
    return tuple(
        sum(bit for place, bit in enumerate(bits) if dots >> place & 1) for dots in range(16)
    )


_LEFT, _RIGHT = _table(LEFT), _table(RIGHT)


def columns_of(
    places: Sequence[tuple[int, int]], width: int, height: int, *, filled: bool = False
) -> list[int]:
    """For each of ``width`` columns of dots a number with a bit for every dot that a line through
    ``places`` (column, row) sets; the lowest bit is the highest of ``height`` dots.

    ``filled``: with all that is below the line.
    """
    columns = [0] * width
    if len(places) == 1:
        places = [places[0], places[0]]
    for (x0, y0), (x1, y1) in pairwise(places):
        if x0 > x1:
            x0, y0, x1, y1 = x1, y1, x0, y0
        across = x1 - x0
        if not across:
            low, high = (y0, y1) if y0 < y1 else (y1, y0)
            columns[x0] |= ((1 << (high - low + 1)) - 1) << low
            continue
        down = y1 - y0
        before = y0
        for x in range(x0, x1 + 1):  # each column holds half of the way to its neighbours
            share = min(2 * (x - x0) + 1, 2 * across)
            after = y0 + (2 * down * share + 2 * across) // (4 * across)
            low, high = (before, after) if before < after else (after, before)
            columns[x] |= ((1 << (high - low + 1)) - 1) << low
            before = after
    if filled:
        whole = (1 << height) - 1
        columns = [whole & ~((column & -column) - 1) if column else 0 for column in columns]
    return columns


def cells_of(columns: Sequence[int], height: int, *, braille: bool) -> list[tuple[int, int, int]]:
    """Columns of dots as cells that aren't empty: column, row, and the bits of the character (1
    where a cell has but one dot). ``height``: of the plot, in cells."""
    found: list[tuple[int, int, int]] = []
    if not braille:
        for x, column in enumerate(columns):
            found.extend((x, row, 1) for row in range(height) if column >> row & 1)
        return found
    for x in range(0, len(columns), 2):
        left, right = columns[x], columns[x + 1] if x + 1 < len(columns) else 0
        both = left | right
        if not both:
            continue
        first = ((both & -both).bit_length() - 1) // 4
        for row in range(first, min(height, (both.bit_length() + 3) // 4)):
            bits = _LEFT[left >> 4 * row & 15] | _RIGHT[right >> 4 * row & 15]
            if bits:
                found.append((x // 2, row, bits))
    return found

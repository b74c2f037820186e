"""Points that aren't finite: where they are marked."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, isfinite, isnan, log10, nan
from typing import NamedTuple

from app.tui.models.chart.series import Series
from app.tui.theme import Glyphs


class Odd(NamedTuple):
    """A point that has no place on the vertical axis."""

    x: float
    y: float
    """NaN, or which end of the axis it is beyond."""
    height: float | None
    """Of the last finite value before it, as the axis counts; None: it is marked at an edge."""
    is_bare: bool
    """It has no mark of its own."""
    was_finite: bool = False
    """Only the logarithm made it infinite."""


def logarithm(value: float) -> float:
    """The power of ten that a height is: -inf for what isn't positive."""
    if value > 0:
        return log10(value) if value < inf else inf
    return value if isnan(value) else -inf


def power_of(value: float) -> float:
    """Where an x is on an axis of powers of ten; NaN: nowhere."""
    return log10(value) if 0 < value < inf else nan


def odd_of(series: Series, *, log: bool, on_line: bool) -> list[Odd]:
    """The points of a series that aren't finite, or aren't after a logarithm.

    ``on_line``: at the height of the last finite value before, else of the first one after.
    """
    ys: Sequence[float] = series.ys
    if all(map(isfinite, ys)) and not (log and any(y <= 0 for y in ys)):
        return []
    found: list[Odd] = []
    bare = not series.marks
    height = _height(next((y for y in ys if isfinite(y)), nan), log=log) if on_line else None
    for x, y in zip(series.xs, ys, strict=False):
        if not -inf < y < inf:
            found.append(Odd(x, y, height, bare))
            continue
        if log and y <= 0:
            found.append(Odd(x, -inf, None, bare, was_finite=True))
        if on_line:
            height = _height(y, log=log)
    return found


def _height(value: float, *, log: bool) -> float | None:
    height = logarithm(value) if log else value
    return height if isfinite(height) else None


def glyph_of(y: float, glyphs: Glyphs) -> str:
    """The character of NaN and of the infinities."""
    if isnan(y):
        return "x" if glyphs.is_ascii else "×"
    return glyphs.up if y > 0 else glyphs.down

"""What a chart shows, and fewer points where there are more than columns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import inf, isfinite
from typing import Literal, NamedTuple

from app.tui.spans import Spans

Unit = Literal["number", "count", "duration", "time", "bytes", "percent"]
"""What an axis counts: durations in seconds, times in seconds since 1970."""

Kind = Literal["line", "area", "points", "bars", "band"]
"""How a series is drawn."""


class Mark(NamedTuple):
    """How one point is shown: a state's glyph and role."""

    glyph: str
    role: str
    word: str = ""
    """Named in the legend, once."""
    rank: int = 0
    """Of several on one cell the one of the lowest rank is seen."""


@dataclass(frozen=True, slots=True)
class Series:
    """Points in order. NaN as y is a gap; a point whose x isn't finite is left out."""

    name: str
    xs: Sequence[float]
    ys: Sequence[float]
    role: str = "accent"
    kind: Kind = "line"
    """An area is a line with all below it; a band is what lies between ``ys`` and ``tops``."""
    marks: Sequence[Mark] = ()
    """Of points and bars: one for each point. Bars show theirs in a row below the plot."""
    marker: str = ""
    """A character on the line every so often, and in the legend: tells lines apart without
    colours."""
    tops: Sequence[float] = ()
    """Of a band: the upper edge, one for each point."""


class Limit(NamedTuple):
    """A horizontal line with a label: a median, a threshold."""

    value: float
    label: str
    role: str = "warning"


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis counts and how far it reaches; by itself from the least to the greatest."""

    unit: Unit = "number"
    low: float | None = None
    high: float | None = None
    log: bool = False
    """By powers of ten. What isn't positive is marked at the lower edge of a vertical axis, and
    left out on a horizontal one."""
    text: Callable[[float], str] | None = None
    """The labels, where they aren't what is counted: the run of a number."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart. Series later in the list are painted over the earlier ones."""

    series: Sequence[Series]
    x: Axis = field(default_factory=Axis)
    y: Axis = field(default_factory=Axis)
    limits: Sequence[Limit] = ()
    title: Spans = ()
    legend: bool = True
    slot: float | None = None
    """Distance of two neighbours on x: each gets cells of its own, the last at the right edge."""
    cursor: float | None = None
    """An x whose cells are lit up."""
    gutter: int = 0
    """Cells that the labels of the vertical axis take at least: as many in charts that align."""
    empty: str = "nothing to draw"
    """What is said where there are no points."""
    odd: Literal["edge", "last"] = "edge"
    """Where NaN and the infinities are marked: below the plot and at its edges, or on the line, at
    the height of the last finite value before them."""


Points = list[tuple[float, float]]


def downsample(
    xs: Sequence[float], ys: Sequence[float], low: float, high: float, columns: int
) -> Points:
    """At most four points for each stretch within one column: first, least, greatest, last.

    A line through them covers the same dots. Points that aren't finite are all kept.
    """
    start, width = low * 0.5, high * 0.5 - low * 0.5  # halves: the whole may be beyond all floats
    scale = columns / width if width > 1e-300 else 0.0
    result: Points = []
    current, least, greatest = -1, inf, -inf
    stretch: Points = []
    last_x = last_y = 0.0
    for x, y in zip(xs, ys, strict=False):
        column = int((x * 0.5 - start) * scale)
        if column == current and least <= y <= greatest:
            last_x, last_y = x, y
            continue
        if not -inf < y < inf:
            result.extend(_ended(stretch, (last_x, last_y)))
            result.append((x, y))
            stretch, current, least, greatest = [], -1, inf, -inf
            continue
        if column != current:
            result.extend(_ended(stretch, (last_x, last_y)))
            stretch, current, least, greatest = [], column, y, y
        else:
            least, greatest = min(least, y), max(greatest, y)
        last_x, last_y = x, y
        stretch.append((x, y))
    result.extend(_ended(stretch, (last_x, last_y)))
    return result


def _ended(stretch: Points, last: tuple[float, float]) -> Points:
    """First, least, greatest and last of the points of one column, in their order."""
    if not stretch:
        return []
    if stretch[-1] != last:
        stretch.append(last)
    if len(stretch) <= 4:
        return stretch
    heights = [y for _, y in stretch]
    places = {0, heights.index(min(heights)), heights.index(max(heights)), len(stretch) - 1}
    return [stretch[place] for place in sorted(places)]


def finite_x(series: Series) -> Series:
    """The series without points that are nowhere on x."""
    count = min(len(series.xs), len(series.ys))
    if len(series.xs) == len(series.ys) and all(map(isfinite, series.xs)):
        return series
    kept = [place for place in range(count) if isfinite(series.xs[place])]
    return replace(
        series,
        xs=[series.xs[place] for place in kept],
        ys=[series.ys[place] for place in kept],
        marks=[series.marks[place] for place in kept if place < len(series.marks)],
        tops=[series.tops[place] for place in kept if place < len(series.tops)],
    )

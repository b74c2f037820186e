"""Charts that lie on their side: bars and box plots, a line for each, its name at the left. Pure.

Names are long and values are few: so names stand in a column, and all share one axis below.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo
from math import inf, isfinite, isnan, log10

from app.tui.models.chart.odd import glyph_of
from app.tui.models.chart.series import Unit
from app.tui.models.chart.ticks import Tick, log_ticks, ticks, widened
from app.tui.spans import Span, Spans, fit, span, width_of
from app.tui.theme import Glyphs

NAME_SHARE = 0.35
"""Share of the width that names take at most."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A value with a name. One that isn't finite has a mark instead of a bar."""

    name: str
    value: float
    role: str = "accent"


@dataclass(frozen=True, slots=True)
class Box:
    """The spread of values with a name: quartiles, whiskers and what lies beyond (Tukey's)."""

    name: str
    values: Sequence[float]
    role: str = "accent"


@dataclass(frozen=True, slots=True)
class Quartiles:
    """What a box plot draws of some values."""

    low: float
    """The least value within one and a half heights of the box."""
    first: float
    median: float
    third: float
    high: float
    beyond: tuple[float, ...]


def quartiles(values: Sequence[float]) -> Quartiles | None:
    """Quartiles by linear interpolation, as NumPy's; None without a finite value."""
    ys = sorted(value for value in values if isfinite(value))
    if not ys:
        return None
    first, median, third = (_quantile(ys, share) for share in (0.25, 0.5, 0.75))
    reach = (third - first) * 1.5
    inside = [y for y in ys if first - reach <= y <= third + reach] or ys
    beyond = tuple(y for y in ys if not inside[0] <= y <= inside[-1])
    return Quartiles(inside[0], first, median, third, inside[-1], beyond)


def _quantile(ys: Sequence[float], share: float) -> float:
    place = (len(ys) - 1) * share
    left = int(place)
    right = min(left + 1, len(ys) - 1)
    return ys[left] + (ys[right] - ys[left]) * (place - left)


class _Side:
    """The axis of such a chart, and the column of names."""

    def __init__(
        self,
        names: Sequence[str],
        values: Sequence[float],
        width: int,
        unit: Unit,
        *,
        log: bool,
        tail: int,
    ) -> None:
        self.unit: Unit = unit
        self.log, self.tail = log, tail
        widest = max((width_of((span(name),)) for name in names), default=0)
        self.names = min(widest, int(width * NAME_SHARE))
        self.width = max(1, width - self.names - 2 - tail)
        placed = [at for value in values if (at := self.place(value)) is not None]
        self.low, self.high = widened(min(placed, default=0.0), max(placed, default=1.0))

    def place(self, value: float) -> float | None:
        """Where a value is on the axis; None: nowhere."""
        if not isfinite(value) or (self.log and value <= 0):
            return None
        return log10(value) if self.log else value

    def cell(self, value: float) -> int | None:
        """The cell of a value."""
        at = self.place(value)
        if at is None:
            return None
        share = (at * 0.5 - self.low * 0.5) / (self.high * 0.5 - self.low * 0.5)
        return round(min(1.0, max(0.0, share)) * (self.width - 1))

    def line(self, name: str, body: Spans, tail: Span, glyphs: Glyphs, ground: str) -> Spans:
        """A line of the chart: the name, what is drawn, and at its right in figures."""
        joint = "|" if glyphs.is_ascii else "│"
        head = fit((span(name, f"text{ground}"),), self.names, right=True, ellipsis=glyphs.ellipsis)
        return (
            *head,
            Span(f" {joint}", "faint"),
            *fit(body, self.width),
            *fit((tail,), self.tail, right=True),
        )

    def axis(self, glyphs: Glyphs, zone: tzinfo | None) -> list[Spans]:
        """The axis below it, and its labels."""
        corner, rule, joint = "+-+" if glyphs.is_ascii else "└─┬"
        most = max(2, self.width // 11)
        found: list[Tick]
        if self.log:
            found = log_ticks(self.unit, self.low, self.high, most)
        else:
            found = ticks(self.unit, self.low, self.high, most, zone)
        line, labels, free = [rule] * self.width, [" "] * self.width, 0
        for tick in found:
            share = (tick.value * 0.5 - self.low * 0.5) / (self.high * 0.5 - self.low * 0.5)
            cell = round(min(1.0, max(0.0, share)) * (self.width - 1))
            first = min(max(0, cell - len(tick.text) // 2), self.width - len(tick.text))
            if first < free:
                continue
            line[cell] = joint
            labels[first : first + len(tick.text)] = tick.text
            free = first + len(tick.text) + 2
        edge = " " * (self.names + 1)
        return [
            (Span(f"{edge}{corner}{''.join(line)}", "faint"),),
            (Span(f"{edge} {''.join(labels)}", "dim"),),
        ]


def bar_lines(
    bars: Sequence[Bar],
    width: int,
    glyphs: Glyphs,
    *,
    unit: Unit = "number",
    log: bool = False,
    zone: tzinfo | None = None,
    lit: int | None = None,
) -> list[Spans]:
    """A line for each bar, then two of the axis. Bars begin at zero, with ``log`` at the left.

    ``lit``: the number of the bar under the cursor.
    """
    if not bars or width < 8:
        return []
    values = [bar.value for bar in bars] + ([] if log else [0.0])
    tail = 1 + max(len(f"{bar.value:g}") for bar in bars)
    side = _Side([bar.name for bar in bars], values, width, unit, log=log, tail=tail)
    full = "#" if glyphs.is_ascii else "█"
    zero = 0 if log else side.cell(0.0) or 0
    lines: list[Spans] = []
    for number, bar in enumerate(bars):
        ground = "@cursor" if number == lit else ""
        cell = side.cell(bar.value)
        if cell is None:
            mark = glyph_of(bar.value, glyphs) if not isfinite(bar.value) else glyphs.down
            room = side.width - 1 if bar.value == inf else zero
            body: Spans = (Span(" " * room), Span(mark, "error"))
        else:
            first, last = sorted((zero, cell))
            body = (Span(" " * first), Span(full * (last - first + 1), bar.role))
        lines.append(side.line(bar.name, body, span(f" {bar.value:g}", "dim"), glyphs, ground))
    return [fit(one, width) for one in (*lines, *side.axis(glyphs, zone))]


def box_lines(
    boxes: Sequence[Box],
    width: int,
    glyphs: Glyphs,
    *,
    unit: Unit = "number",
    log: bool = False,
    zone: tzinfo | None = None,
    lit: int | None = None,
) -> list[Spans]:
    """A line for each box, then two of the axis: whiskers, the box, its median, points beyond.

    What isn't finite is counted at the right.
    """
    if not boxes or width < 8:
        return []
    values = [value for box in boxes for value in box.values]
    odd = [_odd_words(box.values) for box in boxes]
    side = _Side([box.name for box in boxes], values, width, unit, log=log, tail=max(map(len, odd)))
    lines: list[Spans] = []
    for number, box in enumerate(boxes):
        ground = "@cursor" if number == lit else ""
        found = quartiles([value for value in box.values if side.place(value) is not None])
        cells: list[tuple[str, str]] = [(" ", "text")] * side.width
        if found is not None:
            _draw_box(cells, found, side, box.role, glyphs)
        tail = Span(odd[number], "error")
        lines.append(side.line(box.name, _joined(cells), tail, glyphs, ground))
    return [fit(one, width) for one in (*lines, *side.axis(glyphs, zone))]


def _odd_words(values: Sequence[float]) -> str:
    """How many of the values have no place in a box."""
    nans = sum(map(isnan, values))
    infinite = sum(1 for value in values if not isfinite(value)) - nans
    return (f" {nans} NaN" if nans else "") + (f" {infinite} inf" if infinite else "")


def _draw_box(
    cells: list[tuple[str, str]], found: Quartiles, side: _Side, role: str, glyphs: Glyphs
) -> None:
    low, first, median, third, high = (
        side.cell(value) or 0
        for value in (found.low, found.first, found.median, found.third, found.high)
    )
    left, whisker, right, inside, middle = "|-|=M" if glyphs.is_ascii else "├─┤▒┃"
    for cell in range(low, high + 1):
        cells[cell] = (whisker, role)
    for cell in range(first, third + 1):
        cells[cell] = (inside, role)
    cells[low], cells[high] = (left, role), (right, role)
    cells[median] = (middle, "strong")
    for value in found.beyond:
        cells[side.cell(value) or 0] = ("o" if glyphs.is_ascii else "∘", "warning")


def _joined(cells: Sequence[tuple[str, str]]) -> Spans:
    result: list[Span] = []
    for text, role in cells:
        if result and result[-1].role == role:
            result[-1] = Span(result[-1].text + text, role)
        else:
            result.append(Span(text, role))
    return tuple(result)

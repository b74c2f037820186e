"""A chart as lines of exactly so many cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import tzinfo
from itertools import groupby
from math import inf, isfinite, isnan, log10, nan

from app.tui.models.chart.frame import Across, Frame
from app.tui.models.chart.odd import Odd, glyph_of, logarithm, odd_of, power_of
from app.tui.models.chart.raster import Raster
from app.tui.models.chart.series import Chart, Mark, Series, downsample, finite_x
from app.tui.models.chart.ticks import Tick, log_ticks, rounded, ticks, widened
from app.tui.spans import Span, Spans, crop_text, fit, span, width_of
from app.tui.theme import Glyphs

GUTTER = 10
"""Cells that labels of the vertical axis take at most."""
LEAST_WIDTH = 24
"""Below this width there is no vertical axis."""
FEW = 3
"""Lines of a chart that plotext draws."""
MARKERS_APART = 16
"""Cells between the characters that tell a line from others."""


def chart_lines(
    chart: Chart, width: int, height: int, glyphs: Glyphs, zone: tzinfo | None = None
) -> list[Spans]:
    """The chart in ``height`` lines of ``width`` cells."""
    if height <= 0:
        return []
    if width <= 0:
        return [()] * height
    painted = _Painter(chart, width, height, glyphs, zone).lines()
    return [fit(line, width, ellipsis=glyphs.ellipsis) for line in painted]


class _Painter:
    def __init__(
        self, chart: Chart, width: int, height: int, glyphs: Glyphs, zone: tzinfo | None
    ) -> None:
        self.chart, self.glyphs, self.zone = chart, glyphs, zone
        self.width, self.height = width, height
        self.odd: list[Odd] = []
        self.series = [self._prepared(one) for one in chart.series]
        self.finite = [[y for y in one.ys if -inf < y < inf] for one in self.series]
        self.limits = [
            limit._replace(value=log10(limit.value) if chart.y.log else limit.value)
            for limit in chart.limits
            if isfinite(limit.value) and (limit.value > 0 or not chart.y.log)
        ]
        self.slot = chart.slot if chart.slot is not None and 0 < chart.slot < inf else None
        self.x = self._across_range()
        self.y = self._down_range()

    # ranges

    def _prepared(self, series: Series) -> Series:
        """Points that are on the x axis, their heights as the y axis counts."""
        if self.chart.x.log:
            series = replace(series, xs=[power_of(x) for x in series.xs])
        series = finite_x(series)
        low, high = self._across_edges()
        low, high = -inf if low is None else low, inf if high is None else high
        if series.xs and (min(series.xs) < low or max(series.xs) > high):
            outside = [low <= x <= high for x in series.xs]
            nowhere = [x if seen else inf for x, seen in zip(series.xs, outside, strict=True)]
            series = finite_x(replace(series, xs=nowhere))
        on_line = self.chart.odd == "last" and series.kind != "band"
        self.odd.extend(odd_of(series, log=self.chart.y.log, on_line=on_line))
        if self.chart.y.log:
            heights, tops = map(logarithm, series.ys), map(logarithm, series.tops)
            series = replace(series, ys=list(heights), tops=list(tops))
        return series

    def _across_edges(self) -> tuple[float | None, float | None]:
        axis = self.chart.x
        if axis.log:
            low, high = (None if edge is None else power_of(edge) for edge in (axis.low, axis.high))
            return _finite(low), _finite(high)
        return _finite(axis.low), _finite(axis.high)

    def _across_range(self) -> tuple[float, float]:
        each = [one.xs for one in self.series if one.xs]
        low, high = self._across_edges()
        low = min(map(min, each), default=0.0) if low is None else low
        high = max(map(max, each), default=low + 1.0) if high is None else high
        return (low, max(low, high)) if self.slot else widened(low, max(low, high))

    def _down_range(self) -> tuple[float, float]:
        axis = self.chart.y
        values = [edge for ys in self.finite if ys for edge in (min(ys), max(ys))]
        values += [top for one in self.series for top in one.tops if isfinite(top)]
        values += [limit.value for limit in self.limits] if values else []
        if any(one.kind == "bars" for one in self.series) and not axis.log:
            values.append(0.0)
        low, high = min(values, default=0.0), max(values, default=1.0)
        for edge in (axis.low, axis.high):
            if edge is not None and isfinite(edge) and (edge > 0 or not axis.log):
                value = log10(edge) if axis.log else edge
                low, high = (value, high) if edge is axis.low else (low, value)
        if low == high == 0.0:
            high = 1.0
        return widened(low, max(low, high))

    # lines

    @property
    def is_empty(self) -> bool:
        return not any(one.xs for one in self.series)

    def lines(self) -> list[Spans]:
        legend = self._legend()
        most = max(1, min(8, (self.height - 3) // 3))
        if not self.chart.y.log:
            self.y = rounded(self.chart.y.unit, *self.y, most) if self.height > 4 else self.y
        labels = self._labels(most)
        frame = self._frame(legend, labels)
        if self.is_empty:
            return self._nothing(frame, legend)
        across = Across(*self.x, self.slot, frame.width)
        raster, marks = self._plot(frame, across), self._marks(frame, across)
        lit = range(0)
        cursor = self.chart.cursor
        if cursor is not None and self.chart.x.log:
            cursor = power_of(cursor)
        if cursor is not None and isfinite(cursor):
            lit = across.cells(cursor)
        lines = [legend] * frame.head
        at_row = {self._row(tick.value, frame.height): tick.text for tick in reversed(labels)}
        for row in range(frame.height):
            lines.append((*self._gutter(frame, at_row.get(row)), *raster.row(row, lit)))
        if frame.marks:
            text = "NaN" if self._has_gaps() and frame.gutter else ""
            head = Span(text.rjust(frame.gutter - 2).ljust(frame.gutter), "dim")
            lines.append((head, *marks.row(0, lit, "cursor")))
        lines.extend(self._axis(frame, across))
        return lines

    def _frame(self, legend: Spans, labels: Sequence[Tick]) -> Frame:
        head = int(bool(legend) and self.height >= 4)
        marks = self.height >= 5 and (self._has_gaps() or self._has_bar_marks())
        axis = 2 if self.height >= 6 else 0
        widest = max((len(tick.text) for tick in labels), default=0)
        widest = max(widest, min(GUTTER, self.chart.gutter))
        widest = max(widest, len("NaN")) if self._has_gaps() else widest
        gutter = min(GUTTER, widest) + 2 if self.width >= LEAST_WIDTH else 0
        height = max(1, self.height - head - int(marks) - axis)
        return Frame(self.width - gutter, height, gutter, head, marks, axis)

    def _nothing(self, frame: Frame, legend: Spans) -> list[Spans]:
        lines: list[Spans] = [()] * self.height
        if frame.head:
            lines[0] = legend
        text = crop_text(self.chart.empty, self.width, self.glyphs.ellipsis)
        room = max(0, (self.width - width_of((Span(text),))) // 2)
        lines[self.height // 2] = (Span(" " * room), Span(text, "dim"))
        return lines

    def _gutter(self, frame: Frame, text: str | None) -> Spans:
        if not frame.gutter:
            return ()
        joint = ("+" if text else "|") if self.glyphs.is_ascii else ("┤" if text else "│")
        label = fit((span(text or "", "dim"),), frame.gutter - 2, right=True)
        return (*label, Span(f" {joint}", "faint"))

    def _labels(self, most: int) -> list[Tick]:
        axis = self.chart.y
        if axis.log:
            return log_ticks(axis.unit, *self.y, max(2, (self.height - 3) // 2))
        found = ticks(axis.unit, *self.y, most, self.zone)
        if axis.text is None:
            return found
        named = [Tick(tick.value, axis.text(tick.value)) for tick in found]
        return [next(alike) for _, alike in groupby(named, key=lambda tick: tick.text)]

    def _axis(self, frame: Frame, across: Across) -> Iterable[Spans]:
        if not frame.axis:
            return
        corner, rule, joint = "+-+" if self.glyphs.is_ascii else "└─┬"
        unit, text = self.chart.x.unit, self.chart.x.text
        most = max(2, frame.width // (14 if text is not None else 11))
        line, labels = [rule] * frame.width, [" "] * frame.width
        free = 0
        if self.chart.x.log:
            places = log_ticks(unit, *self.x, most)
        else:
            places = ticks("count" if text is not None else unit, *self.x, most, self.zone)
        for tick in places:
            words = tick.text if text is None else text(tick.value)
            words = crop_text(span(words).text, frame.width, "")
            cell = across.cell(tick.value)
            first = min(max(0, cell - len(words) // 2), frame.width - len(words))
            if first < free or not words.isprintable() or width_of((Span(words),)) != len(words):
                continue
            line[cell] = joint
            labels[first : first + len(words)] = words
            free = first + len(words) + 2
        edge = " " * (frame.gutter - 1) + corner if frame.gutter else ""
        yield (Span(edge + "".join(line), "faint"),)
        yield (Span(" " * frame.gutter + "".join(labels), "dim"),)

    def _legend(self) -> Spans:
        ascii_only = self.glyphs.is_ascii
        rule = "-" if ascii_only else "─"
        samples = {"line": rule, "area": rule, "points": self.glyphs.on, "bars": "■", "band": "░"}
        if ascii_only:
            samples |= {"bars": "#", "band": ":"}
        line = list(self.chart.title)
        if not self.chart.legend:
            return tuple(line)
        named = {mark.word: mark for one in self.series for mark in one.marks if mark.word}
        for one in self.series:
            if one.name:
                drawn = one.marker or samples[one.kind]
                sample = () if one.marks else (Span(f"  {drawn} ", one.role),)
                line.extend((*sample, span(one.name if sample else f"  {one.name}", "dim")))
        for mark in sorted(named.values(), key=lambda mark: mark.rank):
            line.extend((Span(f"  {mark.glyph} ", mark.role), span(mark.word, "dim")))
        if self.chart.odd == "last":
            line.extend(self._odd_words())
        for limit in self.limits:
            line.extend((Span("  - " if ascii_only else "  ┄ ", limit.role),))
            line.append(span(limit.label, "dim"))
        return tuple(line)

    def _odd_words(self) -> Iterable[Span]:
        """What the marks of points that aren't finite mean."""
        ys = [one.y for one in self.odd if not one.was_finite]
        for number, is_there in ((nan, any(map(isnan, ys))), (inf, inf in ys), (-inf, -inf in ys)):
            if is_there:
                yield Span(f"  {glyph_of(number, self.glyphs)} ", "error")
                yield Span("NaN" if isnan(number) else f"{number:+}", "dim")

    # the plot

    def _row(self, value: float, height: int) -> int:
        return self._dot_row(value, height, 1)

    def _dot_row(self, value: float, height: int, down: int) -> int:
        low, high = self.y
        share = (value * 0.5 - low * 0.5) / (high * 0.5 - low * 0.5)
        share = min(1.0, max(0.0, share))
        return round((1 - share) * (height * down - 1))

    def _plot(self, frame: Frame, across: Across) -> Raster:
        lines = sum(1 for one in self.series if one.kind in ("line", "area"))
        raster = Raster(frame.width, frame.height, self.glyphs, is_busy=lines > FEW)
        for one in self.series:
            if one.kind == "bars":
                self._bars(raster, one, across)
            elif one.kind == "band":
                self._band(raster, one, across)
        for number, one in enumerate(self.series):
            if one.kind in ("line", "area"):
                self._line(raster, one, across)
                self._markers(raster, one, across, number)
        for one in self.series:
            if one.kind == "points":
                self._points(raster, one, across)
        for x, y, height, *_ in self.odd:
            if height is not None:
                glyph = glyph_of(y, self.glyphs)
                raster.put(across.cell(x), self._row(height, raster.height), glyph, "error")
            elif y == inf:
                raster.put(across.cell(x), 0, self.glyphs.up, "error")
            elif y == -inf:
                raster.put(across.cell(x), raster.height - 1, self.glyphs.down, "error")
        for limit in self.limits:
            row = self._row(limit.value, frame.height)
            if self.y[0] <= limit.value <= self.y[1]:
                raster.label(row, span(f" {limit.label} ").text, limit.role)
                raster.fill(row, "-" if self.glyphs.is_ascii else "┄", limit.role)
        return raster

    def _line(self, raster: Raster, one: Series, across: Across) -> None:
        columns = raster.width * raster.across
        points: Iterable[tuple[float, float]] = zip(one.xs, one.ys, strict=False)
        if len(one.xs) > 2 * columns and not self.slot:
            points = downsample(one.xs, one.ys, *self.x, columns)
        elif len(one.xs) == 1:
            self._points(raster, one, across)
        for is_finite, stretch in groupby(points, key=lambda point: -inf < point[1] < inf):
            if is_finite:
                places = [
                    (across.dot(x, raster.across), self._dot_row(y, raster.height, raster.down))
                    for x, y in stretch
                ]
                raster.line(places, one.role, filled=one.kind == "area")

    def _markers(self, raster: Raster, one: Series, across: Across, number: int) -> None:
        """The character of a line where it goes, those of several lines beside one another."""
        if not one.marker:
            return
        due = (number * 4) % MARKERS_APART
        for x, y in zip(one.xs, one.ys, strict=False):
            if -inf < y < inf and across.cell(x) >= due:
                raster.put(across.cell(x), self._row(y, raster.height), one.marker, one.role)
                due = across.cell(x) + MARKERS_APART

    def _band(self, raster: Raster, one: Series, across: Across) -> None:
        """Shade what lies between two lines."""
        before: tuple[int, float, float] | None = None
        for x, low, top in zip(one.xs, one.ys, one.tops, strict=False):
            if not (isfinite(low) and isfinite(top)):
                before = None
                continue
            here = (across.cell(x), low, top)
            start = before if before is not None and before[0] <= here[0] else here
            wide = max(1, here[0] - start[0])
            for column in range(start[0], here[0] + 1):
                share = (column - start[0]) / wide
                edges = [a + (b - a) * share for a, b in zip(start[1:], here[1:], strict=True)]
                first, last = sorted(self._row(edge, raster.height) for edge in edges)
                for row in range(first, last + 1):
                    raster.shade(column, row, one.role)
            before = here

    def _points(self, raster: Raster, one: Series, across: Across) -> None:
        seen: dict[tuple[int, int], Mark] = {}
        usual = Mark(self.glyphs.on, one.role)
        points: Iterable[tuple[float, float]] = zip(one.xs, one.ys, strict=False)
        if len(one.xs) > 8 * raster.width and not one.marks and not self.slot:
            points = downsample(one.xs, one.ys, *self.x, 4 * raster.width)
        for number, (x, y) in enumerate(points):
            if -inf < y < inf:
                place = across.cell(x), self._row(y, raster.height)
                mark = one.marks[number] if number < len(one.marks) else usual
                if place not in seen or mark.rank < seen[place].rank:
                    seen[place] = mark
        for (column, row), mark in seen.items():
            raster.put(column, row, mark.glyph, mark.role)

    def _bars(self, raster: Raster, one: Series, across: Across) -> None:
        """Bars from zero (or from the lower edge); where several share cells, the highest."""
        tallest: dict[int, float] = {}
        worst: dict[int, Mark] = {}
        firsts = across.firsts(one.xs)
        for cell, mark in zip(firsts, one.marks, strict=False):
            if cell not in worst or mark.rank < worst[cell].rank:
                worst[cell] = mark
        for cell, y in zip(firsts, one.ys, strict=False):
            if -inf < y < inf and (cell not in tallest or abs(y) > abs(tallest[cell])):
                tallest[cell] = y
        for first, y in tallest.items():
            role = worst[first].role if first in worst else one.role
            for row, character in _bar(
                self._share(0.0), self._share(y), raster.height, self.glyphs
            ):
                for column in range(first, first + max(1, across.each - 1)):
                    raster.put(column, row, character, role)

    def _share(self, value: float) -> float:
        low, high = self.y
        return min(1.0, max(0.0, (value * 0.5 - low * 0.5) / (high * 0.5 - low * 0.5)))

    # the line of marks

    def _has_gaps(self) -> bool:
        return any(True for _ in self._gaps())

    def _gaps(self) -> Iterable[float]:
        """Where points have no height, and no mark of their own."""
        return (one.x for one in self.odd if isnan(one.y) and one.is_bare and one.height is None)

    def _has_bar_marks(self) -> bool:
        return any(one.kind == "bars" and one.marks for one in self.series)

    def _marks(self, frame: Frame, across: Across) -> Raster:
        raster = Raster(frame.width, 1, self.glyphs)
        gap = "x" if self.glyphs.is_ascii else "×"
        worst: dict[int, Mark] = {}
        for x in self._gaps():
            raster.put(across.cell(x), 0, gap, "error")
        for one in self.series:
            for x, mark in zip(one.xs, one.marks if one.kind == "bars" else (), strict=False):
                cell = across.cell(x)
                worst[cell] = min(worst.get(cell, mark), mark, key=lambda mark: mark.rank)
        for cell, mark in worst.items():
            raster.put(cell, 0, mark.glyph, mark.role)
        return raster


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None


def _bar(base: float, top: float, height: int, glyphs: Glyphs) -> Iterable[tuple[int, str]]:
    """Rows and characters of a bar between two shares of the height."""
    bars = glyphs.bars
    if top < base:
        first = round((1 - base) * (height - 1))
        for row in range(first, round((1 - top) * (height - 1)) + 1):
            yield row, bars[7]
        return
    start = round(base * height)
    eighths = max(1, round((top - start / height) * height * 8)) if top > base else 0
    full, rest = divmod(eighths, 8)
    for number in range(full):
        yield height - 1 - start - number, bars[7]
    if rest:
        yield height - 1 - start - full, bars[rest - 1]

"""What a try used: figures, and charts over its time. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from app.durations import duration
from app.tui import formats
from app.tui.models.chart import Axis, Chart, Series, chart_lines
from app.tui.models.chart.series import Unit
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span, wrapped

if TYPE_CHECKING:
    from store.queries.resources import Usage, UsagePoint
    from store.queries.tasks import TryRow

LEAST_CHART = 5
"""Lines of a chart: its title and its plot."""

LABEL = 8
"""Cells of the labels at the left, so that the charts begin at the same place."""

MEANINGFUL = 1.0
"""Seconds that a try takes at least where a share of them is told."""

AXIS = 2
"""Lines of the axis of time, which the last chart has in any case."""


def was_out_of_memory(one: TryRow) -> bool:
    """Whether the try was killed for want of memory; its reason says so."""
    reason = (one.reason or "").lower()
    return "out-of-memory" in reason or "out of memory" in reason


def resource_lines(usage: Usage, one: TryRow, width: int, height: int, scene: Scene) -> list[Spans]:
    """The figures, and below them as many charts as there is room for, at least two."""
    lines = figure_lines(usage, one, width, scene)
    if not usage.points:
        words = "no measurements: it ended before the first, or upkeep deleted them"
        if one.ended_at is None:
            words = "no measurements yet"
        return [*lines, (), (Span(f" {words}", "dim"),)]
    if len(usage.points) == 1:
        words = f"measured once, {duration(one.duration)} long: there is no course to draw"
        if one.duration is None:
            words = "measured once so far"
        return [*lines, (), (Span(f" {words}", "dim"),)]
    begin = one.started_at or usage.points[0].at
    charts = charts_of(usage.points, begin, one, scene)
    room = height - len(lines)
    if room < LEAST_CHART * len(charts) + AXIS or len({p.processes for p in usage.points}) == 1:
        charts = charts[:3]
    each = max(LEAST_CHART, (room - AXIS) // len(charts))
    for number, chart in enumerate(charts):
        last = number == len(charts) - 1
        own = each + AXIS if last and each < LEAST_CHART + 1 else each
        if last:
            own = max(own, room - each * number)
        lines.extend(chart_lines(chart, width, own, scene.glyphs, scene.zone))
    return lines


def figure_lines(usage: Usage, one: TryRow, width: int, scene: Scene) -> list[Spans]:
    """Peaks and totals, and whether memory was what ended it."""
    lines: list[Spans] = []
    if was_out_of_memory(one):
        lines.append((Span(" ! out of memory: ", "error"), span(one.reason, "error")))
    rss = one.peak_rss
    if rss is None and usage.points:
        rss = max(point.rss for point in usage.points)
    last = usage.points[-1] if usage.points else None
    live = one.ended_at is None and last is not None
    values: list[tuple[str, str]] = [
        ("peak memory", formats.size(rss)),
        ("now", formats.size(last.rss) if live and last else ""),
        ("CPU", _processor(one)),
        ("read", formats.size(one.read_bytes)),
        ("written", formats.size(one.write_bytes)),
        ("processes", _processes(usage.points)),
        ("samples", f"{usage.samples:,}" if usage.samples else ""),
    ]
    parts: list[Spans] = [
        (Span(f"{name} ", "dim"), Span(value, "strong")) for name, value in values if value
    ]
    line = joined(parts, Span(f" {scene.glyphs.dot} ", "faint"))
    return [*lines, *wrapped((Span(" "), *line), max(10, width), 1)]


def _processor(one: TryRow) -> str:
    """Processor time, and how many processors that is on average."""
    if one.cpu_seconds is None:
        return ""
    words = duration(one.cpu_seconds)
    if one.duration and one.duration >= MEANINGFUL:
        words += f", {100 * one.cpu_seconds / one.duration:.0f}% on average"
    return words


def _processes(points: Sequence[UsagePoint]) -> str:
    most = max((point.processes for point in points), default=0)
    if not most:
        return ""
    now = points[-1].processes
    return str(most) if now == most else f"at most {most}, {now} at the end"


def charts_of(
    points: Sequence[UsagePoint], begin: datetime, one: TryRow, scene: Scene
) -> list[Chart]:
    """Processor, memory, disk and processes over the time of the try."""
    xs = [max(0.0, (point.at - begin).total_seconds()) for point in points]
    end = one.ended_at or points[-1].at
    across = Axis("duration", low=0.0, high=max(xs[-1], (end - begin).total_seconds(), 1.0))
    reads, writes = _rates(points, xs)

    def chart(title: str, unit: Unit, *series: Series) -> Chart:
        words = _LABELS[unit]
        y = Axis(unit, 0.0, text=lambda value: words(value).rjust(LABEL))
        return Chart(series, across, y, title=(Span(title, "heading"),), legend=len(series) > 1)

    return [
        chart(
            " CPU, % of one core",
            "percent",
            Series("", xs, [p.cpu_percent for p in points], kind="area"),
        ),
        chart(" memory (RSS)", "bytes", Series("", xs, [p.rss for p in points], "good", "area")),
        chart(
            " disk, bytes a second",
            "bytes",
            Series("read", xs[1:], reads, "accent"),
            Series("written", xs[1:], writes, "warning"),
        ),
        chart(" processes", "count", Series("", xs, [p.processes for p in points], "text")),
    ]


_LABELS: dict[Unit, Callable[[float], str]] = {
    "percent": lambda value: f"{value:.0f}%",
    "bytes": lambda value: formats.size(int(value)),
    "count": lambda value: f"{value:.0f}",
}


def _rates(points: Sequence[UsagePoint], xs: Sequence[float]) -> tuple[list[float], list[float]]:
    """Bytes read and written each second, between each point and the one before. What came before
    the first is left out: it is of an instant, and would dwarf all else."""
    reads: list[float] = []
    writes: list[float] = []
    for before, point, start, end in zip(points, points[1:], xs, xs[1:], strict=False):
        seconds = max(end - start, 0.001)
        reads.append(max(0, point.read_bytes - before.read_bytes) / seconds)
        writes.append(max(0, point.write_bytes - before.write_bytes) / seconds)
    return reads, writes

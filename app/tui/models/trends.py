"""How a DAG's runs and tasks develop: figures over runs, medians, outliers, charts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import isfinite, isnan, nan
from statistics import fmean, median
from typing import TYPE_CHECKING, Literal, NamedTuple

from app.durations import duration
from app.tui import formats
from app.tui.columns import Column
from app.tui.models.chart import Axis, Chart, Limit, Mark, Series
from app.tui.models.grid import run_span, state_span
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span
from app.tui.theme import run_look, task_look
from store.states import FINISHED_TASK_STATES, TaskInstanceState

if TYPE_CHECKING:
    from store.queries.grid import GridRow
    from store.queries.history import Past, PastRun, TaskFigures

Kind = Literal["duration", "tries", "landing"]
KINDS: tuple[Kind, ...] = ("duration", "tries", "landing")
TITLES = {"duration": "Duration", "tries": "Tries", "landing": "Landing time"}

LEAST = 5
"""Values below which none is called an outlier."""
FAR = 3.5
"""Outliers are so many deviations from the median (a normal distribution's, from the MAD)."""
SHARE = 0.1
"""And by at least this share of the median: what hardly varies has no outliers."""
GUTTER = 6
"""Cells of the labels: as many in all three charts, so that a run is below itself."""
STRIP = 8
"""Runs in the strip of the list."""
ORDERS = ("share", "slower", "name", "pipeline")
ORDER_WORDS = {
    "share": "share of the time",
    "slower": "the last run against the median",
    "name": "name",
    "pipeline": "the order of the pipeline",
}


class Point(NamedTuple):
    """What a run, or a task in it, shows in a chart."""

    value: float
    """NaN: nothing yet."""
    mark: Mark
    is_over: bool


@dataclass(frozen=True, slots=True)
class Trend:
    """A line of the list: the runs as a whole, or one task."""

    key: str
    """Task id; empty for the runs."""
    row: GridRow | None
    points: tuple[Point, ...]
    """Durations, a run each, oldest first."""
    median: float
    high: float
    """The 90th percentile."""
    last: float
    share: float
    """Of the time of all tasks."""
    is_mapped: bool = False


@dataclass(frozen=True, slots=True)
class Usual:
    """What values usually are."""

    median: float
    low: float
    high: float
    """Outside of low and high are outliers."""


def usual_of(values: Sequence[float]) -> Usual | None:
    """Median and limits by the median absolute deviation; None for no values."""
    known = [value for value in values if isfinite(value)]
    if not known:
        return None
    middle = median(known)
    deviations = [abs(value - middle) for value in known]
    spread = 1.4826 * median(deviations) or 1.2533 * fmean(deviations)
    room = max(FAR * spread, SHARE * abs(middle))
    if len(known) < LEAST or not room:
        return Usual(middle, -float("inf"), float("inf"))
    return Usual(middle, middle - room, middle + room)


def percentile(values: Sequence[float], share: float) -> float:
    """The least value that ``share`` of all don't exceed; NaN for none."""
    known = sorted(value for value in values if isfinite(value))
    if not known:
        return nan
    return known[min(len(known) - 1, int(share * len(known)))]


# points


def points_of(past: Past, key: str, kind: Kind, scene: Scene, *, longest: bool) -> list[Point]:
    """One point a run, oldest first. Empty key: of the runs as a whole.

    Durations of a mapped task are the sum of its instances, or the longest; tries are the most
    that an instance had.
    """
    if not key:
        return [_run_point(past, run, kind, scene) for run in past.runs]
    figures = past.tasks.get(key, {})
    return [_task_point(run, figures.get(run.id), kind, scene, longest) for run in past.runs]


def _run_point(past: Past, run: PastRun, kind: Kind, scene: Scene) -> Point:
    mark = _run_mark(run.state.value, scene.glyphs.is_ascii)
    is_over, value = run.ended_at is not None, nan
    if kind == "duration" and run.started_at is not None:
        value = _seconds(run.started_at, run.ended_at or scene.now)
    elif kind == "landing" and run.ended_at is not None:
        value = (run.ended_at - run.due_at).total_seconds()
    elif kind == "tries":
        tries = [task[run.id].tries for task in past.tasks.values() if run.id in task]
        value = float(max(tries, default=0)) or nan
    return Point(value, mark, is_over)


def _task_point(
    run: PastRun, figures: TaskFigures | None, kind: Kind, scene: Scene, longest: bool
) -> Point:
    if figures is None:
        return Point(nan, NOT_THERE, False)
    mark = _task_mark(figures.state, scene.glyphs.is_ascii)
    is_over, value = figures.state in FINISHED_TASK_STATES, nan
    if kind == "tries":
        value = float(figures.tries) or nan
    elif kind == "landing":
        if is_over and figures.ended_us is not None:
            value = figures.ended_us / 1e6 - run.due_at.timestamp()
    else:
        found = figures.longest if longest else figures.total
        value = nan if found is None else found
        if figures.state is TaskInstanceState.RUNNING and figures.started_us is not None:
            since = max(0.0, scene.now.timestamp() - figures.started_us / 1e6)
            value = since if isnan(value) else max(value, since)
    return Point(value, mark, is_over)


NOT_THERE = Mark(" ", "faint", "", 99)


@lru_cache(maxsize=64)
def _run_mark(state: str, is_ascii: bool) -> Mark:
    look = run_look(state)
    glyph = look.ascii_glyph if is_ascii else look.glyph
    return Mark(glyph, f"state.run.{state}", look.word, look.order)


@lru_cache(maxsize=64)
def _task_mark(state: TaskInstanceState | None, is_ascii: bool) -> Mark:
    look = task_look(state)
    glyph = look.ascii_glyph if is_ascii else look.glyph
    return Mark(glyph, f"state.{state.value if state else 'none'}", look.word, look.order)


def _seconds(start: datetime, end: datetime) -> float:
    return max(0.0, (end - start).total_seconds())


# the list


def trends_of(past: Past, rows: Sequence[GridRow], scene: Scene, *, longest: bool) -> list[Trend]:
    """The runs as a whole, then the tasks in the order of the pipeline; gone ones at the end."""
    known = {row.id: row for row in rows if row.kind == "task"}
    order = [*known, *sorted(task for task in past.tasks if task not in known)]
    totals = {
        key: sum(one.total or 0.0 for one in past.tasks.get(key, {}).values()) for key in order
    }
    whole = sum(totals.values())
    result = [_trend("", None, points_of(past, "", "duration", scene, longest=longest), 1.0)]
    for key in order:
        points = points_of(past, key, "duration", scene, longest=longest)
        mapped = any(one.map_index >= 0 for one in past.tasks.get(key, {}).values())
        share = totals[key] / whole if whole else 0.0
        result.append(_trend(key, known.get(key), points, share, mapped))
    return result


def _trend(
    key: str, row: GridRow | None, points: list[Point], share: float, mapped: bool = False
) -> Trend:
    over = [point.value for point in points if point.is_over and isfinite(point.value)]
    middle = median(over) if over else nan
    last = over[-1] if over else nan
    return Trend(key, row, tuple(points), middle, percentile(over, 0.9), last, share, mapped)


def in_order(trends: Sequence[Trend], order: str) -> list[Trend]:
    """The runs first, then the tasks in an order of ``ORDERS``."""
    tasks = list(trends[1:])
    if order == "share":
        tasks.sort(key=lambda trend: -trend.share)
    elif order == "slower":
        tasks.sort(key=lambda trend: -_growth(trend))
    elif order == "name":
        tasks.sort(key=lambda trend: trend.key)
    return [*trends[:1], *tasks]


def having(trends: Sequence[Trend], words: str) -> list[Trend]:
    """The runs, and the tasks that have all words in their ids."""
    wanted = words.lower().split()
    return [one for one in trends if not one.key or all(word in one.key.lower() for word in wanted)]


def _growth(trend: Trend) -> float:
    if isnan(trend.last) or not trend.median > 0:
        return -1.0
    return trend.last / trend.median


def columns() -> list[Column[Trend]]:
    """The columns of the list."""
    return [
        Column("task", "TASK", 12, _name_cell, most=40),
        Column("median", "MEDIAN", 7, lambda one, _: _time_cell(one.median), right=True),
        Column("last", "LAST", 7, _last_cell, right=True),
        Column("strip", "TREND", STRIP, _strip_cell),
        Column("share", "TIME", 4, _share_cell, right=True),
        Column("p90", "P90", 7, lambda one, _: _time_cell(one.high), right=True),
    ]


def _name_cell(trend: Trend, scene: Scene) -> Spans:
    if not trend.key:
        return (Span("all of the run", "strong"),)
    name = span(trend.key, "text" if trend.row is not None else "dim")
    return (name, Span(" []", "dim")) if trend.is_mapped else (name,)


def _time_cell(seconds: float, role: str = "text") -> Spans:
    return (Span("" if isnan(seconds) else duration(seconds), role),)


def _last_cell(trend: Trend, scene: Scene) -> Spans:
    usual = usual_of([point.value for point in trend.points if point.is_over])
    unusual = usual is not None and not isnan(trend.last) and trend.last > usual.high
    return _time_cell(trend.last, "warning" if unusual else "text")


def _share_cell(trend: Trend, scene: Scene) -> Spans:
    return (Span(f"{trend.share:.0%}" if trend.key else "", "dim"),)


def _strip_cell(trend: Trend, scene: Scene) -> Spans:
    shown = trend.points[-STRIP:]
    largest = max((point.value for point in shown if isfinite(point.value)), default=0.0)
    line: list[Span] = [Span(" " * (STRIP - len(shown)))]
    for point in shown:
        sign = point.mark.glyph
        if isfinite(point.value):
            sign = scene.glyphs.bar(point.value / largest if largest else 0.0)
        line.append(Span(sign, point.mark.role))
    return tuple(line)


# charts


def title_of(kind: Kind, trend: Trend, *, longest: bool) -> Spans:
    """What a chart shows, and of what."""
    line: list[Span] = [Span(f" {TITLES[kind]}", "title")]
    if trend.key:
        line.extend((Span(" of ", "dim"), span(trend.key, "accent")))
    more = ""
    if trend.is_mapped:
        more = {
            "duration": ", longest instance" if longest else ", sum of instances",
            "tries": ", most of an instance",
            "landing": ", last instance",
        }[kind]
    elif not trend.key and kind == "tries":
        more = ", most of a task"
    line.append(Span(more, "dim"))
    return tuple(line)


def chart_of(
    past: Past,
    trend: Trend,
    kind: Kind,
    scene: Scene,
    *,
    longest: bool = False,
    log: bool = False,
    cursor: int | None = None,
) -> Chart:
    """A bar a run in the colour of its state, the median, and what is out of the ordinary."""
    points = (
        trend.points
        if kind == "duration"
        else points_of(past, trend.key, kind, scene, longest=longest)
    )
    xs = [float(place) for place in range(len(points))]
    values = [point.value for point in points]
    marks = [point.mark for point in points]
    series = [Series("", xs, values, kind="bars", marks=marks)]
    limits: list[Limit] = []
    usual = usual_of([point.value for point in points if point.is_over])
    if usual is not None and kind != "tries":
        limits.append(Limit(usual.median, f"median {_text(usual.median)}", "accent"))
        odd = [x for x, value in zip(xs, values, strict=True) if is_outlier(value, usual)]
        if odd:
            sign = Mark("!", "warning", "outlier", 50)
            heights = [values[int(x)] for x in odd]
            series.append(Series("", odd, heights, kind="points", marks=[sign] * len(odd)))
    if kind == "tries" and any(not isnan(value) for value in values):
        log = False
    return Chart(
        series,
        x=Axis("count", 0.0, max(0.0, len(points) - 1.0), text=_run_text(past.runs, scene)),
        y=Axis("count" if kind == "tries" else "duration", log=log),
        limits=limits,
        title=title_of(kind, trend, longest=longest),
        slot=1.0,
        gutter=GUTTER,
        cursor=None if cursor is None else float(cursor),
        empty="no runs yet",
    )


def is_outlier(value: float, usual: Usual) -> bool:
    """Whether a value is out of the ordinary."""
    return not isnan(value) and not usual.low <= value <= usual.high


def _text(seconds: float) -> str:
    return f"-{duration(-seconds)}" if seconds < 0 else duration(seconds)


def _run_text(runs: Sequence[PastRun], scene: Scene) -> Callable[[float], str]:
    """The labels of runs on the axis."""

    def text(place: float) -> str:
        if not 0 <= place < len(runs):
            return ""
        return formats.clock(runs[int(place)].run_after, scene.now, scene.zone)

    return text


# the lines below


def point_line(
    past: Past, trend: Trend, kind: Kind, place: int, scene: Scene, *, longest: bool
) -> Spans:
    """What the cursor is on: state, value, and how it compares with the others."""
    points = points_of(past, trend.key, kind, scene, longest=longest)
    if not 0 <= place < len(points):
        return ()
    point, run = points[place], past.runs[place]
    dot = Span(f" {scene.glyphs.dot} ", "faint")
    parts: list[Spans] = [(span(trend.key or "the run", "text"),)]
    if trend.key:
        figures = past.tasks.get(trend.key, {}).get(run.id)
        if figures is None:
            return (
                Span("  value ", "dim"),
                *joined([*parts, (Span("not in this run", "dim"),)], dot),
            )
        state = state_span(figures.state, scene.glyphs, f" {task_look(figures.state).word}")
        parts.append((state,))
        if figures.map_index >= 0:
            parts.append((Span(formats.plural(figures.instances, "instance"), "dim"),))
    else:
        parts.append((run_span(run.state.value, scene.glyphs, f" {run.state.value}"),))
    parts.append(_value_words(point, kind))
    usual = usual_of([one.value for one in points if one.is_over])
    if usual is not None and not isnan(point.value) and kind != "tries":
        parts.append(_compared(point.value, usual))
    return (Span("  value ", "dim"), *joined(parts, dot))


def _value_words(point: Point, kind: Kind) -> Spans:
    if isnan(point.value):
        return (Span("no value yet" if not point.is_over else "no value", "dim"),)
    if kind == "tries":
        number = round(point.value)
        return (Span("1 try" if number == 1 else f"{number} tries", "strong"),)
    if kind == "landing":
        after = "after" if point.value >= 0 else "before"
        words = Span(f" {after} its data interval", "dim")
        return (Span(duration(abs(point.value)), "strong"), words)
    so_far = () if point.is_over else (Span(" so far", "dim"),)
    return (Span(duration(point.value), "strong"), *so_far)


def _compared(value: float, usual: Usual) -> Spans:
    words: list[Span] = [Span(f"median {_text(usual.median)}", "dim")]
    if usual.median > 0:
        more = value / usual.median - 1
        shown = f" {more:+.0%}" if abs(more) < 10 else f" times {value / usual.median:,.0f}"
        words.append(Span("" if abs(more) < 0.005 else shown, "text"))
    if is_outlier(value, usual):
        words.append(Span(" outlier", "warning"))
    return tuple(words)

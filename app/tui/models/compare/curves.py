"""Curves of runs side by side: their lines, groups of them as bands, and what they say. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import TYPE_CHECKING

from app.tui.columns import Column
from app.tui.formats import plural
from app.tui.models.chart import (
    ACROSS_WORDS,
    Across,
    Axis,
    Chart,
    Points,
    Series,
    axis_of,
    band,
    clipped,
    marker_of,
    readings,
    role_of,
    without_outliers,
)
from app.tui.models.chart.curves import across, finite_line, height_at
from app.tui.models.chart.ticks import text_of
from app.tui.models.compare.sheet import number_spans
from app.tui.models.tracked_looks import missing
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, span
from app.tui.theme import Glyphs

if TYPE_CHECKING:
    from store.queries.compared import ComparedRun
    from store.queries.curves import Curve

NOWHERE = "-"
"""The group of runs that don't have the param or tag."""


@dataclass(slots=True)
class CurvesForm:
    """How curves are looked at."""

    across: Across = "step"
    other: str = ""
    """The metric that x is, where it is one."""
    weight: float = 0.0
    log_x: bool = False
    log_y: bool = False
    outliers: bool = True
    """Whether y reaches to the outermost values."""
    group: str = ""
    """``params.<key>`` or ``tags.<key>``: a band for each of its values."""
    single: bool = False
    """One chart, also where there is room for several."""
    hidden: set[str] = field(default_factory=set[str])
    """Uuids of runs that are not drawn."""
    cursor: float | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """A run in the list beside the charts."""

    run: ComparedRun
    number: int
    """Of its line: colour and character."""
    group: str
    hidden: bool
    x: float | None
    """Of its point nearest to the cursor."""
    y: float | None
    unit: Callable[[float], str]
    """How x is written."""


def key_names(runs: Sequence[ComparedRun]) -> list[str]:
    """What runs can be grouped by: params and tags."""
    params = sorted({key for run in runs for key in run.params})
    tags = sorted({key for run in runs for key in run.tags})
    return [*(f"params.{key}" for key in params), *(f"tags.{key}" for key in tags)]


def group_of(run: ComparedRun, key: str) -> str:
    """The value of the param or tag that runs are grouped by."""
    kind, _, name = key.partition(".")
    own: Mapping[str, str] = run.params if kind == "params" else run.tags
    return own.get(name, NOWHERE)


def numbers_of(runs: Sequence[ComparedRun], form: CurvesForm) -> dict[str, int]:
    """By uuid, the number of a run's line; runs of a group have the same."""
    if not form.group:
        return {run.row.uuid: number for number, run in enumerate(runs)}
    groups = list(dict.fromkeys(group_of(run, form.group) for run in runs))
    return {run.row.uuid: groups.index(group_of(run, form.group)) for run in runs}


def points_of(curve: Curve) -> Points:
    """A curve as charts take it."""
    return Points(curve.steps, curve.times, curve.values)


def own_of(curves: Sequence[Curve], metric: str) -> dict[str, Curve]:
    """The curves of a metric that are drawn, by the uuid of the run: the first of each."""
    found: dict[str, Curve] = {}
    for one in curves:
        if one.key == metric:
            found.setdefault(one.run_uuid, one)
    return found


def lines_of(
    curves: Sequence[Curve],
    metric: str,
    runs: Sequence[ComparedRun],
    form: CurvesForm,
    *,
    ascii_only: bool,
) -> list[Series]:
    """A line for each run that has the metric, by its uuid, in the order of the runs."""
    own = own_of(curves, metric)
    # The last of a run: where a metric is x, too, it comes once more, without smoothing.
    others = {one.run_uuid: points_of(one) for one in curves if one.key == form.other}
    found: list[Series] = []
    for uuid, number in numbers_of(runs, form).items():
        if uuid in own:
            points = points_of(own[uuid])
            xs = across(points, form.across, others.get(uuid))
            marker = marker_of(number, ascii_only=ascii_only)
            found.append(Series(uuid, xs, points.values, role_of(number), marker=marker))
    return found


def chart_of(
    lines: Sequence[Series],
    metric: str,
    runs: Sequence[ComparedRun],
    form: CurvesForm,
    chosen: str = "",
) -> Chart:
    """The chart of a metric. ``chosen``: the uuid of the run whose line lies above the others."""
    shown = [line for line in lines if line.name not in form.hidden]
    shown.sort(key=lambda line: line.name == chosen)
    series: Sequence[Series] = shown
    if form.group:
        series = _banded(shown, runs, form)
    elif len(shown) < 2:
        series = [replace(line, marker="") for line in shown]
    low = high = None
    edges = None if form.outliers else without_outliers(shown)
    if edges is not None and not (form.log_y and edges[0] <= 0):
        low, high = edges
        series = [one if one.kind == "band" else clipped(one, low, high) for one in series]
    words = {**ACROSS_WORDS, "metric": form.other}[form.across]
    return Chart(
        series,
        x=axis_of(form.across, log=form.log_x),
        y=Axis(low=low, high=high, log=form.log_y),
        title=(span(metric, "strong"), Span(" by ", "dim"), span(words, "dim")),
        legend=False,
        odd="last",
        empty=f"no run that is shown has logged {metric}" if metric else "no metric",
    )


def _banded(lines: Sequence[Series], runs: Sequence[ComparedRun], form: CurvesForm) -> list[Series]:
    """A band from least to greatest for each group, and its mean."""
    groups: dict[str, list[Series]] = {}
    of = {run.row.uuid: group_of(run, form.group) for run in runs}
    for line in lines:
        groups.setdefault(of[line.name], []).append(line)
    bands: list[Series] = []
    means: list[Series] = []
    for name, several in groups.items():
        found = band(name, several, several[0].role)
        if found is not None:
            bands.append(found)
            means.append(_mean(name, several, found))
    return [*bands, *means]


def _mean(name: str, lines: Sequence[Series], found: Series) -> Series:
    finite = [finite_line(line) for line in lines]
    ys: list[float] = []
    for x in found.xs:
        at = [y for line in finite if (y := height_at(line, x)) is not None]
        ys.append(sum(at) / len(at))
    return Series(name, found.xs, ys, lines[0].role, marker=lines[0].marker)


def entries_of(
    lines: Sequence[Series], runs: Sequence[ComparedRun], form: CurvesForm, scene: Scene
) -> list[Entry]:
    """All runs with what their lines say at the cursor; without one, at their last point."""
    at: dict[str, tuple[float, float]] = {}
    for line in lines:
        if form.cursor is not None:
            found = readings(Chart([line]), form.cursor)
            at.update((one.name, (one.x, one.y)) for one in found)
        elif line.xs:
            at[line.name] = (line.xs[-1], line.ys[-1])
    numbers = numbers_of(runs, form)
    return [
        Entry(
            run,
            numbers[run.row.uuid],
            group_of(run, form.group) if form.group else "",
            run.row.uuid in form.hidden,
            *(at.get(run.row.uuid, (None, None))),
            lambda x: x_text(x, form.across, scene),
        )
        for run in runs
    ]


def x_text(x: float, kind: Across, scene: Scene) -> str:
    """An x in words."""
    if not isfinite(x):
        return ""
    if kind == "wall":
        from datetime import UTC, datetime

        from app.zones import local

        return f"{local(datetime.fromtimestamp(x, UTC), scene.zone):%d %b %H:%M:%S}"
    unit = {"step": "count", "relative": "duration"}.get(kind)
    if unit == "count":
        return f"{x:,.0f}"
    return text_of("duration", 1, x)(round(x, 2)) if unit else f"{x:.6g}"


def entry_columns(*, grouped: bool) -> list[Column[Entry]]:
    """Line, name, value, its group if there are any, where it is, and the run's id."""
    group: Column[Entry] = Column(
        "group", "GROUP", 10, lambda one, _: (span(one.group, "accent"),), lambda one: one.group
    )
    return [
        Column("run", "RUN", 12, _name, lambda one: one.run.row.name, most=28),
        Column("value", "VALUE", 10, _value, _order),
        *([group] if grouped else []),
        Column("at", "AT", 8, _where),
        Column("id", "ID", 8, lambda one, _: (span(one.run.row.uuid[:8], "dim"),)),
    ]


def _name(one: Entry, scene: Scene) -> Spans:
    marker = marker_of(one.number, ascii_only=scene.glyphs.is_ascii)
    role = "faint" if one.hidden else role_of(one.number)
    name = one.run.row.name or one.run.row.uuid[:8]
    return (Span(f"{marker} ", role), span(name, "faint" if one.hidden else "text"))


def _value(one: Entry, scene: Scene) -> Spans:
    if one.y is None:
        return missing(scene.glyphs)
    return number_spans(one.y, "faint" if one.hidden else "strong", scene.glyphs)


def _order(one: Entry) -> tuple[bool, float]:
    finite = one.y is not None and isfinite(one.y)
    return (not finite, one.y if finite and one.y is not None else 0.0)


def _where(one: Entry, scene: Scene) -> Spans:
    return () if one.x is None else (Span(one.unit(one.x), "dim"),)


def state_line(form: CurvesForm, shown: int, glyphs: Glyphs) -> Spans:
    """How the curves are looked at, in one line."""
    words: list[str] = []
    if form.weight:
        words.append(f"smoothed {form.weight:g}")
    logs = [axis for axis, log in (("x", form.log_x), ("y", form.log_y)) if log]
    if logs:
        words.append(f"log {' and '.join(logs)}")
    if not form.outliers:
        words.append("outliers ignored")
    if form.hidden:
        words.append(f"{plural(shown, 'run')} drawn")
    line = [Span(f" {glyphs.dot} ".join(words), "accent")]
    if form.group:
        line.extend((Span("  bands by ", "dim"), span(form.group, "accent")))
    return tuple(line)

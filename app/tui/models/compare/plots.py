"""Runs as points, as lines through axes, as bars and boxes: what the charts are made of. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite, log10
from typing import TYPE_CHECKING

from app.comparing.numbers import finite_range, short
from app.comparing.table import METRICS, PARAMS, SYSTEM, Line
from app.tui.models.chart import Axis, Bar, Box, Chart, Mark, Series, marker_of, role_of
from app.tui.models.compare.curves import group_of
from app.tui.spans import Span, Spans, crop_text, span
from app.tui.theme import Glyphs

if TYPE_CHECKING:
    from store.queries.compared import ComparedRun
    from store.queries.curves import Curve

KINDS = 6
"""Values of what colours points, up to which each has a colour of its own."""
PARTS = 4
"""Parts of its range that have one otherwise."""
WIDE = 100
"""How many times the least value the greatest is, from which on an axis is logarithmic."""
MOST_AXES = 8
"""Axes of parallel coordinates that are there at first."""


@dataclass(frozen=True, slots=True)
class Scale:
    """A row of the table as an axis: numbers, or the places of texts."""

    line: Line
    values: tuple[float | None, ...]
    names: tuple[str, ...] = ()
    """The texts, where that is what it has."""

    @property
    def name(self) -> str:
        return self.line.name

    def text(self, value: float) -> str:
        """How a value is written."""
        if not self.names:
            return short(value)
        place = round(value)
        return self.names[place] if 0 <= place < len(self.names) and place == value else ""

    def axis(self, *, log: bool) -> Axis:
        """The axis of a chart."""
        if self.names:
            return Axis("count", -0.5, len(self.names) - 0.5, text=self.text)
        return Axis(log=log)


def scale_of(line: Line) -> Scale:
    """A row as an axis."""
    if line.numbers:
        return Scale(line, line.numbers)
    names = tuple(sorted({text for text in line.texts if text is not None}))
    values = tuple(None if text is None else float(names.index(text)) for text in line.texts)
    return Scale(line, values, names)


def scales_of(lines: Sequence[Line]) -> dict[str, Scale]:
    """By name, the rows that a chart can show: params, metrics, how long it took, tags."""
    return {
        line.name: scale_of(line)
        for line in lines
        if line.section in (PARAMS, METRICS, SYSTEM, "tags") or line.name in ("took", "experiment")
    }


def first_names(lines: Sequence[Line], metric: str) -> tuple[str, str, str]:
    """What x, y and colour are to begin with: the first param that differs, the metric, and the
    second param."""
    params = [line.name for line in lines if line.section == PARAMS and line.differs]
    params.sort(key=lambda name: not next(one.numbers for one in lines if one.name == name))
    others = [line.name for line in lines if line.section == METRICS]
    y = f"{METRICS}.{metric}" if metric else next(iter(others), "took")
    x = next(iter(params), None) or next((name for name in others if name != y), "took")
    return x, y, params[1] if len(params) > 1 else ""


# points


@dataclass(slots=True)
class ScatterForm:
    """What a scatter plot shows."""

    x: str = ""
    y: str = ""
    colour: str = ""
    log_x: bool | None = None
    """None: where its values are of many sizes."""
    log_y: bool = False

    def is_log_x(self, scales: Mapping[str, Scale]) -> bool:
        """Whether x is by powers of ten."""
        x = scales.get(self.x)
        return (x is not None and is_wide(x)) if self.log_x is None else self.log_x


def parts_of(scale: Scale) -> tuple[list[int | None], list[str]]:
    """What a scale colours points by: the number of each run's part, and what parts are called."""
    kinds = sorted({value for value in scale.values if value is not None and isfinite(value)})
    if scale.names or len(kinds) <= KINDS:
        place = {value: number for number, value in enumerate(kinds)}
        names = [scale.text(value) for value in kinds]
        return [None if v is None else place.get(v) for v in scale.values], names
    edges = [kinds[len(kinds) * part // PARTS] for part in range(1, PARTS)]
    numbers = [
        None if v is None or not isfinite(v) else sum(v >= edge for edge in edges)
        for v in scale.values
    ]
    names = [f"< {short(edges[0])}"]
    names += [f"from {short(low)}" for low in edges]
    return numbers, names


def scatter(
    scales: Mapping[str, Scale], form: ScatterForm, count: int, lit: int | None, glyphs: Glyphs
) -> Chart:
    """Runs as points. ``lit``: the number of the run under the cursor."""
    x, y = scales.get(form.x), scales.get(form.y)
    if x is None or y is None:
        return Chart((), empty="choose x and y: x and y ask for them")
    colour = scales.get(form.colour)
    parts, names = parts_of(colour) if colour is not None else ([0] * count, [""])
    xs, ys, marks = list[float](), list[float](), list[Mark]()
    for number in sorted(range(count), key=lambda at: (parts[at] is None, parts[at])):
        if number == lit:  # the others in the order of the legend
            continue
        _point(
            xs, ys, marks, (x.values[number], y.values[number]), _mark(parts[number], names, glyphs)
        )
    if lit is not None and lit < count:
        chosen = Mark("@" if glyphs.is_ascii else "◎", "strong", rank=-1)
        _point(xs, ys, marks, (x.values[lit], y.values[lit]), chosen)
    title = [span(y.line.key, "strong"), Span(" by ", "dim"), span(x.line.key, "strong")]
    series = Series("", xs, ys, kind="points", marks=marks)
    cursor = None if lit is None or lit >= count else x.values[lit]
    return Chart(
        [series],
        x=x.axis(log=form.is_log_x(scales)),
        y=y.axis(log=form.log_y),
        title=tuple(title),
        cursor=cursor,
        empty="no run has both",
    )


def _mark(part: int | None, names: Sequence[str], glyphs: Glyphs) -> Mark:
    if part is None:
        return Mark("?", "faint", "none", 9)
    word = span(names[part]).text
    return Mark(marker_of(part, ascii_only=glyphs.is_ascii), role_of(part), word)


def _point(
    xs: list[float],
    ys: list[float],
    marks: list[Mark],
    at: tuple[float | None, float | None],
    mark: Mark,
) -> None:
    x, y = at
    if x is not None and y is not None and isfinite(x) and isfinite(y):
        xs.append(x)
        ys.append(y)
        marks.append(mark)


def scatter_line(scales: Mapping[str, Scale], form: ScatterForm, count: int) -> Spans:
    """What the colour is, and how many runs are not there."""
    x, y, colour = (scales.get(name) for name in (form.x, form.y, form.colour))
    line: list[Span] = []
    if x is not None and y is not None:
        both = set(order_of(x)) & set(order_of(y))
        if len(both) < count:
            line.append(Span(f"{count - len(both)} without both  ", "warning"))
    if colour is not None:
        line.extend((Span("colour ", "dim"), span(colour.line.key, "accent"), Span("  ")))
    return tuple(line)


def order_of(scale: Scale) -> list[int]:
    """The runs in the order of an axis, as far as they have a place on it."""
    having = [at for at, value in enumerate(scale.values) if value is not None and isfinite(value)]
    return sorted(having, key=lambda at: scale.values[at] or 0.0)


# parallel coordinates


@dataclass(slots=True)
class ParallelForm:
    """Which axes there are; None: the params that differ, and the metric."""

    axes: list[str] | None = None
    at: int = 0
    """The axis under the cursor."""
    turned: set[str] = field(default_factory=set[str])
    """Axes whose greatest value is at the bottom."""


def axes_of(lines: Sequence[Line], metric: str, form: ParallelForm) -> list[str]:
    """The names of the axes, the metric at the right."""
    if form.axes is not None:
        return form.axes
    params = [line.name for line in lines if line.section == PARAMS and line.differs]
    found = params[: MOST_AXES - 1]
    return [*found, f"{METRICS}.{metric}"] if metric else found


def is_wide(scale: Scale) -> bool:
    """Whether its values are of so many sizes that powers of ten tell them apart."""
    edges = finite_range(scale.values)
    return not scale.names and edges is not None and edges[0] > 0 and edges[1] / edges[0] >= WIDE


def heights(scale: Scale, *, turned: bool) -> list[float | None]:
    """Where the runs are on an axis, from 0 to 1; None: nowhere."""
    edges = finite_range(scale.values)
    if edges is None:
        return [None] * len(scale.values)
    log = is_wide(scale)
    low, high = (log10(edges[0]), log10(edges[1])) if log else edges
    found: list[float | None] = []
    for value in scale.values:
        if value is None or not isfinite(value):
            found.append(None)
            continue
        value = log10(value) if log else value
        share = 0.5 if low == high else (value * 0.5 - low * 0.5) / (high * 0.5 - low * 0.5)
        found.append(1 - share if turned else share)
    return found


def parallel(
    scales: Sequence[Scale],
    form: ParallelForm,
    best_first: Sequence[int],
    lit: int | None,
    width: int,
    glyphs: Glyphs,
) -> Chart:
    """A line for each run through all axes, the colour by how good it is. ``best_first``: the runs
    from the best to the worst."""
    at = [heights(scale, turned=scale.name in form.turned) for scale in scales]
    roles = ("good", "series.0", "series.1", "faint")
    series: list[Series] = []
    for place, run in enumerate(best_first):
        points = [
            (float(x), height) for x, axis in enumerate(at) if (height := axis[run]) is not None
        ]
        if run == lit or not points:
            continue
        role = roles[min(len(roles) - 1, place * len(roles) // max(1, len(best_first)))]
        series.append(Series(str(run), [x for x, _ in points], [y for _, y in points], role))
    series.reverse()  # the best are painted over the others
    if lit is not None:
        points = [
            (float(x), height) for x, axis in enumerate(at) if (height := axis[lit]) is not None
        ]
        marker = "*" if glyphs.is_ascii else "◆"
        xs, ys = [x for x, _ in points], [y for _, y in points]
        series.append(Series(str(lit), xs, ys, "strong", marker=marker))
    room = max(4, width // max(1, len(scales)) - 2)

    def label(x: float) -> str:
        place = round(x)
        if place != x or not 0 <= place < len(scales):
            return ""
        scale = scales[place]
        name, edges = span(scale.line.key).text, finite_range(scale.values)
        if edges is not None and not scale.names:
            reach = f"{name} {short(edges[0])}-{short(edges[1])}"
            name = reach if len(reach) <= room else name
        return crop_text(name, room, glyphs.ellipsis)

    return Chart(
        series,
        x=Axis("count", 0.0, max(1.0, len(scales) - 1.0), text=label),
        y=Axis(low=0.0, high=1.0, text=_edge),
        legend=False,
        cursor=float(form.at) if scales else None,
        gutter=5,
        empty="no param differs: a adds an axis",
    )


def _edge(share: float) -> str:
    return {0.0: "least", 1.0: "most"}.get(share, "")


def axis_line(scale: Scale | None, form: ParallelForm, run: ComparedRun | None, at: int) -> Spans:
    """The axis under the cursor, from where to where it reaches, and what the run has of it."""
    if scale is None:
        return ()
    edges = finite_range(scale.values)
    line = [Span(" "), span(scale.name, "accent")]
    if edges is not None:
        low, high = (edges[1], edges[0]) if scale.name in form.turned else edges
        log = " by powers of ten" if is_wide(scale) else ""
        line.append(span(f" from {scale.text(low)} up to {scale.text(high)}{log}", "dim"))
    if run is not None and at < len(scale.values):
        value = scale.values[at]
        text = "none" if value is None else scale.text(value)
        line.extend((Span("  "), span(run.row.name, "strong"), span(f" {text}", "text")))
    return tuple(line)


# bars and boxes


@dataclass(slots=True)
class RankedForm:
    """How bars and boxes are looked at."""

    group: str = ""
    log: bool = False
    by_value: bool = True
    """Whether the greatest stand above; else the runs in their order."""


def label_of(run: ComparedRun) -> str:
    """A run's name in a chart."""
    return run.row.name or run.row.uuid[:8]


def bars_of(
    runs: Sequence[ComparedRun], line: Line | None, form: RankedForm, *, lowest: bool
) -> list[tuple[int, Bar]]:
    """A bar for each run that has the metric, with the number of the run."""
    if line is None:
        return []
    places = line.order(lowest=lowest) if form.by_value else list(range(len(runs)))
    groups = list(dict.fromkeys(group_of(run, form.group) for run in runs)) if form.group else []
    found: list[tuple[int, Bar]] = []
    for place in places:
        value = line.numbers[place]
        if value is None:
            continue
        run, name, role = runs[place], label_of(runs[place]), "accent"
        if form.group:
            group = group_of(run, form.group)
            name, role = f"{name} {group}", role_of(groups.index(group))
        found.append((place, Bar(name, value, role)))
    return found


def boxes_of(
    runs: Sequence[ComparedRun],
    line: Line | None,
    curves: Sequence[Curve],
    form: RankedForm,
) -> list[Box]:
    """A box for each value of a param or tag, of what its runs have; without one, for each run of
    the points it has logged."""
    if line is None:
        return []
    if not form.group:
        own = {one.run_uuid: one.values for one in curves if one.key == line.key}
        boxes = [Box(label_of(run), own[run.row.uuid]) for run in runs if run.row.uuid in own]
    else:
        groups: dict[str, list[float]] = {}
        for run, value in zip(runs, line.numbers, strict=True):
            if value is not None:
                groups.setdefault(group_of(run, form.group), []).append(value)
        boxes = [Box(f"{name} ({len(own)})", own) for name, own in sorted(groups.items())]
    boxes = [replace(box, role=role_of(number)) for number, box in enumerate(boxes)]
    if form.by_value:
        boxes.sort(key=_median)
    return boxes


def _median(box: Box) -> float:
    ys = sorted(value for value in box.values if isfinite(value))
    return ys[len(ys) // 2] if ys else float("inf")

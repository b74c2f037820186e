"""From the points of metrics to series of a chart: smoothing, what x is, what lies outside, and
what the lines say at an x. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite, nan
from typing import Literal, NamedTuple

from app.tui.models.chart.series import Axis, Chart, Series, Unit

Across = Literal["step", "wall", "relative", "metric"]
"""What x is: the step, the time of day, seconds since the first point, another metric's value."""

ACROSS: tuple[Across, ...] = ("step", "relative", "wall", "metric")
ACROSS_WORDS: dict[Across, str] = {
    "step": "step",
    "relative": "relative time",
    "wall": "wall time",
    "metric": "another metric",
}
SMOOTHINGS = (0.0, 0.3, 0.6, 0.9, 0.97, 0.99)
"""Weights of what came before, as the sliders of TensorBoard and MLflow have them."""

MARKERS, ASCII_MARKERS = "●■◆★○□◇☆", "abcdefgh"
"""Of the lines of a chart in turn: with six colours, lines differ in both up to the 24th."""

OUTSIDE = 0.05
"""Share of the points at either end that outliers are: what TensorBoard leaves out."""


@dataclass(frozen=True, slots=True)
class Points:
    """The points of a metric, in the order of their steps."""

    steps: Sequence[float]
    times: Sequence[float]
    """Seconds since 1970."""
    values: Sequence[float]
    began_at: float | None = None
    """From when relative times count; None: from the first of these points."""


def smoothed(ys: Sequence[float], weight: float) -> list[float]:
    """The exponential moving average, debiased, as TensorBoard and MLflow show it.

    What isn't finite stays, and counts for nothing; a line that never changes stays as it is.
    """
    if weight <= 0 or not ys or all(y == ys[0] for y in ys):
        return list(ys)
    result: list[float] = []
    last, bias = 0.0, 1.0
    for y in ys:
        if not -inf < y < inf:
            result.append(y)
            continue
        last = last * weight + y * (1 - weight)
        bias *= weight
        result.append(last / (1 - bias))
    return result


def across(points: Points, kind: Across, other: Points | None = None) -> list[float]:
    """The xs of points; of ``metric`` the value of ``other`` at the same step, NaN without one."""
    if kind == "wall":
        return list(points.times)
    if kind == "relative":
        first = points.began_at
        if first is None:
            first = min(points.times, default=0.0)
        return [time - first for time in points.times]
    if kind == "metric":
        at = {} if other is None else dict(zip(other.steps, other.values, strict=False))
        return [at.get(step, nan) for step in points.steps]
    return list(points.steps)


def axis_of(kind: Across, *, log: bool = False) -> Axis:
    """The horizontal axis for what x is. Times of day have no logarithm."""
    units: dict[Across, Unit] = {"step": "count", "wall": "time", "relative": "duration"}
    return Axis(units.get(kind, "number"), log=log and kind != "wall")


def role_of(number: int) -> str:
    """The role of a chart's line of that number."""
    return f"series.{number}"


def marker_of(number: int, *, ascii_only: bool) -> str:
    """The character that tells the line of that number from others."""
    markers = ASCII_MARKERS if ascii_only else MARKERS
    return markers[number % len(markers)]


def without_outliers(
    series: Iterable[Series], share: float = OUTSIDE
) -> tuple[float, float] | None:
    """From where to where y reaches when outliers are ignored; None where nothing is left out."""
    ys = sorted(y for one in series for y in one.ys if isfinite(y))
    cut = int(len(ys) * share)
    if not cut or ys[cut] == ys[-1 - cut]:
        return None
    room = (ys[-1 - cut] - ys[cut]) * 0.1
    return ys[cut] - room, ys[-1 - cut] + room


def clipped(series: Series, low: float, high: float) -> Series:
    """The series with what is outside brought to the edge: the line goes out and comes back."""
    ys = [min(max(y, low), high) if -inf < y < inf else y for y in series.ys]
    return replace(series, ys=ys)


def band(name: str, several: Sequence[Series], role: str, columns: int = 120) -> Series | None:
    """From the least to the greatest of several lines at each x, as far as they reach; None where
    there are no points. Lines are taken as straight between their points."""
    lines = [finite_line(one) for one in several]
    lines = [line for line in lines if line.xs]
    if not lines:
        return None
    low, high = min(line.xs[0] for line in lines), max(line.xs[-1] for line in lines)
    xs = sorted({low + (high - low) * number / columns for number in range(columns + 1)})
    at = [[y for line in lines if (y := height_at(line, x)) is not None] for x in xs]
    kept = [(x, min(ys), max(ys)) for x, ys in zip(xs, at, strict=True) if ys]
    return Series(
        name,
        [x for x, _, _ in kept],
        [least for _, least, _ in kept],
        role,
        "band",
        tops=[greatest for _, _, greatest in kept],
    )


def finite_line(series: Series) -> Series:
    """The points of a line that are finite, in the order of x."""
    pairs = zip(series.xs, series.ys, strict=False)
    kept = sorted((x, y) for x, y in pairs if isfinite(x) and isfinite(y))
    return replace(series, xs=[x for x, _ in kept], ys=[y for _, y in kept])


def height_at(line: Series, x: float) -> float | None:
    """The height of a line of ``finite_line`` at an x; None before it begins and after its end."""
    if not line.xs or not line.xs[0] <= x <= line.xs[-1]:
        return None
    right = bisect_left(line.xs, x)
    if line.xs[right] == x or not right:
        return line.ys[right]
    share = (x - line.xs[right - 1]) / (line.xs[right] - line.xs[right - 1])
    return line.ys[right - 1] + (line.ys[right] - line.ys[right - 1]) * share


class Reading(NamedTuple):
    """What a line says where the cursor is."""

    name: str
    x: float
    """Of the point nearest to the cursor."""
    y: float


def readings(chart: Chart, x: float) -> list[Reading]:
    """What every line says at an x: its nearest point, of equally near ones the last. A line
    without any point has no reading."""
    found: list[Reading] = []
    for one in chart.series:
        if one.kind == "band":
            continue
        best: Reading | None = None
        for at, y in zip(one.xs, one.ys, strict=False):
            if isfinite(at) and (best is None or abs(at - x) <= abs(best.x - x)):
                best = Reading(one.name, at, y)
        if best is not None:
            found.append(best)
    return found


def reach(chart: Chart) -> tuple[float, float] | None:
    """From which x to which one the points of a chart reach; None without points."""
    log = chart.x.log
    xs = [x for one in chart.series for x in one.xs if isfinite(x) and (x > 0 or not log)]
    return (min(xs), max(xs)) if xs else None


def beside(chart: Chart, x: float | None, step: int, cells: int) -> float | None:
    """The x of the next point to the right (``step`` > 0) or left, so far away that it is in
    another of ``cells`` cells; from None the last one. None without points."""
    edges = reach(chart)
    if edges is None:
        return None
    low = chart.x.low if chart.x.low is not None else edges[0]
    high = chart.x.high if chart.x.high is not None else edges[1]
    xs = sorted({at for one in chart.series for at in one.xs if isfinite(at) and low <= at <= high})
    if not xs or x is None:
        return xs[-1] if xs else None
    apart = (high - low) / max(1, cells) * max(1, abs(step))
    if chart.x.log or apart <= 0:
        apart = 0.0
    if step > 0:
        return next((at for at in xs if at > x and at - x >= apart), xs[-1])
    return next((at for at in reversed(xs) if at < x and x - at >= apart), xs[0])


@dataclass(frozen=True, slots=True)
class Window:
    """The stretch of x that is looked at; None at an edge: as far as there are points."""

    low: float | None = None
    high: float | None = None

    @property
    def is_whole(self) -> bool:
        return self.low is None and self.high is None

    def zoomed(self, edges: tuple[float, float], about: float | None, factor: float) -> Window:
        """Closer (``factor`` below 1) or wider about an x, never wider than all points."""
        low, high = self.on(edges)
        middle = (low + high) / 2 if about is None or not low <= about <= high else about
        width = (high - low) * factor
        if width >= edges[1] - edges[0]:
            return Window()
        if width <= abs(middle) * 1e-12 or width <= 0:
            return self
        share = (middle - low) / (high - low)
        return Window(middle - width * share, middle + width * (1 - share)).held(edges)

    def panned(self, edges: tuple[float, float], share: float) -> Window:
        """The stretch beside it: by that share of its width, to the right if positive."""
        if self.is_whole:
            return self
        low, high = self.on(edges)
        return Window(low + (high - low) * share, high + (high - low) * share).held(edges)

    def held(self, edges: tuple[float, float]) -> Window:
        """The same width within the edges."""
        low, high = self.on(edges)
        move = max(edges[0] - low, 0.0) or min(edges[1] - high, 0.0)
        return Window(low + move, high + move)

    def on(self, edges: tuple[float, float]) -> tuple[float, float]:
        """The stretch in figures."""
        low = edges[0] if self.low is None else self.low
        high = edges[1] if self.high is None else self.high
        return (low, high) if low < high else (low, low + 1.0)

    def of(self, axis: Axis) -> Axis:
        """The axis with these ends."""
        return replace(axis, low=self.low, high=self.high)


def lines_of(
    named: Mapping[str, Points],
    kind: Across,
    *,
    weight: float = 0.0,
    other: Mapping[str, Points] | None = None,
    ascii_only: bool = False,
) -> list[Series]:
    """A line for each name: smoothed, along what x is, with a colour and a character of its own.

    ``other``: by the same names, the metric that is x where ``kind`` is "metric".
    """
    several = len(named) > 1
    found: list[Series] = []
    for number, (name, points) in enumerate(named.items()):
        xs = across(points, kind, (other or {}).get(name))
        marker = marker_of(number, ascii_only=ascii_only) if several else ""
        ys = smoothed(points.values, weight)
        found.append(Series(name, xs, ys, role_of(number), marker=marker))
    return found

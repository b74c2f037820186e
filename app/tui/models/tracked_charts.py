"""The charts of a tracked run's metrics. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TYPE_CHECKING

from app.tui import formats
from app.tui.models.chart import (
    ACROSS_WORDS,
    SMOOTHINGS,
    Across,
    Axis,
    Chart,
    Points,
    Reading,
    Series,
    axis_of,
    clipped,
    lines_of,
    without_outliers,
)
from app.tui.models.chart.series import Unit
from app.tui.models.chart.ticks import duration_text
from app.tui.models.tracked_looks import number_spans, number_text
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, span

if TYPE_CHECKING:
    from store.metric_points import Summary
    from store.queries.curves import Curve

SYSTEM = "system/"
"""What the keys of system metrics begin with, as in MLflow."""
KINDS: tuple[Across, ...] = ("step", "relative", "wall")
CELL_WIDTH, CELL_HEIGHT = 38, 9
"""Cells of a chart among others, at least."""


def is_system(key: str) -> bool:
    """Whether a metric is about the machine."""
    return key.startswith(SYSTEM)


@dataclass(slots=True)
class ChartsForm:
    """How the charts are looked at; found again when one comes back."""

    across: Across = "step"
    other: str = ""
    """The metric that x is, where it is one."""
    log_x: bool = False
    log_y: bool = False
    smoothing: int = 0
    """Place among ``SMOOTHINGS``."""
    outliers: bool = True
    """They are shown."""
    words: str = ""
    """Only metrics with these words are shown."""
    key: str = ""
    """The metric under the cursor."""
    zoomed: bool = False

    @property
    def weight(self) -> float:
        """How much what came before counts."""
        return SMOOTHINGS[self.smoothing]


def keys_of(metrics: Sequence[Summary], words: str, *, system: bool) -> list[str]:
    """The metrics that are shown: of the machine or of the run, with all of these words."""
    wanted = words.lower().split()
    return [
        one.key
        for one in metrics
        if is_system(one.key) == system and all(word in one.key.lower() for word in wanted)
    ]


def unit_of(key: str) -> Unit:
    """What the values of a metric count, as far as its name says."""
    return "percent" if is_system(key) and key.endswith(("percentage", "percent")) else "number"


def short_name(key: str) -> str:
    """The name of a metric; of the machine's without what all of them begin with."""
    return key.removeprefix(SYSTEM)


def points_of(curve: Curve) -> Points:
    """The points of a curve as charts want them."""
    return Points(curve.steps, curve.times, curve.values, curve.began_at)


def chart_of(
    curve: Curve,
    smooth: Curve | None,
    form: ChartsForm,
    *,
    other: Curve | None = None,
    title: Spans = (),
) -> Chart:
    """The chart of a metric; ``smooth``: the same smoothed, drawn over it; ``other``: the metric
    that x is."""
    along = {"": points_of(other)} if other is not None else None
    [line] = lines_of({"": points_of(curve)}, form.across, other=along)
    series = [line]
    if smooth is not None:
        [over] = lines_of({"": points_of(smooth)}, form.across, other=along)
        series = [_faint(line), over]
    reach = None if form.outliers else without_outliers(series)
    if reach is not None:
        series = [clipped(one, *reach) for one in series]
    return Chart(
        series,
        x=axis_of(form.across, log=form.log_x),
        y=Axis(unit_of(curve.key), log=form.log_y),
        title=title,
        odd="last",
        empty="no points",
    )


def _faint(line: Series) -> Series:
    return Series(line.name, line.xs, line.ys, "faint")


def title_of(key: str, one: Summary | None, scene: Scene, ground: str = "") -> Spans:
    """The line above a chart: the metric, and its last value."""
    line: list[Span] = [span(f" {short_name(key)} ", f"strong{ground}")]
    if one is not None:
        line.extend((Span(" "), *number_spans(one.last_value, scene.glyphs)))
    return tuple(line)


def form_words(form: ChartsForm) -> Spans:
    """How the charts are looked at, where that isn't as usual."""
    words = [] if form.across == "step" else [across_words(form)]
    words.extend(["log x"] if form.log_x and form.across != "wall" else [])
    words.extend(["log y"] if form.log_y else [])
    if form.weight:
        words.append(f"smoothed {form.weight:g}")
    words.extend([] if form.outliers else ["no outliers"])
    return (span("  ".join(words), "accent"),) if words else ()


def across_words(form: ChartsForm) -> str:
    """What x is."""
    return form.other if form.across == "metric" else ACROSS_WORDS[form.across]


def x_text(x: float, form: ChartsForm, scene: Scene) -> str:
    """An x in words."""
    from datetime import UTC, datetime

    across = form.across
    if across == "metric":
        return f"{form.other} {number_text(x, scene.glyphs)}"
    if across == "wall":
        return formats.stamp(datetime.fromtimestamp(x, UTC), scene.zone)
    if across == "relative":
        return f"after {duration_text(round(x, 3))}"
    return f"step {x:,.0f}"


def reading_line(
    found: Sequence[Reading], one: Summary | None, form: ChartsForm, scene: Scene
) -> Spans:
    """What the cursor reads; with smoothing the value and the average."""
    if not found:
        return ()
    line: list[Span] = [Span(" "), span(x_text(found[0].x, form, scene), "strong")]
    names = ("value", "smoothed") if len(found) > 1 else ("value",)
    for name, reading in zip(names, found, strict=False):
        text = repr(reading.y) if isfinite(reading.y) else number_text(reading.y, scene.glyphs)
        role = "text" if isfinite(reading.y) else "warning"
        line.extend((Span(f"  {name} ", "dim"), Span(text, role)))
    if one is not None:
        low, high = (
            number_text(one.min_value, scene.glyphs),
            number_text(one.max_value, scene.glyphs),
        )
        line.append(Span(f"   min {low}  max {high}  {formats.plural(one.count, 'point')}", "dim"))
    return tuple(line)

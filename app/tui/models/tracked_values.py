"""The params and metrics of a tracked run as tables. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite, isinf
from typing import TYPE_CHECKING

from app.tui import formats
from app.tui.columns import Column
from app.tui.filters import Facts
from app.tui.models.chart.odd import glyph_of
from app.tui.models.tracked_looks import number_spans, shown_value
from app.tui.scene import Scene
from app.tui.spans import Span, Spans, joined, span

if TYPE_CHECKING:
    from store.metric_points import Summary
    from store.queries.tracked_page import TrackedPage

METRICS, PARAMS = "metrics", "params"
KINDS = (METRICS, PARAMS)


@dataclass(frozen=True, slots=True)
class ValueRow:
    """A param, or a metric."""

    key: str
    value: str = ""
    """Of a param; masked if its name says that it is secret."""
    metric: Summary | None = None


def rows_of(page: TrackedPage, kind: str) -> list[ValueRow]:
    """All params, or all metrics, by key."""
    if kind == PARAMS:
        return [ValueRow(key, shown_value(key, text)) for key, text in page.params.items()]
    return [ValueRow(one.key, metric=one) for one in page.metrics]


def facts_of(row: ValueRow) -> Facts:
    """What the filter sees of a row."""
    one = row.metric
    if one is None:
        return Facts(f"{row.key} {row.value}", fields={"key": [row.key], "value": [row.value]})
    return Facts(
        row.key,
        flags=frozenset({"odd"} if one.nan_count or one.inf_count else ()),
        fields={"key": [row.key]},
        numbers={
            "last": one.last_value,
            "min": one.min_value,
            "max": one.max_value,
            "mean": one.mean_value,
            "points": float(one.count),
            "nan": float(one.nan_count),
            "inf": float(one.inf_count),
        },
    )


def columns_of(kind: str) -> Sequence[Column[ValueRow]]:
    """The columns of a table."""
    name = Column("key", "key", 20, _key, sort=lambda row: row.key.lower(), most=48)
    if kind == PARAMS:
        value = Column("value", "value", 24, _value, sort=lambda r: r.value, grows=True)
        return [name, value]
    figures = [_figure(part) for part in ("last", "min", "max", "mean", "first")]
    steps = [
        Column(
            f"{part}_step",
            f"step of {part}",
            11,
            _step(part),
            sort=_number(f"{part}_step"),
            right=True,
        )
        for part in ("min", "max")
    ]
    points = Column(
        "points", "points", 7, _points, sort=_number("count"), right=True, descending=True
    )
    odd = Column("odd", "not finite", 15, _odd, sort=lambda row: -_odd_count(row), right=True)
    return [name, figures[0], odd, *figures[1:3], points, *figures[3:], *steps]


def _key(row: ValueRow, _: Scene) -> Spans:
    return (span(row.key, "strong"),)


def _value(row: ValueRow, _: Scene) -> Spans:
    return (span(row.value),)


def _figure(part: str) -> Column[ValueRow]:
    def cell(row: ValueRow, scene: Scene) -> Spans:
        if row.metric is None:
            return ()
        return number_spans(getattr(row.metric, f"{part}_value"), scene.glyphs)

    return Column(part, part, 10, cell, sort=_number(f"{part}_value"), right=True)


def _number(name: str) -> Callable[[ValueRow], tuple[int, float]]:
    """Sorts by a figure: finite ones by size, then the infinities, then NaN, then none."""

    def key(row: ValueRow) -> tuple[int, float]:
        value = None if row.metric is None else getattr(row.metric, name)
        if value is None:
            return (3, 0.0)
        if isfinite(value):
            return (0, value)
        return (1, value) if isinf(value) else (2, 0.0)

    return key


def _step(part: str) -> Callable[[ValueRow, Scene], Spans]:
    def cell(row: ValueRow, _: Scene) -> Spans:
        step = None if row.metric is None else getattr(row.metric, f"{part}_step")
        return () if step is None else (Span(f"{step:,}", "dim"),)

    return cell


def _points(row: ValueRow, _: Scene) -> Spans:
    return () if row.metric is None else (Span(formats.count(row.metric.count)),)


def _odd_count(row: ValueRow) -> int:
    return 0 if row.metric is None else row.metric.nan_count + row.metric.inf_count


def _odd(row: ValueRow, scene: Scene) -> Spans:
    if row.metric is None or not _odd_count(row):
        return ()
    counts = (("NaN", row.metric.nan_count, float("nan")), ("inf", row.metric.inf_count, 1e999))
    parts = [
        (Span(f"{glyph_of(y, scene.glyphs)} ", "error"), Span(f"{formats.count(n)} {word}"))
        for word, n, y in counts
        if n
    ]
    return joined(parts, Span(" "))


def value_line(row: ValueRow | None, scene: Scene) -> Spans:
    """The line about the row under the cursor, in full."""
    if row is None:
        return ()
    one = row.metric
    if one is None:
        return (Span(" "), span(row.key, "strong"), Span("  "), span(row.value))
    line: list[Span] = [Span(" "), span(row.key, "strong")]
    if one.min_step is not None and one.max_step is not None:
        for word, value, step in (
            ("min", one.min_value, one.min_step),
            ("max", one.max_value, one.max_step),
        ):
            line.extend((Span(f"  {word} ", "dim"), Span(repr(value)), Span(f" at step {step:,}")))
    line.extend((Span("  last ", "dim"), Span(f"{one.last_value!r} at step {one.last_step:,}")))
    return tuple(line)


def kinds_line(kind: str, counts: dict[str, tuple[int, int]]) -> Spans:
    """The two tables with how many rows pass the filter."""
    line: list[Span] = [Span(" ")]
    for name in KINDS:
        shown, total = counts[name]
        words = f"{total:,}" if shown == total else f"{shown:,} of {total:,}"
        if name == kind:
            line.extend((Span(f" {name} {words} ", "badge"), Span(" ")))
        else:
            line.append(Span(f" {name} {words}  ", "dim"))
    line.extend((Span("m", "key"), Span(" the other", "dim")))
    return tuple(line)

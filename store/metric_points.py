"""A metric's points, as columns.

They are kept in segments of three columns, bit for bit, so NaN and the infinities survive. Small
segments are merged with the ones before them as they come, like carrying in binary: a metric of n
points has about n / ``FULL_SEGMENT`` + log2 segments however it was logged, and each point is
rewritten at most log2 times.
"""

from __future__ import annotations

import math
import operator
import sys
from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from store.columns import EPOCH, MICROSECOND
from store.models import metric, metric_segment

POINT_BYTES = 24
"""A float64 value, an int64 step and an int64 time in microseconds since 1970."""

FULL_SEGMENT = 4096
"""Points from which on a segment is never merged."""


@dataclass(frozen=True, slots=True)
class Series:
    """The points of a metric, in the order of their arrival."""

    values: array[float]
    steps: array[int]
    times: array[int]
    """Microseconds since 1970 (UTC)."""

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Summary:
    """A metric without its points."""

    id: int
    run_id: int
    key: str
    count: int
    nan_count: int
    inf_count: int
    """Of both signs."""
    first_value: float
    last_value: float
    last_step: int
    last_at: datetime
    min_value: float
    """Of the finite values; NaN where there is none."""
    max_value: float
    min_step: int | None
    """Of the point that reached it first; None where no value is finite."""
    max_step: int | None
    mean_value: float
    """Of the finite values; NaN where there is none."""


SUMMARY_COLUMNS = tuple(metric.c[name] for name in Summary.__dataclass_fields__)


def add(connection: Connection, run_id: int, key: str, count: int, data: bytes) -> int:
    """Append points to a metric of a tracked run; the metric's id.

    ``data``: ``count`` little-endian float64 values, then as many int64 steps, then as many int64
    times in microseconds since 1970. Raises ``ValueError`` where its length isn't that.
    """
    if count < 1 or len(data) != count * POINT_BYTES:
        raise ValueError(
            f"{count} points of {key} take {count * POINT_BYTES} bytes, but there are {len(data)}"
        )
    summary = _summary(count, data)
    found = connection.execute(_METRIC_OF, {"of_run": run_id, "of_key": key}).mappings().first()
    if found is None:
        metric_id = connection.execute(
            _NEW_METRIC, {"run_id": run_id, "key": key, **summary}
        ).scalar_one()
    else:
        metric_id = found["id"]
        connection.execute(_METRIC_GROWS, {"row_id": metric_id, **_joined(found, summary)})
    _append(connection, metric_id, count, data)
    return metric_id


_METRIC_OF = select(metric).where(
    metric.c.run_id == bindparam("of_run"), metric.c.key == bindparam("of_key")
)
_NEW_METRIC = insert(metric).returning(metric.c.id)
_METRIC_GROWS = (
    update(metric)
    .where(metric.c.id == bindparam("row_id"))
    .values(
        {
            name: bindparam(name)
            for name in (
                "count",
                "nan_count",
                "inf_count",
                "first_value",
                "last_value",
                "last_step",
                "last_at",
                "min_value",
                "max_value",
                "min_step",
                "max_step",
                "mean_value",
            )
        }
    )
)
_LAST_SEGMENT = (
    select(metric_segment.c.ordinal, metric_segment.c.count)
    .where(metric_segment.c.metric_id == bindparam("of_metric"))
    .order_by(metric_segment.c.ordinal.desc())
    .limit(1)
)
_SEGMENT_DATA = select(metric_segment.c.data).where(
    metric_segment.c.metric_id == bindparam("of_metric"),
    metric_segment.c.ordinal == bindparam("of_ordinal"),
)
_DROP_SEGMENT = delete(metric_segment).where(
    metric_segment.c.metric_id == bindparam("of_metric"),
    metric_segment.c.ordinal == bindparam("of_ordinal"),
)
_NEW_SEGMENT = insert(metric_segment)


def read(connection: Connection, metric_id: int) -> Series:
    """All points of a metric; empty if there is none of that id."""
    query = (
        select(metric_segment.c.count, metric_segment.c.data)
        .where(metric_segment.c.metric_id == metric_id)
        .order_by(metric_segment.c.ordinal)
    )
    parts = connection.execute(query).all()
    count, data = _concatenated(parts)
    return unpack(count, data)


def summaries(connection: Connection, run_id: int) -> list[Summary]:
    """The metrics of a tracked run by key, without their points."""
    query = select(*SUMMARY_COLUMNS).where(metric.c.run_id == run_id).order_by(metric.c.key)
    return [Summary(*row) for row in connection.execute(query)]


def is_logged(connection: Connection, key: str) -> bool:
    """Whether any run has logged a metric of that name."""
    return (
        connection.execute(select(metric.c.id).where(metric.c.key == key).limit(1)).first()
        is not None
    )


def keys(connection: Connection) -> list[str]:
    """The names of all metrics that runs have logged."""
    return list(
        connection.execute(select(metric.c.key).distinct().order_by(metric.c.key)).scalars()
    )


def pack(points: Iterable[tuple[float, int, int]]) -> tuple[int, bytes]:
    """(value, step, time in microseconds) each -> the ``count`` and ``data`` of a segment."""
    several = list(points)
    columns = (
        array("d", [point[0] for point in several]),
        array("q", [point[1] for point in several]),
        array("q", [point[2] for point in several]),
    )
    return len(several), b"".join(_swapped(column).tobytes() for column in columns)


def unpack(count: int, data: bytes) -> Series:
    """The points of a segment."""
    view = memoryview(data)
    columns = array("d"), array("q"), array("q")
    for place, column in enumerate(columns):
        column.frombytes(view[place * 8 * count : (place + 1) * 8 * count])
        _swapped(column)
    return Series(*columns)


def _swapped(column: array[Any]) -> array[Any]:
    """What is stored is little-endian."""
    if sys.byteorder == "big":
        column.byteswap()
    return column


def _summary(count: int, data: bytes) -> dict[str, Any]:
    """What the row of a metric says of these points."""
    series = unpack(count, data)
    values: Sequence[float] = series.values
    nans = infinities = 0
    finite = values
    # A sum that is finite proves that all values are: neither NaN nor infinity ever goes away.
    total = sum(values)
    if not math.isfinite(total):
        nans = sum(map(math.isnan, values))
        infinities = sum(map(math.isinf, values))
        finite = list(filter(math.isfinite, values))
        total = sum(finite)
    last = _last(series)
    lowest, highest = min(finite, default=math.nan), max(finite, default=math.nan)
    return {
        "count": count,
        "nan_count": nans,
        "inf_count": infinities,
        "first_value": values[0],
        "last_value": values[last],
        "last_step": series.steps[last],
        "last_at": EPOCH + series.times[last] * MICROSECOND,
        "min_value": lowest,
        "max_value": highest,
        "min_step": series.steps[values.index(lowest)] if finite else None,
        "max_step": series.steps[values.index(highest)] if finite else None,
        "mean_value": _mean(finite, total),
    }


def _last(series: Series) -> int:
    """Which point is the last, as in MLflow: of the greatest step the latest; of equal ones that
    which came last."""
    steps, times = series.steps, series.times
    end = len(series) - 1
    if steps[end] == max(steps) and times[end] == max(times):
        return end
    return max(range(len(series)), key=lambda place: (steps[place], times[place], place))


def _mean(finite: Sequence[float], total: float) -> float:
    if not finite:
        return math.nan
    if math.isfinite(total):
        return total / len(finite)
    return math.fsum(value / len(finite) for value in finite)  # the sum is too large


def _joined(old: Mapping[Any, Any], new: dict[str, Any]) -> dict[str, Any]:
    lower = _is_better(old["min_value"], new["min_value"], operator.lt)
    higher = _is_better(old["max_value"], new["max_value"], operator.gt)
    later = (new["last_step"], new["last_at"]) >= (old["last_step"], old["last_at"])
    latest = new if later else old
    counts = [one["count"] - one["nan_count"] - one["inf_count"] for one in (old, new)]
    parts = [
        one["mean_value"] * (count / sum(counts))
        for one, count in zip((old, new), counts, strict=True)
        if count
    ]
    return {
        "count": old["count"] + new["count"],
        "nan_count": old["nan_count"] + new["nan_count"],
        "inf_count": old["inf_count"] + new["inf_count"],
        "first_value": old["first_value"],
        "last_value": latest["last_value"],
        "last_step": latest["last_step"],
        "last_at": latest["last_at"],
        "min_value": (new if lower else old)["min_value"],
        "max_value": (new if higher else old)["max_value"],
        "min_step": (new if lower else old)["min_step"],
        "max_step": (new if higher else old)["max_step"],
        "mean_value": math.fsum(parts) if parts else math.nan,
    }


def _is_better(old: float, new: float, than: Callable[[float, float], bool]) -> bool:
    """Whether the newer of two extremes counts; NaN: there is none."""
    return not math.isnan(new) and (math.isnan(old) or than(new, old))


def _append(connection: Connection, metric_id: int, count: int, data: bytes) -> None:
    """Add a segment, merged with those before it that are no larger."""
    parts = [(count, data)]
    while True:
        last = connection.execute(_LAST_SEGMENT, {"of_metric": metric_id}).first()
        if last is None or last[1] >= FULL_SEGMENT or last[1] > count:
            break
        ordinal, size = last
        key = {"of_metric": metric_id, "of_ordinal": ordinal}
        parts.insert(0, (size, connection.execute(_SEGMENT_DATA, key).scalar_one()))
        connection.execute(_DROP_SEGMENT, key)
        count += size
    count, data = _concatenated(parts)
    connection.execute(
        _NEW_SEGMENT,
        {
            "metric_id": metric_id,
            "ordinal": 0 if last is None else last[0] + 1,
            "count": count,
            "data": data,
        },
    )


def _concatenated(parts: Sequence[tuple[int, bytes]]) -> tuple[int, bytes]:
    """One segment of several: their first columns, then their second ones, then their third."""
    if len(parts) == 1:
        return parts[0]
    columns = [
        memoryview(data)[place * 8 * count : (place + 1) * 8 * count]
        for place in range(3)
        for count, data in parts
    ]
    return sum(count for count, _ in parts), b"".join(columns)

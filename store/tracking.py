"""Tracked runs (MLflow's sense): params, tags, and metrics as columns of points.

A metric's points are kept in segments of three columns, bit for bit, so NaN and the infinities
survive. Small segments are merged with the ones before them as they come, like carrying in binary:
a metric of n points has about n / ``FULL_SEGMENT`` + log2 segments however it was logged, and each
point is rewritten at most log2 times.
"""

from __future__ import annotations

import math
import sys
import uuid
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from store import records
from store.columns import EPOCH, MICROSECOND
from store.models import experiment, metric, metric_segment, param, tag, tracked_run

POINT_BYTES = 24
"""A float64 value, an int64 step and an int64 time in microseconds since 1970."""

FULL_SEGMENT = 4096
"""Points from which on a segment is never merged."""

RUNNING, FINISHED, FAILED, KILLED = "RUNNING", "FINISHED", "FAILED", "KILLED"
"""MLflow's run statuses."""


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


SUMMARY_COLUMNS = tuple(metric.c[name] for name in Summary.__dataclass_fields__)


def ensure_run(
    connection: Connection,
    try_id: int,
    *,
    experiment: str,
    name: str,
    at: datetime | None = None,
) -> int:
    """The id of the tracked run of a try, which is made if there is none."""
    found = connection.execute(
        select(tracked_run.c.id).where(tracked_run.c.try_id == try_id)
    ).scalar()
    if found is not None:
        return found
    at = at or datetime.now(UTC)
    return connection.execute(
        insert(tracked_run).returning(tracked_run.c.id),
        {
            "uuid": uuid.uuid4().hex,
            "experiment_id": ensure_experiment(connection, experiment, at),
            "try_id": try_id,
            "name": name,
            "started_at": at,
            "status": RUNNING,
        },
    ).scalar_one()


def ensure_experiment(connection: Connection, name: str, at: datetime) -> int:
    """The id of an experiment, which is made if there is none of that name."""
    query = select(experiment.c.id).where(experiment.c.name == name)
    found = connection.execute(query).scalar()
    if found is not None:
        return found
    statement = records.conflict_insert(connection.dialect.name, experiment).on_conflict_do_nothing(
        index_elements=["name"]
    )
    connection.execute(statement, {"name": name, "created_at": at})
    return connection.execute(query).scalar_one()


def end_run(connection: Connection, run_id: int, *, at: datetime, succeeded: bool) -> None:
    """Say how a tracked run ended."""
    set_status(connection, run_id, FINISHED if succeeded else FAILED, at)


def set_status(connection: Connection, run_id: int, status: str, at: datetime) -> None:
    """Give a tracked run its final status: FINISHED, FAILED or KILLED."""
    connection.execute(
        update(tracked_run).where(tracked_run.c.id == run_id).values(status=status, ended_at=at)
    )


def log_param(connection: Connection, run_id: int, key: str, value: str) -> None:
    """Write a param, over an older value."""
    log_params(connection, [{"run_id": run_id, "key": key, "value": value}])


def log_params(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write params at once: dicts with ``run_id``, ``key``, ``value``. The last of a key wins."""
    records.put(connection, param, rows)


def set_tag(connection: Connection, run_id: int, key: str, value: str) -> None:
    """Write a tag, over an older value."""
    set_tags(connection, [{"run_id": run_id, "key": key, "value": value}])


def set_tags(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Write tags at once: dicts with ``run_id``, ``key``, ``value``. The last of a key wins."""
    records.put(connection, tag, rows)


def add_metric_points(
    connection: Connection, run_id: int, key: str, count: int, data: bytes
) -> int:
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


def read_metric(connection: Connection, metric_id: int) -> Series:
    """All points of a metric; empty if there is none of that id."""
    query = (
        select(metric_segment.c.count, metric_segment.c.data)
        .where(metric_segment.c.metric_id == metric_id)
        .order_by(metric_segment.c.ordinal)
    )
    parts = connection.execute(query).all()
    count, data = _concatenated(parts)
    return unpack(count, data)


def list_metrics(connection: Connection, run_id: int) -> list[Summary]:
    """The metrics of a tracked run by key, without their points."""
    query = select(*SUMMARY_COLUMNS).where(metric.c.run_id == run_id).order_by(metric.c.key)
    return [Summary(*row) for row in connection.execute(query)]


def run_of_try(connection: Connection, try_id: int) -> int | None:
    """The id of the tracked run of a try; None if it has logged nothing."""
    return connection.execute(
        select(tracked_run.c.id).where(tracked_run.c.try_id == try_id)
    ).scalar()


def params_of(connection: Connection, run_id: int) -> dict[str, str]:
    """The params of a tracked run, by key."""
    return _pairs(connection, param, run_id)


def tags_of(connection: Connection, run_id: int) -> dict[str, str]:
    """The tags of a tracked run, by key."""
    return _pairs(connection, tag, run_id)


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


def _pairs(connection: Connection, table: Any, run_id: int) -> dict[str, str]:
    query = select(table.c.key, table.c.value).where(table.c.run_id == run_id)
    return dict(connection.execute(query.order_by(table.c.key)).all())


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
    if not math.isfinite(sum(values)):
        nans = sum(map(math.isnan, values))
        infinities = sum(map(math.isinf, values))
        finite = list(filter(math.isfinite, values))
    return {
        "count": count,
        "nan_count": nans,
        "inf_count": infinities,
        "first_value": values[0],
        "last_value": values[-1],
        "last_step": series.steps[-1],
        "last_at": EPOCH + series.times[-1] * MICROSECOND,
        "min_value": min(finite, default=math.nan),
        "max_value": max(finite, default=math.nan),
    }


def _joined(old: Mapping[Any, Any], new: dict[str, Any]) -> dict[str, Any]:
    return {
        "count": old["count"] + new["count"],
        "nan_count": old["nan_count"] + new["nan_count"],
        "inf_count": old["inf_count"] + new["inf_count"],
        "first_value": old["first_value"],
        "last_value": new["last_value"],
        "last_step": new["last_step"],
        "last_at": new["last_at"],
        "min_value": _least(old["min_value"], new["min_value"], min),
        "max_value": _least(old["max_value"], new["max_value"], max),
    }


def _least(one: float, other: float, choose: Any) -> float:
    if math.isnan(one) or math.isnan(other):
        return other if math.isnan(one) else one
    return choose(one, other)


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

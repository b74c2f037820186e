"""What a try used over time, in as many points as a chart has room for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from store.models import resource_sample
from store.queries.rows import from_micros, micros


@dataclass(frozen=True, slots=True)
class UsagePoint:
    """What the processes of a try used in a span of its time."""

    at: datetime
    """The last sample of the span."""
    cpu_percent: float
    """The largest; 100: one core."""
    rss: int
    """The largest, in bytes."""
    read_bytes: int
    """Since the start of the try."""
    write_bytes: int
    processes: int
    """The most."""


@dataclass(frozen=True, slots=True)
class Usage:
    """The use of one try."""

    points: tuple[UsagePoint, ...] = ()
    """Oldest first."""
    samples: int = 0
    """How many measurements there are."""


def usage(connection: Connection, try_id: int, points: int = 200) -> Usage:
    """What a try used over time, oldest first: peaks of about ``points`` spans of equal length."""
    columns = resource_sample.c
    at = micros(columns.at)
    own = columns.try_id == try_id
    first, last, count = connection.execute(
        select(func.min(at), func.max(at), func.count()).where(own)
    ).one()
    if not count:
        return Usage()
    width = max(1, (last - first) // max(1, points - 1))
    span = (at - first) // width if count > points else at
    query = (
        select(
            func.max(at),
            func.max(columns.cpu_percent),
            func.max(columns.rss),
            func.max(columns.read_bytes),
            func.max(columns.write_bytes),
            func.max(columns.processes),
        )
        .where(own)
        .group_by(span)
        .order_by(func.max(at))
    )
    found: list[UsagePoint] = []
    for moment, *figures in connection.execute(query):
        when = from_micros(moment)
        assert when is not None
        found.append(UsagePoint(when, *figures))
    return Usage(tuple(found), count)

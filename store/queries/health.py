"""How the store grows, told without counting its rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, Connection, func, select

from store.models import dag_run, event, task_instance

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Growth:
    """What the last 24 hours added."""

    dag_runs: int
    task_instances: int
    events: int


def growth(connection: Connection, now: datetime) -> Growth | None:
    """What the last 24 hours added; None where the store is younger than that.

    Looks at the ends of indexes alone. Row ids rise with time, so what came since a moment is what
    lies behind the first row of that moment.
    """
    since = now - DAY
    if connection.execute(select(event.c.id).where(event.c.at <= since).limit(1)).first() is None:
        return None
    first_run = _first(connection, dag_run.c.id, dag_run.c.started_at, since)
    instances = 0
    if first_run is not None:
        first = _first(connection, task_instance.c.id, task_instance.c.dag_run_id, first_run)
        instances = _behind(connection, task_instance.c.id, first)
    return Growth(
        dag_runs=_behind(connection, dag_run.c.id, first_run),
        task_instances=instances,
        events=_behind(connection, event.c.id, _first(connection, event.c.id, event.c.at, since)),
    )


def _first(
    connection: Connection, key: Column[int], order: Column[Any], since: object
) -> int | None:
    """The row with the first value of an indexed column that is at least ``since``."""
    return connection.execute(
        select(key).where(order >= since).order_by(order, key).limit(1)
    ).scalar()


def _behind(connection: Connection, key: Column[int], first: int | None) -> int:
    """How many rows there are from that one on, if none were deleted."""
    if first is None:
        return 0
    newest = connection.execute(select(func.max(key))).scalar_one()
    return newest - first + 1

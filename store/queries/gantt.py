"""The times of one run: of each task instance and each of its tries, as a Gantt chart shows them.

Times are microseconds since 1970, as they are stored: a run may have thousands of them, and a
chart only reckons with them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, select

from store.models import dag_version, task_instance, task_try
from store.queries.rows import TASK_STATES, AnyRow, micros
from store.states import TaskInstanceState


@dataclass(frozen=True, slots=True)
class TryTimes:
    """When one try of a task instance was queued, began and ended."""

    try_number: int
    state: str
    """queued, running, or how it ended."""
    queued_at: int
    started_at: int | None
    ended_at: int | None


@dataclass(frozen=True, slots=True)
class InstanceTimes:
    """When a task instance was scheduled, queued, began and ended; with its tries, in order."""

    task_id: str
    map_index: int
    """-1: not mapped."""
    map_label: str | None
    state: TaskInstanceState | None
    try_number: int
    max_tries: int
    scheduled_at: int | None
    """When it was last found ready to run."""
    queued_at: int | None
    started_at: int | None
    ended_at: int | None
    tries: tuple[TryTimes, ...] = ()


def run_times(connection: Connection, dag_run_id: int) -> tuple[InstanceTimes, ...]:
    """The task instances of a run, by task id and map index. Two queries, by the run alone."""
    columns = task_instance.c
    query = (
        select(
            columns.id,
            columns.task_id,
            columns.map_index,
            columns.map_label,
            columns.state,
            columns.try_number,
            columns.max_tries,
            micros(columns.scheduled_at).label("scheduled_at"),
            micros(columns.queued_at).label("queued_at"),
            micros(columns.started_at).label("started_at"),
            micros(columns.ended_at).label("ended_at"),
        )
        .where(columns.dag_run_id == dag_run_id)
        .order_by(columns.task_id, columns.map_index)
    )
    tries = _tries(connection, dag_run_id)
    rows: Iterable[AnyRow] = connection.execute(query).all()
    return tuple(
        InstanceTimes(
            task_id=row.task_id,
            map_index=row.map_index,
            map_label=row.map_label,
            state=TASK_STATES[row.state],
            try_number=row.try_number,
            max_tries=row.max_tries,
            scheduled_at=row.scheduled_at,
            queued_at=row.queued_at,
            started_at=row.started_at,
            ended_at=row.ended_at,
            tries=tries.get(row.id, ()),
        )
        for row in rows
    )


def version_digest(connection: Connection, version_id: int) -> str | None:
    """What tells the structure of a DAG version from others; None if there is no such version."""
    return connection.execute(
        select(dag_version.c.digest).where(dag_version.c.id == version_id)
    ).scalar_one_or_none()


def _tries(connection: Connection, dag_run_id: int) -> dict[int, tuple[TryTimes, ...]]:
    columns = task_try.c
    query = (
        select(
            columns.task_instance_id,
            columns.try_number,
            columns.state,
            micros(columns.queued_at).label("queued_at"),
            micros(columns.started_at).label("started_at"),
            micros(columns.ended_at).label("ended_at"),
        )
        .where(columns.dag_run_id == dag_run_id)
        .order_by(columns.task_instance_id, columns.try_number)
    )
    rows: Iterable[AnyRow] = connection.execute(query).all()
    found: dict[int, tuple[TryTimes, ...]] = {}
    for instance, number, state, queued, started, ended in rows:
        this = TryTimes(number, state, queued, started, ended)
        found[instance] = (*found.get(instance, ()), this)
    return found

"""Task instances, their tries, and what a try left behind: XComs, fields, resource figures."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, or_, select, tuple_

from store.models import dag_run, resource_sample, task_instance, task_try, xcom
from store.queries.rows import TASK_STATES, AnyRow, AnySelect
from store.states import TaskInstanceState


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """A task instance: a task, or one map index of it, in one DAG run."""

    id: int
    dag_run_id: int
    dag_id: str
    task_id: str
    map_index: int
    """-1: not mapped."""
    state: TaskInstanceState | None
    try_number: int
    """Of the newest try; 0 before the first."""
    max_tries: int
    pool: str
    pool_slots: int
    scheduled_at: datetime | None
    queued_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    duration: float | None
    """Seconds that its process took; None while there is no end."""
    next_at: datetime | None
    """up_for_retry, up_for_reschedule: when it is looked at again."""
    map_label: str | None
    version_id: int | None
    note: str | None
    priority_weight: int | None = None
    """Set by hand; None: the one of the pipeline file."""


@dataclass(frozen=True, slots=True)
class TryRow:
    """One try of a task instance."""

    id: int
    """Row id; ``Workspace`` calls it the try's key."""
    task_instance_id: int
    dag_run_id: int
    try_number: int
    state: str
    """queued, running, or how it ended."""
    hostname: str | None
    pid: int | None
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    duration: float | None
    """Seconds."""
    exit_status: int | None
    """Exit code of the process, or minus the signal that ended it."""
    reason: str | None
    """Why it ended as it did, in one sentence."""
    error_type: str | None
    error_message: str | None
    error_place: str | None
    """``file:line`` in user code."""
    traceback: str | None
    cpu_seconds: float | None
    peak_rss: int | None
    """Bytes, children included."""
    read_bytes: int | None
    write_bytes: int | None
    journal_number: int
    version_id: int | None
    intent: str | None
    """What it is, or was, told to end for: ``kill:killed by alice``."""

    @property
    def being_ended(self) -> str:
        """Why its process, which is still there, has been told to end; empty if it hasn't."""
        return "" if self.ended_at or not self.intent else self.intent.partition(":")[2]


@dataclass(frozen=True, slots=True)
class XComRow:
    """An XCom: ``value`` is JSON as it was stored."""

    task_id: str
    map_index: int
    key: str
    value: bytes
    """The first bytes of it where a limit was given."""
    size: int
    """Bytes of the whole value."""
    length: int | None
    """Of a list or dict."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """What the processes of a try used at one moment."""

    at: datetime
    cpu_percent: float
    """100: one core."""
    rss: int
    read_bytes: int
    """Since the start of the try."""
    write_bytes: int
    processes: int


@dataclass(frozen=True, slots=True)
class HistoryRow:
    """One task in one run, of the history of that task."""

    run_id: str
    run_after: datetime
    instance: InstanceRow


INSTANCE_COLUMNS = tuple(task_instance.c[name] for name in InstanceRow.__dataclass_fields__)
STATE_PLACE = list(InstanceRow.__dataclass_fields__).index("state")
TRY_COLUMNS = tuple(task_try.c[name] for name in TryRow.__dataclass_fields__)


def task_ids_of(connection: Connection, dag_run_id: int) -> list[str]:
    """The tasks that have instances in a run, also those that its DAG's file has no more."""
    column = task_instance.c.task_id
    query = select(column).where(task_instance.c.dag_run_id == dag_run_id)
    return list(connection.execute(query.distinct().order_by(column)).scalars())


def list_instances(
    connection: Connection,
    dag_run_id: int,
    *,
    task_ids: Collection[str] | None = None,
    states: Collection[TaskInstanceState | None] | None = None,
    limit: int | None = None,
    after: tuple[str, int] | None = None,
) -> list[InstanceRow]:
    """The task instances of a run, by task id and map index.

    ``after``: the (task id, map index) of the last one of the page before.
    """
    columns = task_instance.c
    query = (
        select(*INSTANCE_COLUMNS)
        .where(columns.dag_run_id == dag_run_id)
        .order_by(columns.task_id, columns.map_index)
    )
    if task_ids is not None:
        query = query.where(columns.task_id.in_(sorted(task_ids)))
    if states is not None:
        query = query.where(has_state(states))
    if after is not None:
        query = query.where(tuple_(columns.task_id, columns.map_index) > tuple_(*after))
    return _instances(connection, query.limit(limit) if limit is not None else query)


def get_instance(
    connection: Connection, dag_run_id: int, task_id: str, map_index: int = -1
) -> InstanceRow | None:
    """One task instance; None if there is none."""
    columns = task_instance.c
    query = select(*INSTANCE_COLUMNS).where(
        columns.dag_run_id == dag_run_id,
        columns.task_id == task_id,
        columns.map_index == map_index,
    )
    found = _instances(connection, query)
    return found[0] if found else None


def get_instance_by_id(connection: Connection, task_instance_id: int) -> InstanceRow | None:
    """The task instance with that row id; None if there is none."""
    found = _instances(
        connection, select(*INSTANCE_COLUMNS).where(task_instance.c.id == task_instance_id)
    )
    return found[0] if found else None


def task_history(
    connection: Connection, dag_id: str, task_id: str, *, limit: int = 50
) -> list[HistoryRow]:
    """What a task did in the newest runs (by creation), newest first."""
    query = (
        select(dag_run.c.run_id, dag_run.c.run_after, *INSTANCE_COLUMNS)
        .join_from(task_instance, dag_run, dag_run.c.id == task_instance.c.dag_run_id)
        .where(task_instance.c.dag_id == dag_id, task_instance.c.task_id == task_id)
        .order_by(task_instance.c.dag_run_id.desc(), task_instance.c.id)
        .limit(limit)
    )
    rows: Iterable[AnyRow] = connection.execute(query)
    return [HistoryRow(row[0], row[1], instance_of(row[2:])) for row in rows]


def list_tries(connection: Connection, task_instance_id: int) -> list[TryRow]:
    """The tries of a task instance, in order."""
    query = (
        select(*TRY_COLUMNS)
        .where(task_try.c.task_instance_id == task_instance_id)
        .order_by(task_try.c.try_number)
    )
    return [TryRow(*row) for row in connection.execute(query)]


def tries_being_ended(connection: Connection, dag_run_id: int) -> list[tuple[str, int, str]]:
    """Task id, map index and why, of the processes of a run that have been told to end."""
    columns, of_try = task_instance.c, task_try.c
    query = (
        select(columns.task_id, columns.map_index, of_try.intent)
        .join_from(task_instance, task_try, of_try.task_instance_id == columns.id)
        .where(
            columns.dag_run_id == dag_run_id,
            of_try.ended_at.is_(None),
            of_try.intent.is_not(None),
        )
        .order_by(columns.task_id, columns.map_index)
    )
    rows: Iterable[AnyRow] = connection.execute(query)
    return [(row.task_id, row.map_index, row.intent.partition(":")[2]) for row in rows]


def get_try(connection: Connection, try_id: int) -> TryRow | None:
    """The try with that row id; None if there is none."""
    row = connection.execute(select(*TRY_COLUMNS).where(task_try.c.id == try_id)).first()
    return None if row is None else TryRow(*row)


def latest_try(connection: Connection, task_instance_id: int) -> TryRow | None:
    """The newest try of a task instance; None before the first."""
    query = (
        select(*TRY_COLUMNS)
        .where(task_try.c.task_instance_id == task_instance_id)
        .order_by(task_try.c.try_number.desc())
        .limit(1)
    )
    row = connection.execute(query).first()
    return None if row is None else TryRow(*row)


def rendered_fields(connection: Connection, try_id: int) -> dict[str, Any] | None:
    """The template fields of a try as they were rendered; None if it didn't come to that."""
    return connection.execute(
        select(task_try.c.rendered).where(task_try.c.id == try_id)
    ).scalar_one_or_none()


def list_xcoms(
    connection: Connection,
    dag_run_id: int,
    task_id: str | None = None,
    map_index: int | None = None,
    *,
    max_bytes: int | None = None,
    limit: int = 1000,
) -> list[XComRow]:
    """XComs of a run, by task, map index and key; of each at most ``max_bytes`` of its value."""
    columns = xcom.c
    value = columns.value if max_bytes is None else func.substr(columns.value, 1, max_bytes)
    query = (
        select(
            columns.task_id,
            columns.map_index,
            columns.key,
            value,
            func.length(columns.value),
            columns.length,
            columns.created_at,
        )
        .where(columns.dag_run_id == dag_run_id)
        .order_by(columns.task_id, columns.map_index, columns.key)
        .limit(limit)
    )
    if task_id is not None:
        query = query.where(columns.task_id == task_id)
    if map_index is not None:
        query = query.where(columns.map_index == map_index)
    return [XComRow(*row) for row in connection.execute(query)]


def resource_samples(
    connection: Connection, try_id: int, *, since: datetime | None = None
) -> list[ResourceRow]:
    """What a try used over time, oldest first; after ``since`` if given."""
    columns = resource_sample.c
    query = (
        select(
            columns.at,
            columns.cpu_percent,
            columns.rss,
            columns.read_bytes,
            columns.write_bytes,
            columns.processes,
        )
        .where(columns.try_id == try_id)
        .order_by(columns.at)
    )
    if since is not None:
        query = query.where(columns.at > since)
    return [ResourceRow(*row) for row in connection.execute(query)]


def has_state(states: Collection[TaskInstanceState | None]) -> Any:
    """Whether a task instance has one of these states."""
    named = task_instance.c.state.in_([state.value for state in states if state is not None])
    return or_(named, task_instance.c.state.is_(None)) if None in states else named


def _instances(connection: Connection, query: AnySelect) -> list[InstanceRow]:
    return [instance_of(row) for row in connection.execute(query)]


def instance_of(row: AnyRow) -> InstanceRow:
    """The task instance of a row of ``INSTANCE_COLUMNS``."""
    values = list(row)
    values[STATE_PLACE] = TASK_STATES[values[STATE_PLACE]]
    return InstanceRow(*values)

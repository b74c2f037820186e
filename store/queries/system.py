"""The system itself: who runs it, how large the store is, how long parsing takes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, func, select, text

from store.models import (
    ACTIVE_RUN,
    LIVE_INSTANCE,
    PENDING_COMMAND,
    command,
    dag,
    dag_run,
    event,
    metric,
    pipeline_file,
    runner_lease,
    task_instance,
    task_try,
)
from store.queries.rows import RUN_STATES, TASK_STATES
from store.states import DagRunState, TaskInstanceState


@dataclass(frozen=True, slots=True)
class Lease:
    """The runner that works on this store, or did last."""

    hostname: str
    pid: int
    process_start: str
    version: str
    started_at: datetime
    beat_at: datetime
    """At most 10 s old while it is alive."""
    stopped_at: datetime | None


@dataclass(frozen=True, slots=True)
class Activity:
    """What goes on now. Read from small indexes: it doesn't grow with history."""

    runs: dict[DagRunState, int]
    """Queued and running ones."""
    instances: dict[TaskInstanceState, int]
    """Those that hold or wait for something."""
    pending_commands: int


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is. Counts of rows are estimates: newest minus oldest id."""

    database_bytes: int
    free_bytes: int
    """Of these, freed by deletions and not yet given back (``dagtop db vacuum``)."""
    dags: int
    dag_runs: int
    task_instances: int
    tries: int
    events: int
    metrics: int


@dataclass(frozen=True, slots=True)
class ParseTimes:
    """How long the pipeline files took to import, when each was read last."""

    files: int
    errors: int
    total_seconds: float
    slowest: tuple[tuple[str, float], ...]
    """(file, seconds), slowest first."""


def get_lease(connection: Connection) -> Lease | None:
    """The lease; None if no runner has ever worked on this store."""
    columns = runner_lease.c
    row = connection.execute(
        select(
            columns.hostname,
            columns.pid,
            columns.process_start,
            columns.version,
            columns.started_at,
            columns.beat_at,
            columns.stopped_at,
        )
    ).first()
    return None if row is None else Lease(*row)


def activity(connection: Connection) -> Activity:
    """Runs, task instances and commands that have not come to an end."""
    runs = connection.execute(
        select(dag_run.c.state, func.count()).where(text(ACTIVE_RUN)).group_by(dag_run.c.state)
    )
    instances = connection.execute(
        select(task_instance.c.state, func.count())
        .where(text(LIVE_INSTANCE))
        .group_by(task_instance.c.state)
    )
    pending = connection.execute(
        select(func.count()).select_from(command).where(text(PENDING_COMMAND))
    ).scalar_one()
    by_state: dict[TaskInstanceState, int] = {}
    for name, number in instances:
        state = TASK_STATES[name]
        if state is not None:
            by_state[state] = number
    return Activity({RUN_STATES[name]: number for name, number in runs}, by_state, pending)


def sizes(connection: Connection) -> Sizes:
    """Size of the database and rough counts, without reading the tables."""
    if connection.dialect.name == "sqlite":
        pages, free, page_size = (
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("page_count", "freelist_count", "page_size")
        )
        total, unused = pages * page_size, free * page_size
    else:
        total = connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()
        unused = 0
    return Sizes(
        database_bytes=total,
        free_bytes=unused,
        dags=connection.execute(select(func.count()).select_from(dag)).scalar_one(),
        dag_runs=_span(connection, dag_run),
        task_instances=_span(connection, task_instance),
        tries=_span(connection, task_try),
        events=_span(connection, event),
        metrics=_span(connection, metric),
    )


def parse_times(connection: Connection, *, slowest: int = 5) -> ParseTimes:
    """How long importing the pipeline files takes."""
    columns = pipeline_file.c
    files, errors, total = connection.execute(
        select(
            func.count(),
            func.count(columns.error),
            func.coalesce(func.sum(columns.parse_seconds), 0),
        )
    ).one()
    rows = connection.execute(
        select(columns.file, columns.parse_seconds)
        .where(columns.parse_seconds.is_not(None))
        .order_by(columns.parse_seconds.desc())
        .limit(slowest)
    )
    return ParseTimes(files, errors, float(total), tuple((row[0], row[1]) for row in rows))


def _span(connection: Connection, table: Table) -> int:
    """Newest minus oldest id: two looks at the ends of the primary key, however many rows."""
    newest = select(func.max(table.c.id)).scalar_subquery()
    oldest = select(func.min(table.c.id)).scalar_subquery()
    last, first = connection.execute(select(newest, oldest)).one()
    return 0 if last is None else last - first + 1

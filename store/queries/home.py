"""What an operator wants to see first: what runs, what failed, what comes next."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from sqlalchemy import Connection, and_, func, select, text

from store.models import ACTIVE_RUN, dag, dag_run, event, pipeline_file, task_instance, task_try
from store.queries.dags import count_states
from store.queries.rows import AnyRow, between
from store.queries.runs import RunFilter, list_runs
from store.states import FINISHED_TASK_STATES, DagRunState, TaskInstanceState

PAST_RUNS = 20
"""Runs of a DAG that tell how long one takes."""


@dataclass(frozen=True, slots=True)
class RunningRun:
    """A run at work."""

    id: int
    dag_id: str
    run_id: str
    started_at: datetime | None
    done: int
    """Task instances that have come to an end."""
    total: int
    failed: int
    expected: float | None
    """Seconds that successful runs of the DAG took of late, the median; None: none did."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that failed (all its mapped instances in a run are one), or a run without any."""

    dag_run_id: int
    dag_id: str
    run_id: str
    task_id: str | None
    """None: no task of the run failed."""
    map_index: int
    """Of the first instance that failed."""
    instances: int
    at: datetime
    """The end of the run; while it goes on, of the task instance that failed last."""
    error: str
    """One line."""


@dataclass(frozen=True, slots=True)
class DueRun:
    """The next run that a schedule makes."""

    dag_id: str
    at: datetime
    schedule: str


def running_runs(connection: Connection, *, limit: int = 100) -> tuple[RunningRun, ...]:
    """The runs at work, oldest first."""
    columns = dag_run.c
    rows = connection.execute(
        select(columns.id, columns.dag_id, columns.run_id, columns.started_at)
        .where(text(ACTIVE_RUN), columns.state == DagRunState.RUNNING.value)
        .order_by(columns.id.desc())
        .limit(limit)
    ).all()
    states = count_states(connection, [row.id for row in rows])
    expected = {name: _expected(connection, name) for name in {row.dag_id for row in rows}}
    found: list[RunningRun] = []
    for row in rows:
        counts = states.get(row.id, {})
        done = sum(number for state, number in counts.items() if state in FINISHED_TASK_STATES)
        failed = counts.get(TaskInstanceState.FAILED, 0)
        total = sum(counts.values())
        found.append(
            RunningRun(
                row.id,
                row.dag_id,
                row.run_id,
                row.started_at,
                done,
                total,
                failed,
                expected[row.dag_id],
            )
        )
    return tuple(sorted(found, key=lambda run: (run.started_at is None, run.started_at, run.id)))


def queued_count(connection: Connection) -> int:
    """How many runs wait for their turn."""
    query = select(func.count()).select_from(dag_run)
    condition = (text(ACTIVE_RUN), dag_run.c.state == DagRunState.QUEUED.value)
    return connection.execute(query.where(*condition)).scalar_one()


def failures(connection: Connection, *, limit: int = 50) -> tuple[Failure, ...]:
    """What failed, newest first: runs that ended so, and tasks of runs that go on."""
    columns = dag_run.c
    fields = (columns.id, columns.dag_id, columns.run_id, columns.state, columns.ended_at)
    page = list_runs(connection, RunFilter(states=frozenset({DagRunState.FAILED})), limit=limit)
    messages = _messages(connection, limit)
    keys = {run.id for run in page.rows} | set(messages)
    # Not by state: SQLite would take the index of states, and read all that ever failed.
    rows = connection.execute(select(*fields).where(columns.id.in_(keys))).all()
    over = [row for row in rows if row.state == DagRunState.FAILED and row.ended_at is not None]
    ended = sorted(over, key=lambda row: (row.ended_at, row.id), reverse=True)[:limit]
    working = connection.execute(
        select(*fields).where(text(ACTIVE_RUN), columns.state == DagRunState.RUNNING.value)
    ).all()
    tasks = _failed_tasks(connection, [row.id for row in (*ended, *working)])
    found: list[Failure] = []
    for run in (*ended, *working):
        found += [_failure(run, task) for task in tasks.get(run.id, ())]
        if run.id not in tasks and run.state == DagRunState.FAILED:
            words = _first_line(messages.get(run.id, ""))
            found.append(Failure(run.id, run.dag_id, run.run_id, None, -1, 0, run.ended_at, words))
    found.sort(key=lambda one: (one.at, one.dag_run_id), reverse=True)
    return tuple(found[:limit])


def due_runs(connection: Connection, *, limit: int = 50) -> tuple[DueRun, ...]:
    """The next runs that schedules make, soonest first; not of DAGs that are held."""
    columns = dag.c
    joined = dag.outerjoin(pipeline_file, pipeline_file.c.file == columns.file)
    rows = connection.execute(
        select(columns.dag_id, columns.next_run_after, columns.schedule)
        .select_from(joined)
        .where(
            columns.is_active,
            ~columns.is_paused,
            columns.next_run_after.is_not(None),
            pipeline_file.c.error.is_(None),
        )
        .order_by(columns.next_run_after, columns.dag_id)
        .limit(limit)
    )
    return tuple(DueRun(*row) for row in rows)


def _expected(connection: Connection, dag_id: str) -> float | None:
    columns = dag_run.c
    rows = connection.execute(
        select(columns.state, columns.started_at, columns.ended_at)
        .where(columns.dag_id == dag_id)
        .order_by(columns.run_after.desc(), columns.id.desc())
        .limit(PAST_RUNS)
    )
    took = [
        seconds
        for state, start, end in rows
        if state == DagRunState.SUCCESS and (seconds := between(start, end)) is not None
    ]
    return median(took) if took else None


def _messages(connection: Connection, limit: int) -> dict[int, str]:
    """What the audit trail says of the runs that failed last.

    Lists of runs go by the time they are for: a backfill's failures would be far back in them.
    """
    columns = event.c
    rows = connection.execute(
        select(columns.dag_run_id, columns.message)
        .where(columns.kind == "run_failed", columns.dag_run_id.is_not(None))
        .order_by(columns.id.desc())
        .limit(limit)
    ).all()
    return dict(reversed([tuple(row) for row in rows]))


def _failed_tasks(connection: Connection, dag_run_ids: Collection[int]) -> dict[int, list[AnyRow]]:
    """Of each run: the first instance of each task that failed, how many did, and its error."""
    columns = task_instance.c
    groups = (
        select(
            func.min(columns.id).label("first"),
            func.count().label("number"),
            func.max(columns.ended_at).label("last"),
        )
        .where(columns.dag_run_id.in_(dag_run_ids), columns.state == TaskInstanceState.FAILED.value)
        .group_by(columns.dag_run_id, columns.task_id)
        .subquery()
    )
    newest = and_(
        task_try.c.task_instance_id == columns.id, task_try.c.try_number == columns.try_number
    )
    rows = connection.execute(
        select(
            columns.dag_run_id,
            columns.task_id,
            columns.map_index,
            groups.c.number,
            groups.c.last,
            task_try.c.error_type,
            task_try.c.error_message,
            task_try.c.reason,
        )
        .select_from(groups)
        .join(task_instance, columns.id == groups.c.first)
        .outerjoin(task_try, newest)
        .order_by(columns.id)
    )
    found: dict[int, list[AnyRow]] = {}
    for row in rows:
        found.setdefault(row.dag_run_id, []).append(row)
    return found


def _failure(run: AnyRow, task: AnyRow) -> Failure:
    message = _first_line(task.error_message or "")
    kind = (task.error_type or "").rpartition(".")[2]
    error = ": ".join(part for part in (kind, message) if part) or _first_line(task.reason or "")
    at = run.ended_at if run.state == DagRunState.FAILED else None
    return Failure(
        run.id,
        run.dag_id,
        run.run_id,
        task.task_id,
        task.map_index,
        task.number,
        at or task.last or datetime.min.replace(tzinfo=UTC),
        error,
    )


def _first_line(words: str) -> str:
    return words.strip().partition("\n")[0]

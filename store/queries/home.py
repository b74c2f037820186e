"""What an operator wants to see first: what runs, what failed, what comes next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median
from typing import NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    and_,
    bindparam,
    case,
    exists,
    func,
    or_,
    select,
    text,
    union_all,
)

from store.models import ACTIVE_RUN, dag, dag_run, event, pipeline_file, task_instance, task_try
from store.queries.dags import count_states
from store.queries.marks import HAND, Mark, marks_of, own_failures
from store.queries.rows import RUN_STATES, TASK_STATES, AnyRow, AnySelect, between
from store.states import (
    FINISHED_RUN_STATES,
    FINISHED_TASK_STATES,
    DagRunState,
    DagRunType,
    TaskInstanceState,
)

MOST_RUNS, MOST_INSTANCES = 5_000, 50_000
"""Runs and task instances that are counted at most: Home asks at every change."""

LOOKED_AT = 2_000
"""Failed runs of each type that are looked at for those that no user ended: what failed before so
many that users ended in a row is not listed, or the list would be slower with each of these. And
runs that are looked at for tasks that failed though their run was a success."""

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
    """Of the first instance that failed, and that no user ended if there is one."""
    instances: int
    at: datetime
    """The end of the run, if it failed; else of the task instance that failed last."""
    error: str
    """One line; of what a user ended himself who did: "killed by ann"."""
    by_hand: bool = False
    """A user killed, cancelled or marked it."""


@dataclass(frozen=True, slots=True)
class Totals:
    """The runs that began since a moment, and their task instances, by state."""

    runs: Mapping[DagRunState, int]
    instances: Mapping[TaskInstanceState | None, int]
    more: bool = False
    """There are more than are counted."""


@dataclass(frozen=True, slots=True)
class DueRun:
    """The next run that a schedule makes."""

    dag_id: str
    at: datetime
    schedule: str


# Statements are made once: Home asks at every change, and making them takes longer than answering.

LIMIT = bindparam("most", type_=Integer)
LOOK = bindparam("looked_at", type_=Integer)
KEYS = bindparam("keys", expanding=True)
IS_RUNNING = and_(text(ACTIVE_RUN), dag_run.c.state == DagRunState.RUNNING.value)
ENDS = (dag_run.c.id, dag_run.c.dag_id, dag_run.c.run_id, dag_run.c.state, dag_run.c.ended_at)

RUNNING = (
    select(dag_run.c.id, dag_run.c.dag_id, dag_run.c.run_id, dag_run.c.started_at)
    .where(IS_RUNNING)
    .order_by(dag_run.c.id.desc())
    .limit(LIMIT)
)
QUEUED = (
    select(func.count())
    .select_from(dag_run)
    .where(text(ACTIVE_RUN), dag_run.c.state == DagRunState.QUEUED.value)
)
PAST = (
    select(dag_run.c.state, dag_run.c.started_at, dag_run.c.ended_at)
    .where(dag_run.c.dag_id == bindparam("dag"))
    .order_by(dag_run.c.run_after.desc(), dag_run.c.id.desc())
    .limit(PAST_RUNS)
)
KIND = func.coalesce(event.c.kind, "")  # or SQLite would read all events of the kind
CANCELLED = and_(event.c.message.like("backfill %"), event.c.message.like("% cancelled by %"))


def _not_by_hand(run: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a run failed of itself: users end hundreds at once, which would hide what did."""
    by_hand = or_(KIND == "run_marked", CANCELLED)
    last = (
        select(case((by_hand, 1), else_=0))
        .where(event.c.dag_run_id == run, KIND.in_(("run_marked", "run_failed")))
        .where(or_(KIND == "run_marked", event.c.message.not_like("marked %")))
        .order_by(event.c.id.desc())
        .limit(1)
        .correlate_except(event)
        .scalar_subquery()
    )
    return or_(func.coalesce(last, 0) == 0, _has_failed_task(run))


def _has_failed_task(run: ColumnElement[int]) -> ColumnElement[bool]:
    return exists().where(
        task_instance.c.dag_run_id == run,
        task_instance.c.state == TaskInstanceState.FAILED.value,
    )


# The inner queries have the order: with an order of their own, the outer ones would ask about every
# run that is looked at, instead of stopping at their limit.


def _failed(*, of_itself: bool) -> AnySelect:
    """The newest of each type: a range of an index each."""
    found: list[AnySelect] = []
    for kind in DagRunType:
        newest = (
            select(dag_run.c.id)
            .where(dag_run.c.state == DagRunState.FAILED.value, dag_run.c.run_type == kind.value)
            .order_by(dag_run.c.run_after.desc(), dag_run.c.id.desc())
            .limit(LOOK if of_itself else LIMIT)
            .subquery()
        )
        query = select(newest.c.id)
        if of_itself:
            own = query.where(_not_by_hand(newest.c.id)).limit(LIMIT).subquery()
            query = select(own.c.id)
        found.append(query)
    return union_all(*found)


def _messages(*, of_itself: bool) -> AnySelect:
    """What the audit trail says of the runs that failed last. Lists of runs go by the time they
    are for: a backfill's failures would be far back in them."""
    newest = (
        select(event.c.id, event.c.dag_run_id, event.c.message)
        .where(event.c.kind == "run_failed", event.c.dag_run_id.is_not(None))
        .order_by(event.c.id.desc())
        .limit(LOOK if of_itself else LIMIT)
        .subquery()
    )
    query = select(newest.c.id, newest.c.dag_run_id, newest.c.message)
    return query.where(_not_by_hand(newest.c.dag_run_id)).limit(LIMIT) if of_itself else query


def _failed_of_each() -> AnySelect:
    """The newest run of each DAG, if it failed: one DAG that fails every minute must not hide the
    others."""
    newest = (
        select(dag_run.c.id)
        .where(dag_run.c.dag_id == dag.c.dag_id)
        .order_by(dag_run.c.run_after.desc(), dag_run.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    each = select(newest.label("id")).select_from(dag).where(dag.c.is_active).subquery()
    state = func.coalesce(dag_run.c.state, "")  # or SQLite would read all that ever failed
    return (
        select(dag_run.c.id)
        .select_from(each.join(dag_run, dag_run.c.id == each.c.id))
        .where(state == DagRunState.FAILED.value)
        .order_by(dag_run.c.run_after.desc())
        .limit(LIMIT)
    )


# Once as they come, once without what users ended, and once of each DAG.
FAILED = (_failed(of_itself=False), _failed(of_itself=True), _failed_of_each())
MESSAGES = (_messages(of_itself=False), _messages(of_itself=True))


def _ended_well() -> AnySelect:
    """Runs that were a success with a task that failed: not all tasks count for the state."""
    newest = (
        select(dag_run.c.id, dag_run.c.state)
        .where(dag_run.c.started_at >= bindparam("since"))
        .order_by(dag_run.c.started_at.desc())
        .limit(LOOK)
        .subquery()
    )
    well = newest.c.state == DagRunState.SUCCESS.value
    return select(newest.c.id).where(well, _has_failed_task(newest.c.id)).limit(LIMIT)


ENDED_WELL = _ended_well()

# Not by state: SQLite would take the index of states, and read all that ever failed.
THESE = select(*ENDS).where(dag_run.c.id.in_(KEYS))
RUNS_AGAIN = or_(dag_run.c.state == DagRunState.RUNNING.value, dag_run.c.clear_number > 0)
"""What failed in a run stays told while others of its tasks wait to run again."""
WORKING = select(*ENDS).where(text(ACTIVE_RUN), RUNS_AGAIN)

GROUPS = (
    select(
        func.min(task_instance.c.id).label("first"),
        func.count().label("number"),
        func.max(task_instance.c.ended_at).label("last"),
    )
    .where(
        task_instance.c.dag_run_id.in_(KEYS),
        task_instance.c.state == TaskInstanceState.FAILED.value,
    )
    .group_by(task_instance.c.dag_run_id, task_instance.c.task_id)
    .subquery()
)
INSTANCE = (
    task_instance.c.id,
    task_instance.c.dag_run_id,
    task_instance.c.task_id,
    task_instance.c.map_index,
    task_instance.c.state,
    task_instance.c.ended_at,
    task_try.c.error_type,
    task_try.c.error_message,
    task_try.c.reason,
)
NEWEST_TRY = and_(
    task_try.c.task_instance_id == task_instance.c.id,
    task_try.c.try_number == task_instance.c.try_number,
)
FAILED_TASKS = (
    select(*INSTANCE, GROUPS.c.number, GROUPS.c.last)
    .select_from(GROUPS)
    .join(task_instance, task_instance.c.id == GROUPS.c.first)
    .outerjoin(task_try, NEWEST_TRY)
    .order_by(task_instance.c.id)
)
"""Of each run: the first instance of each task that failed, how many did, and its error."""

INSTANCES = (
    select(*INSTANCE)
    .select_from(task_instance)
    .outerjoin(task_try, NEWEST_TRY)
    .where(task_instance.c.id.in_(KEYS))
)

MARKED = (
    select(event.c.dag_run_id, event.c.kind, event.c.message)
    .where(event.c.dag_run_id.in_(KEYS), KIND.in_(("run_marked", "run_failed")))
    .order_by(event.c.id)
)
"""Who ended a run by hand, and how it went on if it was cleared then."""

BEGUN = (
    select(dag_run.c.id, dag_run.c.state)
    .where(dag_run.c.started_at >= bindparam("since"))
    .order_by(dag_run.c.started_at.desc())
    .limit(bindparam("most", type_=Integer))
)
STATES = (
    select(task_instance.c.state)
    .where(task_instance.c.dag_run_id.in_(select(BEGUN.subquery().c.id)))
    .limit(bindparam("most_instances", type_=Integer))
    .subquery()
)
STATES_COUNTED = select(STATES.c.state, func.count()).group_by(STATES.c.state)

DUE = (
    select(dag.c.dag_id, dag.c.next_run_after, dag.c.schedule)
    .select_from(dag.outerjoin(pipeline_file, pipeline_file.c.file == dag.c.file))
    .where(
        dag.c.is_active,
        ~dag.c.is_paused,
        dag.c.next_run_after.is_not(None),
        pipeline_file.c.error.is_(None),
    )
    .order_by(dag.c.next_run_after, dag.c.dag_id)
    .limit(LIMIT)
)


def running_runs(connection: Connection, *, limit: int = 100) -> tuple[RunningRun, ...]:
    """The runs at work, oldest first."""
    rows = connection.execute(RUNNING, {"most": limit}).all()
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
    return connection.execute(QUEUED).scalar_one()


def failures(
    connection: Connection, *, since: datetime | None = None, limit: int = 50
) -> tuple[Failure, ...]:
    """What failed, newest first: runs that ended so, tasks of runs that go on, and tasks of runs
    that began ``since`` then and were a success all the same (None: not these).

    ``limit``: of how many tasks; of one that fails again and again those of its newest runs. What
    users ended themselves takes the places alone that are left.
    """
    most = {"most": limit, "looked_at": LOOKED_AT, "since": since}
    told = {row.id: row for query in MESSAGES for row in connection.execute(query, most)}
    messages = {told[key].dag_run_id: told[key].message for key in sorted(told)}
    newest = {key for query in FAILED for key in connection.execute(query, most).scalars()}
    if since is not None:
        newest.update(connection.execute(ENDED_WELL, most).scalars())
    rows = connection.execute(THESE, {"keys": [*newest.union(messages)]}).all()
    ended = [row for row in rows if row.state in FINISHED_RUN_STATES and row.ended_at is not None]
    working = connection.execute(WORKING).all()
    tasks = _failed_tasks(connection, [row.id for row in (*ended, *working)])
    marked = _marked(connection, [row.id for row in ended])
    found: list[Failure] = []
    for run in (*ended, *working):
        found += [_failure(run, task, one) for task, one in tasks.get(run.id, ())]
        if run.id not in tasks and run.state == DagRunState.FAILED:
            words = _first_line(marked.get(run.id) or messages.get(run.id, ""))
            hand = run.id in marked or (words.startswith("backfill ") and " cancelled by " in words)
            found.append(
                Failure(run.id, run.dag_id, run.run_id, None, -1, 0, run.ended_at, words, hand)
            )
    found.sort(key=lambda one: (one.by_hand, -one.at.timestamp(), -one.dag_run_id))
    listed: dict[tuple[str, str | None, bool], list[Failure]] = {}
    for one in found:
        task = (one.dag_id, one.task_id, one.by_hand)
        if task in listed or len(listed) < limit:
            listed.setdefault(task, []).append(one)
    these = [one for several in listed.values() for one in several]
    return tuple(sorted(these, key=lambda one: (one.at, one.dag_run_id), reverse=True))


def totals(connection: Connection, since: datetime) -> Totals:
    """The runs that began since then, and their task instances, by state; the newest of many."""
    most = {"since": since, "most": MOST_RUNS, "most_instances": MOST_INSTANCES}
    rows = connection.execute(BEGUN, {"since": since, "most": MOST_RUNS}).all()
    runs = Counter(RUN_STATES[row.state] for row in rows)
    instances = {TASK_STATES[state]: n for state, n in connection.execute(STATES_COUNTED, most)}
    more = len(rows) == MOST_RUNS or sum(instances.values()) == MOST_INSTANCES
    return Totals(runs, instances, more)


def due_runs(connection: Connection, *, limit: int = 50) -> tuple[DueRun, ...]:
    """The next runs that schedules make, soonest first; not of DAGs that are held."""
    rows = connection.execute(DUE, {"most": limit})
    return tuple(DueRun(*row) for row in rows)


def _expected(connection: Connection, dag_id: str) -> float | None:
    rows = connection.execute(PAST, {"dag": dag_id})
    took = [
        seconds
        for state, start, end in rows
        if state == DagRunState.SUCCESS and (seconds := between(start, end)) is not None
    ]
    return median(took) if took else None


def _marked(connection: Connection, dag_run_ids: Collection[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for row in connection.execute(MARKED, {"keys": list(dag_run_ids)}):
        if row.kind == "run_marked":
            found[row.dag_run_id] = row.message
        elif not row.message.startswith("marked "):
            found.pop(row.dag_run_id, None)
    return found


def _failed_tasks(
    connection: Connection, dag_run_ids: Collection[int]
) -> dict[int, list[tuple[AnyRow, Broken]]]:
    """The tasks of each run that failed, and of each the instance that is told of: the first that
    no user ended, else the first."""
    rows: Sequence[AnyRow] = connection.execute(FAILED_TASKS, {"keys": list(dag_run_ids)}).all()
    marks = marks_of(connection, rows)
    broken = {row.id: _broken(row, marks) for row in rows}
    by_hand = {
        (row.dag_run_id, row.task_id) for row in rows if row.number > 1 and broken[row.id].by_hand
    }
    firsts = own_failures(connection, by_hand) if by_hand else {}
    own = {
        (other.dag_run_id, other.task_id): _broken(other, {})
        for other in connection.execute(INSTANCES, {"keys": [*firsts.values()]})
    }
    found: dict[int, list[tuple[AnyRow, Broken]]] = {}
    for row in rows:
        one = own.get((row.dag_run_id, row.task_id), broken[row.id])
        found.setdefault(row.dag_run_id, []).append((row, one))
    return found


class Broken(NamedTuple):
    """A task instance that failed, and why."""

    map_index: int
    error: str
    by_hand: bool


def _broken(row: AnyRow, marks: Mapping[int, Mark]) -> Broken:
    message = _first_line(row.error_message or "")
    kind = (row.error_type or "").rpartition(".")[2]
    reason = marks[row.id].message if row.id in marks else _first_line(row.reason or "")
    by_hand = reason.startswith(HAND)
    error = ": ".join(part for part in (kind, message) if part) if not by_hand else ""
    return Broken(row.map_index, error or reason, by_hand)


def _failure(run: AnyRow, task: AnyRow, one: Broken) -> Failure:
    at = run.ended_at if run.state == DagRunState.FAILED else None
    return Failure(
        run.id,
        run.dag_id,
        run.run_id,
        task.task_id,
        one.map_index,
        task.number,
        at or task.last or datetime.min.replace(tzinfo=UTC),
        one.error,
        one.by_hand,
    )


def _first_line(words: str) -> str:
    return words.strip().partition("\n")[0]

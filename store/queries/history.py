"""What became of a DAG over time: its runs with their tasks, and its days."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, case, func, select

from store.models import dag_run, task_instance
from store.queries.cells import PRIORITY, STATE_PRIORITY
from store.queries.grid import GridRun, newest_runs, run_fields
from store.queries.rows import RUN_STATES, AnyRow, micros
from store.states import DagRunState, TaskInstanceState


@dataclass(frozen=True, slots=True)
class PastRun(GridRun):
    """A run, and when its data was there."""

    due_at: datetime
    """The end of its data interval; of a run without one when it could begin."""


class TaskFigures(NamedTuple):
    """What one task did in one run. For a mapped task: of all its instances."""

    state: TaskInstanceState | None
    """Of several the one that matters most."""
    instances: int
    map_index: int
    """The largest; -1 for a task that isn't mapped."""
    tries: int
    """The most that an instance had."""
    total: float | None
    """Seconds of all instances that have ended."""
    longest: float | None
    started_us: int | None
    """When the first began, in microseconds since 1970."""
    ended_us: int | None
    """When the last ended."""


@dataclass(frozen=True, slots=True)
class Past:
    """The newest runs of a DAG, oldest first, and what each task did in them."""

    runs: tuple[PastRun, ...] = ()
    tasks: dict[str, dict[int, TaskFigures]] = field(default_factory=dict)
    """By task id and row id of the run."""


class DayTally(NamedTuple):
    """The runs of one day in one state."""

    runs: int
    ended: int
    """How many of them have a start and an end."""
    seconds: float
    """What these took together."""
    longest: float


def past_of(connection: Connection, dag_id: str, *, runs: int = 30) -> Past:
    """The newest ``runs`` runs and the figures of their tasks; two queries."""
    found = _runs(connection, dag_id, runs)
    return Past(tuple(found), _tasks(connection, [run.id for run in found]))


def _runs(connection: Connection, dag_id: str, limit: int) -> list[PastRun]:
    query = newest_runs(dag_id, limit, dag_run.c.data_interval_end)
    rows = connection.execute(query).all()
    return [
        PastRun(**run_fields(row), due_at=row.data_interval_end or row.run_after)
        for row in reversed(rows)
    ]


def _tasks(connection: Connection, run_ids: list[int]) -> dict[str, dict[int, TaskFigures]]:
    """Figures by task and run, from the rows of these runs alone."""
    if not run_ids:
        return {}
    columns = task_instance.c
    usual = TaskInstanceState.SUCCESS  # asked for first: it is what most rows are
    named = {state.value: rank for state, rank in PRIORITY.items() if state is not None}
    rank = case({usual.value: PRIORITY[usual], **named}, value=columns.state, else_=PRIORITY[None])
    query = (
        select(
            columns.task_id,
            columns.dag_run_id,
            func.min(rank),
            func.count(),
            func.max(columns.map_index),
            func.max(columns.try_number),
            func.sum(columns.duration),
            func.max(columns.duration),
            func.min(micros(columns.started_at)),
            func.max(micros(columns.ended_at)),
        )
        .where(columns.dag_run_id.in_(run_ids))
        .group_by(columns.dag_run_id, columns.task_id)
    )
    result: dict[str, dict[int, TaskFigures]] = {}
    make, states = TaskFigures._make, STATE_PRIORITY
    for task_id, run, place, *figures in connection.execute(query).all():
        of_task = result.get(task_id)
        if of_task is None:
            of_task = result[task_id] = {}
        of_task[run] = make((states[place], *figures))
    return result


def tally_days(
    connection: Connection, dag_id: str, edges: Sequence[datetime]
) -> list[dict[DagRunState, DayTally]]:
    """The runs of a DAG by day and state, a day by when they could begin.

    ``edges``: the beginning of each day in the user's zone, and the end of the last one. Days as
    long as each other are counted together, in one query that an index alone answers: a year
    is three to five, as clocks are put forward and back.
    """
    days: list[dict[DagRunState, DayTally]] = [{} for _ in edges[1:]]
    places = [round(edge.timestamp() * 1e6) for edge in edges]
    first = 0
    for day in range(1, len(days) + 1):
        length = places[first + 1] - places[first]
        if day == len(days) or places[day + 1] - places[day] != length:
            _tally(connection, dag_id, places[first], length, days[first:day])
            first = day
    return days


def _tally(
    connection: Connection,
    dag_id: str,
    start: int,
    length: int,
    days: Sequence[dict[DagRunState, DayTally]],
) -> None:
    """Fill in days of one length, in microseconds."""
    columns = dag_run.c
    at, took = micros(columns.run_after), micros(columns.ended_at) - micros(columns.started_at)
    day = ((at - start) // length).label("day")
    query = (
        select(day, columns.state, func.count(), func.count(took), func.sum(took), func.max(took))
        .where(columns.dag_id == dag_id, at >= start, at < start + length * len(days))
        .group_by("day", columns.state)  # by name: PostgreSQL takes a repeated one for another
    )
    rows: Iterable[AnyRow] = connection.execute(query).all()
    for number, state, runs, ended, total, longest in rows:
        tally = DayTally(runs, ended, float(total or 0) / 1e6, (longest or 0) / 1e6)
        days[number][RUN_STATES[state]] = tally

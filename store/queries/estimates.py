"""How past runs of a DAG went: what an estimate of the end of one that runs is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from store.models import task_instance
from store.queries.rows import micros
from store.queries.runs import RunFilter, RunKey, RunRow, list_runs
from store.states import DagRunState

MOST_RUNS = 20
"""Runs that are looked at."""

LEAST_RUNS = 3
"""Runs that are looked at however many task instances they have."""

MOST_INSTANCES = 20_000
"""Task instances read, about: of large runs fewer are looked at."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """A run that succeeded."""

    seconds: float
    """From its start to its end."""
    finished: tuple[float, ...]
    """Seconds after its start at which its task instances had finished, in that order."""


def past_runs(
    connection: Connection, dag_id: str, before: RunKey, instances: int = 1
) -> list[PastRun]:
    """The last successful runs before one of ``instances`` task instances, newest first."""
    limit = max(LEAST_RUNS, min(MOST_RUNS, MOST_INSTANCES // max(1, instances)))
    wanted = RunFilter(dag_id, states=frozenset({DagRunState.SUCCESS}))
    page = list_runs(connection, wanted, limit=limit, before=before)
    rows = [row for row in page.rows if row.started_at and row.ended_at]
    ends = _ends(connection, [row.id for row in rows])
    return [_past_run(row, ends.get(row.id, [])) for row in rows]


def _past_run(row: RunRow, ends: Sequence[int | None]) -> PastRun:
    assert row.started_at is not None
    start = row.started_at.timestamp()
    finished = sorted(0.0 if end is None else max(0.0, end / 1e6 - start) for end in ends)
    return PastRun(max(0.0, row.duration or 0.0), tuple(finished))


def _ends(connection: Connection, run_ids: Sequence[int]) -> dict[int, list[int | None]]:
    """When the task instances of these runs ended, by run."""
    columns = task_instance.c
    query = select(columns.dag_run_id, micros(columns.ended_at)).where(
        columns.dag_run_id.in_(run_ids)
    )
    ends: dict[int, list[int | None]] = {}
    for run_id, end in connection.execute(query).all() if run_ids else ():
        ends.setdefault(run_id, []).append(end)
    return ends

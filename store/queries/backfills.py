"""Backfills of a DAG: what was wanted, what became of their runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from store.models import backfill, dag_run
from store.queries.rows import RUN_STATES
from store.states import FINISHED_RUN_STATES, BackfillState, DagRunState

MOST = 200
"""Backfills that are listed: the newest."""


@dataclass(frozen=True, slots=True)
class BackfillRow:
    """A backfill."""

    id: int
    dag_id: str
    from_date: datetime
    to_date: datetime
    conf: dict[str, Any] | None
    reprocess: str
    """Which of the runs that were there ran again: none, failed, completed."""
    max_active_runs: int
    run_backwards: bool
    actor: str
    created_at: datetime
    next_date: datetime | None
    """Logical date from which runs are yet to be made; None: all are."""
    ended_at: datetime | None
    paused_at: datetime | None
    cancelled_at: datetime | None
    runs: Mapping[DagRunState, int] = field(default_factory=dict)
    """Its runs by state."""

    @property
    def state(self) -> BackfillState:
        """What it is at, in a word."""
        if self.cancelled_at is not None:
            return BackfillState.CANCELLED
        if self.ended_at is not None:
            return BackfillState.FAILED if self.failed else BackfillState.COMPLETED
        return BackfillState.RUNNING if self.paused_at is None else BackfillState.PAUSED

    @property
    def is_open(self) -> bool:
        """Whether it can be paused and cancelled: neither has it ended nor was it cancelled."""
        return self.state in (BackfillState.RUNNING, BackfillState.PAUSED)

    @property
    def total(self) -> int:
        """How many runs it has (so far)."""
        return sum(self.runs.values())

    @property
    def done(self) -> int:
        """How many of them have ended."""
        return sum(number for state, number in self.runs.items() if state in FINISHED_RUN_STATES)

    @property
    def failed(self) -> int:
        """How many of them failed."""
        return self.runs.get(DagRunState.FAILED, 0)


COLUMNS = tuple(backfill.c[name] for name in BackfillRow.__dataclass_fields__ if name in backfill.c)


def list_backfills(connection: Connection, dag_id: str, *, limit: int = MOST) -> list[BackfillRow]:
    """The backfills of a DAG, newest first, at most ``limit`` of them. Two queries."""
    query = (
        select(*COLUMNS)
        .where(backfill.c.dag_id == dag_id)
        .order_by(backfill.c.id.desc())
        .limit(limit)
    )
    rows = connection.execute(query).all()
    counts = run_counts(connection, [row.id for row in rows])
    return [BackfillRow(**row._mapping, runs=counts.get(row.id, {})) for row in rows]


def get_backfill(connection: Connection, key: int) -> BackfillRow | None:
    """One backfill; None if there is none of that id."""
    row = connection.execute(select(*COLUMNS).where(backfill.c.id == key)).first()
    if row is None:
        return None
    return BackfillRow(**row._mapping, runs=run_counts(connection, [key]).get(key, {}))


def run_counts(connection: Connection, keys: Sequence[int]) -> dict[int, dict[DagRunState, int]]:
    """The runs of backfills by state, by the id of the backfill. One query, of an index alone."""
    found: dict[int, dict[DagRunState, int]] = {}
    if not keys:
        return found
    query = (
        select(dag_run.c.backfill_id, dag_run.c.state, func.count())
        .where(dag_run.c.backfill_id.in_(keys))
        .group_by(dag_run.c.backfill_id, dag_run.c.state)
    )
    for key, state, number in connection.execute(query):
        found.setdefault(key, {})[RUN_STATES[state]] = number
    return found

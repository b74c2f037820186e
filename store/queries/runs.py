"""DAG runs: pages of them by any choice of DAG, state, type and time, and one of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import product
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    func,
    literal,
    select,
    tuple_,
    union_all,
)

from store.columns import Timestamp
from store.models import dag_run, dag_version
from store.queries.rows import RUN_STATES, AnyRow, AnySelect, between
from store.states import DagRunState, DagRunType

MOST_COUNTED = 10_000
"""Runs of a state that are counted: the time must not grow with history."""


FEW = 20
"""DAGs whose runs are looked for one by one; of more, all runs are gone through."""


class RunKey(NamedTuple):
    """The place of a run in lists, which show the newest first."""

    run_after: datetime
    id: int


@dataclass(frozen=True, slots=True)
class RunRow:
    """A DAG run."""

    id: int
    """Row id; ``Workspace`` calls it the DAG run's key."""
    dag_id: str
    run_id: str
    run_type: DagRunType
    state: DagRunState
    logical_date: datetime | None
    data_interval_start: datetime | None
    data_interval_end: datetime | None
    run_after: datetime
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    conf: dict[str, Any] | None
    note: str | None
    triggered_by: str | None
    version_id: int
    version: int
    """Number of the DAG version that it started with."""
    backfill_id: int | None
    clear_number: int
    """How often it was cleared."""
    experiment: str | None = None
    """That of the tracked runs of its tries; None: the one with the DAG's id."""

    @property
    def duration(self) -> float | None:
        """Seconds from start to end; None while it has not ended."""
        return between(self.started_at, self.ended_at)

    @property
    def key(self) -> RunKey:
        return RunKey(self.run_after, self.id)


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs to list. Empty: all."""

    dag_id: str | None = None
    states: frozenset[DagRunState] = frozenset()
    types: frozenset[DagRunType] = frozenset()
    since: datetime | None = None
    """``run_after`` at or after this."""
    until: datetime | None = None
    """``run_after`` before this."""
    backfill_id: int | None = None


@dataclass(frozen=True, slots=True)
class RunPage:
    """Some runs, newest first."""

    rows: tuple[RunRow, ...]
    next: RunKey | None
    """Give it as ``before`` to get the page after this one; None at the end."""


def list_runs(
    connection: Connection,
    wanted: RunFilter | None = None,
    *,
    limit: int = 50,
    before: RunKey | None = None,
) -> RunPage:
    """A page of runs, newest first: those before ``before`` in the list. One query.

    The time doesn't depend on how many runs there are: every choice of states and types is a
    handful of ranges of an index, and of each at most ``limit`` + 1 entries are read.
    """
    wanted = wanted or RunFilter()
    rows = connection.execute(_page(wanted, limit + 1, before)).all()
    runs = tuple(_run(row) for row in rows[:limit])
    return RunPage(runs, runs[-1].key if len(rows) > limit else None)


def get_run(connection: Connection, dag_id: str, run_id: str) -> RunRow | None:
    """The run of that name; None if there is none."""
    row = connection.execute(
        _runs().where(dag_run.c.dag_id == dag_id, dag_run.c.run_id == run_id)
    ).first()
    return None if row is None else _run(row)


def get_run_by_id(connection: Connection, dag_run_id: int) -> RunRow | None:
    """The run with that row id; None if there is none."""
    row = connection.execute(_runs().where(dag_run.c.id == dag_run_id)).first()
    return None if row is None else _run(row)


def get_runs(connection: Connection, ids: Sequence[int]) -> list[RunRow]:
    """The runs with these row ids, in no particular order; missing ones are left out."""
    return [_run(row) for row in connection.execute(_runs().where(dag_run.c.id.in_(ids)))]


def latest_run(connection: Connection, dag_id: str) -> RunRow | None:
    """The newest run of a DAG."""
    page = list_runs(connection, RunFilter(dag_id=dag_id), limit=1)
    return page.rows[0] if page.rows else None


def count_runs(
    connection: Connection, dag_id: str | None = None, *, most: int = MOST_COUNTED
) -> dict[DagRunState, int]:
    """Runs by state, of one DAG or of all; each state is counted up to ``most``. One query."""
    counted = [
        select(literal(state.value).label("state"), func.count().label("runs")).select_from(
            _ranged(select(dag_run.c.id), RunFilter(dag_id), None)
            .where(dag_run.c.state == state.value)
            .limit(most)
            .subquery()
        )
        for state in DagRunState
    ]
    rows: Iterable[AnyRow] = connection.execute(union_all(*counted))
    return {RUN_STATES[row.state]: row.runs for row in rows}


def keys_down_to(
    connection: Connection,
    dag_id: str,
    last: RunKey | None = None,
    *,
    states: Collection[DagRunState] = (),
    types: Collection[DagRunType] = (),
) -> list[RunKey]:
    """The places of a DAG's runs, newest first, down to ``last`` (None: of all); only of these
    states and types, if such are given."""
    query = (
        select(dag_run.c.run_after, dag_run.c.id)
        .where(dag_run.c.dag_id == dag_id)
        .order_by(dag_run.c.run_after.desc(), dag_run.c.id.desc())
    )
    if states:
        query = query.where(dag_run.c.state.in_([state.value for state in states]))
    if types:
        query = query.where(dag_run.c.run_type.in_([kind.value for kind in types]))
    if last is not None:
        query = query.where(dag_run.c.run_after >= last.run_after)
    keys = [RunKey(*row) for row in connection.execute(query)]
    return keys if last is None else [key for key in keys if key >= last]


def newest_runs(
    connection: Connection,
    dag_ids: Sequence[str] | None = None,
    *,
    limit: int,
    before: RunKey | None = None,
) -> Sequence[AnyRow]:
    """Of the newest runs of these DAGs, or of all, what other lists need to know of a run."""
    columns = dag_run.c
    order = (columns.run_after.desc(), columns.id.desc())
    query = select(
        columns.id, columns.dag_id, columns.run_id, columns.run_after, columns.version_id
    )
    if before is not None:
        query = query.where(is_before(before))
    if dag_ids is not None and len(dag_ids) <= FEW:
        ranges = [
            select(
                query.with_only_columns(columns.id)
                .where(columns.dag_id == name)
                .order_by(*order)
                .limit(limit)
                .subquery()
            )
            for name in dag_ids
        ]
        if not ranges:
            return []
        ids = union_all(*ranges).subquery()
        query = query.where(columns.id.in_(select(ids.c.id)))
    elif dag_ids is not None:
        query = query.where(columns.dag_id.in_(dag_ids))
    return connection.execute(query.order_by(*order).limit(limit)).all()


def is_before(key: RunKey) -> ColumnElement[bool]:
    """Whether a run comes after ``key`` in a list, which shows the newest first."""
    # The types must be said: a bare datetime in a tuple would be compared as text.
    place = tuple_(literal(key.run_after, Timestamp), literal(key.id, Integer))
    return tuple_(dag_run.c.run_after, dag_run.c.id) < place


def _runs() -> AnySelect:
    return select(dag_run, dag_version.c.number.label("version")).join(
        dag_version, dag_version.c.id == dag_run.c.version_id
    )


def _page(wanted: RunFilter, limit: int, before: RunKey | None) -> AnySelect:
    order = (dag_run.c.run_after.desc(), dag_run.c.id.desc())
    if not wanted.states and not wanted.types:
        return _ranged(_runs(), wanted, before).order_by(*order).limit(limit)
    choices = product(
        sorted(wanted.states or frozenset(DagRunState)),
        sorted(wanted.types or frozenset(DagRunType)),
    )
    ranges = [
        select(
            _ranged(select(dag_run.c.id), wanted, before)
            .where(dag_run.c.state == state.value, dag_run.c.run_type == type_.value)
            .order_by(*order)
            .limit(limit)
            .subquery()
        )
        for state, type_ in choices
    ]
    chosen = union_all(*ranges).subquery()
    return _runs().where(dag_run.c.id.in_(select(chosen.c.id))).order_by(*order).limit(limit)


def _ranged(query: AnySelect, wanted: RunFilter, before: RunKey | None) -> AnySelect:
    if wanted.dag_id is not None:
        query = query.where(dag_run.c.dag_id == wanted.dag_id)
    if wanted.backfill_id is not None:
        query = query.where(dag_run.c.backfill_id == wanted.backfill_id)
    if wanted.since is not None:
        query = query.where(dag_run.c.run_after >= wanted.since)
    if wanted.until is not None:
        query = query.where(dag_run.c.run_after < wanted.until)
    if before is not None:
        query = query.where(is_before(before))
    return query


def _run(row: AnyRow) -> RunRow:
    return RunRow(
        id=row.id,
        dag_id=row.dag_id,
        run_id=row.run_id,
        run_type=DagRunType(row.run_type),
        state=RUN_STATES[row.state],
        logical_date=row.logical_date,
        data_interval_start=row.data_interval_start,
        data_interval_end=row.data_interval_end,
        run_after=row.run_after,
        queued_at=row.queued_at,
        started_at=row.started_at,
        ended_at=row.ended_at,
        conf=row.conf,
        note=row.note,
        triggered_by=row.triggered_by,
        version_id=row.version_id,
        version=row.version,
        backfill_id=row.backfill_id,
        clear_number=row.clear_number,
        experiment=row.experiment,
    )

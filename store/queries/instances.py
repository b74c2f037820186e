"""Task instances across runs: of all DAGs or of some, newest runs first, in windows.

There may be millions, and a filter may pass none of them: a read looks through the newest runs
until it has enough rows or has seen so many runs, and says where the next read goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, or_, select

from store.models import dag_run, task_instance
from store.queries.rows import AnyRow, AnySelect
from store.queries.runs import RunKey, newest_runs
from store.queries.tasks import INSTANCE_COLUMNS, InstanceRow, has_state, instance_of
from store.states import TaskInstanceState

CHUNKS = (1, 8, 40, 100)
"""Runs looked through at a time, in one read: few where the first ones have enough."""

MOST_COUNTED = 10_000
"""Task instances that are counted: the time must not grow with history."""

NAMES = ("dag_id", "run_id", "task_id", "map_label", "note", "state")
"""What a word is looked for in."""


class InstanceKey(NamedTuple):
    """The place of a task instance in lists, which show the newest first: all descending."""

    run_after: datetime
    dag_run_id: int
    id: int


@dataclass(frozen=True, slots=True)
class Part:
    """Lower-case text without a space that must be in one of these columns, in any case; negated:
    in none of them."""

    columns: tuple[str, ...]
    text: str
    is_negated: bool = False
    is_whole: bool = False
    """It is all that is in the one column."""


@dataclass(frozen=True, slots=True)
class InstanceFilter:
    """Which task instances to list. Empty: all."""

    dag_ids: tuple[str, ...] | None = None
    """Of these DAGs; None: of all."""
    task_id: str | None = None
    states: frozenset[TaskInstanceState | None] = frozenset()
    parts: tuple[Part, ...] = ()
    least: float | None = None
    """Seconds; those without an end may have taken any time."""
    most: float | None = None


@dataclass(frozen=True, slots=True)
class PlacedInstance:
    """A task instance and the run that it belongs to."""

    run_id: str
    run_after: datetime
    run_version_id: int
    instance: InstanceRow

    @property
    def id(self) -> int:
        return self.instance.id

    @property
    def version_id(self) -> int:
        """The version of the DAG that it runs, or ran, with."""
        return self.instance.version_id or self.run_version_id

    @property
    def key(self) -> InstanceKey:
        return InstanceKey(self.run_after, self.instance.dag_run_id, self.instance.id)


@dataclass(frozen=True, slots=True)
class InstancePage:
    """Some task instances, newest runs first, and in a run the newest first."""

    rows: tuple[PlacedInstance, ...]
    next: InstanceKey | None
    """Give it as ``before`` to look on; None at the end. There may be no row that far."""
    newest: InstanceKey | None
    """Nothing newer than this was there."""


def newest_instances(
    connection: Connection,
    wanted: InstanceFilter | None = None,
    *,
    limit: int = 100,
    before: InstanceKey | None = None,
) -> InstancePage:
    """At most ``limit`` task instances before ``before`` in the list, of at most so many runs as
    ``CHUNKS`` are together."""
    wanted = wanted or InstanceFilter()
    after = None if before is None else RunKey(before.run_after, before.dag_run_id + 1)
    newest: InstanceKey | None = None
    rows: list[PlacedInstance] = []
    for size in CHUNKS:
        runs = newest_runs(connection, wanted.dag_ids, limit=size, before=after)
        if runs and newest is None:
            newest = InstanceKey(runs[0].run_after, runs[0].id + 1, 0)
        if runs:
            rows.extend(_of_runs(connection, wanted, runs, limit + 1 - len(rows), before))
            after = RunKey(runs[-1].run_after, runs[-1].id)
        if len(rows) > limit:
            return InstancePage(tuple(rows[:limit]), rows[limit - 1].key, newest)
        if len(runs) < size:
            return InstancePage(tuple(rows), None, newest)
    assert after is not None
    return InstancePage(tuple(rows), InstanceKey(after.run_after, after.id, 0), newest)


def get_placed(connection: Connection, ids: Collection[int]) -> list[PlacedInstance]:
    """The task instances with these row ids, in no particular order; missing ones are left out."""
    query = select(
        *INSTANCE_COLUMNS,
        dag_run.c.run_id.label("of_run"),
        dag_run.c.run_after,
        dag_run.c.version_id.label("of_version"),
    ).join_from(task_instance, dag_run, dag_run.c.id == task_instance.c.dag_run_id)
    rows: Iterable[AnyRow] = connection.execute(query.where(task_instance.c.id.in_(sorted(ids))))
    return [PlacedInstance(row[-3], row[-2], row[-1], instance_of(row[:-3])) for row in rows]


def count_instances(
    connection: Connection,
    dag_id: str | None = None,
    task_id: str | None = None,
    *,
    most: int = MOST_COUNTED,
) -> int:
    """How many task instances there are, of one task of a DAG or of all; counted up to ``most``."""
    columns = task_instance.c
    query = select(columns.id)
    if dag_id is not None:
        query = query.where(columns.dag_id == dag_id)
    if task_id is not None:
        query = query.where(columns.task_id == task_id)
    few = query.limit(most).subquery()
    return connection.execute(select(func.count()).select_from(few)).scalar_one()


def _of_runs(
    connection: Connection,
    wanted: InstanceFilter,
    runs: Sequence[AnyRow],
    limit: int,
    before: InstanceKey | None,
) -> list[PlacedInstance]:
    """Of a chunk of runs the first ones. The ids are chosen first: that is answered from an index
    where nothing but names and states is asked for."""
    columns, order = task_instance.c, {run.id: place for place, run in enumerate(runs)}
    newest_first = (dag_run.c.run_after.desc(), dag_run.c.id.desc(), columns.id.desc())
    ids = (
        select(columns.id)
        .join_from(task_instance, dag_run, dag_run.c.id == columns.dag_run_id)
        .where(columns.dag_run_id.in_(list(order)), *_conditions(wanted))
        .order_by(*newest_first)
        .limit(limit)
    )
    if before is not None and before.dag_run_id in order:
        ids = ids.where(or_(columns.dag_run_id != before.dag_run_id, columns.id < before.id))
    chosen = ids.subquery()
    query: AnySelect = select(*INSTANCE_COLUMNS).where(columns.id.in_(select(chosen.c.id)))
    found = [instance_of(row) for row in connection.execute(query)]
    found.sort(key=lambda row: (order[row.dag_run_id], -row.id))
    return [
        PlacedInstance(run.run_id, run.run_after, run.version_id, row)
        for row in found
        for run in (runs[order[row.dag_run_id]],)
    ]


def _conditions(wanted: InstanceFilter) -> list[Any]:
    columns = task_instance.c
    conditions = [_condition(part) for part in wanted.parts]
    if wanted.task_id is not None:
        conditions.append(columns.task_id == wanted.task_id)
    if wanted.states:
        conditions.append(has_state(wanted.states))
    if wanted.least is not None:
        conditions.append(or_(columns.duration.is_(None), columns.duration >= wanted.least))
    if wanted.most is not None:
        conditions.append(or_(columns.duration.is_(None), columns.duration <= wanted.most))
    return conditions


def _condition(part: Part) -> Any:
    tables = {**task_instance.c, "run_id": dag_run.c.run_id}
    first, *others = (func.coalesce(tables[name], "") for name in part.columns)
    names = first
    for other in others:
        names = names + " " + other
    names = func.lower(names)
    found = names == part.text if part.is_whole else names.contains(part.text, autoescape=True)
    return ~found if part.is_negated else found

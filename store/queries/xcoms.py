"""XComs of all DAGs, newest runs first.

There may be millions, and any filter may pass none of them: a list looks through runs from the
newest on until it has enough rows or its time is over, and says whether there is more.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, case, func, literal, select

from store.models import dag, xcom
from store.queries.rows import AnyRow
from store.queries.runs import RunKey, newest_runs
from store.queries.tasks import XComRow

HEAD = 120
"""Bytes of a value that are read for a list."""

LARGE = 64 * 1024
"""Bytes from which not even the head of a value is read: the database would read all of it."""

RUNS = 50
"""Runs looked through at a time."""


@dataclass(frozen=True, slots=True)
class XComFilter:
    """Parts of names, in any case, that must all be in there. Empty: all XComs."""

    dag_id: str = ""
    run_id: str = ""
    task_id: str = ""
    key: str = ""
    words: tuple[str, ...] = ()
    """Each must be in one of these names."""


@dataclass(frozen=True, slots=True)
class PlacedXCom:
    """An XCom and the run that it belongs to; of its value at most the first bytes."""

    dag_id: str
    dag_run_id: int
    run_id: str
    xcom: XComRow


@dataclass(frozen=True, slots=True)
class XComPage:
    """The newest XComs that pass a filter."""

    rows: tuple[PlacedXCom, ...]
    more: bool
    """Whether there may be others: in older runs, or in the last one."""


def newest_xcoms(
    connection: Connection,
    wanted: XComFilter | None = None,
    *,
    limit: int = 200,
    seconds: float = 0.15,
) -> XComPage:
    """At most ``limit`` XComs: newest runs first, in a run by task, map index and key."""
    wanted = wanted or XComFilter()
    ends = time.monotonic() + seconds
    rows: list[PlacedXCom] = []
    for runs in _runs(connection, wanted):
        for run in runs:
            if wanted.run_id.lower() not in run.run_id.lower():
                continue
            found = _of_run(connection, wanted, run, limit + 1 - len(rows))
            rows.extend(PlacedXCom(run.dag_id, run.id, run.run_id, row) for row in found)
            if len(rows) > limit:
                return XComPage(tuple(rows[:limit]), True)
            if time.monotonic() > ends:
                return XComPage(tuple(rows), True)
    return XComPage(tuple(rows), False)


def _runs(connection: Connection, wanted: XComFilter) -> Iterator[Sequence[AnyRow]]:
    """The runs of the DAGs that are wanted, newest first, some at a time."""
    chosen: list[str] | None = None
    if wanted.dag_id:
        ids = connection.execute(select(dag.c.dag_id)).scalars()
        chosen = [name for name in ids if wanted.dag_id.lower() in name.lower()]
        if not chosen:
            return
    before: RunKey | None = None
    while True:
        rows = newest_runs(connection, chosen, limit=RUNS, before=before)
        if rows:
            yield rows
            before = RunKey(rows[-1].run_after, rows[-1].id)
        if len(rows) < RUNS:
            return


def _of_run(connection: Connection, wanted: XComFilter, run: AnyRow, limit: int) -> list[XComRow]:
    """The XComs of a run that pass, in the order of their key: no more are read than wanted."""
    columns = xcom.c
    head = func.substr(columns.value, 1, HEAD)
    query = (
        select(
            columns.task_id,
            columns.map_index,
            columns.key,
            case((func.length(columns.value) <= LARGE, head), else_=literal(b"")),
            func.length(columns.value),
            columns.length,
            columns.created_at,
        )
        .where(columns.dag_run_id == run.id, *_conditions(wanted, run))
        .order_by(columns.task_id, columns.map_index, columns.key)
        .limit(limit)
    )
    return [XComRow(*row) for row in connection.execute(query)]


def _conditions(wanted: XComFilter, run: AnyRow) -> list[Any]:
    columns = xcom.c
    conditions: list[Any] = []
    for column, part in ((columns.task_id, wanted.task_id), (columns.key, wanted.key)):
        if part:
            conditions.append(func.lower(column).contains(part.lower(), autoescape=True))
    names = func.lower(columns.task_id + " " + columns.key)
    conditions.extend(
        names.contains(word.lower(), autoescape=True)
        for word in wanted.words
        if word.lower() not in f"{run.dag_id} {run.run_id}".lower()
    )
    return conditions

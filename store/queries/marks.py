"""States that users gave by hand, where they still hold: who did it, when, and the note with it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    func,
    null,
    or_,
    select,
    true,
    tuple_,
    union_all,
)

from store.models import event, task_instance, task_try
from store.queries.rows import AnyRow, AnySelect
from store.states import FINISHED_RUN_STATES, TaskInstanceState

HAND = ("killed by ", "cancelled by ", "marked failed by ")
"""How the reasons of tries begin that a user ended."""

ENDED_BY_RUN = ("task_success", "task_failed", "task_skipped")
"""Kinds of events that tell what became of tasks of a run that was marked or cancelled."""

KIND = func.coalesce(event.c.kind, "")  # or SQLite would read all events of the kinds
MOST_ASKED = 500
"""Tasks, or map indexes, that are asked for by name: a statement has room for so many values."""

BY_HAND = or_(event.c.message.like("marked % by %"), event.c.message.like("cancelled by %"))


@dataclass(frozen=True, slots=True)
class Mark:
    """A state that somebody gave a task instance or a run."""

    message: str
    """``marked success by ann``, ``cancelled by ann``."""
    at: datetime
    note: str | None = None
    """What was written with it."""
    of_run: bool = False
    """Of a task instance: its run was marked or cancelled as a whole."""


class Ended(Protocol):
    """A task instance, as far as it is asked for its mark."""

    @property
    def id(self) -> int: ...
    @property
    def dag_run_id(self) -> int: ...
    @property
    def task_id(self) -> str: ...
    @property
    def map_index(self) -> int: ...
    @property
    def state(self) -> str | None: ...
    @property
    def ended_at(self) -> datetime | None: ...


def mark_of_run(connection: Connection, dag_run_id: int, state: str) -> Mark | None:
    """Who gave a run its state; None where it came to it by its tasks."""
    if state not in FINISHED_RUN_STATES:
        return None  # nor is there an end to stop at: all of its events would be read
    last = connection.execute(
        select(event.c.kind, event.c.message, event.c.at, event.c.details)
        .where(
            event.c.dag_run_id == dag_run_id,
            KIND.in_(("run_marked", "run_success", "run_failed")),
            # the end that follows from a mark says so
            or_(event.c.kind == "run_marked", event.c.message.not_like("marked %")),
            or_(event.c.kind == "run_marked", event.c.message.not_like("cancelled by %")),
        )
        .order_by(event.c.id.desc())
        .limit(1)
    ).first()
    if last is None or last.kind != "run_marked" or _state(last.message) != state:
        return None
    return _mark(last, of_run=False)


def marks_of(connection: Connection, rows: Sequence[Ended]) -> dict[int, Mark]:
    """Who gave task instances their states, by row id; those that came to them by themselves are
    left out. One query."""
    ended = [row for row in rows if row.state is not None and row.ended_at is not None]
    if not ended:
        return {}
    columns = event.c
    query = (
        select(
            columns.dag_run_id,
            columns.task_id,
            columns.map_index,
            columns.kind,
            columns.message,
            columns.at,
            columns.details,
        )
        .where(
            columns.dag_run_id.in_({row.dag_run_id for row in ended}),
            _about(ended),
            KIND.in_(("task_marked", "run_marked", *ENDED_BY_RUN)),
            BY_HAND,
        )
        .order_by(columns.id)
    )
    given: dict[tuple[int, str, int], list[tuple[str, Mark]]] = {}
    runs: dict[tuple[int, datetime], Mark] = {}
    for row in connection.execute(query):
        if row.task_id is None:
            runs[row.dag_run_id, row.at] = _mark(row, of_run=True)
            continue
        key = (row.dag_run_id, row.task_id, -1 if row.map_index is None else row.map_index)
        mark = _mark(row, of_run=row.kind != "task_marked")
        marks = given.setdefault(key, [])
        if mark.of_run and marks and marks[-1][1].message == mark.message:
            mark = replace(marks[-1][1], at=mark.at)  # it was at work then, and has ended now
        marks.append((_given(row), mark))
    found: dict[int, Mark] = {}
    for row in ended:
        assert row.ended_at is not None
        marks = given.get((row.dag_run_id, row.task_id, row.map_index), [])
        # one that was given later may have been taken back
        holds = (one for state, one in reversed(marks) if state == row.state)
        mark = next((one for one in holds if one.at >= row.ended_at), None)
        if mark is None:
            mark = runs.get((row.dag_run_id, row.ended_at))
            if mark is not None and row.state not in (_state(mark.message), "skipped"):
                mark = None
        if mark is not None:
            found[row.id] = mark
    return found


def _own_failures() -> AnySelect:
    """All that failed and what the audit trail has of it, put together by sorting both: neither
    has an index by which to find the other's rows one by one."""
    keys = bindparam("keys", expanding=True)
    hand = or_(*(event.c.message.startswith(begin) for begin in HAND))
    of_run = select(event.c.dag_run_id, event.c.at).where(
        event.c.dag_run_id.in_(keys), KIND == "run_marked", hand
    )
    one, reason = task_instance.c, task_try.c.reason
    newest = and_(task_try.c.task_instance_id == one.id, task_try.c.try_number == one.try_number)
    failed = (
        select(
            one.dag_run_id,
            one.task_id,
            one.map_index,
            one.id.label("instance"),
            one.ended_at,
            null().label("marked_at"),
        )
        .select_from(task_instance.outerjoin(task_try, newest))
        .where(
            one.dag_run_id.in_(keys),
            one.state == TaskInstanceState.FAILED.value,
            or_(reason.is_(None), ~or_(*(reason.startswith(begin) for begin in HAND))),
            tuple_(one.dag_run_id, func.coalesce(one.ended_at, 0)).not_in(of_run),
        )
    )
    marked = select(
        event.c.dag_run_id,
        event.c.task_id,
        func.coalesce(event.c.map_index, -1),
        null(),
        null(),
        event.c.at,
    ).where(
        event.c.dag_run_id.in_(keys),
        KIND.in_(("task_marked", "task_failed")),
        event.c.task_id.is_not(None),
        hand,
    )
    both = union_all(failed, marked).subquery().c
    each = (
        select(both.dag_run_id, both.task_id, func.max(both.instance).label("instance"))
        .group_by(both.dag_run_id, both.task_id, both.map_index)
        .having(
            func.max(both.instance).is_not(None),
            func.coalesce(func.max(both.marked_at) < func.max(both.ended_at), true()),
        )
        .subquery()
        .c
    )
    first = func.min(each.instance).label("first")
    return select(each.dag_run_id, each.task_id, first).group_by(each.dag_run_id, each.task_id)


OWN_FAILURES = _own_failures()


def own_failures(
    connection: Connection, tasks: Collection[tuple[int, str]]
) -> dict[tuple[int, str], int]:
    """By run and task the first instance, by its row id, that failed and that no user ended; tasks
    without one are left out. One query, whatever the number of those that users ended."""
    rows = connection.execute(OWN_FAILURES, {"keys": list({run for run, _ in tasks})})
    found = {(row.dag_run_id, row.task_id): row.first for row in rows}
    return {task: found[task] for task in tasks if task in found}


def _about(rows: Sequence[Ended]) -> ColumnElement[bool]:
    """Events of whole runs, and of the tasks and map indexes of these rows, as long as those are
    few: a run may have the events of ten thousands of others."""
    tasks = {row.task_id for row in rows}
    indexes = {row.map_index for row in rows}
    theirs: list[ColumnElement[bool]] = []
    if len(indexes) <= MOST_ASKED:
        theirs.append(func.coalesce(event.c.map_index, -1).in_(indexes))
    if len(tasks) <= MOST_ASKED:
        theirs.append(event.c.task_id.in_(tasks))
    return or_(event.c.task_id.is_(None), and_(true(), *theirs))


def _given(row: AnyRow) -> str:
    """The state that the task instance of an event got."""
    return _state(row.message) if row.kind == "task_marked" else row.kind.removeprefix("task_")


def _state(message: str) -> str:
    """What a mark of this sentence makes of a run or task."""
    return "failed" if message.startswith("cancelled by ") else message.split(" ")[1]


def _mark(row: AnyRow, *, of_run: bool) -> Mark:
    note = row.details.get("note") if isinstance(row.details, dict) else None
    return Mark(row.message, row.at, note, of_run)

"""Undoing what was done by hand: what acts hand out for it, and the command ``restore``.

An act answers with how things were before (``undo``). Given back in ``restore`` they become so
again, as far as nothing has gone on from there: no try is ever taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct
from sqlalchemy import Row, select, update

from runner.daemon import runs
from runner.daemon.commands.common import (
    Payload,
    Refused,
    instance_name,
    named_pipeline,
    named_run,
)
from runner.daemon.memory import LiveRun, Pipeline
from runner.daemon.turn import Turn
from store import models
from store.states import (
    EXECUTING_TASK_STATES,
    FINISHED_RUN_STATES,
    FINISHED_TASK_STATES,
    DagRunState,
    TaskInstanceState,
)

State = TaskInstanceState

MOST_INSTANCES = 5_000
"""More than these are not kept for an undo."""

LOST = EXECUTING_TASK_STATES | {State.UP_FOR_RESCHEDULE, State.DEFERRED}
"""States that end with the act: a process was ended, or a wait between two pokes."""

Count = Annotated[int, Meta(ge=0, lt=2**31)]


class FormerRun(Struct, forbid_unknown_fields=True):
    """A run as it was before an act."""

    run_id: str
    state: DagRunState
    started_at: datetime | None
    ended_at: datetime | None
    clear_number: Count
    version_id: int
    queued_at: datetime | msgspec.UnsetType | None = msgspec.UNSET
    """Not known where the act was done by a runner of before: it stays."""
    by_tasks: DagRunState | None = None
    """What its tasks made of an ended run; None: the act was about more than that."""
    after: DagRunState | None = None
    """What the act made of it, where that must still hold."""
    conf_changed: bool = False
    conf: dict[str, Any] | None = None


class FormerInstance(Struct, forbid_unknown_fields=True):
    """A task instance as it was before an act."""

    run_id: str
    task_id: str
    map_index: Annotated[int, Meta(ge=-1, lt=2**31)]
    state: TaskInstanceState | None
    after: TaskInstanceState | None
    """What the act made of it. None: it was to run again."""
    try_number: Count
    max_tries: Count
    started_at: datetime | None
    ended_at: datetime | None
    duration: float | None
    next_at: datetime | None


class FormerNote(Struct, forbid_unknown_fields=True):
    """The note that a run, or a task instance of it, had before an act wrote another."""

    run_id: str
    task_id: str | None
    map_index: Annotated[int, Meta(ge=-1, lt=2**31)] | None
    note: str | None


class Former(Struct, forbid_unknown_fields=True):
    """What the command ``restore`` wants to be told: all that an act changed, as it was."""

    dag_id: str
    at: datetime
    """When the act was done."""
    whole: bool
    """All of it is restored, or nothing; else what has not started again."""
    runs: list[FormerRun]
    instances: list[FormerInstance]
    lost: Count = 0
    """Task instances that were at work: they start again, whatever is restored."""
    note: str | None = None
    """What the act wrote on all of ``notes``."""
    notes: list[FormerNote] = []


def undo(
    turn: Turn,
    pipeline: Pipeline,
    run_rows: Iterable[Row[Any]],
    touched: Sequence[tuple[Row[Any], TaskInstanceState | None]],
    *,
    whole: bool,
    after: DagRunState | None = None,
    conf_changed: bool = False,
    of_runs: bool = False,
    note: str | None = None,
    noted: Iterable[Row[Any]] = (),
    by_tasks: Mapping[int, DagRunState] | None = None,
) -> dict[str, Any]:
    """The document that undoes an act. ``touched``: rows as they were, and what becomes of them.

    ``of_runs``: the act was about runs, also where none of their instances were touched.
    ``by_tasks``: by row key, what their tasks made of ended runs before the act.
    ``noted``: rows, as they were, of the runs or task instances that got the ``note``. Where
    the act can't be undone it is ``{"impossible": sentence}``.
    """
    lost = [row for row, _ in touched if row.state in LOST]
    if lost and (whole or len(lost) == len(touched)):
        return {"impossible": f"{named(lost[0])} was at work, and was ended"}
    if len(touched) > MOST_INSTANCES:
        return {"impossible": f"more than {MOST_INSTANCES} task instances are not kept for it"}
    names = {row.run_id for row, _ in touched}
    former = Former(
        dag_id=pipeline.dag_id,
        at=turn.now,
        whole=whole,
        runs=[
            FormerRun(
                run_id=row.run_id,
                state=row.state,
                started_at=row.started_at,
                ended_at=row.ended_at,
                clear_number=row.clear_number,
                version_id=row.version_id,
                queued_at=row.queued_at,
                by_tasks=(by_tasks or {}).get(row.id),
                after=after,
                conf_changed=conf_changed,
                conf=row.conf if conf_changed else None,
            )
            for row in run_rows
            if row.run_id in names or of_runs or after is not None
        ],
        instances=[_former(row, became) for row, became in touched if row.state not in LOST],
        lost=len(lost),
        note=note,
        notes=[] if note is None else [_former_note(row) for row in noted],
    )
    return msgspec.to_builtins(former)


def _former(row: Row[Any], became: TaskInstanceState | None) -> FormerInstance:
    return FormerInstance(
        run_id=row.run_id,
        task_id=row.task_id,
        map_index=row.map_index,
        state=row.state,
        after=became,
        try_number=row.try_number,
        max_tries=row.max_tries,
        started_at=row.started_at,
        ended_at=row.ended_at,
        duration=row.duration,
        next_at=row.next_at,
    )


def _former_note(row: Row[Any]) -> FormerNote:
    facts = row._mapping
    return FormerNote(row.run_id, facts.get("task_id"), facts.get("map_index"), row.note)


def named(one: Any) -> str:
    """A task instance in words: ``train[3] of run r``."""
    return f"{instance_name(one)} of run {one.run_id}"


def restore(turn: Turn, payload: Payload, actor: str) -> Any:
    """Undo an act: everything it changed is again as it was. Refused where the world moved on."""
    former = msgspec.convert(payload, Former)
    pipeline = named_pipeline(turn, payload)
    rows = {one.run_id: named_run(turn, pipeline.dag_id, one.run_id) for one in former.runs}
    _check_runs(turn, former, rows)
    found = [(one, _row(turn, rows, one)) for one in former.instances]
    moved = [one for one, row in found if not _is_as_left(one, row)]
    if moved and former.whole:
        raise Refused(f"it can't be undone: {named(moved[0])} has gone on since")
    if moved and len(moved) == len(found):
        many = "it has" if len(moved) == 1 else f"all {len(moved)} have"
        raise Refused(f"it can't be undone: {many} started again")
    again = [(one, row) for one, row in found if row is not None and _is_as_left(one, row)]
    for one, row in again:
        _restore_instance(turn, turn.brain.runs.get(row.dag_run_id), one, row)
    for one in former.runs:
        _restore_run(turn, pipeline, one, rows[one.run_id])
    _restore_notes(turn, former, rows)
    words = f"{actor} undid what was done to {len(again)} task instances"
    only = former.runs[0] if len(former.runs) == 1 else None
    turn.changes.event(
        turn.now,
        "undone",
        words,
        actor=actor,
        dag_id=pipeline.dag_id,
        run_id=only.run_id if only else None,
        dag_run_id=rows[only.run_id].id if only else None,
        details={"instances": [[one.run_id, one.task_id, one.map_index] for one, _ in again]},
    )
    left = len(moved) + former.lost
    return {"restored": len(again), "left": left, "runs": len(former.runs)}


def _check_runs(turn: Turn, former: Former, rows: dict[str, Row[Any]]) -> None:
    for one in former.runs:
        row = rows[one.run_id]
        if one.after is not None and row.state != one.after:
            raise Refused(f"it can't be undone: run {one.run_id} is {row.state} now")
    if not former.whole or not rows:
        return
    table, instance = models.task_try, models.task_instance
    started = turn.connection.execute(
        select(instance.c.task_id, instance.c.map_index, table.c.dag_run_id)
        .join(instance, instance.c.id == table.c.task_instance_id)
        .where(
            table.c.dag_run_id.in_([row.id for row in rows.values()]),
            table.c.queued_at >= former.at,
        )
        .limit(1)
    ).first()
    if started is not None:
        name = next(row.run_id for row in rows.values() if row.id == started.dag_run_id)
        raise Refused(
            f"it can't be undone: {instance_name(started)} of run {name} has started since"
        )


def _row(turn: Turn, rows: dict[str, Row[Any]], one: FormerInstance) -> Row[Any] | None:
    run = rows.get(one.run_id)
    if run is None:
        raise Refused(f"the undo names no run {one.run_id!r}")
    table = models.task_instance
    return turn.connection.execute(
        select(table).where(
            table.c.dag_run_id == run.id,
            table.c.task_id == one.task_id,
            table.c.map_index == one.map_index,
        )
    ).first()


def _is_as_left(one: FormerInstance, row: Row[Any] | None) -> bool:
    if row is None or row.try_number != one.try_number:
        return False
    return row.state == one.after or (one.after is None and row.state == State.SCHEDULED)


def _restore_instance(turn: Turn, run: LiveRun | None, one: FormerInstance, row: Row[Any]) -> None:
    state = None if one.state is State.SCHEDULED else one.state
    columns: dict[str, Any] = {
        "started_at": one.started_at,
        "ended_at": one.ended_at,
        "duration": one.duration,
        "max_tries": one.max_tries,
    }
    if run is not None:
        instance = run.state.instances[(one.task_id, one.map_index)]
        instance.max_tries = one.max_tries
        turn.set_instance(run, instance, state, next_at=one.next_at, **columns)
        return
    turn.changes.update(models.task_instance, row.id, state=state, next_at=one.next_at, **columns)
    turn.brain.tell_next(row.dag_run_id, (one.task_id, one.map_index), state)


def _restore_notes(turn: Turn, former: Former, rows: dict[str, Row[Any]]) -> None:
    """The notes are those of before, where nobody has written another since."""
    if not former.notes:
        return
    turn.changes.flush(turn.connection)
    for one in former.notes:
        run = rows.get(one.run_id)
        if run is None:
            raise Refused(f"the undo names no run {one.run_id!r}")
        table, key = models.dag_run, models.dag_run.c.id == run.id
        if one.task_id is not None:
            table = models.task_instance
            key = (table.c.dag_run_id == run.id) & (table.c.task_id == one.task_id)
            key &= table.c.map_index == (-1 if one.map_index is None else one.map_index)
        turn.connection.execute(
            update(table).where(key, table.c.note == former.note).values(note=one.note)
        )


def _restore_run(turn: Turn, pipeline: Pipeline, one: FormerRun, row: Row[Any]) -> None:
    """A run that had ended has ended again, if nothing of it is left to do; and the other way."""
    turn.changes.flush(turn.connection)
    live = turn.brain.runs.get(row.id)
    if one.conf_changed:
        runs.set_conf(turn, row.id, one.conf)
    if live is not None:
        live.intended_state = None
        turn.changes.update(models.dag_run, row.id, intended_state=None)
    before: dict[str, Any] = {
        "started_at": one.started_at,
        "clear_number": one.clear_number,
    }
    if one.queued_at is not msgspec.UNSET:
        before["queued_at"] = one.queued_at
    if one.state not in FINISHED_RUN_STATES:
        if row.state in FINISHED_RUN_STATES:
            runs.requeue(turn, pipeline, row.id)
            turn.changes.update(models.dag_run, row.id, **before)
        return
    table = models.task_instance
    states = turn.connection.execute(
        select(table.c.state).where(table.c.dag_run_id == row.id).distinct()
    ).scalars()
    if not all(state in FINISHED_TASK_STATES for state in states):
        return
    if live is not None:
        turn.brain.forget_run(live)
    elif row.state == DagRunState.QUEUED:
        turn.brain.count_queued(pipeline.dag_id, row.backfill_id, -1)
    state = one.state
    if one.by_tasks is not None:
        by_tasks, _ = runs.states_by_tasks(turn, pipeline, [row])[row.id]
        if by_tasks != one.by_tasks:  # somebody has marked others of its tasks since
            state = by_tasks
    turn.changes.update(
        models.dag_run,
        row.id,
        state=state,
        ended_at=one.ended_at,
        version_id=one.version_id,
        **before,
    )
    if row.backfill_id is not None:
        runs.end_backfill(turn, row.backfill_id)

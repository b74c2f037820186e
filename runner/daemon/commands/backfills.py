"""Backfills: the scheduled runs of a span of time made, held, limited and cancelled."""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from runner.authoring.timetables import DagRunInfo
from runner.daemon import making, runs, timing
from runner.daemon.commands.common import (
    Payload,
    Refused,
    checked_conf,
    named_pipeline,
    parse_date,
)
from runner.daemon.commands.instances import chosen_instances, clear_rows
from runner.daemon.memory import Pipeline
from runner.daemon.turn import Turn
from runner.scheduling import dag_runs
from store import models
from store.states import DagRunState, DagRunType

INSTANCES_AT_ONCE = 2000
"""Task instances of a backfill that are made in one turn."""


def backfill(turn: Turn, payload: Payload, actor: str) -> Any:
    """Make the scheduled runs of a span of time (Airflow 3's backfill)."""
    pipeline = named_pipeline(turn, payload)
    start, end = parse_date(payload["from_date"]), parse_date(payload["to_date"])
    reprocess = payload.get("reprocess") or "none"
    given = payload.get("conf")
    checked_conf(pipeline, given)
    backwards = bool(payload.get("run_backwards"))
    try:
        dag_runs.check_backfill(pipeline.structure, run_backwards=backwards, reprocess=reprocess)
        infos = dag_runs.backfill_dates(
            timing.timetable(pipeline.structure), start, end, turn.now, run_backwards=backwards
        )
    except ValueError as error:
        raise Refused(str(error)) from None
    if not infos:
        raise Refused(
            f"DAG {pipeline.dag_id} ({pipeline.structure.timetable.summary or 'no schedule'}) has "
            "no scheduled run in that time"
        )
    new, again = _sort_out(turn, pipeline, infos, reprocess)
    listed = [[run_id, str(info.logical_date)] for run_id, info in new]
    listed += [[row.run_id, str(row.logical_date)] for row in again]
    left = len(infos) - len(listed)
    numbers = {"again": len(again), "left": left, "ahead": end > turn.now}
    if payload.get("dry_run"):
        return {"backfill_id": None, "runs": listed, **numbers}
    limit = max(1, payload.get("max_active_runs") or 10)
    key = _make(turn, pipeline, (start, end), given, reprocess, limit, backwards, actor)
    turn.brain.backfills[key] = deque(infos)
    advance(turn, key)
    turn.changes.event(
        turn.now,
        "backfill",
        f"{actor} started a backfill of {len(listed)} runs",
        actor=actor,
        dag_id=pipeline.dag_id,
        details={"from": start.isoformat(), "to": end.isoformat(), "reprocess": reprocess},
    )
    return {"backfill_id": key, "runs": listed, "held": pipeline.hold(), **numbers}


def _make(
    turn: Turn,
    pipeline: Pipeline,
    span: tuple[datetime, datetime],
    conf: Payload | None,
    reprocess: str,
    limit: int,
    backwards: bool,
    actor: str,
) -> int:
    """The row of the backfill. Returns its key."""
    key = turn.brain.counters.take("backfill")
    turn.changes.insert(
        models.backfill,
        key,
        {
            "id": key,
            "dag_id": pipeline.dag_id,
            "from_date": span[0],
            "to_date": span[1],
            "conf": conf,
            "reprocess": reprocess,
            "max_active_runs": limit,
            "run_backwards": backwards,
            "actor": actor,
            "created_at": turn.now,
        },
    )
    return key


def advance(turn: Turn, key: int) -> None:
    """Make the next runs of a backfill, and clear those that are to run again.

    Not all in one turn where they are many: everything else would wait for them.
    """
    table = models.backfill
    turn.changes.flush(turn.connection)
    row = turn.connection.execute(select(table).where(table.c.id == key)).first()
    if row is None or row.cancelled_at is not None:
        return None
    pipeline = turn.brain.pipelines.get(row.dag_id)
    if pipeline is None:
        return give_up_backfill(turn, key, f"there is no DAG {row.dag_id} any more")
    left = turn.brain.backfills.get(key)
    if left is None:
        left = turn.brain.backfills[key] = _dates_left(pipeline, row)
    some = max(1, INSTANCES_AT_ONCE // max(1, len(pipeline.tasks)))
    infos = [left.popleft() for _ in range(min(some, len(left)))]
    if infos:
        new, again = _sort_out(turn, pipeline, infos, row.reprocess)
        _fill(turn, pipeline, row, new)
        _run_again(turn, pipeline, row, again)
    turn.changes.update(table, key, next_date=left[0].logical_date if left else None)
    if left:
        turn.orders.timers.append((turn.now, ("backfill", key)))
        return None
    del turn.brain.backfills[key]
    runs.end_backfill(turn, key)
    return None


def give_up_backfill(turn: Turn, key: int, why: str) -> None:
    """The rest of a backfill's runs can't be made."""
    turn.brain.backfills.pop(key, None)
    turn.changes.update(models.backfill, key, next_date=None)
    turn.changes.event(
        turn.now, "backfill_failed", f"no more runs of backfill {key} are made: {why}"
    )
    runs.end_backfill(turn, key)


def _dates_left(pipeline: Pipeline, row: Row[Any]) -> deque[DagRunInfo]:
    """After a restart: the dates for which a backfill has yet to make runs."""
    start, end = row.from_date, row.to_date
    if row.next_date is not None:
        start, end = (start, row.next_date) if row.run_backwards else (row.next_date, end)
    timetable = timing.timetable(pipeline.structure)
    backwards = row.run_backwards
    return deque(
        dag_runs.backfill_dates(timetable, start, end, row.created_at, run_backwards=backwards)
    )


def _fill(
    turn: Turn, pipeline: Pipeline, backfill: Row[Any], new: list[tuple[str, DagRunInfo]]
) -> None:
    """Make the new runs."""
    for run_id, info in new:
        making.make_run(
            turn,
            pipeline,
            run_type=DagRunType.BACKFILL,
            run_id=run_id,
            logical_date=info.logical_date,
            interval=info.interval,
            run_after=info.run_after,
            conf=backfill.conf or {},
            triggered_by=backfill.actor,
            backfill_id=backfill.id,
        )


def _run_again(turn: Turn, pipeline: Pipeline, backfill: Row[Any], again: list[Row[Any]]) -> None:
    """Clear runs that are there: they become the backfill's (Airflow's ``_handle_clear_run``)."""
    turn.changes.flush(turn.connection)
    columns: dict[str, Any] = {
        "backfill_id": backfill.id,
        "run_type": DagRunType.BACKFILL,
        "triggered_by": backfill.actor,
    }
    if backfill.conf:
        columns["conf"] = backfill.conf
    for row in again:
        turn.changes.update(models.dag_run, row.id, **columns)
        turn.changes.flush(turn.connection)
        chosen = chosen_instances(turn, pipeline, [row], {})
        clear_rows(turn, pipeline, chosen, f"backfill by {backfill.actor}")


def _sort_out(
    turn: Turn, pipeline: Pipeline, infos: list[DagRunInfo], reprocess: str
) -> tuple[list[tuple[str, DagRunInfo]], list[Row[Any]]]:
    """Intervals without a run, with the ids that theirs get, and runs that are to run again."""
    turn.changes.flush(turn.connection)
    dates = [info.logical_date for info in infos if info.logical_date is not None]
    table = models.dag_run
    have = {
        row.logical_date: row
        for row in turn.connection.execute(
            select(table).where(
                table.c.dag_id == pipeline.dag_id,
                table.c.logical_date >= min(dates),
                table.c.logical_date <= max(dates),
            )
        )
    }
    wanted = [info for info in infos if info.logical_date not in have]
    firsts = [timing.run_id(DagRunType.BACKFILL, info) for info in wanted]
    taken = _taken(turn, pipeline.dag_id, firsts)
    new: list[tuple[str, DagRunInfo]] = []
    for info, first in zip(wanted, firsts, strict=True):
        run_id = making.free_run_id(first, taken.__contains__)
        taken.add(run_id)
        new.append((run_id, info))
    rows = (have.get(info.logical_date) for info in infos)
    again = [
        row
        for row in rows
        if row is not None and dag_runs.is_created_by_backfill(row.state, reprocess)
    ]
    return new, again


def _taken(turn: Turn, dag_id: str, first_ids: list[str]) -> set[str]:
    """Run ids that are in use, of those given and of their numbered forms."""
    table = models.dag_run
    taken: set[str] = set()
    for start in range(0, len(first_ids), 500):
        query = select(table.c.run_id).where(
            table.c.dag_id == dag_id, table.c.run_id.in_(first_ids[start : start + 500])
        )
        taken |= set(turn.connection.execute(query).scalars())
    if taken:
        numbered = f"{DagRunType.BACKFILL}\\_\\_%+00:00\\_%"
        query = select(table.c.run_id).where(
            table.c.dag_id == dag_id, table.c.run_id.like(numbered, escape="\\")
        )
        taken |= set(turn.connection.execute(query).scalars())
    return taken


def pause_backfill(turn: Turn, payload: Payload, actor: str) -> Any:
    """Hold the queued runs of a backfill back. What runs goes on."""
    return _set_paused(turn, payload, actor, paused=True)


def unpause_backfill(turn: Turn, payload: Payload, actor: str) -> Any:
    """Let the queued runs of a paused backfill start again."""
    return _set_paused(turn, payload, actor, paused=False)


def _set_paused(turn: Turn, payload: Payload, actor: str, *, paused: bool) -> Any:
    row = _open_backfill(turn, payload)
    changed = (row.paused_at is not None) != paused
    if changed:
        turn.changes.update(models.backfill, row.id, paused_at=turn.now if paused else None)
        word = "paused" if paused else "unpaused"
        _tell(turn, row, f"backfill_{word}", f"{actor} {word} backfill {row.id}", actor)
    return {"backfill_id": row.id, "changed": changed}


def limit_backfill(turn: Turn, payload: Payload, actor: str) -> Any:
    """Set how many runs of a backfill run at the same time. Of those that do none is ended."""
    row, limit = _open_backfill(turn, payload), payload["max_active_runs"]
    if limit != row.max_active_runs:
        turn.changes.update(models.backfill, row.id, max_active_runs=limit)
        words = f"{actor} let {limit} runs of backfill {row.id} run at the same time"
        _tell(turn, row, "backfill_limited", f"{words}, formerly {row.max_active_runs}", actor)
    return {"backfill_id": row.id, "former": row.max_active_runs}


def cancel_backfill(turn: Turn, payload: Payload, actor: str) -> Any:
    """End a backfill: its queued runs fail, what runs goes on (Airflow 3's cancel)."""
    row = _open_backfill(turn, payload)
    turn.brain.backfills.pop(row.id, None)
    table = models.dag_run
    mine = table.c.backfill_id == row.id
    found = turn.connection.execute(
        select(table.c.id, table.c.run_id, table.c.state)
        .where(mine, table.c.state.in_((DagRunState.QUEUED, DagRunState.RUNNING)))
        .order_by(table.c.run_after, table.c.id)
    ).all()
    queued = [run for run in found if run.state == DagRunState.QUEUED]
    why = f"backfill {row.id} was cancelled by {actor} before the run started"
    for run in queued:
        turn.changes.update(table, run.id, state=DagRunState.FAILED, ended_at=turn.now)
        where = {"dag_id": row.dag_id, "run_id": run.run_id, "dag_run_id": run.id}
        turn.changes.event(turn.now, "run_failed", why, actor=actor, **where)
    turn.brain.count_queued(row.dag_id, row.id, -len(queued))
    turn.changes.update(
        models.backfill, row.id, cancelled_at=turn.now, paused_at=None, next_date=None
    )
    runs.end_backfill(turn, row.id)
    number = "1 queued run" if len(queued) == 1 else f"{len(queued)} queued runs"
    words = f"{actor} cancelled backfill {row.id}: {number} failed"
    _tell(turn, row, "backfill_cancelled", words, actor)
    return {"backfill_id": row.id, "failed": len(queued), "running": len(found) - len(queued)}


def _open_backfill(turn: Turn, payload: Payload) -> Row[Any]:
    """The backfill that a command names. Raises ``Refused`` where it is over."""
    key = payload["backfill_id"]
    turn.changes.flush(turn.connection)
    table = models.backfill
    query = select(table).where(table.c.id == key).with_for_update()
    row = turn.connection.execute(query).first()
    if row is None:
        raise Refused(f"there is no backfill {key}; 'dagtop dags backfills DAG' shows a DAG's")
    if row.cancelled_at is not None:
        raise Refused(f"backfill {key} of {row.dag_id} was cancelled already")
    if row.ended_at is not None:
        raise Refused(f"backfill {key} of {row.dag_id} is completed: all its runs have ended")
    return row


def _tell(turn: Turn, row: Row[Any], kind: str, words: str, actor: str) -> None:
    details = {"backfill_id": row.id}
    turn.changes.event(turn.now, kind, words, actor=actor, dag_id=row.dag_id, details=details)

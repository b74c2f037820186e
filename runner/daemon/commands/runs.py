"""Commands about DAGs and their runs."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select

from runner.authoring.timetables import DagRunInfo, DataInterval
from runner.daemon import making, runs, schedules, timing
from runner.daemon.commands.common import (
    Payload,
    Refused,
    check_run_id,
    checked_conf,
    named_pipeline,
    named_run,
    parse_date,
)
from runner.daemon.commands.notes import note_of, write_notes
from runner.daemon.commands.undoing import undo
from runner.daemon.memory import Pipeline
from runner.daemon.turn import Turn
from runner.scheduling.endings import BEGUN_TASK_STATES, end_run
from store import models
from store.states import (
    EXECUTING_TASK_STATES,
    FINISHED_RUN_STATES,
    FINISHED_TASK_STATES,
    DagRunState,
    DagRunType,
)


def trigger(turn: Turn, payload: Payload, actor: str) -> Any:
    """Make a manual run. Its logical date is now unless one is given."""
    pipeline = named_pipeline(turn, payload)
    if not pipeline.is_active:
        raise Refused(f"{pipeline.file} no longer defines DAG {pipeline.dag_id}")
    if pipeline.file_error is not None:
        raise Refused(f"{pipeline.file} can't be imported: {pipeline.file_error}")
    conf = checked_conf(pipeline, payload.get("conf"))
    info, run_id = _identity(turn, pipeline, payload)
    key = making.make_run(
        turn,
        pipeline,
        run_type=DagRunType.MANUAL,
        run_id=run_id,
        logical_date=info.logical_date,
        interval=info.interval,
        run_after=info.run_after,
        conf=conf,
        note=payload.get("note"),
        experiment=(payload.get("experiment") or "").strip() or None,
        triggered_by=actor,
    )
    turn.changes.event(
        turn.now,
        "run_triggered",
        f"{actor} triggered {run_id}",
        actor=actor,
        dag_id=pipeline.dag_id,
        dag_run_id=key,
        run_id=run_id,
        details={"conf": conf},
    )
    return {"run_id": run_id, "dag_run_id": key, "held": pipeline.hold()}


def _identity(turn: Turn, pipeline: Pipeline, payload: Payload) -> tuple[DagRunInfo, str]:
    """Dates and id of a triggered run. Those not given are of now, and no other run's."""
    turn.changes.flush(turn.connection)
    date, run_id, interval = payload.get("logical_date"), payload.get("run_id"), _interval(payload)
    dag_id, table = pipeline.dag_id, models.dag_run
    run_after = turn.now
    while True:
        logical_date = parse_date(date) if date else run_after
        if interval is None:
            info = _manual_run(pipeline, logical_date, run_after)
        else:
            info = DagRunInfo(logical_date, interval, run_after)
        named = check_run_id(run_id) if run_id else timing.run_id(DagRunType.MANUAL, info)
        id_taken = making.is_taken(turn, dag_id, table.c.run_id, named)
        date_taken = making.is_taken(turn, dag_id, table.c.logical_date, logical_date)
        if id_taken and run_id:
            raise Refused(f"DAG {dag_id} has a run {run_id!r} already")
        if date_taken and date:
            raise Refused(f"DAG {dag_id} has a run of {logical_date.isoformat()} already")
        if not (id_taken or date_taken):
            return info, named
        run_after += timedelta(microseconds=1)


def _interval(payload: Payload) -> DataInterval | None:
    """The data interval that was given; None: the timetable has it. Raises ``Refused``."""
    start, end = payload.get("data_interval_start"), payload.get("data_interval_end")
    if not start and not end:
        return None
    if not start or not end:
        missing = "end" if start else "start"
        raise Refused(f"the data interval has no {missing}: give both, or neither")
    interval = DataInterval(parse_date(start), parse_date(end))
    if interval.start > interval.end:
        raise Refused(
            f"the data interval ends at {interval.end.isoformat()}, before its start at "
            f"{interval.start.isoformat()}"
        )
    return interval


def _manual_run(pipeline: Pipeline, logical_date: datetime, run_after: datetime) -> DagRunInfo:
    try:
        return timing.manual_run(pipeline.structure, logical_date, run_after)
    except (OverflowError, ValueError) as error:
        raise Refused(
            f"the logical date {logical_date.isoformat()} has no data interval in the schedule "
            f"{pipeline.structure.timetable.summary} ({error}): choose another"
        ) from None


def pause(turn: Turn, payload: Payload, actor: str) -> Any:
    return _set_paused(turn, payload, True, actor)


def unpause(turn: Turn, payload: Payload, actor: str) -> Any:
    return _set_paused(turn, payload, False, actor)


def _set_paused(turn: Turn, payload: Payload, paused: bool, actor: str) -> Any:
    found = [named_pipeline(turn, {"dag_id": dag_id}) for dag_id in payload["dag_ids"]]
    changed: list[str] = []
    for pipeline in found:
        if pipeline.is_paused != paused:
            schedules.set_paused(turn, pipeline, paused, actor=actor)
            changed.append(pipeline.dag_id)
    return {"dag_ids": [pipeline.dag_id for pipeline in found], "changed": changed}


def mark_run(turn: Turn, payload: Payload, actor: str) -> Any:
    """Set a run's final state by hand; teardowns whose setup ran still run."""
    wanted = payload["state"]
    if wanted not in ("success", "failed"):
        raise Refused("a run can be marked success or failed")
    return _end_run(turn, payload, wanted, f"marked {wanted} by {actor}", actor)


def cancel_run(turn: Turn, payload: Payload, actor: str) -> Any:
    """End what runs, skip what waits; the run is failed."""
    return _end_run(turn, payload, "failed", f"cancelled by {actor}", actor)


def _end_run(turn: Turn, payload: Payload, wanted: str, why: str, actor: str) -> Any:
    pipeline = named_pipeline(turn, payload)
    row = named_run(turn, pipeline.dag_id, payload["run_id"])
    note = note_of(payload)
    details = None if note is None else {"note": note}
    if payload.get("dry_run"):
        return {"become": [[row.run_id, row.state, wanted]], **_to_end(turn, pipeline, row)}
    run = turn.brain.runs.get(row.id)
    if run is None and row.state == DagRunState.QUEUED:
        run = runs.begin_run(turn, pipeline, row)
    if run is None:
        if row.state == wanted:
            left = "" if note is None else ": the note was not written"
            raise Refused(f"run {row.run_id} is {row.state} already{left}")
        if payload.get("only_unfinished"):
            raise Refused(f"run {row.run_id} has ended: it is {row.state}")
        turn.changes.update(models.dag_run, row.id, state=wanted)
        turn.changes.event(
            turn.now,
            "run_marked",
            why,
            actor=actor,
            dag_id=pipeline.dag_id,
            dag_run_id=row.id,
            run_id=row.run_id,
            details=details,
        )
        write_notes(turn, models.dag_run, [row], note)
        after, left = DagRunState(wanted), {"note": note, "noted": [row]}
        before = undo(turn, pipeline, [row], [], whole=True, after=after, **left)
        return {"run_id": row.run_id, "state": wanted, "undo": before}
    rows = _instances(turn, row.id)
    run.intended_state = wanted
    turn.changes.update(models.dag_run, run.key, intended_state=wanted)
    turn.changes.event(turn.now, "run_marked", why, actor=actor, details=details, **run.where())
    write_notes(turn, models.dag_run, [row], note)
    decision = end_run(run.state, DagRunState(wanted), why)
    runs.apply(turn, run, decision)
    if decision.run_state is not None:
        runs.finish_run(turn, run, decision.run_state, why)
    touched = [
        (one, became)
        for one in rows
        if (became := run.state.instances[(one.task_id, one.map_index)].state) != one.state
        or one.state in EXECUTING_TASK_STATES
    ]
    return {
        "run_id": run.run_id,
        "state": wanted,
        "ended_tasks": len(decision.kills),
        "undo": undo(
            turn, pipeline, [row], touched, whole=True, of_runs=True, note=note, noted=[row]
        ),
    }


def _to_end(turn: Turn, pipeline: Pipeline, row: Row[Any]) -> dict[str, int]:
    """How many task instances are ended with a run, and how many skipped: see ``end_run``."""
    if row.state in FINISHED_RUN_STATES:
        return {"ended": 0, "skipped": 0}
    teardowns = {name for name, task in pipeline.tasks.items() if task.is_teardown}
    left = [
        one.state
        for one in _instances(turn, row.id)
        if one.state not in FINISHED_TASK_STATES and one.task_id not in teardowns
    ]
    ended = sum(state in BEGUN_TASK_STATES for state in left)
    return {"ended": ended, "skipped": len(left) - ended}


def _instances(turn: Turn, run_key: int) -> list[Row[Any]]:
    """The task instances of a run as they are now."""
    turn.changes.flush(turn.connection)
    table, run = models.task_instance, models.dag_run
    query = select(table, run.c.run_id).join(run, run.c.id == table.c.dag_run_id)
    return list(turn.connection.execute(query.where(table.c.dag_run_id == run_key)))

"""The backfill command: the scheduled runs of a span of time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from runner.authoring.timetables import DagRunInfo
from runner.daemon import runs, timing
from runner.daemon.commands.common import Payload, Refused, named_pipeline, parse_date
from runner.daemon.commands.instances import chosen_instances, clear_rows
from runner.daemon.commands.runs import checked_conf
from runner.daemon.memory import Pipeline
from runner.daemon.turn import Turn
from runner.scheduling import dag_runs
from store import models
from store.states import (
    DagRunType,
)


def backfill(turn: Turn, payload: Payload, actor: str) -> Any:
    """Make the scheduled runs of a span of time (Airflow 3's backfill)."""
    pipeline = named_pipeline(turn, payload)
    start, end = parse_date(payload["from_date"]), parse_date(payload["to_date"])
    reprocess = payload.get("reprocess") or "none"
    given = payload.get("conf")
    conf = checked_conf(pipeline, given)
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
    if payload.get("dry_run"):
        return {"backfill_id": None, "runs": listed}
    limit = max(1, payload.get("max_active_runs") or 10)
    key = _make(turn, pipeline, (start, end), conf, reprocess, limit, backwards, actor)
    _fill(turn, pipeline, key, conf, new, actor)
    _run_again(turn, pipeline, key, given, again, actor)
    turn.changes.event(
        turn.now,
        "backfill",
        f"{actor} started a backfill of {len(listed)} runs",
        actor=actor,
        dag_id=pipeline.dag_id,
        details={"from": start.isoformat(), "to": end.isoformat(), "reprocess": reprocess},
    )
    return {"backfill_id": key, "runs": listed, "held": pipeline.hold()}


def _make(
    turn: Turn,
    pipeline: Pipeline,
    span: tuple[datetime, datetime],
    conf: Payload,
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


def _fill(
    turn: Turn,
    pipeline: Pipeline,
    key: int,
    conf: Payload,
    new: list[tuple[str, DagRunInfo]],
    actor: str,
) -> None:
    """Make the new runs."""
    for run_id, info in new:
        runs.make_run(
            turn,
            pipeline,
            run_type=DagRunType.BACKFILL,
            run_id=run_id,
            logical_date=info.logical_date,
            interval=info.interval,
            run_after=info.run_after,
            conf=conf,
            triggered_by=actor,
            backfill_id=key,
        )


def _run_again(
    turn: Turn,
    pipeline: Pipeline,
    key: int,
    conf: Payload | None,
    again: list[Row[Any]],
    actor: str,
) -> None:
    """Clear runs that are there: they become the backfill's (Airflow's ``_handle_clear_run``)."""
    turn.changes.flush(turn.connection)
    columns: dict[str, Any] = {
        "backfill_id": key,
        "run_type": DagRunType.BACKFILL,
        "triggered_by": actor,
    }
    if conf:
        columns["conf"] = conf
    for row in again:
        turn.changes.update(models.dag_run, row.id, **columns)
        turn.changes.flush(turn.connection)
        chosen = chosen_instances(turn, pipeline, [row], {})
        clear_rows(turn, pipeline, chosen, f"backfill by {actor}")


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
    taken = set(
        turn.connection.execute(
            select(table.c.run_id).where(
                table.c.dag_id == pipeline.dag_id,
                table.c.run_id.startswith(f"{DagRunType.BACKFILL}__", autoescape=True),
            )
        ).scalars()
    )
    new, again = [], []
    for info in infos:
        row = have.get(info.logical_date)
        if row is None:
            first = timing.run_id(DagRunType.BACKFILL, info)
            run_id = runs.free_run_id(first, taken.__contains__)
            taken.add(run_id)
            new.append((run_id, info))
        elif dag_runs.is_created_by_backfill(row.state, reprocess):
            again.append(row)
    return new, again

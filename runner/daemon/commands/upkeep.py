"""Commands about the runner and its pipelines: delete, reparse, stop."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select

from runner.daemon import runs
from runner.daemon.commands.common import Payload, Refused, named_pipeline, named_run
from runner.daemon.turn import Turn
from store import maintenance, models, records
from store.states import FINISHED_RUN_STATES


def delete_dag(turn: Turn, payload: Payload, actor: str) -> Any:
    """Delete a DAG's runs and its row. Its file, if there, brings it back empty."""
    pipeline = named_pipeline(turn, payload)
    if turn.brain.has_unfinished_runs(pipeline.dag_id):
        raise Refused(f"DAG {pipeline.dag_id} has unfinished runs: cancel them first")
    tries = [one for one in turn.brain.tries.values() if one.dag_id == pipeline.dag_id]
    if not all(one.ended or one.gone for one in tries):
        raise Refused(f"processes of DAG {pipeline.dag_id} are still ending: try again in a moment")
    turn.changes.flush(turn.connection)
    table = models.dag_run
    mine = table.c.dag_id == pipeline.dag_id
    keys = turn.connection.execute(select(table.c.id).where(mine)).scalars().all()
    records.keep_ids(turn.connection)
    turn.connection.execute(delete(table).where(mine))
    turn.connection.execute(
        delete(models.backfill).where(models.backfill.c.dag_id == pipeline.dag_id)
    )
    turn.connection.execute(delete(models.dag).where(models.dag.c.dag_id == pipeline.dag_id))
    turn.connection.execute(
        delete(models.dag_version).where(models.dag_version.c.dag_id == pipeline.dag_id)
    )
    turn.connection.execute(
        delete(models.pipeline_file).where(models.pipeline_file.c.file == pipeline.file)
    )
    del turn.brain.pipelines[pipeline.dag_id]
    turn.orders.deleted_runs.extend(keys)
    turn.orders.reparse.append(pipeline.file)
    turn.changes.event(
        turn.now,
        "dag_deleted",
        f"{actor} deleted {pipeline.dag_id} with {len(keys)} runs",
        actor=actor,
        dag_id=pipeline.dag_id,
    )
    return {"runs": len(keys)}


def delete_runs(turn: Turn, payload: Payload, actor: str) -> Any:
    """Delete ended runs of a DAG, with their task instances, logs, XComs and metrics."""
    pipeline = named_pipeline(turn, payload)
    rows = [
        named_run(turn, pipeline.dag_id, run_id) for run_id in dict.fromkeys(payload["run_ids"])
    ]
    for row in rows:
        if row.state not in FINISHED_RUN_STATES:
            raise Refused(f"run {row.run_id} is {row.state}: cancel it first, then delete it")
    keys = [row.id for row in rows]
    for one in turn.brain.tries.values():
        if one.run_key in keys and not (one.ended or one.gone):
            name = next(row.run_id for row in rows if row.id == one.run_key)
            raise Refused(f"processes of run {name} are still ending: try again in a moment")
    maintenance.delete_runs(turn.connection, keys)
    turn.orders.deleted_runs.extend(keys)
    for row in rows:
        words = f"{actor} deleted run {row.run_id}, which was {row.state}"
        turn.changes.event(
            turn.now,
            "run_deleted",
            words,
            actor=actor,
            dag_id=pipeline.dag_id,
            run_id=row.run_id,
            dag_run_id=row.id,
        )
    return {"runs": len(rows)}


def reparse(turn: Turn, payload: Payload, actor: str) -> Any:
    """Import pipeline files anew, changed or not."""
    files = payload.get("files")
    if files is None:
        files = sorted(turn.connection.execute(select(models.pipeline_file.c.file)).scalars())
    turn.orders.reparse.extend(files)
    return {"files": files}


def stop(turn: Turn, payload: Payload, actor: str) -> Any:
    """End the runner. Running tasks go on, unless they are to be ended too."""
    if payload.get("kill_tasks"):
        for live_try in turn.brain.tries.values():
            if not live_try.ended and live_try.intent is None:
                runs.order_end(turn, live_try, f"restart:the runner was stopped by {actor}")
    turn.orders.stop = "kill" if payload.get("kill_tasks") else "leave"
    turn.changes.event(turn.now, "runner_stopped", f"{actor} stopped the runner", actor=actor)
    return {"stopping": True}

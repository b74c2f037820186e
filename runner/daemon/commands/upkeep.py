"""Commands about the runner and its pipelines: delete, reparse, stop."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, delete, select

from runner.daemon import runs
from runner.daemon.commands.common import (
    Payload,
    Refused,
    instance_name,
    named_pipeline,
    named_run,
)
from runner.daemon.turn import Turn
from store import maintenance, models, records
from store.states import FINISHED_RUN_STATES, FINISHED_TASK_STATES

NAMED = 8
"""Task instances that the event of a deletion names in its sentence."""


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
    """Delete ended runs of a DAG, with their task instances, logs and XComs."""
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


def delete_task_instances(turn: Turn, payload: Payload, actor: str) -> Any:
    """Delete ended task instances of an ended run, with their tries, logs and XComs.

    The run keeps its state. A clear of the run makes those anew whose tasks the file still has.
    """
    pipeline = named_pipeline(turn, payload)
    run = named_run(turn, pipeline.dag_id, payload["run_id"])
    if run.state not in FINISHED_RUN_STATES:
        raise Refused(
            f"run {run.run_id} is {run.state}: wait for its end or cancel it, then delete"
        )
    rows = _named_instances(turn, run, payload)
    answer = {"instances": [[run.run_id, row.task_id, row.map_index, row.state] for row in rows]}
    if payload.get("dry_run"):
        return answer
    turn.orders.deleted_tries.extend(
        maintenance.delete_instances(turn.connection, [row.id for row in rows])
    )
    for row in rows:
        turn.brain.tell_dropped(run.id, (row.task_id, row.map_index))
    names = [instance_name(row) for row in rows]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    only = rows[0] if len(rows) == 1 else None
    turn.changes.event(
        turn.now,
        "task_deleted",
        f"{actor} deleted {', '.join(names[:NAMED])}{more} of run {run.run_id}",
        actor=actor,
        dag_id=pipeline.dag_id,
        dag_run_id=run.id,
        run_id=run.run_id,
        task_id=rows[0].task_id if len({row.task_id for row in rows}) == 1 else None,
        map_index=only.map_index if only else None,
        details={"instances": [[row.task_id, row.map_index, row.state] for row in rows]},
    )
    return answer


def _named_instances(turn: Turn, run: Row[Any], payload: Payload) -> list[Row[Any]]:
    """What a deletion is about, also of tasks that the file has no more. Raises ``Refused``."""
    table = models.task_instance
    indexes = payload.get("map_indexes")
    query = select(table).where(
        table.c.dag_run_id == run.id, table.c.task_id.in_(payload["task_ids"])
    )
    ordered = turn.connection.execute(query.order_by(table.c.task_id, table.c.map_index))
    rows = [row for row in ordered if indexes is None or row.map_index in indexes]
    if not rows:
        some = "" if indexes is None else "".join(f"[{index}]" for index in indexes[:NAMED])
        names = ", ".join(f"{task_id}{some}" for task_id in payload["task_ids"][:NAMED])
        raise Refused(f"run {run.run_id} has no task instance {names}")
    for row in rows:
        if row.state not in FINISHED_TASK_STATES:
            first = "mark it" if row.state is None else "wait for its end or kill it"
            raise Refused(
                f"{instance_name(row)} of run {run.run_id} {_is(row.state)}: {first}, then delete"
            )
    keys = {(row.task_id, row.map_index) for row in rows}
    for one in turn.brain.tries.values():
        mine = one.run_key == run.id and (one.task_id, one.map_index) in keys
        if mine and not (one.ended or one.gone):
            raise Refused(
                f"the process of {instance_name(one)} of run {run.run_id} is still ending: "
                "try again in a moment"
            )
    return rows


def _is(state: str | None) -> str:
    return "has no status" if state is None else f"is {state}"


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

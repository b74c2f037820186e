"""The queue's order, changed by hand: the priority weight of what has not started."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from runner.daemon.commands.common import Payload, Refused, named_pipeline, named_run
from runner.daemon.commands.instances import chosen_instances
from runner.daemon.turn import Turn
from store import models
from store.states import EXECUTING_TASK_STATES, FINISHED_TASK_STATES, TaskInstanceState

STARTED = EXECUTING_TASK_STATES | FINISHED_TASK_STATES


def set_priority(turn: Turn, payload: Payload, actor: str) -> Any:
    """Give task instances that have not started a priority weight; None: the file's again."""
    pipeline = named_pipeline(turn, payload)
    run = named_run(turn, pipeline.dag_id, payload["run_id"])
    priority = payload.get("priority")
    named = chosen_instances(turn, pipeline, [run], payload)
    found = [row for row in named if not _has_started(row)]
    if not found:
        words = ", ".join(payload["task_ids"])
        raise Refused(f"nothing of {words} in run {run.run_id} waits to be started")
    changed = [row for row in found if row.priority_weight != priority]
    for row in changed:
        _set(turn, row, priority)
    if changed:
        _tell(turn, pipeline.dag_id, run, changed, priority, actor)
    return {
        "instances": [[row.task_id, row.map_index, row.priority_weight] for row in changed],
        "started": len(named) - len(found),
    }


def _has_started(row: Row[Any]) -> bool:
    return row.state is not None and TaskInstanceState(row.state) in STARTED


def _set(turn: Turn, row: Row[Any], priority: int | None) -> None:
    turn.changes.update(models.task_instance, row.id, priority_weight=priority)
    run = turn.brain.runs.get(row.dag_run_id)
    instance = None if run is None else run.instance(row.id)
    if run is None or instance is None:
        return
    instance.priority_weight = priority
    if row.id in turn.brain.candidates:
        turn.brain.candidates[row.id] = run.candidate(instance)


def _tell(
    turn: Turn,
    dag_id: str,
    run: Row[Any],
    changed: list[Row[Any]],
    priority: int | None,
    actor: str,
) -> None:
    """Put it on the audit trail, with what was there before."""
    pipeline = turn.brain.pipelines[dag_id]

    def weight(row: Row[Any], own: int | None) -> str:
        task = pipeline.tasks.get(row.task_id)
        return str(own if own is not None or task is None else task.priority_weight)

    one = changed[0] if len(changed) == 1 else None
    what = "the priority weight" if one else f"the priority weight of {len(changed)} instances"
    weights = sorted({weight(row, priority) for row in changed})
    before = sorted({weight(row, row.priority_weight) for row in changed})
    turn.changes.event(
        turn.now,
        "priority_set",
        f"{actor} set {what} to {', '.join(weights)}, before {', '.join(before)}",
        actor=actor,
        dag_id=dag_id,
        dag_run_id=run.id,
        run_id=run.run_id,
        task_id=changed[0].task_id if len({row.task_id for row in changed}) == 1 else None,
        map_index=one.map_index if one else None,
        details={
            "priority": priority,
            "former": [[row.task_id, row.map_index, row.priority_weight] for row in changed],
        },
    )

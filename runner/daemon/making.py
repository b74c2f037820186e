"""New DAG runs and task instances, as rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import chain, count
from typing import Any

from sqlalchemy import Column, select

from runner.daemon.memory import Pipeline
from runner.daemon.turn import Turn
from runner.scheduling.expansion import initial_instances
from runner.scheduling.model import (
    Instance,
)
from store import models
from store.states import (
    DagRunState,
)


def make_run(
    turn: Turn,
    pipeline: Pipeline,
    *,
    run_type: str,
    run_id: str,
    logical_date: datetime | None,
    interval: tuple[datetime, datetime] | None,
    run_after: datetime,
    conf: dict[str, Any] | None = None,
    note: str | None = None,
    triggered_by: str = "schedule",
    backfill_id: int | None = None,
    experiment: str | None = None,
) -> int:
    """Insert a DAG run in state queued, with its task instances. Returns its row key."""
    key = turn.brain.counters.take("dag_run")
    turn.changes.insert(
        models.dag_run,
        key,
        {
            "id": key,
            "dag_id": pipeline.dag_id,
            "run_id": run_id,
            "run_type": run_type,
            "state": DagRunState.QUEUED,
            "logical_date": logical_date,
            "data_interval_start": interval[0] if interval else None,
            "data_interval_end": interval[1] if interval else None,
            "run_after": run_after,
            "queued_at": turn.now,
            "conf": conf,
            "note": note,
            "triggered_by": triggered_by,
            "version_id": pipeline.version_id,
            "backfill_id": backfill_id,
            "experiment": experiment,
        },
    )
    for instance in initial_instances(pipeline.structure, logical_date, run_type):
        insert_instance(turn, pipeline, key, instance)
    turn.brain.count_queued(pipeline.dag_id, backfill_id, 1)
    return key


def insert_instance(turn: Turn, pipeline: Pipeline, run_key: int, instance: Instance) -> None:
    """Insert the row of a new task instance and tell the instance its key."""
    key = turn.brain.counters.take("task_instance")
    instance.row_key = key
    task = pipeline.tasks[instance.task_id]
    instance.max_tries = task.retries
    turn.changes.insert(
        models.task_instance,
        key,
        {
            "id": key,
            "dag_run_id": run_key,
            "dag_id": pipeline.dag_id,
            "task_id": instance.task_id,
            "map_index": instance.map_index,
            "state": instance.state,
            "try_number": instance.try_number,
            "max_tries": instance.max_tries,
            "pool": task.pool,
            "pool_slots": task.pool_slots,
            "version_id": pipeline.version_id,
            "priority_weight": instance.priority_weight,
        },
    )


def is_taken(turn: Turn, dag_id: str, column: Column[Any], value: Any) -> bool:
    """Whether a run of the DAG has that run id, or that logical date."""
    query = select(column).where(models.dag_run.c.dag_id == dag_id, column == value)
    return turn.connection.execute(query.limit(1)).first() is not None


def free_run_id(first: str, is_taken: Callable[[str], bool]) -> str:
    """The id of a new run; numbered where intervals of a changed schedule have the same end."""
    numbered = (f"{first}_{number}" for number in count(2))
    return next(run_id for run_id in chain([first], numbered) if not is_taken(run_id))

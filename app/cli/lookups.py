"""Finding the DAG, run and task that a command names; saying what may have been meant if not."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from app.cli.errors import CommandError, not_found, usage_error
from app.cli.exit_codes import ExitCode
from store.queries import backfills, dags, runs, tasks
from store.queries.backfills import BackfillRow
from store.queries.dags import DagRow
from store.queries.runs import RunFilter, RunRow
from store.queries.tasks import InstanceRow, TryRow

LATEST = "latest"
SEARCHED_RUNS = 2000
"""Newest runs of a DAG among which the beginning of a run id is looked for."""


def find_dag(connection: Connection, dag_id: str) -> DagRow:
    """The DAG of that id."""
    found = dags.get_dag(connection, dag_id)
    if found is None:
        raise not_found("DAG", dag_id, dags.dag_ids(connection, active=None))
    return found


def find_run(connection: Connection, dag_id: str, name: str) -> RunRow:
    """The run of that id; ``latest``; or the one whose id, or its part after ``__``, begins so."""
    if name == LATEST:
        latest = runs.latest_run(connection, dag_id)
        if latest is None:
            find_dag(connection, dag_id)
            raise CommandError(f"DAG {dag_id} has no run yet", ExitCode.NOT_FOUND)
        return latest
    exact = runs.get_run(connection, dag_id, name)
    if exact is not None:
        return exact
    find_dag(connection, dag_id)
    recent = runs.list_runs(connection, RunFilter(dag_id=dag_id), limit=SEARCHED_RUNS).rows
    begun = [row for row in recent if _begins(row.run_id, name)]
    if len(begun) == 1:
        return begun[0]
    if begun:
        shown = ", ".join(row.run_id for row in begun[:3])
        raise usage_error(
            f"{len(begun)} runs of {dag_id} begin with {name!r} ({shown}, …); write more of the id"
        )
    raise not_found("run", name, (row.run_id for row in recent), f" of {dag_id}")


def _begins(run_id: str, beginning: str) -> bool:
    return bool(beginning) and (
        run_id.startswith(beginning) or run_id.partition("__")[2].startswith(beginning)
    )


def find_backfill(connection: Connection, key: int) -> BackfillRow:
    """The backfill of that id."""
    found = backfills.get_backfill(connection, key)
    if found is None:
        raise CommandError(
            f"there is no backfill {key}; 'dagtop dags backfills DAG' lists a DAG's",
            ExitCode.NOT_FOUND,
        )
    return found


def find_tasks(
    connection: Connection, run: RunRow, task_ids: Iterable[str] | None
) -> list[InstanceRow]:
    """The task instances of a run: all, or those of these tasks, each of which must have one."""
    instances = tasks.list_instances(connection, run.id)
    if task_ids is None:
        return instances
    present = {row.task_id for row in instances}
    wanted = list(task_ids)
    for task_id in wanted:
        if task_id not in present:
            where = f" in run {run.run_id} of {run.dag_id}"
            raise not_found("task", task_id, sorted(present), where)
    return [row for row in instances if row.task_id in wanted]


def find_instance(
    connection: Connection, run: RunRow, task_id: str, map_index: int | None
) -> InstanceRow:
    """One task instance; of a mapped task with several, the map index must be given."""
    instances = find_tasks(connection, run, [task_id])
    if map_index is None:
        if len(instances) == 1:
            return instances[0]
        indexes = [row.map_index for row in instances]
        raise usage_error(
            f"{task_id} has {len(instances)} task instances in run {run.run_id}: "
            f"choose one with --map-index {min(indexes)} to {max(indexes)}"
        )
    for row in instances:
        if row.map_index == map_index:
            return row
    indexes = [row.map_index for row in instances]
    it_has = f"it has {min(indexes)} to {max(indexes)}" if max(indexes) >= 0 else "it isn't mapped"
    raise CommandError(
        f"{task_id} has no map index {map_index} in run {run.run_id}: {it_has}", ExitCode.NOT_FOUND
    )


def find_try(connection: Connection, instance: InstanceRow, number: int | None) -> TryRow | None:
    """A try of a task instance; without a number the newest, None before the first."""
    if number is None:
        return tasks.latest_try(connection, instance.id)
    tries = tasks.list_tries(connection, instance.id)
    for row in tries:
        if row.try_number == number:
            return row
    there = [str(row.try_number) for row in tries]
    raise not_found("try", str(number), there, f" of {instance.task_id}")


def instance_name(task_id: str, map_index: int) -> str:
    """``train`` or ``train[3]``."""
    return task_id if map_index < 0 else f"{task_id}[{map_index}]"

"""Who of the scheduled task instances gets a slot (Airflow's critical section).

Highest priority weight first, then earliest logical date, then lowest map index. One that finds
no room is passed over, and those after it are still looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from runner.scheduling.model import Candidate, Choice, Usage


def choose(candidates: Iterable[Candidate], usage: Usage, parallelism: int) -> Choice:
    """Who starts now, in order, and for each of the others the first thing in its way.

    ``usage`` is not changed. A pool of -1 slots has no limit; in a pool that doesn't exist nothing
    starts. ``max_active_tasks`` counts per run, as in Airflow 3.
    """
    choice = Choice([], {})
    books = _Books(usage, parallelism)
    for candidate in sorted(candidates, key=_order):
        obstacle = books.obstacle(candidate)
        if obstacle is None:
            books.take(candidate)
            choice.start.append(candidate)
        else:
            choice.reasons[candidate.row_key] = obstacle
    return choice


def _order(candidate: Candidate) -> tuple[int, float, int, int]:
    return (
        -candidate.priority_weight,
        candidate.logical_date,
        candidate.map_index,
        candidate.row_key,
    )


class _Books:
    """What is in use while choosing: the usage at the start, and who has been chosen since."""

    def __init__(self, usage: Usage, parallelism: int) -> None:
        self.executing = usage.executing
        self.parallelism = parallelism
        self.totals = {name: pool.total for name, pool in usage.pools.items()}
        self.used = {name: pool.used for name, pool in usage.pools.items()}
        self.per_dag_run = dict(usage.per_dag_run)
        self.per_task = dict(usage.per_task)
        self.per_task_of_run = dict(usage.per_task_of_run)

    def take(self, candidate: Candidate) -> None:
        self.executing += 1
        self.used[candidate.pool] += candidate.pool_slots
        run, task_id = candidate.dag_run_key, candidate.task_id
        self.per_dag_run[run] = self.per_dag_run.get(run, 0) + 1
        task = (candidate.dag_id, task_id)
        self.per_task[task] = self.per_task.get(task, 0) + 1
        task_of_run = (run, task_id)
        self.per_task_of_run[task_of_run] = self.per_task_of_run.get(task_of_run, 0) + 1

    def obstacle(self, candidate: Candidate) -> str | None:
        name = candidate.pool
        total = self.totals.get(name)
        if total is None:
            return f"pool {name} does not exist: make it in Pools"
        if total >= 0:
            free = max(total - self.used[name], 0)
            slots = candidate.pool_slots
            if slots > total:
                return f"pool {name}: needs {slots} of its {total} slots"
            if slots > free or free == 0:
                needs = f", needs {slots}" if slots > 1 else ""
                return f"pool {name}: {free} of {total} free{needs}"
        running = self.per_dag_run.get(candidate.dag_run_key, 0)
        if running >= candidate.max_active_tasks:
            return f"max_active_tasks: {running} of {candidate.max_active_tasks} running"
        limit = candidate.max_active_tis_per_dag
        if limit is not None:
            running = self.per_task.get((candidate.dag_id, candidate.task_id), 0)
            if running >= limit:
                return f"max_active_tis_per_dag: {running} of {limit} running"
        limit = candidate.max_active_tis_per_dagrun
        if limit is not None:
            running = self.per_task_of_run.get((candidate.dag_run_key, candidate.task_id), 0)
            if running >= limit:
                return f"max_active_tis_per_dagrun: {running} of {limit} running"
        if self.executing >= self.parallelism:
            return f"parallelism: {self.executing} of {self.parallelism} running"
        return None

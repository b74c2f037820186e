"""How a run ends: its state from its leaves, deadlock, ``fail_fast``, timeout, and by command."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from runner.scheduling.graph import Graph
from runner.scheduling.model import Decision, InstanceKey, StateChange
from runner.scheduling.run_state import RunState
from runner.scheduling.trigger_rules import READY
from runner.scheduling.verdicts import find
from store.states import (
    EXECUTING_TASK_STATES,
    FINISHED_TASK_STATES,
    DagRunState,
    TaskInstanceState,
)
from store.structure import DagStructure

BAD_TASK_STATES = (TaskInstanceState.FAILED, TaskInstanceState.UPSTREAM_FAILED)
_ACTIVE = (*EXECUTING_TASK_STATES, TaskInstanceState.SCHEDULED, TaskInstanceState.DEFERRED)
BEGUN_TASK_STATES = frozenset(
    {
        TaskInstanceState.RUNNING,
        TaskInstanceState.RESTARTING,
        TaskInstanceState.DEFERRED,
        TaskInstanceState.UP_FOR_RESCHEDULE,
    }
)
"""States whose work has begun: a run that is ended by command gives them its own end."""


def conclude(run: RunState, decision: Decision) -> None:
    """Give the decision the run's final state, if the run has come to its end.

    Unfinished instances none of which can ever run are a deadlock, which fails the run; tasks that
    depend on the past or have limits of their own are given the benefit of the doubt (Airflow's
    ``update_state``).
    """
    if run.unfinished:
        blocked = None if run.count(*_ACTIVE) else _deadlock(run)
        if blocked is not None:
            decision.run_state = DagRunState.FAILED
            decision.run_reason = f"deadlock: {blocked} waits for what can no longer happen"
        return
    bad = {
        task_id: state
        for task_id, task_state in run.tasks.items()
        for state in reversed(BAD_TASK_STATES)
        if task_state.states[state]
    }
    decision.run_state, decision.run_reason = state_of_leaves(run.graph, bad)


def state_of_leaves(
    graph: Graph, bad: Mapping[str, TaskInstanceState | str]
) -> tuple[DagRunState, str]:
    """The state of a run of which everything has ended, and why.

    ``bad``: the tasks of which an instance failed, or could not run, and which of it. Only leaves
    count; teardowns only with ``on_failure_fail_dagrun``. (With ``fail_fast``, which skips the
    leaves after a failure, every task counts: Airflow calls such a run a success.)
    """
    for task_id, node in graph.nodes.items():
        if task_id in bad and (
            node.counts_for_run or (graph.structure.fail_fast and not node.task.is_teardown)
        ):
            return DagRunState.FAILED, f"{task_id} is {bad[task_id]}"
    return DagRunState.SUCCESS, "no leaf task failed"


def _deadlock(run: RunState) -> str | None:
    """A task that waits in vain, if all that is unfinished does."""
    blocked: str | None = None
    for task_state in run.tasks.values():
        if not task_state.waiting:
            continue
        if task_state.node.depends_on_past or task_state.node.limits_tasks:
            return None
        blocked = blocked or task_state.node.task_id
        for index in task_state.waiting:
            if task_state.instances[index].state is not None and (
                find(run, task_state, index).verdict is READY
            ):
                return None
    return blocked


def stop_the_rest(run: RunState, decision: Decision) -> None:
    """``fail_fast``: after a failure, what runs fails and what is left is skipped.

    Teardowns stay, and so do the other instances of the task that failed.
    """
    task_id, index = run.failed_fast[0]
    run.failed_fast.clear()
    label = task_id if index < 0 else f"{task_id}[{index}]"
    reason = f"{label} failed, and the DAG is set to fail fast"
    for task_state in run.tasks.values():
        node = task_state.node
        if node.task.is_teardown or node.task_id == task_id:
            continue
        for key, state in _states(run, node.task_id):
            if state in FINISHED_TASK_STATES:
                continue
            failed = state in {TaskInstanceState.RUNNING, TaskInstanceState.RESTARTING}
            new = TaskInstanceState.FAILED if failed else TaskInstanceState.SKIPPED
            _change(run, decision, key, new, reason)
    run.failed_fast.clear()


def timed_out(run: RunState, started_at: datetime | None, now: datetime) -> Decision | None:
    """The decision that ends a run which took longer than its DAG's ``dagrun_timeout``, or None.

    The run fails; all that is unfinished is skipped, teardowns too (Airflow's
    ``_schedule_dag_run``). Applied to ``run``.
    """
    if not is_too_long(run.structure, started_at, now):
        return None
    reason = f"the run took longer than {timedelta(seconds=run.structure.dagrun_timeout or 0)}"
    decision = Decision(run_state=DagRunState.FAILED, run_reason=reason)
    for key, instance in list(run.instances.items()):
        if instance.state not in FINISHED_TASK_STATES:
            _change(run, decision, key, TaskInstanceState.SKIPPED, reason)
    return decision


def is_too_long(structure: DagStructure, started_at: datetime | None, at: datetime | None) -> bool:
    """Whether a run takes longer by then than its DAG's ``dagrun_timeout``."""
    limit = structure.dagrun_timeout
    if limit is None or started_at is None or at is None:
        return False
    return started_at + timedelta(seconds=limit) <= at


def end_run(run: RunState, state: DagRunState, reason: str) -> Decision:
    """The decision that marks a run success or failed by command. Applied to ``run``.

    What has begun gets the run's end, what has not is skipped; teardowns are left to run, and
    while one is unfinished the run keeps going (Airflow's ``_set_dag_run_terminal_state``):
    ``run_state`` is None then.
    """
    ends = TaskInstanceState.SUCCESS if state is DagRunState.SUCCESS else TaskInstanceState.FAILED
    decision = Decision()
    teardowns = False
    for key, instance in list(run.instances.items()):
        if instance.state in FINISHED_TASK_STATES:
            continue
        task_state = run.tasks.get(key[0])
        if task_state is not None and task_state.node.task.is_teardown:
            teardowns = True
            continue
        new = ends if instance.state in BEGUN_TASK_STATES else TaskInstanceState.SKIPPED
        _change(run, decision, key, new, reason)
    run.failed_fast.clear()
    if not teardowns:
        decision.run_state, decision.run_reason = state, reason
    return decision


def _states(run: RunState, task_id: str) -> list[tuple[InstanceKey, TaskInstanceState | None]]:
    instances = run.tasks[task_id].instances
    return [((task_id, index), instances[index].state) for index in sorted(instances)]


def _change(
    run: RunState, decision: Decision, key: InstanceKey, state: TaskInstanceState, reason: str
) -> None:
    if run.instances[key].state in {*EXECUTING_TASK_STATES, TaskInstanceState.DEFERRED}:
        decision.kills.append(key)
    run.set_state(key, state)
    decision.changes.append(StateChange(key, state, reason))

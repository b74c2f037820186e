"""Why each unfinished task instance does not run now, in a few exact words."""

from __future__ import annotations

from datetime import datetime

from runner.scheduling.model import Instance, InstanceKey
from runner.scheduling.run_state import RunState, TaskState
from runner.scheduling.trigger_rules import NEEDED, READY
from runner.scheduling.verdicts import find, visible
from store.states import FINISHED_TASK_STATES, TaskInstanceState

_BY_STATE = {
    TaskInstanceState.SCHEDULED: "waits for a slot",
    TaskInstanceState.QUEUED: "is being started",
    TaskInstanceState.RESTARTING: "starts again when its process has ended",
    TaskInstanceState.DEFERRED: "waits for its trigger",
}


def why(run: RunState, now: datetime, task_id: str | None = None) -> dict[InstanceKey, str]:
    """The reason of every unfinished instance that doesn't run (of one task, if given).

    Times are told in the zone of ``now``. What an instance in state scheduled waits for
    (pool, parallelism, a limit) is known to ``limits.choose``.
    """
    reasons: dict[InstanceKey, str] = {}
    for task_state in run.tasks.values():
        if task_id is not None and task_state.node.task_id != task_id:
            continue
        shared: dict[tuple[bool, TaskInstanceState | None], str] | None = None
        if run.is_uniform(task_state):
            shared = {}
        for index in sorted(task_state.instances):
            instance = task_state.instances[index]
            state = instance.state
            if state in FINISHED_TASK_STATES or state is TaskInstanceState.RUNNING:
                continue
            reason = _BY_STATE.get(state) if state is not None else None
            if reason is None and instance.next_at is not None and instance.next_at > now:
                reason = _until(instance, now)
            if reason is None and shared is not None:
                reason = shared.get((index >= 0, state))
            if reason is None:
                reason = _waits_for(run, task_state, index)
                if shared is not None:
                    shared[index >= 0, state] = reason
            reasons[task_state.node.task_id, index] = reason
    return reasons


def _until(instance: Instance, now: datetime) -> str:
    assert instance.next_at is not None
    at = instance.next_at.astimezone(now.tzinfo)
    clock = f"{at:%H:%M:%S}" if at.date() == now.date() else f"{at:%Y-%m-%d %H:%M:%S}"
    if instance.state is TaskInstanceState.UP_FOR_RETRY:
        return f"try {instance.try_number + 1} of {instance.max_tries + 1} at {clock}"
    return f"looks again at {clock}"


def _waits_for(run: RunState, task_state: TaskState, index: int) -> str:
    node = task_state.node
    verdict, cause = find(run, task_state, index)
    hindrance = run.past.hindrance(node)
    if verdict is READY:
        if hindrance is not None:
            return hindrance
        return "is about to be scheduled"
    if verdict is not None:
        return hindrance or f"is about to be {verdict}"
    if cause == "setup":
        return _blockers(run, task_state, node.setups, index, "setup ") or "waits for its setup"
    if cause == "scope":
        return _blockers(run, task_state, node.scope, index) or "waits for what it tears down"
    waits = _blockers(run, task_state, node.upstream, index)
    if waits is not None:
        return waits
    tally = visible(run, task_state, task_state.direct, index)
    needed = NEEDED.get(node.task.trigger_rule, node.task.trigger_rule)
    return f"needs {needed}: {tally.done} of {tally.total} upstream have ended"


def _blockers(
    run: RunState, task_state: TaskState, watched: tuple[str, ...], index: int, kind: str = ""
) -> str | None:
    """The unfinished instances among those watched: the one by name, several by number."""
    unfinished: list[tuple[str, int]] = []
    total = 0
    pending = 0
    for task_id in watched:
        other = run.tasks[task_id]
        if index >= 0 and run.graph.same_group(task_id, task_state.node):
            seen = [i for i in (index, -1) if i in other.instances]
            open_ = [i for i in seen if other.instances[i].state not in FINISHED_TASK_STATES]
            total += len(seen)
            pending += len(open_)
            unfinished += [(task_id, i) for i in open_]
            continue
        total += len(other.instances)
        open_count = other.unfinished
        pending += open_count
        if open_count and len(unfinished) < 2:
            unfinished += [
                (task_id, i)
                for i, instance in other.instances.items()
                if instance.state not in FINISHED_TASK_STATES
            ][:2]
    if not pending:
        return None
    if pending > 1:
        return f"waits for {pending} of {total} {kind or 'upstream '}".rstrip()
    blocker, at = unfinished[0]
    state = run.tasks[blocker].instances[at].state
    label = blocker if at < 0 else f"{blocker}[{at}]"
    return f"waits for {kind}{label}: {state or 'no status yet'}"

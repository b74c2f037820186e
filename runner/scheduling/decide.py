"""The decision: given what is known of a run and the time, what changes now.

It works in rounds, as Airflow's scheduler does in passes: every instance is judged by the states
at the start of the round, then the changes are applied, then what they touch is judged. That
matters, because trigger rules are eager: a skip and a failure that arrive at a task in the same
round make it upstream_failed, in whatever order they were found.
"""

from __future__ import annotations

from datetime import datetime
from heapq import heapify, heappop, heappush

from runner.scheduling.endings import conclude, stop_the_rest
from runner.scheduling.expansion import literal_count
from runner.scheduling.model import (
    Decision,
    DroppedInstance,
    Instance,
    NewInstance,
    StateChange,
)
from runner.scheduling.reasons import why
from runner.scheduling.retries import retry_delay
from runner.scheduling.run_state import RunState, TaskState
from runner.scheduling.trigger_rules import READY, REMOVED, SKIPPED, UPSTREAM_FAILED
from runner.scheduling.verdicts import Finding, depends_on_inside, explain, find
from store.states import EXECUTING_TASK_STATES, FINISHED_TASK_STATES, TaskInstanceState

__all__ = ["decide", "retry_delay", "why"]

Change = StateChange | NewInstance | DroppedInstance


def decide(run: RunState, now: datetime, *, everything: bool = False) -> Decision:
    """What must change now; applied to ``run`` when this returns.

    Looks only at what moved since it was last asked, and at retries and pokes that are due;
    ``everything`` makes it look at all instances. Nothing is proposed twice.
    """
    decision = Decision()
    if everything:
        run.touch_everything()
    if run.failed_fast:
        stop_the_rest(run, decision)
    run.wake(now)
    looked = False
    while True:
        moved, all_ = run.take_changed()
        if not moved and not all_:
            break
        looked = True
        changes: list[Change] = []
        if all_:
            changes += _fit_to_structure(run)
        changes += _judge_all(run, _agenda(run, moved, all_=all_), now)
        run.pending.clear()
        for change in changes:
            _apply(run, change)
        decision.changes += changes
    if looked:
        conclude(run, decision)
    return decision


def _agenda(run: RunState, moved: dict[str, set[int]], *, all_: bool) -> dict[str, set[int]]:
    """Task id -> map indexes of the waiting instances to judge."""
    tasks = run.tasks
    if all_:
        return {task_id: task.waiting for task_id, task in tasks.items() if task.waiting}
    agenda: dict[str, set[int]] = {}
    for task_id, indexes in moved.items():
        task_state = tasks.get(task_id)
        if task_state is None:
            continue
        if not indexes.isdisjoint(task_state.waiting):
            _put(agenda, task_state, task_state.waiting & indexes)
        for watcher, same_index in task_state.node.watchers:
            watching = tasks[watcher]
            if not watching.waiting:
                continue
            if same_index and -1 not in indexes:
                _put(agenda, watching, watching.waiting & (indexes | {-1}))
            elif same_index or not depends_on_inside(watching, task_id):
                agenda[watcher] = watching.waiting
    return agenda


def _put(agenda: dict[str, set[int]], task_state: TaskState, indexes: set[int]) -> None:
    task_id = task_state.node.task_id
    known = agenda.get(task_id)
    if known is None:
        agenda[task_id] = indexes
    elif known is not task_state.waiting:
        known |= indexes


def _judge_all(run: RunState, agenda: dict[str, set[int]], now: datetime) -> list[Change]:
    """What changes in this round, in topological order of the tasks."""
    changes: list[Change] = []
    order = [(run.tasks[task_id].node.position, task_id) for task_id in agenda]
    heapify(order)
    while order:
        _, task_id = heappop(order)
        found = _judge(run, run.tasks[task_id], agenda[task_id], now)
        changes += found
        mappers = run.graph.mappers.get(task_id)
        for change in found if mappers else ():
            if isinstance(change, StateChange) and change.key[1] < 0:
                # Those that map over it see this at once, as they do in Airflow.
                run.pending[task_id] = change.state
                for mapper in mappers or ():
                    node = run.tasks[mapper].node
                    if mapper not in agenda and run.tasks[mapper].waiting:
                        heappush(order, (node.position, mapper))
                    agenda[mapper] = run.tasks[mapper].waiting
    return changes


def _judge(run: RunState, task_state: TaskState, indexes: set[int], now: datetime) -> list[Change]:
    """What changes among some waiting instances of one task."""
    changes: list[Change] = []
    uniform = run.is_uniform(task_state)
    # Where all instances look at the same upstream, one finding holds for all of them.
    if uniform and -1 not in indexes:
        finding = find(run, task_state, next(iter(indexes)))
        if finding.verdict is None:
            return changes
    else:
        finding = None
    revised: int | None = None
    for index in sorted(indexes):
        own = finding if finding is not None else find(run, task_state, index)
        if own.verdict is None:
            continue
        hindrance = run.past.hindrance(task_state.node)
        if own.verdict is not READY:
            changes += _end(run, task_state, index, own, hindrance)
        elif hindrance is None and is_due(task_state.instances[index], now):
            if task_state.node.expansion is None:
                changes.append(_start(task_state, index))
            elif index < 0:
                changes += _expand(run, task_state)
            else:
                if revised is None:
                    revised = run.expanded_count(task_state.node)
                    changes += _revise(run, task_state, revised)
                if revised is None or index < revised:
                    changes.append(_start(task_state, index))
    return changes


def _end(
    run: RunState, task_state: TaskState, index: int, finding: Finding, hindrance: str | None
) -> list[Change]:
    """An instance that will not run, as its upstream decides; it may want to wait for its past."""
    patient = task_state.node.task.wait_for_past_depends_before_skipping
    if finding.verdict is SKIPPED and patient and hindrance is not None:
        return []
    reason = explain(run, task_state, index, finding)
    return [StateChange((task_state.node.task_id, index), finding.verdict, reason)]


def is_due(instance: Instance, now: datetime) -> bool:
    """Whether the retry delay or the time between two pokes is over."""
    return instance.next_at is None or instance.next_at <= now


def _start(task_state: TaskState, index: int) -> StateChange:
    key = (task_state.node.task_id, index)
    if task_state.node.task.runs_nothing:
        return StateChange(key, TaskInstanceState.SUCCESS, "it runs nothing")
    return StateChange(key, READY, "its dependencies are met")


def _expand(run: RunState, task_state: TaskState) -> list[Change]:
    """The placeholder of a mapped task gives way to its instances."""
    node = task_state.node
    key = (node.task_id, -1)
    count = run.expanded_count(node)
    if count is None:
        missing = [source for source in node.sources if run.tasks[source].unfinished]
        what = "has not ended" if missing else "pushed no list or dict"
        reason = f"it can't be expanded: {', '.join(missing or node.sources)} {what}"
        return [StateChange(key, UPSTREAM_FAILED, reason)]
    if count == 0:
        return [StateChange(key, SKIPPED, "it maps over nothing: the list is empty")]
    changes: list[Change] = [DroppedInstance(key)]
    return changes + _revise(run, task_state, count)


def _revise(run: RunState, task_state: TaskState, count: int | None) -> list[Change]:
    """Instances that a mapped task lacks, and those it has too many of, now that it runs."""
    instances = task_state.instances
    if count is None or (len(instances) == count and count - 1 in instances):
        return []
    task_id = task_state.node.task_id
    changes: list[Change] = []
    for index in sorted(instances):
        state = instances[index].state
        gone = index >= count or (index < 0 and state in FINISHED_TASK_STATES)
        if gone and state is not REMOVED and state not in EXECUTING_TASK_STATES:
            reason = f"the list it maps over has {count} items now"
            changes.append(StateChange((task_id, index), REMOVED, reason))
    placeholder = instances.get(-1)
    weight = None if placeholder is None else placeholder.priority_weight
    changes += [
        NewInstance((task_id, index), priority_weight=weight)
        for index in range(count)
        if index not in instances
    ]
    return changes


def _fit_to_structure(run: RunState) -> list[Change]:
    """Instances for tasks that have none, and the end of those whose task is gone."""
    changes: list[Change] = [
        StateChange(key, REMOVED, "the pipeline no longer has this task")
        for key in sorted(run.strangers)
        if run.instances[key].state not in EXECUTING_TASK_STATES
    ]
    for task_state in run.tasks.values():
        if not task_state.instances and task_state.node.task_id not in run.absent:
            node = task_state.node
            count = None if node.expansion is None else literal_count(node.expansion)
            indexes = range(count) if count else (-1,)
            changes += [NewInstance((node.task_id, index)) for index in indexes]
    return changes


def _apply(run: RunState, change: Change) -> None:
    if isinstance(change, StateChange):
        run.set_state(change.key, change.state)
    elif isinstance(change, NewInstance):
        task_id, index = change.key
        retries = run.graph.nodes[task_id].task.retries
        weight = change.priority_weight
        run.add_instance(
            Instance(task_id, index, change.state, max_tries=retries, priority_weight=weight)
        )
    else:
        run.drop_instance(change.key)

"""Whether one task instance may run: setups, trigger rule, what it maps over, remembered skips.

The order of the checks is that of Airflow's dependencies; where Airflow leaves it open, a branch's
decision counts first, and a failure counts more than a skip.
"""

from __future__ import annotations

from typing import NamedTuple

from runner.scheduling.run_state import Ledger, RunState, TaskState
from runner.scheduling.trigger_rules import (
    FAST_RULES,
    READY,
    REMOVED,
    SKIPPED,
    UPSTREAM_FAILED,
    Tally,
    Verdict,
    evaluate,
    evaluate_setups,
)
from store.states import FINISHED_TASK_STATES, TaskInstanceState

_CULPRITS: dict[Verdict, tuple[TaskInstanceState, ...]] = {
    UPSTREAM_FAILED: (TaskInstanceState.FAILED, UPSTREAM_FAILED),
    SKIPPED: (SKIPPED,),
}


class Finding(NamedTuple):
    """The verdict on an instance, and what it comes from."""

    verdict: Verdict
    cause: str
    """rule, setup, scope, mapping, or branch:<task id>."""


_READY = Finding(READY, "rule")
_WAITS = Finding(None, "rule")


def find(run: RunState, task_state: TaskState, index: int) -> Finding:
    """The verdict on one instance, whatever its own state and the time."""
    node = task_state.node
    if run.skips:
        decider = run.is_skipped_by(node.task_id, index)
        if decider is not None:
            return Finding(SKIPPED, f"branch:{decider}")
    finding = _READY
    if node.upstream and node.task.trigger_rule != "always":
        finding = _by_rule(run, task_state, index)
    if node.sources and finding.verdict is not UPSTREAM_FAILED:
        mapping = _by_mapping(run, task_state)
        if mapping is not READY and (mapping is not None or finding.verdict is READY):
            return Finding(mapping, "mapping")
    return finding


def _by_rule(run: RunState, task_state: TaskState, index: int) -> Finding:
    node = task_state.node
    setups_ready = True
    if task_state.setups is not None:
        tally = visible(run, task_state, task_state.setups, index)
        by_setups = evaluate_setups(tally, index)
        if by_setups is not None and by_setups is not READY:
            return Finding(by_setups, "setup")
        setups_ready = by_setups is READY
    tally = visible(run, task_state, task_state.direct, index)
    verdict = evaluate(node.task.trigger_rule, tally, index)
    if tally.total == 0 and index < 0 and task_state.direct.inner is not None:
        # Everything it looks at is in its own mapped group and expanded: time to expand as well.
        verdict = READY
    if verdict is not READY:
        return Finding(verdict, "rule") if verdict is not None else _WAITS
    if not setups_ready:
        return Finding(None, "setup")
    if task_state.scope is not None:
        inside = visible(run, task_state, task_state.scope, index)
        if inside.done < inside.total:
            return Finding(None, "scope")
    return _READY


def visible(run: RunState, task_state: TaskState, ledger: Ledger, index: int) -> Tally:
    """The upstream instances that one instance depends on.

    One in a mapped group depends on those with its own index; the group's unexpanded placeholder
    on placeholders once the group's length is known, and on everything until then.
    """
    if ledger.inner is None:
        return ledger.outer
    if index >= 0:
        return ledger.seen_by(index)
    node = task_state.node
    whole = node.task.trigger_rule in FAST_RULES or not run.expanded_count(node)
    return ledger.seen_before_expansion(whole=whole)


def depends_on_inside(task_state: TaskState, changed: str) -> bool:
    """Whether a change of ``changed``, outside its mapped group, can't decide about it by itself.

    So it is while something outside is unfinished and the rule, seeing only the outside, waits:
    what its group says alone was judged when that changed. Saves a look at each index.
    """
    ledger, node = task_state.direct, task_state.node
    if ledger.inner is None or task_state.setups is not None or changed in node.sources:
        return False
    outer = ledger.outer
    if outer.removed or ledger.everything.removed or outer.done >= outer.total:
        return False
    return evaluate(node.task.trigger_rule, outer) is None


def _by_mapping(run: RunState, task_state: TaskState) -> Verdict:
    """What the tasks it maps over say: a failed or skipped one counts, whatever the trigger rule.

    Of mapped ones only an unexpanded placeholder counts: it ended without any instance. What
    they become in this very round counts already, as it does in Airflow.
    """
    states: set[TaskInstanceState | None] = set()
    for source in task_state.node.sources:
        instance = run.tasks[source].instances.get(-1)
        if instance is not None:
            state = run.pending.get(source, instance.state)
            if state in FINISHED_TASK_STATES:
                states.add(state)
    if TaskInstanceState.FAILED in states or UPSTREAM_FAILED in states:
        return UPSTREAM_FAILED
    if SKIPPED in states:
        return SKIPPED
    return None if REMOVED in states else READY


def explain(run: RunState, task_state: TaskState, index: int, finding: Finding) -> str:
    """Why an instance got a state without running, for the audit trail."""
    verdict, cause = finding
    if verdict is REMOVED:
        return "its map index is beyond those of its upstream"
    if cause.startswith("branch:"):
        return f"{cause.removeprefix('branch:')} decided to skip it"
    node = task_state.node
    watched = {"setup": node.setups, "mapping": node.sources}.get(cause, node.upstream)
    for state in _CULPRITS.get(verdict, ()):
        for task_id in watched:
            if run.tasks[task_id].states[state]:
                label = _label(run, task_state, task_id, index, state)
                if label is not None:
                    return f"{'setup' if cause == 'setup' else 'upstream'} {label} {_word(state)}"
    rule = node.task.trigger_rule
    tally = visible(run, task_state, task_state.direct, index)
    return f"{rule} can't be met: {_summary(tally)} upstream"


def _label(
    run: RunState, task_state: TaskState, task_id: str, index: int, state: TaskInstanceState
) -> str | None:
    """The name of an instance of ``task_id`` in ``state`` that this one depends on."""
    other = run.tasks[task_id]
    if index >= 0 and run.graph.same_group(task_id, task_state.node):
        candidates = [index, -1]
    else:
        candidates = sorted(other.instances)
    for candidate in candidates:
        instance = other.instances.get(candidate)
        if instance is not None and instance.state is state:
            return task_id if candidate < 0 else f"{task_id}[{candidate}]"
    return None


def _word(state: TaskInstanceState) -> str:
    return {SKIPPED: "was skipped", UPSTREAM_FAILED: "is upstream_failed"}.get(state, str(state))


def _summary(tally: Tally) -> str:
    counts = {
        "success": tally.success,
        "failed": tally.failed,
        "upstream_failed": tally.upstream_failed,
        "skipped": tally.skipped,
        "removed": tally.removed,
    }
    parts = [f"{count} {name}" for name, count in counts.items() if count]
    return ", ".join(parts) or "nothing"

"""The thirteen trigger rules, evaluated on tallies of what is upstream.

Evaluation is eager, as Airflow's is (``ti_deps.deps.trigger_rule_dep``): a task gets a final state
as soon as one upstream makes it inevitable in the rule's eyes, so the order in which upstream
tasks end decides between skipped and upstream_failed.
"""

from __future__ import annotations

from collections.abc import Callable

from store.states import TaskInstanceState

SUCCESS = TaskInstanceState.SUCCESS
FAILED = TaskInstanceState.FAILED
SKIPPED = TaskInstanceState.SKIPPED
UPSTREAM_FAILED = TaskInstanceState.UPSTREAM_FAILED
REMOVED = TaskInstanceState.REMOVED
READY = TaskInstanceState.SCHEDULED

Verdict = TaskInstanceState | None
"""What a rule says: SCHEDULED (it may run), a final state, or None (it waits)."""


class Tally:
    """How many upstream instances there are, and how many ended in which state.

    ``setups``, ``success_setups`` and ``skipped_setups`` count those that are setup tasks; they
    are in the other counts as well.
    """

    __slots__ = (
        "failed",
        "removed",
        "setups",
        "skipped",
        "skipped_setups",
        "success",
        "success_setups",
        "total",
        "upstream_failed",
    )

    def __init__(self) -> None:
        self.total = 0
        self.success = 0
        self.failed = 0
        self.skipped = 0
        self.upstream_failed = 0
        self.removed = 0
        self.setups = 0
        self.success_setups = 0
        self.skipped_setups = 0

    @property
    def done(self) -> int:
        return self.success + self.failed + self.skipped + self.upstream_failed + self.removed

    def count(self, state: TaskInstanceState | None, step: int, is_setup: bool) -> None:
        """Count ``step`` (may be negative) more instances that are in ``state``."""
        if state is SUCCESS:
            self.success += step
            if is_setup:
                self.success_setups += step
        elif state is FAILED:
            self.failed += step
        elif state is SKIPPED:
            self.skipped += step
            if is_setup:
                self.skipped_setups += step
        elif state is UPSTREAM_FAILED:
            self.upstream_failed += step
        elif state is REMOVED:
            self.removed += step

    def add_instances(self, step: int, is_setup: bool) -> None:
        """Count ``step`` more instances, whatever their state."""
        self.total += step
        if is_setup:
            self.setups += step

    def plus(self, *others: Tally) -> Tally:
        """A new tally of this one and the others together."""
        sum_ = Tally()
        for tally in (self, *others):
            for name in Tally.__slots__:
                setattr(sum_, name, getattr(sum_, name) + getattr(tally, name))
        return sum_


def _all_success(up: Tally, map_index: int) -> Verdict:
    if up.upstream_failed or up.failed:
        return UPSTREAM_FAILED
    if up.skipped:
        return SKIPPED
    if up.removed and up.success and map_index > -1 and map_index >= up.success:
        return REMOVED
    return READY if up.total - up.success - up.removed <= 0 else None


def _all_failed(up: Tally, _map_index: int) -> Verdict:
    if up.success or up.skipped:
        return SKIPPED
    return READY if up.total - up.failed - up.upstream_failed - up.removed <= 0 else None


def _all_done(up: Tally, _map_index: int) -> Verdict:
    return READY if up.done >= up.total else None


def _one_success(up: Tally, _map_index: int) -> Verdict:
    done = up.done
    if done >= up.total:
        if done == up.skipped:
            return SKIPPED
        if up.success <= 0:
            return UPSTREAM_FAILED
    return READY if up.success > 0 else None


def _one_failed(up: Tally, _map_index: int) -> Verdict:
    if up.failed or up.upstream_failed:
        return READY
    return SKIPPED if up.done >= up.total else None


def _one_done(up: Tally, _map_index: int) -> Verdict:
    if up.failed or up.success:
        return READY
    return SKIPPED if up.done >= up.total else None


def _none_failed(up: Tally, _map_index: int) -> Verdict:
    if up.upstream_failed or up.failed:
        return UPSTREAM_FAILED
    return READY if up.total - up.success - up.skipped - up.removed <= 0 else None


def _none_failed_min_one_success(up: Tally, _map_index: int) -> Verdict:
    if up.upstream_failed or up.failed:
        return UPSTREAM_FAILED
    if up.skipped == up.total:
        return SKIPPED
    if up.done >= up.total and up.success == 0:
        return UPSTREAM_FAILED
    waiting = up.total - up.success - up.skipped - up.removed
    return READY if waiting <= 0 and up.success > 0 else None


def _none_skipped(up: Tally, _map_index: int) -> Verdict:
    if up.skipped:
        return SKIPPED
    return READY if up.done >= up.total else None


def _all_skipped(up: Tally, _map_index: int) -> Verdict:
    if up.success or up.failed or up.upstream_failed:
        return SKIPPED
    return READY if up.total - up.skipped <= 0 else None


def _all_done_min_one_success(up: Tally, _map_index: int) -> Verdict:
    if up.skipped:
        return SKIPPED
    if up.done < up.total:
        return None
    return READY if up.success else UPSTREAM_FAILED


def _all_done_setup_success(up: Tally, _map_index: int) -> Verdict:
    if up.done < up.total:
        return None
    if up.setups and up.skipped_setups >= up.setups:
        return SKIPPED
    if up.setups and not up.success_setups:
        return UPSTREAM_FAILED
    return READY


def _always(_up: Tally, _map_index: int) -> Verdict:
    return READY


RULES: dict[str, Callable[[Tally, int], Verdict]] = {
    "all_success": _all_success,
    "all_failed": _all_failed,
    "all_done": _all_done,
    "all_done_min_one_success": _all_done_min_one_success,
    "all_done_setup_success": _all_done_setup_success,
    "one_success": _one_success,
    "one_failed": _one_failed,
    "one_done": _one_done,
    "none_failed": _none_failed,
    "none_failed_min_one_success": _none_failed_min_one_success,
    "none_skipped": _none_skipped,
    "all_skipped": _all_skipped,
    "always": _always,
}
"""By name; each takes the tally and the map index of the instance that asks."""

FAST_RULES = frozenset({"one_success", "one_failed", "one_done", "none_failed_min_one_success"})
"""Rules that a part of the upstream can satisfy: in a mapped group that is not yet expanded they
look at every upstream instance (Airflow issues 34023 and 39801)."""

NEEDED = {
    "all_success": "all of them to succeed",
    "all_failed": "all of them to fail",
    "all_done": "all of them to end",
    "all_done_min_one_success": "all of them to end and one to succeed",
    "all_done_setup_success": "all of them to end and a setup to succeed",
    "one_success": "one of them to succeed",
    "one_failed": "one of them to fail",
    "one_done": "one of them to succeed or fail",
    "none_failed": "all of them to succeed or be skipped",
    "none_failed_min_one_success": "all of them to succeed or be skipped, one to succeed",
    "none_skipped": "all of them to end, none skipped",
    "all_skipped": "all of them to be skipped",
    "always": "nothing",
}
"""What a rule waits for, in words."""


def evaluate(rule: str, upstream: Tally, map_index: int = -1) -> Verdict:
    """What ``rule`` says about an instance with ``map_index``. Raises ``KeyError``: unknown rule.

    A task without upstream tasks ignores its rule; that is the caller's to know.
    """
    return RULES[rule](upstream, map_index)


def evaluate_setups(setups: Tally, map_index: int) -> Verdict:
    """What the setups around a task, that are not its direct upstream, say about it.

    A failure or a skip among them counts at once; otherwise all must have succeeded.
    """
    if setups.upstream_failed or setups.failed:
        return UPSTREAM_FAILED
    if setups.skipped:
        return SKIPPED
    if setups.removed and setups.success and map_index > -1 and map_index >= setups.success:
        return REMOVED
    missing = setups.total - setups.success
    if map_index > -1:
        missing -= setups.removed
    return READY if missing <= 0 else None

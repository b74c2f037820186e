"""What is known of one unfinished DAG run, with tallies that make deciding cheap."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from heapq import heappop, heappush

from runner.scheduling.expansion import (
    argument_lengths,
    expanded_count,
    initial_instances,
    is_of_run,
)
from runner.scheduling.graph import Node, graph_of
from runner.scheduling.model import Instance, InstanceKey, PreviousRun, StateChange
from runner.scheduling.past import Past
from runner.scheduling.trigger_rules import Tally
from store.states import FINISHED_TASK_STATES, DagRunType, TaskInstanceState
from store.structure import DagStructure, XComLength

__all__ = ["RunState", "TaskState", "initial_instances"]

WAITING_STATES = frozenset(
    {None, TaskInstanceState.UP_FOR_RETRY, TaskInstanceState.UP_FOR_RESCHEDULE}
)
"""States from which an instance can be scheduled (Airflow's ``SCHEDULEABLE_STATES``)."""

SKIPPABLE_STATES = WAITING_STATES | {TaskInstanceState.SCHEDULED}

AFRESH_STATES = frozenset(
    {
        None,
        TaskInstanceState.SCHEDULED,
        TaskInstanceState.QUEUED,
        TaskInstanceState.UP_FOR_RETRY,
    }
)
"""States in which what an instance pushed and decided before holds no longer."""


class Ledger:
    """Tallies of what one task looks at, split by what an instance's map index lets it see."""

    __slots__ = ("everything", "inner", "outer", "unexpanded")

    def __init__(self, *, split: bool) -> None:
        self.outer = Tally()
        """Of tasks outside its mapped group: every instance matters."""
        self.inner: dict[int, Tally] | None = {} if split else None
        """Of tasks in its mapped group, by index; None: there are none."""
        self.unexpanded = Tally()
        """Of placeholders in its mapped group; every instance sees them."""
        self.everything = Tally()
        """Of all instances in its mapped group."""

    def tallies(self, index: int, same_index: bool) -> tuple[Tally, ...]:
        """The tallies that an upstream instance counts in."""
        if not same_index or self.inner is None:
            return (self.outer,)
        if index < 0:
            return (self.unexpanded, self.everything)
        tally = self.inner.get(index)
        if tally is None:
            tally = self.inner[index] = Tally()
        return (tally, self.everything)

    def seen_by(self, index: int) -> Tally:
        """What an instance with this map index (not -1) depends on."""
        if self.inner is None:
            return self.outer
        own = self.inner.get(index)
        others = (self.unexpanded,) if own is None else (own, self.unexpanded)
        return self.outer.plus(*others)

    def seen_before_expansion(self, *, whole: bool) -> Tally:
        """What the placeholder depends on: everything, or what isn't expanded itself."""
        if self.inner is None:
            return self.outer
        return self.outer.plus(self.everything if whole else self.unexpanded)


class TaskState:
    """One task of the run: its instances, and the tallies its trigger rule is evaluated on."""

    __slots__ = (
        "direct",
        "feeds",
        "instances",
        "node",
        "scope",
        "setups",
        "shared",
        "states",
        "waiting",
    )

    def __init__(self, node: Node) -> None:
        self.node = node
        self.instances: dict[int, Instance] = {}
        self.waiting: set[int] = set()
        """Map indexes of instances that could be scheduled."""
        self.states: Counter[TaskInstanceState | None] = Counter()
        self.direct = Ledger(split=bool(node.inner_upstream))
        self.setups: Ledger | None = None
        self.scope: Ledger | None = None
        self.feeds: list[tuple[Ledger, bool]] = []
        """Where its own instances are counted, and whether by index."""
        self.shared = self.direct.inner is None
        """Whether all its instances look at the same upstream instances."""

    @property
    def unfinished(self) -> int:
        return len(self.instances) - sum(self.states[state] for state in FINISHED_TASK_STATES)


class RunState:
    """An unfinished DAG run: instances, what they pushed for mapping, what branches decided.

    The daemon changes it with the methods below as facts arrive, then calls ``decide``.
    """

    def __init__(
        self,
        structure: DagStructure,
        instances: Iterable[Instance],
        *,
        lengths: Mapping[tuple[str, str], int | None] | None = None,
        pushed: Mapping[tuple[str, str], Collection[int]] | None = None,
        previous: PreviousRun | None = None,
        skip_decisions: Mapping[InstanceKey, Collection[str]] | None = None,
        logical_date: datetime | None = None,
        run_type: str = DagRunType.MANUAL,
    ) -> None:
        """
        ``lengths``: (task id, XCom key) -> length of what an unmapped task pushed, None if that is
        no list or dict. ``pushed``: (task id, XCom key) -> map indexes of the instances of a
        mapped task that pushed it: so many items has who maps over it.
        ``skip_decisions``: the instance that decided -> the task ids it skipped.
        ``logical_date``, ``run_type``: which tasks it has, where they have dates of their own.
        """
        self.structure = structure
        self.graph = graph_of(structure)
        self.instances: dict[InstanceKey, Instance] = {}
        self.lengths: dict[tuple[str, str], int | None] = dict(lengths or {})
        self.pushed = {key: set(indexes) for key, indexes in (pushed or {}).items()}
        self.past = Past(previous)
        self.absent = {
            task.task_id for task in structure.tasks if not is_of_run(task, logical_date, run_type)
        }
        """Tasks that the run doesn't have, for their own dates."""
        self.skips: dict[str, dict[int, frozenset[str]]] = {}
        """Deciding task -> its map index -> task ids it skipped."""
        self.tasks = {task_id: TaskState(node) for task_id, node in self.graph.nodes.items()}
        self.strangers: set[InstanceKey] = set()
        """Unfinished instances of tasks that the pipeline no longer has."""
        self.unfinished = 0
        self.pending: dict[str, TaskInstanceState | None] = {}
        """Within a round: states that tasks others map over are about to get."""
        self.failed_fast: list[InstanceKey] = []
        """Failures since the last decision in a DAG with ``fail_fast``."""
        self._moved: dict[str, set[int]] = {}
        self._everything = True
        self._due: list[tuple[datetime, str, int]] = []
        self._states: Counter[TaskInstanceState | None] = Counter()
        for (task_id, map_index), skipped in (skip_decisions or {}).items():
            self.skips.setdefault(task_id, {})[map_index] = frozenset(skipped)
        self._feed()
        for instance in instances:
            self._enter(instance)
        if self.skips or self.lengths or self.pushed:
            for key, instance in self.instances.items():
                if instance.state in AFRESH_STATES:
                    self._forget_pushes(key)
        self.failed_fast.clear()

    def _feed(self) -> None:
        tasks = self.tasks
        for task_state in tasks.values():
            node = task_state.node
            for up in node.upstream:
                tasks[up].feeds.append((task_state.direct, up in node.inner_upstream))
            for name, watched in (("setups", node.setups), ("scope", node.scope)):
                if watched:
                    same = [self.graph.same_group(other, node) for other in watched]
                    ledger = Ledger(split=any(same))
                    task_state.shared = task_state.shared and not any(same)
                    setattr(task_state, name, ledger)
                    for other, same_index in zip(watched, same, strict=True):
                        tasks[other].feeds.append((ledger, same_index))

    # -- facts -----------------------------------------------------------------------------

    def set_state(
        self,
        key: InstanceKey,
        state: TaskInstanceState | None,
        *,
        try_number: int | None = None,
        next_at: datetime | None = None,
    ) -> None:
        """An instance is in ``state`` now. Raises ``KeyError`` for an unknown instance.

        ``next_at``: when an instance in up_for_retry or up_for_reschedule is due. Costs time in
        proportion to the number of direct downstream tasks.
        """
        instance = self.instances[key]
        if try_number is not None:
            instance.try_number = try_number
        instance.next_at = next_at
        if next_at is not None:
            heappush(self._due, (next_at, *key))
        old, instance.state = instance.state, state
        task_id, index = key
        if old is not state:
            self._states[old] -= 1
            self._states[state] += 1
            was_finished = old in FINISHED_TASK_STATES
            is_finished = state in FINISHED_TASK_STATES
            self.unfinished += was_finished - is_finished
            task_state = self.tasks.get(task_id)
            if task_state is None:
                self._stranger_moved(key, is_finished)
                return
            self._move(task_state, index, old, state, counted=was_finished or is_finished)
            if state is TaskInstanceState.FAILED and self.structure.fail_fast:
                self.failed_fast.append(key)
            if state in AFRESH_STATES and (self.skips or self.graph.mapped_over):
                self._forget_pushes(key)
            if not (was_finished or is_finished or state in WAITING_STATES):
                return
        elif state not in WAITING_STATES:
            return
        self._touch(task_id, index)

    def _move(
        self,
        task_state: TaskState,
        index: int,
        old: TaskInstanceState | None,
        new: TaskInstanceState | None,
        *,
        counted: bool,
    ) -> None:
        task_state.states[old] -= 1
        task_state.states[new] += 1
        if new in WAITING_STATES:
            task_state.waiting.add(index)
        else:
            task_state.waiting.discard(index)
        if counted:
            is_setup = task_state.node.task.is_setup
            for ledger, same_index in task_state.feeds:
                for tally in ledger.tallies(index, same_index):
                    tally.count(old, -1, is_setup)
                    tally.count(new, 1, is_setup)

    def _stranger_moved(self, key: InstanceKey, is_finished: bool) -> None:
        if is_finished:
            self.strangers.discard(key)
        else:
            self.strangers.add(key)
        self._touch(*key)

    def _enter(self, instance: Instance) -> None:
        task_id, index = key = (instance.task_id, instance.map_index)
        self.instances[key] = instance
        self._states[instance.state] += 1
        if instance.next_at is not None:
            heappush(self._due, (instance.next_at, task_id, index))
        is_finished = instance.state in FINISHED_TASK_STATES
        self.unfinished += not is_finished
        task_state = self.tasks.get(task_id)
        if task_state is None:
            if not is_finished:
                self.strangers.add(key)
            return
        task_state.instances[index] = instance
        task_state.states[instance.state] += 1
        if instance.state in WAITING_STATES:
            task_state.waiting.add(index)
        is_setup = task_state.node.task.is_setup
        for ledger, same_index in task_state.feeds:
            for tally in ledger.tallies(index, same_index):
                tally.add_instances(1, is_setup)
                if is_finished:
                    tally.count(instance.state, 1, is_setup)

    def add_instance(self, instance: Instance) -> None:
        """A new instance. Raises ``ValueError`` if the run has one with that key."""
        key = (instance.task_id, instance.map_index)
        if key in self.instances:
            raise ValueError(f"the run already has an instance {key[0]}[{key[1]}]")
        self._enter(instance)
        self._touch(*key)

    def drop_instance(self, key: InstanceKey) -> None:
        """An instance is no more: a placeholder gave way. Raises ``KeyError``: there is none."""
        instance = self.instances.pop(key)
        is_finished = instance.state in FINISHED_TASK_STATES
        self._states[instance.state] -= 1
        self.unfinished -= not is_finished
        self.strangers.discard(key)
        task_id, index = key
        task_state = self.tasks.get(task_id)
        if task_state is not None:
            del task_state.instances[index]
            task_state.waiting.discard(index)
            task_state.states[instance.state] -= 1
            is_setup = task_state.node.task.is_setup
            for ledger, same_index in task_state.feeds:
                for tally in ledger.tallies(index, same_index):
                    tally.add_instances(-1, is_setup)
                    if is_finished:
                        tally.count(instance.state, -1, is_setup)
        self._touch(task_id, index)

    def set_length(self, task_id: str, key: str, length: int | None) -> None:
        """An unmapped task pushed XCom ``key`` with so many items; None: it is no list or dict."""
        if key in self.graph.mapped_over.get(task_id, ()):
            self.lengths[task_id, key] = length
            self._touch(task_id, -1)

    def set_pushed(self, instance: InstanceKey, key: str) -> None:
        """An instance of a mapped task pushed XCom ``key``; matters if a task maps over it."""
        task_id, map_index = instance
        if key in self.graph.mapped_over.get(task_id, ()):
            self.pushed.setdefault((task_id, key), set()).add(map_index)

    def set_previous_state(self, key: InstanceKey, state: TaskInstanceState | None) -> None:
        """An instance of the previous run is new, or in ``state`` now."""
        if self.past.set_state(key, state):
            self._past_moved(key[0])

    def drop_previous(self, key: InstanceKey) -> None:
        """An instance of the previous run is no more: a placeholder gave way."""
        if self.past.drop(key):
            self._past_moved(key[0])

    def _past_moved(self, task_id: str) -> None:
        node = self.graph.nodes.get(task_id)
        for name in () if node is None else (task_id, *node.upstream):
            self.touch_task(name)

    def apply_skip(
        self, task_ids: Iterable[str], map_index: int = -1, *, by: InstanceKey | None = None
    ) -> list[StateChange]:
        """A branch or short circuit decided: skip these tasks. Returns what changed, applied.

        ``map_index``: -1, or the index (of a mapped group, or of a mapped branch) for which it
        holds. ``by``: who decided. The decision is remembered while that instance keeps its state:
        a direct downstream task of it that is cleared is skipped again.
        """
        skipped = list(task_ids)
        name = "a branch" if by is None else f"{by[0]}[{by[1]}]" if by[1] >= 0 else by[0]
        if by is not None:
            self.skips.setdefault(by[0], {})[by[1]] = frozenset(skipped)
        changes: list[StateChange] = []
        for task_id in skipped:
            task_state = self.tasks.get(task_id)
            if task_state is None:
                continue
            indexes = list(task_state.instances) if map_index < 0 else [map_index]
            for index in indexes:
                instance = task_state.instances.get(index)
                if instance is not None and instance.state in SKIPPABLE_STATES:
                    key = (task_id, index)
                    self.set_state(key, TaskInstanceState.SKIPPED)
                    reason = f"{name} decided to skip it"
                    changes.append(StateChange(key, TaskInstanceState.SKIPPED, reason))
        return changes

    def restore_removed(self) -> list[StateChange]:
        """Bring back removed instances of tasks that the pipeline has (again). Applied.

        For a finished run that is put on another version of its pipeline, as a clear does; those
        whose map index is beyond a known length stay removed.
        """
        changes: list[StateChange] = []
        for task_state in self.tasks.values():
            node = task_state.node
            count = self.expanded_count(node)
            for index in sorted(task_state.instances):
                if task_state.instances[index].state is TaskInstanceState.REMOVED and (
                    node.expansion is None or (count is not None and 0 <= index < count)
                ):
                    key = (node.task_id, index)
                    self.set_state(key, None)
                    changes.append(StateChange(key, None, "the pipeline has this task again"))
        return changes

    def _forget_pushes(self, key: InstanceKey) -> None:
        task_id, index = key
        decisions = self.skips.get(task_id)
        if decisions is not None:
            decisions.pop(index, None)
            if not decisions:
                del self.skips[task_id]
        for xcom_key in self.graph.mapped_over.get(task_id, ()):
            self.lengths.pop((task_id, xcom_key), None)
            self.pushed.get((task_id, xcom_key), set()).discard(index)

    # -- what decide asks ------------------------------------------------------------------

    @property
    def changed(self) -> set[str]:
        """Ids of tasks whose downstream must be looked at; cleared by ``decide``."""
        return set(self.tasks) if self._everything else set(self._moved)

    def counts(self) -> Counter[TaskInstanceState | None]:
        """How many instances are in each state."""
        return +self._states

    def count(self, *states: TaskInstanceState | None) -> int:
        """How many instances are in one of these states."""
        return sum(self._states[state] for state in states)

    def next_due(self) -> datetime | None:
        """When ``decide`` has to be asked next although nothing changes: the next retry or poke."""
        while self._due:
            at, task_id, index = self._due[0]
            instance = self.instances.get((task_id, index))
            if instance is not None and instance.next_at == at and instance.state in WAITING_STATES:
                return at
            heappop(self._due)
        return None

    def wake(self, now: datetime) -> None:
        """Mark the instances whose retry or next poke is due."""
        while (at := self.next_due()) is not None and at <= now:
            _, task_id, index = heappop(self._due)
            self._touch(task_id, index)

    def take_changed(self) -> tuple[dict[str, set[int]], bool]:
        """What moved since last asked: task id -> map indexes; True: look at everything."""
        taken = self._moved, self._everything
        self._moved, self._everything = {}, False
        return taken

    def touch_everything(self) -> None:
        self._everything = True

    def touch_task(self, task_id: str) -> None:
        """Have the waiting instances of a task looked at."""
        task_state = self.tasks.get(task_id)
        if task_state is not None:
            self._moved.setdefault(task_id, set()).update(task_state.waiting)

    def _touch(self, task_id: str, index: int) -> None:
        moved = self._moved.get(task_id)
        if moved is None:
            self._moved[task_id] = {index}
        else:
            moved.add(index)

    def is_skipped_by(self, task_id: str, index: int) -> str | None:
        """The direct upstream task whose decision still says that this instance is skipped."""
        upstream = self.tasks[task_id].node.upstream_set
        for decider, decisions in self.skips.items():
            if decider in upstream:
                for decided in (-1, index):
                    if task_id in decisions.get(decided, ()):
                        return decider
        return None

    def is_uniform(self, task_state: TaskState) -> bool:
        """Whether what is upstream says the same to all instances of a task."""
        upstream = task_state.node.upstream_set
        return (
            task_state.shared
            and not task_state.direct.outer.removed
            and not any(decider in upstream for decider in self.skips)
        )

    def expanded_count(self, node: Node) -> int | None:
        """How many instances a mapped task has as of now; None while that isn't known."""
        if node.expansion is None:
            return None
        return expanded_count(node.expansion, self._xcom_length)

    def argument_lengths(self, task_id: str) -> list[int]:
        """Length of each argument that a mapped task expands over, in order; [] if not mapped.

        An argument whose length isn't known counts 0: its task hasn't been expanded either.
        """
        expansion = self.graph.nodes[task_id].expansion
        if expansion is None:
            return []
        return argument_lengths(expansion, self._xcom_length)

    def _xcom_length(self, source: XComLength) -> int | None:
        task_state = self.tasks.get(source.task_id)
        if task_state is None:
            return None
        if task_state.node.expansion is None:
            return self.lengths.get((source.task_id, source.key))
        if task_state.unfinished:
            return None
        return len(self.pushed.get((source.task_id, source.key), ()))

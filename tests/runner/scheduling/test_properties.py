"""What holds for every pipeline and every order in which its tasks end."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random
from time import process_time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.scheduling.decide import decide
from runner.scheduling.model import (
    Decision,
    DroppedInstance,
    InstanceKey,
    NewInstance,
    StateChange,
)
from runner.scheduling.reasons import why
from runner.scheduling.run_state import RunState, initial_instances
from runner.scheduling.trigger_rules import RULES
from store.states import FINISHED_TASK_STATES, DagRunState, TaskInstanceState
from store.structure import DagStructure, TaskStructure
from tests.runner.scheduling.pipelines import NOW, S, over, pipeline, task

ENDS = (S.SUCCESS, S.SUCCESS, S.SUCCESS, S.FAILED, S.SKIPPED, S.UP_FOR_RETRY)


@st.composite
def pipelines(draw: st.DrawFn) -> DagStructure:
    """Random rules and edges; mapped tasks, one mapped group, setups and teardowns among them."""
    tasks: list[TaskStructure] = []
    members: set[int] = set()
    count = draw(st.integers(1, 9))
    if draw(st.booleans()):
        first = draw(st.integers(0, count - 1))
        members = set(range(first, min(first + draw(st.integers(1, 3)), count)))
    for number in range(count):
        upstream = [t.task_id for t in tasks if draw(st.integers(0, 2)) == 0]
        rule = draw(st.sampled_from([*RULES, "all_success", "all_success"]))
        kind = draw(st.sampled_from(["plain", "plain", "mapped", "over", "setup", "teardown"]))
        plain = [t.task_id for t in tasks if t.mapped_group is None]
        made = task(f"t{number}", *upstream, rule=rule, runs_nothing=draw(st.integers(0, 5)) == 0)
        if number in members:
            made = _replace(made, mapped_group="g")
        elif kind == "mapped":
            made = _replace(made, expansion=over(draw(st.integers(0, 3))))
        elif kind == "over" and plain:
            source = draw(st.sampled_from(plain))
            made = _replace(made, expansion=over(source), upstream=sorted({*upstream, source}))
        elif kind == "setup":
            made = _replace(made, is_setup=True)
        elif kind == "teardown":
            made = _replace(made, is_teardown=True)
        tasks.append(made)
    sources = [t.task_id for t in tasks[: min(members, default=0)] if t.mapped_group is None]
    length = draw(st.sampled_from([*sources, 0, 2, 3])) if members else 0
    if isinstance(length, str):
        tasks = [
            _replace(t, upstream=sorted({*t.upstream, length})) if t.mapped_group else t
            for t in tasks
        ]
    return pipeline(
        *tasks,
        groups={"g": over(length)} if members else {},
        fail_fast=draw(st.integers(0, 5)) == 0,
    )


def _replace(made: TaskStructure, **fields: object) -> TaskStructure:
    return msgspec.structs.replace(made, **fields)


@dataclass
class Played:
    """A run that is played through, and what was seen on the way."""

    run: RunState
    state: DagRunState | None = None
    clock: int = 0
    proposed: list[StateChange] = field(default_factory=list)

    def decide(self, *, everything: bool = False) -> Decision:
        before = {key: instance.state for key, instance in self.run.instances.items()}
        now = NOW + timedelta(minutes=self.clock)
        decision = decide(self.run, now, everything=everything)
        for change in decision.changes:
            if isinstance(change, StateChange):
                old = before.get(change.key)
                assert old not in FINISHED_TASK_STATES or change.state is S.REMOVED, change
                assert old is not change.state, change
                before[change.key] = change.state
                self.proposed.append(change)
            elif isinstance(change, NewInstance):
                assert change.key not in before, change
                before[change.key] = change.state
            elif isinstance(change, DroppedInstance):
                del before[change.key]
        assert before == {key: i.state for key, i in self.run.instances.items()}
        self.state = decision.run_state or self.state
        return decision

    def ready(self) -> list[InstanceKey]:
        return sorted(k for k, i in self.run.instances.items() if i.state is S.SCHEDULED)

    def end(self, key: InstanceKey, end: TaskInstanceState, length: int) -> None:
        self.run.set_state(key, S.QUEUED)
        self.run.set_state(key, S.RUNNING)
        if end is S.UP_FOR_RETRY:
            at = NOW + timedelta(minutes=self.clock + 1)
            self.run.set_state(key, end, try_number=1, next_at=at)
            return
        if end is S.SUCCESS and key[1] < 0:
            self.run.set_length(key[0], "return_value", length)
        elif end is S.SUCCESS and length:
            self.run.set_pushed(key, "return_value")
        self.run.set_state(key, end)


def played(structure: DagStructure) -> Played:
    return Played(RunState(structure, initial_instances(structure)))


def snapshot(run: RunState) -> dict[InstanceKey, TaskInstanceState | None]:
    return {key: instance.state for key, instance in run.instances.items()}


def copy(run: RunState) -> RunState:
    """The same run as a restarted runner would load it."""
    skips = {(t, index): ids for t, made in run.skips.items() for index, ids in made.items()}
    return RunState(
        run.structure,
        [replace(instance) for instance in run.instances.values()],
        lengths=run.lengths,
        pushed=run.pushed,
        skip_decisions=skips,
    )


Step = tuple[int, TaskInstanceState, int]


def steps(seed: int, count: int) -> list[Step]:
    """Which of those that are ready ends, how, and how many items it pushes."""
    source = Random(seed)
    return [
        (source.randrange(10**6), source.choice(ENDS), source.randrange(4)) for _ in range(count)
    ]


SEEDS = st.integers(0, 10**9)


@given(pipelines(), SEEDS)
def test_looking_at_what_moved_is_as_good_as_looking_at_everything(
    structure: DagStructure, seed: int
) -> None:
    """Incremental equals full evaluation, equals what a restarted runner decides."""
    quick = played(structure)
    quick.decide()
    for choice, end, length in steps(seed, 60):
        ready = quick.ready()
        if not ready:
            quick.clock += 1
            if not quick.decide().changes:
                break
            continue
        quick.end(ready[choice % len(ready)], end, length)
        restarted = copy(quick.run)
        quick.run.failed_fast.clear()  # a restarted runner stops nothing again
        quick.decide()
        now = NOW + timedelta(minutes=quick.clock)
        decision = decide(restarted, now)
        assert snapshot(restarted) == snapshot(quick.run)
        if quick.state is not None:
            assert decision.run_state is quick.state
            break
        again = quick.decide(everything=True)
        assert (again.changes, again.run_state) == ([], None)


@given(pipelines(), SEEDS)
def test_every_run_ends_and_nothing_finished_starts_again(
    structure: DagStructure, seed: int
) -> None:
    run = played(structure)
    run.decide()
    for choice, end, length in steps(seed, 60):
        ready = run.ready()
        if ready:
            run.end(ready[choice % len(ready)], end, length)
        run.clock += 2
        run.decide()
    while run.state is None:
        ready = run.ready()
        assert ready or run.run.next_due() is not None
        for key in ready:
            run.end(key, S.SUCCESS, 1)
        run.clock += 2
        run.decide()
    if run.run.unfinished:
        assert run.state is DagRunState.FAILED  # deadlocked
    done = run.decide(everything=True)
    assert done.changes == []


@given(pipelines(), SEEDS)
def test_tallies_and_counts_agree_with_the_instances(structure: DagStructure, seed: int) -> None:
    run = played(structure)
    run.decide()
    for choice, end, length in steps(seed, 15):
        ready = run.ready()
        if ready:
            run.end(ready[choice % len(ready)], end, length)
        run.clock += 1
        run.decide()
    fresh = copy(run.run)
    assert run.run.counts() == fresh.counts()
    assert run.run.unfinished == fresh.unfinished
    for task_id, task_state in run.run.tasks.items():
        other = fresh.tasks[task_id]
        assert task_state.waiting == other.waiting
        for ledger, loaded in (
            (task_state.direct, other.direct),
            (task_state.setups, other.setups),
            (task_state.scope, other.scope),
        ):
            if ledger is not None and loaded is not None:
                assert _numbers(ledger.outer) == _numbers(loaded.outer)
                assert _numbers(ledger.everything) == _numbers(loaded.everything)
                assert _numbers(ledger.unexpanded) == _numbers(loaded.unexpanded)


def _numbers(tally: object) -> list[int]:
    return [getattr(tally, name) for name in type(tally).__slots__]  # pyright: ignore


@given(pipelines(), SEEDS)
def test_everything_that_waits_has_a_reason(structure: DagStructure, seed: int) -> None:
    run = played(structure)
    run.decide()
    for choice, end, length in steps(seed, 10):
        ready = run.ready()
        if ready:
            run.end(ready[choice % len(ready)], end, length)
        run.decide()
        reasons = why(run.run, NOW)
        waiting = {
            key
            for key, state in snapshot(run.run).items()
            if state not in FINISHED_TASK_STATES and state is not S.RUNNING
        }
        assert set(reasons) == waiting
        assert all(reasons.values())
        if run.state is None:
            assert not [r for r in reasons.values() if r.startswith("is about to")]


# -- speed ---------------------------------------------------------------------------------


def fan(width: int) -> DagStructure:
    names = [f"m{number}" for number in range(width)]
    return pipeline(task("root"), *(task(name, "root") for name in names), task("sink", *names))


def seconds_to_run(structure: DagStructure) -> tuple[float, int]:
    """The time spent in ``set_state`` and ``decide`` until the run ended, and the steps."""
    run = RunState(structure, initial_instances(structure))
    todo: list[InstanceKey] = []
    steps = 0
    begun = process_time()
    decision = decide(run, NOW)
    while decision.run_state is None:
        todo += [
            change.key
            for change in decision.changes
            if isinstance(change, StateChange) and change.state is S.SCHEDULED
        ]
        run.set_state(todo.pop(), S.SUCCESS)
        decision = decide(run, NOW)
        steps += 1
    return process_time() - begun, steps


def per_step(structure: DagStructure) -> float:
    return min(seconds / steps for seconds, steps in (seconds_to_run(structure) for _ in range(3)))


@pytest.mark.slow
def test_a_step_costs_the_same_in_a_small_run_and_a_large_one() -> None:
    """Within the noise of a busy machine; work in proportion to the run would be 20 times more."""
    assert per_step(fan(2000)) < 10 * per_step(fan(100))


@pytest.mark.slow
def test_indexes_of_a_mapped_group_do_not_cost_each_other() -> None:
    def group(length: int) -> DagStructure:
        return pipeline(
            task("m", expansion=over(length)),
            task("a", mapped_group="g"),
            task("b", "a", mapped_group="g"),
            task("c", "b", "m", mapped_group="g"),
            groups={"g": over(length)},
        )

    assert per_step(group(1000)) < 10 * per_step(group(50))

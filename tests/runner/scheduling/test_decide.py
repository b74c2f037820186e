"""What a run does when tasks end: skips, branches, retries, the past, and how it ends."""

from __future__ import annotations

from datetime import timedelta

import pytest

from runner.scheduling.decide import decide
from runner.scheduling.model import Instance, NewInstance, PreviousRun, StateChange
from runner.scheduling.run_state import RunState, initial_instances
from store.states import DagRunState, TaskInstanceState
from tests.runner.scheduling.pipelines import NOW, Driven, S, drive, over, pipeline, task

CHAIN = pipeline(task("a"), task("b", "a"), task("c", "b"))


def test_a_chain_runs_one_after_another() -> None:
    driven = Driven(CHAIN)
    assert driven.states("a", "b", "c") == "scheduled none none"
    driven.ends("a")
    assert driven.states("b", "c") == "scheduled none"
    driven.ends("b")
    assert driven.state is None
    driven.ends("c")
    assert driven.state is DagRunState.SUCCESS


def test_nothing_changes_while_a_task_is_queued_and_running() -> None:
    driven = Driven(CHAIN)
    for state in (S.QUEUED, S.RUNNING):
        driven.run.set_state(("a", -1), state)
        assert not driven.run.changed
        assert driven.decide().changes == []


def test_a_decision_says_why() -> None:
    driven = Driven(CHAIN)
    driven.ends("a", S.FAILED)
    assert driven.changes == [
        StateChange(("a", -1), S.SCHEDULED, "its dependencies are met"),
        StateChange(("b", -1), S.UPSTREAM_FAILED, "upstream a failed"),
        StateChange(("c", -1), S.UPSTREAM_FAILED, "upstream b is upstream_failed"),
    ]
    assert (driven.state, driven.reason) == (DagRunState.FAILED, "c is upstream_failed")


def test_asked_again_it_proposes_nothing() -> None:
    driven = Driven(CHAIN)
    assert driven.decide(everything=True).changes == []
    driven.ends("a", S.FAILED)
    again = driven.decide()
    assert (again.changes, again.run_state) == ([], None)


def test_a_task_that_runs_nothing_succeeds_at_once() -> None:
    driven = Driven(pipeline(task("a", runs_nothing=True), task("b", "a")))
    assert driven.states("a", "b") == "success scheduled"


def test_a_run_without_tasks_succeeds() -> None:
    assert Driven(pipeline()).state is DagRunState.SUCCESS


# -- the run's state -----------------------------------------------------------------------


def test_only_leaves_decide_the_runs_state() -> None:
    cleaned_up = pipeline(task("a"), task("b", "a"), task("report", "b", rule="all_done"))
    assert drive(cleaned_up, {"b": S.FAILED}).state is DagRunState.SUCCESS
    another_leaf = pipeline(*cleaned_up.tasks, task("x"))
    assert drive(another_leaf, {"b": S.FAILED, "x": S.FAILED}).state is DagRunState.FAILED


def test_a_run_whose_leaves_are_all_skipped_succeeds() -> None:
    assert drive(CHAIN, {"a": S.SKIPPED}).state is DagRunState.SUCCESS


def test_a_deadlock_fails_the_run() -> None:
    # all_skipped can't be met by a removed instance, and doesn't give up either.
    structure = pipeline(task("a", expansion=over(2)), task("b", "a", rule="all_skipped"))
    driven = Driven(structure)
    driven.set("a[0]", state=S.SKIPPED)
    assert driven.state is None
    driven.set("a[1]", state=S.REMOVED)
    assert driven.state is DagRunState.FAILED
    assert driven.reason == "deadlock: b waits for what can no longer happen"
    assert driven.states("b") == "none"


def test_a_retry_to_come_is_no_deadlock() -> None:
    driven = Driven(pipeline(task("a", retries=1), task("b", "a")))
    driven.set("a", state=S.UP_FOR_RETRY, next_at=NOW + timedelta(minutes=5))
    assert driven.state is None


@pytest.mark.parametrize("limit", ["max_active_tis_per_dag", "max_active_tis_per_dagrun"])
def test_a_task_with_a_limit_of_its_own_is_never_called_deadlocked(limit: str) -> None:
    mapped = task("a", expansion=over(1))
    driven = Driven(pipeline(mapped, task("b", "a", rule="all_skipped", **{limit: 1})))
    driven.set("a[0]", state=S.REMOVED)
    assert driven.state is None


# -- branches and skips --------------------------------------------------------------------

BRANCH = pipeline(
    task("choose"),
    task("left", "choose"),
    task("right", "choose"),
    task("join", "left", "right"),
    task("tolerant", "left", "right", rule="none_failed_min_one_success"),
)


def test_a_branch_skips_the_other_children_and_the_join_of_all_success() -> None:
    driven = Driven(BRANCH)
    changes = driven.run.apply_skip(["right"], by=("choose", -1))
    assert changes == [StateChange(("right", -1), S.SKIPPED, "choose decided to skip it")]
    driven.ends("choose")
    assert driven.states("left", "right", "join", "tolerant") == "scheduled skipped skipped none"
    driven.ends("left")
    assert driven.states("tolerant") == "scheduled"


def test_a_short_circuit_can_skip_all_downstream_whatever_the_trigger_rules() -> None:
    structure = pipeline(task("check"), task("a", "check"), task("b", "a", rule="all_done"))
    driven = Driven(structure)
    driven.run.apply_skip(["a", "b"], by=("check", -1))
    driven.ends("check")
    assert driven.states("a", "b") == "skipped skipped"
    assert driven.state is DagRunState.SUCCESS


def test_a_short_circuit_that_respects_rules_leaves_an_all_done_grandchild_to_run() -> None:
    structure = pipeline(task("check"), task("a", "check"), task("b", "a", rule="all_done"))
    driven = Driven(structure)
    driven.run.apply_skip(["a"], by=("check", -1))
    driven.ends("check")
    assert driven.states("a", "b") == "skipped scheduled"


@pytest.mark.parametrize("state", [S.QUEUED, S.RUNNING, S.SUCCESS, S.FAILED, S.UPSTREAM_FAILED])
def test_a_skip_leaves_alone_what_runs_or_has_ended(state: TaskInstanceState) -> None:
    driven = Driven(BRANCH)
    driven.run.set_state(("left", -1), state)
    assert driven.run.apply_skip(["left", "unheard_of"], by=("choose", -1)) == []
    assert driven.states("left") == str(state)


def test_a_cleared_child_of_a_branch_is_skipped_again() -> None:
    driven = Driven(BRANCH)
    driven.run.apply_skip(["right"], by=("choose", -1))
    driven.ends("choose")
    driven.set("right", state=None)
    assert driven.states("right") == "skipped"
    assert driven.reason_of("right") == "choose decided to skip it"


def test_a_cleared_branch_decides_anew() -> None:
    driven = Driven(BRANCH)
    driven.run.apply_skip(["right"], by=("choose", -1))
    driven.ends("choose")
    driven.set("choose", "left", "right", "join", "tolerant", state=None)
    driven.run.apply_skip(["left"], by=("choose", -1))
    driven.ends("choose")
    assert driven.states("left", "right") == "skipped scheduled"


def test_decisions_are_remembered_across_a_restart() -> None:
    instances = [Instance("choose", -1, S.SUCCESS), Instance("left", -1, S.SUCCESS)]
    instances += [Instance(name, -1) for name in ("right", "join", "tolerant")]
    run = RunState(BRANCH, instances, skip_decisions={("choose", -1): ["right"]})
    decide(run, NOW)
    assert run.instances["right", -1].state is S.SKIPPED


def test_a_decision_of_a_branch_that_is_to_run_again_is_not_remembered() -> None:
    """A finished run whose branch was cleared is read from the store with its old decision."""
    names = ("choose", "left", "right", "join", "tolerant")
    run = RunState(
        BRANCH,
        [Instance(name, -1) for name in names],
        skip_decisions={("choose", -1): ["right"]},
    )
    decide(run, NOW)
    assert run.instances["right", -1].state is None


def test_a_branch_in_a_mapped_group_decides_for_its_index() -> None:
    structure = pipeline(
        task("choose", mapped_group="g"),
        task("left", "choose", mapped_group="g"),
        task("right", "choose", mapped_group="g"),
        groups={"g": over(2)},
    )
    driven = Driven(structure)
    driven.run.apply_skip(["left"], 0, by=("choose", 0))
    driven.run.apply_skip(["right"], 1, by=("choose", 1))
    driven.set("choose[0]", "choose[1]", state=S.SUCCESS)
    assert driven.states("left[0]", "right[0]") == "skipped scheduled"
    assert driven.states("left[1]", "right[1]") == "scheduled skipped"
    driven.set("right[1]", state=None)
    assert driven.states("right[1]") == "skipped"


# -- retries and sensors -------------------------------------------------------------------


def test_a_retry_waits_for_its_time() -> None:
    driven = Driven(pipeline(task("a", retries=2), task("b", "a")))
    due = NOW + timedelta(seconds=30)
    driven.set("a", state=S.UP_FOR_RETRY, try_number=1, next_at=due)
    assert driven.states("a") == "up_for_retry"
    assert driven.run.next_due() == due
    driven.now = due - timedelta(milliseconds=1)
    assert driven.decide().changes == []
    driven.now = due
    driven.decide()
    assert driven.states("a") == "scheduled"
    assert driven.run.next_due() is None


def test_a_sensor_waits_for_its_next_poke() -> None:
    driven = Driven(pipeline(task("s", is_sensor=True, sensor_mode="reschedule")))
    driven.set("s", state=S.UP_FOR_RESCHEDULE, next_at=NOW + timedelta(minutes=1))
    driven.now += timedelta(minutes=1)
    driven.decide()
    assert driven.states("s") == "scheduled"


def test_a_retry_that_was_cleared_is_not_due() -> None:
    driven = Driven(pipeline(task("a", retries=2)))
    driven.set("a", state=S.UP_FOR_RETRY, next_at=NOW + timedelta(hours=1))
    driven.set("a", state=None)
    assert driven.states("a") == "scheduled"
    assert driven.run.next_due() is None


def test_a_retry_survives_a_restart() -> None:
    due = NOW + timedelta(minutes=5)
    run = RunState(CHAIN, [Instance("a", -1, S.UP_FOR_RETRY, try_number=1, next_at=due)])
    decide(run, NOW)
    assert run.instances["a", -1].state is S.UP_FOR_RETRY
    assert run.next_due() == due


# -- the past ------------------------------------------------------------------------------

DEPENDENT = pipeline(task("a", depends_on_past=True), task("b", "a"))


def past(**states: TaskInstanceState | None) -> PreviousRun:
    return PreviousRun({(name, -1): state for name, state in states.items()}, "scheduled__x")


@pytest.mark.parametrize(
    ("before", "now"),
    [
        (S.SUCCESS, "scheduled"),
        (S.SKIPPED, "scheduled"),
        (S.FAILED, "none"),
        (S.UPSTREAM_FAILED, "none"),
        (S.RUNNING, "none"),
        (None, "none"),
    ],
)
def test_depends_on_past_wants_success_or_skip(before: TaskInstanceState | None, now: str) -> None:
    assert Driven(DEPENDENT, previous=past(a=before, b=None)).states("a") == now


def test_the_first_run_depends_on_nothing() -> None:
    assert Driven(DEPENDENT).states("a") == "scheduled"


def test_it_goes_on_when_the_run_before_does() -> None:
    driven = Driven(DEPENDENT, previous=past(a=S.RUNNING))
    driven.run.set_previous_state(("a", -1), S.SUCCESS)
    driven.decide()
    assert driven.states("a") == "scheduled"


def test_it_waits_again_when_the_run_before_is_cleared() -> None:
    driven = Driven(DEPENDENT, previous=past(a=S.FAILED))
    for state in (S.SUCCESS, None):
        driven.run.set_previous_state(("a", -1), state)
    driven.decide()
    assert driven.states("a") == "none"


def test_a_placeholder_of_the_run_before_holds_nothing_up_once_it_has_given_way() -> None:
    driven = Driven(DEPENDENT, previous=past(a=None))
    driven.run.drop_previous(("a", -1))
    for index in (0, 1):
        driven.run.set_previous_state(("a", index), None)
    driven.decide()
    assert driven.states("a") == "none"
    for index in (0, 1):
        driven.run.set_previous_state(("a", index), S.SUCCESS)
    driven.decide()
    assert driven.states("a") == "scheduled"


@pytest.mark.parametrize(
    ("ignore_first", "earlier", "state"),
    [(True, (), "scheduled"), (True, ("a",), "none"), (False, (), "none")],
)
def test_a_task_that_is_new_since_the_run_before(
    ignore_first: bool, earlier: tuple[str, ...], state: str
) -> None:
    structure = pipeline(task("a", depends_on_past=True, ignore_first_depends_on_past=ignore_first))
    previous = PreviousRun({("b", -1): S.SUCCESS}, "x", frozenset(earlier))
    assert Driven(structure, previous=previous).states("a") == state


def test_every_mapped_instance_of_the_past_counts() -> None:
    structure = pipeline(task("a", depends_on_past=True, expansion=over(2)))
    previous = PreviousRun({("a", 0): S.SUCCESS, ("a", 1): S.FAILED})
    driven = Driven(structure, previous=previous)
    assert driven.states("a[0]", "a[1]") == "none none"
    driven.run.set_previous_state(("a", 1), S.SKIPPED)
    driven.decide()
    assert driven.states("a[0]", "a[1]") == "scheduled scheduled"


def test_wait_for_downstream_looks_at_direct_downstream_of_the_past() -> None:
    structure = pipeline(task("a", wait_for_downstream=True), task("b", "a"), task("c", "b"))
    driven = Driven(structure, previous=past(a=S.SUCCESS, b=S.RUNNING, c=S.FAILED))
    assert driven.states("a") == "none"
    driven.run.set_previous_state(("b", -1), S.SKIPPED)
    driven.decide()
    assert driven.states("a") == "scheduled"


def test_a_skip_from_upstream_does_not_wait_for_the_past() -> None:
    structure = pipeline(task("a"), task("b", "a", depends_on_past=True))
    driven = Driven(structure, previous=past(a=S.SUCCESS, b=S.FAILED))
    driven.ends("a", S.SKIPPED)
    assert driven.states("b") == "skipped"


def test_a_skip_waits_for_the_past_where_it_is_asked_to() -> None:
    patient = task("b", "a", depends_on_past=True, wait_for_past_depends_before_skipping=True)
    driven = Driven(pipeline(task("a"), patient), previous=past(a=S.SUCCESS, b=S.FAILED))
    driven.ends("a", S.SKIPPED)
    assert driven.states("b") == "none"
    driven.run.set_previous_state(("b", -1), S.SUCCESS)
    driven.decide()
    assert driven.states("b") == "skipped"


def test_waiting_for_the_past_is_no_deadlock() -> None:
    driven = Driven(DEPENDENT, previous=past(a=S.FAILED))
    assert driven.state is None


# -- a pipeline that changed ---------------------------------------------------------------


def test_a_new_task_gets_an_instance() -> None:
    run = RunState(CHAIN, [Instance("a", -1, S.SUCCESS), Instance("c", -1)])
    decision = decide(run, NOW)
    assert decision.changes[0] == NewInstance(("b", -1))
    assert run.instances["b", -1].state is S.SCHEDULED


def test_an_instance_without_task_is_removed_and_the_run_can_end() -> None:
    run = RunState(pipeline(task("a")), [Instance("a", -1, S.SUCCESS), Instance("old", -1)])
    decision = decide(run, NOW)
    reason = "the pipeline no longer has this task"
    assert decision.changes == [StateChange(("old", -1), S.REMOVED, reason)]
    assert decision.run_state is DagRunState.SUCCESS


def test_a_run_does_not_end_while_an_instance_without_task_still_runs() -> None:
    instances = [Instance("a", -1, S.SUCCESS), Instance("old", -1, S.RUNNING)]
    run = RunState(pipeline(task("a")), instances)
    assert decide(run, NOW).run_state is None
    run.set_state(("old", -1), S.SUCCESS)
    assert decide(run, NOW).run_state is DagRunState.SUCCESS


def test_removed_instances_come_back_with_their_task() -> None:
    structure = pipeline(task("a"), task("m", expansion=over(1)))
    instances = [
        Instance("a", -1, S.REMOVED),
        Instance("m", 0, S.REMOVED),
        Instance("m", 1, S.REMOVED),
    ]
    run = RunState(structure, instances)
    assert [change.key for change in run.restore_removed()] == [("a", -1), ("m", 0)]


def test_unknown_and_doubled_instances_are_errors() -> None:
    run = RunState(CHAIN, initial_instances(CHAIN))
    with pytest.raises(KeyError):
        run.set_state(("nobody", -1), S.SUCCESS)
    with pytest.raises(ValueError, match="already has an instance a"):
        run.add_instance(Instance("a", -1))


def test_counts() -> None:
    driven = Driven(CHAIN)
    driven.ends("a")
    assert driven.run.counts() == {S.SUCCESS: 1, S.SCHEDULED: 1, None: 1}

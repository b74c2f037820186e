"""Setups and teardowns: what waits for them, what they wait for, and what they do to the run."""

from __future__ import annotations

import pytest

from runner.scheduling.graph import graph_of
from store.states import DagRunState, TaskInstanceState
from store.structure import DagStructure
from tests.runner.scheduling.pipelines import Driven, S, drive, over, pipeline, task


def guarded(**teardown: bool) -> DagStructure:
    """``create >> work >> more >> delete`` with ``create >> delete``, and a task after it all."""
    return pipeline(
        task("create", is_setup=True),
        task("work", "create"),
        task("more", "work"),
        task(
            "delete",
            "more",
            "create",
            rule="all_done_setup_success",
            is_teardown=True,
            **teardown,
        ),
    )


def test_all_run_in_order() -> None:
    driven = drive(guarded(), {})
    assert driven.states("create", "work", "more", "delete") == "success success success success"
    assert driven.state is DagRunState.SUCCESS


def test_a_failed_setup_takes_work_and_teardown_with_it() -> None:
    driven = drive(guarded(), {"create": S.FAILED})
    assert driven.states("work", "more", "delete") == "upstream_failed " * 2 + "upstream_failed"
    assert driven.reason_of("more") == "setup create failed"
    assert driven.state is DagRunState.FAILED


def test_a_skipped_setup_skips_work_and_teardown() -> None:
    driven = drive(guarded(), {"create": S.SKIPPED})
    assert driven.states("work", "more", "delete") == "skipped skipped skipped"
    assert driven.state is DagRunState.SUCCESS


def test_failed_work_is_torn_down_all_the_same() -> None:
    driven = drive(guarded(), {"work": S.FAILED})
    assert driven.states("work", "more", "delete") == "failed upstream_failed success"
    assert driven.state is DagRunState.FAILED


@pytest.mark.parametrize(
    ("flag", "state"), [(False, DagRunState.SUCCESS), (True, DagRunState.FAILED)]
)
def test_a_failed_teardown_fails_the_run_only_if_it_says_so(flag: bool, state: DagRunState) -> None:
    assert drive(guarded(on_failure_fail_dagrun=flag), {"delete": S.FAILED}).state is state


def test_the_run_waits_for_its_teardown() -> None:
    driven = Driven(guarded())
    for name in ("create", "work", "more"):
        driven.ends(name)
    assert driven.state is None


def test_work_further_down_waits_for_a_setup_that_is_not_its_direct_upstream() -> None:
    structure = pipeline(
        task("create", is_setup=True),
        task("work", "create", rule="always"),
        task("more", "work"),
        task("delete", "more", "create", rule="all_done_setup_success", is_teardown=True),
    )
    driven = Driven(structure)
    driven.ends("work")
    assert driven.states("create", "more") == "scheduled none"
    driven.ends("create")
    assert driven.states("more") == "scheduled"


def test_a_failed_setup_that_is_not_direct_counts_at_once() -> None:
    driven = Driven(guarded())
    driven.ends("create", S.FAILED)
    more = [change for change in driven.changes if change.key == ("more", -1)]
    assert [change.reason for change in more] == ["setup create failed"]


def test_a_setup_whose_teardown_lies_before_a_task_does_not_matter_to_it() -> None:
    structure = pipeline(
        *guarded().tasks,
        task("after", "delete", rule="all_done"),
    )
    assert graph_of(structure).nodes["after"].setups == ()
    driven = drive(structure, {"create": S.FAILED})
    assert driven.states("after") == "success"


def test_a_setup_without_teardown_matters_to_all_that_follows() -> None:
    structure = pipeline(
        task("create", is_setup=True), task("a", "create"), task("b", "a", rule="all_done")
    )
    driven = drive(structure, {"create": S.FAILED})
    assert driven.states("a", "b") == "upstream_failed upstream_failed"


def test_a_teardown_waits_for_all_between_its_setup_and_itself() -> None:
    structure = pipeline(
        task("create", is_setup=True),
        task("slow", "create"),
        task("last", "slow", rule="always"),
        task("delete", "last", "create", rule="all_done_setup_success", is_teardown=True),
    )
    driven = Driven(structure)
    driven.ends("create")
    driven.ends("last")
    assert driven.states("slow", "delete") == "scheduled none"
    driven.ends("slow", S.FAILED)
    assert driven.states("delete") == "scheduled"


def test_two_setups_one_of_which_succeeds_are_torn_down() -> None:
    structure = pipeline(
        task("one", is_setup=True),
        task("two", is_setup=True),
        task("delete", "one", "two", rule="all_done_setup_success", is_teardown=True),
    )
    assert drive(structure, {"one": S.FAILED}).states("delete") == "success"
    both = drive(structure, {"one": S.FAILED, "two": S.FAILED})
    assert both.states("delete") == "upstream_failed"


def test_a_pipeline_of_teardowns_alone_is_judged_by_its_leaves() -> None:
    structure = pipeline(task("delete", is_teardown=True))
    assert drive(structure, {"delete": S.FAILED}).state is DagRunState.FAILED


@pytest.mark.parametrize("end", [S.SUCCESS, S.FAILED, S.SKIPPED])
def test_setups_in_a_mapped_group_matter_per_index(end: TaskInstanceState) -> None:
    structure = pipeline(
        task("create", is_setup=True, mapped_group="g"),
        task("work", "create", mapped_group="g"),
        task("more", "work", mapped_group="g"),
        task(
            "delete",
            "more",
            "create",
            rule="all_done_setup_success",
            is_teardown=True,
            mapped_group="g",
        ),
        groups={"g": over(2)},
    )
    driven = drive(structure, {"create[0]": end})
    expected = {
        S.SUCCESS: "success success success",
        S.FAILED: "upstream_failed upstream_failed upstream_failed",
        S.SKIPPED: "skipped skipped skipped",
    }
    assert driven.states("work[0]", "more[0]", "delete[0]") == expected[end]
    assert driven.states("work[1]", "more[1]", "delete[1]") == "success success success"

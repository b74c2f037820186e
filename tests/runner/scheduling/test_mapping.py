"""Mapped tasks and mapped groups: how many instances there are, and who depends on whom."""

from __future__ import annotations

import pytest

from runner.scheduling.decide import decide
from runner.scheduling.expansion import MAX_MAP_LENGTH, initial_instances, mapping_failure
from runner.scheduling.graph import graph_of
from runner.scheduling.model import DroppedInstance, Instance, NewInstance
from runner.scheduling.run_state import RunState
from store.states import DagRunState
from store.structure import ConcatLength, DagStructure, Length, LiteralLength, XComLength, ZipLength
from tests.runner.scheduling.pipelines import NOW, Driven, S, drive, names_of, over, pipeline, task

MAPPED = pipeline(task("list_"), task("m", "list_", expansion=over("list_")), task("sum_", "m"))


def pushed(driven: Driven, task_id: str, length: int | None) -> None:
    driven.run.set_length(task_id, "return_value", length)
    driven.ends(task_id)


# -- how many ------------------------------------------------------------------------------


def test_literals_are_expanded_from_the_start() -> None:
    structure = pipeline(task("a"), task("m", expansion=over(2, 3)), task("b", "m"))
    keys = [(instance.task_id, instance.map_index) for instance in initial_instances(structure)]
    assert names_of(keys) == ["a", *(f"m[{i}]" for i in range(6)), "b"]


def test_what_is_pushed_upstream_is_expanded_when_it_is_known() -> None:
    driven = Driven(MAPPED)
    assert driven.keys("m") == [-1]
    pushed(driven, "list_", 3)
    assert driven.keys("m") == [0, 1, 2]
    assert driven.states("m[0]", "m[1]", "m[2]", "sum_") == "scheduled scheduled scheduled none"
    assert driven.changes[1:5] == [
        DroppedInstance(("m", -1)),
        NewInstance(("m", 0)),
        NewInstance(("m", 1)),
        NewInstance(("m", 2)),
    ]


def test_new_instances_have_the_retries_of_their_task() -> None:
    mapped = task("m", "list_", expansion=over("list_"), retries=2)
    driven = Driven(pipeline(task("list_"), mapped))
    pushed(driven, "list_", 1)
    assert driven.run.instances["m", 0].max_tries == 2


XCOM = XComLength("list_")
LENGTHS: list[tuple[Length, int]] = [
    (ConcatLength([XCOM, LiteralLength(2)]), 5),
    (ZipLength([XCOM, LiteralLength(2)]), 2),
    (ZipLength([XCOM, LiteralLength(2)], longest=True), 3),
    (ConcatLength([ZipLength([XCOM, XCOM]), XCOM]), 6),
]


@pytest.mark.parametrize(("length", "count"), LENGTHS)
def test_lengths_of_zip_and_concat(length: Length, count: int) -> None:
    driven = Driven(pipeline(task("list_"), task("m", "list_", expansion=over(length))))
    pushed(driven, "list_", 3)
    assert len(driven.keys("m")) == count


def test_several_arguments_make_the_product() -> None:
    driven = Driven(pipeline(task("list_"), task("m", "list_", expansion=over("list_", 2))))
    pushed(driven, "list_", 3)
    assert len(driven.keys("m")) == 6


@pytest.mark.parametrize("literal", [True, False])
def test_an_empty_list_makes_one_skipped_instance(literal: bool) -> None:
    expansion = over(0) if literal else over("list_")
    structure = pipeline(
        task("list_"),
        task("m", "list_", expansion=expansion),
        task("all_", "m"),
        task("any_end", "m", rule="all_done"),
    )
    driven = Driven(structure)
    pushed(driven, "list_", 0)
    assert driven.keys("m") == [-1]
    assert driven.states("m", "all_", "any_end") == "skipped skipped scheduled"
    assert driven.reason_of("m") == "it maps over nothing: the list is empty"


def test_of_a_mapped_task_the_instances_that_pushed_are_counted() -> None:
    structure = pipeline(
        task("a", expansion=over(3)), task("m", "a", expansion=over("a"), rule="all_done")
    )
    driven = Driven(structure)
    driven.ends("a[0]")
    driven.ends("a[1]", returns=False)
    assert driven.keys("m") == [-1]
    driven.ends("a[2]")
    assert driven.keys("m") == [0, 1]


def test_a_mapped_task_of_which_no_instance_pushed_is_mapped_over_nothing() -> None:
    structure = pipeline(task("a", expansion=over(1)), task("m", "a", expansion=over("a")))
    driven = Driven(structure)
    driven.ends("a[0]", returns=False)
    assert driven.states("m") == "skipped"


# -- what can't be mapped over -------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({}, "m maps over the return value of list_, which pushed none"),
        ({"return_value": None}, "return value of list_, which is no list or dict"),
        ({"return_value": 1025}, "which has 1025 items: at most 1024 can be mapped over"),
        ({"return_value": 1024}, None),
        ({"return_value": 0}, None),
    ],
)
def test_a_task_fails_when_another_can_not_map_over_what_it_pushed(
    values: dict[str, int | None], sentence: str | None
) -> None:
    found = mapping_failure(MAPPED, "list_", values)
    assert (found is None) if sentence is None else (found is not None and sentence in found)


def test_an_own_key_can_be_mapped_over() -> None:
    structure = pipeline(
        task("list_"), task("m", "list_", expansion=over(XComLength("list_", "files")))
    )
    assert mapping_failure(structure, "list_", {"files": MAX_MAP_LENGTH}) is None
    missing = mapping_failure(structure, "list_", {"return_value": 3})
    assert missing is not None
    assert "XCom 'files' of list_" in missing


def test_no_other_task_fails_for_its_pushes() -> None:
    assert mapping_failure(MAPPED, "sum_", {}) is None
    assert mapping_failure(MAPPED, "unheard_of", {}) is None
    of_mapped = pipeline(task("a", expansion=over(3)), task("m", "a", expansion=over("a")))
    assert mapping_failure(of_mapped, "a", {}) is None


def test_if_the_upstream_did_not_fail_the_mapped_task_is_upstream_failed() -> None:
    driven = Driven(MAPPED)
    pushed(driven, "list_", None)
    assert driven.states("m", "sum_") == "upstream_failed upstream_failed"
    assert "list_ pushed no list or dict" in driven.reason_of("m")


def test_a_rule_that_fires_before_the_length_is_known_ends_in_upstream_failed() -> None:
    # As Airflow does: "Cannot expand …; missing upstream values".
    mapped = task("m", "list_", "other", rule="one_success", expansion=over("list_"))
    driven = Driven(pipeline(task("list_"), task("other"), mapped))
    driven.ends("other")
    assert driven.states("m") == "upstream_failed"
    assert driven.reason_of("m") == "it can't be expanded: list_ has not ended"


@pytest.mark.parametrize(("end", "state"), [(S.FAILED, "upstream_failed"), (S.SKIPPED, "skipped")])
def test_what_it_maps_over_decides_whatever_the_trigger_rule(end: S, state: str) -> None:
    structure = pipeline(
        task("list_"), task("m", "list_", rule="all_done", expansion=over("list_"))
    )
    driven = Driven(structure)
    driven.ends("list_", end)
    assert driven.states("m") == state


# -- who depends on whom -------------------------------------------------------------------


def test_a_task_after_a_mapped_one_sees_all_its_instances() -> None:
    structure = pipeline(
        task("m", expansion=over(3)),
        task("all_", "m"),
        task("done", "m", rule="all_done"),
        task("one", "m", rule="one_success"),
    )
    driven = Driven(structure)
    driven.ends("m[0]", S.SKIPPED)
    driven.ends("m[2]")
    assert driven.states("all_", "done", "one") == "skipped none scheduled"
    driven.ends("m[1]", S.FAILED)
    assert driven.states("done") == "scheduled"


def test_failed_before_skipped_makes_upstream_failed() -> None:
    driven = drive(
        pipeline(task("m", expansion=over(3)), task("all_", "m")),
        {"m[0]": S.FAILED, "m[1]": S.SKIPPED},
    )
    assert driven.states("all_") == "upstream_failed"


GROUP = pipeline(
    task("list_"),
    task("a", "list_", mapped_group="g"),
    task("b", "a", mapped_group="g"),
    task("after", "b"),
    groups={"g": over("list_")},
)


def test_in_a_mapped_group_an_instance_depends_on_its_own_index() -> None:
    driven = Driven(GROUP)
    pushed(driven, "list_", 3)
    assert (driven.keys("a"), driven.keys("b")) == ([0, 1, 2], [0, 1, 2])
    driven.ends("a[1]", S.FAILED)
    driven.ends("a[0]", S.SKIPPED)
    assert driven.states("b[0]", "b[1]", "b[2]") == "skipped upstream_failed none"
    driven.ends("a[2]")
    assert driven.states("b[2]") == "scheduled"


def test_a_task_after_a_mapped_group_sees_the_worst() -> None:
    driven = Driven(GROUP)
    pushed(driven, "list_", 3)
    driven.ends("a[1]", S.FAILED)
    assert driven.states("after") == "upstream_failed"


@pytest.mark.parametrize(
    "rule", ["one_success", "one_failed", "one_done", "all_done", "none_failed"]
)
def test_no_rule_reaches_over_to_another_index(rule: str) -> None:
    structure = pipeline(
        task("list_"),
        task("a", "list_", mapped_group="g"),
        task("b", "a", mapped_group="g", rule=rule),
        groups={"g": over("list_")},
    )
    driven = Driven(structure)
    pushed(driven, "list_", 2)
    driven.ends("a[0]", S.FAILED if rule == "one_failed" else S.SUCCESS)
    assert driven.states("b[0]", "b[1]") == "scheduled none"


def test_all_done_min_one_success_works_in_a_mapped_group() -> None:
    # Airflow 3.3.2 gives up on it before the group is expanded.
    structure = pipeline(
        task("list_"),
        task("a", "list_", mapped_group="g"),
        task("b", "a", mapped_group="g", rule="all_done_min_one_success"),
        groups={"g": over("list_")},
    )
    assert drive_with_length(structure, 2).states("b[0]", "b[1]") == "success success"


def drive_with_length(structure: DagStructure, length: int) -> Driven:
    driven = Driven(structure)
    pushed(driven, "list_", length)
    while ready := [k for k, i in driven.run.instances.items() if i.state is S.SCHEDULED]:
        driven.ends(names_of(ready)[0])
    return driven


def test_an_empty_mapped_group_is_skipped() -> None:
    driven = Driven(GROUP)
    pushed(driven, "list_", 0)
    assert driven.states("a", "b", "after") == "skipped skipped skipped"
    assert driven.state is DagRunState.SUCCESS


def test_a_failed_source_fails_the_whole_group_whatever_the_rules() -> None:
    structure = pipeline(
        task("list_"),
        task("a", "list_", mapped_group="g"),
        task("b", "a", mapped_group="g", rule="all_done"),
        groups={"g": over("list_")},
    )
    driven = Driven(structure)
    driven.ends("list_", S.FAILED)
    assert driven.states("a", "b") == "upstream_failed upstream_failed"


def test_a_task_in_a_group_depends_on_all_instances_outside() -> None:
    structure = pipeline(
        task("m", expansion=over(2)),
        task("a", "m", mapped_group="g"),
        task("b", "m", "a", mapped_group="g"),
        groups={"g": over(2)},
    )
    driven = Driven(structure)
    driven.ends("m[0]")
    assert driven.states("a[0]", "b[0]") == "none none"
    driven.ends("m[1]")
    driven.ends("a[0]")
    assert driven.states("b[0]", "b[1]") == "scheduled none"


@pytest.mark.parametrize(
    ("rule", "end", "state"),
    [
        ("one_success", S.SUCCESS, "scheduled"),
        ("all_success", S.FAILED, "upstream_failed"),
        ("all_success", S.SUCCESS, "none"),
    ],
)
def test_an_instance_outside_can_decide_for_the_whole_group(rule: str, end: S, state: str) -> None:
    structure = pipeline(
        task("m", expansion=over(2)),
        task("a", mapped_group="g"),
        task("b", "m", "a", mapped_group="g", rule=rule),
        groups={"g": over(2)},
    )
    driven = Driven(structure)
    driven.ends("m[0]", end)
    assert driven.states("b[0]", "b[1]") == f"{state} {state}"


def test_a_skipped_placeholder_in_the_group_decides_though_the_outside_is_unfinished() -> None:
    structure = pipeline(
        task("list_"),
        task("slow"),
        task("a", "list_", mapped_group="g"),
        task("b", "a", "slow", mapped_group="g"),
        groups={"g": over("list_")},
    )
    driven = Driven(structure)
    pushed(driven, "list_", 0)
    assert driven.states("a", "b", "slow") == "skipped skipped scheduled"


def test_what_it_maps_over_is_seen_to_be_skipped_in_the_same_round() -> None:
    # Else "m", whose rule is met by then, would be expanded over what will never be pushed.
    structure = pipeline(
        task("first"),
        task("list_", "first", rule="all_skipped"),
        task("m", "first", "list_", rule="one_success", expansion=over("list_")),
    )
    driven = Driven(structure)
    driven.ends("first")
    assert driven.states("list_", "m") == "skipped skipped"


def test_a_skip_of_what_it_maps_over_comes_before_a_failure_one_step_further() -> None:
    structure = pipeline(
        task("first"),
        task("list_", "first", rule="all_skipped"),
        task("other", "first"),
        task("m", "list_", "other", expansion=over("list_")),
    )
    driven = Driven(structure)
    driven.ends("first", S.FAILED)
    assert driven.states("list_", "other", "m") == "skipped upstream_failed skipped"


def test_instances_beyond_a_shrunken_upstream_are_removed_with_it() -> None:
    structure = pipeline(task("a", expansion=over(3)), task("b", "a", expansion=over(3)))
    driven = Driven(structure)
    driven.ends("a[0]")
    driven.ends("a[1]")
    driven.set("a[2]", state=S.REMOVED)
    assert driven.states("b[0]", "b[1]", "b[2]") == "scheduled scheduled removed"
    assert driven.reason_of("b[2]") == "its map index is beyond those of its upstream"


# -- cleared and run again -----------------------------------------------------------------


def cleared() -> Driven:
    """A run over three items that has ended and was cleared."""
    driven = Driven(MAPPED)
    pushed(driven, "list_", 3)
    for index in range(3):
        driven.ends(f"m[{index}]")
    driven.ends("sum_")
    for key in list(driven.run.instances):
        driven.run.set_state(key, None)
    driven.decide()
    return driven


def test_cleared_instances_wait_for_their_upstream() -> None:
    driven = cleared()
    assert driven.states("list_", "m[0]", "m[2]", "sum_") == "scheduled none none none"


def test_a_shorter_list_removes_the_instances_beyond_it() -> None:
    driven = cleared()
    pushed(driven, "list_", 2)
    assert driven.states("m[0]", "m[1]", "m[2]") == "scheduled scheduled removed"
    assert driven.reason_of("m[2]") == "the list it maps over has 2 items now"
    driven.ends("m[0]")
    driven.ends("m[1]")
    assert driven.states("sum_") == "scheduled"


def test_a_longer_list_adds_instances() -> None:
    driven = cleared()
    pushed(driven, "list_", 5)
    assert driven.keys("m") == [0, 1, 2, 3, 4]
    assert driven.states("m[0]", "m[4]") == "scheduled scheduled"


def test_what_a_cleared_task_pushed_is_forgotten() -> None:
    driven = cleared()
    node = graph_of(MAPPED).nodes["m"]
    assert driven.run.expanded_count(node) is None


def test_a_task_that_became_mapped_is_expanded() -> None:
    instances = [Instance("list_", -1, S.SUCCESS), Instance("m", -1), Instance("sum_", -1)]
    run = RunState(MAPPED, instances, lengths={("list_", "return_value"): 2})
    decide(run, NOW)
    assert sorted(index for name, index in run.instances if name == "m") == [0, 1]


def test_mapping_survives_a_restart() -> None:
    structure = pipeline(
        task("a", expansion=over(2)), task("m", "a", expansion=over("a"), rule="all_done")
    )
    instances = [Instance("a", 0, S.SUCCESS), Instance("a", 1, S.SUCCESS), Instance("m", -1)]
    run = RunState(structure, instances, pushed={("a", "return_value"): [1]})
    decide(run, NOW)
    assert sorted(index for name, index in run.instances if name == "m") == [0]

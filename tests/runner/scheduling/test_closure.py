"""What is cleared and marked along with a task, as Airflow 3.3.2's ``partial_subset`` has it."""

from __future__ import annotations

import pytest

from runner.scheduling.closure import (
    resumed_by_mark,
    select_instances,
    select_marked,
    select_tasks,
)
from store.states import TaskInstanceState
from tests.runner.scheduling.pipelines import S, key, names_of, over, pipeline, task

#  load ──► train ──► report        and   create ──► train, predict ──► delete (create ──► delete)
#    └────► check     predict ─┘
STRUCTURE = pipeline(
    task("load"),
    task("check", "load"),
    task("create", is_setup=True),
    task("train", "load", "create"),
    task("predict", "train"),
    task("delete", "predict", "create", is_teardown=True),
    task("report", "predict"),
)


@pytest.mark.parametrize(
    ("chosen", "upstream", "downstream", "expected"),
    [
        ("load", False, False, "load"),
        ("check", True, False, "load check"),
        ("train", False, False, "create train delete"),
        ("train", True, False, "load create train delete"),
        ("predict", False, True, "create predict delete report"),
        ("load", False, True, "load check create train predict delete report"),
        ("create", False, False, "create delete"),
        ("create", False, True, "create train predict delete report"),
        ("delete", False, False, "delete"),
        ("report", True, False, "load create train predict delete report"),
        ("report", False, False, "report"),
        ("check report", False, False, "check report"),
    ],
)
def test_setups_and_teardowns_are_cleared_along(
    chosen: str, upstream: bool, downstream: bool, expected: str
) -> None:
    found = select_tasks(STRUCTURE, chosen.split(), upstream=upstream, downstream=downstream)
    assert " ".join(found) == expected


def test_all_tasks() -> None:
    assert select_tasks(STRUCTURE, None) == [task.task_id for task in STRUCTURE.tasks]


def test_an_unknown_task_is_refused_in_one_sentence() -> None:
    with pytest.raises(ValueError, match="dag has no task b, c"):
        select_tasks(STRUCTURE, ["c", "load", "b"])
    with pytest.raises(ValueError, match="dag has no task x"):
        select_marked(STRUCTURE, ["x"], upstream=False, downstream=False)


MAPPED = pipeline(
    task("list_"),
    task("a", "list_", mapped_group="g"),
    task("b", "a", mapped_group="g"),
    task("after", "b"),
    groups={"g": over("list_")},
)


def instances(**failed: int) -> list[tuple[tuple[str, int], TaskInstanceState | None]]:
    names = ["list_", "a[0]", "a[1]", "b[0]", "b[1]", "after"]
    states = {name.replace("(", "["): S.SUCCESS for name in names}
    return [
        (key(name), S.FAILED if failed.get(key(name)[0]) == key(name)[1] else state)
        for name, state in states.items()
    ]


def test_one_map_index_and_what_follows_it() -> None:
    found = select_instances(MAPPED, instances(), ["a"], map_indexes=[1], downstream=True)
    assert names_of(found) == ["a[1]", "b[1]", "after"]


def test_whole_tasks() -> None:
    found = select_instances(MAPPED, instances(), ["a"], downstream=True)
    assert names_of(found) == ["a[0]", "a[1]", "b[0]", "b[1]", "after"]
    assert len(select_instances(MAPPED, instances(), None)) == 6


def test_only_what_failed() -> None:
    found = select_instances(MAPPED, instances(a=0, after=-1), None, only_failed=True)
    assert names_of(found) == ["a[0]", "after"]


def test_an_instance_without_task_is_left_alone() -> None:
    assert select_instances(MAPPED, [(("gone", -1), S.FAILED)], None) == []


@pytest.mark.parametrize(
    ("chosen", "upstream", "downstream", "expected"),
    [
        ("train", False, False, "train"),
        ("train", True, False, "load create train"),
        ("train", False, True, "train predict report"),
    ],
)
def test_marking_leaves_teardowns_to_run(
    chosen: str, upstream: bool, downstream: bool, expected: str
) -> None:
    found = select_marked(STRUCTURE, [chosen], upstream=upstream, downstream=downstream)
    assert " ".join(found) == expected


def test_after_a_mark_what_failed_downstream_goes_on() -> None:
    assert resumed_by_mark(STRUCTURE, ["train"]) == ["create", "predict", "delete", "report"]

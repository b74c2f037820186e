"""What is cleared and marked along with a task, as Airflow 3.3.2's ``partial_subset`` has it."""

from __future__ import annotations

import pytest

from runner.scheduling.closure import (
    resumed_by_mark,
    select_marked,
    select_tasks,
)
from tests.runner.scheduling.pipelines import pipeline, task

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

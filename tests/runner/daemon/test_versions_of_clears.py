"""A cleared run goes on with the newest version of its DAG; a dry run says so before."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.daemon.commands.versions import MOST_COMPARED
from tests.runner.scheduling.pipelines import pipeline, task
from tests.support.turns import Turns


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Turns]:
    turns = Turns(tmp_path)
    turns.add(pipeline(task("a"), task("b", "a"), task("c")), text="1")
    yield turns
    turns.store.close()


def ended_run(turns: Turns) -> str:
    run_id = turns.trigger()
    for name in ("a", "c", "b"):
        turns.starts(name)
        turns.ends(name)
    assert turns.rows("SELECT state FROM dag_run WHERE run_id = ?", run_id) == [("success",)]
    return run_id


def numbers_of(turns: Turns, run_id: str) -> tuple[int, ...]:
    """Of the versions that a run, and its newest tries, ran with."""
    (run,) = turns.rows(
        "SELECT number FROM dag_run JOIN dag_version v ON v.id = version_id WHERE run_id = ?",
        run_id,
    )
    return run


def test_a_cleared_run_ends_though_one_of_its_tasks_is_gone_from_the_file(turns: Turns) -> None:
    run_id = ended_run(turns)
    structure = pipeline(task("a"), task("b", "a"))
    turns.take_in(structure.file, structure, text="2")
    turns.do("clear", dag_id="dag", run_ids=[run_id])
    for name in ("a", "b"):
        turns.starts(name)
        turns.ends(name)
    assert turns.states(run_id) == {"a": "success", "b": "success", "c": "removed"}
    assert turns.run_states() == ["success"]


def test_nothing_is_said_where_nothing_changed(turns: Turns) -> None:
    run_id = ended_run(turns)
    seen = turns.do("clear", dag_id="dag", run_ids=[run_id], dry_run=True)
    assert seen["versions"] == []


def test_a_cleared_run_goes_on_with_the_newest_version_as_was_said(turns: Turns) -> None:
    run_id = ended_run(turns)
    structure = pipeline(task("a"), task("b", "a", retries=3), task("d"))
    turns.take_in(structure.file, structure, text="2")
    assert numbers_of(turns, run_id) == (1,)
    clear = {"dag_id": "dag", "run_ids": [run_id], "task_ids": ["b"]}
    seen = turns.do("clear", **clear, dry_run=True)
    differ = {"added": ["d"], "removed": ["c"], "changed": ["b"]}
    assert seen["versions"] == [{"dag_id": "dag", "from": 1, "to": 2, **differ}]
    turns.do("clear", **clear)
    assert numbers_of(turns, run_id) == (2,)
    turns.starts("b")
    assert turns.rows(
        "SELECT task_id, number FROM task_try JOIN task_instance ti ON ti.id = task_instance_id "
        "JOIN dag_version v ON v.id = task_try.version_id WHERE task_id = 'b' ORDER BY number"
    ) == [("b", 1), ("b", 2)]


def test_code_that_changed_in_the_same_tasks_is_another_version(turns: Turns) -> None:
    run_id = ended_run(turns)
    structure = pipeline(task("a"), task("b", "a"), task("c"))
    turns.take_in(structure.file, structure, text="2")
    (one,) = turns.do("clear", dag_id="dag", run_ids=[run_id], dry_run=True)["versions"]
    assert (one["from"], one["to"]) == (1, 2)
    assert (one["added"], one["removed"], one["changed"]) == ([], [], [])


def test_runs_of_which_nothing_is_cleared_have_no_say(turns: Turns) -> None:
    old = ended_run(turns)
    structure = pipeline(task("a", retries=1), task("b", "a"), task("c"))
    turns.take_in(structure.file, structure, text="2")
    new = ended_run(turns)
    clear = {"dag_id": "dag", "run_ids": [old, new], "dry_run": True}
    assert len(turns.do("clear", **clear)["versions"]) == 1
    assert turns.do("clear", **clear, only_failed=True)["versions"] == []


def test_of_many_former_versions_the_newest_are_compared(turns: Turns) -> None:
    run_ids: list[str] = []
    for number in range(MOST_COMPARED + 2):
        structure = pipeline(task("a", retries=number), task("b", "a"), task("c"))
        turns.take_in(structure.file, structure, text=f"{number + 2}")
        run_ids.append(ended_run(turns))
    seen = turns.do("clear", dag_id="dag", run_ids=run_ids, dry_run=True)["versions"]
    newest = MOST_COMPARED + 3
    assert [one["from"] for one in seen] == list(range(newest - 1, newest - 1 - MOST_COMPARED, -1))

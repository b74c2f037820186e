"""Who gave a task instance or a run its state by hand, as long as that holds."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store.queries.marks import Mark, mark_of_run, marks_of
from store.queries.tasks import list_instances
from tests.runner.scheduling.pipelines import pipeline, task
from tests.support.turns import S, Turns


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Turns]:
    turns = Turns(tmp_path)
    turns.add(pipeline(task("a"), task("b", "a")))
    yield turns
    turns.store.close()


def ended(turns: Turns, **ends: S) -> str:
    run_id = turns.trigger()
    for name in ("a", "b"):
        turns.starts(name)
        turns.ends(name, ends.get(name, S.SUCCESS))
    turns.passes(hours=1)
    return run_id


def mark(turns: Turns, run_id: str, task_id: str, state: str, **more: Any) -> Any:
    wanted = {"dag_id": "dag", "run_id": run_id, "task_ids": [task_id], "state": state}
    return turns.do("mark_task", **wanted, **more)


def marks(turns: Turns) -> dict[str, Mark]:
    """By task, of the only run."""
    with turns.store.read() as connection:
        rows = list_instances(connection, 1)
        found = marks_of(connection, rows)
        for row in rows:  # as of all, so of one
            assert marks_of(connection, [row]) == {k: v for k, v in found.items() if k == row.id}
    return {row.task_id: found[row.id] for row in rows if row.id in found}


def words(turns: Turns) -> dict[str, str]:
    return {name: one.message for name, one in marks(turns).items()}


def of_run(turns: Turns) -> str | None:
    state = turns.run_states()[0]
    with turns.store.read() as connection:
        found = mark_of_run(connection, 1, state)
    return None if found is None else found.message


def test_what_ended_by_itself_was_marked_by_nobody(turns: Turns) -> None:
    ended(turns, b=S.FAILED)
    assert marks(turns) == {}
    assert of_run(turns) is None


def test_a_mark_is_told_with_its_note_until_the_task_runs_again(turns: Turns) -> None:
    run_id = ended(turns, b=S.FAILED)
    mark(turns, run_id, "b", "success", note="known")
    found = marks(turns)
    assert found == {"b": Mark("marked success by test", turns.now, "known")}
    mark(turns, run_id, "b", "failed")
    assert words(turns) == {"b": "marked failed by test"}
    turns.do("clear", dag_id="dag", run_ids=[run_id], task_ids=["b"])
    assert marks(turns) == {}, "it runs again"
    turns.starts("b")
    turns.ends("b", S.FAILED)
    assert turns.states(run_id)["b"] == "failed"
    assert marks(turns) == {}, "it failed by itself"


def test_an_undo_takes_the_mark_away_and_one_of_a_clear_brings_it_back(turns: Turns) -> None:
    run_id = ended(turns, b=S.FAILED)
    former = mark(turns, run_id, "b", "success")["undo"]
    turns.do("restore", **former)
    assert marks(turns) == {}
    mark(turns, run_id, "b", "success")
    turns.do("pause", dag_ids=["dag"])
    former = turns.do("clear", dag_id="dag", run_ids=[run_id], task_ids=["b"])["undo"]
    assert marks(turns) == {}
    turns.do("restore", **former)
    assert words(turns) == {"b": "marked success by test"}


def test_a_mark_holds_again_when_a_later_one_is_taken_back(turns: Turns) -> None:
    run_id = ended(turns, b=S.FAILED)
    mark(turns, run_id, "b", "success", note="known")
    turns.passes(minutes=1)
    former = mark(turns, run_id, "b", "failed")["undo"]
    assert words(turns) == {"b": "marked failed by test"}
    turns.do("restore", **former)
    assert words(turns) == {"b": "marked success by test"}
    assert marks(turns)["b"].note == "known"


def test_what_was_at_work_has_its_mark_when_its_process_has_ended(turns: Turns) -> None:
    run_id = turns.trigger()
    turns.starts("a")
    mark(turns, run_id, "a", "success", note="enough")
    assert marks(turns) == {}
    turns.passes(seconds=5)
    turns.ends("a", S.FAILED)
    assert turns.states(run_id)["a"] == "success"
    found = marks(turns)["a"]
    assert (found.message, found.note, found.of_run) == ("marked success by test", "enough", False)


@pytest.mark.parametrize(
    ("command", "more", "said"),
    [
        ("mark_run", {"state": "failed"}, "marked failed by test"),
        ("mark_run", {"state": "success"}, "marked success by test"),
        ("cancel_run", {}, "cancelled by test"),
    ],
)
def test_tasks_of_a_run_that_was_ended_by_hand_say_so(
    turns: Turns, command: str, more: dict[str, str], said: str
) -> None:
    run_id = turns.trigger()
    turns.starts("a")
    turns.do(command, dag_id="dag", run_id=run_id, **more)
    turns.ends("a", S.FAILED)
    assert words(turns) == {"a": said, "b": said}
    assert all(one.of_run for one in marks(turns).values())
    assert of_run(turns) == said


def test_a_run_says_who_marked_it_until_it_ends_again(turns: Turns) -> None:
    run_id = ended(turns)
    turns.do("mark_run", dag_id="dag", run_id=run_id, state="failed", note="bad data")
    with turns.store.read() as connection:
        found = mark_of_run(connection, 1, "failed")
        assert found == Mark("marked failed by test", turns.now, "bad data")
        assert mark_of_run(connection, 1, "success") is None
    assert marks(turns) == {}, "its tasks had ended by themselves"
    turns.do("clear", dag_id="dag", run_ids=[run_id], task_ids=["b"])
    assert of_run(turns) is None
    turns.starts("b")
    turns.ends("b", S.FAILED)
    assert turns.run_states() == ["failed"]
    assert of_run(turns) is None

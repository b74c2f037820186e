"""Marking tasks of a run that has ended: only what is to run again starts the run again."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from runner.scheduling import graph
from store.structure import DagStructure
from tests.runner.scheduling.pipelines import pipeline, task
from tests.support.turns import S, Turns


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Turns]:
    turns = Turns(tmp_path)
    yield turns
    turns.store.close()


def dag(**more: Any) -> DagStructure:
    """``a`` before ``b``, and ``c`` beside them; b and c are the leaves."""
    made = pipeline(task("a"), task("b", "a"), task("c"), **more)
    return msgspec.structs.replace(made, callbacks=["on_success", "on_failure"])


def ended(turns: Turns, **ends: S) -> str:
    """A run whose tasks have ended so, those that aren't named well."""
    run_id = turns.trigger()
    for name in ("a", "b", "c"):
        turns.starts(name)
        turns.ends(name, ends.get(name, S.SUCCESS))
    turns.passes(hours=1)
    return run_id


def facts(turns: Turns) -> tuple[Any, ...]:
    """Of the run: what a mark that makes nothing run leaves as it is."""
    (row,) = turns.rows(
        "SELECT started_at, ended_at, queued_at, clear_number, version_id FROM dag_run"
    )
    return row


def events(turns: Turns) -> list[str]:
    query = "SELECT kind FROM event WHERE kind IN ('run_success', 'run_failed') ORDER BY id"
    return [kind for (kind,) in turns.rows(query)]


def callbacks(turns: Turns) -> list[str]:
    return [kind for (kind,) in turns.rows("SELECT kind FROM callback ORDER BY id")]


def mark(turns: Turns, run_id: str, task_id: str, state: str, **more: Any) -> Any:
    """Mark it; what the question said of the runs holds then."""
    wanted = {"dag_id": "dag", "run_id": run_id, "task_ids": [task_id], "state": state}
    query = "SELECT run_id, state FROM dag_run"
    before = dict(turns.rows(query))
    told = turns.do("mark_task", **{**wanted, **more, "dry_run": True})["become"]
    answer = turns.do("mark_task", **wanted, **more)
    if more.get("dry_run"):
        return answer
    after = dict(turns.rows(query))
    for name, now, then in told:
        assert now == before.pop(name)
        # the DAG may be paused
        assert after.pop(name) in ({"queued", "running"} if then == "queued" else {then})
    assert before == after, "the others stay as they are"
    return answer


@pytest.mark.parametrize("newer", [False, True])
def test_a_mark_after_which_nothing_runs_gives_the_run_its_state_and_leaves_the_rest(
    turns: Turns, newer: bool
) -> None:
    """Also where the DAG has another version by now: nothing of it will run."""
    turns.add(dag(), text="1")
    run_id = ended(turns, c=S.FAILED)
    assert turns.run_states() == ["failed"]
    if newer:
        structure = pipeline(task("a"), task("b", "a"), task("c"), task("d"))
        turns.take_in(structure.file, structure, text="2")
    before = facts(turns)
    mark(turns, run_id, "c", "success")
    assert turns.run_states() == ["success"]
    assert facts(turns) == before
    assert turns.states(run_id) == dict.fromkeys("abc", "success")
    assert events(turns) == ["run_failed", "run_success"]
    assert not turns.brain.runs


def test_what_follows_from_the_end_of_a_run_follows_where_a_mark_changes_it(turns: Turns) -> None:
    turns.add(dag(max_consecutive_failed_dag_runs=1))
    run_id = ended(turns)
    mark(turns, run_id, "b", "failed")
    assert turns.run_states() == ["failed"]
    assert events(turns) == ["run_success", "run_failed"]
    assert callbacks(turns) == ["on_success", "on_failure"]
    assert turns.rows("SELECT is_paused FROM dag") == [(1,)]


def test_a_mark_that_leaves_the_state_of_the_run_says_nothing_of_its_end(turns: Turns) -> None:
    turns.add(dag())
    run_id = ended(turns, b=S.FAILED)
    before = facts(turns)
    mark(turns, run_id, "a", "skipped")
    assert turns.run_states() == ["failed"]
    assert facts(turns) == before
    assert events(turns) == ["run_failed"]
    assert callbacks(turns) == ["on_failure"]


def test_the_leaves_are_those_of_the_version_that_the_run_had(turns: Turns) -> None:
    turns.add(dag(), text="1")
    run_id = ended(turns, c=S.FAILED)
    structure = pipeline(task("a"), task("b", "a"), task("c"), task("d", "c"))
    turns.take_in(structure.file, structure, text="2")
    mark(turns, run_id, "b", "skipped")
    assert turns.run_states() == ["failed"]


def test_a_mark_in_a_paused_dag_leaves_no_run_queued(turns: Turns) -> None:
    turns.add(dag())
    run_id = ended(turns, c=S.FAILED)
    turns.do("pause", dag_ids=["dag"])
    mark(turns, run_id, "c", "success")
    assert turns.run_states() == ["success"]


def test_what_failed_below_runs_again_and_the_run_with_it(turns: Turns) -> None:
    turns.add(dag())
    run_id = ended(turns, a=S.FAILED)
    assert turns.states(run_id)["b"] == "upstream_failed"
    ((started, _, _, clears, _),) = [facts(turns)]
    seen = mark(turns, run_id, "a", "success", dry_run=True)
    assert seen["again"] == [[run_id, "b", -1, "upstream_failed"]]
    assert turns.states(run_id)["b"] == "upstream_failed"
    done = mark(turns, run_id, "a", "success")
    assert done["again"] == seen["again"]
    assert turns.run_states() == ["running"]
    assert turns.states(run_id)["b"] == "queued"
    again, _, _, number, _ = facts(turns)
    assert (again > started, number) == (True, clears + 1)
    assert not turns.brain.queued_runs["dag"]


def test_the_version_is_said_that_what_runs_again_runs_with(turns: Turns) -> None:
    turns.add(dag(), text="1")
    run_id = ended(turns, a=S.FAILED)
    structure = pipeline(task("a"), task("b", "a", retries=3), task("c"))
    turns.take_in(structure.file, structure, text="2")
    seen = mark(turns, run_id, "a", "success", dry_run=True)
    differ = {"added": [], "removed": [], "changed": ["b"]}
    assert seen["versions"] == [{"dag_id": "dag", "from": 1, "to": 2, **differ}]
    for state in ("failed", "skipped"):
        assert mark(turns, run_id, "c", state, dry_run=True)["versions"] == []
    mark(turns, run_id, "a", "success")
    numbers = "SELECT number FROM dag_run JOIN dag_version v ON v.id = version_id"
    assert turns.rows(numbers) == [(2,)]


def test_a_run_that_took_too_long_stays_failed(turns: Turns) -> None:
    """What was skipped by that is no failure; that it took too long still holds."""
    turns.add(dag(dagrun_timeout=60.0))
    run_id = turns.trigger()
    for name in ("a", "c"):
        turns.starts(name)
        turns.ends(name)
    turns.now += timedelta(minutes=2)
    from runner.daemon import runs

    with turns.turn() as turn:
        for run in list(turns.brain.runs.values()):
            runs.run_timed_out(turn, run)
    for live_try in list(turns.brain.tries.values()):
        live_try.ended = True
    turns.passes(hours=1)
    assert turns.states(run_id)["b"] == "skipped"
    before = facts(turns)
    mark(turns, run_id, "c", "skipped")
    assert turns.run_states() == ["failed"]
    assert facts(turns) == before


def test_what_was_left_unfinished_in_an_ended_run_goes_on(turns: Turns) -> None:
    turns.add(dag())
    run_id = turns.trigger()
    from runner.daemon import runs

    with turns.turn() as turn:
        runs.give_up_run(turn, next(iter(turns.brain.runs)), "its rows are damaged")
    for live_try in list(turns.brain.tries.values()):
        live_try.ended = True
    assert turns.run_states() == ["failed"]
    mark(turns, run_id, "a", "success")
    assert turns.run_states() == ["running"]


def test_an_undo_of_such_a_mark_gives_the_run_its_state_back(turns: Turns) -> None:
    turns.add(dag())
    run_id = ended(turns, c=S.FAILED)
    before = (facts(turns), turns.run_states(), turns.states(run_id))
    answer = mark(turns, run_id, "c", "success")
    turns.do("restore", **answer["undo"])
    assert (facts(turns), turns.run_states(), turns.states(run_id)) == before


def test_runs_of_several_days_each_get_what_their_tasks_make_of_them(turns: Turns) -> None:
    turns.add(dag())
    first = ended(turns, c=S.FAILED)
    second = ended(turns, a=S.FAILED)
    mark(turns, second, "c", "failed", past=True)
    assert turns.run_states() == ["failed", "failed"]
    wanted = {"dag_id": "dag", "run_id": second, "task_ids": ["a", "c"], "state": "success"}
    seen = turns.do("mark_task", **wanted, past=True, dry_run=True)
    assert seen["again"] == [[second, "b", -1, "upstream_failed"]]
    turns.do("mark_task", **wanted, past=True)
    assert turns.run_states() == ["success", "running"]
    assert turns.states(first) == dict.fromkeys("abc", "success")


def test_what_a_user_made_of_a_run_holds_where_its_tasks_make_the_same_of_it(turns: Turns) -> None:
    """Marked failed though all went well: a mark by which no leaf fails leaves it so."""
    turns.add(dag())
    run_id = turns.trigger()
    for name in ("a", "c"):
        turns.starts(name)
        turns.ends(name)
    turns.do("mark_run", dag_id="dag", run_id=run_id, state="failed")
    turns.passes(hours=1)
    said = callbacks(turns)
    assert turns.run_states() == ["failed"]
    mark(turns, run_id, "c", "skipped")
    assert turns.run_states() == ["failed"]
    assert callbacks(turns) == said


def test_an_undo_leaves_what_another_mark_has_made_of_the_run_since(turns: Turns) -> None:
    turns.add(dag())
    run_id = ended(turns)
    first = mark(turns, run_id, "b", "failed")["undo"]
    second = mark(turns, run_id, "c", "failed")["undo"]
    turns.do("restore", **first)
    assert turns.run_states() == ["failed"]
    turns.do("restore", **second)
    assert turns.run_states() == ["success"]


def test_the_undo_of_a_mark_gives_a_run_back_what_a_user_had_made_of_it(turns: Turns) -> None:
    turns.add(dag())
    run_id = ended(turns)
    turns.do("mark_run", dag_id="dag", run_id=run_id, state="failed")
    undo = mark(turns, run_id, "c", "failed")["undo"]
    turns.do("restore", **undo)
    assert turns.run_states() == ["failed"]


def test_an_undo_of_before_an_update_says_nothing_of_when_a_run_was_queued(turns: Turns) -> None:
    turns.add(dag())
    run_id = ended(turns)
    before = facts(turns)
    undo = mark(turns, run_id, "c", "failed")["undo"]
    for run in undo["runs"]:
        del run["queued_at"], run["by_tasks"]
    turns.do("restore", **undo)
    assert turns.run_states() == ["success"]
    assert facts(turns) == before


def test_marks_leave_no_graphs_behind(turns: Turns) -> None:
    """Nor do they push those of the pipelines out of the cache."""
    turns.add(dag(), text="1")
    run_id = ended(turns)
    structure = pipeline(task("a"), task("b", "a"), task("c"), task("d"))
    turns.take_in(structure.file, structure, text="2")
    mark(turns, run_id, "c", "failed")
    known = len(graph._graphs)
    for state in ("success", "failed"):
        mark(turns, run_id, "c", state)
    assert len(graph._graphs) == known


def test_a_mark_of_any_number_of_ended_runs(turns: Turns) -> None:
    """One statement may name some thousands of keys only."""
    turns.add(dag())
    runs = [ended(turns) for _ in range(12)]
    raw = turns.store.engine.raw_connection()
    assert raw.driver_connection is not None
    raw.driver_connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 10)
    raw.close()
    mark(turns, runs[-1], "c", "failed", past=True)
    assert set(turns.run_states()) == {"failed"}


def test_a_mark_in_an_old_run_pauses_nothing(turns: Turns) -> None:
    """The newest failed before, and somebody let the DAG go on since."""
    turns.add(dag(max_consecutive_failed_dag_runs=2))
    oldest = ended(turns)
    for _ in range(2):
        ended(turns, c=S.FAILED)
    paused = "SELECT is_paused FROM dag"
    assert turns.rows(paused) == [(1,)]
    turns.do("unpause", dag_ids=["dag"])
    mark(turns, oldest, "c", "failed")
    assert turns.rows(paused) == [(0,)]


def test_a_question_about_a_mark_says_what_becomes_of_runs_that_have_not_ended(
    turns: Turns,
) -> None:
    turns.add(dag())
    run_id = turns.trigger()
    turns.starts("a")
    turns.starts("c")
    about = {"dag_id": "dag", "run_id": run_id, "state": "success", "dry_run": True}
    told = turns.do("mark_task", task_ids=["a"], **about)
    assert told["become"] == [[run_id, "running", "running"]]
    told = turns.do("mark_task", task_ids=["a", "b", "c"], **about)
    assert told["become"] == [[run_id, "running", "success"]]
    told = turns.do("mark_task", task_ids=["a", "b", "c"], **{**about, "state": "failed"})
    assert told["become"] == [[run_id, "running", "failed"]]
    assert turns.states(run_id) == {"a": "running", "b": None, "c": "running"}


def test_a_question_about_whole_runs_says_what_is_ended_in_them(turns: Turns) -> None:
    turns.add(dag())
    run_id = turns.trigger()
    turns.starts("a")
    turns.starts("c")
    about = {"dag_id": "dag", "run_id": run_id, "state": "failed"}
    told = turns.do("mark_run", dry_run=True, **about)
    assert told == {"become": [[run_id, "running", "failed"]], "ended": 2, "skipped": 1}
    assert turns.run_states() == ["running"]
    turns.do("mark_run", **about)
    assert turns.states(run_id) == {"a": "failed", "b": "skipped", "c": "failed"}
    told = turns.do("mark_run", dry_run=True, **about)
    assert told == {"become": [[run_id, "failed", "failed"]], "ended": 0, "skipped": 0}

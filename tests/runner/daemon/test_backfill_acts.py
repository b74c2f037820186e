"""Holding, limiting and cancelling backfills, and deleting runs, turn by turn."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.daemon.commands.backfills import INSTANCES_AT_ONCE
from runner.daemon.commands.common import Refused
from store.queries.backfills import get_backfill
from store.states import BackfillState
from store.states import TaskInstanceState as State
from tests.runner.daemon.test_turns import DAILY, days
from tests.runner.scheduling.pipelines import pipeline, task
from tests.support.turns import Turns


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Turns]:
    turns = Turns(tmp_path)
    yield turns
    turns.store.close()


def backfilled(turns: Turns, last: int = 4, limit: int = 1) -> int:
    """A DAG with a backfill of February's first days; its id."""
    turns.add(pipeline(task("a"), timetable=DAILY))
    return turns.do("backfill", dag_id="dag", max_active_runs=limit, **days(1, last))["backfill_id"]


def messages(turns: Turns, kind: str) -> list[str]:
    return [text for (text,) in turns.rows("SELECT message FROM event WHERE kind = ?", kind)]


# -- pause -------------------------------------------------------------------------------------


def test_a_paused_backfill_starts_no_queued_run_and_what_runs_goes_on(turns: Turns) -> None:
    key = backfilled(turns)
    assert turns.do("pause_backfill", backfill_id=key) == {"backfill_id": key, "changed": True}
    assert turns.run_states() == ["running", "queued", "queued", "queued"]
    turns.ends("a")
    turns.passes(hours=1)
    assert turns.run_states() == ["success", "queued", "queued", "queued"]
    turns.restart()
    turns.passes(hours=1)
    assert turns.run_states() == ["success", "queued", "queued", "queued"]
    turns.do("unpause_backfill", backfill_id=key)
    assert turns.run_states() == ["success", "running", "queued", "queued"]
    assert messages(turns, "backfill_paused") == [f"test paused backfill {key}"]
    assert messages(turns, "backfill_unpaused") == [f"test unpaused backfill {key}"]


def test_a_paused_backfill_holds_up_neither_other_backfills_nor_triggers(turns: Turns) -> None:
    key = backfilled(turns, last=2)
    turns.do("pause_backfill", backfill_id=key)
    turns.do("backfill", dag_id="dag", **days(5, 6))
    turns.trigger()
    assert turns.run_states() == ["running", "queued", "running", "running", "running"]


def test_pausing_what_is_paused_changes_nothing(turns: Turns) -> None:
    key = backfilled(turns)
    assert turns.do("unpause_backfill", backfill_id=key)["changed"] is False
    turns.do("pause_backfill", backfill_id=key)
    assert turns.do("pause_backfill", backfill_id=key)["changed"] is False
    assert len(messages(turns, "backfill_paused")) == 1


def test_a_cleared_run_of_a_backfill_that_ended_while_it_was_paused_runs_again(
    turns: Turns,
) -> None:
    key = backfilled(turns, last=1)
    turns.do("pause_backfill", backfill_id=key)
    turns.ends("a")
    [(run_id,)] = turns.rows("SELECT run_id FROM dag_run")
    turns.do("clear", dag_id="dag", run_ids=[run_id])
    assert turns.run_states() == ["running"]


# -- limit -------------------------------------------------------------------------------------


def test_the_limit_of_a_backfill_can_be_raised_and_lowered_while_it_runs(turns: Turns) -> None:
    key = backfilled(turns)
    assert turns.do("limit_backfill", backfill_id=key, max_active_runs=3)["former"] == 1
    assert turns.run_states() == ["running", "running", "running", "queued"]
    assert turns.do("limit_backfill", backfill_id=key, max_active_runs=1)["former"] == 3
    assert turns.run_states() == ["running", "running", "running", "queued"]
    assert messages(turns, "backfill_limited")[0] == (
        f"test let 3 runs of backfill {key} run at the same time, formerly 1"
    )


# -- cancel ------------------------------------------------------------------------------------


def test_cancelling_a_backfill_fails_what_is_queued_and_what_runs_goes_on(turns: Turns) -> None:
    """As Airflow 3's ``cancel_backfill``: of a queued run only the state changes."""
    key = backfilled(turns)
    answer = turns.do("cancel_backfill", backfill_id=key)
    assert answer == {"backfill_id": key, "failed": 3, "running": 1}
    assert turns.run_states() == ["running", "failed", "failed", "failed"]
    assert turns.brain.dags_with_queued_runs() == []
    assert turns.rows("SELECT ended_at IS NULL, cancelled_at IS NULL FROM backfill") == [(1, 0)]
    turns.ends("a")
    assert turns.run_states() == ["success", "failed", "failed", "failed"]
    assert turns.rows("SELECT ended_at IS NULL FROM backfill") == [(0,)]
    assert messages(turns, "backfill_cancelled") == [
        f"test cancelled backfill {key}: 3 queued runs failed"
    ]
    why = f"backfill {key} was cancelled by test before the run started"
    assert messages(turns, "run_failed") == [why] * 3


def test_a_paused_backfill_can_be_cancelled_and_a_cleared_run_of_it_runs(turns: Turns) -> None:
    key = backfilled(turns, last=3, limit=2)
    turns.do("pause_backfill", backfill_id=key)
    ids = [run_id for (run_id,) in turns.rows("SELECT run_id FROM dag_run ORDER BY id")]
    turns.ends("a", run_id=ids[0])
    turns.do("cancel_backfill", backfill_id=key)
    assert turns.run_states() == ["success", "running", "failed"]
    turns.do("clear", dag_id="dag", run_ids=[ids[2]])
    assert turns.run_states() == ["success", "running", "running"]
    turns.ends("a")
    assert turns.run_states() == ["success", "success", "success"]
    assert turns.rows("SELECT ended_at IS NULL FROM backfill") == [(0,)]


@pytest.mark.parametrize("restarted", [False, True])
def test_a_cancelled_backfill_makes_no_more_runs(turns: Turns, restarted: bool) -> None:
    tasks = [task(f"t{number}") for number in range(INSTANCES_AT_ONCE // 4)]
    turns.add(pipeline(*tasks, timetable=DAILY))
    key = turns.do("backfill", dag_id="dag", max_active_runs=1, **days(1, 12))["backfill_id"]
    assert len(turns.run_states()) == 4
    orders = turns.orders
    if restarted:
        turns.restart()
    turns.do("cancel_backfill", backfill_id=key)
    turns.orders = orders
    assert turns.make_backfills() == 1
    assert turns.run_states() == ["running", "failed", "failed", "failed"]
    assert turns.brain.backfills == {}


@pytest.mark.parametrize(
    "command", ["pause_backfill", "unpause_backfill", "cancel_backfill", "limit_backfill"]
)
def test_a_backfill_that_is_over_can_only_be_looked_at(turns: Turns, command: str) -> None:
    more = {"max_active_runs": 2} if command == "limit_backfill" else {}
    cancelled = backfilled(turns, last=2)
    turns.do("cancel_backfill", backfill_id=cancelled)
    completed = turns.do("backfill", dag_id="dag", **days(8, 8))["backfill_id"]
    turns.ends("a")
    for key, words in (
        (cancelled, f"backfill {cancelled} of dag was cancelled already"),
        (completed, f"backfill {completed} of dag is completed: all its runs have ended"),
        (99, "there is no backfill 99; 'dagtop dags backfills DAG' shows a DAG's"),
    ):
        with pytest.raises(Refused) as refusal:
            turns.do(command, backfill_id=key, **more)
        assert str(refusal.value) == words


@pytest.mark.parametrize("limit", [0, "many", None])
def test_a_limit_below_one_is_refused(turns: Turns, limit: object) -> None:
    key = backfilled(turns)
    with pytest.raises(Refused, match="max_active_runs"):
        turns.do("limit_backfill", backfill_id=key, max_active_runs=limit)


# -- delete ------------------------------------------------------------------------------------


def test_ended_runs_are_deleted_with_all_that_is_theirs(turns: Turns) -> None:
    key = backfilled(turns, last=2, limit=2)
    turns.ends("a")
    turns.trigger()
    ids = turns.rows("SELECT id, run_id FROM dag_run ORDER BY id")
    gone = [run_id for _, run_id in ids[:2]]
    assert turns.do("delete_runs", dag_id="dag", run_ids=gone) == {"runs": 2}
    assert turns.orders.deleted_runs == [ids[0][0], ids[1][0]]
    assert turns.rows("SELECT id FROM dag_run") == [(ids[2][0],)]
    assert turns.rows("SELECT DISTINCT dag_run_id FROM task_instance") == [(ids[2][0],)]
    assert turns.rows("SELECT DISTINCT dag_run_id FROM task_try") == [(ids[2][0],)]
    assert turns.rows("SELECT id FROM backfill WHERE id = ?", key) == []
    assert messages(turns, "run_deleted") == [
        f"test deleted run {run_id}, which was success" for run_id in gone
    ]
    turns.ends("a")
    assert turns.run_states() == ["success"]


def test_a_run_that_has_not_ended_is_not_deleted_nor_are_those_beside_it(turns: Turns) -> None:
    backfilled(turns, last=3)
    turns.ends("a")
    ids = [run_id for (run_id,) in turns.rows("SELECT run_id FROM dag_run ORDER BY id")]
    for number, state in ((1, "running"), (2, "queued")):
        with pytest.raises(Refused, match=f"is {state}: cancel it first, then delete it"):
            turns.do("delete_runs", dag_id="dag", run_ids=[ids[0], ids[number]])
    with pytest.raises(Refused, match="has no run 'nope'"):
        turns.do("delete_runs", dag_id="dag", run_ids=["nope"])
    assert turns.run_states() == ["success", "running", "queued"]


def test_a_run_whose_process_is_still_ending_is_not_deleted(turns: Turns) -> None:
    turns.add(pipeline(task("a"), timetable=DAILY))
    run_id = turns.trigger()
    turns.starts("a")
    turns.do("cancel_run", dag_id="dag", run_id=run_id)
    assert turns.run_states() == ["failed"]
    with pytest.raises(Refused, match=f"processes of run {run_id.replace('+', '.')} are still"):
        turns.do("delete_runs", dag_id="dag", run_ids=[run_id])
    turns.ends("a")
    assert turns.do("delete_runs", dag_id="dag", run_ids=[run_id]) == {"runs": 1}


# -- runs that run again -----------------------------------------------------------------------


def backfill_state(turns: Turns, key: int) -> BackfillState:
    with turns.store.read() as connection:
        row = get_backfill(connection, key)
    assert row is not None
    return row.state


def test_a_backfill_is_at_work_again_with_a_run_of_it_that_was_cleared(turns: Turns) -> None:
    key = backfilled(turns, last=2, limit=2)
    turns.ends("a", State.FAILED)
    assert turns.run_states() == ["failed", "failed"]
    assert backfill_state(turns, key) is BackfillState.FAILED
    run_ids = [name for (name,) in turns.rows("SELECT run_id FROM dag_run ORDER BY id")]
    former = turns.do("clear", dag_id="dag", run_ids=run_ids)["undo"]
    assert turns.run_states() == ["running", "running"]
    assert backfill_state(turns, key) is BackfillState.RUNNING
    turns.do("pause_backfill", backfill_id=key)
    assert backfill_state(turns, key) is BackfillState.PAUSED
    turns.starts("a")
    turns.ends("a")
    assert turns.run_states() == ["success", "success"]
    assert backfill_state(turns, key) is BackfillState.COMPLETED
    with pytest.raises(Refused):
        turns.do("restore", **former)
    assert backfill_state(turns, key) is BackfillState.COMPLETED


def test_an_undone_clear_ends_the_backfill_again(turns: Turns) -> None:
    key = backfilled(turns, last=1)
    turns.ends("a", State.FAILED)
    turns.do("pause", dag_ids=["dag"])
    run_ids = [name for (name,) in turns.rows("SELECT run_id FROM dag_run")]
    former = turns.do("clear", dag_id="dag", run_ids=run_ids)["undo"]
    assert backfill_state(turns, key) is BackfillState.RUNNING
    turns.do("restore", **former)
    assert backfill_state(turns, key) is BackfillState.FAILED


def test_a_cancelled_backfill_stays_so(turns: Turns) -> None:
    key = backfilled(turns, last=2)
    turns.do("cancel_backfill", backfill_id=key)
    turns.ends("a", State.FAILED)
    run_ids = [name for (name,) in turns.rows("SELECT run_id FROM dag_run ORDER BY id")]
    turns.do("clear", dag_id="dag", run_ids=run_ids[:1])
    assert turns.run_states() == ["running", "failed"]
    assert backfill_state(turns, key) is BackfillState.CANCELLED

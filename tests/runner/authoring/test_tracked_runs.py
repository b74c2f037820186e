"""Tracked runs by hand: which record belongs to which run."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from runner.authoring import tracking
from runner.authoring.exceptions import ArgumentError
from runner.authoring.services import OutsideTask
from runner.authoring.tracked_runs import (
    RunActive,
    active_run,
    end_run,
    set_experiment,
    start_run,
)
from runner.authoring.tracking import ParamChanged, log_metric, log_param, set_tag
from runner.journal.records import (
    AnyRecord,
    MetricPoints,
    ParamLogged,
    RunEnded,
    RunStarted,
    TagSet,
)
from tests.support.attempts import Attempts


def told(records: list[AnyRecord]) -> list[tuple[str, ...]]:
    """What is of interest of each record, in their order."""
    found: list[tuple[str, ...]] = []
    for record in records:
        match record:
            case RunStarted():
                found.append(("start", record.run, record.name, record.experiment, record.parent))
            case RunEnded():
                found.append(("end", record.run, record.status))
            case ParamLogged() | TagSet():
                found.append((record.key, str(record.value), record.run))
            case MetricPoints():
                found.append((record.key, str(record.count), record.run))
            case _:
                pass
    return found


def test_without_a_call_all_is_of_the_run_of_the_try(attempts: Attempts) -> None:
    with attempts.serving() as records:
        log_param("lr", 0.1)
        log_metric("loss", 1.0)
        set_tag("kind", "test")
        tracking.finish()
        assert {one[-1] for one in told(records())} == {""}
        assert len(active_run().info.run_id) == 32


def test_what_is_logged_in_the_block_of_a_run_is_its_own(attempts: Attempts) -> None:
    with attempts.serving() as records:
        with start_run(run_name="first", tags={"kind": "a"}, description="what for") as run:
            assert active_run().info == run.info
            log_param("lr", 0.1)
            log_metric("loss", 1.0)
        log_param("lr", 0.2)  # of the task
        tracking.finish()
        key = run.info.run_id
        assert told(records()) == [
            ("start", key, "first", "", ""),
            ("mlflow.note.content", "what for", key),
            ("kind", "a", key),
            ("lr", "0.1", key),
            ("loss", "1", key),
            ("end", key, "FINISHED"),
            ("lr", "0.2", ""),
        ]


def test_a_run_whose_block_raises_has_failed(attempts: Attempts) -> None:
    with attempts.serving() as records:
        with pytest.raises(ZeroDivisionError), start_run() as run:
            _ = 1 / 0
        assert told(records())[-1] == ("end", run.info.run_id, "FAILED")
        with pytest.raises(ValueError, match="FINISHED, FAILED, KILLED, not as 'DONE'"):
            end_run("DONE")


def test_runs_are_nested_in_the_one_that_is_active(attempts: Attempts) -> None:
    with attempts.serving() as records:
        with start_run(run_name="outer") as outer:
            with pytest.raises(RunActive, match="nested=True"):
                start_run()
            with start_run(run_name="inner", nested=True) as inner:
                log_metric("loss", 1.0)
            log_metric("loss", 2.0)
        tracking.finish()
        parents = {one[1]: one[4] for one in told(records()) if one[0] == "start"}
        assert parents == {outer.info.run_id: "", inner.info.run_id: outer.info.run_id}
        losses = [one[2] for one in told(records()) if one[0] == "loss"]
        assert losses == [inner.info.run_id, outer.info.run_id]


def test_a_run_can_be_nested_in_that_of_the_task(attempts: Attempts) -> None:
    with attempts.serving() as records:
        own = active_run().info.run_id
        with start_run(run_name="fold", nested=True) as fold:
            pass
        tracking.finish()
        assert [one[:2] + one[4:] for one in told(records()) if one[0] == "start"] == [
            ("start", "", ""),
            ("start", fold.info.run_id, own),
        ]


def test_a_run_that_has_ended_is_gone_on_with(attempts: Attempts) -> None:
    with attempts.serving() as records:
        with start_run() as run:
            log_param("lr", 0.1)
        with start_run(run.info.run_id), pytest.raises(ParamChanged):
            log_param("lr", 0.2)
        assert [one for one in told(records()) if one[0] == "end"] == [
            ("end", run.info.run_id, "FINISHED"),
            ("end", run.info.run_id, "RUNNING"),
            ("end", run.info.run_id, "FINISHED"),
        ]


def test_threads_have_active_runs_of_their_own(attempts: Attempts) -> None:
    with attempts.serving() as records:
        with start_run():
            thread = threading.Thread(target=lambda: log_param("thread", "other"))
            thread.start()
            thread.join()
        assert ("thread", "other", "") in told(records())


def test_an_experiment_is_that_of_the_runs_that_begin_after_it(attempts: Attempts) -> None:
    with attempts.serving() as records:
        set_experiment("sweep")
        assert told(records()) == []  # nothing is logged yet
        log_param("lr", 0.1)
        with start_run(run_name="a"):
            pass
        started = [one for one in told(records()) if one[0] == "start"]
        assert [(one[2], one[3]) for one in started] == [("", "sweep"), ("a", "sweep")]
        assert told(records())[0][0] == "start"
        with pytest.raises(ArgumentError, match="the name of an experiment"):
            set_experiment("")
    with attempts.serving() as records:
        log_param("lr", 0.1)
        assert told(records()) == [("lr", "0.1", "")]  # of another task


def test_outside_of_a_task_there_is_no_run() -> None:
    with pytest.raises(OutsideTask):
        start_run()


@pytest.mark.parametrize("run_id", ["", "../../x", "\x1b[2J", "a b", "a" * 257, 5])
def test_what_cant_be_the_id_of_a_run_is_refused(attempts: Attempts, run_id: Any) -> None:
    with attempts.serving() as records:
        with pytest.raises(ArgumentError, match="the id of a run has letters"):
            start_run(run_id=run_id)
        assert told(records()) == []


@pytest.mark.parametrize("name", [5, b"x", "n" * 8001])
def test_what_cant_be_the_name_of_a_run_is_refused(attempts: Attempts, name: Any) -> None:
    with attempts.serving() as records:
        with pytest.raises(ArgumentError, match="the name of"):
            start_run(run_name=name)
        assert told(records()) == []


def test_half_a_character_in_the_name_of_a_run_leaves_the_journal_readable(
    attempts: Attempts,
) -> None:
    with attempts.serving() as records:
        with start_run(run_id="abc", run_name="a\ud800b") as run:
            log_param("lr", 1)
        assert run.info.run_name == "a\\ud800b"
        assert ("lr", "1", "abc") in told(records())

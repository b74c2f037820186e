"""Callbacks in processes of their own run once, whatever becomes of the runner meanwhile."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from runner.daemon import ingest
from runner.daemon.callbacks import Stand, stand_of
from runner.journal.records import Ended, Started
from runner.journal.writer import JournalWriter
from tests.runner.scheduling.pipelines import pipeline, task
from tests.support.live import Live, wait_for
from tests.support.live import live as live_workspace
from tests.support.turns import Turns

STARTED = Started(0.0, 1, "", "here")

DAG = """
import os, time
from dagtop import DAG, task
def call(context):
    with open("called", "a") as file:
        print(os.getpid(), file=file, flush=True)
    while not os.path.exists("gate"):
        time.sleep(0.01)
with DAG("calls", on_success_callback=call):
    @task
    def work():
        pass
    work()
"""


def called(workspace: Live) -> list[int]:
    """Pids of the processes that called back."""
    path = workspace.workspace.root / "called"
    return [int(line) for line in path.read_text().splitlines()] if path.exists() else []


def begin(workspace: Live) -> int:
    """Run the DAG until its callback has begun; its pid."""
    workspace.write("calls.py", DAG)
    workspace.start()
    workspace.run("calls")
    [pid] = wait_for(lambda: called(workspace), what="the callback")
    workspace.kill()
    return pid


def state(workspace: Live) -> tuple[str, str | None]:
    [row] = workspace.query("SELECT state, message FROM callback")
    return row[0], row[1]


def test_one_that_outlives_the_runner_is_not_run_again(tmp_path: Path) -> None:
    with live_workspace(tmp_path) as workspace:
        begin(workspace)
        workspace.start()
        assert state(workspace) == ("pending", None)
        (tmp_path / "gate").touch()
        wait_for(lambda: state(workspace) == ("done", None), what="the callback's end")
        assert len(called(workspace)) == 1


def test_one_that_ended_without_a_runner_is_taken_in(tmp_path: Path) -> None:
    with live_workspace(tmp_path) as workspace:
        pid = begin(workspace)
        (tmp_path / "gate").touch()
        wait_for(lambda: not psutil.pid_exists(pid), what="its end")
        workspace.start()
        wait_for(lambda: state(workspace) == ("done", None), what="the callback's end")
        assert len(called(workspace)) == 1


def test_one_that_was_killed_without_a_runner_has_failed(tmp_path: Path) -> None:
    with live_workspace(tmp_path) as workspace:
        os.kill(begin(workspace), signal.SIGKILL)
        workspace.start()
        why = "its process was killed before it ended"
        wait_for(lambda: state(workspace) == ("failed", why), what="the callback's end")
        assert len(called(workspace)) == 1
        events = workspace.query("SELECT message FROM event WHERE kind = 'callback_failed'")
        assert events == [(f"on_success callback failed: {why}",)]


@pytest.mark.parametrize(
    ("state", "called_back", "called"),
    [
        ("failed", True, []),
        ("failed", False, [("on_failure", "killed by test")]),
        ("up_for_retry", True, [("on_failure", "killed by test")]),
    ],
)
def test_a_task_killed_in_its_own_callback_is_not_called_back_again(
    tmp_path: Path, state: str, called: list[tuple[str, str]], *, called_back: bool
) -> None:
    turns = Turns(tmp_path)
    turns.add(pipeline(task("a", retries=1, callbacks=["on_failure", "on_retry"])))
    run_id = turns.trigger()
    turns.starts("a")
    turns.do("kill", dag_id="dag", run_id=run_id, task_id="a")
    with turns.turn() as turn:
        [live_try] = turns.brain.tries.values()
        record = Ended(turns.now.timestamp(), 1.0, state, called_back=called_back)
        ingest.take_in(turn, live_try, [record])
    assert turns.states(run_id) == {"a": "failed"}
    assert turns.rows("SELECT kind, reason FROM callback") == called
    turns.store.close()


def test_how_far_one_is_can_be_seen_by_its_journal(tmp_path: Path) -> None:
    path = str(tmp_path / "journal")
    assert stand_of(path) == (Stand.NOT_BEGUN, None)
    journal = JournalWriter.create(path, 1, "")
    assert journal is not None
    assert stand_of(path) == (Stand.RUNNING, None)
    journal.append(STARTED)
    assert stand_of(path) == (Stand.RUNNING, None)
    journal.append(Ended(time.time(), 1.0, "failed", ""))
    journal.close()
    assert stand_of(path) == (Stand.ENDED, "its log says more")


def test_a_journal_without_a_record_is_begun_anew(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.touch()
    assert stand_of(str(path)) == (Stand.NOT_BEGUN, None)
    assert not path.exists()


def test_a_damaged_journal_is_told(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"\0\0\0\1\0\0\0\1x")
    stand, why = stand_of(str(path))
    assert stand is Stand.ENDED
    assert "can't be read" in (why or "")

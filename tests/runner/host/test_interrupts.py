"""Signals: raised in user code, held back elsewhere."""

from __future__ import annotations

import os
import signal
import threading

import pytest

from runner.authoring.exceptions import TaskTerminated, TaskTimeout
from runner.authoring.services import shield
from runner.host.interrupts import Exposed, Termination, kill_quietly, time_limit


def terminate() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def test_what_comes_behind_the_shield_waits_for_exposed_code() -> None:
    notes: list[str] = []
    termination = Termination(lambda: notes.append("on_kill"))
    with shield:
        with termination.handled():
            terminate()
            notes.append("the journal is whole")
            with pytest.raises(TaskTerminated), Exposed():
                notes.append("not reached")
        assert shield.depth == 1
    assert notes == ["the journal is whole", "on_kill"]


def test_a_write_in_user_code_is_finished_first() -> None:
    notes: list[str] = []
    termination = Termination(lambda: None)

    def work() -> None:
        with shield:
            terminate()
            notes.append("written")
        notes.append("not reached")

    with shield, termination.handled(), Exposed(), pytest.raises(TaskTerminated):
        work()
    assert notes == ["written"]
    assert shield.depth == 0


def test_the_second_sigterm_is_ignored() -> None:
    termination = Termination(lambda: None)
    with termination.handled():
        with pytest.raises(TaskTerminated):
            terminate()
        terminate()
    assert termination.requested


def test_on_kill_may_fail(capsys: pytest.CaptureFixture[str]) -> None:
    def fails() -> None:
        raise ValueError("no")

    kill_quietly(fails)
    assert "on_kill() failed: ValueError: no" in capsys.readouterr().out


def test_a_time_limit_raises_in_time_and_leaves_no_timer() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with (
        pytest.raises(TaskTimeout, match=r"execution_timeout of 0\.02 s is over"),
        time_limit(0.02),
    ):
        threading.Event().wait(20)
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
    assert signal.getsignal(signal.SIGALRM) is before


def test_no_time_is_over_at_once() -> None:
    with pytest.raises(TaskTimeout), time_limit(0):
        pytest.fail("it ran")


def test_in_another_thread_a_time_limit_has_no_effect(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        with time_limit(0.001), Termination(lambda: None).handled():
            threading.Event().wait(0.02)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert "has no effect outside the main thread" in capsys.readouterr().out

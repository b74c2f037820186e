"""How long an import may take, on a machine that is busy with other things."""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from multiprocessing.process import BaseProcess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.host.time_limit import ImportTimedOut, TimeLimit, kept_waiting

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what was waited for")
seconds = st.floats(0, 1e6)


@given(seconds, seconds, seconds, seconds)
def test_what_is_left_is_the_limit_less_the_time_that_was_not_spent_waiting(
    limit: float, ran: float, waited: float, before: float
) -> None:
    now, delay = 0.0, before
    time_limit = TimeLimit(limit, lambda: now, lambda: delay)
    now, delay = ran + waited, before + waited
    assert time_limit.left() == pytest.approx(limit - ran, abs=1e-6)


def test_an_import_that_sleeps_is_ended() -> None:
    with pytest.raises(ImportTimedOut), TimeLimit(0.1):
        time.sleep(30)


def test_nothing_is_ended_after_the_import() -> None:
    with TimeLimit(0.05):
        pass
    time.sleep(0.1)  # an alarm that was left on would go off here


def _work(amount: float, limit: float) -> None:
    """Take ``amount`` seconds of processor time; exits with 1 where the time is up before."""
    try:
        with TimeLimit(limit):
            while time.process_time() < amount:
                pass
    except ImportTimedOut:
        os._exit(1)


@linux_only
def test_time_in_which_others_have_the_processor_does_not_count() -> None:
    allowed = os.sched_getaffinity(0)
    context = multiprocessing.get_context("fork")
    began = time.monotonic()
    others: list[BaseProcess] = []
    try:
        os.sched_setaffinity(0, {min(allowed)})  # all of them on one processor
        others = [context.Process(target=_work, args=(60.0, 60.0)) for _ in range(6)]
        worker = context.Process(target=_work, args=(0.3, 1.0))
        for process in [*others, worker]:
            process.start()
        os.sched_setaffinity(0, allowed)
        worker.join(50)
        assert worker.exitcode == 0
        assert time.monotonic() - began > 1.0, "it was kept waiting for longer than its limit"
    finally:
        os.sched_setaffinity(0, allowed)
        for process in others:
            process.kill()
            process.join()


@linux_only
def test_what_was_waited_for_only_grows() -> None:
    before = kept_waiting()
    time.sleep(0.01)
    assert kept_waiting() >= before >= 0.0

"""Tries that are interrupted: time limits and SIGTERM."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import timedelta
from typing import Any

import pytest

from runner.authoring.baseoperator import BaseOperator
from runner.authoring.dag import DAG
from runner.authoring.exceptions import TaskTerminated
from runner.authoring.operators.python import PythonOperator
from runner.authoring.tracking import log_metric
from runner.journal.records import Ended
from tests.support.attempts import Attempts


class Own(Exception):
    """Of a user."""


def python(function: Any, **kwargs: Any) -> DAG:
    """A DAG with one task ``t`` that calls the function."""
    with DAG("d") as dag:
        PythonOperator(task_id="t", python_callable=function, **kwargs)
    return dag


def test_execution_timeout_interrupts_execute_and_is_retried(attempts: Attempts) -> None:
    killed: list[str] = []

    class Slow(BaseOperator):
        def execute(self, context: Any) -> None:
            try:
                threading.Event().wait(30)
            except Exception:  # must not be able to swallow it
                killed.append("swallowed")

        def on_kill(self) -> None:
            killed.append("on_kill")

    with DAG("d") as dag:
        Slow(task_id="t", execution_timeout=timedelta(seconds=0.05), retries=1)
    result = attempts.run(dag, "t")
    assert result.state == "up_for_retry"
    assert result.ended.reason == "TaskTimeout: execution_timeout of 0.05 s is over"
    assert killed == ["on_kill"]
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0


def test_sigterm_calls_on_kill_and_ends_the_task(attempts: Attempts) -> None:
    notes: list[str] = []

    class Slow(BaseOperator):
        def execute(self, context: Any) -> None:
            os.kill(os.getpid(), signal.SIGTERM)
            notes.append("went on")

        def on_kill(self) -> None:
            notes.append("on_kill")
            os.kill(os.getpid(), signal.SIGTERM)  # a second one is ignored

    with DAG("d") as dag:
        Slow(task_id="t", retries=1, on_retry_callback=lambda context: notes.append("on_retry"))
    before = signal.getsignal(signal.SIGTERM)
    result = attempts.run(dag, "t")
    assert notes == ["on_kill", "on_retry"]
    assert result.state == "up_for_retry"
    assert result.ended.reason == "terminated"
    assert result.ended.error is not None
    assert result.ended.error.type == "TaskTerminated"
    assert signal.getsignal(signal.SIGTERM) is before
    assert "Received SIGTERM" in result.log


@pytest.mark.parametrize(
    ("intent", "state"),
    [
        ("kill:killed by me", "failed"),
        ("restart:cleared", "failed"),
        ("leave:ended", "failed"),
        ("success:marked success by me", "success"),
    ],
)
def test_what_the_runner_ends_says_who_ended_it_and_calls_back_nothing(
    attempts: Attempts, intent: str, state: str
) -> None:
    notes: list[str] = []
    attempts.knowledge.intent = intent
    dag = python(
        lambda: os.kill(os.getpid(), signal.SIGTERM),
        on_retry_callback=lambda context: notes.append("on_retry"),
        on_failure_callback=lambda context: notes.append("on_failure"),
    )
    for max_tries in (0, 1):
        result = attempts.run(dag, "t", max_tries=max_tries)
        why = intent.partition(":")[2]
        assert (result.state, result.ended.reason) == ("failed", why)
        told = f"the runner told the task to end ({why})" in result.log
        assert told is not intent.startswith("kill:")  # the runner calls back after a kill
        assert not result.ended.called_back
        last = result.log.splitlines()[-1]
        assert f" INFO - Ended: {state} in " in last
        assert last.endswith(f" s: {why}")
    assert notes == []


def test_an_exception_made_of_a_termination_is_still_a_termination(attempts: Attempts) -> None:
    def work() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except TaskTerminated as error:
            raise Own("gave up") from error

    result = attempts.run(python(work), "t")
    assert result.ended.reason == "terminated"
    assert result.ended.error is not None
    assert result.ended.error.type.endswith(".Own")


def test_sigterm_in_a_callback_ends_the_callback_and_not_the_success(attempts: Attempts) -> None:
    notes: list[str] = []

    def callback(context: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        notes.append("went on")

    result = attempts.run(python(lambda: 1, on_success_callback=callback), "t")
    assert result.state == "success"
    assert result.xcoms == {"return_value": 1}
    assert notes == []


class Telling(Exception):
    """Its process is told to end while its error is written down."""

    def __str__(self) -> str:
        os.kill(os.getpid(), signal.SIGTERM)
        return "own failure"


@pytest.mark.parametrize("error", [Own, Telling])
def test_a_task_that_failed_by_itself_says_that_it_has_called_back(
    attempts: Attempts, error: type[Exception]
) -> None:
    notes: list[str] = []
    attempts.knowledge.intent = "kill:killed by me"

    def work() -> None:
        raise error

    def callback(context: Any) -> None:
        notes.append(type(context["exception"]).__name__)
        os.kill(os.getpid(), signal.SIGTERM)

    result = attempts.run(python(work, on_failure_callback=callback), "t")
    assert notes == [error.__name__]
    assert result.state == "failed"
    assert result.ended.called_back


def test_a_process_forked_by_the_task_dies_of_sigterm(attempts: Attempts) -> None:
    def work() -> int:
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(write, b"x")
            time.sleep(30)
            os._exit(0)
        os.read(read, 1)
        os.kill(child, signal.SIGTERM)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    assert attempts.run(python(work), "t").xcoms["return_value"] == -signal.SIGTERM


@pytest.mark.slow
def test_sigterm_at_any_moment_leaves_one_whole_end(attempts: Attempts) -> None:
    def work() -> None:
        for step in range(100_000):
            log_metric("loss", float("nan"), step)

    class Slow(BaseOperator):
        def execute(self, context: Any) -> None:
            work()

    for delay in (0.001, 0.005, 0.01, 0.02, 0.03):
        with DAG("d") as dag:
            Slow(task_id="t")
        timer = threading.Timer(delay, os.kill, (os.getpid(), signal.SIGTERM))
        guard = signal.signal(signal.SIGTERM, signal.SIG_IGN)
        timer.start()
        result = attempts.run(dag, "t")
        timer.join()
        signal.signal(signal.SIGTERM, guard)
        assert len(result.of(Ended)) == 1
        assert isinstance(result.records[-1], Ended)
        assert all(len(record.data) == 24 * record.count for record in result.metrics)

"""Runs that are stopped: fail fast, timeout, and by command."""

from __future__ import annotations

from datetime import timedelta

import pytest

from runner.scheduling.endings import end_run, timed_out
from store.states import DagRunState, TaskInstanceState
from tests.runner.scheduling.pipelines import NOW, Driven, S, names_of, pipeline, task

BROAD = pipeline(
    task("fails"),
    task("runs"),
    task("queued"),
    task("retries"),
    task("done"),
    task("later", "fails", "runs"),
    task("clean", "later", is_teardown=True, rule="all_done"),
    fail_fast=True,
)


def under_way() -> Driven:
    driven = Driven(BROAD)
    driven.set("runs", state=S.RUNNING)
    driven.set("queued", state=S.QUEUED)
    driven.set("retries", state=S.UP_FOR_RETRY, next_at=NOW + timedelta(hours=1))
    driven.set("done", state=S.SUCCESS)
    return driven


def test_fail_fast_stops_what_runs_and_skips_what_is_left() -> None:
    driven = under_way()
    driven.ends("fails", S.FAILED)
    assert driven.states("runs", "queued", "retries", "done") == "failed skipped skipped success"
    assert driven.states("later", "clean") == "skipped scheduled"
    assert sorted(names_of(driven.kills)) == ["queued", "runs"]
    assert driven.reason_of("later") == "fails failed, and the DAG is set to fail fast"
    driven.ends("clean")
    assert (driven.state, driven.reason) == (DagRunState.FAILED, "fails is failed")


def test_a_retry_to_come_does_not_stop_the_others() -> None:
    driven = under_way()
    driven.set("fails", state=S.UP_FOR_RETRY, next_at=NOW + timedelta(hours=1))
    assert driven.kills == []


def test_a_run_that_failed_fast_is_failed_though_its_leaf_was_skipped() -> None:
    driven = Driven(pipeline(task("a"), task("b", "a"), fail_fast=True))
    driven.ends("a", S.FAILED)
    assert driven.states("b") == "skipped"
    assert driven.state is DagRunState.FAILED


def test_a_failure_from_before_the_restart_stops_nothing_again() -> None:
    driven = under_way()
    driven.ends("fails", S.FAILED)
    again = Driven(BROAD)
    for key, instance in driven.run.instances.items():
        again.run.drop_instance(key)
        again.run.add_instance(instance)
    again.set("later", state=None)
    assert again.kills == []


SLOW = pipeline(*BROAD.tasks, dagrun_timeout=3600.0)


@pytest.mark.parametrize(("minutes", "over"), [(59, False), (60, True), (300, True)])
def test_a_run_times_out(minutes: int, over: bool) -> None:
    started = NOW - timedelta(minutes=minutes)
    assert (timed_out(Driven(SLOW).run, started, NOW) is not None) is over


def test_a_run_without_a_limit_or_a_start_does_not_time_out() -> None:
    assert timed_out(Driven(BROAD).run, NOW - timedelta(days=9), NOW) is None
    assert timed_out(Driven(SLOW).run, None, NOW) is None


def test_a_timeout_fails_the_run_and_skips_all_that_is_unfinished() -> None:
    driven = Driven(SLOW)
    driven.set("runs", state=S.RUNNING)
    driven.ends("done")
    decision = timed_out(driven.run, NOW - timedelta(hours=2), NOW)
    assert decision is not None
    assert (decision.run_state, decision.run_reason) == (
        DagRunState.FAILED,
        "the run took longer than 1:00:00",
    )
    assert decision.kills == [("runs", -1)]
    assert driven.states("runs", "fails", "later", "clean", "done") == (
        "skipped skipped skipped skipped success"
    )
    assert driven.decide().changes == []


@pytest.mark.parametrize(
    ("run_state", "task_state"),
    [(DagRunState.SUCCESS, "success"), (DagRunState.FAILED, "failed")],
)
def test_ending_a_run_by_command_leaves_teardowns_to_run(
    run_state: DagRunState, task_state: str
) -> None:
    driven = under_way()
    decision = driven.take(end_run(driven.run, run_state, "marked by anna"))
    assert driven.states("runs", "queued", "retries") == f"{task_state} skipped skipped"
    assert driven.states("later", "clean") == "skipped none"
    assert sorted(names_of(decision.kills)) == ["queued", "runs"]
    assert decision.run_state is None
    driven.decide()
    assert driven.states("clean") == "scheduled"


def test_without_teardowns_the_run_ends_at_once() -> None:
    driven = Driven(pipeline(task("a"), task("b", "a")))
    driven.set("a", state=S.RUNNING)
    decision = end_run(driven.run, DagRunState.FAILED, "cancelled by anna")
    assert (decision.run_state, decision.run_reason) == (DagRunState.FAILED, "cancelled by anna")
    assert driven.states("a", "b") == "failed skipped"


@pytest.mark.parametrize("state", [S.SUCCESS, S.FAILED, S.SKIPPED, S.UPSTREAM_FAILED])
def test_what_has_ended_keeps_its_state(state: TaskInstanceState) -> None:
    driven = Driven(pipeline(task("a"), task("b")))
    driven.set("a", state=state)
    end_run(driven.run, DagRunState.SUCCESS, "marked by anna")
    assert driven.states("a", "b") == f"{state} skipped"

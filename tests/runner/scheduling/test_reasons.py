"""Why an instance doesn't run now."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from runner.scheduling.model import PreviousRun
from runner.scheduling.reasons import why
from store.states import TaskInstanceState
from store.structure import DagStructure
from tests.runner.scheduling.pipelines import NOW, Driven, S, key, over, pipeline, task


def reason(driven: Driven, name: str) -> str:
    return why(driven.run, driven.now)[key(name)]


def test_one_upstream_is_named_with_its_state() -> None:
    driven = Driven(pipeline(task("train", expansion=over(4)), task("pick", "train")))
    for index in (0, 1, 2):
        driven.ends(f"train[{index}]")
    driven.set("train[3]", state=S.RUNNING)
    assert reason(driven, "pick") == "waits for train[3]: running"


def test_an_upstream_without_a_state_yet() -> None:
    driven = Driven(pipeline(task("a"), task("b", "a"), task("c", "b")))
    assert reason(driven, "c") == "waits for b: no status yet"


def test_several_are_counted() -> None:
    names = [f"t{number}" for number in range(5)]
    driven = Driven(pipeline(*(task(name) for name in names), task("sink", *names)))
    for name in names[:3]:
        driven.ends(name)
    assert reason(driven, "sink") == "waits for 2 of 5 upstream"


def test_in_a_mapped_group_the_one_with_the_same_index_is_named() -> None:
    structure = pipeline(
        task("a", mapped_group="g"), task("b", "a", mapped_group="g"), groups={"g": over(3)}
    )
    assert reason(Driven(structure), "b[2]") == "waits for a[2]: scheduled"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (S.SCHEDULED, "waits for a slot"),
        (S.QUEUED, "is being started"),
        (S.DEFERRED, "waits for its trigger"),
        (S.RESTARTING, "starts again when its process has ended"),
    ],
)
def test_states_that_speak_for_themselves(state: TaskInstanceState, words: str) -> None:
    driven = Driven(pipeline(task("a")))
    driven.run.set_state(("a", -1), state)
    assert reason(driven, "a") == words


def test_what_runs_or_has_ended_needs_no_reason() -> None:
    driven = Driven(pipeline(task("a"), task("b"), task("c")))
    driven.run.set_state(("a", -1), S.RUNNING)
    driven.run.set_state(("b", -1), S.SUCCESS)
    assert list(why(driven.run, NOW)) == [("c", -1)]


def retrying(**later: float) -> Driven:
    driven = Driven(pipeline(task("a", retries=3)))
    driven.run.instances["a", -1].max_tries = 3
    at = NOW + timedelta(**later)
    driven.run.set_state(("a", -1), S.UP_FOR_RETRY, try_number=2, next_at=at)
    return driven


def test_a_retry_is_told_with_its_number_and_time() -> None:
    assert reason(retrying(minutes=4, seconds=12), "a") == "try 3 of 4 at 15:24:12"


def test_times_are_told_in_the_zone_of_the_one_who_asks() -> None:
    driven = retrying(minutes=4)
    driven.now = NOW.astimezone(ZoneInfo("Asia/Tokyo"))
    assert reason(driven, "a") == "try 3 of 4 at 00:24:00"


def test_a_time_on_another_day_has_its_date() -> None:
    assert reason(retrying(hours=20), "a") == "try 3 of 4 at 2024-03-11 11:20:00"


def test_a_sensor_looks_again() -> None:
    driven = Driven(pipeline(task("s", is_sensor=True)))
    driven.set("s", state=S.UP_FOR_RESCHEDULE, next_at=NOW + timedelta(seconds=30))
    assert reason(driven, "s") == "looks again at 15:20:30"


def test_the_past() -> None:
    previous = PreviousRun({("train", -1): S.FAILED}, "scheduled__2024-01-01")
    driven = Driven(pipeline(task("train", depends_on_past=True)), previous=previous)
    assert reason(driven, "train") == ("depends on past: train of scheduled__2024-01-01 is failed")
    unnamed = PreviousRun({("train", 1): None})
    structure = pipeline(task("train", depends_on_past=True, expansion=over(2)))
    assert reason(Driven(structure, previous=unnamed), "train[0]") == (
        "depends on past: train[1] of the previous run is not run yet"
    )


def test_a_task_that_the_past_lacks() -> None:
    structure = pipeline(
        task("new", depends_on_past=True, ignore_first_depends_on_past=False), task("old")
    )
    driven = Driven(structure, previous=PreviousRun({("old", -1): S.SUCCESS}, "before"))
    assert reason(driven, "new") == "depends on past: new has not run in before"


def with_setup() -> DagStructure:
    return pipeline(
        task("create", is_setup=True),
        task("work", "create", rule="always"),
        task("more", "work"),
        task("last", "more", rule="always"),
        task("delete", "last", "create", rule="all_done_setup_success", is_teardown=True),
    )


def test_a_setup_that_is_not_direct_upstream() -> None:
    driven = Driven(with_setup())
    driven.ends("work")
    assert reason(driven, "more") == "waits for setup create: scheduled"


def test_a_teardown_waits_for_its_scope() -> None:
    driven = Driven(with_setup())
    for name in ("create", "work", "last"):
        driven.ends(name)
    assert reason(driven, "delete") == "waits for more: scheduled"


def test_a_rule_that_can_no_longer_be_met() -> None:
    structure = pipeline(task("a", expansion=over(1)), task("b", "a", rule="all_skipped"))
    driven = Driven(structure)
    driven.set("a[0]", state=S.REMOVED)
    assert reason(driven, "b") == ("needs all of them to be skipped: 1 of 1 upstream have ended")


def test_one_task_can_be_asked_for() -> None:
    driven = Driven(pipeline(task("a"), task("b", "a"), task("c", "b")))
    assert list(why(driven.run, NOW, "b")) == [("b", -1)]

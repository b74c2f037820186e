"""Start, end and catch-up of a schedule that people have put in the place of the file's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from runner.daemon import schedules
from runner.daemon.commands import Refused
from store.structure import TimetableStructure
from tests.runner.scheduling.pipelines import pipeline, task
from tests.support.turns import NOW, Turns

HOURLY = TimetableStructure(kind="cron_interval", expression="0 * * * *", summary="@hourly")


@pytest.fixture
def turns(tmp_path: Path) -> Iterator[Turns]:
    turns = Turns(tmp_path)
    turns.add(pipeline(task("a"), timetable=HOURLY, catchup=False))
    yield turns
    turns.store.close()


def window(turns: Turns, expression: str | None = "@daily", **given: Any) -> Any:
    return turns.do("schedule", dag_id="dag", expression=expression, window=given)


def due(turns: Turns) -> datetime | None:
    return turns.brain.pipelines["dag"].next_run_after


def logical_dates(turns: Turns) -> list[str]:
    query = "SELECT run_id FROM dag_run ORDER BY run_after"
    return [run_id.removeprefix("scheduled__")[:10] for (run_id,) in turns.rows(query)]


def times(turns: Turns, text: str, given: dict[str, Any] | None) -> list[str]:
    pipeline = turns.brain.pipelines["dag"]
    return schedules.preview(pipeline, None, text, 5, turns.now, given)["times"]


def test_no_run_is_made_before_the_start_nor_after_the_end(turns: Turns) -> None:
    window(turns, start="2026-03-20", end="2026-03-21T00:00:00+00:00")
    assert due(turns) == datetime(2026, 3, 21, tzinfo=UTC)
    for days in range(1, 20):
        turns.now = NOW + timedelta(days=days)
        turns.schedule()
        turns.starts("a")
        turns.ends("a")
    assert logical_dates(turns) == ["2026-03-21", "2026-03-22"]
    assert due(turns) is None


def test_with_catchup_what_has_passed_since_the_start_is_made(turns: Turns) -> None:
    window(turns, start="2026-03-06", catchup=True)
    for _ in range(8):
        turns.schedule()
        turns.starts("a")
        turns.ends("a")
    assert logical_dates(turns) == ["2026-03-07", "2026-03-08", "2026-03-09", "2026-03-10"]


def test_without_catchup_only_the_newest_is_made_though_the_file_catches_up(turns: Turns) -> None:
    start: dict[str, Any] = {"start_date": "2026-03-01T00:00:00+00:00", "catchup": True}
    turns.take_in("dag.py", pipeline(task("a"), timetable=HOURLY, **start), text="2")
    window(turns, catchup=False)
    for _ in range(4):
        turns.schedule()
    assert logical_dates(turns) == ["2026-03-10"]


def test_it_outlives_a_restart_and_a_change_of_the_file_until_the_schedule_is_reset(
    turns: Turns,
) -> None:
    window(turns, start="2026-03-20")
    turns.restart()
    assert turns.brain.pipelines["dag"].structure.start_date == "2026-03-20T00:00:00+00:00"
    turns.take_in("dag.py", pipeline(task("a"), timetable=HOURLY, catchup=True), text="2")
    assert due(turns) == datetime(2026, 3, 21, tzinfo=UTC)
    turns.do("schedule", dag_id="dag", expression="@weekly")
    assert due(turns) == datetime(2026, 3, 29, tzinfo=UTC), "the dates stay with an edited schedule"
    turns.do("schedule", dag_id="dag", expression=None)
    assert turns.rows("SELECT schedule_override, schedule_window FROM dag") == [(None, None)]
    assert turns.brain.pipelines["dag"].structure.start_date is None


def test_dates_may_be_given_to_the_schedule_that_the_file_has(turns: Turns) -> None:
    answer = window(turns, "@hourly", end="2026-03-10T15:00")
    assert (answer["expression"], answer["changed"]) == ("@hourly", True)
    back = {"expression": answer["former"], "window": answer["former_window"]}
    turns.do("schedule", dag_id="dag", **back)
    assert turns.rows("SELECT schedule_override, schedule_window FROM dag") == [(None, None)]
    query = "SELECT kind FROM event WHERE kind LIKE 'schedule%' ORDER BY id"
    assert turns.rows(query) == [("schedule_set",), ("schedule_reset",)]


def test_what_can_not_be_is_refused_and_changes_nothing(turns: Turns) -> None:
    end: dict[str, Any] = {"end_date": "2026-03-15T00:00:00+00:00"}
    turns.take_in("dag.py", pipeline(task("a"), timetable=HOURLY, **end), text="2")
    with pytest.raises(Refused, match=r"the start, .*, is after the end, "):
        window(turns, start="2026-03-20", end="2026-03-19")
    with pytest.raises(Refused, match=r"the start, .*, is after the file's end, "):
        window(turns, start="2026-03-20")
    with pytest.raises(Refused, match="'soon' is not a date"):
        window(turns, start="soon")
    with pytest.raises(Refused, match="those of a schedule: give one"):
        window(turns, None, start="2026-03-10")
    assert turns.rows("SELECT schedule_override, schedule_window FROM dag") == [(None, None)]


def test_a_preview_obeys_the_dates_given_and_else_those_in_force(turns: Turns) -> None:
    given = {"start": "2026-03-20T00:00:00+00:00", "end": "2026-03-21T00:00:00+00:00"}
    both = ["2026-03-21T00:00:00+00:00", "2026-03-22T00:00:00+00:00"]
    assert times(turns, "@daily", given) == both
    window(turns, **given)
    assert times(turns, "@daily", None) == both
    assert len(times(turns, "@daily", {})) == 5
    with pytest.raises(ValueError, match="is after the end"):
        times(turns, "@daily", {**given, "end": "2026-03-01T00:00:00+00:00"})


def test_a_changed_file_that_leaves_no_date_between_them_makes_no_run(turns: Turns) -> None:
    window(turns, start="2026-03-20")
    end: dict[str, Any] = {"end_date": "2026-03-15T00:00:00+00:00"}
    turns.take_in("dag.py", pipeline(task("a"), timetable=HOURLY, **end), text="2")
    assert due(turns) is None


def test_a_schedule_of_which_no_run_comes_says_why(turns: Turns) -> None:
    """Setting it isn't refused: an undo may have to."""
    said = window(turns, end="2026-03-01")["ended"]
    assert said == "its end, 2026-03-01, has passed: no run comes any more"
    assert window(turns, end="2097-03-01")["ended"] is None
    assert turns.do("schedule", dag_id="dag", expression="None")["ended"] is None
    seen = schedules.preview(
        turns.brain.pipelines["dag"], None, "@daily", 5, turns.now, {"end": "2026-03-01"}
    )
    assert (seen["times"], seen["due"], seen["ended"]) == ([], 0, said)


def test_the_end_that_has_passed_is_said_in_the_zone_of_the_dag(turns: Turns) -> None:
    turns.take_in("dag.py", pipeline(task("a"), timetable=HOURLY, timezone="Asia/Tokyo"), text="2")
    said = window(turns, end="2026-02-10T00:00:00+09:00")["ended"]
    assert said.startswith("its end, 2026-02-10, has")
    said = window(turns, end="2026-02-10T23:30:00+09:00")["ended"]
    assert said.startswith("its end, 2026-02-10 23:30, has")


def test_a_run_that_a_reset_leaves_out_is_told(turns: Turns) -> None:
    """A run of the other schedule lies within the hour of which the file's would be."""
    due_at = NOW.replace(minute=0, second=0) + timedelta(hours=1)
    assert window(turns, "*/10 * * * *")["left_out"] == []
    turns.now = due_at - timedelta(minutes=25)
    turns.schedule()
    assert len(logical_dates(turns)) == 1
    last = None
    with turns.turn() as turn:
        last = schedules.last_interval(turn, "dag")
    table = turns.brain.pipelines["dag"]
    assert schedules.preview(table, last, "", 5, turns.now)["left_out"] == [due_at.isoformat()]
    assert window(turns, None)["left_out"] == [due_at.isoformat()]
    assert due(turns) == due_at + timedelta(hours=1)

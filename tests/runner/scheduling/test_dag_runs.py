"""Which runs there will be, and their names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.authoring.timetables import (
    DataInterval,
    TimeRestriction,
    Timetable,
    schedule_to_timetable,
)
from runner.scheduling.dag_runs import (
    backfill_dates,
    check_backfill,
    generate_run_id,
    is_created_by_backfill,
    manual_dagrun,
    next_dagrun,
    restriction_of,
    timetable_of,
)
from store.structure import DagStructure, TimetableStructure
from tests.runner.scheduling.pipelines import NOW, pipeline, task

DAILY = schedule_to_timetable("@daily")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("run_type", ["scheduled", "backfill", "manual"])
def test_a_run_id_has_the_type_and_when_the_run_may_start(run_type: str) -> None:
    at_midnight = generate_run_id(run_type, at("2024-01-02"))
    assert at_midnight == f"{run_type}__2024-01-02T00:00:00+00:00"
    in_between = generate_run_id(run_type, at("2024-01-02T03:04:05.000678"))
    assert in_between == f"{run_type}__2024-01-02T03:04:05.000678+00:00"


def test_an_unknown_run_type_is_an_error() -> None:
    with pytest.raises(ValueError, match="sometimes"):
        generate_run_id("sometimes", NOW)


def structure(**fields: Any) -> DagStructure:
    return pipeline(task("a"), **fields)


def test_a_dag_is_restricted_by_its_dates_in_its_zone() -> None:
    zurich = structure(
        start_date="2024-03-01T00:00:00+01:00",
        end_date="2024-06-01T00:00:00",
        timezone="Europe/Zurich",
        catchup=True,
    )
    restriction = restriction_of(zurich)
    assert restriction.earliest is not None
    assert restriction.earliest == at("2024-02-29T23:00")
    assert restriction.latest == at("2024-05-31T22:00")
    assert restriction.catchup
    assert str(restriction.earliest.tzinfo) == "Europe/Zurich"
    assert restriction_of(structure()) == TimeRestriction(None, None, False)


def test_the_next_run_follows_the_last_scheduled_one() -> None:
    described = TimetableStructure("cron_interval", expression="0 0 * * *", summary="@daily")
    timetable = timetable_of(described)
    assert (timetable.summary, timetable.kind) == ("@daily", "cron_interval")
    restriction = TimeRestriction(at("2024-03-08"), None, catchup=True)
    first = next_dagrun(timetable, None, restriction, NOW)
    assert first is not None
    assert first.logical_date == at("2024-03-08")
    second = next_dagrun(timetable, first.interval, restriction, NOW)
    assert second is not None
    assert (second.logical_date, second.run_after) == (at("2024-03-09"), at("2024-03-10"))


def test_a_schedule_that_leaves_the_calendar_is_one_sentence() -> None:
    ages = schedule_to_timetable(timedelta(days=2_930_000))
    with pytest.raises(ValueError, match="leaves the calendar"):
        next_dagrun(ages, None, TimeRestriction(NOW, None, catchup=True), NOW)


def test_a_triggered_run_is_about_the_last_period_before_its_logical_date() -> None:
    info = manual_dagrun(DAILY, at("2024-03-10T15:20"), NOW)
    assert info.interval == DataInterval(at("2024-03-09"), at("2024-03-10"))
    assert (info.logical_date, info.run_after) == (at("2024-03-10T15:20"), NOW)


def test_a_triggered_run_without_logical_date_has_no_interval() -> None:
    info = manual_dagrun(DAILY, None, NOW)
    assert (info.logical_date, info.interval, info.run_after) == (None, None, NOW)


# -- backfills -----------------------------------------------------------------------------


def days(timetable: Timetable, first: str, last: str, *, run_backwards: bool = False) -> list[str]:
    infos = backfill_dates(timetable, at(first), at(last), NOW, run_backwards=run_backwards)
    assert all(info.logical_date is not None for info in infos)
    return [f"{info.logical_date:%m-%d}" for info in infos]


def test_a_backfill_takes_every_period_within_the_dates() -> None:
    assert days(DAILY, "2024-03-01", "2024-03-03") == ["03-01", "03-02", "03-03"]
    assert days(DAILY, "2024-03-01T00:01", "2024-03-03T12:00") == ["03-02", "03-03"]
    assert days(DAILY, "2024-03-01T10:00", "2024-03-01T11:00") == []


def test_a_backfill_ends_with_the_last_period_that_is_over() -> None:
    assert days(DAILY, "2024-03-08", "2024-03-20") == ["03-08", "03-09"]


def test_a_backfill_can_run_backwards() -> None:
    found = days(DAILY, "2024-03-01", "2024-03-03", run_backwards=True)
    assert found == ["03-03", "03-02", "03-01"]


def test_a_backfill_of_a_timedelta_starts_where_it_is_told() -> None:
    six_hours = schedule_to_timetable(timedelta(hours=12))
    assert days(six_hours, "2024-03-01T10:05", "2024-03-02T10:05") == ["03-01", "03-01", "03-02"]


@pytest.mark.parametrize(
    ("schedule", "first", "last", "sentence"),
    [
        (None, "2024-03-01", "2024-03-02", "no periods to backfill"),
        ("@once", "2024-03-01", "2024-03-02", "no periods to backfill"),
        ("@continuous", "2024-03-01", "2024-03-02", "no periods to backfill"),
        ("@daily", "2024-03-03", "2024-03-02", "is after its last date"),
        ("@daily", "2024-04-01", "2024-04-02", "can't be of the future"),
        (timedelta(seconds=1), "2023-01-01", "2024-03-02", "more than 20000 runs"),
    ],
)
def test_a_backfill_that_can_not_be(schedule: object, first: str, last: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        days(schedule_to_timetable(schedule), first, last)


def test_tasks_that_depend_on_the_past_restrict_a_backfill() -> None:
    dependent = pipeline(task("a", depends_on_past=True))
    check_backfill(dependent, run_backwards=False, reprocess="failed")
    check_backfill(structure(), run_backwards=True, reprocess="none")
    with pytest.raises(ValueError, match="can't run backwards: task a"):
        check_backfill(dependent, run_backwards=True, reprocess="failed")
    with pytest.raises(ValueError, match="reprocess failed or completed"):
        check_backfill(dependent, run_backwards=False, reprocess="none")


@pytest.mark.parametrize(
    ("state", "none", "failed", "completed"),
    [
        (None, True, True, True),
        ("running", False, False, False),
        ("queued", False, False, False),
        ("success", False, False, True),
        ("failed", False, True, True),
    ],
)
def test_what_a_backfill_makes_of_runs_that_exist(
    state: str | None, none: bool, failed: bool, completed: bool
) -> None:
    made = [is_created_by_backfill(state, how) for how in ("none", "failed", "completed")]
    assert made == [none, failed, completed]


@settings(max_examples=30)
@given(st.integers(0, 60), st.integers(0, 60))
def test_a_backfill_stays_within_its_dates(first: int, length: int) -> None:
    begin = at("2024-01-01") + timedelta(hours=7 * first)
    end = begin + timedelta(hours=11 * length)
    for schedule in ("@daily", "0 */6 * * *", timedelta(hours=5)):
        infos = backfill_dates(schedule_to_timetable(schedule), begin, end, NOW)
        dates = [info.logical_date for info in infos if info.logical_date is not None]
        assert dates == sorted(set(dates))
        assert all(begin <= date <= end for date in dates)
        assert all(info.run_after < NOW for info in infos)

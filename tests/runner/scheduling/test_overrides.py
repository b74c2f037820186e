"""Schedules typed as text, in the place of a file's."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.scheduling.overrides import check_window, overridden, timetable_for
from store.structure import DagStructure, TimetableStructure

NOW = datetime(2026, 3, 10, 15, 20, tzinfo=UTC)


def dag(**values: Any) -> DagStructure:
    schedule = TimetableStructure(kind="cron_interval", expression="0 0 * * *", summary="@daily")
    return DagStructure(dag_id="dag", file="dags/a.py", **{"timetable": schedule, **values})


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        ("0 3 * * *", "cron_interval", "At 03:00 every day"),
        ("  */5 *  * * * ", "cron_interval", "Every 5 minutes"),
        ("@hourly", "cron_interval", "Every hour"),
        ("@Daily", "cron_interval", "At 00:00 every day"),
        ("every 15 minutes", "delta_interval", "Every 15 minutes"),
        ("every hour", "delta_interval", "Every hour"),
        ("Every 1.5 hours", "delta_interval", "Every 1 hour and 30 minutes"),
        ("0:15:00", "delta_interval", "Every 15 minutes"),
        ("1 day, 0:00:00", "delta_interval", "Every day"),
        ("None", "none", "Never, external triggers only"),
        ("@once", "once", "Once, as soon as possible"),
    ],
)
def test_a_text_becomes_a_timetable(text: str, kind: str, words: str) -> None:
    found = timetable_for(dag(), text)
    assert (found.kind, found.description) == (kind, words)
    assert overridden(dag(), text).timetable.description == words


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "type a schedule"),
        ("61 * * * *", "is not valid"),
        ("tomorrow", "is not valid"),
        ("@fortnightly", "is not valid"),
        ("every moon", "is no unit"),
        ("every 3", "write a period as"),
        ("every 0 minutes", "at least one second"),
        (f"every {'9' * 30} weeks", "longer than the calendar"),
        ("@continuous", "max_active_runs is 16"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as raised:
        timetable_for(dag(), text)
    assert "\n" not in str(raised.value)


def test_runs_at_the_tick_stay_runs_at_the_tick() -> None:
    schedule = TimetableStructure(kind="cron_trigger", expression="0 0 * * *")
    assert timetable_for(dag(timetable=schedule), "0 3 * * *").kind == "cron_trigger"


def test_the_zone_is_the_dags() -> None:
    schedule = TimetableStructure(kind="none")
    found = timetable_for(dag(timetable=schedule, timezone="Europe/Berlin"), "0 3 * * *")
    (first,) = found.next_fire_times(1, NOW)
    assert first == datetime(2026, 3, 11, 2, tzinfo=UTC)


@given(st.text(max_size=40))
def test_any_text_is_a_schedule_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        timetable_for(dag(), text).next_fire_times(2, NOW)


@pytest.mark.parametrize(
    "own",
    [
        TimetableStructure(
            kind="cron_trigger",
            expression="0 3 * * *",
            summary="0 3 * * *",
            interval=86400.0,
            run_immediately=True,
        ),
        TimetableStructure(kind="delta_interval", months=1, summary="relativedelta(months=+1)"),
        TimetableStructure(
            kind="cron_interval", expression="0 3 * * *", timezone="Asia/Tokyo", summary="0 3 * * *"
        ),
        TimetableStructure(kind="asset", summary="Asset"),
    ],
    ids=lambda own: own.kind + own.timezone,
)
def test_what_the_file_says_keeps_the_files_timetable(own: TimetableStructure) -> None:
    structure = dag(timetable=own)
    found = overridden(structure, f" {own.summary} ", {"end": "2030-01-01T00:00:00+00:00"})
    assert found.timetable == own
    assert found.end_date == "2030-01-01T00:00:00+00:00"


@pytest.mark.parametrize("name", ["start", "end"])
@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-02:00"])
def test_dates_at_the_edges_of_the_calendar_are_said_in_a_sentence(name: str, moment: str) -> None:
    structure = dag(timezone="America/New_York")
    with suppress(ValueError):
        check_window(structure, {name: moment})

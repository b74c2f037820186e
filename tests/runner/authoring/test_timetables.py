"""When runs are due. The rows were computed by Airflow 3.3.2's own timetable classes."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import MO, relativedelta
from hypothesis import given
from hypothesis import strategies as st

from runner.authoring.timetables import (
    ContinuousTimetable,
    CronDataIntervalTimetable,
    CronTriggerTimetable,
    DagRunInfo,
    DataInterval,
    DeltaDataIntervalTimetable,
    DeltaTriggerTimetable,
    NullTimetable,
    OnceTimetable,
    TimeRestriction,
    Timetable,
    schedule_to_timetable,
    timetable_from,
)

NOW = datetime(2024, 3, 10, 15, 20, tzinfo=UTC)  # a Sunday
DAILY = CronDataIntervalTimetable("@daily")
MONTHLY = DeltaDataIntervalTimetable(relativedelta(months=1))
SIX_HOURS = DeltaDataIntervalTimetable(timedelta(hours=6))


def day(text: str, zone: str = "UTC") -> datetime:
    """``2024-03-01 10:05`` in a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


def short(info: DagRunInfo | None) -> str:
    """``03-01 00:00 > 03-02 00:00``: the data interval in UTC; the run is made at its end."""
    if info is None:
        return "none"
    assert info.interval is not None
    assert info.run_after == info.interval.end
    assert info.logical_date == info.interval.start
    return " > ".join(f"{date:%m-%d %H:%M}" for date in info.interval)


def runs(
    timetable: Timetable, restriction: TimeRestriction, count: int, now: datetime = NOW
) -> list[str]:
    """The first runs, each asked for when the one before has been made."""
    found: list[str] = []
    last: DataInterval | None = None
    while len(found) < count:
        info = timetable.next_dagrun_info(last, restriction, now)
        found.append(short(info))
        if info is None:
            break
        last = info.interval
    return found


ZURICH, NEW_YORK = "Europe/Zurich", "America/New_York"
TABLE = """
timetable                          | start_date       | zone      | catchup | first runs
cron @daily                        | 2024-03-01 10:05 | UTC       | yes | 03-02 00:00 > 03-03 00:00, 03-03 00:00 > 03-04 00:00
cron @daily                        | 2024-03-01 00:00 | UTC       | yes | 03-01 00:00 > 03-02 00:00, 03-02 00:00 > 03-03 00:00
cron @daily                        | 2024-03-01 10:05 | UTC       | no  | 03-09 00:00 > 03-10 00:00, 03-10 00:00 > 03-11 00:00
cron @daily                        |                  | UTC       | no  | 03-09 00:00 > 03-10 00:00, 03-10 00:00 > 03-11 00:00
cron @daily                        |                  | UTC       | yes | none
cron 30 6 * * 1                    | 2024-03-01 10:05 | UTC       | yes | 03-04 06:30 > 03-11 06:30
cron 30 6 * * 1                    | 2024-03-01 10:05 | UTC       | no  | 03-04 06:30 > 03-11 06:30
delta 6                            | 2024-03-01 10:05 | UTC       | yes | 03-01 10:05 > 03-01 16:05, 03-01 16:05 > 03-01 22:05
delta 6                            | 2024-03-01 10:05 | UTC       | no  | 03-10 06:00 > 03-10 12:00, 03-10 12:00 > 03-10 18:00
delta 24                           | 2024-03-01 10:05 | UTC       | no  | 03-09 00:00 > 03-10 00:00, 03-10 00:00 > 03-11 00:00
cron-trigger @daily                | 2024-03-01 10:05 | UTC       | yes | 03-02 00:00 > 03-02 00:00, 03-03 00:00 > 03-03 00:00
cron-trigger @daily                | 2024-03-01 10:05 | UTC       | no  | 03-10 00:00 > 03-10 00:00, 03-11 00:00 > 03-11 00:00
cron-trigger @daily                |                  | UTC       | yes | 03-11 00:00 > 03-11 00:00
delta-trigger 24                   | 2024-03-01 10:05 | UTC       | yes | 03-01 10:05 > 03-01 10:05, 03-02 10:05 > 03-02 10:05
delta-trigger 24                   | 2024-03-01 10:05 | UTC       | no  | 03-10 15:20 > 03-10 15:20, 03-11 15:20 > 03-11 15:20
cron 30 2 * * *                    | 2024-03-30 00:00 | Zurich    | yes | 03-30 01:30 > 03-31 01:30, 03-31 01:30 > 04-01 00:30
cron 30 2 * * *                    | 2024-10-26 00:00 | Zurich    | yes | 10-26 00:30 > 10-27 01:30, 10-27 01:30 > 10-28 01:30
cron @hourly                       | 2024-10-27 02:00 | Zurich    | yes | 10-27 00:00 > 10-27 01:00, 10-27 01:00 > 10-27 02:00
cron @hourly                       | 2024-10-27 01:00 | Zurich    | yes | 10-26 23:00 > 10-27 00:00, 10-27 00:00 > 10-27 01:00, 10-27 01:00 > 10-27 02:00
cron @hourly                       | 2024-03-31 00:00 | Zurich    | yes | 03-30 23:00 > 03-31 00:00, 03-31 00:00 > 03-31 01:00, 03-31 01:00 > 03-31 02:00
cron 0 */2 * * *                   | 2024-10-27 00:00 | Zurich    | yes | 10-26 22:00 > 10-27 01:00, 10-27 01:00 > 10-27 03:00
cron-trigger 0 2 * * *             | 2024-03-09 00:00 | New_York  | yes | 03-09 07:00 > 03-09 07:00, 03-10 07:00 > 03-10 07:00, 03-11 06:00 > 03-11 06:00
cron 30 * * * *                    | 2024-04-07 00:00 | Lord_Howe | yes | 04-06 13:30 > 04-06 14:30, 04-06 14:30 > 04-06 15:30, 04-06 15:00 > 04-06 16:00
cron @daily                        | 2024-03-01 00:00 | Tokyo     | yes | 02-29 15:00 > 03-01 15:00, 03-01 15:00 > 03-02 15:00
cron 0 0 L * *                     | 2024-01-15 00:00 | UTC       | yes | 01-31 00:00 > 02-29 00:00, 02-29 00:00 > 03-31 00:00
cron 0 0 * * 5#2                   | 2024-01-01 00:00 | UTC       | yes | 01-12 00:00 > 02-09 00:00, 02-09 00:00 > 03-08 00:00
cron 0 12 * * L5                   | 2024-01-01 00:00 | UTC       | yes | 01-26 12:00 > 02-23 12:00, 02-23 12:00 > 03-29 12:00
cron 0 0 * * 0                     | 2024-03-01 00:00 | UTC       | yes | 03-03 00:00 > 03-10 00:00
cron 0 0 * * 7                     | 2024-03-01 00:00 | UTC       | yes | 03-03 00:00 > 03-10 00:00
cron 0 0 13 * 5                    | 2024-09-01 00:00 | UTC       | yes | 09-06 00:00 > 09-13 00:00, 09-13 00:00 > 09-20 00:00
cron @quarterly                    | 2024-01-02 00:00 | UTC       | yes | 04-01 00:00 > 07-01 00:00, 07-01 00:00 > 10-01 00:00
month                              | 2024-01-31 00:00 | UTC       | yes | 01-31 00:00 > 02-29 00:00, 02-29 00:00 > 03-29 00:00
month                              | 2024-01-31 00:00 | UTC       | no  | 01-31 00:00 > 02-29 00:00, 02-29 00:00 > 03-29 00:00
month                              | 2024-03-15 00:00 | Zurich    | yes | 03-14 23:00 > 04-14 22:00, 04-14 22:00 > 05-14 22:00
once                               | 2024-03-01 10:05 | UTC       | no  | 03-01 10:05 > 03-01 10:05, none
once                               |                  | UTC       | no  | 03-10 15:20 > 03-10 15:20, none
continuous                         | 2024-03-01 10:05 | UTC       | no  | 03-01 10:05 > 03-10 15:20, 03-10 15:20 > 03-10 15:20
none                               | 2024-03-01 10:05 | UTC       | yes | none
"""  # noqa: E501
ROWS = [[cell.strip() for cell in row.split("|")] for row in TABLE.strip().splitlines()[1:]]
ZONES = {
    "UTC": "UTC",
    "Zurich": ZURICH,
    "New_York": NEW_YORK,
    "Tokyo": "Asia/Tokyo",
    "Lord_Howe": "Australia/Lord_Howe",
}


def named(text: str, zone: str) -> Timetable:
    """The timetable of a row: kind, and cron expression or hours."""
    kind, _, rest = text.partition(" ")
    if kind.startswith("cron"):
        of_cron = CronDataIntervalTimetable if kind == "cron" else CronTriggerTimetable
        return of_cron(rest, zone)
    if kind.startswith("delta"):
        of_delta = DeltaDataIntervalTimetable if kind == "delta" else DeltaTriggerTimetable
        return of_delta(timedelta(hours=int(rest)))
    others = {"once": OnceTimetable(), "continuous": ContinuousTimetable(), "none": NullTimetable()}
    return MONTHLY if kind == "month" else others[kind]


@pytest.mark.parametrize("row", ROWS, ids=" ".join)
def test_the_first_runs_are_those_of_airflow(row: list[str]) -> None:
    timetable, start, place, catchup, expected = row
    zone = ZONES[place]
    earliest = day(start, zone) if start else None
    restriction = TimeRestriction(earliest, None, catchup == "yes")
    first = expected.split(", ")
    assert runs(named(timetable, zone), restriction, len(first)) == first


def test_a_trigger_can_run_for_the_last_tick_at_once() -> None:
    unrestricted = TimeRestriction(None, None, catchup=True)
    at_once = CronTriggerTimetable("@daily", run_immediately=True)
    assert runs(at_once, unrestricted, 1) == ["03-10 00:00 > 03-10 00:00"]
    within = CronTriggerTimetable("@daily", run_immediately=timedelta(hours=16))
    assert runs(within, unrestricted, 1) == ["03-10 00:00 > 03-10 00:00"]
    not_within = CronTriggerTimetable("@daily", run_immediately=timedelta(hours=15))
    assert runs(not_within, unrestricted, 1) == ["03-11 00:00 > 03-11 00:00"]


def test_a_trigger_can_have_a_data_interval() -> None:
    restriction = TimeRestriction(day("2024-03-01 10:05"), None, catchup=True)
    of_an_hour = CronTriggerTimetable("@daily", interval=timedelta(hours=1))
    assert runs(of_an_hour, restriction, 1) == ["03-01 23:00 > 03-02 00:00"]


@pytest.mark.parametrize(("hour", "first"), [(2, "03-10 00:00"), (3, "03-11 00:00")])
def test_without_start_date_a_trigger_catches_up_with_a_tick_a_tenth_of_the_period_old(
    hour: int, first: str
) -> None:
    now = NOW.replace(hour=hour, minute=0)
    found = runs(CronTriggerTimetable("@daily"), TimeRestriction(None, None, True), 1, now)
    assert found == [f"{first} > {first}"]


@pytest.mark.parametrize(
    ("end", "count"), [("2024-03-03 00:00", 3), ("2024-03-02 23:59", 2), ("2024-02-01 00:00", 0)]
)
def test_end_date_is_the_last_logical_date_that_runs(end: str, count: int) -> None:
    restriction = TimeRestriction(day("2024-03-01"), day(end), catchup=True)
    assert len(runs(DAILY, restriction, 9)) == count + 1


def test_seconds_are_the_sixth_field() -> None:
    restriction = TimeRestriction(day("2024-03-01"), None, catchup=True)
    every_noon = CronDataIntervalTimetable("0 12 * * * 30")
    info = every_noon.next_dagrun_info(None, restriction, NOW)
    assert info is not None
    assert info.run_after == datetime(2024, 3, 2, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("timetable", "expected"),
    [
        (DAILY, "03-09 00:00 > 03-10 00:00"),
        (SIX_HOURS, "03-10 09:20 > 03-10 15:20"),
        (MONTHLY, "02-10 15:20 > 03-10 15:20"),
        (CronTriggerTimetable("@daily"), "03-10 15:20 > 03-10 15:20"),
        (NullTimetable(), "03-10 15:20 > 03-10 15:20"),
    ],
    ids=str,
)
def test_a_manual_run_is_about_the_last_complete_period(
    timetable: Timetable, expected: str
) -> None:
    interval = timetable.infer_manual_data_interval(NOW)
    assert " > ".join(f"{date:%m-%d %H:%M}" for date in interval) == expected


def test_after_a_change_of_schedule_periods_start_at_a_tick_of_the_new_one() -> None:
    last = DataInterval(day("2024-03-08 00:00"), day("2024-03-09 00:30"))
    hourly = CronDataIntervalTimetable("@hourly")
    restriction = TimeRestriction(day("2024-03-01"), None, catchup=True)
    assert short(hourly.next_dagrun_info(last, restriction, NOW)) == "03-09 00:00 > 03-09 01:00"


def test_after_a_change_to_a_coarser_schedule_no_date_runs_twice() -> None:
    last = DataInterval(day("2024-03-09 05:00"), day("2024-03-09 06:00"))
    restriction = TimeRestriction(day("2024-03-01"), None, catchup=True)
    assert short(DAILY.next_dagrun_info(last, restriction, NOW)) == "03-10 00:00 > 03-11 00:00"


KINDS = [
    *(named(row[0], ZONES[row[2]]) for row in ROWS),
    CronTriggerTimetable("@daily", interval=timedelta(hours=1), run_immediately=timedelta(hours=2)),
    DeltaTriggerTimetable(timedelta(days=1), interval=timedelta(hours=1)),
    DeltaTriggerTimetable(relativedelta(years=1, days=2)),
]


@pytest.mark.parametrize("timetable", KINDS, ids=str)
def test_a_timetable_survives_as_json(timetable: Timetable) -> None:
    assert timetable_from(**timetable.to_structure()) == timetable


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="'lunar' is no kind of timetable"):
        timetable_from("lunar")


@pytest.mark.parametrize(
    ("schedule", "kind"),
    [
        (None, "none"),
        ("@once", "once"),
        ("@continuous", "continuous"),
        ("@daily", "cron_interval"),
        ("@midnight", "cron_interval"),
        ("5 4 * * sun", "cron_interval"),
        (timedelta(hours=6), "delta_interval"),
        (relativedelta(months=1), "delta_interval"),
        (CronTriggerTimetable("@daily"), "cron_trigger"),
    ],
)
def test_a_schedule_becomes_a_timetable(schedule: object, kind: str) -> None:
    assert schedule_to_timetable(schedule, ZURICH).kind == kind


def test_a_file_with_airflow_3_defaults_runs_at_the_tick() -> None:
    assert schedule_to_timetable("@daily", data_intervals=False).kind == "cron_trigger"
    assert schedule_to_timetable(timedelta(1), data_intervals=False).kind == "delta_trigger"


@pytest.mark.parametrize(
    ("schedule", "zone", "sentence"),
    [
        ("every day", "UTC", "'every day' is not valid: it wants 5 columns, as 30 6"),
        ("61 * * * *", "UTC", r"'61 \* \* \* \*' is not valid: '61' is no minute \(0 to 59\)$"),
        ("0 */0 * * *", "UTC", r"not valid: '\*/0' is no hour \(0 to 23\)$"),
        ("0 0 * foo 9", "UTC", r"not valid: 'foo' is no month \(1 to 12, jan to dec\)$"),
        ("5 4 * * 1,9", "UTC", r"'1,9' is no day of the week \(0 to 7, sun to sat\)$"),
        ("0 0 31 2 *", "UTC", r"'0 0 31 2 \*' is not valid: no date is like that$"),
        ("@daily", "Mars/Olympus", "no time zone 'Mars/Olympus'"),
        (timedelta(0), "UTC", "must be positive, not 0:00:00"),
        (timedelta(days=-1), "UTC", "must be positive"),
        (timedelta(days=9_000_000), "UTC", "is too long"),
        (relativedelta(weekday=MO), "UTC", "can't be a relativedelta that sets weekday"),
        (["asset"], "UTC", "a schedule can't be a list"),
        (5, "UTC", "a schedule can't be a int"),
    ],
)
def test_what_can_not_be_scheduled_is_refused_in_one_sentence(
    schedule: object, zone: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence) as raised:
        schedule_to_timetable(schedule, zone)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        ("Europe/Zurich", "Europe/Zurich"),
        (ZoneInfo("Europe/Zurich"), "Europe/Zurich"),
        (UTC, "+00:00"),
        (timezone(timedelta(hours=-3, minutes=-30)), "-03:30"),
    ],
)
def test_a_time_zone_is_stored_by_name(zone: str, name: str) -> None:
    timetable = CronDataIntervalTimetable("@daily", zone)
    assert timetable.to_structure()["timezone"] == name
    timetable.validate()


def test_next_fire_times_lie_ahead() -> None:
    assert [f"{at:%m-%d %H:%M}" for at in DAILY.next_fire_times(2, NOW)] == [
        "03-11 00:00",
        "03-12 00:00",
    ]
    assert NullTimetable().next_fire_times(3, NOW) == []
    assert OnceTimetable().next_fire_times(3, NOW) == []
    assert len(ContinuousTimetable().next_fire_times(3, NOW)) <= 1


def test_next_fire_times_keep_to_the_start_date_where_runs_are_caught_up_with() -> None:
    since_long = TimeRestriction(day("1999-01-01 00:07"), None, catchup=True)
    minutely = DeltaDataIntervalTimetable(timedelta(minutes=10))
    assert [f"{at:%H:%M}" for at in minutely.next_fire_times(3, NOW, None, since_long)] == [
        "15:27",
        "15:37",
        "15:47",
    ]
    months = MONTHLY.next_fire_times(2, NOW, None, since_long)
    assert [f"{at:%m-%d %H:%M}" for at in months] == ["04-01 00:07", "05-01 00:07"]
    daily = DAILY.next_fire_times(1, NOW, None, since_long)
    assert [f"{at:%m-%d}" for at in daily] == ["03-11"]


def test_next_fire_times_end_with_the_end_date() -> None:
    until = TimeRestriction(day("2024-03-01"), day("2024-03-11"), catchup=False)
    times = DAILY.next_fire_times(5, NOW, None, until)
    assert [f"{at:%m-%d}" for at in times] == ["03-11", "03-12"]


EXPRESSIONS = ("@hourly", "@daily", "30 2 * * *", "*/20 1-3 * * *", "0 0 * * 5#2", "0 3 * * 1")
DATES = st.integers(0, 3 * 365 * 24 * 60).map(lambda n: day("2023-01-01") + timedelta(minutes=n))


@given(st.sampled_from(EXPRESSIONS), st.sampled_from([ZURICH, NEW_YORK, "UTC"]), DATES)
def test_intervals_follow_each_other_without_gap_or_overlap(
    expression: str, zone: str, start: datetime
) -> None:
    timetable = CronDataIntervalTimetable(expression, zone)
    restriction = TimeRestriction(start, None, catchup=True)
    intervals: list[DataInterval] = []
    while len(intervals) < 6:
        last = intervals[-1] if intervals else None
        info = timetable.next_dagrun_info(last, restriction, NOW)
        assert info is not None
        assert info.interval is not None
        intervals.append(info.interval)
    assert all(one.start < one.end for one in intervals)
    assert all(one.end == other.start for one, other in pairwise(intervals))
    assert intervals[0].start >= start


@given(st.sampled_from(EXPRESSIONS), DATES, DATES)
def test_without_catchup_at_most_one_run_is_due(
    expression: str, start: datetime, now: datetime
) -> None:
    timetable = CronDataIntervalTimetable(expression, ZURICH)
    restriction = TimeRestriction(start, None, catchup=False)
    first = timetable.next_dagrun_info(None, restriction, now)
    assert first is not None
    second = timetable.next_dagrun_info(first.interval, restriction, now)
    assert second is not None
    assert second.run_after > now


def test_importing_it_is_light() -> None:
    code = (
        "import sys, runner.authoring.timetables as t; "
        "t.schedule_to_timetable(None); "
        "heavy = {'croniter', 'zoneinfo', 'pendulum', 'dateutil', 'msgspec'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

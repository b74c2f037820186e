"""A DAG's calendar by hours: those of the user's zone, and the screen with the real app."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.application import DagtopApp
from app.tui.formats import local
from app.tui.models.hours import LABELS, WIDEST, HourPlace, Month
from app.tui.reading_history import day_start, hour_at, hours_of, read_hours
from app.tui.screens.calendar import CalendarScreen, RunsBetweenScreen
from app.tui.spans import plain, width_of
from app.tui.theme import ASCII, UNICODE
from store.engine import open_store
from store.queries.history import DayTally
from store.states import DagRunState
from store.workspace import Workspace
from tests.app.tui.driving import AppPilot, app_of, arrived, opened, press, says, text_of
from tests.app.tui.snapshot import by_size, check, check_plain, check_scene, settled
from tests.app.tui.world import World

ONE = DayTally(1, 1, 60.0, 60.0)
FAILED, SUCCESS = DagRunState.FAILED, DagRunState.SUCCESS
BERLIN = ZoneInfo("Europe/Berlin")
ZONES = [
    "UTC", "Europe/Berlin", "America/New_York", "America/St_Johns", "America/Havana",
    "America/Sao_Paulo", "Asia/Kathmandu", "Asia/Beirut", "Australia/Lord_Howe", "Pacific/Apia",
    "Antarctica/Troll",
]  # fmt: skip
"""Clocks put by an hour at night, at midnight, by half an hour, by two; a day that is lost."""
WAYS = ["down", "up", "left", "right", "page_down", "page_up", "half_up", "top", "bottom", "x"]
HOUR = timedelta(hours=1)


def month_of(first: date, zone: ZoneInfo, **values: object) -> Month:
    days = [first + timedelta(days=number) for number in range(31)]
    hours = [one for day in days if day.month == first.month for one in hours_of(day, zone)]
    return Month(first, tuple(hours), **values)  # type: ignore[arg-type]


def calendar(pilot: AppPilot) -> CalendarScreen:
    screen = pilot.app.screen
    assert isinstance(screen, CalendarScreen)
    return screen


# the hours of a day


@given(st.sampled_from(ZONES), st.dates(date(1973, 1, 1), date(2037, 12, 30)))
def test_hours_are_a_day_without_a_gap_as_clocks_show_them(name: str, day: date) -> None:
    zone = ZoneInfo(name)
    hours = hours_of(day, zone)
    edges = [day_start(day, zone).timestamp(), *(one.end.timestamp() for one in hours)]
    assert edges[-1] == day_start(day + timedelta(days=1), zone).timestamp()
    assert [one.start.timestamp() for one in hours] == edges[:-1]
    for one in hours:
        assert timedelta(0) < one.end - one.start <= HOUR
        clock = local(one.start, zone)
        assert clock.hour == one.hour
        # until 2011 they went from a minute past midnight back to the day before
        assert clock.date() == day or (name == "America/St_Johns" and day.year < 2012)
    assert len({(one.hour, one.again) for one in hours}) == len(hours)
    if edges[-1] - edges[0] == 24 * 3600:
        assert [one.hour for one in hours] == list(range(24))


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), [0, 1, *range(3, 24)]),
        ("Europe/Berlin", date(2026, 10, 25), [0, 1, 2, 2, *range(3, 24)]),
        ("America/Havana", date(2026, 11, 1), [0, 0, *range(1, 24)]),
        ("America/Sao_Paulo", date(2017, 10, 15), list(range(1, 24))),
        ("America/Sao_Paulo", date(2018, 2, 17), [*range(24), 23]),
        ("Australia/Lord_Howe", date(2026, 4, 5), [0, 1, 1, *range(2, 24)]),
        ("Pacific/Apia", date(2011, 12, 30), []),
        ("UTC", date(2026, 3, 29), list(range(24))),
    ],
)
def test_a_day_on_which_clocks_are_put(zone: str, day: date, hours: list[int]) -> None:
    assert [one.hour for one in hours_of(day, ZoneInfo(zone))] == hours


@given(st.sampled_from(ZONES), st.integers(100_000_000, 2_140_000_000))
def test_each_moment_is_in_one_hour(name: str, seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    found = hour_at(moment, ZoneInfo(name))
    assert found is not None
    assert found.start <= moment < found.end


def test_a_minute_past_midnight_clocks_went_back_to_the_day_before() -> None:
    moment = datetime(2000, 10, 29, 2, 45, tzinfo=UTC)  # 23:15 of the day that was over
    found = hour_at(moment, ZoneInfo("America/St_Johns"))
    assert found is not None
    assert (found.day, found.hour) == (date(2000, 10, 29), 23)


def test_a_run_is_in_the_hour_that_the_clock_showed_when_it_could_begin(world: World) -> None:
    version = world.dag("zoned")
    for number, hour in enumerate((0, 1)):  # half past two in Berlin, and an hour later again
        at = datetime(2026, 10, 25, hour, 30, tzinfo=UTC)
        begun = {"run_id": f"run {hour}", "run_after": at, "logical_date": at}
        state = ("failed", "success")[number]
        world.run("zoned", version, state, ago=timedelta(0), **begun)
    found = read_hours(world.store, "zoned", date(2026, 10, 1), BERLIN)
    assert found is not None
    month = Month(found.first, found.hours, found.tallies)
    first, again = (HourPlace(date(2026, 10, 25), 2, one) for one in (0, 1))
    assert list(month.tallies_at(first) or ()) == [FAILED]
    assert list(month.tallies_at(again) or ()) == [SUCCESS]
    assert month.csv().splitlines()[1:] == [
        "2026-10-25T02:00,1,0,0,0,60.0",
        "2026-10-25T02:00=,0,0,0,1,60.0",
    ]


# a month


MONTHS = st.builds(date, st.integers(1973, 2037), st.integers(1, 12), st.just(1))


@given(st.sampled_from(ZONES), MONTHS, st.integers(40, 240), st.booleans())
def test_every_hour_of_a_month_has_a_cell_of_its_own(
    name: str, first: date, width: int, ascii_only: bool
) -> None:
    month = month_of(first, ZoneInfo(name))
    glyphs = ASCII if ascii_only else UNICODE
    lines = month.lines("state", width, glyphs, HourPlace(month.days[3], 5))
    assert len(lines) == 1 + len(month.days)
    assert len({width_of(line) for line in lines[1:]}) == 1
    assert all(plain(line).isprintable() for line in lines)
    wide = month.cell_width(width)
    cells = [
        month.place_at(LABELS + wide * column, line, width)
        for line in range(len(lines))
        for column in range(len(month.columns) + 1)
    ]
    there = [place for place in cells if place is not None]
    assert len(there) == len(set(there)) == len(month.hours)
    assert set(there) == set(month.by_place)
    assert all(month.line_of(place) > 0 for place in there)


@pytest.mark.parametrize(("width", "cells"), [(60, 2), (79, 3), (80, 3), (103, 4), (200, WIDEST)])
def test_hours_are_as_wide_as_there_is_room(width: int, cells: int) -> None:
    month = month_of(date(2026, 11, 1), BERLIN)
    assert month.cell_width(width) == cells
    assert len(plain(month.lines("state", width, UNICODE)[5]).rstrip()) <= width


@given(st.sampled_from(ZONES), MONTHS, st.data())
def test_the_cursor_stays_in_its_month(name: str, first: date, data: st.DataObject) -> None:
    month = month_of(first, ZoneInfo(name))
    place = data.draw(st.sampled_from(list(month.by_place)))
    for way in WAYS:
        assert month.holds(month.moved(place, way)), way


def test_to_the_right_every_hour_is_passed_once_in_its_order() -> None:
    month = month_of(date(2026, 10, 1), BERLIN)
    place = next(iter(month.by_place))
    seen = [place]
    while (place := month.moved(place, "right")) != seen[-1]:
        seen.append(place)
    assert [month.by_place[one].start for one in seen] == [one.start for one in month.hours]
    assert month.moved(seen[5], "left") == seen[4]


def test_the_cursor_passes_an_hour_that_a_day_does_not_have() -> None:
    month = month_of(date(2026, 3, 1), BERLIN)
    place = month.moved(HourPlace(date(2026, 3, 28), 2), "down")
    assert place in (HourPlace(date(2026, 3, 29), 1), HourPlace(date(2026, 3, 29), 3))
    assert month.moved(HourPlace(date(2026, 3, 29), 1), "right").hour == 3


def test_an_hour_that_comes_again_has_a_column_that_is_explained() -> None:
    autumn, spring = (month_of(date(2026, month, 1), BERLIN) for month in (10, 3))
    assert len(autumn.columns) == 25
    assert plain(autumn.lines("state", 120, UNICODE)[0]).startswith("        00  01  02  =   03")
    assert "= the hour again" in plain(autumn.legend("state", UNICODE))
    assert len(spring.columns) == 24
    assert "again" not in plain(spring.legend("state", UNICODE))


def test_what_is_planned_and_what_is_to_come_look_unlike_what_was_empty() -> None:
    now = datetime(2026, 11, 2, 5, 30, tzinfo=UTC)
    month = month_of(date(2026, 11, 1), ZoneInfo("UTC"), now=now, planned=[now + 3 * HOUR])
    lines = [plain(line) for line in month.lines("state", 80, UNICODE)]
    assert lines[2].rstrip() == " Mon  2 " + "·  " * 6 + "      ○"
    assert "○ planned" in plain(month.legend("state", UNICODE))
    assert "○" not in plain(month_of(date(2026, 11, 1), BERLIN).legend("state", UNICODE))


def test_failed_hours_are_found_in_both_directions() -> None:
    zone = ZoneInfo("UTC")
    times = [datetime(2026, 11, day, 7, tzinfo=UTC) for day in (2, 9, 20)]
    states = (FAILED, SUCCESS, FAILED)
    tallies = {at: {state: ONE} for at, state in zip(times, states, strict=True)}
    month = month_of(date(2026, 11, 1), zone, tallies=tallies)
    first, last = (HourPlace(date(2026, 11, day), 7) for day in (2, 20))
    assert month.next_failed(first, 1) == last
    assert month.next_failed(last, -1) == first
    assert month.next_failed(last, 1) is None
    assert month.entry(date(2026, 11, 9), 3) == HourPlace(date(2026, 11, 9), 7)
    assert month.entry(date(2026, 11, 8), 3) == HourPlace(date(2026, 11, 8), 3)


# the screen


async def test_a_key_goes_from_days_to_hours_and_back(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "6", "h", "k", "z")
        await says(pilot, "Nov 2026 · 25 runs")
        await says(pilot, "Fri 13 Nov 2026 03:00 to 04:00 · 1 run · ✓ 1 success")
        await says(pilot, "scheduled__2026-11-13T03:30:00+00:00")
        await press(pilot, "l", "j")
        await says(pilot, "Sat 14 Nov 2026 04:00 to 05:00 · no runs")
        await press(pilot, "z")
        await says(pilot, "Sat 14 Nov 2026 · 1 run")
        await says(pilot, "2026 · 390 runs")


async def test_enter_lists_the_runs_of_the_hour_alone(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "6", "h", "k", "z", "enter")
        screen = pilot.app.screen
        assert isinstance(screen, RunsBetweenScreen)
        found = [entry.run.run_id for entry in screen.table.items]
        assert found == ["scheduled__2026-11-13T03:30:00+00:00"]
        assert "Fri 13 Nov 2026 03:00" in text_of(pilot)
        await press(pilot, "escape", "l", "enter")
        await says(pilot, "there are no runs in this hour")


async def test_months_before_and_after_and_back_to_now(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "6", "z", "less_than_sign")
        await says(pilot, "Oct 2026 · 37 runs")
        await press(pilot, "greater_than_sign", "greater_than_sign")
        await says(pilot, "Dec 2026 · no runs")
        await press(pilot, *["less_than_sign"] * 13)
        await says(pilot, "Nov 2025")
        await press(pilot, "dollar_sign")
        await says(pilot, "Sat 21 Nov 2026 12:00 to 13:00 · now")
        await press(pilot, "dollar_sign")
        await says(pilot, "this is now")


async def test_the_last_day_of_a_long_month_leads_into_a_short_one(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "6", "z", "less_than_sign", "G", "less_than_sign")
        await says(pilot, "Wed 30 Sep 2026")


async def test_failed_hours_are_a_key_away(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "6", "z", "N")
        await says(pilot, "Sun 15 Nov 2026 15:00 to 16:00 · 1 run · ✗ 1 failed")
        await press(pilot, "n")
        await says(pilot, "no run failed after this hour in Nov 2026")


async def test_hours_hold_when_one_comes_back(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "6", "z", "d", "h")
        await says(pilot, "Sat 21 Nov 2026 10:00")
        await press(pilot, "1", "6")
        await says(pilot, "Sat 21 Nov 2026 10:00 to 11:00")
        await says(pilot, "number of runs")


async def test_the_window_follows_the_cursor(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "6", "z", "g")
        await says(pilot, "Sun 1 Nov 2026")
        assert "Sun  1 ·" in text_of(pilot)
        assert "Mon 30" not in text_of(pilot)
        assert calendar(pilot).view.hidden() == (False, True)
        await press(pilot, "G")
        await says(pilot, "Mon 30 Nov 2026")
        assert "\n Mon 30" in text_of(pilot)
        assert "\n        00 01 02" in text_of(pilot)
        assert calendar(pilot).view.hidden() == (True, False)


async def test_a_click_goes_to_an_hour_of_what_is_seen(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "6", "z")
        view = calendar(pilot).view
        await pilot.click("#main", offset=(LABELS + 3 * 7, 2))
        place = view.page.place_at(LABELS + 3 * 7, 2 + view.top, view.size.width)
        assert view.cursor == place
        assert isinstance(place, HourPlace)
        assert place.hour == 7


async def test_the_grid_at_the_side_leads_to_the_hour_of_its_run(long: Workspace) -> None:
    async with opened(long, (170, 40), dag="nightly") as pilot:
        await press(pilot, "6", "z")
        screen = calendar(pilot)
        screen.look_at("scheduled__2026-11-13T23:30:00+00:00", None)
        screen.follow()
        await says(pilot, "Fri 13 Nov 2026 23:00 to 00:00 · 1 run")


async def test_hours_are_those_of_the_zone_of_the_user(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        app: DagtopApp = app_of(pilot)
        app.zone = BERLIN
        await press(pilot, "6", "z", "less_than_sign")
        await arrived(pilot)
        await says(pilot, "Oct 2026")
        assert "= the hour again" in text_of(pilot)
        await press(pilot, "G", *["k"] * 6, *["h"] * 11)
        await says(pilot, "Sun 25 Oct 2026 02:00")


async def test_the_month_can_be_exported(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "6", "z")
        made = {export.suffix: export.make() for export in calendar(pilot).exports()}
        assert "25 runs" in made["txt"]
        assert "Mon 30" in made["txt"]
        assert made["csv"].count("\n") == 26


SCENES: dict[str, tuple[str, tuple[str, ...]]] = {
    "calendar_hours": ("long", ("enter", "6", "h", "k", "z")),
    "calendar_hours_count": ("long", ("enter", "6", "z", "d", "h")),
    "calendar_hours_runs": ("long", ("enter", "6", "z", "enter")),
    "calendar_hours_hostile": ("hostile", ("j", "j", "j", "enter", "6", "z")),
    "calendar_hours_without_runs": ("normal", ("j", "j", "j", "enter", "6", "z")),
}


@by_size
@pytest.mark.parametrize("scene", SCENES)
async def test_a_screen_looks_as_it_did(
    scene: str, size: tuple[int, int], workspace_of: Callable[[str], Workspace]
) -> None:
    name, keys = SCENES[scene]
    await check_scene(scene, size, workspace_of(name), keys)


async def test_a_month_that_is_read_before_there_is_room_for_it_looks_the_same(
    long: Workspace,
) -> None:
    async with opened(long) as pilot:
        await press(pilot, "enter", "6", "h", "k")
        screen = calendar(pilot)
        with open_store(long) as store:
            month = read_hours(
                store, "nightly", screen.day.replace(day=1), screen.dagtop.scene().zone
            )
        screen.action_zoom()
        screen.receive(screen.serial, month)  # the lines have the height they had for a year
        await settled(pilot)
        check("calendar_hours-80x24", text_of(pilot).replace(str(long.root), "/SHOP"))


async def test_small_terminals_and_those_without_unicode(long: Workspace) -> None:
    await check_plain(
        "calendar_hours",
        long,
        "nightly",
        (
            "6",
            "z",
        ),
    )

"""A DAG's calendar: days of the user's zone, and the screen with the real app on a real store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.models.calendar import (
    HEIGHT,
    LABELS,
    Year,
    calendar_lines,
    cell_width,
    days_csv,
    legend_line,
    moved,
    next_failed,
)
from app.tui.models.calendar_page import shade, worst_of
from app.tui.reading_history import read_calendar
from app.tui.screens.calendar import CalendarScreen, RunsBetweenScreen
from app.tui.spans import plain, width_of
from app.tui.theme import ASCII, UNICODE
from store.queries.history import DayTally
from store.states import DagRunState
from store.workspace import Workspace
from tests.app.tui.driving import AppPilot, opened, press, says, text_of
from tests.app.tui.snapshot import by_size, check_plain, check_scene
from tests.app.tui.world import World

ONE = DayTally(1, 1, 60.0, 60.0)
FAILED, SUCCESS = DagRunState.FAILED, DagRunState.SUCCESS
BERLIN = ZoneInfo("Europe/Berlin")
WAYS = ["down", "up", "left", "right", "page_down", "page_up", "half_up", "top", "bottom", "x"]


def calendar(pilot: AppPilot) -> CalendarScreen:
    screen = pilot.app.screen
    assert isinstance(screen, CalendarScreen)
    return screen


# the year


@given(st.integers(1971, 9990), st.integers(20, 240), st.booleans())
def test_every_day_of_a_year_has_a_cell_of_its_own(year: int, width: int, ascii_only: bool) -> None:
    shown = Year(year)
    cells = [shown.day_at(column, row) for column in range(54) for row in range(7)]
    days = [day for day in cells if day is not None]
    assert days == sorted(set(days))
    assert (days[0], days[-1]) == (date(year, 1, 1), date(year, 12, 31))
    assert all(shown.day_at(shown.column(day), day.weekday()) == day for day in days)
    lines = calendar_lines(shown, "state", width, ASCII if ascii_only else UNICODE, days[40])
    assert len(lines) == HEIGHT
    assert len({width_of(line) for line in lines[1:]}) == 1
    assert all(plain(line).isprintable() for line in lines)


@pytest.mark.parametrize(("width", "cells"), [(60, 1), (80, 1), (113, 1), (114, 2), (200, 3)])
def test_days_are_as_wide_as_there_is_room(width: int, cells: int) -> None:
    assert cell_width(width) == cells


def test_a_year_fits_into_sixty_columns() -> None:
    lines = calendar_lines(Year(2012), "state", 60, UNICODE)
    assert max(width_of(line) for line in lines) <= 60


@given(st.sampled_from(WAYS), st.dates(date(2028, 1, 1), date(2028, 12, 31)))
def test_the_cursor_stays_in_its_year(way: str, day: date) -> None:
    assert moved(Year(2028), day, way).year == 2028


def test_the_worst_state_of_a_day_is_shown() -> None:
    day = date(2026, 3, 2)
    year = Year(2026, {day: {SUCCESS: ONE, FAILED: ONE}})
    assert worst_of(year.days[day]) is FAILED
    assert "✗" in plain(calendar_lines(year, "state", 80, UNICODE)[1])
    assert "x" in plain(calendar_lines(year, "state", 80, ASCII)[1])


def test_shades_tell_numbers_apart() -> None:
    assert [shade(number, 4, UNICODE) for number in (1, 2, 3, 4)] == ["░", "▒", "▓", "█"]
    assert shade(1, 1, UNICODE) == "░"
    assert shade(500, 500, ASCII) == "#"
    year = Year(2026, {date(2026, 1, 5): {SUCCESS: DayTally(40, 40, 1.0, 1.0)}})
    assert "░ 1-10  ▒ 11-20" in plain(legend_line(year, "count", UNICODE))


def test_failed_days_are_found_in_both_directions() -> None:
    days = [date(2026, 2, 1), date(2026, 5, 1), date(2026, 9, 1)]
    year = Year(2026, {day: {FAILED if day.month != 5 else SUCCESS: ONE} for day in days})
    assert next_failed(year, date(2026, 2, 1), 1) == days[2]
    assert next_failed(year, date(2026, 8, 1), -1) == days[0]
    assert next_failed(year, days[2], 1) is None


def test_days_are_those_of_the_zone_of_the_user(world: World) -> None:
    version = world.dag("zoned")
    for hour, minute in ((21, 59), (22, 1)):  # before and after midnight in Berlin in summer
        at = datetime(2026, 7, 3, hour, minute, tzinfo=UTC)
        begun = {"run_id": f"at {minute}", "run_after": at, "logical_date": at}
        world.run("zoned", version, "success", ago=timedelta(0), **begun)
    in_berlin = read_calendar(world.store, "zoned", 2026, BERLIN)
    in_utc = read_calendar(world.store, "zoned", 2026, UTC)
    assert in_berlin is not None
    assert in_utc is not None
    assert sorted(in_berlin.days) == [date(2026, 7, 3), date(2026, 7, 4)]
    assert sorted(in_utc.days) == [date(2026, 7, 3)]
    assert in_utc.days[date(2026, 7, 3)][SUCCESS].runs == 2
    assert "2026-07-03,0,0,0,2" in days_csv(Year(2026, in_utc.days))


# the screen


async def test_the_cursor_goes_by_days_and_weeks_and_says_what_ran(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "6")
        await says(pilot, "Sat 21 Nov 2026 · today")
        await press(pilot, "h")
        await says(pilot, "Sat 14 Nov 2026")
        await press(pilot, "k")
        await says(pilot, "Fri 13 Nov 2026 · 2 runs · ✓ 2 success")
        await says(pilot, "scheduled__2026-11-13T23:30:00+00:00")
        await press(pilot, "dollar_sign")
        await says(pilot, "today")


async def test_years_before_and_after(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "6", "less_than_sign")
        await says(pilot, "2025 · 10 runs")
        await press(pilot, "greater_than_sign", "greater_than_sign")
        await says(pilot, "2027 · no runs")
        await press(pilot, "dollar_sign")
        await says(pilot, "2026 · 390 runs")


async def test_failed_days_are_a_key_away(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "6", "N")
        await says(pilot, "Sun 15 Nov 2026 · 1 run · ✗ 1 failed")
        await press(pilot, "n")
        await says(pilot, "no run failed after this day in 2026")


async def test_enter_lists_the_runs_of_the_day_alone(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "6", "h", "k", "enter")
        screen = pilot.app.screen
        assert isinstance(screen, RunsBetweenScreen)
        assert [entry.run.run_id for entry in screen.table.items] == [
            "scheduled__2026-11-13T23:30:00+00:00",
            "scheduled__2026-11-13T03:30:00+00:00",
        ]
        assert "Fri 13 Nov 2026" in text_of(pilot)
        await press(pilot, "escape")
        await says(pilot, "Fri 13 Nov 2026 · 2 runs")
        await press(pilot, "G", "enter")
        await says(pilot, "there are no runs on this day")


async def test_day_and_display_hold_when_one_comes_back(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "6", "d", "h", "h")
        await says(pilot, "number of runs")
        await press(pilot, "1", "6")
        await says(pilot, "Sat 7 Nov 2026")
        assert calendar(pilot).form.mode == "count"


async def test_the_grid_at_the_side_leads_to_the_day_of_its_run(long: Workspace) -> None:
    async with opened(long, (170, 40), dag="nightly") as pilot:
        await press(pilot, "6")
        screen = calendar(pilot)
        screen.look_at("scheduled__2026-11-13T23:30:00+00:00", None)
        screen.follow()
        await says(pilot, "Fri 13 Nov 2026 · 2 runs")


async def test_a_click_chooses_a_day_and_a_second_one_opens_it(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "6")
        column = Year(2026).column(date(2026, 11, 13))
        await pilot.click("#main", offset=(LABELS + column, 5))
        await says(pilot, "Fri 13 Nov 2026")


async def test_the_year_can_be_exported(long: Workspace) -> None:
    async with opened(long, dag="nightly") as pilot:
        await press(pilot, "6")
        made = {export.suffix: export.make() for export in calendar(pilot).exports()}
        assert "390 runs" in made["txt"]
        assert made["csv"].count("\n") == 326


SCENES: dict[str, tuple[str, tuple[str, ...]]] = {
    "calendar_normal": ("normal", (*["j"] * 4, "enter", "6")),
    "calendar_failed": ("failed", (*["j"] * 5, "enter", "6", "N")),
    "calendar_long": ("long", ("enter", "6", "h", "k")),
    "calendar_count": ("long", ("enter", "6", "d", "h")),
    "calendar_day_runs": ("long", ("enter", "6", "h", "k", "enter")),
    "calendar_hostile": ("hostile", ("j", "j", "j", "enter", "6")),
    "calendar_without_runs": ("normal", ("j", "j", "j", "enter", "6")),
}


@by_size
@pytest.mark.parametrize("scene", SCENES)
async def test_a_screen_looks_as_it_did(
    scene: str, size: tuple[int, int], workspace_of: Callable[[str], Workspace]
) -> None:
    name, keys = SCENES[scene]
    await check_scene(scene, size, workspace_of(name), keys)


async def test_small_terminals_and_those_without_unicode(long: Workspace) -> None:
    await check_plain("calendar", long, "nightly", ("6",))

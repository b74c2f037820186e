"""Forms in little room: what is wrong is read to its end, and the fields are seen."""

from __future__ import annotations

from datetime import UTC

import pytest

from app.tui.models.scheduling import preview_lines, times_lines
from app.tui.scene import Scene
from app.tui.screens.scheduling import ScheduleForm
from app.tui.theme import UNICODE
from tests.app.tui.driving import AppPilot, opened, press, says, text_of, until
from tests.app.tui.snapshot import SIZES
from tests.app.tui.world import NOW
from tests.support.live import Live

PIPELINE = """
from dagtop import dag, task

@dag(schedule="@daily", is_paused_upon_creation=False)
def shop():
    @task
    def one(): pass
    one()

shop()
"""


def words(pilot: AppPilot) -> str:
    """What the dialog says, without its frame, on one line."""
    lines = [
        line.partition("│")[2].partition("│")[0].strip() for line in text_of(pilot).split("\n")
    ]
    return " ".join(line for line in lines if line)


def test_times_stand_close_together_where_lines_are_few() -> None:
    scene = Scene(NOW, UTC, UNICODE)
    times = [f"2026-11-2{day}T06:00:00+00:00" for day in range(2, 7)]
    reply = {"words": "At 06:00 every day", "times": times, "file": {"summary": "@daily"}}
    lines = ["".join(text for text, _ in line) for line in preview_lines(reply, scene, 70)]
    assert lines == [
        "means     At 06:00 every day",
        "next      Sun 11-22 06:00 in 18h  Mon 11-23 06:00  Tue 11-24 06:00",
        "          Wed 11-25 06:00  Thu 11-26 06:00",
        "the file  @daily",
    ]
    narrow = times_lines(reply, scene, 45)
    assert max(sum(len(text) for text, _ in line) for line in narrow) <= 45
    later = times_lines({"times": ["2027-01-01T00:00:30+00:00"]}, scene, 70)
    assert "Fri 2027-01-01 00:00:30" in "".join(text for text, _ in later[0])


@pytest.mark.parametrize("size", [*SIZES, (60, 20)])
async def test_what_is_wrong_with_a_schedule_is_read_to_its_end(
    size: tuple[int, int], running: Live
) -> None:
    wrong = "'@hourly?' is not valid: it wants 5 columns, as 30 6 * * *, or a name, as @daily"
    async with opened(running.workspace, size) as pilot:
        await press(pilot, "at")
        await until(pilot, lambda: isinstance(pilot.app.screen, ScheduleForm), "the form")
        await press(pilot, *["backspace"] * 6, *"@hourly?")
        await until(pilot, lambda: wrong in words(pilot), wrong)
        assert "schedule  cron, @daily" in text_of(pilot), "its name is still seen"
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: wrong in words(pilot), "also in a smaller terminal")
        await press(pilot, "backspace")
        await until(pilot, lambda: wrong not in words(pilot), "nothing is wrong")
        await says(pilot, "Every hour")


async def test_all_fields_and_all_times_of_a_schedule_are_seen_at_80_columns(running: Live) -> None:
    async with opened(running.workspace, (80, 24)) as pilot:
        await press(pilot, "at")
        await says(pilot, "At 00:00 every day")
        for name in ("schedule  ", "start  optional", "end  optional", "catch up  "):
            assert name in text_of(pilot)
        assert words(pilot).count(" 00:00 ") >= 5


async def test_the_help_of_a_field_is_read_to_its_end_at_60_columns(running: Live) -> None:
    async with opened(running.workspace, (60, 20)) as pilot:
        await press(pilot, "B")
        await until(pilot, lambda: "Runs from this date on are made." in words(pilot), "its help")

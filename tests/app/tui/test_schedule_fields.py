"""Start, end and catch-up in the form of a schedule, with a real runner and without."""

from __future__ import annotations

import json

from app.cli.exit_codes import ExitCode
from app.tui.screens.scheduling import ScheduleForm
from tests.app.cli.conftest import run_command
from tests.app.tui import test_scheduling
from tests.app.tui.driving import app_of, opened, press, says, text_of, until
from tests.app.tui.test_scheduling import form, without_end
from tests.support.live import Live

PIPELINE = test_scheduling.PIPELINE
CLI = ("dags", "schedule", "shop")
SHOP = {"dag_id": "shop", "expression": "@daily"}


async def test_a_schedule_is_given_start_end_and_catch_up_in_place(running: Live) -> None:
    without_end(running)
    async with opened(running.workspace, (100, 50), dag="shop") as pilot:
        await press(pilot, "p")
        await says(pilot, "paused shop")
        await press(pilot, "at")
        await form(pilot, ScheduleForm)
        await until(pilot, lambda: text_of(pilot).count(":00 UTC") == 5, "five times")
        await press(pilot, "tab", *"2097-05-02")
        await says(pilot, "2097-05-03 00:00:00 UTC")
        await press(pilot, "tab", *"2097-05-01")
        await says(pilot, "it is after the end")
        await press(pilot, "ctrl+r")
        await says(pilot, "1 field to mend")
        await press(pilot, "backspace", "1")  # in the first field to mend
        await until(pilot, lambda: text_of(pilot).count(":00 UTC") == 1, "one time")
        await press(pilot, "tab", "tab", "right", "ctrl+r")
        query = "SELECT schedule_override, schedule_window FROM dag"
        await until(pilot, lambda: running.query(query)[0][0], "the schedule")
        ((text, window),) = running.query(query)
        assert (text, json.loads(window)) == (
            "@daily",
            {
                "start": "2097-05-01T00:00:00+00:00",
                "end": "2097-05-01T00:00:00+00:00",
                "catchup": True,
            },
        )
        await press(pilot, "7")
        await says(pilot, "yes  overridden, the file says")
        await says(pilot, "2097-05-01 00:00:00")
        await press(pilot, "at")
        await form(pilot, ScheduleForm)
        shown = app_of(pilot).screen
        assert isinstance(shown, ScheduleForm)
        assert shown.texts()[1:] == ["2097-05-01", "2097-05-01", "yes"]
        await press(pilot, "escape", "U")
        await until(pilot, lambda: running.query(query) == [(None, None)], "the file's")


async def test_dates_that_leave_nothing_between_them_are_named_at_their_field(
    running: Live,
) -> None:
    """By the form itself: with the dates of the file, and where no runner is up."""
    running.stop()
    async with opened(running.workspace, (100, 50)) as pilot:
        await press(pilot, "at")
        await form(pilot, ScheduleForm)
        shown = app_of(pilot).screen
        assert isinstance(shown, ScheduleForm)

        def errors(start: str, end: str, schedule: str = "@daily") -> dict[int, str]:
            return shown.check([schedule, start, end, "as the file says"])[1]

        assert errors("2026-02-02", "2026-02-01") == {1: "it is after the end"}
        assert errors("2026-03-02", "") == {1: "it is after the file's end, 2026-03-01"}
        assert errors("", "2025-12-31") == {2: "it is before the file's start, 2026-01-01"}
        assert errors("2026-02-01", "2026-02-01") == errors("2026-03-02", "2026-03-03") == {}
        assert errors("soon", "2025-12-31").keys() == {1}
        await press(pilot, "tab", *"2027-01-01")
        await says(pilot, "it is after the file's end, 2026-03-01")
        await press(pilot, "ctrl+r")
        await says(pilot, "1 field to mend")


async def test_a_schedule_that_is_left_as_it_was_is_no_act(running: Live) -> None:
    without_end(running)
    async with opened(running.workspace, (80, 24)) as pilot:
        await says(pilot, "shop")
        await press(pilot, "p")
        await says(pilot, "paused shop")
        await press(pilot, "at")
        await form(pilot, ScheduleForm)
        await press(pilot, *["backspace"] * 20, *"@hourly", "ctrl+r")
        await says(pilot, "shop runs @hourly")
        await press(pilot, "at")
        await form(pilot, ScheduleForm)
        await press(pilot, "ctrl+r")
        await says(pilot, "nothing was changed: shop has this schedule already")
        await press(pilot, *["at"])
        await form(pilot, ScheduleForm)
        await press(pilot, *["backspace"] * 20, *"None", "ctrl+r")
        await says(pilot, "shop has no schedule now")


def test_the_command_line_gives_a_schedule_its_dates(running: Live) -> None:
    without_end(running)
    root, start = running.workspace.root, ("--start", "2097-05-01", "--end", "2097-05-02")
    dry = run_command(root, "dags", "schedule", "shop", "@daily", *start, "--dry-run")
    assert "2097-05-02 00:00:00" in dry.out
    done = run_command(root, "dags", "schedule", "shop", "@daily", *start, "--catchup")
    assert (done.code, done.out) == (0, "shop: At 00:00 every day\n")
    shown = run_command(root, "dags", "schedule", "shop")
    assert [line.strip().partition(":")[0] for line in shown.out.splitlines()[1:4]] == [
        "start",
        "end",
        "catchup",
    ]
    assert len(shown.out.splitlines()) == 6, "of both its runs"
    assert run_command(root, "dags", "schedule", "shop", *start).code != 0
    assert run_command(root, "dags", "schedule", "shop", "--reset").code == 0
    assert running.query("SELECT schedule_window FROM dag") == [(None,)]


def test_a_dry_run_shows_the_times_that_the_schedule_then_has(running: Live) -> None:
    without_end(running)
    root, window = running.workspace.root, ("--start", "2097-05-01", "--end", "2097-05-03")
    assert run_command(root, "dags", "schedule", "shop", "@hourly", *window).code == 0
    dry = run_command(root, "dags", "schedule", "shop", "@daily", "--dry-run")
    assert run_command(root, "dags", "schedule", "shop", "@daily").code == 0
    assert "2097-05-03" in dry.out
    assert run_command(root, "dags", "schedule", "shop").out == dry.out
    reset = run_command(root, "dags", "schedule", "shop", "--reset", "--dry-run")
    assert "2097" not in reset.out


async def test_an_end_that_has_passed_is_refused_and_an_ended_schedule_is_called_so(
    running: Live,
) -> None:
    without_end(running)
    why = "its end, 2026-10-01, has passed: no run comes any more"
    async with opened(running.workspace, (100, 50), dag="shop") as pilot:
        await press(pilot, "at")
        await form(pilot, ScheduleForm)
        await press(pilot, "tab", "tab", *"2026-10-01")
        await says(pilot, why)
        await says(pilot, "no further run")
        await press(pilot, "ctrl+r")
        await says(pilot, "1 field to mend")
        assert running.value("SELECT schedule_override FROM dag") is None
        await press(pilot, "escape")
        window = {"end": "2026-10-01"}
        app_of(pilot).act("schedule", {**SHOP, "window": window}, "shop runs @daily")
        await says(pilot, f"shop runs @daily; {why}")
        await says(pilot, "ended: no further run")
        await press(pilot, "escape")
        await until(pilot, lambda: "ended: no further run (@" in text_of(pilot), "in the list, too")
        await press(pilot, "p")
        await until(pilot, lambda: "ended:" not in text_of(pilot), "of a paused DAG it isn't known")
    told = run_command(running.workspace.root, *CLI)
    assert why in told.out


def test_the_command_line_refuses_an_end_that_has_passed(running: Live) -> None:
    without_end(running)
    root, later = running.workspace.root, ("@daily", "--end", "2026-10-02")
    refused = run_command(root, *CLI, *later)
    assert (refused.code, refused.out) == (ExitCode.REFUSED, "")
    assert "its end, 2026-10-02, has passed: no run comes any more" in refused.err
    assert running.value("SELECT schedule_override FROM dag") is None
    assert run_command(root, *CLI, "None").code == 0

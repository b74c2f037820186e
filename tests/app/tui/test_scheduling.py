"""Editing a schedule, backfilling and retrying with other params, with a real runner."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from textual import events

from app.recurring import due_words
from app.tui.models.scheduling import backfill_lines, preview_lines
from app.tui.scene import Scene
from app.tui.screens.backfilling import BackfillForm
from app.tui.screens.retrying import RetryForm
from app.tui.screens.scheduling import ScheduleForm
from app.tui.screens.triggering import TriggerForm
from app.tui.spans import plain
from app.tui.theme import UNICODE
from app.tui.widgets.dialogs import ConfirmDialog
from tests.app.cli.conftest import run_command
from tests.app.tui.dialogs import check_dialog
from tests.app.tui.driving import AppPilot, app_of, commanded, opened, press, says, text_of, until
from tests.app.tui.snapshot import SIZES
from tests.app.tui.world import World
from tests.support.live import Live, wait_for

SCENE = Scene(datetime(2026, 11, 21, 12, tzinfo=UTC), UTC, UNICODE)
PIPELINE = """
import os
from datetime import datetime
from dagtop import Param, dag, task

@dag(schedule="@daily", start_date=datetime(2026, 1, 1), end_date=datetime(2026, 3, 1),
     is_paused_upon_creation=False, params={"rate": Param(0.1, type="number"), "name": "a"})
def shop():
    @task
    def one(): pass

    @task
    def two(params=None):
        print("rate is", params["rate"])
        if params["rate"] > 1:
            raise RuntimeError("too fast")

    one() >> two()

shop()
"""


FOREVER = PIPELINE.replace(", end_date=datetime(2026, 3, 1)", "")


def without_end(running: Live) -> None:
    """Have the schedule of ``shop`` go on for ever."""
    running.write("shop.py", FOREVER)
    wait_for(lambda: running.value("SELECT max(number) FROM dag_version") == 2)


async def form(pilot: AppPilot, kind: type) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, kind), kind.__name__)


def test_a_preview_says_words_times_and_what_the_file_says() -> None:
    reply = {
        "words": "At 03:00 every day",
        "file": {"summary": "@daily", "words": "At 00:00 every day"},
        "due": 1,
        "times": ["2026-11-22T03:00:00+00:00"],
    }
    lines = [plain(line) for line in preview_lines(reply, SCENE)]
    assert lines == [
        "means     At 03:00 every day",
        "the file  @daily  At 00:00 every day",
        "now       one run starts at once, for the interval that is over",
        "next      Sun 2026-11-22 03:00:00 UTC  in 15h",
    ]
    assert plain(preview_lines({"words": "Never"}, SCENE)[-1]).endswith("no further run")
    many = [plain(line) for line in preview_lines({**reply, "due": 56}, SCENE)]
    assert many[2] == "now       56 runs start at once, to catch up"
    assert due_words({"due": 200, "due_is_all": False}).startswith("more than 200 runs")


def test_a_backfill_lists_first_and_last_and_how_many_are_between() -> None:
    runs = [[f"r{day}", f"2026-01-{day:02} 00:00:00+00:00"] for day in range(1, 11)]
    reply = {"runs": runs, "again": 1, "left": 2}
    lines = [plain(line).strip() for line in backfill_lines(reply, SCENE, 5)]
    assert lines[0] == "9 new runs, 1 run again, 2 runs there already, left alone"
    assert lines[1].startswith("new   Thu 2026-01-01 00:00")
    assert lines[4] == "... 6 more runs"
    assert lines[5].startswith("again Sat 2026-01-10")
    lines = [plain(line).strip() for line in backfill_lines({**reply, "ahead": True}, SCENE, 5)]
    assert lines[1] == "Times that are still to come are left out."


async def test_a_schedule_is_checked_as_it_is_typed_and_set(running: Live) -> None:
    without_end(running)
    async with opened(running.workspace, (100, 40)) as pilot:
        await press(pilot, "at")
        await form(pilot, ScheduleForm)
        await says(pilot, "At 00:00 every day")
        await press(pilot, *["backspace"] * 6, *"61 * * * *")
        await says(pilot, "is not valid")
        await press(pilot, "ctrl+r")
        await says(pilot, "1 field to mend")
        await press(pilot, "home", "delete", "delete", "0")
        await says(pilot, "Every hour")
        await press(pilot, "ctrl+r")
        await says(pilot, "shop runs 0 * * * *")
        query = "SELECT schedule_override, schedule_words FROM dag"
        assert running.query(query) == [("0 * * * *", "Every hour")]
        await press(pilot, "at")
        await says(pilot, "overridden by")
        await press(pilot, "escape", "U")
        await until(pilot, lambda: running.query(query)[0][0] is None, "the file's schedule")


async def recurring(pilot: AppPilot) -> None:
    """In the trigger form: another rate, a description, and on to the run type."""
    await form(pilot, TriggerForm)
    await press(pilot, *["backspace"] * 3, "2", *["tab"] * 3, *"nightly", "tab", "tab")
    assert "logical date" in text_of(pilot)
    await press(pilot, "right")
    await until(
        pilot, lambda: "logical date" not in text_of(pilot), "the fields of a recurring run"
    )
    await press(pilot, "tab", *["backspace"] * 6)


async def test_a_recurring_run_is_made_in_the_trigger_form_and_runs_with_its_params(
    running: Live,
) -> None:
    lasting = FOREVER.replace("shop", "always")
    running.write("always.py", lasting)
    running.wait_for_dag("always")
    async with opened(running.workspace, (100, 40)) as pilot:
        await press(pilot, "t")
        await recurring(pilot)
        await press(pilot, "ctrl+r")
        await says(pilot, "a schedule is wanted")
        await press(pilot, *"61 * * * *")
        await says(pilot, "is not valid")
        await press(pilot, "home", "delete", "delete", "*")
        await says(pilot, "Every minute")
        assert text_of(pilot).count(":00 UTC") == 5
        await press(pilot, "ctrl+r")
        await says(pilot, "always runs * * * * * with these params")
        query = "SELECT conf, note FROM dag_run WHERE note IS NOT NULL"
        await until(pilot, lambda: running.query(query), "a scheduled run")
        assert running.query(query)[0] == ('{"rate":2,"name":"a"}', "nightly")
        await press(pilot, "at")
        await says(pilot, '"rate": 2')
        await press(pilot, "escape", "U")
        gone = "SELECT schedule_override, schedule_run FROM dag WHERE dag_id = 'always'"
        await until(pilot, lambda: running.query(gone) == [(None, None)], "the file's schedule")


async def test_a_recurring_run_of_the_trigger_form_has_dates_too(world: World) -> None:
    world.dag("plain")
    async with opened(world.workspace, (100, 50)) as pilot:
        await press(pilot, "t")
        await form(pilot, TriggerForm)
        await press(pilot, *["tab"] * 4, "right", "tab", *"@hourly", "tab", *"soon")
        await says(pilot, "not a date")
        await press(pilot, *["backspace"] * 4, *"2026-11-20T06:00", "tab", "tab", "right", "right")
        await press(pilot, "ctrl+r")
        ((_, payload),) = await commanded(pilot)
        assert payload["window"] == {"start": "2026-11-20T06:00:00+00:00", "catchup": False}


async def test_a_one_off_run_has_no_schedule_and_a_recurring_one_no_name(world: World) -> None:
    world.dag("plain")
    async with opened(world.workspace, (100, 50)) as pilot:
        await press(pilot, "t")
        await form(pilot, TriggerForm)
        assert "run name" in text_of(pilot)
        assert "every 6 hours" not in text_of(pilot)
        await press(pilot, *["tab"] * 4, "right")
        await until(pilot, lambda: "run name" not in text_of(pilot), "no name")
        await press(pilot, "tab", *"@hourly")
        await says(pilot, "No runner is up to say when")
        await press(pilot, "ctrl+r")
        ((kind, payload),) = await commanded(pilot)
        run = {"conf": {}, "note": None, "experiment": None}
        assert (kind, payload) == (
            "schedule",
            {"dag_id": "plain", "expression": "@hourly", "window": None, "run": run},
        )


async def test_the_schedule_of_all_marked_dags_is_set(world: World) -> None:
    for name in ("ada", "bob", "eve"):
        world.dag(name)
    async with opened(world.workspace) as pilot:
        await press(pilot, "space", "space", "at")
        await form(pilot, ScheduleForm)
        await says(pilot, "Schedule of 2 DAGs")
        await says(pilot, "ada, bob")
        await press(pilot, *["backspace"] * 12, *"@weekly", "ctrl+r")
        sent = await commanded(pilot, 2)
        assert [(kind, one["dag_id"], one["expression"]) for kind, one in sent] == [
            ("schedule", "ada", "@weekly"),
            ("schedule", "bob", "@weekly"),
        ]


WINDOW = {"start": "2026-01-01T00:00:00+00:00", "catchup": False}
IN_FORCE = {
    "schedule": "@daily",
    "schedule_override": "@daily",
    "schedule_override_by": "anna",
    "schedule_override_at": datetime(2026, 11, 20, 9, tzinfo=UTC),
    "schedule_window": WINDOW,
}


async def test_an_empty_schedule_resets_its_dates_too(world: World) -> None:
    world.dag("plain", **IN_FORCE)
    async with opened(world.workspace) as pilot:
        await press(pilot, "at")
        await form(pilot, ScheduleForm)
        await says(pilot, "2026-01-01")
        await press(pilot, *["backspace"] * 6, "ctrl+r")
        ((kind, payload),) = await commanded(pilot)
        reset = {"dag_id": "plain", "expression": None, "window": None}
        assert (kind, payload) == ("schedule", reset)


@pytest.mark.parametrize("typed", [(*["tab"] * 3, "right", "right"), ("tab", *"2026-01-02")])
async def test_dates_or_catch_up_without_a_schedule_are_not_passed_over(
    typed: tuple[str, ...], world: World
) -> None:
    world.dag("plain")
    async with opened(world.workspace) as pilot:
        await press(pilot, "at")
        await form(pilot, ScheduleForm)
        await press(pilot, "end", *["backspace"] * 12, *typed, "ctrl+r")
        await says(pilot, "type a schedule for start, end and catch-up")
        await says(pilot, "1 field to mend")


async def test_without_a_runner_the_schedule_form_says_so(world: World) -> None:
    world.dag("plain")
    async with opened(world.workspace) as pilot:
        await press(pilot, "at")
        await form(pilot, ScheduleForm)
        await says(pilot, "No runner is up to say what this means")


async def test_a_backfill_lists_its_runs_before_it_makes_them(running: Live) -> None:
    async with opened(running.workspace, (100, 40), dag="shop") as pilot:
        await says(pilot, "two")
        await press(pilot, "B")
        await form(pilot, BackfillForm)
        await press(pilot, *"2026-01-05", "tab", *"2026-01-03")
        await says(pilot, "this is before the first date")
        await press(pilot, "backspace", "7")
        await says(pilot, "3 new runs")
        await says(pilot, "Tue 2026-01-06")
        await press(pilot, "ctrl+r")
        await says(pilot, "backfilling 3 runs of shop")
        count = "SELECT count(*) FROM dag_run WHERE run_type = 'backfill' AND state = 'success'"
        await until(pilot, lambda: running.value(count) == 3, "three runs")
        await press(pilot, "B")
        await form(pilot, BackfillForm)
        await press(pilot, *"2026-01-05", "tab", *"2026-01-07")
        await says(pilot, "nothing to make")
        await press(pilot, "tab", "right", "right")
        await says(pilot, "3 runs again")


async def test_many_runs_are_made_only_once_their_number_is_typed(running: Live) -> None:
    async with opened(running.workspace, (100, 40), dag="shop") as pilot:
        running.submit("pause", dag_ids=["shop"])
        await says(pilot, "two")
        await press(pilot, "B")
        await form(pilot, BackfillForm)
        await press(pilot, *"2026-01-01", "tab", *"2026-01-25")
        await says(pilot, "25 new runs")
        await press(pilot, "ctrl+r")
        await form(pilot, ConfirmDialog)
        await press(pilot, "y", "2", "y")
        assert isinstance(pilot.app.screen, ConfirmDialog)
        await press(pilot, "5", "y")
        await says(pilot, "backfilling 25 runs")
        query = "SELECT count(*) FROM dag_run WHERE run_type = 'backfill'"
        await until(pilot, lambda: running.value(query) == 25, "25 runs")


async def test_a_task_is_retried_with_other_params(running: Live) -> None:
    state, _ = running.run("shop", conf={"rate": 7})
    assert state == "failed"
    (run_id,) = (row[0] for row in running.query("SELECT run_id FROM dag_run"))
    async with opened(running.workspace, (100, 40), dag="shop") as pilot:
        await says(pilot, "two")
        await press(pilot, "j", "e")
        await form(pilot, RetryForm)
        await says(pilot, "The params stay as they are.")
        await press(pilot, "home", "delete", *"0.5")
        await says(pilot, "rate changes for all tries")
        await press(pilot, "ctrl+r")
        await says(pilot, "two runs again with other params")
        assert running.wait_for_run("shop", run_id) == "success"
    assert running.value("SELECT conf FROM dag_run") == '{"rate":0.5}'
    details = running.value("SELECT details FROM event WHERE kind = 'clear'")
    assert '"former_conf":{"rate":7}' in details


async def test_read_only_has_none_of_them(world: World) -> None:
    world.dag("plain")
    async with opened(world.workspace, dag="plain", read_only=True) as pilot:
        for key in ("at", "B", "e", "a", "U"):
            await press(pilot, key)
            await says(pilot, "read-only")


async def test_a_range_is_marked_while_the_cursor_moves(world: World) -> None:
    for name in "abcdef":
        world.dag(name)
    async with opened(world.workspace) as pilot:
        table = pilot.app.screen.query_one("#main")
        marks = lambda: sorted(getattr(table, "marks"))  # noqa: B009, E731
        await press(pilot, "G", "space", "g", "j", "v", "j", "j")
        assert marks() == ["b", "c", "d", "f"]
        await press(pilot, "k", "k", "k")
        assert marks() == ["a", "b", "f"]
        await press(pilot, "v", "j", "j", "j")
        assert marks() == ["a", "b", "f"]
        await press(pilot, "v", "escape", "k")
        assert marks() == ["a", "b", "d", "f"]
        await press(pilot, "escape")
        assert marks() == []


async def test_many_dags_are_triggered_only_once_their_number_is_typed(world: World) -> None:
    for number in range(21):
        world.dag(f"dag_{number:02}")
    async with opened(world.workspace) as pilot:
        await press(pilot, "asterisk", "t")
        await form(pilot, ConfirmDialog)
        await says(pilot, "type 21")
        await press(pilot, "y", "3", "backspace", "2", "1", "y")
        assert len(await commanded(pilot, 21)) == 21


@pytest.mark.parametrize("size", [*SIZES, (60, 20)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_forms_look_as_they_did(size: tuple[int, int], world: World) -> None:
    version = world.dag(
        "plain",
        schedule_override="0 3 * * *",
        schedule_override_by="anna",
        schedule="0 3 * * *",
        schedule_words="At 03:00 every day",
        schedule_override_at=datetime(2026, 11, 20, 9, tzinfo=UTC),
    )
    run = world.run("plain", version, "failed", ago=timedelta(hours=1), conf={"rate": 7})
    for task in ("start", "work", "end"):
        world.instance("plain", run, task, "failed")
    async with opened(world.workspace, size) as pilot:
        await says(pilot, "overridden by anna since" + (" Fri 09:00" if size[0] > 60 else ""))
        if size[0] >= 120:
            await says(pilot, "0 3 * * * !")
    await check_dialog("acting_schedule", size, world.workspace, ("at",))
    await check_dialog("acting_backfill", size, world.workspace, ("B",))
    await check_dialog("acting_retry", size, world.workspace, ("enter", "j", "e"))


MAPPED = """
from dagtop import dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def many():
    @task
    def one(number): pass

    one.expand(number=list(range(25)))

many()
"""


async def test_clearing_many_wants_their_number_and_fewer_do_not(running: Live) -> None:
    running.write("many.py", MAPPED)
    state, _ = running.run("many")
    assert state == "success"
    running.submit("pause", dag_ids=["many"])
    async with opened(running.workspace, (100, 40), dag="many") as pilot:
        await says(pilot, "one")
        await press(pilot, "c")
        await says(pilot, "type 25")
        await press(pilot, "y", "2", "4", "y")
        assert isinstance(pilot.app.screen, ConfirmDialog)
        await press(pilot, "f")
        await says(pilot, "Nothing would change.")
        assert "type 25" not in text_of(pilot)
        await press(pilot, "f")
        await says(pilot, "type 25")
        await press(pilot, "2", "5", "y")
        await says(pilot, "cleared one")
        waiting = "SELECT count(*) FROM task_instance WHERE dag_id = 'many' AND state IS NULL"
        await until(pilot, lambda: running.value(waiting) == 25, "all wait")


def test_the_command_line_changes_params_for_the_tries_to_come(running: Live) -> None:
    state, _ = running.run("shop", conf={"rate": 7})
    assert state == "failed"
    arguments = ("tasks", "clear", "shop", "latest", "two", "--yes")
    root = running.workspace.root
    wrong = run_command(root, *arguments, "--param", "rate=fast")
    assert wrong.code != 0
    done = run_command(root, *arguments, "--param", "rate=0.5")
    assert (done.code, done.err) == (0, "")
    (run_id,) = (row[0] for row in running.query("SELECT run_id FROM dag_run"))
    assert running.wait_for_run("shop", run_id) == "success"
    assert running.value("SELECT conf FROM dag_run") == '{"rate":0.5}'


@pytest.mark.parametrize(
    ("schedule", "why"),
    [("None", "has no schedule"), ("@once", "has the schedule @once"), ("Asset", "has the")],
)
async def test_a_backfill_of_a_dag_without_times_is_refused_at_once(
    world: World, schedule: str, why: str
) -> None:
    """Keys typed ahead for the form do nothing to the page."""
    world.dag("plain", schedule=schedule)
    async with opened(world.workspace, (120, 24)) as pilot:
        await press(pilot, "j")
        for key in ("B", "p", "t"):
            pilot.app.post_message(events.Key(key, key))
        await says(pilot, f"plain {why}")
        await says(pilot, "so no times to backfill: t triggers it, @ sets one")
        await press(pilot, "p")
        await says(pilot, "paused plain")
        assert " off plain" in text_of(pilot), "it was paused once"
        assert not isinstance(pilot.app.screen, TriggerForm | BackfillForm)


async def test_a_limit_left_as_it_was_is_no_act(running: Live) -> None:
    running.submit("pause", dag_ids=["shop"])
    days = {"from_date": "2026-01-05", "to_date": "2026-01-07"}
    made = running.submit("backfill", dag_id="shop", max_active_runs=2, **days)
    limit = {"backfill_id": made["backfill_id"], "max_active_runs": 2}
    async with opened(running.workspace) as pilot:
        await says(pilot, "shop")
        app_of(pilot).act("limit_backfill", limit, "2 runs may run at once")
        await says(pilot, "nothing was changed: the backfill has this limit already")
        await press(pilot, "U")
        await says(pilot, "nothing to undo")
        app_of(pilot).act("limit_backfill", {**limit, "max_active_runs": 3}, "3 may run")
        await says(pilot, "3 may run")

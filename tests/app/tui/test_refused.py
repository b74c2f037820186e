"""What a form does when the runner refuses: it says why, and keeps what was typed."""

from __future__ import annotations

import asyncio
import os
import signal

from textual import events

from app.tui.screens.backfilling import BackfillForm
from app.tui.screens.dags import DagsScreen
from app.tui.screens.grid import GridScreen
from app.tui.screens.retrying import RetryForm
from app.tui.screens.scheduling import ScheduleForm
from app.tui.screens.triggering import TriggerForm
from store import client
from tests.app.tui.driving import AppPilot, commanded, opened, press, says, text_of, until
from tests.app.tui.world import World
from tests.support.live import Live, wait_for

PIPELINE = """
from datetime import datetime
from dagtop import Param, dag, task

@dag(schedule="@daily", start_date=datetime(2026, 1, 1), end_date=datetime(2026, 3, 1),
     is_paused_upon_creation=False, params={"rate": Param(0.1, type="number", maximum=9)})
def shop():
    @task
    def one(): pass

    one()

shop()
"""
BROKEN = "from dagtop import dag, pandass\n"
ERRORS = "SELECT count(*) FROM pipeline_file WHERE error IS NOT NULL"


async def form(pilot: AppPilot, kind: type) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, kind), kind.__name__)


def break_file(running: Live) -> None:
    running.write("shop.py", BROKEN)
    wait_for(lambda: running.value(ERRORS), what="the import error")


async def test_a_taken_date_and_id_are_said_at_their_fields_and_what_was_typed_stays(
    running: Live,
) -> None:
    running.trigger("shop", run_id="mine", logical_date="2026-01-05T00:00:00+00:00")
    count = "SELECT count(*) FROM dag_run"
    async with opened(running.workspace) as pilot:
        await press(pilot, "t")
        await form(pilot, TriggerForm)
        await press(pilot, "tab", *"mine", "tab", *"why", *["tab"] * 3, *"2026-01-05", "ctrl+r")
        await says(pilot, "has a run 'mine' already")
        focused = pilot.app.screen.focused
        assert focused is not None
        assert focused.id == "field-1"
        assert "why" in text_of(pilot)
        await press(pilot, "backspace", "2")
        await until(pilot, lambda: "already" not in text_of(pilot), "the id is mended")
        await press(pilot, "ctrl+r")
        await says(pilot, "the DAG has a run of 2026-01-05T00:00:00+00:00 already")
        await press(pilot, "backspace", "6", "ctrl+r")
        await says(pilot, "triggered shop as min2")
        assert not isinstance(pilot.app.screen, TriggerForm)
        query = "SELECT note FROM dag_run WHERE run_id = 'min2'"
        assert running.query(query) == [("why",)]
        assert running.value(count) == 2


async def test_what_is_about_no_field_is_said_in_the_form_and_it_is_sent_again_once_mended(
    running: Live,
) -> None:
    async with opened(running.workspace) as pilot:
        await press(pilot, "t")
        await form(pilot, TriggerForm)
        await press(pilot, *["tab"] * 2, *"why")
        break_file(running)
        await press(pilot, "ctrl+r")
        await says(pilot, "can't be imported: ")
        assert "why" in text_of(pilot)
        running.write("shop.py", PIPELINE)
        await until(pilot, lambda: not running.value(ERRORS), "the file is mended")
        await press(pilot, "ctrl+r")
        await says(pilot, "triggered shop")
        assert not isinstance(pilot.app.screen, TriggerForm)


FORMS = [
    ("B", BackfillForm, ("tab", *"2026-01-07", "shift+tab", *"2026-01-05"), "3 new runs"),
    ("at", ScheduleForm, (*["backspace"] * 6, *"None"), "Never, external"),
    ("e", RetryForm, (*["backspace"] * 3, *"4.25"), "rate changes"),
]


async def test_the_other_forms_keep_what_was_typed_too(running: Live) -> None:
    """Somebody deletes the DAG while the form is open."""
    for key, kind, typed, shown in FORMS:
        file = running.write("shop.py", PIPELINE)
        await asyncio.to_thread(running.wait_for_dag, "shop")
        await asyncio.to_thread(running.run, "shop")
        async with opened(running.workspace, (100, 40), dag="shop") as pilot:
            await says(pilot, "one")
            await press(pilot, "j", key)
            await form(pilot, kind)
            await press(pilot, *typed)
            await says(pilot, shown)
            file.unlink()
            running.submit("delete_dag", dag_id="shop")
            await press(pilot, "ctrl+r")
            await says(pilot, "there is no DAG 'shop'")
            assert isinstance(pilot.app.screen, kind)
            assert "".join(key for key in typed if len(key) == 1)[-7:] in text_of(pilot)


async def test_keys_typed_before_the_answer_go_to_the_screen_behind(
    world: World,
) -> None:
    for name in ("ada", "bob"):
        world.dag(name)
    async with opened(world.workspace) as pilot:
        await press(pilot, "t")
        await form(pilot, TriggerForm)
        for key in ("ctrl+r", "j", "enter"):
            pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: isinstance(pilot.app.screen, GridScreen), "the next DAG's grid")
        await says(pilot, "bob")
        ((_, payload),) = await commanded(pilot)
        assert payload["dag_id"] == "ada"


async def test_a_runner_that_does_not_answer_holds_nobody_in_the_form(running: Live) -> None:
    runner = client.runner_pid(running.workspace)
    assert runner is not None
    async with opened(running.workspace) as pilot:
        await press(pilot, "t")
        await form(pilot, TriggerForm)
        os.kill(runner, signal.SIGSTOP)
        try:
            await press(pilot, "ctrl+r")
            await says(pilot, "asking the runner")
            await press(pilot, "escape")
            await until(pilot, lambda: isinstance(pilot.app.screen, DagsScreen), "the DAGs")
        finally:
            os.kill(runner, signal.SIGCONT)
        await says(pilot, "triggered shop")

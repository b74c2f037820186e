"""Deleting task instances: from the grid, from tables, and what views of a deleted one say."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.tui.widgets.dialogs import ConfirmDialog
from tests.app.tui.dialogs import check_dialog
from tests.app.tui.driving import arrived, commanded, commands, opened, press, says, text_of, until
from tests.app.tui.snapshot import by_size
from tests.app.tui.test_keys import three
from tests.app.tui.world import World, fill_recommend
from tests.support.live import Live

PIPELINE = """
from dagtop import DAG, task
with DAG("shop", is_paused_upon_creation=False):
    @task
    def load():
        print("loading")
        return 3
    @task
    def old():
        return 1
    @task
    def train(number):
        return number
    load()
    old()
    train.expand(number=[0, 1, 2])
"""


async def test_from_the_grid_and_its_cell_is_empty(running: Live) -> None:
    state, states = running.run("shop")
    assert (state, len(states)) == ("success", 5)
    (run_id,) = [row[0] for row in running.query("SELECT run_id FROM dag_run")]
    async with opened(running.workspace, (80, 24), dag="shop") as pilot:
        await says(pilot, "train")
        await press(pilot, "j", "D")
        await says(pilot, "Deleted: 1 task instance in 1 run:")
        await says(pilot, "It can't be undone.")
        await press(pilot, "enter")
        assert len(running.states("shop", run_id)) == 5
        await press(pilot, "D", "y")
        await says(pilot, "deleted old")
        assert set(running.states("shop", run_id)) == {"load", "train[0]", "train[1]", "train[2]"}
        await says(pilot, "not in this run")
        await press(pilot, "D")
        await says(pilot, "has no task instance")
        assert "go too" not in text_of(pilot)
        assert "next runner" not in text_of(pilot)
        await press(pilot, "n", "U")
        await says(pilot, "what was deleted is gone")
        await press(pilot, "j", "delete", "y")
        await says(pilot, "deleted train: 3 task instances")
        assert set(running.states("shop", run_id)) == {"load"}
        await press(pilot, "r")
        await says(pilot, "1 of 1 done")


async def test_a_log_that_is_open_says_that_it_is_gone(running: Live) -> None:
    running.run("shop")
    (run_id,) = [row[0] for row in running.query("SELECT run_id FROM dag_run")]
    async with opened(running.workspace, (80, 24), dag="shop") as pilot:
        await says(pilot, "train")
        await press(pilot, "enter")
        await says(pilot, "loading")
        running.submit("delete_task_instances", dag_id="shop", run_id=run_id, task_ids=["load"])
        await says(pilot, "it is gone: load of run")
        assert "loading" not in text_of(pilot)
        for view in ("2", "3", "4", "5", "6", "1"):
            await press(pilot, view)
            await arrived(pilot)
            await says(pilot, "it is gone: load of run")
            assert text_of(pilot).split("\n")[2].strip().startswith("it is gone: load of run")


@pytest.mark.parametrize("way", [("enter", "r"), ("enter", "G", "enter"), ("I",)])
async def test_from_the_tables(running: Live, way: tuple[str, ...]) -> None:
    running.run("shop")
    (run_id,) = [row[0] for row in running.query("SELECT run_id FROM dag_run")]
    async with opened(running.workspace, (80, 24)) as pilot:
        await says(pilot, "shop")
        await press(pilot, *way, "asterisk", "D")
        assert isinstance(pilot.app.screen, ConfirmDialog)
        await says(pilot, "Deleted: ")
        await press(pilot, "y")
        await says(pilot, "deleted ")
        gone = 3 if way[-1] == "enter" else 5
        await until(pilot, lambda: len(running.states("shop", run_id)) == 5 - gone)
    assert running.run_state("shop", run_id) == "success"


async def test_what_has_not_ended_stays(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "D")
        await says(pilot, "the run has not ended: cancel it or wait, then delete")
        await press(pilot, "r", "slash", *"state:running", "enter", "D")
        await says(pilot, "it has not ended: kill with x or wait, then delete")
        await press(pilot, "escape", "asterisk", "D")
        await says(pilot, "have not ended and stay.")
        await press(pilot, "escape")
        assert commands(world.workspace) == []


async def test_of_many_the_number_must_be_typed(world: World) -> None:
    run = world.run("alpha", world.dag("alpha"), "success", ago=timedelta(hours=1), run_id="r")
    for index in range(30):
        world.instance("alpha", run, "many", "success", map_index=index)
    async with opened(world.workspace) as pilot:
        await press(pilot, "I", "asterisk", "D", "y")
        assert isinstance(pilot.app.screen, ConfirmDialog)
        await says(pilot, "type 30:")
        await press(pilot, "3", "0", "y")
        [(kind, payload)] = await commanded(pilot)
    assert kind == "delete_task_instances"
    assert sorted(payload.pop("map_indexes")) == list(range(30))
    assert payload == {"dag_id": "alpha", "run_id": "r", "task_ids": ["many"]}


async def test_read_only_deletes_none(world: World) -> None:
    three(world)
    async with opened(world.workspace, read_only=True) as pilot:
        for keys in (("I", "D"), ("2", "enter", "D")):
            await press(pilot, *keys)
            await says(pilot, "read-only: nothing can be changed here")
            assert not isinstance(pilot.app.screen, ConfirmDialog)


@by_size
async def test_the_question_looks_as_it_did(size: tuple[int, int], world: World) -> None:
    three(world)
    await check_dialog("deleting_instances", size, world.workspace, ("I", "asterisk", "D"))

"""Priority weights set by hand, with a real runner that has one slot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.tui.screens.priority import PriorityForm, weight_of
from tests.app.cli.conftest import run_command
from tests.app.tui.dialogs import check_dialog
from tests.app.tui.driving import AppPilot, commands, opened, press, says, text_of, until
from tests.app.tui.run_world import LIVE, fill_training
from tests.app.tui.snapshot import SIZES
from tests.app.tui.world import World
from tests.support.live import Live, live

PIPELINE = """
import os, time
from dagtop import dag, task

@dag(is_paused_upon_creation=False)
def queue():
    @task(priority_weight=100)
    def first():
        while not os.path.exists(os.environ["GO"]):
            time.sleep(0.01)

    @task(priority_weight=5)
    def early(): pass

    @task
    def late(): pass

    @task
    def latest(): pass

    first(), early(), late(), latest()

queue()
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path / "space") as workspace:
        workspace.configure("[runner]\nparallelism = 1\n")
        workspace.write("queue.py", PIPELINE)
        workspace.start(GO=str(tmp_path / "go"))
        workspace.wait_for_dag("queue")
        yield workspace


async def form(pilot: AppPilot) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, PriorityForm), "the form")


async def test_a_weight_set_by_hand_decides_who_is_started(running: Live, tmp_path: Path) -> None:
    run_id = running.trigger("queue")
    async with opened(running.workspace, (100, 40), dag="queue") as pilot:
        await says(pilot, "latest")
        await press(pilot, "j", "j", "W")
        await form(pilot)
        assert "late" in text_of(pilot)
        await press(pilot, "backspace", *"x")
        await says(pilot, "a whole number is wanted")
        await press(pilot, "backspace", *"50", "ctrl+r")
        await says(pilot, "late has the priority weight 50")
        weights = "SELECT task_id, priority_weight FROM task_instance WHERE priority_weight > 0"
        assert running.query(weights) == [("late", 50)]
        await press(pilot, "W")
        await form(pilot)
        await says(pilot, "the file says 1")
        await press(pilot, "escape", "U")
        await until(pilot, lambda: not running.query(weights), "the file's weight")
        await press(pilot, "r", "G", "W")
        await form(pilot)
        await press(pilot, "escape")
    done = run_command(
        running.workspace.root, "tasks", "priority", "queue", "latest", "latest", "60"
    )
    assert (done.code, done.out) == (0, "latest has the priority weight 60\n")
    shown = run_command(running.workspace.root, "tasks", "state", "queue", "latest", "latest")
    assert "60, set by hand" in shown.out
    refused = run_command(
        running.workspace.root, "tasks", "priority", "queue", "latest", "first", "60"
    )
    assert "waits to be started" in refused.err
    (tmp_path / "go").touch()
    assert running.wait_for_run("queue", run_id) == "success"
    order = "SELECT task_id FROM task_instance ORDER BY started_at"
    assert [one for (one,) in running.query(order)] == ["first", "latest", "early", "late"]


def test_a_weight_is_reset_or_given(running: Live) -> None:
    run_id = running.trigger("queue")
    root = running.workspace.root
    answer = run_command(root, "tasks", "priority", "queue", run_id, "late", "7", "--json")
    assert answer.document == {
        "priority_weight": 7,
        "instances": [{"task_id": "late", "map_index": -1, "former": None}],
        "started": 0,
    }
    reset = run_command(root, "tasks", "priority", "queue", run_id, "late", "--reset")
    assert reset.out == "late has the priority weight of its file again\n"
    for wrong in ((), ("7", "--reset")):
        refused = run_command(root, "tasks", "priority", "queue", run_id, "late", *wrong)
        assert "or --reset" in refused.err


def test_a_weight_is_a_whole_number_within_airflows_limits() -> None:
    assert (weight_of(" -3 "), weight_of("")) == (-3, None)
    for text in ("1.5", "x", "2147483648", "-2147483649"):
        with pytest.raises(ValueError, match=r"whole number|at most|at least"):
            weight_of(text)


async def test_what_has_started_says_so(world: World) -> None:
    fill_training(world)
    async with opened(world.workspace, dag="training", run=LIVE) as pilot:
        await press(pilot, "W")
        await says(pilot, "has ended: its place in the queue can't change")
        await press(pilot, "slash", *"state", "colon", *"running", "enter", "W")
        await says(pilot, "has started: its place in the queue can't change")
        assert commands(world.workspace) == []


@pytest.mark.parametrize("size", SIZES)
async def test_the_dialog_looks_the_same(world: World, size: tuple[int, int]) -> None:
    fill_training(world)
    keys = ("enter", "r", "G", "asterisk", "W")
    await check_dialog("priority", size, world.workspace, keys)

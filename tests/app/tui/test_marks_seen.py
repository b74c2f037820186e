"""A state that somebody gave by hand is seen wherever one looks, with a real runner."""

from __future__ import annotations

import pytest

from app.tui.screens.run import RunScreen
from tests.app.tui.driving import opened, press, says, text_of, until
from tests.support.live import Live

PIPELINE = """
from dagtop import dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def shop():
    @task
    def one(): pass

    @task
    def two():
        raise RuntimeError("as told")

    one() >> two()

shop()
"""


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_marked_task_says_so_and_its_old_error_no_longer_holds(
    running: Live, size: tuple[int, int]
) -> None:
    assert running.run("shop")[0] == "failed"
    actor = "marked success by"
    async with opened(running.workspace, size, dag="shop") as pilot:
        await says(pilot, "two")
        await press(pilot, "j")
        await says(pilot, "RuntimeError: as told")
        await press(pilot, "m")
        await says(pilot, "The run becomes success (it is failed).")
        await press(pilot, "N", *"known", "enter", "y")
        await says(pilot, actor)
        await says(pilot, ": known")
        await until(pilot, lambda: "RuntimeError" not in text_of(pilot), "the error is over")
        await press(pilot, "enter")
        await says(pilot, actor)
        title = next(line for line in text_of(pilot).split("\n") if actor in line)
        assert "success" in title
        assert "RuntimeError" not in title
        await press(pilot, "2")
        await says(pilot, "before the mark: RuntimeError: as told")
        assert actor in text_of(pilot)
        assert "ended well" not in text_of(pilot)
        await press(pilot, "escape", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the run")
        await press(pilot, "G")
        await says(pilot, actor)
        assert "RuntimeError" not in text_of(pilot)


async def test_a_marked_run_says_so_and_the_question_what_it_does(running: Live) -> None:
    assert running.run("shop")[0] == "failed"
    async with opened(running.workspace, (80, 24), dag="shop") as pilot:
        await says(pilot, "two")
        await press(pilot, "m", "w")
        await says(pilot, "The run becomes success (it is failed).")
        await says(pilot, "Nothing runs in it.")
        await press(pilot, "f")
        await says(pilot, "The run stays failed.")
        await says(pilot, "Nothing would change.")
        await press(pilot, "s")
        await says(pilot, "The run becomes success")
        await press(pilot, "y")
        await says(pilot, "marked success by")
        await press(pilot, "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the run")
        await says(pilot, "marked success by")
        await press(pilot, "escape", "3", "m", "f")
        await says(pilot, "The run becomes failed (it is success).")

"""The history brings back what one left: what Esc led to, and the line that was looked at."""

from __future__ import annotations

import json

from sqlalchemy import update

from app.tui.location import Location, from_words
from app.tui.screens.all_runs import AllRunsScreen
from app.tui.screens.code import CodeScreen
from app.tui.screens.graph import GraphScreen
from app.tui.screens.log import LogScreen
from app.tui.screens.merged_log import MergedLogScreen
from app.tui.screens.run import RunScreen
from store import models
from tests.app.tui.driving import AppPilot, opened, press, says, until
from tests.app.tui.world import World
from tests.app.tui.worlds_of_logs import fill_logs

BACK, ON = "left_square_bracket", "right_square_bracket"


def kinds(pilot: AppPilot) -> list[type]:
    return [type(screen) for screen in pilot.app.screen_stack]


async def to_code(pilot: AppPilot) -> CodeScreen:
    await until(pilot, lambda: isinstance(pilot.app.screen, CodeScreen), "the code")
    screen = pilot.app.screen
    assert isinstance(screen, CodeScreen)
    await until(pilot, lambda: screen.snapshot is not None, "the source")
    return screen


def fill_with_source(world: World) -> None:
    fill_logs(world)
    with world.store.write() as connection:
        connection.execute(update(models.dag).values(file="dags/shop.py"))
        source = "".join(f"# line {number}\n" for number in range(1, 60))
        connection.execute(update(models.source).values(text=source))


async def test_escape_after_back_leads_where_it_led_before(world: World) -> None:
    fill_with_source(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "3")
        await says(pilot, "shop")
        await press(pilot, "r")
        await says(pilot, "3 task instances")
        await press(pilot, "M")
        await says(pilot, "3 logs by time")
        await press(pilot, "g", "e")
        await until(pilot, lambda: pilot.app.screen.view.match is not None, "an error")  # type: ignore[attr-defined]
        await press(pilot, "d")
        await to_code(pilot)
        before = kinds(pilot)
        assert before == [AllRunsScreen, RunScreen, MergedLogScreen, CodeScreen]
        await press(pilot, BACK)
        await until(pilot, lambda: kinds(pilot) == before[:-1], "the logs above the run")
        await press(pilot, ON)
        await until(pilot, lambda: kinds(pilot) == before, "the code above the logs")
        await press(pilot, "escape", "escape", "escape")
        assert kinds(pilot) == [AllRunsScreen]


async def test_a_view_that_a_log_was_opened_from_is_below_it_again(world: World) -> None:
    fill_logs(world)
    async with opened(world.workspace, dag="shop", run="r1") as pilot:
        await says(pilot, "3 task instances")
        await press(pilot, "2", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen), "the log")
        before = kinds(pilot)
        assert before[-2] is GraphScreen
        await press(pilot, "escape", BACK)
        await until(pilot, lambda: kinds(pilot) == before, "the log above the graph")


async def test_code_comes_back_at_its_line(world: World) -> None:
    fill_with_source(world)
    async with opened(world.workspace, dag="shop", run="r1") as pilot:
        await says(pilot, "3 task instances")
        await press(pilot, "8")
        await to_code(pilot)
        await press(pilot, "j", "j", "escape")
        line = 2
        await press(pilot, BACK)
        assert (await to_code(pilot)).view.cursor == line
        await press(pilot, "j", BACK)
        await until(pilot, lambda: not isinstance(pilot.app.screen, CodeScreen), "away")
        await press(pilot, ON)
        assert (await to_code(pilot)).view.cursor == line + 1


def test_what_is_below_a_location_is_remembered_as_json_has_it() -> None:
    place = Location("runs")
    run = Location("runs", "etl", run_id="r", run_screen=True, below=place)
    log = Location("runs", "etl", run_id="r", task_id="load", task_view="log", below=run)
    words = json.loads(json.dumps(log.words()))
    assert from_words(words) == log
    assert log.layers() == [place, run, log]
    assert from_words({**words, "below": 7}) == Location(
        "runs", "etl", run_id="r", task_id="load", task_view="log"
    )


def test_a_location_that_nothing_is_said_of_stands_on_its_dag() -> None:
    log = Location("dags", "etl", "graph", "r", "load", task_view="log")
    grid = Location("dags", "etl", "graph", "r", "load")
    assert log.layers() == [Location("dags"), grid, log]


def test_a_location_that_is_endlessly_deep_is_read_in_part() -> None:
    words: dict[str, object] = {"place": "runs"}
    for _ in range(500):
        words = {
            "place": "runs",
            "dag_id": "etl",
            "run_id": "r",
            "run_screen": True,
            "below": words,
        }
    found = from_words(words)
    assert found is not None
    assert len(found.layers()) < 25

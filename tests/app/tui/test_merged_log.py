"""The merged log as a place: one comes back to it, at the line that was left."""

from __future__ import annotations

import json
from threading import Event

from sqlalchemy import update

from app.tui.location import Location, from_words
from app.tui.screens.all_tasks import AllTasksScreen
from app.tui.screens.code import CodeScreen
from app.tui.screens.gantt import GanttScreen
from app.tui.screens.merged_log import MOST_KEPT, MergedLogScreen
from app.tui.screens.run import RunScreen
from store import models
from tests.app.tui.driving import AppPilot, app_of, opened, press, says, until
from tests.app.tui.everywhere import key_event
from tests.app.tui.world import World
from tests.app.tui.worlds_of_logs import fill_logs

SMALL = (80, 14)
"""The logs are longer than this terminal."""


def logs_of(pilot: AppPilot) -> MergedLogScreen:
    screen = pilot.app.screen
    assert isinstance(screen, MergedLogScreen)
    return screen


def looked_at(pilot: AppPilot) -> tuple[object, object]:
    """The line at the top, and the error that was found."""
    view = logs_of(pilot).view
    top, match = view.top_spot, view.match
    paths = [part.lines.file.path for part in view.source.parts]
    return (paths[top[0]], top[1]), match and (paths[match[0]], match[1])


async def show_error(pilot: AppPilot) -> tuple[object, object]:
    """From the run to the first error of its logs, somewhere in the middle."""
    await says(pilot, "3 task instances")
    await press(pilot, "M")
    await says(pilot, "3 logs by time")
    await press(pilot, "g", "e")
    await until(pilot, lambda: logs_of(pilot).view.match is not None, "an error")
    assert not logs_of(pilot).view.following
    return looked_at(pilot)


async def come_back(pilot: AppPilot, key: str, left: tuple[object, object]) -> None:
    await press(pilot, key)
    await until(pilot, lambda: isinstance(pilot.app.screen, MergedLogScreen), "the logs")
    await until(pilot, lambda: logs_of(pilot).view.top_spot is not None, "their lines")
    assert looked_at(pilot) == left


async def test_escape_and_back_come_to_the_line_of_the_merged_log(world: World) -> None:
    fill_logs(world)
    with world.store.write() as connection:
        connection.execute(update(models.dag).values(file="dags/shop.py"))
    async with opened(world.workspace, SMALL, dag="shop", run="r1") as pilot:
        left = await show_error(pilot)
        await press(pilot, "d")
        await until(pilot, lambda: isinstance(pilot.app.screen, CodeScreen), "the code")
        await come_back(pilot, "escape", left)
        await press(pilot, "d")
        await until(pilot, lambda: isinstance(pilot.app.screen, CodeScreen), "the code")
        await come_back(pilot, "left_square_bracket", left)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, RunScreen)
        await come_back(pilot, "left_square_bracket", left)


async def test_back_from_the_merged_log_comes_to_the_run_it_was_opened_from(world: World) -> None:
    fill_logs(world)
    async with opened(world.workspace, SMALL, dag="shop") as pilot:
        await press(pilot, "3", "r")
        await says(pilot, "3 task instances")
        left = await show_error(pilot)
        await press(pilot, "left_square_bracket")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunScreen), "the run")
        await come_back(pilot, "right_square_bracket", left)


async def test_marked_instances_and_the_filter_are_kept_with_the_merged_log(world: World) -> None:
    fill_logs(world)
    async with opened(world.workspace, SMALL, dag="shop", run="r1") as pilot:
        await says(pilot, "3 task instances")
        await press(pilot, "space", "space", "M")
        await says(pilot, "2 logs by time")
        await press(pilot, "L", "L")
        await says(pilot, "WARNING and above")
        here = app_of(pilot).ways.here()
        assert here is not None
        assert here.below is not None
        assert here.below.run_screen
        logs = (("check", -1), ("load", -1))
        assert here == Location("dags", "shop", run_id="r1", logs=logs, below=here.below)
        await press(pilot, "colon", *"gantt", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, GanttScreen), "the Gantt")
        await press(pilot, "left_square_bracket")
        await says(pilot, "2 logs by time")
        await says(pilot, "2 instances logs")
        await says(pilot, "WARNING and above")


def test_merged_logs_are_remembered_as_json_has_it() -> None:
    for logs in (None, (), (("train", None),), (("load", 0), ("load", 3))):
        place = Location("dags", "etl", run_id="r", logs=logs)
        assert from_words(json.loads(json.dumps(place.words()))) == place
    for nonsense in (7, "train", ["train"], [["train", "0"]], [[1, 2]], [["a", 0, 1]]):
        assert from_words({"dag_id": "etl", "logs": nonsense}) == Location(dag_id="etl")


async def test_logs_of_marked_task_instances_go_back_to_the_list_they_were_opened_from(
    world: World,
) -> None:
    fill_logs(world)
    async with opened(world.workspace, (100, 30)) as pilot:
        await press(pilot, "I")
        await says(pilot, "train")
        await press(pilot, "M")
        await says(pilot, "by time")
        await press(pilot, "escape", "left_square_bracket")
        await says(pilot, "by time")
        behind = pilot.app.screen_stack[:-1]
        assert [type(one) for one in behind] == [AllTasksScreen]


async def test_logs_that_were_left_before_they_were_read_are_found_where_they_were(
    world: World,
) -> None:
    fill_logs(world)
    async with opened(world.workspace, SMALL, dag="shop", run="r1") as pilot:
        left = await show_error(pilot)
        await press(pilot, "escape")
        app, read = app_of(pilot), Event()
        app.refresher.once(lambda _store: read.wait(20), lambda _: None)
        app.post_message(key_event("left_square_bracket"))
        await until(pilot, lambda: isinstance(app.screen, MergedLogScreen), "the logs")
        app.post_message(key_event("escape"))
        await until(pilot, lambda: isinstance(app.screen, RunScreen), "the run")
        read.set()
        await come_back(pilot, "left_square_bracket", left)


async def test_logs_of_very_many_marked_instances_are_no_place(world: World) -> None:
    """Each change of view writes the place down."""
    async with opened(world.workspace):
        chosen = frozenset(("load", n) for n in range(MOST_KEPT))
        location = MergedLogScreen("etl", "r", instances=chosen).location()
        assert location is not None
        assert len(location.logs or ()) == MOST_KEPT
        many = chosen | {("load", MOST_KEPT)}
        assert MergedLogScreen("etl", "r", instances=many).location() is None

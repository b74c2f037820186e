"""The clock, the runner, an answer may come at any time: also to a screen still being made."""

from __future__ import annotations

from app.tui.refresher import RunnerSeen, StoreTrouble
from app.tui.screens.base import DagtopScreen
from app.tui.screens.dag_views import DagFocus
from app.tui.screens.gantt import GanttScreen
from app.tui.screens.help import HelpScreen
from app.tui.screens.variables import VariablesScreen
from app.tui.writing_admin import save_variable
from tests.app.tui.driving import app_of, opened, says, until
from tests.app.tui.world import World


async def test_a_screen_that_is_being_made_is_left_alone(world: World) -> None:
    world.dag("etl")
    async with opened(world.workspace) as pilot:
        app = app_of(pilot)
        app.push_screen(GanttScreen(DagFocus("etl")))
        assert not app.screen.query("#main"), "it is there at once: this tests nothing any more"
        app._tick()
        app.on_runner_seen(RunnerSeen(None))
        app.on_store_trouble(StoreTrouble("a sentence"))
        app.say("a message")
        app.on_store_trouble(StoreTrouble(""))
        await says(pilot, "Gantt")


async def test_what_is_behind_a_dialog_that_opens_at_once_is_read_and_seen(world: World) -> None:
    with world.store.write() as connection:
        save_variable(connection, None, {"key": "batch_size", "value": "64"})
    async with opened(world.workspace) as pilot:
        app = app_of(pilot)
        behind = VariablesScreen()
        app.push_screen(behind)
        app.push_screen(HelpScreen(()))
        await until(pilot, lambda: behind.snapshot is not None, "what is behind the dialog")
        await says(pilot, "5 Vars 6 Conns")


async def test_an_answer_that_comes_while_the_app_ends_finds_no_screen(world: World) -> None:
    """Its widgets go one after the other."""
    world.dag("etl")
    async with opened(world.workspace, dag="etl") as pilot:
        await says(pilot, "Grid")
        app = app_of(pilot)
        screen = app.screen
        assert isinstance(screen, DagtopScreen)
        assert screen.is_there
        await app._shutdown()
        assert not screen.is_there

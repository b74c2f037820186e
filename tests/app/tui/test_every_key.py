"""Each key that ``?`` lists on a screen does something there, or says why it does not.

``DAGTOP_TEST_KEYS=1`` presses each on every screen that has it; else each on one of them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from textual._context import visible_screen_stack
from textual.strip import Strip
from textual.widgets import Input

from app.tui.actions import MOVE, Action, actions_for
from app.tui.application import DagtopApp
from app.tui.screens.base import DagtopScreen
from tests.app.tui.driving import AppPilot, app_of, opened
from tests.app.tui.everywhere import SCREENS, Keys, go, quiet, type_keys
from tests.app.tui.world import World
from tests.app.tui.world_small import fill_small

EVERYWHERE = bool(os.environ.get("DAGTOP_TEST_KEYS"))
LEAVES = {"everywhere.quit", "everywhere.start_runner"}
"""These are tested with the real program."""
PLACES: dict[str, Keys] = {name: way for name, way in SCREENS.items() if len(way) <= 1}


def to_press(screen: DagtopScreen, done: set[object]) -> Iterator[Action]:
    """What help lists on a screen and was not pressed yet. What only moves may be at its end."""
    for action in actions_for(screen.contexts):
        mark = (type(screen), action.id) if EVERYWHERE else action.id
        if action.keys and action.group != MOVE and action.id not in LEAVES and mark not in done:
            done.add(mark)
            yield action


def painted(app: DagtopApp) -> list[Strip]:
    """What is on the screen, with its colours."""
    visible_screen_stack.set(list(app._background_screens))
    return list(app.screen._compositor.render_strips())


async def is_silent(pilot: AppPilot, key: str) -> bool:
    """Whether a key leaves everything as it was."""
    app = app_of(pilot)
    screen, before = app.screen, painted(app)
    await type_keys(app, key)
    for _ in range(50):  # what is said after the store was asked takes a while
        if app.screen is not screen or painted(app) != before:
            return False
        await pilot.pause(0.02)
    return True


async def silent_keys(
    pilot: AppPilot, ways: dict[str, Keys], tried: Iterable[Action] = ()
) -> list[str]:
    """The keys that neither do nor say anything. ``tried``: those that needn't be pressed."""
    app, found = app_of(pilot), list[str]()
    done: set[object] = {action.id for action in tried}
    for name, way in ways.items():
        await go(app, way)
        assert isinstance(app.screen, DagtopScreen) or name.endswith("value"), name
        if not isinstance(app.screen, DagtopScreen):  # the form of the row
            continue
        screen = app.screen
        for action in list(to_press(screen, done)):
            if app.screen is not screen:  # most often a dialog
                await type_keys(app, "escape")
            if app.screen is not screen or isinstance(app.focused, Input):
                await go(app, way)
                screen = app.screen
            await say_nothing(app)
            if await is_silent(pilot, action.keys[0]):
                found.append(f"{name}: {action.id}")
    return found


async def say_nothing(app: DagtopApp) -> None:
    """Take away what the last key said."""
    for screen in app.screen_stack:
        if isinstance(screen, DagtopScreen) and screen.is_there:
            screen.footer.message = ()
    await quiet(app)


@pytest.mark.timeout(1800 if EVERYWHERE else 600)
async def test_no_key_of_the_help_is_silent(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    fill_small(world)
    async with opened(world.workspace) as pilot:
        assert "\n".join(await silent_keys(pilot, SCREENS)) == ""


@pytest.mark.timeout(600)
async def test_no_key_of_the_help_is_silent_where_there_is_nothing(world: World) -> None:
    async with opened(world.workspace) as pilot:
        assert "\n".join(await silent_keys(pilot, PLACES)) == ""

"""The question before something is done: all of it is seen, and No is what keys by mistake say."""

from __future__ import annotations

import pytest

from app.tui.spans import Spans, span
from app.tui.widgets.dialogs import Choices, ConfirmDialog
from tests.app.tui.driving import AppPilot, app_of, opened, press, says, until
from tests.app.tui.world import World

LONG = "What runs is ended, what waits is skipped, and the run fails, with all that it has begun."
LINES: list[Spans] = [(span("first"),), (span(LONG),), (span(LONG),), (span("the last line"),)]


async def ask(pilot: AppPilot, answers: list[Choices | None]) -> None:
    app = app_of(pilot)
    app.push_screen(ConfirmDialog("Cancel?", LINES, "cancel 1 run"), answers.append)
    await says(pilot, "n Enter Esc")


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (40, 20)], ids=str)
async def test_lines_that_wrap_are_all_seen_where_there_is_room(
    size: tuple[int, int], world: World
) -> None:
    async with opened(world.workspace, size) as pilot:
        await ask(pilot, [])
        await says(pilot, "the last line")
        await pilot.resize_terminal(60, 30)
        await says(pilot, "the last line")


@pytest.mark.parametrize("key", ["enter", "escape", "n", "q"])
async def test_no_is_the_default(key: str, world: World) -> None:
    answers: list[Choices | None] = []
    async with opened(world.workspace) as pilot:
        await ask(pilot, answers)
        await press(pilot, key)
        await until(pilot, lambda: answers == [None], "a no")

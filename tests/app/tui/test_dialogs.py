"""The question before something is done: all of it is seen, and No is what keys by mistake say."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.tui import key_order
from app.tui.screens.acting import Selection, ask_clear, ask_kill, ask_mark
from app.tui.screens.backfilling import BackfillForm
from app.tui.spans import Spans, span
from app.tui.widgets.dialogs import Choices, ConfirmDialog, Toggle
from tests.app.tui.driving import AppPilot, app_of, commands, opened, press, says, text_of, until
from tests.app.tui.everywhere import key_event
from tests.app.tui.slow_runner import slow_runner
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


async def test_there_is_no_yes_before_it_is_seen_what_is_touched(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_order, "HOLD", 0.2)  # what it asks for comes late
    answers: list[Choices | None] = []
    asked: list[tuple[bool, Callable[..., None]]] = []

    def preview(choices: Choices, hand_over: Callable[..., None]) -> None:
        asked.append((choices.on["whole"], hand_over))

    async with opened(world.workspace) as pilot:
        dialog = ConfirmDialog(
            "Run again?",
            LINES,
            "run again",
            toggles=(Toggle("w", "whole", "the whole run"),),
            preview=preview,
        )
        app_of(pilot).push_screen(dialog, answers.append)
        await until(pilot, lambda: asked, "the question")
        await pilot.press("y")
        await says(pilot, "still counting")
        await pilot.press("w", "y")
        await until(pilot, lambda: len(asked) == 2, "the other choice")
        asked[0][1]([(span("one task"),)])  # of what was chosen before
        await pilot.press("y")
        assert answers == []
        assert "one task" not in text_of(pilot)
        await says(pilot, "still counting")
        asked[1][1]([(span("450 tasks"),)], number=450)
        await says(pilot, "type 450")
        await pilot.press("y")
        assert answers == []
        await press(pilot, "4", "5", "0", "y")
        await until(pilot, lambda: answers == [dialog.choices], "a yes")


async def test_a_yes_typed_behind_an_option_waits_until_it_is_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_order, "HOLD", 3600.0)
    answers: list[Choices | None] = []
    asked: list[Callable[..., None]] = []
    async with opened(world.workspace) as pilot:
        app = app_of(pilot)
        dialog = ConfirmDialog(
            "Run again?",
            LINES,
            "run again",
            toggles=(Toggle("w", "whole", "the whole run"),),
            preview=lambda _choices, hand_over: asked.append(hand_over),
        )
        app.push_screen(dialog, answers.append)
        await until(pilot, lambda: asked, "the question")
        for key in ("w", "y"):
            app.post_message(key_event(key))
        asked[0]([(span("one task"),)])
        await until(pilot, lambda: len(asked) == 2, "what the option touches")
        await pilot.pause()
        assert answers == []
        asked[1]([(span("two tasks"),)])
        await until(pilot, lambda: answers == [dialog.choices], "a yes")
        assert dialog.choices.on == {"whole": True}
        dialog = ConfirmDialog(
            "Again?", LINES, "again", preview=lambda _choices, hand_over: asked.append(hand_over)
        )
        app.push_screen(dialog)
        await until(pilot, lambda: len(asked) == 3, "the question")
        dialog.action_yes()  # it was held no longer: the store is slow
        await says(pilot, "still counting: press y again then")
        asked[2]([(span("two tasks"),)])
        await says(pilot, "y again  press it again")
        assert app.screen is dialog
        dialog._ask()
        app.post_message(key_event("escape"))  # waits for nothing
        await until(pilot, lambda: not isinstance(app.screen, ConfirmDialog), "a no")


async def test_of_many_in_several_tasks_the_number_is_wanted_too(world: World) -> None:
    some = [Selection("etl", "r", (name,), tuple(range(15))) for name in "ab"]
    async with opened(world.workspace) as pilot:
        for ask in (ask_clear, ask_mark):
            ask(app_of(pilot), some)
            await says(pilot, "type 30")
            await press(pilot, "y", "enter")
        ask_kill(app_of(pilot), some, [Selection("etl", "r", ("a",), tuple(range(25)))])
        await says(pilot, "type 25")
        await press(pilot, "y", "enter")
    assert commands(world.workspace) == []


async def test_no_runs_are_made_before_they_are_listed(world: World) -> None:
    world.dag("etl")
    async with opened(world.workspace) as pilot:
        with slow_runner(world) as (free, asked):
            await press(pilot, "B")
            await until(pilot, lambda: isinstance(pilot.app.screen, BackfillForm), "the form")
            await press(pilot, *"2026-01-01", "tab", *"2026-01-25", "ctrl+r")
            await says(pilot, "wait: the runs are still listed")
            free.set()
            await says(pilot, "nothing to make")
            assert asked[-1]["payload"]["to_date"] == "2026-01-25T00:00:00+00:00"
    assert commands(world.workspace) == []

"""What people meet when they use it for the first time, and what must not puzzle them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.tui.screens.dags import DagsScreen
from app.tui.screens.triggering import TriggerForm
from app.tui.widgets import chrome
from store.structure import ParamStructure
from tests.app.tui.driving import app_of, commanded, commands, opened, press, says, text_of, until
from tests.app.tui.test_keys import dags, three
from tests.app.tui.world import World, fill_failed, structure_of


async def test_help_scrolls_to_its_last_line(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "question_mark")
        assert "Last run" not in text_of(pilot)
        await press(pilot, "G")
        await says(pilot, "Last run")
        await press(pilot, "g")
        await says(pilot, "GO")


async def test_a_form_that_can_not_be_sent_says_so_and_goes_to_the_field(world: World) -> None:
    params = [
        ParamStructure(f"p{n}", default=n, schema={"type": "integer", "maximum": 20})
        for n in range(12)
    ]
    params[0] = ParamStructure(
        "p0",
        default=1,
        schema={"type": "integer", "maximum": 20},
        description="how many items a person is shown, of those that have not been seen before",
    )
    world.dag("many", structure_of("many", ["a"], params=params))
    async with opened(world.workspace) as pilot:
        await press(pilot, "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, TriggerForm), "the form")
        await says(pilot, "p0  ")
        await says(pilot, "how many items a person")
        await press(pilot, "end", "9", "9", *["tab"] * 11)
        await says(pilot, "p11")
        assert "p0  " not in text_of(pilot)
        await press(pilot, "ctrl+r")
        await says(pilot, "1 field to mend")
        await says(pilot, "p0  ")
        assert isinstance(pilot.app.screen, TriggerForm)


async def test_the_panel_scrolls_and_begins_with_the_error(world: World) -> None:
    fill_failed(world)
    async with opened(world.workspace, dag="train_digits") as pilot:
        await press(pilot, "i")
        await says(pilot, "tries     1 of 1")
        top = text_of(pilot)
        await press(pilot, "J")
        await until(pilot, lambda: text_of(pilot) != top, "a scrolled panel")
        await press(pilot, "K")
        await until(pilot, lambda: text_of(pilot) == top, "the panel's top")


async def test_the_palette_finds_an_action_and_does_it(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "ctrl+p")
        await says(pilot, "Actions")
        await press(pilot, *"next ta", "enter")
        await until(pilot, lambda: dags(pilot).tab == "Active", "the next tab")
        await press(pilot, "ctrl+p", *"theme", "enter")
        await says(pilot, "theme ")
        await press(pilot, "ctrl+p", *"zzz", "enter")
        await says(pilot, "no action of this screen, and no place, matches")
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, DagsScreen)


async def test_read_only_is_seen_and_says_why_keys_are_dead(world: World) -> None:
    three(world)
    async with opened(world.workspace, read_only=True) as pilot:
        await says(pilot, " read-only ")
        await press(pilot, "p")
        await says(pilot, "nothing can be changed here")


async def test_kill_of_what_does_not_run_offers_the_whole_run_or_nothing(world: World) -> None:
    version = world.dag("alpha")
    run = world.run("alpha", version, "running", ago=timedelta(hours=1))
    world.instance("alpha", run, "start", "success")
    async with opened(world.workspace, dag="alpha") as pilot:
        await press(pilot, "x")
        await says(pilot, "No process is at work")
        await press(pilot, "y")
        await says(pilot, "nothing was killed")
        assert commands(world.workspace) == []
        await press(pilot, "x", "w", "y")
        assert [kind for kind, _ in await commanded(pilot)] == ["cancel_run"]


async def test_kill_in_a_run_that_has_ended_says_so(world: World) -> None:
    three(world)
    async with opened(world.workspace, dag="alpha") as pilot:
        await press(pilot, "x")
        await says(pilot, "the run has ended")


async def test_ctrl_c_tells_how_to_quit(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "ctrl+c")
        await says(pilot, "q quits")


async def test_warnings_of_files_are_in_the_banner_and_open(world: World) -> None:
    three(world)
    sentence = "DAG 'beta' is defined in dags/a.py already; rename one of them"
    world.warning("dags/z.py", f"dags/z.py:3: {sentence}")
    async with opened(world.workspace) as pilot:
        await says(pilot, "1 warning, e opens: dags/z.py:3 DAG 'beta'")
        await press(pilot, "e")
        await says(pilot, f"warning: {sentence}")


async def test_a_resize_leaves_nothing_of_the_old_width(world: World) -> None:
    three(world)
    async with opened(world.workspace, (120, 40)) as pilot:
        for size in ((80, 24), (120, 40), (64, 20), (80, 24)):
            await pilot.resize_terminal(*size)
            await until(
                pilot, lambda: text_of(pilot).split("\n")[0].endswith("no runner yet"), "header"
            )
            assert max(len(line) for line in text_of(pilot).split("\n")) <= size[0]


async def test_time_passes_while_a_screen_is_opened(world: World) -> None:
    fill_failed(world)
    async with opened(world.workspace) as pilot:
        app = app_of(pilot)
        app.ways.open_dag("train_digits", None, None)
        assert not app.screen.query("#main")
        app._tick()
        await says(pilot, "train_digits")


async def test_that_no_runner_is_up_says_since_when_and_what_to_do(world: World) -> None:
    world.dag("alpha")
    world.lease(stopped=timedelta(hours=1))
    async with opened(world.workspace) as pilot:
        await says(pilot, "No runner is up since 11:00: nothing is scheduled or run. S starts it.")
        await pilot.resize_terminal(60, 20)
        await says(pilot, "No runner is up since 11:00. S starts it.")


async def test_each_message_ends_on_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chrome, "MESSAGE_TIME", 0.3)
    world.dag("alpha")
    async with opened(world.workspace) as pilot:
        await says(pilot, "alpha")
        first = pilot.app.screen.query_one(chrome.FooterLine)
        app_of(pilot).say("said of the list")
        await press(pilot, "enter")
        app_of(pilot).say("said of the grid")
        second = pilot.app.screen.query_one(chrome.FooterLine)
        assert second is not first
        await until(pilot, lambda: not second.message and not first.message)

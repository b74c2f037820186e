"""Keys that arrive together take effect in the order in which they were typed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pyte
import pytest

from app.tui import key_order
from app.tui.location import Location
from app.tui.screens.all_runs import AllRunsScreen
from app.tui.screens.grid import GridScreen
from app.tui.screens.trends import TrendsScreen
from store.workspace import Workspace
from tests.app.tui.driving import AppPilot, app_of, opened, press, says, text_of, until
from tests.app.tui.everywhere import key_event
from tests.app.tui.test_grid_rows import TRAIN
from tests.app.tui.world import World, fill_recommend
from tests.support.terminal import the_ui


def test_a_burst_in_a_prompt_is_read_in_order(
    workspace_of: Callable[[str], Workspace], tmp_path: Path
) -> None:
    with the_ui(workspace_of("normal"), tmp_path, size=(100, 30)) as one:
        one.read_until(lambda output: b"recommend" in output)
        one.quiet()
        # The prompt, aabc, twice Backspace, d, twice left, e
        os.write(one.fd, b"/aabc\x7f\x7fd\x1b[D\x1b[De\r")
        one.quiet()
        screen = pyte.Screen(100, 30)
        pyte.ByteStream(screen).feed(one.output)
    assert any("/aead  0 of 8" in line for line in screen.display)


def test_a_jump_typed_at_once_goes_there(
    workspace_of: Callable[[str], Workspace], tmp_path: Path
) -> None:
    with the_ui(workspace_of("normal"), tmp_path, size=(100, 30)) as one:
        one.read_until(lambda output: b"recommend" in output)
        os.write(one.fd, b":recommend\r")
        one.read_until(lambda output: b"load_tables" in output)


async def test_a_key_that_closes_a_dialog_holds_up_no_other(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("normal")) as pilot:
        await press(
            pilot, "question_mark", "escape", "j", "colon", "escape", "j", "slash", "m", "l"
        )
        await says(pilot, "of 8")
        assert "/ ml" in text_of(pilot)


def test_escape_and_a_key_behind_it_are_two_keys(
    workspace_of: Callable[[str], Workspace], tmp_path: Path
) -> None:
    with the_ui(workspace_of("normal"), tmp_path, size=(100, 30)) as one:
        one.read_until(lambda output: b"recommend" in output)
        one.quiet()
        os.write(one.fd, b"3\x1b:recommend\r")
        one.read_until(lambda output: b"load_tables" in output)
        one.quiet()
        os.write(one.fd, b"3\x1b2\x1b\x1b3")
        one.quiet()
        screen = pyte.Screen(100, 30)
        pyte.ByteStream(screen).feed(one.output)
    assert "does nothing here" not in "\n".join(screen.display)
    assert "  DAG                   STATE    RUN " in "\n".join(screen.display)


async def typed_at_once(pilot: AppPilot, *keys: str) -> None:
    """As they come from a slow line: all in one piece."""
    for key in keys:
        pilot.app.post_message(key_event(key))


async def test_keys_behind_one_that_opens_a_screen_wait_for_its_rows(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, (80, 40)) as pilot:
        await says(pilot, "recommend")
        await typed_at_once(pilot, "enter", "g", "j", "j", "space")
        await says(pilot, "1 marked")
        screen = app_of(pilot).screen
        assert isinstance(screen, GridScreen)
        assert screen.view.marks == {screen.view.rows[2].id}


async def test_keys_behind_one_that_unfolds_go_to_what_it_unfolds(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, (80, 40)) as pilot:
        await press(pilot, "enter", *TRAIN)
        await typed_at_once(pilot, "z", "j", "j", "space")
        await says(pilot, "1 marked")
        screen = app_of(pilot).screen
        assert isinstance(screen, GridScreen)
        assert screen.view.marks == {"train[1]"}


async def test_keys_behind_one_that_opens_a_form_are_typed_into_it(world: World) -> None:
    """And don't do what they would do to the row behind it."""
    world.dag("etl")
    async with opened(world.workspace) as pilot:
        await says(pilot, "etl")
        await typed_at_once(pilot, "t", *"pxc")
        await says(pilot, "Trigger etl")
        await until(pilot, lambda: getattr(pilot.app.focused, "value", "") == "pxc", "the text")


async def test_a_store_that_does_not_answer_holds_keys_for_a_moment_only(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.dag("etl")
    async with opened(world.workspace) as pilot:
        await says(pilot, "etl")
        app = app_of(pilot)
        monkeypatch.setattr(key_order, "HOLD", 0.2)
        monkeypatch.setattr(app.refresher, "once", lambda _fetch, _then: None)
        await typed_at_once(pilot, "t", "question_mark")
        await says(pilot, "Help")


async def test_escape_waits_for_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.dag("etl")
    async with opened(world.workspace) as pilot:
        await says(pilot, "etl")
        app = app_of(pilot)
        monkeypatch.setattr(key_order, "HOLD", 3600.0)
        monkeypatch.setattr(app.refresher, "once", lambda _fetch, _then: None)
        await typed_at_once(pilot, "t", "x", "escape", "question_mark")
        await says(pilot, "Help")


async def test_a_key_behind_the_enter_of_a_filter_goes_to_what_it_leaves(world: World) -> None:
    for name in ("alpha", "beta_1", "beta_2", "beta_3"):
        world.dag(name)
    async with opened(world.workspace) as pilot:
        await says(pilot, "beta_3")
        for _ in range(5):
            await typed_at_once(pilot, "slash", *"beta", "enter", "asterisk")
            await says(pilot, "3 marked")
            await press(pilot, "escape", "escape")
            await until(pilot, lambda: "marked" not in text_of(pilot), "no marks")


async def test_a_key_behind_a_jump_goes_to_where_it_leads(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        for _ in range(3):
            await typed_at_once(pilot, "colon", *"recommend", "enter", "5")
            await says(pilot, "median")
            assert isinstance(app_of(pilot).screen, TrendsScreen)
            await typed_at_once(pilot, "colon", *"dags", "enter", "3")
            await until(pilot, lambda: isinstance(pilot.app.screen, AllRunsScreen), "the runs")


async def test_a_key_behind_the_palette_goes_to_what_it_opens(world: World) -> None:
    world.dag("etl")
    async with opened(world.workspace) as pilot:
        await says(pilot, "etl")
        await typed_at_once(pilot, "ctrl+p", *"trigger", "enter", *"pxc")
        await says(pilot, "Trigger etl")
        await until(pilot, lambda: getattr(pilot.app.focused, "value", "") == "pxc", "the text")


async def test_a_screen_that_is_left_before_its_answer_holds_no_keys(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await says(pilot, "recommend")
        app = app_of(pilot)
        monkeypatch.setattr(key_order, "HOLD", 3600.0)
        monkeypatch.setattr(app.refresher, "show", lambda _fetch: 0)  # no answer comes
        app.post_message(key_event("3"))
        await until(pilot, lambda: isinstance(app.screen, AllRunsScreen), "the runs")
        assert not app.key_order.is_through
        app.ways.go_to(Location())
        await until(pilot, lambda: app.key_order.is_through, "keys that go on")


async def test_a_store_that_can_not_be_read_holds_no_keys(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.dag("etl")
    async with opened(world.workspace) as pilot:
        await says(pilot, "etl")
        app = app_of(pilot)
        monkeypatch.setattr(key_order, "HOLD", 3600.0)
        app.trouble = "the database is gone"
        monkeypatch.setattr(app.refresher, "once", lambda _fetch, _then: None)
        await typed_at_once(pilot, "t", "question_mark")
        await says(pilot, "Help")

"""Runs side by side in the terminal UI: the table, and the ways to it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from app.tui.location import Location, from_words
from app.tui.screens.compare import CompareScreen
from store import models
from store.workspace import Workspace
from tests.app.tui.driving import AppPilot, app_of, opened, press, says, text_of
from tests.app.tui.snapshot import by_size, check, settled
from tests.app.tui.world import World
from tests.app.tui.world_compared import HOSTILE, SWEEP, fill_compared


@pytest.fixture
def tracked(workspace_of: Callable[[str], Workspace]) -> Workspace:
    """A sweep of eight runs; to be read only."""
    return workspace_of("compared")


def screen_of(pilot: AppPilot) -> CompareScreen:
    screen = pilot.app.screen
    assert isinstance(screen, CompareScreen)
    return screen


def row_of(pilot: AppPilot, key: str) -> str:
    """What is on screen beside a key."""
    return next(line for line in text_of(pilot).splitlines() if f" {key} " in f"{line} ")


async def go_to(pilot: AppPilot, section: str, key: str) -> None:
    """Put the cursor on a row."""
    screen = screen_of(pilot)
    screen.look.row = f"{section}\0{key}"
    screen.show_runs()
    await settled(pilot)


@by_size
async def test_the_table_of_runs_side_by_side(tracked: Workspace, size: tuple[int, int]) -> None:
    async with opened(tracked, size, compare=SWEEP) as pilot:
        await press(pilot, "b", "l", *["j"] * 12)
        await settled(pilot)
        check(f"compare-table-{size[0]}x{size[1]}", text_of(pilot))


async def test_a_plain_terminal_shows_it_too(tracked: Workspace) -> None:
    async with opened(tracked, (60, 20), {"LANG": "C", "TERM": "vt100"}, compare=SWEEP) as pilot:
        await press(pilot, "d", "b", *["j"] * 9)
        await settled(pilot)
        shown = text_of(pilot)
    check("compare-table-60x20-ascii", shown)
    assert shown.isascii()


async def test_only_differences_are_shown_and_everything_again(tracked: Workspace) -> None:
    async with opened(tracked, compare=SWEEP) as pilot:
        assert "batch_size" in text_of(pilot)
        await press(pilot, "d")
        assert "batch_size" not in text_of(pilot)
        await press(pilot, "escape")
        assert "batch_size" in text_of(pilot)


async def test_metrics_show_last_least_greatest_and_mean(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP[:3]) as pilot:
        seen = [row_of(pilot, "val/loss")]
        for name in ("min", "max", "mean"):
            await press(pilot, "m")
            await says(pilot, f"metrics show their {name} value")
            seen.append(row_of(pilot, "val/loss"))
        assert len(set(seen)) >= 3  # the last is the least here
        assert "2.3" in seen[2]


async def test_the_best_has_a_star_and_the_other_way_round_another(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP[:3]) as pilot:
        assert "★ 0.200117" in row_of(pilot, "val/loss")
        await go_to(pilot, "metrics", "val/loss")
        await press(pilot, "o")
        await says(pilot, "more of val/loss is better")
        assert "★ 0.303007" in row_of(pilot, "val/loss")


async def test_what_is_not_finite_has_a_glyph(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP[4:6]) as pilot:
        assert "∅ NaN" in row_of(pilot, "val/loss")


async def test_a_baseline_shows_what_the_others_have_changed(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP[:2]) as pilot:
        await press(pilot, "b")
        assert "0.248475 -0.0545 -18%" in row_of(pilot, "val/loss")
        await press(pilot, "b")
        assert "-18%" not in row_of(pilot, "val/loss")


async def test_runs_are_sorted_by_a_row_and_turned_round(tracked: Workspace) -> None:
    async with opened(tracked, (120, 40), compare=SWEEP) as pilot:
        await go_to(pilot, "metrics", "val/loss")
        await press(pilot, "s")
        uuids = screen_of(pilot).look.uuids
        assert uuids[0] == SWEEP[2]
        assert uuids[-1] == SWEEP[5]  # its loss is NaN
        await press(pilot, "s")
        assert screen_of(pilot).look.uuids[0] == SWEEP[6]
        assert screen_of(pilot).look.uuids[-1] == SWEEP[5]


async def test_a_run_is_moved_and_taken_out(tracked: Workspace) -> None:
    async with opened(tracked, compare=SWEEP[:3]) as pilot:
        await press(pilot, "greater_than_sign")
        assert screen_of(pilot).look.uuids == [SWEEP[1], SWEEP[0], SWEEP[2]]
        await press(pilot, "x")
        assert screen_of(pilot).look.uuids == [SWEEP[1], SWEEP[2]]
        assert "fit-1" not in text_of(pilot).splitlines()[2]


async def test_the_filter_keeps_keys_with_words_and_says_where_there_is_none(
    tracked: Workspace,
) -> None:
    async with opened(tracked, compare=SWEEP[:2]) as pilot:
        await press(pilot, "slash", *"loss", "enter")
        assert "val/loss" in text_of(pilot)
        assert "optimizer" not in text_of(pilot)
        await press(pilot, "slash", *"zzz", "enter")
        await says(pilot, "No key has zzz in it.")
        await press(pilot, "escape")
        assert "optimizer" in text_of(pilot)


async def test_sections_are_folded_one_or_all(tracked: Workspace) -> None:
    async with opened(tracked, compare=SWEEP[:2]) as pilot:
        await press(pilot, "enter")
        assert "experiment" not in text_of(pilot).replace("1 experiment", "")
        await press(pilot, "Z")
        assert "val/loss" not in text_of(pilot)
        await press(pilot, "Z")
        assert "val/loss" in text_of(pilot)


async def test_runs_that_are_deleted_meanwhile_are_said(world: World) -> None:
    fill_compared(world)
    async with opened(world.workspace, compare=SWEEP[:3]) as pilot:
        with world.store.write() as connection:
            table = models.tracked_run
            connection.execute(delete(table).where(table.c.uuid == SWEEP[1]))
        await says(pilot, "2 runs, 1 experiment, 1 deleted")
        with world.store.write() as connection:
            connection.execute(delete(table).where(table.c.uuid.in_(SWEEP)))
        await says(pilot, "These runs are deleted. Esc leads back.")


async def test_names_that_mean_harm_are_only_text(tracked: Workspace) -> None:
    async with opened(tracked, compare=HOSTILE) as pilot:
        assert "[bold]x[/]" in text_of(pilot)
        assert all(line.isprintable() for line in text_of(pilot).splitlines())


async def test_a_jump_compares_runs_by_name_and_by_id(tracked: Workspace) -> None:
    async with opened(tracked) as pilot:
        await press(pilot, "colon", *"compare fit-1 2222", "enter")
        await settled(pilot)
        assert screen_of(pilot).look.uuids == list(SWEEP[:2])


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("compare fit-1 nothing", "no tracked run is called nothing"),
        ("compare fit-1", "name at least two tracked runs"),
        ('compare "fit-1', "a quote is not closed"),
        ("compare fit-1 1111", "mark at least two runs to compare"),
    ],
)
async def test_a_jump_says_what_is_wrong_with_the_names(
    tracked: Workspace, typed: str, said: str
) -> None:
    async with opened(tracked) as pilot:
        await press(pilot, "colon", *typed, "enter")
        await says(pilot, said)


async def test_the_page_of_a_run_opens_and_leads_back(tracked: Workspace) -> None:
    async with opened(tracked, compare=SWEEP[:2]) as pilot:
        await press(pilot, "l", "r")
        await says(pilot, "fit-2")
        assert not isinstance(pilot.app.screen, CompareScreen)
        await press(pilot, "escape")
        assert screen_of(pilot).look.run == SWEEP[1]


async def test_all_that_is_nested_in_a_run_is_compared(tracked: Workspace) -> None:
    async with opened(tracked, compare=["0" * 32, SWEEP[0]]) as pilot:
        await press(pilot, "p")
        await says(pilot, "the run is nested in no other")
        await press(pilot, "l", "P")
        await says(pilot, "fewer than two runs are nested in it")
        await press(pilot, "h", "P")
        await says(pilot, "8 runs that are nested in it")
        assert screen_of(pilot).look.uuids == list(SWEEP)
        await press(pilot, "p")
        await says(pilot, "these are all that are nested in it")


async def test_what_the_tries_of_a_task_instance_have_tracked_is_compared(world: World) -> None:
    fill_compared(world)
    version = world.dag("etl")
    run = world.run("etl", version, "success", ago=timedelta(hours=1), run_id="r1")
    world.instance("etl", run, "work", "success", tries=[{"state": "failed"}, {"state": "success"}])
    values = {"dag_id": "etl", "run_id": "r1", "task_id": "work", "map_index": -1}
    table = models.tracked_run
    async with opened(world.workspace, dag="etl", run="r1", task="work") as pilot:
        await press(pilot, "equals_sign")
        await says(pilot, "its tries have no tracked run: two or more are compared")
        with world.store.write() as connection:
            for number, uuid in enumerate(SWEEP[:2]):
                tried = {**values, "try_number": 2 - number}
                connection.execute(update(table).where(table.c.uuid == uuid).values(tried))
        await press(pilot, "equals_sign")
        await settled(pilot)
        assert screen_of(pilot).look.uuids == [SWEEP[1], SWEEP[0]]


async def test_one_comes_back_to_it_by_the_history(tracked: Workspace) -> None:
    async with opened(tracked, compare=SWEEP[:2]) as pilot:
        await press(pilot, "d", "b", "escape", "escape", "escape")
        assert not isinstance(pilot.app.screen, CompareScreen)
        await press(pilot, "left_square_bracket")
        assert screen_of(pilot).look.uuids == list(SWEEP[:2])
        here = app_of(pilot).ways.here()
        assert here is not None
        assert here.compared == SWEEP[:2]


def test_a_location_of_runs_is_read_back_from_json() -> None:
    there = Location("dags", view="table", compared=("a" * 32, "b" * 32))
    assert from_words({**there.words(), "compared": list(there.compared or ())}) == there
    assert from_words({"compared": [1, 2]}) == Location()

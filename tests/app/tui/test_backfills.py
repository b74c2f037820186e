"""A DAG's backfills: what is shown of them, and holding, limiting and cancelling them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.tui.location import Location
from app.tui.models.backfills import columns, detail_line, facts_of, period
from app.tui.scene import Scene
from app.tui.screens.backfills import BackfillsScreen, LimitForm
from app.tui.screens.dags import DagsScreen
from app.tui.screens.runs import RunsScreen
from app.tui.spans import plain
from app.tui.theme import ASCII, UNICODE
from app.tui.widgets.dialogs import ConfirmDialog
from store import models
from store.queries.backfills import BackfillRow
from store.states import DagRunState
from store.workspace import Workspace
from tests.app.tui.dialogs import check_dialog
from tests.app.tui.driving import (
    AppPilot,
    app_of,
    commanded,
    commands,
    opened,
    press,
    says,
    text_of,
    until,
)
from tests.app.tui.snapshot import by_size, check_scene
from tests.app.tui.world import NOW, World, make_world

SCENE = Scene(NOW, UTC, UNICODE)


def add(world: World, key: int, **more: Any) -> None:
    values: dict[str, Any] = {
        "id": key,
        "dag_id": "shop",
        "from_date": datetime(2026, 10, 1, tzinfo=UTC),
        "to_date": datetime(2026, 10, 30, tzinfo=UTC),
        "conf": None,
        "reprocess": "none",
        "max_active_runs": 2,
        "run_backwards": False,
        "actor": "anna",
        "created_at": NOW - timedelta(days=7 - key),
    }
    world._insert(models.backfill, **{**values, **more})


def fill_backfills(world: World) -> None:
    """A DAG with a backfill in each state, with runs in all of theirs."""
    version = world.dag("shop")
    world.lease()
    ended = NOW - timedelta(days=3)
    add(world, 1, ended_at=ended, reprocess="completed", run_backwards=True)
    add(world, 2, ended_at=ended, cancelled_at=ended, conf={"rate": 0.1}, actor="ben")
    add(world, 3, paused_at=NOW - timedelta(hours=2), reprocess="failed", max_active_runs=16)
    add(
        world,
        4,
        next_date=datetime(2026, 10, 9, 6, tzinfo=UTC),
        from_date=datetime(2026, 10, 2, 6, tzinfo=UTC),
        actor="a-service-account@example.org",
    )
    states = {
        1: ["success"] * 12,
        2: ["success", "failed", "failed"],
        3: ["success"] * 4 + ["failed"] + ["queued"] * 25,
        4: ["success", "running", "running", "queued"],
    }
    ago = timedelta(days=40)
    for key, found in states.items():
        for state in found:
            ago -= timedelta(hours=6)
            run = world.run(
                "shop",
                version,
                state,
                ago=ago,
                run_id=f"backfill__{(NOW - ago).isoformat()}",
                run_type="backfill",
                backfill_id=key,
            )
            world.instance("shop", run, "work", None if state == "queued" else state)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """Not to be changed."""
    world = make_world(tmp_path_factory.mktemp("backfills") / "shop")
    fill_backfills(world)
    world.store.close()
    return world.workspace


def screen_of(pilot: AppPilot) -> BackfillsScreen:
    found = app_of(pilot).screen
    assert isinstance(found, BackfillsScreen)
    return found


# -- how it looks ------------------------------------------------------------------------------


@by_size
async def test_backfills_look_as_they_did(size: tuple[int, int], shop: Workspace) -> None:
    await check_scene("backfills", size, shop, ("enter", "0"))


@by_size
async def test_what_came_of_ended_backfills_looks_as_it_did(
    size: tuple[int, int], tmp_path: Path
) -> None:
    world = make_world(tmp_path / "shop")
    version = world.dag("shop")
    world.lease()
    ended = NOW - timedelta(days=3)
    for key, states in {1: ["success"] * 3, 2: ["success", "failed", "failed"]}.items():
        add(world, key, ended_at=ended)
        for number, state in enumerate(states):
            ago = timedelta(days=10 * key + number)
            at = (NOW - ago).isoformat()
            world.run("shop", version, state, ago=ago, run_id=f"backfill__{at}", backfill_id=key)
    add(world, 3, ended_at=ended, cancelled_at=ended)
    world.store.close()
    shown = await check_scene("backfills_ended", size, world.workspace, ("enter", "0", "j"))
    assert "✗ failed" in shown
    assert "3 of 3 runs ended · 2 failed" in shown


@by_size
async def test_the_runs_of_a_backfill_look_as_they_did(
    size: tuple[int, int], shop: Workspace
) -> None:
    await check_scene("backfills_runs", size, shop, ("enter", "0", "enter"))


@by_size
async def test_without_backfills_it_says_how_to_make_one(
    size: tuple[int, int], tmp_path: Path
) -> None:
    world = make_world(tmp_path / "shop")
    world.dag("shop")
    world.lease()
    world.store.close()
    shown = await check_scene("backfills_empty", size, world.workspace, ("enter", "0"))
    assert "B makes the runs of a span of time." in shown


@by_size
async def test_hostile_backfills_are_harmless(
    size: tuple[int, int], workspace_of: Callable[[str], Workspace]
) -> None:
    workspace = workspace_of("besieged")
    shown = await check_scene("backfills_hostile", size, workspace, ("enter", "0", "l", "l"))
    assert not set(shown) & set("\x1b\x07\x9b\x08\u202e")


@by_size
async def test_the_questions_look_as_they_did(size: tuple[int, int], shop: Workspace) -> None:
    way = ("enter", "0")
    asked = await check_dialog("backfills_cancel", size, shop, (*way, "asterisk", "x"))
    assert "26 queued runs fail without having started." in asked
    await check_dialog("backfills_limit", size, shop, (*way, "e"))


def row(**values: Any) -> BackfillRow:
    base: dict[str, Any] = {
        "id": 7,
        "dag_id": "shop",
        "from_date": datetime(2026, 10, 1, tzinfo=UTC),
        "to_date": datetime(2026, 10, 30, tzinfo=UTC),
        "conf": None,
        "reprocess": "none",
        "max_active_runs": 2,
        "run_backwards": False,
        "actor": "anna",
        "created_at": NOW,
        "next_date": None,
        "ended_at": None,
        "paused_at": None,
        "cancelled_at": None,
        "runs": {DagRunState.SUCCESS: 1, DagRunState.QUEUED: 2},
    }
    return BackfillRow(**{**base, **values})


def cell(key: str, one: BackfillRow, scene: Scene = SCENE) -> str:
    column = next(column for column in columns() if column.key == key)
    return plain(column.cell(one, scene)).strip()


def test_dates_have_times_where_they_are_no_midnights_of_the_zone() -> None:
    assert period(row(), SCENE) == "2026-10-01 to 2026-10-30"
    east = Scene(NOW, timezone(timedelta(hours=2)), UNICODE)
    assert period(row(), east) == "10-01 02:00 to 10-30 02:00"
    long_ago = row(from_date=datetime(2024, 10, 1, 7, tzinfo=UTC))
    assert period(long_ago, SCENE) == "2024-10-01 to 2026-10-30"


def test_progress_counts_what_has_ended_and_is_whole_only_at_the_end() -> None:
    assert cell("progress", row()) == "██░░░░  33%"
    assert cell("progress", row(runs={})).endswith("  0%")
    assert cell("progress", row(runs={}, ended_at=NOW)).endswith("100%")
    nearly = row(runs={DagRunState.SUCCESS: 999, DagRunState.RUNNING: 1})
    assert cell("progress", nearly) == "█████░  99%"
    assert cell("progress", nearly, Scene(NOW, UTC, ASCII)) == "#####.  99%"
    assert cell("runs", row()) == "◐2 ✓1"
    assert cell("runs", row(), Scene(NOW, UTC, ASCII)) == "q2 +1"
    assert cell("runs", row(runs={})) == "none"


def test_the_line_below_says_what_the_columns_leave_out() -> None:
    held = plain(detail_line(row(paused_at=NOW - timedelta(hours=2), run_backwards=True), SCENE))
    assert "1 of 3 runs ended" in held
    assert "paused 2h ago: p lets it go on" in held
    assert "2 at once, newest first" in held
    assert "runs that were there are left alone" in held
    assert "more are being made" in plain(detail_line(row(next_date=NOW), SCENE))
    over = row(paused_at=NOW, ended_at=NOW)
    assert "lets it go on" not in plain(detail_line(over, SCENE))


def test_a_backfill_that_ended_with_failed_runs_is_no_success() -> None:
    ended = {DagRunState.SUCCESS: 3, DagRunState.FAILED: 2}
    failed = row(ended_at=NOW, runs=ended)
    assert cell("id", failed) == "7  ✗ failed"
    assert cell("id", failed, Scene(NOW, UTC, ASCII)) == "7  x failed"
    assert "5 of 5 runs ended · 2 failed" in plain(detail_line(failed, SCENE))
    assert facts_of(failed).fields["state"] == ("failed",)
    cancelled = row(cancelled_at=NOW, runs=ended)
    assert cell("id", cancelled, Scene(NOW, UTC, ASCII)) == "7  u cancelled"
    assert "failed" not in plain(detail_line(row(ended_at=NOW), SCENE))


def test_the_filter_knows_state_maker_and_figures() -> None:
    facts = facts_of(row(conf={"rate": 1}))
    assert facts.fields["state"] == ("running",)
    assert facts.fields["by"] == ("anna",)
    assert (facts.numbers["queued"], facts.numbers["runs"]) == (2.0, 3.0)


# -- what its keys do --------------------------------------------------------------------------


async def test_p_pauses_and_lets_go_on_the_backfill_not_the_dag(world: World) -> None:
    fill_backfills(world)
    async with opened(world.workspace, dag="shop") as pilot:
        await press(pilot, "0", "p")
        assert await commanded(pilot) == [("pause_backfill", {"backfill_id": 4})]
        await press(pilot, "j", "p")
        assert (await commanded(pilot, 2))[1] == ("unpause_backfill", {"backfill_id": 3})
        await press(pilot, "j", "p")
        await says(pilot, "backfill 2 is cancelled: it can't be paused")
        await press(pilot, "j", "p")
        await says(pilot, "backfill 1 is completed: it can't be paused")
        assert len(commands(world.workspace)) == 2


async def test_of_marked_backfills_those_follow_the_first_that_are_as_it(world: World) -> None:
    fill_backfills(world)
    add(world, 5)
    async with opened(world.workspace, dag="shop") as pilot:
        await press(pilot, "0", "asterisk", "p")
        found = await commanded(pilot, 2)
        assert found == [("pause_backfill", {"backfill_id": key}) for key in (5, 4)]


async def test_cancelling_names_what_fails_and_wants_its_number_typed(world: World) -> None:
    fill_backfills(world)
    async with opened(world.workspace, dag="shop") as pilot:
        await press(pilot, "0", "j", "x")
        assert isinstance(pilot.app.screen, ConfirmDialog)
        await says(pilot, "25 queued runs fail without having started.")
        await press(pilot, "enter")
        screen_of(pilot)
        await press(pilot, "x", "y")
        assert isinstance(pilot.app.screen, ConfirmDialog)
        await press(pilot, "2", "5", "y")
        assert await commanded(pilot) == [("cancel_backfill", {"backfill_id": 3})]
        await press(pilot, "k", "x")
        await says(pilot, "2 running ones go on")
        await press(pilot, "y")
        assert (await commanded(pilot, 2))[1] == ("cancel_backfill", {"backfill_id": 4})
        await press(pilot, "j", "j", "x")
        await says(pilot, "backfill 2 is cancelled: it can't be cancelled")


async def test_the_question_about_cancelling_counts_the_runs_that_there_are_now(
    world: World,
) -> None:
    fill_backfills(world)
    async with opened(world.workspace, dag="shop") as pilot:
        await press(pilot, "0", "j", "x")
        await says(pilot, "25 queued runs fail without having started.")
        await press(pilot, "2")
        of_it = (models.dag_run.c.backfill_id == 3) & (models.dag_run.c.state == "queued")
        with world.store.write() as connection:
            first = connection.scalar(select(func.min(models.dag_run.c.id)).where(of_it))
            change = update(models.dag_run).where(models.dag_run.c.id == first)
            connection.execute(change.values(state="running"))
        await says(pilot, "24 queued runs fail without having started.")
        await says(pilot, "1 running one goes on")
        await press(pilot, "5", "y")
        assert await commanded(pilot) == [("cancel_backfill", {"backfill_id": 3})]


async def test_the_limit_is_edited_in_a_form(world: World) -> None:
    fill_backfills(world)
    async with opened(world.workspace, dag="shop") as pilot:
        await press(pilot, "0", "e")
        assert isinstance(pilot.app.screen, LimitForm)
        await press(pilot, "backspace", "0", "ctrl+r")
        await says(pilot, "give at least 1")
        await press(pilot, "backspace", "7", "ctrl+r")
        wanted = ("limit_backfill", {"backfill_id": 4, "max_active_runs": 7})
        assert await commanded(pilot) == [wanted]


async def test_enter_leads_to_the_runs_of_the_backfill_and_escape_back(shop: Workspace) -> None:
    async with opened(shop, dag="shop") as pilot:
        await press(pilot, "0", "j", "j", "enter")
        screen = pilot.app.screen
        assert isinstance(screen, RunsScreen)
        assert {entry.run.backfill_id for entry in screen.table.items} == {2}
        assert "3 runs" in text_of(pilot)
        assert "backfill 2" in text_of(pilot).splitlines()[0]
        await press(pilot, "escape")
        current = screen_of(pilot).table.current
        assert current is not None
        assert current.id == 2
        await press(pilot, "enter", "0")
        screen_of(pilot)
        await press(pilot, "enter", "3")
        screen = pilot.app.screen
        assert isinstance(screen, RunsScreen)
        await until(pilot, lambda: len(screen.table.items) == 49, "all runs of the DAG")


async def test_the_cursor_is_found_again_and_the_filter_holds(shop: Workspace) -> None:
    async with opened(shop, dag="shop") as pilot:
        await press(pilot, "0", "j", "j", "9", "0")
        current = screen_of(pilot).table.current
        assert current is not None
        assert current.id == 2
        await press(pilot, "slash", *"state:paused", "enter")
        assert [one.id for one in screen_of(pilot).table.items] == [3]
        assert "1 of 4" in text_of(pilot)


async def test_read_only_has_none_of_it(shop: Workspace) -> None:
    async with opened(shop, read_only=True, dag="shop") as pilot:
        for key in ("p", "x", "e", "B"):
            await press(pilot, "0", key)
            screen_of(pilot)
            await says(pilot, "read-only: nothing can be changed here")
    assert commands(shop) == []


async def test_a_dag_that_is_not_there_is_said_so(shop: Workspace) -> None:
    async with opened(shop, dag="shop") as pilot:
        app_of(pilot).ways.go_to(Location("dags", "nope", "backfills"))
        await says(pilot, "there is no DAG nope")
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, DagsScreen)

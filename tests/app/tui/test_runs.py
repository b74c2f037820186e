"""The tables of runs: of one DAG, and of all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from app.tui.filters import matches, parse
from app.tui.models.long_list import LongList, Page
from app.tui.models.runs import facts_of, runs_named, started_cell, tabs_line, wanted_of
from app.tui.reading_runs import RunEntry, Wanted
from app.tui.scene import Scene
from app.tui.screens.all_runs import AllRunsScreen
from app.tui.screens.dag_views import DagFocus
from app.tui.screens.long_table import HEAD
from app.tui.screens.noting import NoteScreen
from app.tui.screens.run import RunScreen
from app.tui.screens.run_list import RunsTable
from app.tui.screens.runs import RunsScreen
from app.tui.spans import plain
from app.tui.theme import UNICODE
from app.tui.widgets.dialogs import ConfirmDialog
from app.tui.widgets.table import Table
from store import models
from store.queries.runs import RunRow
from store.states import DagRunState, DagRunType
from store.workspace import Workspace
from tests.app.tui.driving import (
    AppPilot,
    arrived,
    commanded,
    commands,
    opened,
    press,
    says,
    text_of,
    until,
)
from tests.app.tui.snapshot import by_size, check_scene
from tests.app.tui.test_keys import three
from tests.app.tui.world import NOW, World, fill_recommend
from tests.support.history import fill

THEN = datetime(2026, 11, 20, tzinfo=UTC)


def run(number: int, **values: Any) -> RunRow:
    row = RunRow(
        id=number,
        dag_id="train",
        run_id=f"manual__{number}",
        run_type=DagRunType.MANUAL,
        state=DagRunState.SUCCESS,
        logical_date=None,
        data_interval_start=None,
        data_interval_end=None,
        run_after=THEN + timedelta(hours=number),
        queued_at=THEN,
        started_at=THEN,
        ended_at=THEN + timedelta(minutes=20),
        conf=None,
        note=None,
        triggered_by="ann",
        version_id=1,
        version=1,
        backfill_id=None,
        clear_number=0,
    )
    return replace(row, **values)


def page(numbers: range, *, more: bool) -> Page[RunEntry]:
    entries = tuple(RunEntry(run(number)) for number in reversed(numbers))
    return Page(entries, entries[-1].run.key if more and entries else None)


def test_a_run_that_failed_in_the_queue_has_never_started() -> None:
    scene = Scene(THEN, UTC, UNICODE)
    queued = run(1, state=DagRunState.QUEUED, started_at=None, ended_at=None)
    given_up = run(2, state=DagRunState.FAILED, started_at=None)
    assert plain(started_cell(RunEntry(queued), scene)) == "not yet"
    assert plain(started_cell(RunEntry(given_up), scene)) == "never"


def numbers(runs: LongList[RunEntry]) -> list[int]:
    return [entry.run.id for entry in runs.entries]


# reading a long list


@given(
    total=st.integers(1, 60),
    head=st.integers(1, 12),
    size=st.integers(1, 12),
    pages=st.integers(0, 6),
    new=st.integers(0, 30),
)
def test_what_is_read_is_always_the_newest_runs_without_a_gap(
    total: int, head: int, size: int, pages: int, new: int
) -> None:
    runs: LongList[RunEntry] = LongList(Wanted())
    first = range(max(0, total - head), total)
    runs.take_head(page(first, more=first.start > 0))
    for _ in range(pages):
        if runs.next is None:
            break
        oldest = numbers(runs)[-1]
        older = range(max(0, oldest - size), oldest)
        assert runs.take_page(runs.next, page(older, more=older.start > 0))
    total += new
    now = range(max(0, total - head), total)
    runs.take_head(page(now, more=now.start > 0))
    read = numbers(runs)
    assert read == list(range(total - 1, read[-1] - 1, -1))
    assert (runs.next is None) == (read[-1] == 0)


def test_watched_runs_are_renewed_and_those_that_are_gone_leave() -> None:
    runs: LongList[RunEntry] = LongList(Wanted())
    runs.take_head(page(range(8, 10), more=True))
    assert runs.next is not None
    runs.take_page(runs.next, page(range(4, 8), more=True))
    again = RunEntry(run(5, state=DagRunState.RUNNING))
    runs.take_head(page(range(8, 10), more=True), [6, 5], [again])
    assert numbers(runs) == [9, 8, 7, 5, 4]
    assert again in runs.entries


def test_a_page_that_comes_too_late_is_left_out() -> None:
    runs: LongList[RunEntry] = LongList(Wanted())
    runs.take_head(page(range(5, 10), more=True))
    before = runs.next
    assert before is not None
    runs.take_page(before, page(range(3, 5), more=True))
    assert not runs.take_page(before, page(range(3, 5), more=True))
    assert numbers(runs) == [9, 8, 7, 6, 5, 4, 3]


# the filter


@pytest.mark.parametrize(
    ("text", "tab", "states", "types"),
    [
        ("", "All", (), ()),
        ("state:fail", "All", ("failed",), ()),
        ("!state:success", "All", ("failed", "queued", "running"), ()),
        ("type=manual loss", "All", (), ("manual",)),
        ("", "Queued", ("queued",), ()),
        ("state:nonsense dur>10m", "All", (), ()),
    ],
)
def test_the_store_chooses_by_state_and_type(
    text: str, tab: str, states: tuple[str, ...], types: tuple[str, ...]
) -> None:
    wanted = wanted_of("train", tab, parse(text))
    assert {state.value for state in wanted.states} == set(states)
    assert {kind.value for kind in wanted.types} == set(types)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("dur>10m", True),
        ("dur>21m", False),
        ("note:loss", True),
        ("noted manual", True),
        ("!noted", False),
        ("by:ann conf:als", True),
        ("failed", False),
        ("failed>0", False),
    ],
)
def test_what_a_run_is_filtered_by(text: str, holds: bool) -> None:
    one = RunEntry(run(1, note="loss is nan", conf={"model": "als"}))
    assert matches(parse(text), facts_of(one, NOW)) is holds


def test_a_run_at_work_has_the_time_it_has_taken_so_far() -> None:
    one = RunEntry(run(1, started_at=NOW - timedelta(minutes=11), ended_at=None))
    assert matches(parse("dur>10m"), facts_of(one, NOW))


def test_runs_are_named_shortly() -> None:
    assert runs_named([run(1)]) == "manual__1"
    assert runs_named([run(1), run(2)]) == "2 runs of train"
    assert runs_named([run(1), run(2, dag_id="etl")]) == "2 runs of 2 DAGs"


def test_a_tab_of_very_many_runs_says_at_least() -> None:
    line = plain(tabs_line({DagRunState.SUCCESS: 10_000, DagRunState.FAILED: 3}, "Failed"))
    assert "Success 10k+" in line
    assert "Failed 3 " in line


# the screens


def table(pilot: AppPilot) -> RunsTable:
    screen = pilot.app.screen
    assert isinstance(screen, RunsTable)
    return screen


def shown(pilot: AppPilot) -> list[str]:
    return [entry.run.run_id for entry in table(pilot).table.items]


def many(world: World, runs: int) -> None:
    fill(world.store, dags=1, runs=runs, tasks=1, live=False)


async def test_a_long_list_is_read_on_as_one_goes_down(world: World) -> None:
    many(world, 1300)
    async with opened(world.workspace, dag="dag_0000") as pilot:
        await press(pilot, "3")
        assert len(shown(pilot)) == HEAD
        assert "1,300 runs" in text_of(pilot)
        for _ in range(3):
            before = len(shown(pilot))
            await press(pilot, "G")
            await until(pilot, lambda b=before: len(shown(pilot)) > b, "more runs")
        await until(pilot, lambda: len(shown(pilot)) == 1300, "all runs")
        assert len(set(shown(pilot))) == 1300


async def test_a_key_that_does_not_exist_is_said_with_those_that_do(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "3", "slash", *"stat:failed")
        await says(pilot, "no key stat: state, type, run, dag")
        await press(pilot, "enter", "escape", "slash", *"!stat:failed", "enter")
        assert pilot.app.screen.query_one("#main", Table).items, "it holds for all"
        await says(pilot, "no key stat: state, type, run, dag")


async def test_tab_completes_keys_and_values_of_the_filter(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "3", "slash", *"sta", "tab")
        screen = pilot.app.screen
        assert isinstance(screen, RunsTable)
        await until(pilot, lambda: screen.filter_text == "state:")
        await press(pilot, *"su", "tab", "enter")
        await until(pilot, lambda: screen.filter_text == "state:success")


async def test_an_order_and_a_filter_look_through_all_runs(world: World) -> None:
    many(world, 700)
    async with opened(world.workspace, dag="dag_0000") as pilot:
        await press(pilot, "3", "slash", *"state:failed", "enter")
        await until(pilot, lambda: len(shown(pilot)) == 100, "the failed ones")
        await press(pilot, "escape", "slash", *"2026-01-01T05", "enter")
        await until(pilot, lambda: len(shown(pilot)) == 1, "an old run")
        await says(pilot, "1 of 700")
        await press(pilot, "escape")
        await press(pilot, "s", "s", "R")
        await until(pilot, lambda: len(shown(pilot)) == 700, "all runs")


async def test_a_run_far_back_is_found_again_when_one_comes_from_another_view(
    world: World,
) -> None:
    many(world, 400)
    oldest = "scheduled__2026-01-01T00:00:00+00:00"
    async with opened(world.workspace, dag="dag_0000") as pilot:
        pilot.app.switch_screen(RunsScreen(DagFocus("dag_0000", oldest)))
        await arrived(pilot)
        await until(pilot, lambda: table(pilot).table.current_key == oldest, "the oldest run")


async def test_the_run_under_the_cursor_holds_in_other_views(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend") as pilot:
        await press(pilot, "3", "j", "2")
        await says(pilot, "05:40:00")
        await press(pilot, "3")
        assert table(pilot).table.current_key == "scheduled__2026-11-21T05:40:00+00:00"


async def test_a_run_far_back_is_renewed_while_it_is_on_screen(world: World) -> None:
    many(world, 300)
    async with opened(world.workspace, dag="dag_0000") as pilot:
        await press(pilot, "3", "G")
        await until(pilot, lambda: len(shown(pilot)) == 300, "all runs")
        await press(pilot, "G")
        oldest = table(pilot).table.current
        assert oldest is not None
        assert oldest.run.state is DagRunState.SUCCESS
        await until(pilot, lambda: oldest.run.id in table(pilot)._watched, "it is watched")
        with world.store.write() as connection:
            connection.execute(
                update(models.dag_run)
                .where(models.dag_run.c.id == oldest.run.id)
                .values(state="failed", note="looked at")
            )
        await says(pilot, "looked at")
        assert len(shown(pilot)) == 300


async def test_enter_opens_the_run(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        for key in ("enter", "r"):
            await press(pilot, "3", key)
            screen = pilot.app.screen
            assert isinstance(screen, RunScreen)
            await press(pilot, "escape")
            assert isinstance(pilot.app.screen, AllRunsScreen)


async def test_on_a_wide_screen_the_grid_leads(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, (170, 40), dag="recommend") as pilot:
        await press(pilot, "3")
        screen = pilot.app.screen
        assert isinstance(screen, RunsScreen)
        wanted = "scheduled__2026-11-20T05:40:00+00:00"
        screen.look_at(wanted, None)
        screen.follow()
        await until(pilot, lambda: screen.table.current_key == wanted, "the run")


async def test_a_note_is_written_on_the_run_under_the_cursor(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend") as pilot:
        await press(pilot, "3", "j", "a")
        assert isinstance(pilot.app.screen, NoteScreen)


async def test_a_new_run_appears_at_the_top_and_the_cursor_stays_on_its_run(
    world: World,
) -> None:
    version = world.dag("alpha")
    world.run("alpha", version, "success", ago=timedelta(hours=1), run_id="first")
    async with opened(world.workspace, dag="alpha") as pilot:
        await press(pilot, "3")
        world.run("alpha", version, "running", ago=timedelta(minutes=1), run_id="second")
        await until(pilot, lambda: shown(pilot) == ["second", "first"], "the new run")
        assert table(pilot).table.current_key == "first"


async def test_clear_asks_once_and_touches_all_marked_runs(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend") as pilot:
        await press(pilot, "3", "space", "space", "c")
        assert isinstance(pilot.app.screen, ConfirmDialog)
        await says(pilot, "2 runs of recommend")
        await press(pilot, "f", "y")
        [(kind, payload)] = await commanded(pilot)
        assert kind == "clear"
        assert payload["run_ids"] == [
            "scheduled__2026-11-21T11:40:00+00:00",
            "scheduled__2026-11-21T05:40:00+00:00",
        ]
        assert payload["task_ids"] is None
        assert payload["only_failed"]


async def test_enter_to_a_question_changes_nothing(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend") as pilot:
        for key in ("c", "m", "x"):
            await press(pilot, "3", key)
            assert isinstance(pilot.app.screen, ConfirmDialog)
            await press(pilot, "enter")
    assert commands(world.workspace) == []


async def test_marking_leaves_runs_alone_that_have_the_state(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "3", "asterisk", "m")
        await says(pilot, "1 run marked success")
        await press(pilot, "f")
        await says(pilot, "2 runs marked failed")
        await press(pilot, "y")
        found = await commanded(pilot, 2)
        assert {(kind, payload["dag_id"], payload["state"]) for kind, payload in found} == {
            ("mark_run", "alpha", "failed"),
            ("mark_run", "gamma", "failed"),
        }


async def test_all_that_pass_the_filter_are_marked_also_those_not_read_yet(world: World) -> None:
    many(world, 1300)
    async with opened(world.workspace) as pilot:
        await press(pilot, "3")
        await says(pilot, "1,300 runs")
        await press(pilot, "slash", *"state:success", "enter", "asterisk", "x")
        await says(pilot, "1,114 marked")
        assert not isinstance(pilot.app.screen, ConfirmDialog), "x took the row under the cursor"
        await press(pilot, "asterisk")
        await until(pilot, lambda: "marked" not in text_of(pilot).splitlines()[3])
        await press(pilot, "slash", "ctrl+u", *"state:failed", "enter", "asterisk")
        await says(pilot, "186 marked")


async def test_of_many_runs_their_number_must_be_typed(world: World) -> None:
    many(world, 30)
    async with opened(world.workspace, dag="dag_0000") as pilot:
        await press(pilot, "3")
        failed = [entry.run.state for entry in table(pilot).table.items].count(DagRunState.FAILED)
        await press(pilot, "asterisk", "m", "f", "y")
        assert isinstance(pilot.app.screen, ConfirmDialog)
        await press(pilot, *str(30 - failed), "y")
        assert len(await commanded(pilot, 30 - failed)) == 30 - failed


async def test_only_runs_that_have_not_ended_are_cancelled(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend") as pilot:
        await press(pilot, "3", "j", "x")
        await says(pilot, "the run has ended")
        await press(pilot, "k", "space", "space", "x")
        await says(pilot, "1 other has ended already")
        await press(pilot, "y")
        [(kind, payload)] = await commanded(pilot)
        assert kind == "cancel_run"
        assert payload["run_id"] == "scheduled__2026-11-21T11:40:00+00:00"
        assert payload["only_unfinished"]


async def test_the_place_has_runs_of_all_dags_in_tabs(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "3")
        assert isinstance(pilot.app.screen, AllRunsScreen)
        assert len(shown(pilot)) == 3
        await press(pilot, "tab", "tab", "tab")
        await until(pilot, lambda: len(shown(pilot)) == 1, "the failed run")
        assert "beta" in text_of(pilot)
        await press(pilot, "2", "3")
        assert isinstance(pilot.app.screen, AllRunsScreen)
        assert len(shown(pilot)) == 1
        await press(pilot, "shift+tab")
        await says(pilot, "No run is under Queued")


async def test_what_matters_is_read_only_where_nothing_may_be_changed(world: World) -> None:
    three(world)
    async with opened(world.workspace, read_only=True) as pilot:
        await press(pilot, "3", "c")
        assert not isinstance(pilot.app.screen, ConfirmDialog)
        await says(pilot, "read-only")


GRID = ("j", "j", "j", "j", "enter")
SCENES: dict[str, tuple[str, tuple[str, ...]]] = {
    "runs_normal": ("normal", (*GRID, "3", "j")),
    "runs_columns_to_the_right": ("normal", (*GRID, "3", "l", "l", "l")),
    "runs_filtered": ("normal", (*GRID, "3", "slash", *"!state:success", "enter")),
    "runs_none": ("normal", ("j", "j", "j", "enter", "3")),
    "runs_hostile": ("hostile", ("j", "j", "j", "enter", "3")),
    "runs_clear_question": ("normal", (*GRID, "3", "space", "space", "space", "c")),
    "all_runs_normal": ("normal", ("3",)),
    "all_runs_failed": ("failed", ("3", "tab", "tab", "tab")),
    "all_runs_empty": ("empty", ("3",)),
    "all_runs_hostile": ("hostile", ("3",)),
}


@by_size
@pytest.mark.parametrize("scene", SCENES)
async def test_a_table_of_runs_looks_as_it_did(
    scene: str, size: tuple[int, int], workspace_of: Callable[[str], Workspace]
) -> None:
    name, keys = SCENES[scene]
    await check_scene(scene, size, workspace_of(name), keys)

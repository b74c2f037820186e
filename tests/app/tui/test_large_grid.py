"""A grid of more cells than are held at a time: a window of runs goes with the cursor."""

from __future__ import annotations

from app.tui.screens.grid import GridScreen
from tests.app.tui.driving import opened, press, text_of, until
from tests.app.tui.world import World
from tests.support.history import fill

RUNS, TASKS = 70, 1000


def place(screen: GridScreen) -> tuple[str, int]:
    """The run under the cursor, and how many runs are held."""
    assert screen.view.run is not None
    assert screen.view.grid is not None
    return screen.view.run.run_id, len(screen.view.grid.runs)


async def test_the_window_goes_with_the_cursor(world: World) -> None:
    fill(world.store, dags=1, runs=RUNS, tasks=TASKS, events=False, tries=False, live=False)
    with world.store.read() as connection:
        rows = connection.exec_driver_sql("SELECT run_id FROM dag_run ORDER BY run_after").all()
    oldest, newest = rows[0][0], rows[-1][0]
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, GridScreen)
        assert place(screen)[0] == newest
        await press(pilot, "circumflex_accent")
        await until(pilot, lambda: place(screen)[0] == oldest, "the oldest run")
        held = place(screen)[1]
        assert held * TASKS <= 40_000
        for _ in range(held + 2):  # over the newest that is held
            screen.action_travel("right")
        await until(pilot, lambda: place(screen)[0] != oldest, "a newer run")
        await press(pilot, "dollar_sign")
        await until(pilot, lambda: place(screen)[0] == newest, "the newest run")


def names(world: World) -> list[str]:
    """The runs, oldest first."""
    with world.store.read() as connection:
        rows = connection.exec_driver_sql("SELECT run_id FROM dag_run ORDER BY run_after").all()
    return [row[0] for row in rows]


async def test_one_key_goes_to_the_oldest_run_and_one_to_the_newest(world: World) -> None:
    fill(world.store, dags=1, runs=300, tasks=2, events=False, tries=False, live=False)
    runs = names(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, GridScreen)
        await press(pilot, "circumflex_accent")
        await until(pilot, lambda: place(screen)[0] == runs[0], "the oldest run")
        await press(pilot, "l", "l", "h")
        assert place(screen)[0] == runs[1]
        await press(pilot, "dollar_sign")
        await until(pilot, lambda: place(screen)[0] == runs[-1], "the newest run")


async def test_more_is_read_before_the_cursor_is_at_the_end(world: World) -> None:
    fill(world.store, dags=1, runs=100, tasks=1000, events=False, tries=False, live=False)
    runs = names(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, GridScreen)
        held = place(screen)[1]
        for _ in range(held - 5):
            screen.action_travel("left")
        assert screen.view.run_index == 4
        await until(pilot, lambda: screen.view.run_index > 4, "older runs before it")
        assert place(screen)[0] == runs[-1 - (held - 5)], "the cursor stays on its run"


async def test_a_run_far_back_is_where_its_link_says(world: World) -> None:
    fill(world.store, dags=1, runs=300, tasks=2, events=False, tries=False, live=False)
    run_id = names(world)[120]
    async with opened(world.workspace, dag="dag_0000", run=run_id) as pilot:
        await press(pilot, "escape")
        screen = pilot.app.screen
        assert isinstance(screen, GridScreen)
        await until(pilot, lambda: place(screen)[0] == run_id, "the run of the link")


async def test_steps_taken_faster_than_runs_are_read_all_count(world: World) -> None:
    fill(world.store, dags=1, runs=200, tasks=1000, events=False, tries=False, live=False)
    runs = names(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, GridScreen)
        for _ in range(150):
            screen.action_travel("left")
        await until(pilot, lambda: place(screen)[0] == runs[-151], "150 runs back")
        assert "‹" in text_of(pilot)
        assert "›" in text_of(pilot)
        assert "40+ runs" in text_of(pilot)
        for _ in range(149):
            screen.action_travel("right")
        await until(pilot, lambda: place(screen)[0] == runs[-2], "149 runs on")


async def test_the_filter_shows_only_the_runs_that_are_wanted(world: World) -> None:
    fill(world.store, dags=1, runs=150, tasks=2, events=False, tries=False, live=False)
    with world.store.read() as connection:
        found = connection.exec_driver_sql("SELECT run_id FROM dag_run WHERE state = 'failed'")
        failed = {row[0] for row in found}
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "slash", *"run:f", "tab")
        screen = pilot.app.screen
        assert isinstance(screen, GridScreen)
        view = screen.view
        await until(pilot, lambda: view.grid and {r.run_id for r in view.grid.runs} == failed)
        await press(pilot, "enter")
        assert "/run:failed" in text_of(pilot)
        await press(pilot, "slash", "ctrl+u", *"type:backfill", "enter")
        await until(pilot, lambda: "no run passes the filter" in text_of(pilot))
        await press(pilot, "escape")
        await until(pilot, lambda: view.grid and len(view.grid.runs) > len(failed))
        await press(pilot, "slash", *"stat:failed", "enter")
        assert "no key stat: run, type" in text_of(pilot)


async def test_as_many_runs_are_read_as_there_is_room_for(world: World) -> None:
    fill(world.store, dags=1, runs=300, tasks=2, events=False, tries=False, live=False)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, GridScreen)
        view = screen.view
        await until(pilot, lambda: view.grid is not None)
        assert view.grid is not None
        assert view.columns <= len(view.grid.runs) < 40
        await pilot.resize_terminal(200, 50)
        await until(pilot, lambda: view.grid and view.columns <= len(view.grid.runs) < 100)
        assert view.columns > 40

"""A grid of more cells than are held at a time: a window of runs goes with the cursor."""

from __future__ import annotations

from app.tui.screens.grid import GridScreen
from tests.app.tui.driving import AppPilot, opened, press, until
from tests.app.tui.world import World
from tests.support.history import fill

RUNS, TASKS = 70, 1000


def place(screen: GridScreen) -> tuple[str, int]:
    """The run under the cursor, and how many runs are held."""
    assert screen.view.run is not None
    assert screen.view.grid is not None
    return screen.view.run.run_id, len(screen.view.grid.runs)


async def far(pilot: AppPilot, screen: GridScreen, key: str) -> None:
    """Press a key until the cursor goes no further that way."""
    for _ in range(12):
        before = place(screen)
        await press(pilot, key)
        await pilot.pause(0.6)
        if place(screen) == before:
            return


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
        await far(pilot, screen, "circumflex_accent")
        run_id, held = place(screen)
        assert run_id == oldest
        assert held * TASKS <= 40_000
        for _ in range(held + 2):  # over the newest that is held
            screen.action_travel("right")
        await until(pilot, lambda: place(screen)[0] != oldest, "a newer run")
        await press(pilot, "dollar_sign")
        await until(pilot, lambda: place(screen)[0] == newest, "the newest run")

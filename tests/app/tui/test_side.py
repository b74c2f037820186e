"""The grid beside another view of a DAG, on wide terminals."""

from __future__ import annotations

from collections.abc import Callable

from app.tui.screens.graph import GraphScreen
from app.tui.screens.grid import GridScreen
from store.workspace import Workspace
from tests.app.tui.driving import opened, press, says, text_of, until
from tests.app.tui.world import World
from tests.support.history import fill

TO_RECOMMEND = ("colon", *"recommend", "enter")


async def test_the_grid_leads_the_other_half(workspace_of: Callable[[str], Workspace]) -> None:
    async with opened(workspace_of("normal"), (200, 50)) as pilot:
        await press(pilot, *TO_RECOMMEND, "2", "ctrl+w", "j", "j", "h")
        graph = pilot.app.screen
        assert isinstance(graph, GraphScreen)
        await until(pilot, lambda: graph.look.run_id is not None, "the run before")
        await says(pilot, "older run")
        await until(pilot, lambda: graph.view.row is not None, "its task")
        assert graph.side.run is not None
        assert graph.side.row is not None
        assert graph.look.task_id == graph.side.row.id
        assert graph.look.run_id == graph.side.run.run_id
        row = graph.view.row
        assert row is not None
        assert row.id == graph.look.task_id
        await press(pilot, "ctrl+w")
        assert graph.view.has_focus


async def test_the_grid_at_the_side_goes_on_to_older_runs(world: World) -> None:
    fill(world.store, dags=1, runs=100, tasks=2, events=False, tries=False, live=False)
    async with opened(world.workspace, (200, 50)) as pilot:
        await press(pilot, "enter", "2", "ctrl+w", *["h"] * 35)
        graph = pilot.app.screen
        assert isinstance(graph, GraphScreen)
        await until(pilot, lambda: graph.side.grid and len(graph.side.grid.runs) == 100, "all")
        assert graph.side.run_index == 99 - 35


async def test_a_narrow_terminal_has_one_half(workspace_of: Callable[[str], Workspace]) -> None:
    async with opened(workspace_of("normal"), (120, 40)) as pilot:
        await press(pilot, *TO_RECOMMEND, "2", "ctrl+w")
        await says(pilot, "two need 150 columns")
        assert "TASK" not in text_of(pilot)


async def test_the_half_comes_and_goes_with_the_size(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("normal"), (200, 50)) as pilot:
        await press(pilot, *TO_RECOMMEND, "2", "ctrl+w")
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "TASK" not in text_of(pilot), "one half")
        graph = pilot.app.screen
        assert isinstance(graph, GraphScreen)
        assert graph.view.has_focus
        await pilot.resize_terminal(200, 50)
        await says(pilot, "TASK")


async def test_a_wide_grid_has_its_panel_open(workspace_of: Callable[[str], Workspace]) -> None:
    async with opened(workspace_of("normal"), (200, 50)) as pilot:
        await press(pilot, *TO_RECOMMEND)
        assert isinstance(pilot.app.screen, GridScreen)
        await says(pilot, "pool")

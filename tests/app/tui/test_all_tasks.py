"""The tables of task instances across runs: of all DAGs, and of one task."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from store.workspace import Workspace
from tests.app.tui.snapshot import SIZES, check_scene

SCENES: dict[str, tuple[str, tuple[str, ...]]] = {
    "all_tasks_normal": ("normal", ("I",)),
    "all_tasks_filtered": ("normal", ("I", "slash", *"state:failed", "enter")),
    "all_tasks_columns_to_the_right": ("normal", ("I", "l", "l", "l", "l")),
    "all_tasks_marked": ("normal", ("I", "space", "j", "space", "c")),
    "all_tasks_empty": ("empty", ("I",)),
    "all_tasks_hostile": ("hostile", ("I",)),
    "task_over_runs": ("normal", ("j", "j", "j", "j", "enter", "j", "j", "O")),
    "task_over_runs_hostile": ("hostile", ("I", "O")),
}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("scene", SCENES)
async def test_a_table_of_task_instances_looks_as_it_did(
    scene: str, size: tuple[int, int], workspace_of: Callable[[str], Workspace]
) -> None:
    name, keys = SCENES[scene]
    await check_scene(scene, size, workspace_of(name), keys)

"""The run screen and the views of a task instance as plain text.

``DAGTOP_TEST_UPDATE=1`` writes the snapshots; look at the difference before it is kept.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from store.workspace import Workspace
from tests.app.tui import run_world
from tests.app.tui.snapshot import by_size, check_scene
from tests.app.tui.world import make_world

RUN = ("enter", "r")
LOAD = (*RUN, "o")
RETRIED = (*RUN, "j", "j", "j", "o")
RUNNING = (*RUN, "j", "j", "j", "j", "o")
FAILED = (*RUN, "less_than_sign")

SCENES: dict[str, tuple[str, tuple[str, ...]]] = {
    "run_live": ("training", RUN),
    "run_failed": ("training", FAILED),
    "run_filtered": ("training", (*RUN, "slash", *"fit !running", "enter", "space", "space")),
    "run_columns": ("training", (*RUN, "l", "l", "j", "j", "j")),
    "run_clear_several": ("training", (*RUN, "space", "j", "space", "c")),
    "run_huge": ("huge", (*RUN, "G")),
    "run_hostile": ("hostile_values", RUN),
    "task_details": ("training", RETRIED),
    "task_details_end": ("training", (*RETRIED, "G")),
    "task_details_hostile": ("hostile_values", LOAD),
    "task_templates": ("training", (*RETRIED, "3")),
    "task_templates_hostile": ("hostile_values", (*LOAD, "3")),
    "task_xcoms": ("training", (*LOAD, "4")),
    "task_xcoms_none": ("training", (*RETRIED, "4")),
    "task_xcoms_hostile": ("hostile_values", (*LOAD, "4", "enter")),
    "task_xcom_large": ("training", (*LOAD, "4", "j", "j", "enter")),
    "task_resources": ("training", (*RUNNING, "5")),
    "task_resources_none": ("training", (*RETRIED, "5")),
    "task_commands": ("training", (*RETRIED, "6")),
    "task_commands_end": ("training", (*RETRIED, "6", "G")),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Workspace]:
    """Workspaces by name; made once, to be read only."""
    found: dict[str, Workspace] = {}

    def give(name: str) -> Workspace:
        if name not in found:
            one = make_world(tmp_path_factory.mktemp(name) / "shop")
            getattr(run_world, f"fill_{name}")(one)
            one.store.close()
            found[name] = one.workspace
        return found[name]

    return give


@by_size
@pytest.mark.parametrize("scene", SCENES)
async def test_a_screen_looks_as_it_did(
    scene: str,
    size: tuple[int, int],
    made: Callable[[str], Workspace],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    name, keys = SCENES[scene]
    workspace = made(name)
    # so that every command begins with "dagtop" alone, wherever this is run
    monkeypatch.chdir(workspace.root)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    shown = await check_scene(scene, size, workspace, keys)
    assert "\x1b" not in shown
    assert "hunter2" not in shown


@pytest.mark.parametrize("size", [(60, 20), (200, 50)], ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("scene", ["run_live", "run_failed", "task_details", "task_resources"])
async def test_other_sizes(
    scene: str, size: tuple[int, int], made: Callable[[str], Workspace]
) -> None:
    name, keys = SCENES[scene]
    await check_scene(scene, size, made(name), keys)

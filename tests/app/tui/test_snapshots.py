"""Every screen as plain text, at both sizes, in the states that matter.

``DAGTOP_TEST_UPDATE=1`` writes the snapshots; look at the difference before it is kept.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from store.workspace import Workspace
from tests.app.tui.driving import opened, press, text_of
from tests.app.tui.everywhere import INSTANCES, LOG
from tests.app.tui.snapshot import by_size, check, check_scene, settled

RECOMMEND = ("j",) * 5

SCENES: dict[str, tuple[str, tuple[str, ...]]] = {
    "dags_empty": ("empty", ()),
    "dags_normal": ("normal", ()),
    "dags_failed": ("failed", ()),
    "dags_hostile": ("hostile", ()),
    "dags_failed_tab": ("failed", ("shift+tab",)),
    "dags_filtered": ("normal", ("slash", "m", "l", "enter")),
    "dags_columns_to_the_right": ("normal", ("l", "l")),
    "import_errors": ("failed", ("e",)),
    "import_errors_hostile": ("hostile", ("e",)),
    "help": ("normal", ("question_mark",)),
    "jump": ("normal", ("colon", "e")),
    "trigger_form": ("normal", (*RECOMMEND[1:], "t")),
    "trigger_question": ("normal", ("t",)),
    "grid_normal": ("normal", (*RECOMMEND[1:], "enter")),
    "grid_failed": ("failed", (*RECOMMEND, "enter", "h", *["j"] * 7)),
    "grid_folded": ("normal", (*RECOMMEND[1:], "enter", "Z")),
    "grid_panel": ("normal", (*RECOMMEND[1:], "enter", "h", "i")),
    "grid_hostile": ("hostile", ("j", "j", "j", "enter", "i")),
    "grid_without_runs": ("normal", ("j", "j", "j", "enter")),
    "graph_normal": ("normal", (*RECOMMEND[1:], "enter", "2")),
    "graph_boxes": ("normal", (*RECOMMEND[1:], "enter", "2", "d", "b", "l", "l")),
    "graph_folded": ("normal", (*RECOMMEND[1:], "enter", "2", "asterisk")),
    "graph_failed": ("failed", (*RECOMMEND, "enter", "h", "2", "slash", *"train", "enter")),
    "graph_near": ("normal", (*RECOMMEND[1:], "enter", "2", "slash", *"prep", "enter", "z")),
    "graph_hostile": ("hostile", ("j", "j", "j", "enter", "2")),
    "graph_without_runs": ("normal", ("j", "j", "j", "enter", "2")),
    "clear_question": ("normal", (*RECOMMEND[1:], "enter", "c")),
    "mark_question": ("normal", (*RECOMMEND[1:], "enter", "m")),
    "run_details": ("normal", (*RECOMMEND[1:], "enter", "r")),
    "run_details_hostile": ("hostile", ("j", "j", "j", "enter", "r")),
    "instances_failed": ("normal", (*RECOMMEND[1:], "enter", "h", *["j"] * 6, "enter")),
    "log_failed": (
        "normal",
        (*RECOMMEND[1:], "enter", "h", *["j"] * 6, "enter", "j", "j", "j", "enter"),
    ),
    "log_missing": ("normal", (*RECOMMEND[1:], "enter", "enter")),
    "log_not_started": ("normal", (*RECOMMEND[1:], "enter", *["j"] * 7, "enter")),
    "log_hostile": ("hostile", ("j", "j", "j", "enter", "enter")),
    "palette": ("normal", (*RECOMMEND[1:], "enter", "ctrl+p")),
    "letters": ("normal", ("apostrophe",)),
    "variables_empty": ("empty", ("5",)),
    "connections_empty": ("empty", ("6",)),
    "instances_hostile": ("besieged", INSTANCES),
    "merged_hostile": ("besieged", ("enter", "M")),
    "task_resources_hostile": ("besieged", (*LOG, "5")),
    "pool_hostile": ("besieged", ("7", "enter")),
    "asset_events_hostile": ("besieged", ("8", "enter")),
}


@by_size
@pytest.mark.parametrize("scene", SCENES)
async def test_a_screen_looks_as_it_did(
    scene: str, size: tuple[int, int], workspace_of: Callable[[str], Workspace]
) -> None:
    name, keys = SCENES[scene]
    await check_scene(scene, size, workspace_of(name), keys)


@pytest.mark.parametrize("size", [(60, 20), (39, 12), (200, 50)], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_other_sizes(size: tuple[int, int], workspace_of: Callable[[str], Workspace]) -> None:
    async with opened(workspace_of("normal"), size) as pilot:
        check(f"dags-{size[0]}x{size[1]}", text_of(pilot))
        if size[0] > 40:
            await press(pilot, "j", "j", "j", "j", "enter")
            await settled(pilot)
            check(f"grid-{size[0]}x{size[1]}", text_of(pilot))
            await press(pilot, "2")
            await settled(pilot)
            check(f"graph-{size[0]}x{size[1]}", text_of(pilot))


async def test_a_terminal_without_unicode_gets_ascii(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("normal"), environment={"LANG": "C", "TERM": "vt100"}) as pilot:
        await press(pilot, "j", "j", "j", "j", "enter")
        await settled(pilot)
        shown = text_of(pilot)
        check("grid-ascii", shown)
        await press(pilot, "2")
        await settled(pilot)
        graph = text_of(pilot)
        check("graph-ascii", graph)
    assert (shown + graph).isascii()

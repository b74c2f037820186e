"""A few screens as pictures: colours count, too, where plain text shows only characters."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from store.workspace import Workspace
from tests.app.tui.driving import app_of, opened, press
from tests.app.tui.snapshot import check_text, settled

SCENES: dict[str, tuple[str, tuple[str, ...]]] = {
    "dags": ("normal", ()),
    "grid": ("normal", ("slash", *"recommend", "enter", "enter")),
    "graph": ("normal", ("slash", *"recommend", "enter", "enter", "2")),
    "hostile": ("hostile", ()),
}


@pytest.mark.parametrize("scene", SCENES)
async def test_a_screen_is_drawn_as_it_was(
    scene: str, workspace_of: Callable[[str], Workspace]
) -> None:
    name, keys = SCENES[scene]
    workspace = workspace_of(name)
    async with opened(workspace) as pilot:
        await press(pilot, *keys)
        await settled(pilot)
        drawn = app_of(pilot).export_screenshot(title="dagtop")
    check_text(f"{scene}.svg", drawn.replace(str(workspace.root), "/SHOP"))
    assert "\x1b" not in drawn

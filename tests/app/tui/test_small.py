"""Every screen and dialog on a small terminal, and with --read-only.

``DAGTOP_TEST_UPDATE=1`` writes the snapshots; look at the difference before it is kept.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.tui.actions import actions_for
from app.tui.screens.base import DagtopScreen
from store.workspace import Workspace
from tests.app.tui.driving import app_of, commands, opened, text_of
from tests.app.tui.everywhere import SCREENS, go, quiet, type_keys
from tests.app.tui.snapshot import check, settled

SIZE = (60, 20)
MOVING = {"home", "system", "export", "commands", "all events", "all events info"}
"""These show the machine as it is now, the folder, or columns by what is known so far."""


@pytest.mark.timeout(180)
async def test_every_screen_is_usable_on_a_small_terminal(
    workspace_of: Callable[[str], Workspace],
) -> None:
    workspace = workspace_of("small")
    async with opened(workspace, SIZE) as pilot:
        app = app_of(pilot)
        for name, way in SCREENS.items():
            await go(app, way)
            await settled(pilot)
            shown = text_of(pilot)
            assert all(len(line) <= SIZE[0] for line in shown.splitlines()), name
            if isinstance(app.screen, DagtopScreen) and name not in MOVING:
                stem = f"small-{name.replace(' ', '_')}-60x20"
                check(stem, shown.replace(str(workspace.root), "/SHOP"))


@pytest.mark.timeout(180)
async def test_read_only_takes_every_acting_key_from_every_screen(
    workspace_of: Callable[[str], Workspace],
) -> None:
    workspace = workspace_of("small")
    async with opened(workspace, SIZE, read_only=True) as pilot:
        app = app_of(pilot)
        for name, way in SCREENS.items():
            await go(app, way)
            screen = app.screen
            if not isinstance(screen, DagtopScreen):  # the row's form: it must not open
                raise AssertionError(f"{name} opens {screen}")
            acting = [one for one in actions_for(screen.contexts) if one.acts]
            assert acting, "on each at least S"
            assert not [one for one in screen.footer.actions if one.acts], name
            assert "S starts" not in text_of(pilot), name
            free = {key for one in actions_for(screen.contexts) if not one.acts for key in one.keys}
            for key in {key for one in acting for key in one.keys} - free:
                await type_keys(app, key)
                assert app.screen is screen, f"{name}: {key} opens {app.screen}"
            await quiet(app)
    assert commands(workspace) == []

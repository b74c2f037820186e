"""Every screen and dialog on a small terminal, and with --read-only.

``DAGTOP_TEST_UPDATE=1`` writes the snapshots; look at the difference before it is kept.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.tui.actions import actions_for
from app.tui.screens.base import DagtopScreen
from store.workspace import Workspace
from tests.app.tui.dialogs import dialog_of
from tests.app.tui.driving import app_of, commands, opened, press, text_of, until
from tests.app.tui.everywhere import ACTING, ASKING, SCREENS, go, quiet, type_keys
from tests.app.tui.snapshot import check, settled

SIZE = (60, 20)
MOVING = {"home", "system", "export", "commands", "all events", "all events info"}
"""These show the machine as it is now, the folder, or columns by what is known so far."""
DIALOGS = {"variable value", "why"}
"""Those of the whole screens that are dialogs."""


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
async def test_every_question_and_form_is_whole_on_a_small_terminal(
    workspace_of: Callable[[str], Workspace],
) -> None:
    """Of a dialog the box alone: what is behind it has its own."""
    workspace = workspace_of("small")
    async with opened(workspace, SIZE) as pilot:
        app = app_of(pilot)
        for name, way in {**SCREENS, **ASKING, **ACTING}.items():
            if (name in SCREENS and name not in DIALOGS) or name in MOVING:
                continue
            await go(app, way)
            await settled(pilot)
            shown = text_of(pilot)
            assert all(len(line) <= SIZE[0] for line in shown.splitlines()), name
            if not isinstance(app.screen, DagtopScreen) and "╭" in shown:
                shown = dialog_of(shown)
            check(f"small-{name.replace(' ', '_')}-60x20", shown)


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


async def test_a_long_message_is_shown_to_its_end(
    workspace_of: Callable[[str], Workspace],
) -> None:
    sentence = (
        "run scheduled__2026-11-20T11:00:00+00:00 of recommendation can't be cleared: the runner "
        "is not up; S starts it, or type dagtop up in a shell"
    )
    async with opened(workspace_of("normal"), SIZE) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, DagtopScreen)
        await press(pilot, "G")
        before = text_of(pilot).splitlines()
        screen.dagtop.say(sentence, "error")
        await until(pilot, lambda: screen.footer.size.height == 3, "three lines")
        shown = text_of(pilot).splitlines()
        assert " ".join(" ".join(shown[-3:]).split()) == sentence
        assert any(line.startswith("▌") for line in shown), "the cursor stays in view"
        screen.dagtop.say("short")
        await until(pilot, lambda: screen.footer.size.height == 1, "one line")
        screen.footer.message = ()
        await until(pilot, lambda: text_of(pilot).splitlines()[-1] == before[-1], "the keys")
        assert text_of(pilot).splitlines() == before

"""Screens as plain text, compared with what they were.

``DAGTOP_TEST_UPDATE=1`` writes them anew; look at the difference before it is kept.
"""

from __future__ import annotations

import difflib
import os
from pathlib import Path

import pytest

from app.tui.application import DagtopApp
from app.tui.timers import Rest
from store.workspace import Workspace
from tests.app.tui.driving import AppPilot, app_of, opened, press, text_of, until

FOLDER = Path(__file__).with_name("snapshots")
SIZES = [(80, 24), (120, 40)]
by_size = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


def is_awaited(app: DagtopApp) -> bool:
    """Whether something is still to be read: it was asked for, or will be once a cursor rests."""
    parts = [vars(screen).values() for screen in app.screen_stack]
    rests = [one for values in parts for one in values if isinstance(one, Rest)]
    return app.refresher.is_asked or any(rest.is_begun for rest in rests)


async def settled(pilot: AppPilot) -> None:
    """Wait until what is read off the loop has arrived and the screen stays as it is."""
    app, last = app_of(pilot), ""
    for _ in range(40):
        await until(pilot, lambda: app.trouble or not is_awaited(app), "what was asked for")
        now = text_of(pilot)
        if now == last:
            return
        last = now
        await pilot.pause(0.15)


async def check_scene(
    scene: str, size: tuple[int, int], workspace: Workspace, keys: tuple[str, ...]
) -> str:
    """Open a workspace, press keys, and compare the screen with the snapshot of that name."""
    async with opened(workspace, size) as pilot:
        await press(pilot, *keys)
        await settled(pilot)
        shown = text_of(pilot).replace(str(workspace.root), "/SHOP")
    check(f"{scene}-{size[0]}x{size[1]}", shown)
    return shown


async def check_plain(scene: str, workspace: Workspace, dag: str, keys: tuple[str, ...]) -> None:
    """The same of a DAG on a small terminal that knows neither colours nor Unicode."""
    environment = {"LANG": "C", "TERM": "vt100"}
    async with opened(workspace, (60, 20), environment, dag=dag) as pilot:
        await press(pilot, *keys)
        await settled(pilot)
        shown = text_of(pilot)
    check(f"{scene}-60x20-ascii", shown)
    assert shown.isascii()


def check(name: str, shown: str) -> None:
    """Compare a screen with the snapshot of that name."""
    check_text(f"{name}.txt", shown)


def check_text(name: str, shown: str) -> None:
    """Compare a text with the file of that name."""
    path = FOLDER / name
    if os.environ.get("DAGTOP_TEST_UPDATE"):
        path.write_text(shown, encoding="utf-8")
    assert path.exists(), f"there is no snapshot {name}: run with DAGTOP_TEST_UPDATE=1"
    expected = path.read_text(encoding="utf-8")
    lines = difflib.unified_diff(expected.splitlines(), shown.splitlines(), name, "shown", n=0)
    assert shown == expected, "\n" + "\n".join(lines)

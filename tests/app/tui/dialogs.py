"""Snapshots of dialogs alone: what is behind them belongs to other tests."""

from __future__ import annotations

from store.workspace import Workspace
from tests.app.tui.driving import opened, press, text_of
from tests.app.tui.snapshot import check, settled


def dialog_of(shown: str) -> str:
    """The box on top of a screen."""
    lines = shown.split("\n")
    first = next(number for number, line in enumerate(lines) if "╭" in line)
    last = max(number for number, line in enumerate(lines) if "╯" in line)
    left, right = lines[last].index("╰"), lines[last].index("╯")
    return "\n".join(line[left : right + 1] for line in lines[first : last + 1]) + "\n"


async def check_dialog(
    scene: str, size: tuple[int, int], workspace: Workspace, keys: tuple[str, ...]
) -> str:
    """Open a workspace, press keys, and compare the dialog with the snapshot of that name."""
    async with opened(workspace, size) as pilot:
        await press(pilot, *keys)
        await settled(pilot)
        shown = dialog_of(text_of(pilot))
    check(f"{scene}-{size[0]}x{size[1]}", shown)
    return shown

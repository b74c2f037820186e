"""Actions of System."""

from __future__ import annotations

from app.tui.actions.action import GO, VIEW, Action

TITLES = {
    "system": "System",
}

ACTIONS: tuple[Action, ...] = (
    Action("place.show-system", ("9",), "System", "the runner, processes, machine, database", GO),
    Action("system.runner_log", ("L",), "Runner log", "the end of the runner's log", GO, 1),
    Action("system.copy", ("y",), "Copy", "copy the page to the clipboard (OSC 52)", VIEW, 2),
)

"""Actions of a run's own screen."""

from __future__ import annotations

from app.tui.actions.action import ACT, MOVE, VIEW, Action

TITLES = {
    "run_screen": "run",
}

ACTIONS: tuple[Action, ...] = (
    Action("run_screen.why", ("w",), "Why", "what tasks wait for, each reason once", VIEW, 5),
    Action(
        "run_screen.trigger",
        ("t",),
        "Trigger",
        "start a run of the DAG now, with its params",
        ACT,
        acts=True,
    ),
    Action(
        "run_screen.clone", ("T",), "Clone", "trigger a run with this run's params", ACT, acts=True
    ),
    Action("run_screen.copy", ("y",), "Copy id", "copy the run id to the clipboard (OSC 52)", VIEW),
    Action("run_screen.about_down", ("J", "shift+down"), "Facts down", "scroll the facts", MOVE),
    Action("run_screen.about_up", ("K", "shift+up"), "Facts up", "scroll the facts back", MOVE),
)

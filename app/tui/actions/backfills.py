"""Actions of a DAG's backfills."""

from __future__ import annotations

from app.tui.actions.action import ACT, GO, VIEW, Action

TITLES = {
    "backfills": "backfills of a DAG",
}

ACTIONS: tuple[Action, ...] = (
    Action("view.show-backfills", ("0",), "Backfills", "spans of time made up for", GO),
    Action(
        "backfills.pause",
        ("p",),
        "Pause",
        "hold the marked ones' queued runs, or let go",
        ACT,
        3,
        acts=True,
        of_row=True,
    ),
    Action(
        "backfills.cancel",
        ("x",),
        "Cancel",
        "queued runs of the marked ones fail",
        ACT,
        5,
        acts=True,
        destructive=True,
        of_row=True,
    ),
    Action(
        "backfills.edit",
        ("e",),
        "Limit",
        "how many runs of the marked ones run at once",
        ACT,
        acts=True,
        of_row=True,
    ),
    Action("backfills.copy", ("y",), "Copy", "copy the backfill's id (OSC 52)", VIEW, of_row=True),
)

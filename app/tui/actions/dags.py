"""Actions of the DAG list."""

from __future__ import annotations

from app.tui.actions.action import ACT, FAVOURITE, VIEW, Action

TITLES = {
    "dags": "DAG list",
}

ACTIONS: tuple[Action, ...] = (
    Action(
        "dags.trigger",
        ("t",),
        "Trigger",
        "start a run now, with its params",
        ACT,
        2,
        acts=True,
        of_row=True,
    ),
    Action(
        "dags.pause",
        ("p",),
        "Pause",
        "pause or unpause the schedule",
        ACT,
        3,
        acts=True,
        of_row=True,
    ),
    Action(
        "dags.delete",
        ("d",),
        "Delete",
        "delete all runs of the DAG, with their logs",
        ACT,
        acts=True,
        destructive=True,
        of_row=True,
    ),
    Action("dags.next_tab", ("tab",), "Next tab", "All, Active, Paused, Running, Failed", VIEW, 5),
    Action("dags.previous_tab", ("shift+tab",), "Previous tab", "the tab before", VIEW),
    Action("dags.favourite", ("F",), "Favourite", FAVOURITE, VIEW, of_row=True),
    Action("dags.copy", ("y",), "Copy", "copy the DAG ids (OSC 52)", VIEW, of_row=True),
    Action("dags.errors", ("e",), "Errors", "open the import errors", VIEW),
)

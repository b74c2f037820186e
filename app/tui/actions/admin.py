"""Actions of the places where Variables, Connections and pools are looked after."""

from __future__ import annotations

from app.tui.actions.action import ACT, GO, VIEW, Action

TITLES = {
    "admin": "Variables, Connections, Pools",
    "variables": "Variables",
}

ACTIONS: tuple[Action, ...] = (
    Action("place.show-variables", ("5",), "Variables", "the Variables", GO),
    Action("place.show-connections", ("6",), "Connections", "the Connections", GO),
    Action("place.show-pools", ("7",), "Pools", "the pools and their slots", GO),
    Action("admin.add", ("A",), "Add", "make a new one", ACT, 2, acts=True),
    Action(
        "admin.edit",
        ("e",),
        "Edit",
        "change the row; of pools all marked",
        ACT,
        3,
        acts=True,
        of_row=True,
    ),
    Action(
        "admin.delete",
        ("d",),
        "Delete",
        "delete the marked rows, or the row here",
        ACT,
        5,
        acts=True,
        destructive=True,
        of_row=True,
    ),
    Action("admin.copy", ("y",), "Copy", "copy value, address or name (OSC 52)", VIEW, of_row=True),
    Action(
        "variables.import_file",
        ("i",),
        "Import",
        "make and change them from a JSON file",
        ACT,
        acts=True,
    ),
    Action(
        "variables.reveal", ("u",), "Unmask", "show a secret value for ten seconds", VIEW, acts=True
    ),
)

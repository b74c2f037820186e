"""Actions of the place of XComs."""

from __future__ import annotations

from app.tui.actions.action import ACT, GO, VIEW, Action

TITLES = {
    "all_xcoms": "XComs of all DAGs",
}

ACTIONS: tuple[Action, ...] = (
    Action("place.show-xcoms", ("4",), "XComs", "what tasks hand to each other", GO),
    Action(
        "all_xcoms.show_task",
        ("o",),
        "Task",
        "the task instance that pushed it",
        GO,
        2,
        of_row=True,
    ),
    Action(
        "all_xcoms.copy",
        ("y",),
        "Copy",
        "copy the value to the clipboard (OSC 52)",
        VIEW,
        3,
        of_row=True,
    ),
    Action(
        "all_xcoms.add",
        ("A",),
        "Add",
        "another XCom for the row's task instance",
        ACT,
        acts=True,
        of_row=True,
    ),
    Action(
        "all_xcoms.edit",
        ("e", "W"),
        "Edit",
        "give the XCom another value",
        ACT,
        acts=True,
        of_row=True,
    ),
    Action(
        "all_xcoms.delete",
        ("d",),
        "Delete",
        "delete the marked XComs",
        ACT,
        5,
        acts=True,
        destructive=True,
        of_row=True,
    ),
)

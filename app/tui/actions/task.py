"""Actions on task instances and their logs."""

from __future__ import annotations

from app.tui.actions.action import ACT, GO, VIEW, Action

TITLES = {
    "instances": "mapped instances",
    "task": "views of a task instance",
    "log": "log",
}

ACTIONS: tuple[Action, ...] = (
    Action(
        "instances.clear",
        ("c",),
        "Clear",
        "run the marked instances again",
        ACT,
        2,
        acts=True,
        destructive=True,
    ),
    Action(
        "instances.mark_state",
        ("m",),
        "Mark as",
        "mark success, failed or skipped",
        ACT,
        3,
        acts=True,
        destructive=True,
    ),
    Action(
        "instances.kill",
        ("x",),
        "Kill",
        "end the running process",
        ACT,
        acts=True,
        destructive=True,
    ),
    Action("log.follow", ("f",), "Follow", "follow the end of the log", VIEW, 1),
    Action("log.search", ("slash",), "Search", "search; n next, N previous", VIEW, 2),
    Action("log.next_match", ("n",), "Next", "next match", VIEW),
    Action("log.previous_match", ("N",), "Previous", "match before", VIEW),
    Action("log.wrap", ("w",), "Wrap", "wrap long lines", VIEW, 3),
    Action("task.previous_try", ("left_parenthesis",), "Try -", "the try before", GO, 4),
    Action("task.next_try", ("right_parenthesis",), "Try +", "the next try", GO),
    Action("task.previous_instance", ("less_than_sign",), "Map -", "the map index before", GO),
    Action("task.next_instance", ("greater_than_sign",), "Map +", "the next map index", GO),
    Action("task.show-log", ("1",), "Log", "the log of a try", GO),
    Action("task.next_view", ("tab",), "Next view", "the next view of the task instance", GO),
    Action("task.previous_view", ("shift+tab",), "Previous view", "the view before", GO),
    Action("log.copy", ("y",), "Copy", "copy the top line to the clipboard (OSC 52)", VIEW, 5),
    Action("log.copy_path", ("Y",), "Copy path", "copy the path of the log file", VIEW),
)

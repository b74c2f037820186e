"""Actions of the views of a task instance other than its log."""

from __future__ import annotations

from app.tui.actions.action import ACT, GO, VIEW, Action

TITLES = {
    "instance": "a task instance",
    "log_instance": "log of a task instance",
    "details": "details of a task instance",
    "templates": "rendered templates",
    "xcoms": "XComs of a task instance",
    "entries": "templates and commands",
    "commands": "commands for the shell",
}

ACTIONS: tuple[Action, ...] = (
    Action("task.show-details", ("2",), "Details", "all about the task instance", GO),
    Action("task.show-templates", ("3",), "Templates", "rendered fields, params, conf", GO),
    Action("task.show-xcoms", ("4",), "XComs", "what it pushed for other tasks", GO),
    Action("task.show-resources", ("5",), "Resources", "CPU, memory, disk over time", GO),
    Action("task.show-commands", ("6",), "Commands", "the same from a shell", GO),
    Action("instance.run_details", ("r",), "Run", "the run it belongs to", GO),
    Action(
        "instance.clear",
        ("c",),
        "Clear",
        "run it again, and what is downstream ...",
        ACT,
        5,
        acts=True,
        destructive=True,
    ),
    Action(
        "instance.mark_state",
        ("m",),
        "Mark as",
        "mark success, failed or skipped",
        ACT,
        6,
        acts=True,
        destructive=True,
    ),
    Action(
        "instance.kill",
        ("x",),
        "Kill",
        "end its running process",
        ACT,
        acts=True,
        destructive=True,
    ),
    Action("instance.note", ("a",), "Note", "note on it or on its run", ACT, acts=True),
    Action("instance.retry", ("e",), "Retry", "run it again with edited params", ACT, acts=True),
    Action("log_instance.run_details", ("r",), "Run", "the run it belongs to", GO),
    Action(
        "log_instance.clear",
        ("c",),
        "Clear",
        "run it again, and what is downstream ...",
        ACT,
        6,
        acts=True,
        destructive=True,
    ),
    Action(
        "log_instance.mark_state",
        ("m",),
        "Mark as",
        "mark success, failed or skipped",
        ACT,
        acts=True,
        destructive=True,
    ),
    Action(
        "log_instance.kill",
        ("x",),
        "Kill",
        "end its running process",
        ACT,
        acts=True,
        destructive=True,
    ),
    Action("log_instance.note", ("a",), "Note", "note on it or on its run", ACT, acts=True),
    Action(
        "log_instance.retry", ("R",), "Retry", "run it again with edited params", ACT, acts=True
    ),
    Action("details.open", ("enter",), "Go", "to the task instance under the cursor", GO, 1),
    Action("templates.open", ("enter",), "Open", "the field on a screen of its own", GO, 1),
    Action("templates.copy", ("y",), "Copy", "copy the field to the clipboard (OSC 52)", VIEW, 2),
    Action("xcoms.open", ("enter",), "Open", "the value, laid out", GO, 1),
    Action("xcoms.sort", ("s",), "Sort", "sort by the next column", VIEW),
    Action("xcoms.reverse", ("R",), "Reverse", "turn the order round", VIEW),
    Action("xcoms.copy", ("y",), "Copy", "copy the value to the clipboard (OSC 52)", VIEW, 2),
    Action("entries.find", ("slash",), "Search", "search; n next, N previous", VIEW),
    Action("entries.next_match", ("n",), "Next", "next match", VIEW),
    Action("entries.previous_match", ("N",), "Previous", "match before", VIEW),
    Action("commands.copy", ("y", "enter"), "Copy", "copy the command (OSC 52)", VIEW, 1),
)

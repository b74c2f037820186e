"""Actions of the views of a task instance other than its log."""

from __future__ import annotations

from app.tui.actions.action import ACT, GO, VIEW, Action, asking

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
    asking("instance.clear", ("c",), "Clear", "run it again, and what is downstream ...", 5),
    asking("instance.mark_state", ("m",), "Mark as", "mark success, failed or skipped", 6),
    asking("instance.kill", ("x",), "Kill", "end its running process"),
    Action("instance.note", ("a",), "Note", "note on it or on its run", ACT, acts=True),
    Action("instance.retry", ("e",), "Retry", "run it again with edited params", ACT, acts=True),
    Action("instance.over_runs", ("O",), "Over runs", "the task's instances in all runs", GO),
    Action("log_instance.over_runs", ("O",), "Over runs", "the task's instances in all runs", GO),
    Action("log_instance.run_details", ("r",), "Run", "the run it belongs to", GO),
    asking("log_instance.clear", ("c",), "Clear", "run it again, and what is downstream ...", 6),
    asking("log_instance.mark_state", ("m",), "Mark as", "mark success, failed or skipped"),
    asking("log_instance.kill", ("x",), "Kill", "end its running process"),
    Action("log_instance.note", ("a",), "Note", "note on it or on its run", ACT, acts=True),
    Action(
        "log_instance.retry", ("R",), "Retry", "run it again with edited params", ACT, acts=True
    ),
    Action("details.open", ("enter",), "Go", "to the task instance under the cursor", GO, 1),
    Action("templates.open", ("enter",), "Open", "the field on a screen of its own", GO, 1),
    Action("templates.copy", ("y",), "Copy", "copy the field to the clipboard (OSC 52)", VIEW, 2),
    Action("xcoms.open", ("enter",), "Open", "the value, laid out", GO, 1, of_row=True),
    Action("xcoms.sort", ("s",), "Sort", "sort by the next column", VIEW),
    Action("xcoms.reverse", ("R",), "Reverse", "turn the order round", VIEW),
    Action(
        "xcoms.copy",
        ("y",),
        "Copy",
        "copy the value to the clipboard (OSC 52)",
        VIEW,
        2,
        of_row=True,
    ),
    Action("xcoms.add", ("A",), "Add", "another XCom for this task instance", ACT, acts=True),
    Action(
        "xcoms.edit",
        ("W",),
        "Write",
        "give the XCom another value",
        ACT,
        acts=True,
        of_row=True,
    ),
    Action("entries.find", ("slash",), "Search", "search; n next, N previous", VIEW),
    Action("entries.next_match", ("n",), "Next", "next match", VIEW),
    Action("entries.previous_match", ("N",), "Previous", "match before", VIEW),
    Action("commands.copy", ("y", "enter"), "Copy", "copy the command (OSC 52)", VIEW, 1),
)

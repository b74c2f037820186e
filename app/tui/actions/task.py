"""Actions on task instances."""

from __future__ import annotations

from app.tui.actions.action import GO, VIEW, Action, asking

TITLES = {
    "instances": "tables of task instances",
    "over_runs": "task instances over runs",
    "task": "views of a task instance",
}

ACTIONS: tuple[Action, ...] = (
    asking("instances.clear", ("c",), "Clear", "run the marked instances again", 2),
    asking("instances.mark_state", ("m",), "Mark as", "mark success, failed or skipped", 3),
    asking("instances.kill", ("x",), "Kill", "end the running process"),
    asking(
        "instances.delete", ("D", "delete"), "Delete", "delete what has ended, with logs and XComs"
    ),
    Action("instances.merged", ("M",), "Logs", "the logs of the marked, or of all, by time", GO),
    Action("instances.details", ("o",), "Details", "all about the task instance", GO, of_row=True),
    Action(
        "instances.over_runs",
        ("O",),
        "Over runs",
        "the task's instances in all runs",
        GO,
        of_row=True,
    ),
    Action("over_runs.run_details", ("r",), "Run", "the run it belongs to", GO, 5, of_row=True),
    Action(
        "over_runs.copy", ("y",), "Copy ids", "copy DAG, run and task (OSC 52)", VIEW, of_row=True
    ),
    Action("task.previous_try", ("left_parenthesis",), "Older try", "the try before", GO, 7),
    Action("task.next_try", ("right_parenthesis",), "Newer try", "the next try", GO),
    Action("task.compare_tries", ("equals_sign",), "Compare", "the tracked runs of its tries", GO),
    Action("task.previous_instance", ("less_than_sign",), "Map before", "the map index before", GO),
    Action("task.next_instance", ("greater_than_sign",), "Map next", "the next map index", GO),
    Action("task.show-log", ("1",), "Log", "the log of a try", GO),
    Action("task.next_view", ("tab",), "Next view", "the next view of the task instance", GO),
    Action("task.previous_view", ("shift+tab",), "Previous view", "the view before", GO),
)

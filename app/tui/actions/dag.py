"""Actions of one DAG's views."""

from __future__ import annotations

from app.tui.actions.action import ACT, FAVOURITE, GO, MOVE, VIEW, Action, asking

TITLES = {
    "view": "views of a DAG",
    "grid": "grid",
    "tasks": "tasks of a run",
    "run": "views of one run",
}

ACTIONS: tuple[Action, ...] = (
    Action("grid.open", ("enter",), "Log", "log of the try; a mapped task's instances", GO, 1),
    Action(
        "view.trigger",
        ("t",),
        "Trigger",
        "start a run now, with its params",
        ACT,
        2,
        acts=True,
    ),
    asking("tasks.clear", ("c",), "Clear", "run again: task, downstream, what failed ...", 3),
    asking("tasks.mark_state", ("m",), "Mark as", "mark success, failed or skipped", 4),
    asking("tasks.kill", ("x",), "Kill", "end the running process of the task"),
    asking("tasks.delete", ("D", "delete"), "Delete", "delete what has ended, with logs and XComs"),
    Action(
        "view.pause",
        ("p",),
        "Pause",
        "pause or unpause the schedule",
        ACT,
        acts=True,
    ),
    Action("view.favourite", ("F",), "Favourite", FAVOURITE, VIEW),
    Action("view.show-grid", ("1",), "Grid", "tasks by runs", GO),
    Action("view.show-graph", ("2",), "Graph", "tasks and what leads to what", GO),
    Action("view.other_half", ("ctrl+w",), "Other half", "to the grid at the side, and back", GO),
    Action("view.next_view", ("tab",), "Next view", "the next view of the DAG", GO),
    Action("view.previous_view", ("shift+tab",), "Previous view", "the view before", GO),
    Action("grid.info", ("i",), "Info", "panel about the instance under the cursor", VIEW, 5),
    Action("grid.panel_down", ("J", "shift+down"), "Panel down", "scroll the panel down", MOVE),
    Action("grid.panel_up", ("K", "shift+up"), "Panel up", "scroll the panel up", MOVE),
    Action("tasks.run_details", ("r",), "Run", "all about the run", VIEW),
    Action("tasks.merged", ("M",), "Logs", "the logs of the group or the run, by time", GO),
    Action("tasks.details", ("o",), "Details", "all about the task instance", GO),
    Action("tasks.over_runs", ("O",), "Over runs", "the task's instances in all runs", GO),
    Action("tasks.copy", ("y",), "Copy", "copy the task id (OSC 52)", VIEW),
    Action("run.previous_run", ("less_than_sign",), "Older run", "the run before", GO),
    Action("run.next_run", ("greater_than_sign",), "Newer run", "the next run", GO),
    Action("run.last_run", ("dollar_sign",), "Newest run", "follow the newest run", GO),
    Action("grid.why", ("w",), "Why", "why the task waits", VIEW),
    Action("grid.mark", ("space",), "Mark", "mark the task and move down; z folds", VIEW),
    Action("grid.mark_range", ("v",), "Range", "mark from here to where you go; v ends it", VIEW),
    Action("grid.mark_all", ("asterisk",), "Mark all", "mark all shown tasks, or none", VIEW),
    Action("grid.fold", ("z",), "Fold", "fold, unfold a group or a mapped task", VIEW),
    Action("grid.fold_all", ("Z",), "Fold all", "fold all, or unfold all groups", VIEW),
    Action("grid.first_run", ("circumflex_accent",), "First run", "to the oldest run", MOVE),
    Action("grid.last_run", ("dollar_sign",), "Last run", "to the newest run", MOVE),
    Action("grid.filter", ("slash",), "Filter", "words of task ids, run:failed, type:manual", VIEW),
)

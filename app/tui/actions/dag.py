"""Actions of one DAG's views."""

from __future__ import annotations

from app.tui.actions.action import ACT, GO, MOVE, VIEW, Action

TITLES = {
    "view": "views of a DAG",
    "grid": "grid",
}

ACTIONS: tuple[Action, ...] = (
    Action("grid.open", ("enter",), "Log", "log of the try; of a mapped task its instances", GO, 1),
    Action(
        "view.trigger",
        ("t",),
        "Trigger",
        "start a run now, with its params",
        ACT,
        2,
        acts=True,
        shell="dagtop dags trigger DAG",
    ),
    Action(
        "grid.clear",
        ("c",),
        "Clear",
        "run again: the task, what is downstream, only failed ...",
        ACT,
        3,
        acts=True,
        destructive=True,
        shell="dagtop tasks clear DAG TASK --run RUN",
    ),
    Action(
        "grid.mark_state",
        ("m",),
        "Mark",
        "mark success, failed or skipped",
        ACT,
        4,
        acts=True,
        destructive=True,
        shell="dagtop tasks state DAG TASK --run RUN",
    ),
    Action(
        "grid.kill",
        ("x",),
        "Kill",
        "end the running process of the task",
        ACT,
        acts=True,
        destructive=True,
        shell="dagtop runs cancel DAG RUN",
    ),
    Action(
        "view.pause",
        ("p",),
        "Pause",
        "pause or unpause the schedule",
        ACT,
        acts=True,
        shell="dagtop dags pause DAG",
    ),
    Action("view.show-grid", ("1",), "Grid", "tasks by runs", GO),
    Action("view.show-graph", ("2",), "Graph", "tasks and what leads to what", GO),
    Action("view.next_view", ("tab",), "Next view", "the next view of the DAG", GO),
    Action("view.previous_view", ("shift+tab",), "Previous view", "the view before", GO),
    Action("grid.info", ("i",), "Info", "panel about the instance under the cursor", VIEW, 5),
    Action("grid.panel_down", ("J", "shift+down"), "Panel down", "scroll the panel down", MOVE),
    Action("grid.panel_up", ("K", "shift+up"), "Panel up", "scroll the panel up", MOVE),
    Action("grid.run_details", ("r",), "Run", "all about the run under the cursor", VIEW),
    Action("grid.why", ("w",), "Why", "why it waits", VIEW, shell="dagtop tasks why DAG TASK"),
    Action("grid.fold", ("space",), "Fold", "fold or unfold the group", VIEW),
    Action("grid.fold_all", ("asterisk",), "Fold all", "fold or unfold all groups", VIEW),
    Action("grid.first_run", ("0",), "First run", "to the oldest run", MOVE),
    Action("grid.last_run", ("dollar_sign",), "Last run", "to the newest run", MOVE),
    Action("grid.filter", ("slash",), "Filter", "only tasks with these words", VIEW),
)

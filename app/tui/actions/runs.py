"""Actions of the tables of runs."""

from __future__ import annotations

from app.tui.actions.action import ACT, GO, VIEW, Action, asking

TITLES = {
    "runs": "tables of runs",
    "all_runs": "runs of all DAGs",
}

ACTIONS: tuple[Action, ...] = (
    Action("view.show-runs", ("3",), "Runs", "all runs, as a table", GO),
    Action("place.show-runs", ("3",), "Runs", "the runs of all DAGs", GO),
    Action("place.show-tasks", ("I",), "Tasks", "the task instances of all DAGs and runs", GO),
    asking("runs.clear", ("c",), "Clear", "run whole runs again, or what failed in them", 3),
    asking("runs.mark_state", ("m",), "Mark as", "mark runs success or failed", 4),
    asking("runs.kill", ("x",), "Cancel", "cancel runs: end what runs, skip what waits"),
    asking("runs.delete", ("d",), "Delete", "delete ended runs with logs and XComs"),
    Action(
        "runs.clone",
        ("T",),
        "Clone",
        "trigger a run with this run's params",
        ACT,
        acts=True,
        of_row=True,
    ),
    Action("runs.run_details", ("r",), "Run", "all about the run", GO, of_row=True),
    Action("runs.note", ("a",), "Note", "note on the run", ACT, acts=True, of_row=True),
    Action("runs.copy_id", ("y",), "Copy id", "copy the run ids to the clipboard (OSC 52)", VIEW),
    Action(
        "all_runs.trigger",
        ("t",),
        "Trigger",
        "start a run of this DAG now, with its params",
        ACT,
        acts=True,
        of_row=True,
    ),
    Action(
        "all_runs.next_tab", ("tab",), "Next tab", "All, Running, Queued, Failed, Success", VIEW, 5
    ),
    Action("all_runs.previous_tab", ("shift+tab",), "Previous tab", "the tab before", VIEW),
)

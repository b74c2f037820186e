"""Actions that lead from a run, a task instance or an error to what the DAG has of it: its views,
the line of code that failed, the file in an editor."""

from __future__ import annotations

from app.tui.actions.action import ACT, GO, Action

TITLES = {"import_errors": "import errors"}

_EDITOR = "the pipeline file in $EDITOR, at the line"

ACTIONS: tuple[Action, ...] = (
    Action("run_screen.dag-grid", ("1",), "Grid", "tasks by runs, at this run", GO),
    Action("run_screen.dag-graph", ("2",), "Graph", "the graph of this run", GO),
    Action("run_screen.dag-runs", ("3",), "Runs", "the runs of the DAG, at this one", GO),
    Action("run_screen.dag-gantt", ("4",), "Gantt", "when what of this run went on", GO),
    Action("run_screen.dag-trends", ("5",), "Trends", "how this run compares with others", GO),
    Action("run_screen.dag-calendar", ("6",), "Calendar", "the days of a year, at its day", GO),
    Action("run_screen.dag-details", ("7",), "Details", "all about the DAG", GO),
    Action("run_screen.dag-code", ("8",), "Code", "the source that this run ran with", GO),
    Action("run_screen.dag-events", ("9",), "Events", "what happened to this run, and why", GO),
    Action("run_screen.dag-backfills", ("0",), "Backfills", "the backfills of the DAG", GO),
    Action("task.dag-graph", ("7",), "Graph", "the graph of its run, at this task", GO),
    Action("task.dag-code", ("8",), "Code", "its run's source, where it is defined", GO),
    Action("task.dag-events", ("9",), "Events", "what happened to it, and why", GO),
    Action("task.dag-gantt", ("0",), "Gantt", "the Gantt of its run, at this task", GO),
    Action("run_screen.error_line", ("d",), "Failed line", "to the line of code that failed", GO),
    Action("task.error_line", ("d",), "Failed line", "to the line of code that failed", GO),
    Action("merged.error_line", ("d",), "Failed line", "to the line of code that failed", GO),
    Action("run_screen.edit_file", ("V",), "Editor", _EDITOR, ACT, acts=True),
    Action("task.edit_file", ("V",), "Editor", _EDITOR, ACT, acts=True),
    Action("merged.edit_file", ("V",), "Editor", _EDITOR, ACT, acts=True),
    Action("view.edit_file", ("V",), "Editor", _EDITOR, ACT, acts=True),
    Action(
        "dags.edit_file",
        ("V",),
        "Editor",
        "the pipeline file in $EDITOR",
        ACT,
        acts=True,
        of_row=True,
    ),
    Action("import_errors.edit_file", ("V",), "Editor", _EDITOR, ACT, 2, acts=True),
    Action(
        "import_errors.read_again",
        ("R",),
        "Read again",
        "import the files anew, changed or not",
        ACT,
        3,
        acts=True,
    ),
)

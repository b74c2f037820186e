"""Actions of the page of a tracked run."""

from __future__ import annotations

from app.tui.actions.action import ACT, GO, MOVE, VIEW, Action, asking

TITLES = {
    "tracked_run": "a tracked run",
    "tracked_acts": "a tracked run, but for its log",
    "tracked_overview": "overview of a tracked run",
    "tracked_values": "params and metrics of a tracked run",
    "tracked_charts": "charts of a tracked run",
    "tracked_artifacts": "artifacts of a tracked run",
    "tracked_log": "log of a tracked run",
    "tracked_distributions": "distributions of a tracked run",
}

ACTIONS: tuple[Action, ...] = (
    Action("tracked_run.show-overview", ("1",), "Overview", "all about the tracked run", GO),
    Action("tracked_run.show-values", ("2",), "Values", "params and metrics, searchable", GO),
    Action("tracked_run.show-charts", ("3",), "Charts", "a chart for each metric", GO),
    Action("tracked_run.show-system", ("4",), "System", "charts of its system metrics", GO),
    Action("tracked_run.show-artifacts", ("5",), "Artifacts", "its files, with previews", GO),
    Action("tracked_run.show-code", ("6",), "Code", "the source that it ran with", GO),
    Action("tracked_run.show-packages", ("7",), "Packages", "Python and packages it ran with", GO),
    Action("tracked_run.show-log", ("8",), "Log", "its try's log beside a curve", GO),
    Action(
        "tracked_run.show-distributions",
        ("9",),
        "Distributions",
        "shares of categories, histograms",
        GO,
    ),
    Action("tracked_run.next_view", ("tab",), "Next view", "the next view of the run", GO),
    Action("tracked_run.previous_view", ("shift+tab",), "Previous view", "the view before", GO),
    Action("tracked_run.run_details", ("r",), "DAG run", "the DAG run that recorded it", GO),
    Action("tracked_run.details", ("i",), "Task", "the task instance that recorded it", GO),
    Action("tracked_run.parent", ("p",), "Parent", "the run that it is nested in", GO),
    Action("tracked_run.copy_id", ("c",), "Copy id", "copy the run's id (OSC 52)", VIEW),
    Action("tracked_acts.edit_note", ("e",), "Note", "edit its note, in Markdown", ACT, acts=True),
    Action("tracked_acts.tag", ("t",), "Tag", "set a tag, or take one away", ACT, acts=True),
    Action("tracked_acts.rename", ("f2",), "Rename", "give the run another name", ACT, acts=True),
    Action(
        "tracked_acts.reproduce",
        ("T",),
        "Reproduce",
        "trigger with the same params",
        ACT,
        5,
        acts=True,
    ),
    asking("tracked_acts.archive", ("a",), "Archive", "archive it; restore an archived one"),
    asking(
        "tracked_acts.delete", ("D", "delete"), "Delete", "delete it for good, with all it logged"
    ),
    Action("tracked_overview.open", ("enter",), "Open", "what the line is about", GO, 2),
    Action(
        "tracked_overview.next_section", ("J", "shift+down"), "Next part", "to the next part", MOVE
    ),
    Action(
        "tracked_overview.previous_section",
        ("K", "shift+up"),
        "Part before",
        "to the part before",
        MOVE,
    ),
    Action("tracked_values.other_kind", ("m",), "Other table", "metrics, or params", VIEW, 3),
    Action(
        "tracked_values.copy_value", ("y",), "Copy", "copy the value (OSC 52)", VIEW, of_row=True
    ),
    Action(
        "tracked_charts.open",
        ("enter",),
        "Zoom",
        "the chart under the cursor alone, or all",
        VIEW,
        1,
    ),
    Action("tracked_charts.filter", ("slash",), "Filter", "only metrics with these words", VIEW, 4),
    Action("tracked_charts.log_y", ("L",), "Log y", "a logarithmic scale of the values", VIEW, 2),
    Action("tracked_charts.log_x", ("H",), "Log x", "a logarithmic scale of steps, times", VIEW),
    Action("tracked_charts.across", ("x",), "X axis", "step, relative time, wall time", VIEW, 3),
    Action("tracked_charts.other_metric", ("X",), "X metric", "another metric as x", VIEW),
    Action("tracked_charts.smoother", ("w",), "Smoother", "smooth the lines more; W less", VIEW),
    Action("tracked_charts.rougher", ("W",), "Rougher", "smooth the lines less", VIEW),
    Action(
        "tracked_charts.outliers", ("o",), "Outliers", "leave out the outermost 5 % or not", VIEW
    ),
    Action("tracked_charts.closer", ("plus",), "Closer", "zoom in about the cursor", VIEW),
    Action("tracked_charts.wider", ("minus",), "Wider", "zoom out", VIEW),
    Action("tracked_charts.pan_left", ("less_than_sign",), "Pan left", "what is left of it", MOVE),
    Action(
        "tracked_charts.pan_right", ("greater_than_sign",), "Pan right", "what is right of it", MOVE
    ),
    Action("tracked_charts.whole", ("equals_sign",), "Whole", "all of the curve again", VIEW),
    Action("tracked_charts.next_metric", ("n",), "Next metric", "the chart of the next one", GO),
    Action("tracked_charts.previous_metric", ("N",), "Metric before", "the chart before", GO),
    Action("tracked_distributions.choose", ("slash",), "Which", "choose it by its name", VIEW, 4),
    Action("tracked_distributions.next_distribution", ("n",), "Next", "the next one", GO, 1),
    Action("tracked_distributions.previous_distribution", ("N",), "Before", "the one before", GO),
    Action(
        "tracked_distributions.steps",
        ("m",),
        "Steps",
        "one step, all added up, side by side",
        VIEW,
        2,
    ),
    Action(
        "tracked_distributions.older_step", ("less_than_sign",), "Step before", "back in time", GO
    ),
    Action(
        "tracked_distributions.newer_step", ("greater_than_sign",), "Next step", "on in time", GO
    ),
    Action("tracked_distributions.log_x", ("H",), "Log x", "bins grow by powers of ten", VIEW),
    Action("tracked_distributions.sort", ("s",), "Sort", "by the next column", VIEW, 3),
    Action("tracked_distributions.copy_value", ("y",), "Copy", "copy the row (OSC 52)", VIEW),
    Action("tracked_log.next_curve", ("m",), "Curve", "the curve of the next metric", VIEW, 6),
    Action("tracked_charts.copy_reading", ("y",), "Copy", "copy what the cursor reads", VIEW),
    Action("tracked_artifacts.open", ("enter",), "Open", "fold a folder; a file large", VIEW, 1),
    Action(
        "tracked_artifacts.filter", ("slash",), "Filter", "only paths with these words", VIEW, 4
    ),
    Action("tracked_artifacts.fold_all", ("Z",), "Fold all", "fold all folders, or none", VIEW),
    Action(
        "tracked_artifacts.large", ("z",), "Large", "the preview alone, or the tree, too", VIEW, 2
    ),
    Action(
        "tracked_artifacts.preview_down", ("J", "shift+down"), "Preview down", "scroll it", MOVE
    ),
    Action("tracked_artifacts.preview_up", ("K", "shift+up"), "Preview up", "scroll it back", MOVE),
    Action(
        "tracked_artifacts.preview_right",
        ("greater_than_sign",),
        "Preview right",
        "the columns that are right of it",
        MOVE,
    ),
    Action(
        "tracked_artifacts.preview_left",
        ("less_than_sign",),
        "Preview left",
        "the columns that are left of it",
        MOVE,
    ),
    Action("tracked_artifacts.save", ("W",), "Save", "write the file to a path of yours", VIEW, 3),
    Action("tracked_artifacts.copy_path", ("y",), "Copy path", "copy where its content is", VIEW),
    Action(
        "run_screen.tracked_runs", ("P",), "Tracked runs", "what it has logged: MLflow's runs", GO
    ),
    Action("task.tracked_runs", ("P",), "Tracked runs", "what it has logged: MLflow's runs", GO),
)

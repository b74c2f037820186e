"""Actions of the table of tracked runs."""

from __future__ import annotations

from app.tui.actions.action import ACT, GO, VIEW, Action

TITLES = {"tracked": "tracked runs"}

ACTIONS: tuple[Action, ...] = (
    Action("place.show-experiments", ("P",), "Experiments", "tracked runs, of all experiments", GO),
    Action("view.tracked_runs", ("P",), "Experiments", "the tracked runs of this DAG", GO),
    Action(
        "tracked.filter", ("slash",), "Filter", "metrics.loss < 1 AND params.lr > 0.1; Tab", VIEW, 2
    ),
    Action("tracked.experiments", ("e",), "Experiments", "choose experiments and DAGs", VIEW, 3),
    Action("tracked.compare", ("c",), "Compare", "the marked runs side by side, 2 to 50", GO, 5),
    Action("tracked.sort", ("s",), "Sort", "by the column under the cursor; again: back", VIEW, 6),
    Action("tracked.sort_more", ("plus",), "Sort also", "by this column where others tie", VIEW),
    Action("tracked.columns", ("C",), "Columns", "choose params, metrics, tags to be shown", VIEW),
    Action(
        "tracked.next_part",
        ("m",),
        "Last min max",
        "last, min, max, mean, first of the metric",
        VIEW,
    ),
    Action("tracked.column_left", ("less_than_sign",), "Column left", "move the column here", VIEW),
    Action(
        "tracked.column_right", ("greater_than_sign",), "Column right", "move the column here", VIEW
    ),
    Action("tracked.group", ("b",), "Group by", "a param, tag or attribute; again: no more", VIEW),
    Action("tracked.views", ("w",), "Views", "open, save, rename, delete views", VIEW),
    Action("tracked.next_tab", ("tab",), "Next tab", "Active, Archived, All", VIEW),
    Action("tracked.previous_tab", ("shift+tab",), "Previous tab", "the tab before", VIEW),
    Action("tracked.fold", ("z",), "Fold", "fold or unfold the group, or the children", VIEW),
    Action("tracked.fold_all", ("Z",), "Fold all", "fold or unfold all", VIEW),
    Action("tracked.nest", ("n",), "Nest", "children below their parents, or not", VIEW),
    Action("tracked.pin", ("p",), "Pin", "keep the runs on top, or let them go", VIEW, of_row=True),
    Action(
        "tracked.hide", ("x",), "Hide", "hide the marked runs, or the one here", VIEW, of_row=True
    ),
    Action("tracked.show_hidden", ("X",), "Show hidden", "show all hidden runs again", VIEW),
    Action(
        "tracked.run_details", ("r",), "DAG run", "the DAG run that recorded it", GO, of_row=True
    ),
    Action(
        "tracked.details", ("i",), "Task", "the task instance that recorded it", GO, of_row=True
    ),
    Action("tracked.log", ("L",), "Log", "the log of its task instance", GO, of_row=True),
    Action(
        "tracked.copy_id", ("y",), "Copy id", "copy the run ids to the clipboard (OSC 52)", VIEW
    ),
    Action("tracked.tag", ("t",), "Tag", "set or take away a tag", ACT, acts=True, of_row=True),
    Action(
        "tracked.rename", ("N",), "Rename", "give the run another name", ACT, acts=True, of_row=True
    ),
    Action(
        "tracked.archive",
        ("a",),
        "Archive",
        "archive runs, or restore archived ones",
        ACT,
        acts=True,
        destructive=True,
        of_row=True,
    ),
    Action(
        "tracked.delete",
        ("d",),
        "Delete",
        "delete runs for good, with all they logged",
        ACT,
        acts=True,
        destructive=True,
        of_row=True,
    ),
)

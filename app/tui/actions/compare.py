"""Actions of runs side by side."""

from __future__ import annotations

from app.tui.actions.action import ACT, GO, MOVE, VIEW, Action

TITLES = {
    "compare": "runs side by side",
    "compare_table": "table of runs side by side",
    "compare_metric": "a metric of runs side by side",
    "compare_curves": "curves of runs side by side",
    "compare_importance": "params that matter",
}

ACTIONS: tuple[Action, ...] = (
    Action("compare.show-table", ("1",), "Table", "params, metrics, tags side by side", GO),
    Action("compare.show-curves", ("2",), "Curves", "their metrics over each other", GO),
    Action("compare.show-importance", ("9",), "Importance", "which params matter", GO),
    Action("compare.next_view", ("tab",), "Next view", "the next view of the runs", GO),
    Action("compare.previous_view", ("shift+tab",), "Previous view", "the view before", GO),
    Action("compare_metric.choose_metric", ("slash",), "Metric", "choose it by its name", VIEW, 1),
    Action("compare_metric.next_metric", ("n",), "Next metric", "the next metric", VIEW, 2),
    Action("compare_metric.previous_metric", ("N",), "Metric before", "the metric before", VIEW),
    Action("compare_metric.summary", ("m",), "Last, best", "last, min, max, mean", VIEW, 3),
    Action(
        "compare_curves.across", ("x",), "x", "step, time since the start, time of day", VIEW, 4
    ),
    Action("compare_curves.other_metric", ("X",), "x metric", "another metric as x", VIEW),
    Action("compare_curves.log_y", ("L",), "Log y", "values by powers of ten", VIEW),
    Action("compare_curves.log_x", ("H",), "Log x", "x by powers of ten", VIEW),
    Action("compare_curves.smoother", ("w",), "Smoother", "average over more points", VIEW, 5),
    Action("compare_curves.rougher", ("W",), "Rougher", "average over fewer points", VIEW),
    Action("compare_curves.outliers", ("o",), "Outliers", "ignore the outermost values", VIEW),
    Action("compare_curves.group", ("b",), "Bands", "least to greatest by a param or tag", VIEW),
    Action("compare_curves.hide", ("space",), "Hide", "take the run off the charts", VIEW),
    Action("compare_curves.single", ("z",), "Zoom", "one chart, or as many as fit", VIEW),
    Action("compare_curves.closer", ("plus",), "Closer", "look closer, about the cursor", VIEW),
    Action("compare_curves.wider", ("minus",), "Wider", "look from further away", VIEW),
    Action("compare_curves.pan_left", ("less_than_sign",), "Pan left", "look to the left", MOVE),
    Action(
        "compare_curves.pan_right", ("greater_than_sign",), "Pan right", "look to the right", MOVE
    ),
    Action("compare_importance.sort", ("s",), "Sort", "by the next column", VIEW, 4),
    Action("compare_table.open", ("enter",), "Fold", "fold the section, or all of the cell", VIEW),
    Action(
        "compare_table.differences", ("d",), "Differences", "only what is not the same", VIEW, 1
    ),
    Action(
        "compare_table.baseline", ("b",), "Baseline", "measure all by this run, or none", VIEW, 2
    ),
    Action("compare_table.summary", ("m",), "Last, best", "metrics: last, min, max, mean", VIEW, 3),
    Action("compare_table.direction", ("o",), "Less, more", "whether less or more is better", VIEW),
    Action(
        "compare_table.sort", ("s",), "Sort", "the runs by this row; again: turned round", VIEW, 5
    ),
    Action("compare_table.filter", ("slash",), "Filter", "only keys with these words", VIEW, 4),
    Action("compare_table.fold", ("z",), "Fold", "fold or unfold the section", VIEW),
    Action("compare_table.fold_all", ("Z",), "Fold all", "fold all sections, or none", VIEW),
    Action("compare_table.copy_cell", ("y",), "Copy", "copy what is under the cursor", VIEW),
    Action("compare_table.remove", ("x",), "Remove", "take the run out of the comparison", ACT),
    Action("compare_table.move_left", ("less_than_sign",), "To the left", "move the run", MOVE),
    Action(
        "compare_table.move_right", ("greater_than_sign",), "To the right", "move the run", MOVE
    ),
    Action(
        "compare_table.first_run", ("circumflex_accent",), "First run", "to the first run", MOVE
    ),
    Action("compare_table.last_run", ("dollar_sign",), "Last run", "to the last run", MOVE),
)

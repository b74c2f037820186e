"""Actions of runs side by side."""

from __future__ import annotations

from app.tui.actions.action import ACT, GO, MOVE, VIEW, Action

TITLES = {
    "compare": "runs side by side",
    "compare_table": "table of runs side by side",
    "compare_metric": "a metric of runs side by side",
    "compare_value": "one value of a metric",
    "compare_scatter": "scatter plot",
    "compare_parallel": "parallel coordinates",
    "compare_ranked": "bars and boxes",
    "compare_code": "code of two runs",
    "compare_matrix": "confusion matrices and ROC curves",
    "compare_curves": "curves of runs side by side",
    "compare_importance": "params that matter",
    "compare_distributions": "distributions of runs side by side",
}

ACTIONS: tuple[Action, ...] = (
    Action("compare.show-table", ("1",), "Table", "params, metrics, tags side by side", GO),
    Action("compare.show-curves", ("2",), "Curves", "their metrics over each other", GO),
    Action("compare.show-scatter", ("3",), "Scatter", "runs as points", GO),
    Action("compare.show-parallel", ("4",), "Parallel", "parallel coordinates", GO),
    Action("compare.show-box", ("5",), "Box", "a box for each run, or group of them", GO),
    Action("compare.show-bar", ("6",), "Bar", "a bar for each run", GO),
    Action("compare.show-code", ("7",), "Code", "what differs in the code of two runs", GO),
    Action("compare.show-environment", ("8",), "Environment", "packages that differ", GO),
    Action("compare.show-matrix", ("0",), "Matrix", "confusion matrices, ROC curves", GO),
    Action("compare.show-importance", ("9",), "Importance", "which params matter", GO),
    Action("compare.show-distributions", ("D",), "Distributions", "shares of categories, bins", GO),
    Action("compare.next_view", ("tab",), "Next view", "the next view of the runs", GO),
    Action("compare.previous_view", ("shift+tab",), "Previous view", "the view before", GO),
    Action("compare_metric.choose_metric", ("slash",), "Metric", "choose it by its name", VIEW, 1),
    Action("compare_metric.next_metric", ("n",), "Next metric", "the next metric", VIEW, 2),
    Action("compare_metric.previous_metric", ("N",), "Metric before", "the metric before", VIEW),
    Action("compare_value.summary", ("m",), "Last, best", "last, min, max, mean", VIEW, 3),
    Action(
        "compare_curves.across",
        ("x",),
        "X axis",
        "step, time since the start, time of day",
        VIEW,
        4,
    ),
    Action("compare_curves.other_metric", ("X",), "X metric", "another metric as x", VIEW),
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
    Action("compare_scatter.x", ("x",), "X axis", "a param, metric or tag as x", VIEW, 4),
    Action("compare_scatter.y", ("Y",), "Y axis", "a param, metric or tag as y", VIEW, 5),
    Action("compare_scatter.colour", ("c",), "Colour", "what the points differ by", VIEW),
    Action("compare_scatter.log_y", ("L",), "Log y", "y by powers of ten", VIEW),
    Action("compare_scatter.log_x", ("H",), "Log x", "x by powers of ten", VIEW),
    Action("compare_parallel.add_axis", ("a",), "Add axis", "a param, metric or tag", VIEW, 4),
    Action("compare_parallel.remove_axis", ("x",), "Remove axis", "the one at the cursor", VIEW, 5),
    Action("compare_parallel.turn_axis", ("o",), "Turn axis", "upside down", VIEW),
    Action("compare_parallel.move_left", ("less_than_sign",), "To the left", "move the axis", MOVE),
    Action(
        "compare_parallel.move_right", ("greater_than_sign",), "To the right", "move the axis", MOVE
    ),
    Action("compare_ranked.group", ("b",), "Group", "by a param or tag", VIEW, 4),
    Action("compare_ranked.sort", ("s",), "Sort", "by value, or in their order", VIEW, 5),
    Action("compare_ranked.log", ("L",), "Log scale", "values by powers of ten", VIEW),
    Action("compare_code.older", ("less_than_sign",), "Run before", "the run before", GO, 2),
    Action("compare_code.newer", ("greater_than_sign",), "Next run", "the next run", GO, 3),
    Action("compare_code.swap", ("b",), "Swap", "the other of the two is the older side", VIEW, 4),
    Action("compare_code.next_part", ("J", "shift+down"), "Next part", "of the diff", GO, 5),
    Action("compare_code.previous_part", ("K", "shift+up"), "Part before", "of the diff", GO),
    Action("compare_matrix.kind", ("c",), "Kind", "matrix, ROC, precision and recall", VIEW, 2),
    Action("compare_matrix.shares", ("percent_sign",), "Shares", "of the true label", VIEW, 3),
    Action("compare_importance.sort", ("s",), "Sort", "by the next column", VIEW, 4),
    Action(
        "compare_distributions.choose_distribution",
        ("slash",),
        "Which",
        "choose it by its name",
        VIEW,
        1,
    ),
    Action("compare_distributions.next_distribution", ("n",), "Next", "the next one", VIEW, 2),
    Action("compare_distributions.previous_distribution", ("N",), "Before", "the one before", VIEW),
    Action(
        "compare_distributions.steps", ("m",), "Steps", "the last one, or all added up", VIEW, 3
    ),
    Action(
        "compare_distributions.baseline", ("b",), "Baseline", "measure by the next run", VIEW, 4
    ),
    Action("compare_distributions.sort", ("s",), "Sort", "by the next column", VIEW, 5),
    Action("compare_distributions.log_x", ("H",), "Log x", "bins grow by powers of ten", VIEW),
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
    Action("compare_table.run_page", ("r",), "Run", "the page of the run under the cursor", GO),
    Action("compare_table.siblings", ("p",), "Siblings", "all runs nested in the same one", VIEW),
    Action("compare_table.children", ("P",), "Children", "the runs nested in this one", VIEW),
    Action("compare_table.move_left", ("less_than_sign",), "To the left", "move the run", MOVE),
    Action(
        "compare_table.move_right", ("greater_than_sign",), "To the right", "move the run", MOVE
    ),
    Action(
        "compare_table.first_run", ("circumflex_accent",), "First run", "to the first run", MOVE
    ),
    Action("compare_table.last_run", ("dollar_sign",), "Last run", "to the last run", MOVE),
)

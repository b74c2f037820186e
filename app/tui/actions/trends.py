"""Actions of a DAG's trends."""

from __future__ import annotations

from app.tui.actions.action import GO, MOVE, VIEW, Action

TITLES = {
    "trends": "trends",
}

ACTIONS: tuple[Action, ...] = (
    Action("view.show-trends", ("5",), "Trends", "durations, tries, landing times over runs", GO),
    Action("trends.open", ("enter",), "Open", "the run; of a task its log, or instances", GO, 1),
    Action("trends.turn", ("d",), "Chart", "durations, tries, landing times in turn", VIEW, 5),
    Action("trends.zoom", ("z",), "Zoom", "one chart, or as many as there is room for", VIEW),
    Action("trends.more_runs", ("plus",), "More runs", "30, 100, 300 runs", VIEW),
    Action("trends.fewer_runs", ("minus",), "Fewer runs", "300, 100, 30 runs", VIEW),
    Action("trends.sort", ("s",), "Sort", "by time, growth, name, or as in the pipeline", VIEW),
    Action(
        "trends.mapped",
        ("f",),
        "Sum, longest",
        "mapped tasks: the sum, or the longest",
        VIEW,
    ),
    Action("trends.log_scale", ("L",), "Log scale", "durations on a logarithmic scale", VIEW),
    Action("trends.filter", ("slash",), "Filter", "only tasks with these words", VIEW),
    Action("trends.first_run", ("circumflex_accent",), "First run", "to the oldest run", MOVE),
)

"""Actions of a DAG's details."""

from __future__ import annotations

from app.tui.actions.action import GO, MOVE, VIEW, Action

TITLES = {
    "dag_details": "details of a DAG",
}

ACTIONS: tuple[Action, ...] = (
    Action("view.show-details", ("7",), "Details", "all fields, params, tasks, versions", GO),
    Action("dag_details.open", ("enter",), "Code", "the source of the version or task here", GO, 3),
    Action("dag_details.diff", ("D",), "Diff", "what the version here changed", VIEW, 4),
    Action(
        "dag_details.next_section",
        ("J", "shift+down"),
        "Next section",
        "to the next section",
        MOVE,
        5,
    ),
    Action(
        "dag_details.previous_section",
        ("K", "shift+up"),
        "Section above",
        "to the section before",
        MOVE,
    ),
)

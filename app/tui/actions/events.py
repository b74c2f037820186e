"""Actions of the audit trail."""

from __future__ import annotations

from app.tui.actions.action import GO, MOVE, VIEW, Action

TITLES = {
    "events": "events",
    "dag_events": "events of a DAG",
}

ACTIONS: tuple[Action, ...] = (
    Action("view.show-events", ("9",), "Events", "the audit trail: who did what, and why", GO),
    Action("place.show-events", ("0",), "Events", "the audit trail of all DAGs", GO),
    Action("events.info", ("i",), "Info", "all about the event, with its figures", VIEW, 2),
    Action("events.panel_down", ("J", "shift+down"), "Info down", "scroll the info", MOVE),
    Action("events.panel_up", ("K", "shift+up"), "Info up", "scroll the info back", MOVE),
    Action("events.copy", ("y",), "Copy", "copy all about the event (OSC 52)", VIEW, of_row=True),
    Action("dag_events.of_run", ("f",), "Of run", "only of the run in focus, or of all", VIEW, 3),
)

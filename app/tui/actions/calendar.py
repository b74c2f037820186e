"""Actions of a DAG's calendar."""

from __future__ import annotations

from app.tui.actions.action import GO, MOVE, VIEW, Action

TITLES = {
    "calendar": "calendar",
}

ACTIONS: tuple[Action, ...] = (
    Action("view.show-calendar", ("6",), "Calendar", "a year of days", GO),
    Action("calendar.open", ("enter",), "Runs", "the runs of the day", GO, 1),
    Action("calendar.previous_year", ("less_than_sign",), "Year before", "the year before", GO, 6),
    Action("calendar.next_year", ("greater_than_sign",), "Next year", "the next year", GO),
    Action("calendar.today", ("dollar_sign",), "Today", "to today", MOVE),
    Action("calendar.next_failed", ("n",), "Next failed", "next day with a failed run", MOVE, 4),
    Action("calendar.previous_failed", ("N",), "Failed before", "the failed day before", MOVE),
    Action("calendar.turn", ("d",), "Display", "the worst state, or the number of runs", VIEW, 5),
)

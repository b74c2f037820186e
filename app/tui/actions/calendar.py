"""Actions of a DAG's calendar."""

from __future__ import annotations

from app.tui.actions.action import GO, MOVE, VIEW, Action

TITLES = {
    "calendar": "calendar",
}

ACTIONS: tuple[Action, ...] = (
    Action("view.show-calendar", ("6",), "Calendar", "a year of days, a month of hours", GO),
    Action("calendar.open", ("enter",), "Runs", "the runs of the day or hour", GO, 1),
    Action("calendar.zoom", ("z",), "Hours", "a year of days, or a month of hours", VIEW, 3),
    Action("calendar.previous_year", ("less_than_sign",), "Before", "the year or month before", GO),
    Action("calendar.next_year", ("greater_than_sign",), "Next", "the next year or month", GO),
    Action("calendar.today", ("dollar_sign",), "Today", "to today, or to this hour", MOVE),
    Action("calendar.next_failed", ("n",), "Next failed", "next one with a failed run", MOVE, 4),
    Action("calendar.previous_failed", ("N",), "Failed before", "the failed one before", MOVE),
    Action("calendar.turn", ("d",), "Display", "the worst state, or the number of runs", VIEW, 5),
)

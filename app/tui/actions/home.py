"""Actions of Home."""

from __future__ import annotations

from app.tui.actions.action import FAVOURITE, GO, VIEW, Action, asking

TITLES = {
    "home": "Home",
}

ACTIONS: tuple[Action, ...] = (
    Action("place.show-home", ("1",), "Home", "what runs, what failed, what is due", GO),
    Action("home.open", ("enter",), "Open", "the run, log or DAG under the cursor", GO, 1),
    Action(
        "home.seen", ("z",), "Mark seen", "hide all failures listed here: they are seen", VIEW, 2
    ),
    asking("home.clear", ("c",), "Clear", "run again all that failed of the row", 4),
    Action("home.favourite", ("F",), "Favourite", FAVOURITE, VIEW),
    Action(
        "home.show_seen", ("Z",), "Show seen", "list failures marked as seen, or hide them", VIEW, 3
    ),
)

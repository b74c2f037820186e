"""Actions of Home."""

from __future__ import annotations

from app.tui.actions.action import ACT, FAVOURITE, GO, VIEW, Action

TITLES = {
    "home": "Home",
}

ACTIONS: tuple[Action, ...] = (
    Action("place.show-home", ("1",), "Home", "what runs, what failed, what is due", GO),
    Action("home.open", ("enter",), "Open", "the run, log or DAG under the cursor", GO, 1),
    Action(
        "home.seen", ("z",), "Mark seen", "hide all failures listed here: they are seen", VIEW, 2
    ),
    Action(
        "home.clear",
        ("c",),
        "Clear",
        "run the failed task again",
        ACT,
        4,
        acts=True,
        destructive=True,
    ),
    Action("home.favourite", ("F",), "Favourite", FAVOURITE, VIEW),
    Action(
        "home.show_seen", ("Z",), "Show seen", "list failures marked as seen, or hide them", VIEW, 3
    ),
)

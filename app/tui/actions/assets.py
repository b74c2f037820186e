"""Actions of the place of assets, and of the events of one."""

from __future__ import annotations

from app.tui.actions.action import ACT, GO, VIEW, Action

TITLES = {
    "assets": "assets",
    "asset": "events of an asset",
    "dependencies": "dependencies",
}

_GRAPH = "what leads to what: DAGs and assets"

ACTIONS: tuple[Action, ...] = (
    Action("place.show-assets", ("8",), "Assets", "what tasks produce and DAGs run on", GO),
    Action(
        "assets.record",
        ("A",),
        "Event",
        "record an event by hand: DAGs run on it",
        ACT,
        2,
        acts=True,
        of_row=True,
    ),
    Action(
        "assets.materialize",
        ("t",),
        "Trigger",
        "trigger the DAG that produces it",
        ACT,
        3,
        acts=True,
        of_row=True,
    ),
    Action(
        "assets.copy", ("y",), "Copy", "copy the URI to the clipboard (OSC 52)", VIEW, of_row=True
    ),
    Action(
        "asset.followers",
        ("f",),
        "Followed",
        "the run that followed from the event",
        GO,
        2,
        of_row=True,
    ),
    Action(
        "asset.record",
        ("A",),
        "Event",
        "record an event by hand: DAGs run on it",
        ACT,
        3,
        acts=True,
    ),
    Action("asset.copy", ("y",), "Copy", "copy the event's extra (OSC 52)", VIEW, of_row=True),
    Action("assets.dependencies", ("X",), "Dependencies", _GRAPH, GO, 5),
    Action("asset.dependencies", ("X",), "Dependencies", _GRAPH, GO, 4),
    Action("view.dependencies", ("X",), "Dependencies", _GRAPH, GO),
    Action(
        "dependencies.open",
        ("enter",),
        "Open",
        "the DAG; the asset among all of them",
        GO,
        1,
        of_row=True,
    ),
    Action(
        "dependencies.trigger",
        ("t",),
        "Trigger",
        "the DAG, or the one that produces the asset",
        ACT,
        2,
        acts=True,
        of_row=True,
    ),
    Action(
        "dependencies.record",
        ("A",),
        "Event",
        "record an event of the asset by hand",
        ACT,
        3,
        acts=True,
        of_row=True,
    ),
    Action(
        "dependencies.copy",
        ("y",),
        "Copy",
        "copy the DAG id or the URI (OSC 52)",
        VIEW,
        of_row=True,
    ),
)

"""Actions of a DAG's graph, and of all that is drawn as nodes and lines."""

from __future__ import annotations

from app.tui.actions.action import GO, MOVE, VIEW, Action

TITLES = {
    "picture": "graph, dependencies",
    "graph": "graph",
}

ACTIONS: tuple[Action, ...] = (
    Action("graph.open", ("enter",), "Log", "log of the try; list instances; unfold", GO, 1),
    Action("graph.fold", ("space",), "Fold", "fold the group around, or unfold it", VIEW),
    Action("graph.fold_all", ("asterisk",), "Fold all", "fold or unfold all groups", VIEW),
    Action("picture.zoom", ("z",), "Zoom", "only 1, 2, 3 steps around the cursor, or all", VIEW, 5),
    Action("picture.turn", ("d",), "Direction", "layers from left to right, or top down", VIEW),
    Action("picture.frame", ("b",), "Boxes", "names in boxes, or alone", VIEW),
    Action("picture.fit", ("f",), "Fit", "the form that fits on the screen", VIEW),
    Action("picture.find", ("slash",), "Find", "words of a name; n next, N previous", VIEW),
    Action("picture.next_match", ("n",), "Next", "the next one found", VIEW),
    Action("picture.previous_match", ("N",), "Previous", "the one found before", VIEW),
    Action("picture.pan_left", ("H", "shift+left"), "Pan left", "move the window left", MOVE),
    Action("picture.pan_down", ("J", "shift+down"), "Pan down", "move the window down", MOVE),
    Action("picture.pan_up", ("K", "shift+up"), "Pan up", "move the window up", MOVE),
    Action("picture.pan_right", ("L", "shift+right"), "Pan right", "move the window right", MOVE),
)

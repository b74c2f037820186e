"""Actions of a DAG's graph."""

from __future__ import annotations

from app.tui.actions.action import GO, MOVE, VIEW, Action

TITLES = {
    "graph": "graph",
}

ACTIONS: tuple[Action, ...] = (
    Action("graph.open", ("enter",), "Log", "log of the try; list instances; unfold", GO, 1),
    Action("graph.fold", ("space",), "Fold", "fold the group around, or unfold it", VIEW),
    Action("graph.fold_all", ("asterisk",), "Fold all", "fold or unfold all groups", VIEW),
    Action("graph.zoom", ("z",), "Zoom", "only 1, 2, 3 steps around the cursor, or all", VIEW, 5),
    Action("graph.turn", ("d",), "Direction", "layers from left to right, or top down", VIEW),
    Action("graph.frame", ("b",), "Boxes", "tasks in boxes, or names alone", VIEW),
    Action("graph.fit", ("f",), "Fit", "the form that fits on the screen", VIEW),
    Action("graph.find", ("slash",), "Find", "a task; n next, N previous", VIEW),
    Action("graph.next_match", ("n",), "Next", "next task found", VIEW),
    Action("graph.previous_match", ("N",), "Previous", "task found before", VIEW),
    Action("graph.pan_left", ("H", "shift+left"), "Pan left", "move the window left", MOVE),
    Action("graph.pan_down", ("J", "shift+down"), "Pan down", "move the window down", MOVE),
    Action("graph.pan_up", ("K", "shift+up"), "Pan up", "move the window up", MOVE),
    Action("graph.pan_right", ("L", "shift+right"), "Pan right", "move the window right", MOVE),
)

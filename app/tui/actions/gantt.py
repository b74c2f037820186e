"""Actions of the Gantt chart."""

from __future__ import annotations

from app.tui.actions.action import GO, MOVE, VIEW, Action

TITLES = {
    "gantt": "Gantt chart",
}

ACTIONS: tuple[Action, ...] = (
    Action("view.show-gantt", ("4",), "Gantt", "what of a run waited and ran when", GO),
    Action("gantt.open", ("enter",), "Log", "log of the try; list instances; fold", GO, 1),
    Action("gantt.zoom_in", ("plus",), "Zoom", "half the time, around the task", VIEW, 5),
    Action("gantt.zoom_out", ("minus",), "Zoom out", "twice the time", VIEW),
    Action("gantt.zoom", ("z",), "To task", "the time of the task under the cursor", VIEW),
    Action("gantt.whole", ("equals_sign",), "Whole run", "the whole time of the run", VIEW),
    Action("gantt.pan_left", ("H", "shift+left"), "Earlier", "half a screen earlier", MOVE),
    Action("gantt.pan_right", ("L", "shift+right"), "Later", "half a screen later", MOVE),
    Action("gantt.order", ("s",), "Order", "by start, or in the order of the pipeline", VIEW),
    Action("gantt.fold", ("space",), "Fold", "fold a group, unfold a mapped task", VIEW),
    Action("gantt.fold_all", ("asterisk",), "Fold all", "fold all, or unfold all groups", VIEW),
    Action("gantt.filter", ("slash",), "Filter", "only tasks with these words", VIEW),
)

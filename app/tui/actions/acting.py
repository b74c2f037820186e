"""Actions that change runs, task instances and schedules, where several kinds of screens have
them."""

from __future__ import annotations

from app.tui.actions.action import ACT, Action

TITLES: dict[str, str] = {}

ACTIONS: tuple[Action, ...] = (
    Action(
        "everywhere.undo", ("U",), "Undo", "take your last act back, if that can be", ACT, acts=True
    ),
    Action("tasks.note", ("a",), "Note", "note on the task or the run", ACT, acts=True),
    Action("instances.note", ("a",), "Note", "note on the instance or the run", ACT, acts=True),
    Action("tasks.clone", ("T",), "Again", "trigger a run with this one's params", ACT, acts=True),
)

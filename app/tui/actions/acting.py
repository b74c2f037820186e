"""Actions that change runs, task instances and schedules, where several kinds of screens have
them."""

from __future__ import annotations

from app.tui.actions.action import ACT, Action

TITLES: dict[str, str] = {}

ACTIONS: tuple[Action, ...] = (
    Action("tasks.clone", ("T",), "Again", "trigger a run with this one's params", ACT, acts=True),
)

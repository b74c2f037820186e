"""Actions that change runs, task instances and schedules, where several kinds of screens have
them."""

from __future__ import annotations

from app.tui.actions.action import ACT, VIEW, Action

TITLES: dict[str, str] = {}

ACTIONS: tuple[Action, ...] = (
    Action(
        "everywhere.undo", ("U",), "Undo", "take your last act back, if that can be", ACT, acts=True
    ),
    Action("tasks.note", ("a",), "Note", "note on the task or the run", ACT, acts=True),
    Action(
        "instances.note",
        ("a",),
        "Note",
        "note on the instance or the run",
        ACT,
        acts=True,
        of_row=True,
    ),
    Action("tasks.priority", ("W",), "Weight", "priority weight in the queue", ACT, acts=True),
    Action("instances.priority", ("W",), "Weight", "priority weight in the queue", ACT, acts=True),
    Action("tasks.clone", ("T",), "Clone", "trigger a run with this run's params", ACT, acts=True),
    Action("tasks.retry", ("e",), "Retry", "run again with edited params", ACT, acts=True),
    Action("instances.retry", ("e",), "Retry", "run again with edited params", ACT, acts=True),
    Action("view.backfill", ("B",), "Backfill", "make the runs of a span of time", ACT, acts=True),
    Action(
        "dags.backfill",
        ("B",),
        "Backfill",
        "make the runs of a span of time",
        ACT,
        acts=True,
        of_row=True,
    ),
    Action("view.edit_schedule", ("at",), "Schedule", "edit the schedule", ACT, acts=True),
    Action(
        "dags.edit_schedule", ("at",), "Schedule", "edit the schedule", ACT, acts=True, of_row=True
    ),
    Action("table.mark_range", ("v",), "Range", "mark from here to where you go; v ends it", VIEW),
)

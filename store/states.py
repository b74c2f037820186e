"""Every state that dagtop shows, defined once: value, glyph, colour, order and meaning.

The names and meanings are Airflow's (``airflow.utils.state``). A state is never shown by colour
alone: each has a glyph of its own and a plain-ASCII stand-in for terminals without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class TaskInstanceState(StrEnum):
    """State of a task instance. "No status yet" is ``None``, as in Airflow."""

    SCHEDULED = "scheduled"
    """Its dependencies are met; it waits for a slot."""
    QUEUED = "queued"
    """A slot is taken and its ticket is on its way to a host."""
    RUNNING = "running"
    SUCCESS = "success"
    RESTARTING = "restarting"
    """Was cleared while running; starts again when the process is gone."""
    FAILED = "failed"
    UP_FOR_RETRY = "up_for_retry"
    """Failed with tries left; waits for its retry delay."""
    UP_FOR_RESCHEDULE = "up_for_reschedule"
    """A sensor in reschedule mode between two pokes; holds no slot."""
    UPSTREAM_FAILED = "upstream_failed"
    SKIPPED = "skipped"
    REMOVED = "removed"
    """The task or map index is no longer in the pipeline."""
    DEFERRED = "deferred"
    """Waits for a trigger; holds no slot."""


class DagRunState(StrEnum):
    """State of a DAG run."""

    QUEUED = "queued"
    """Waits until fewer than ``max_active_runs`` runs of its DAG are running."""
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"


class DagRunType(StrEnum):
    """What made a DAG run; also the prefix of its run id."""

    MANUAL = "manual"
    SCHEDULED = "scheduled"
    BACKFILL = "backfill"
    ASSET_TRIGGERED = "asset_triggered"


class BackfillState(StrEnum):
    """What a backfill is at."""

    RUNNING = "running"
    """Its queued runs start as its own limit lets."""
    PAUSED = "paused"
    """None of its queued runs starts; what runs goes on."""
    COMPLETED = "completed"
    """All its runs have ended, none of them failed."""
    FAILED = "failed"
    """All its runs have ended, and some of them failed."""
    CANCELLED = "cancelled"
    """What had not started by then has failed."""


FINISHED_TASK_STATES = frozenset(
    {
        TaskInstanceState.SUCCESS,
        TaskInstanceState.FAILED,
        TaskInstanceState.UPSTREAM_FAILED,
        TaskInstanceState.SKIPPED,
        TaskInstanceState.REMOVED,
    }
)
"""States that a task instance leaves only when it is cleared."""

EXECUTING_TASK_STATES = frozenset(
    {TaskInstanceState.QUEUED, TaskInstanceState.RUNNING, TaskInstanceState.RESTARTING}
)
"""States that hold pool slots and count against ``parallelism``."""

FINISHED_RUN_STATES = frozenset({DagRunState.SUCCESS, DagRunState.FAILED})


@dataclass(frozen=True, slots=True)
class StateLook:
    """How a state is shown."""

    word: str
    glyph: str
    ascii_glyph: str
    colour: str
    """A colour name of Rich and Textual, or ``#rrggbb``."""
    order: int
    """Rank in summaries: what needs attention comes first."""
    meaning: str


TASK_STATE_LOOKS: dict[TaskInstanceState | None, StateLook] = {
    TaskInstanceState.FAILED: StateLook("failed", "✗", "x", "#f7768e", 0, "ended with an error"),
    TaskInstanceState.UPSTREAM_FAILED: StateLook(
        "upstream_failed", "⊘", "u", "#ff9e64", 1, "not run: something upstream failed"
    ),
    TaskInstanceState.UP_FOR_RETRY: StateLook(
        "up_for_retry", "↻", "r", "#e0af68", 2, "failed, will be tried again"
    ),
    TaskInstanceState.RUNNING: StateLook(
        "running", "●", "*", "#7dcfff", 3, "its process is at work"
    ),
    TaskInstanceState.RESTARTING: StateLook(
        "restarting", "↺", "R", "#7dcfff", 4, "cleared while running, starts again"
    ),
    TaskInstanceState.QUEUED: StateLook(
        "queued", "◐", "q", "#9aa5ce", 5, "has a slot, is being started"
    ),
    TaskInstanceState.SCHEDULED: StateLook("scheduled", "○", "o", "#9aa5ce", 6, "waits for a slot"),
    TaskInstanceState.UP_FOR_RESCHEDULE: StateLook(
        "up_for_reschedule", "◷", "z", "#2ac3de", 7, "a sensor that looks again later"
    ),
    TaskInstanceState.DEFERRED: StateLook(
        "deferred", "◌", "d", "#bb9af7", 8, "waits for a trigger"
    ),
    None: StateLook("no status", "·", ".", "#565f89", 9, "waits for what is upstream"),
    TaskInstanceState.SKIPPED: StateLook("skipped", "↷", "-", "#bb9af7", 10, "left out on purpose"),
    TaskInstanceState.REMOVED: StateLook(
        "removed", "⌫", "~", "#565f89", 11, "no longer in the pipeline"
    ),
    TaskInstanceState.SUCCESS: StateLook("success", "✓", "+", "#9ece6a", 12, "ended well"),
}

RUN_STATE_LOOKS: dict[DagRunState, StateLook] = {
    DagRunState.FAILED: StateLook("failed", "✗", "x", "#f7768e", 0, "ended with an error"),
    DagRunState.RUNNING: StateLook("running", "●", "*", "#7dcfff", 1, "at work"),
    DagRunState.QUEUED: StateLook("queued", "◐", "q", "#9aa5ce", 2, "waits for max_active_runs"),
    DagRunState.SUCCESS: StateLook("success", "✓", "+", "#9ece6a", 3, "ended well"),
}

BACKFILL_STATE_LOOKS: dict[BackfillState, StateLook] = {
    BackfillState.RUNNING: StateLook("running", "●", "*", "#7dcfff", 0, "its runs start in turn"),
    BackfillState.PAUSED: StateLook("paused", "○", "o", "#e0af68", 1, "no queued run of it starts"),
    BackfillState.FAILED: StateLook(
        "failed", "✗", "x", "#f7768e", 2, "all its runs ended, some failed"
    ),
    BackfillState.CANCELLED: StateLook(
        "cancelled", "⊘", "u", "#ff9e64", 3, "what had not started has failed"
    ),
    BackfillState.COMPLETED: StateLook(
        "completed", "✓", "+", "#9ece6a", 4, "all its runs ended, none failed"
    ),
}

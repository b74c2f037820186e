"""One turn of the runner: a moment, a write transaction, and the changes gathered in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from runner.daemon.brain import Brain
from runner.daemon.changes import Changes
from runner.daemon.memory import BETWEEN_POKES, LiveRun, LiveTry
from runner.journal.records import Ticket
from runner.scheduling.model import Instance
from store import models
from store.config import Config
from store.states import FINISHED_TASK_STATES, TaskInstanceState


@dataclass(slots=True)
class Orders:
    """What the outside must do once the turn is committed."""

    tickets: list[tuple[LiveTry, LiveRun, Ticket]] = field(default_factory=list)
    new_callbacks: list[int] = field(default_factory=list)
    """Row keys of callbacks to be run."""
    kills: list[LiveTry] = field(default_factory=list)
    timers: list[tuple[datetime, tuple[Any, ...]]] = field(default_factory=list)
    """(when, key): the key comes back in a later turn's ``due``."""
    ended: list[LiveTry] = field(default_factory=list)
    """Tries that have stated their end in this turn."""
    forgotten: list[LiveTry] = field(default_factory=list)
    """Tries that memory no longer has: their descriptors and timers are let go."""
    reparse: list[str] = field(default_factory=list)
    """Pipeline files to be imported anew."""
    deleted_runs: list[int] = field(default_factory=list)
    """Row keys of runs that are gone: their folders go, too."""
    deleted_tries: list[tuple[int, int]] = field(default_factory=list)
    """(row key of the run, of the try) of tries that are gone: their folders go, too."""
    finished_recordings: list[Path] = field(default_factory=list)
    """Recordings that are read, and whose process is gone: so are they."""
    damaged_recordings: list[Path] = field(default_factory=list)
    """Those that can't be read on: they are set aside."""
    stop: str | None = None
    """"leave" or "kill": the runner is to end, and what becomes of running tasks."""
    watch: list[LiveTry] = field(default_factory=list)
    """Tries that have told their pid and that no host watches."""


@dataclass(slots=True)
class Turn:
    """Handed from step to step within a turn."""

    now: datetime
    connection: Connection
    brain: Brain
    config: Config
    changes: Changes
    orders: Orders
    state: str = ""
    """The folder of the workspace's state."""

    def set_instance(
        self,
        run: LiveRun,
        instance: Instance,
        state: TaskInstanceState | None,
        *,
        next_at: datetime | None = None,
        **columns: Any,
    ) -> None:
        """Give a task instance a state, in memory, in the store and among the candidates."""
        key = (instance.task_id, instance.map_index)
        run.state.set_state(key, state, next_at=next_at)
        columns["state"] = state
        columns["next_at"] = next_at
        if state in FINISHED_TASK_STATES and "ended_at" not in columns:
            columns["ended_at"] = self.now
        self.changes.update(models.task_instance, instance.row_key, **columns)
        self.follow(run, instance)

    def follow(self, run: LiveRun, instance: Instance) -> None:
        """Keep candidates and timers in line with an instance's state."""
        brain = self.brain
        if instance.state is TaskInstanceState.SCHEDULED and run.pipeline.hold() is None:
            brain.candidates[instance.row_key] = run.candidate(instance)
        else:
            brain.candidates.pop(instance.row_key, None)
            brain.wait_reasons.pop(instance.row_key, None)
        if run.rescheduled and instance.state not in BETWEEN_POKES:
            self._end_waiting(run, instance)
        if instance.next_at is not None:
            self.orders.timers.append((instance.next_at, ("instance", run.key, instance.row_key)))
        brain.dirty.add(run.key)
        brain.tell_next(run.key, (instance.task_id, instance.map_index), instance.state)

    def _end_waiting(self, run: LiveRun, instance: Instance) -> None:
        """The try of a sensor that waits for its next poke ends with its instance."""
        live_try = run.rescheduled.pop(instance.row_key, None)
        if live_try is None:
            return
        self.changes.update(
            models.task_try,
            live_try.key,
            state=instance.state or TaskInstanceState.SKIPPED,
            ended_at=self.now,
            reason="its task instance was ended, or cleared, between two pokes",
        )
        self.orders.forgotten.append(live_try)

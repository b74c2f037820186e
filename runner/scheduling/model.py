"""What the scheduling decision reads and gives. No I/O in this package.

The daemon keeps one ``RunState`` per unfinished DAG run, changes it with ``set_state`` and
``add_instance`` as facts arrive, and asks ``decide`` when something changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from store.states import DagRunState, TaskInstanceState

InstanceKey = tuple[str, int]
"""(task id, map index); the index is -1 for an instance that is not mapped."""


@dataclass(slots=True)
class Instance:
    """One task instance as the scheduler sees it."""

    task_id: str
    map_index: int
    state: TaskInstanceState | None = None
    try_number: int = 0
    max_tries: int = 0
    next_at: datetime | None = None
    """When an instance in up_for_retry or up_for_reschedule is due again."""
    row_key: int = 0
    """Key of its row in the store (the daemon's business)."""
    priority_weight: int | None = None
    """Set by hand; None: the one of the pipeline file."""


@dataclass(slots=True)
class PreviousRun:
    """The run that ``depends_on_past`` looks at, as far as it matters."""

    states: dict[InstanceKey, TaskInstanceState | None]
    run_id: str = ""
    """For the reasons that are shown."""
    earlier_tasks: frozenset[str] = frozenset()
    """Tasks without an instance in this run that have one in a run before it."""


@dataclass(frozen=True, slots=True)
class StateChange:
    """An existing instance gets a state that needs no process."""

    key: InstanceKey
    state: TaskInstanceState | None
    """SCHEDULED, SKIPPED, UPSTREAM_FAILED, REMOVED, or SUCCESS of a task that runs nothing. Where
    the run is stopped (``fail_fast``, a timeout, a command) also FAILED or SUCCESS."""
    reason: str
    """For the audit trail: "upstream prepare failed", "branch choose did not choose it"."""


@dataclass(frozen=True, slots=True)
class NewInstance:
    """An instance to be added: an expansion became known (or the pipeline got a new task)."""

    key: InstanceKey
    state: TaskInstanceState | None = None
    priority_weight: int | None = None
    """That of the placeholder it stands for, if that was given one."""


@dataclass(frozen=True, slots=True)
class DroppedInstance:
    """The unexpanded placeholder (index -1) of a mapped task gives way to its instances."""

    key: InstanceKey


@dataclass(slots=True)
class Decision:
    """What must change now, and why everything else waits."""

    changes: list[StateChange | NewInstance | DroppedInstance] = field(default_factory=list)
    """In order; already applied to the ``RunState`` when ``decide`` returns."""
    run_state: DagRunState | None = None
    """The run's final state, once it has one."""
    run_reason: str = ""
    kills: list[InstanceKey] = field(default_factory=list)
    """Instances that had a slot or a process when ``changes`` gave them their state: to be ended
    without a retry; what their process still says about its end no longer matters."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A task instance in state scheduled that wants a slot."""

    row_key: int
    dag_id: str
    dag_run_key: int
    task_id: str
    map_index: int
    pool: str
    pool_slots: int
    priority_weight: int
    logical_date: float
    """Seconds since 1970, for the order; of a run without one: its run_after."""
    max_active_tasks: int
    max_active_tis_per_dag: int | None = None
    max_active_tis_per_dagrun: int | None = None


@dataclass(frozen=True, slots=True)
class PoolSlots:
    """Slots of a pool: ``total`` -1 is no limit; ``used`` by what is queued or running."""

    total: int
    used: int


@dataclass(slots=True)
class Usage:
    """What executes now. ``choose`` reads it; the daemon keeps it."""

    executing: int
    pools: dict[str, PoolSlots]
    per_dag_run: dict[int, int]
    """dag run key -> executing instances (Airflow 3: ``max_active_tasks`` is per run)."""
    per_task: dict[tuple[str, str], int]
    """(dag id, task id) -> executing instances over all runs."""
    per_task_of_run: dict[tuple[int, str], int]


@dataclass(slots=True)
class Choice:
    """Who starts now, in order, and why each of the others does not."""

    start: list[Candidate]
    reasons: dict[int, str]
    """row key -> "pool gpu: 0 of 2 free", "parallelism: 32 of 32 running" …"""

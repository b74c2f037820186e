"""What the runner knows by heart: unfinished runs, open tries, pipelines. The store is the truth.

Memory is filled from the store at the start and after a write that failed; nothing in here is
needed to survive a crash.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runner.journal.records import RunFacts
from runner.scheduling.model import Candidate, Instance, InstanceKey
from runner.scheduling.overrides import overridden
from runner.scheduling.run_state import RunState
from store.states import TaskInstanceState
from store.structure import DagStructure, TaskStructure, decode_structure

BETWEEN_POKES = frozenset({TaskInstanceState.UP_FOR_RESCHEDULE, TaskInstanceState.SCHEDULED})
"""States in which the try of a rescheduled sensor waits for its next poke."""


@dataclass(slots=True)
class Pipeline:
    """A DAG as the runner needs it. The structure is decoded when first asked for."""

    dag_id: str
    file: str
    version_id: int
    version_number: int
    is_paused: bool
    is_active: bool
    max_active_runs: int
    document: str
    digest: str
    """Of the source text that this version was made from."""
    file_error: str | None = None
    next_run_after: datetime | None = None
    next_logical_date: datetime | None = None
    next_interval_start: datetime | None = None
    next_interval_end: datetime | None = None
    schedule_override: str | None = None
    """The schedule that people have put in the place of the file's."""
    schedule_run: dict[str, Any] | None = None
    """What that schedule gives its runs: conf, note, experiment."""
    schedule_window: dict[str, Any] | None = None
    """Start, end and catchup of that schedule, where they aren't the file's."""
    _structure: DagStructure | None = None
    _tasks: dict[str, TaskStructure] | None = None

    @property
    def structure(self) -> DagStructure:
        """With the schedule in force."""
        if self._structure is None:
            self._structure = self.own_structure
            if self.schedule_override is not None:
                self._structure = overridden(
                    self._structure, self.schedule_override, self.schedule_window
                )
        return self._structure

    @property
    def own_structure(self) -> DagStructure:
        """As the file has it."""
        return decode_structure(self.document)

    def override_schedule(
        self, text: str | None, run: dict[str, Any] | None, window: dict[str, Any] | None
    ) -> None:
        """Put a schedule in the place of the file's, with what it gives its runs and its dates;
        None: it is the file's again."""
        self.schedule_override, self.schedule_run, self.schedule_window = text, run, window
        self._structure = None

    @property
    def tasks(self) -> dict[str, TaskStructure]:
        if self._tasks is None:
            self._tasks = {task.task_id: task for task in self.structure.tasks}
        return self._tasks

    def hold(self) -> str | None:
        """Why nothing of this pipeline may start now, or None."""
        if not self.is_active:
            return f"{self.file} no longer defines this DAG"
        if self.file_error is not None:
            return f"{self.file} can't be imported: {self.file_error}"
        if self.is_paused:
            return "the DAG is paused"
        return None


@dataclass(slots=True)
class LiveRun:
    """A running DAG run. Its task instances are in ``state``."""

    key: int
    pipeline: Pipeline
    run_id: str
    run_type: str
    state: RunState
    facts: RunFacts
    logical_date: datetime | None
    run_after: datetime
    started_at: datetime | None
    backfill_id: int | None
    previous_key: int | None = None
    """Of the run that ``depends_on_past`` looks at, where a task asks."""
    intended_state: str | None = None
    """What an operator wants the run to end as, whatever its leaves say."""
    experiment: str | None = None
    """What its tries track belongs to it; None: to the one with the DAG's id."""
    rows: dict[int, InstanceKey] = field(default_factory=dict)
    """task instance row key -> its key in ``state``."""
    rescheduled: dict[int, LiveTry] = field(default_factory=dict)
    """task instance row key -> the try of a sensor that waits between two pokes."""

    @property
    def dag_id(self) -> str:
        return self.pipeline.dag_id

    @property
    def order(self) -> float:
        """For the order of candidates: seconds since 1970."""
        return (self.logical_date or self.run_after).timestamp()

    def instance(self, row_key: int) -> Instance | None:
        key = self.rows.get(row_key)
        return None if key is None else self.state.instances.get(key)

    def candidate(self, instance: Instance) -> Candidate:
        task = self.pipeline.tasks[instance.task_id]
        return Candidate(
            row_key=instance.row_key,
            dag_id=self.dag_id,
            dag_run_key=self.key,
            task_id=instance.task_id,
            map_index=instance.map_index,
            pool=task.pool,
            pool_slots=task.pool_slots,
            priority_weight=self.priority(instance),
            logical_date=self.order,
            max_active_tasks=self.pipeline.structure.max_active_tasks,
            max_active_tis_per_dag=task.max_active_tis_per_dag,
            max_active_tis_per_dagrun=task.max_active_tis_per_dagrun,
        )

    def priority(self, instance: Instance) -> int:
        """The priority weight in force: the one set by hand, else the pipeline file's."""
        if instance.priority_weight is not None:
            return instance.priority_weight
        return self.pipeline.tasks[instance.task_id].priority_weight

    def where(self, instance: Instance | None = None) -> dict[str, Any]:
        """The columns that place an event."""
        place: dict[str, Any] = {
            "dag_id": self.dag_id,
            "dag_run_id": self.key,
            "run_id": self.run_id,
        }
        if instance is not None:
            place |= {
                "task_id": instance.task_id,
                "map_index": instance.map_index,
                "try_number": instance.try_number,
            }
        return place


@dataclass(slots=True)
class LiveTry:
    """A try that is queued, running, or whose process lingers after its last record."""

    key: int
    row_key: int
    """Of its task instance."""
    run_key: int
    dag_id: str
    task_id: str
    map_index: int
    try_number: int
    journal: str
    journal_number: int = 0
    offset: int = 0
    queued_at: datetime | None = None
    started_at: datetime | None = None
    first_started_at: datetime | None = None
    pid: int | None = None
    process_start: str | None = None
    hostname: str | None = None
    host_key: int | None = None
    """The file host that forked it, while that host lives and will report its end."""
    ended: bool = False
    intent: str | None = None
    """What its instance becomes when its process has been ended, and why: "failed:killed by …"."""
    descriptor: int | None = None
    process_descriptor: int | None = None
    slots: tuple[str, int] = ("default_pool", 1)
    exit_status: int | None = None
    gone: bool = False
    """Its process has ended."""
    memory_kills: int = 0
    """Count of out-of-memory kills of the machine when it started."""
    tracked_runs: dict[str, int] = field(default_factory=dict[str, int])
    """Rows of its tracked runs by uuid, once they have logged anything; empty: its own run's."""
    peak_rss: int = 0
    read_bytes: int = 0
    write_bytes: int = 0
    cpu_seconds: float = 0.0

    def open_journal(self) -> int | None:
        """A descriptor of the journal, or None while it doesn't exist yet."""
        if self.descriptor is None:
            try:
                self.descriptor = os.open(self.journal, os.O_RDONLY | os.O_CLOEXEC)
            except (FileNotFoundError, NotADirectoryError):
                return None
        return self.descriptor

    def close(self) -> None:
        for descriptor in (self.descriptor, self.process_descriptor):
            if descriptor is not None:
                os.close(descriptor)
        self.descriptor = self.process_descriptor = None


@dataclass(slots=True)
class LiveRecording:
    """The journal of a process that no host of ours has forked."""

    name: str
    row_key: int | None = None
    offset: int = 0
    seen: int = 0
    """How large it was when it was read last: what is cut short isn't looked at again."""
    has_more: bool = False
    """There was more than is read at once."""
    is_open: bool = False
    """It has said whose it is."""
    key: int | None = None
    """Of the try that has started the process; None: none has."""
    journal: str = ""
    """Of that try."""
    own_run: str = ""
    """The uuid of that try's own run."""
    own_name: str = ""
    experiment: str = "Default"
    user: str = ""
    where: dict[str, Any] = field(default_factory=dict[str, Any])
    """The columns that place an event of its try."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    status: str | None = None
    """What its open runs end as; None: it hasn't said."""
    tracked_runs: dict[str, int] = field(default_factory=dict[str, int])
    """Rows of tracked runs by uuid; empty: that of its try."""
    open_runs: dict[str, None] = field(default_factory=dict[str, None])
    """Those that end with it, in their order."""


@dataclass(slots=True)
class Counters:
    """The next row keys. The runner alone inserts into these tables."""

    dag_run: int = 1
    task_instance: int = 1
    task_try: int = 1
    dag_version: int = 1
    callback: int = 1
    backfill: int = 1

    def take(self, name: str) -> int:
        value = getattr(self, name)
        setattr(self, name, value + 1)
        return value

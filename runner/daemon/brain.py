"""The runner's memory as a whole, and how it is filled from the store."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, select

from runner.authoring.timetables import DagRunInfo
from runner.daemon.memory import (
    BETWEEN_POKES,
    Counters,
    LiveRecording,
    LiveRun,
    LiveTry,
    Pipeline,
)
from runner.journal.records import RunFacts
from runner.scheduling.graph import graph_of
from runner.scheduling.model import (
    Candidate,
    Instance,
    InstanceKey,
    PoolSlots,
    PreviousRun,
    Usage,
)
from runner.scheduling.run_state import RunState
from store import models, records, tracking
from store.states import DagRunState, TaskInstanceState
from store.structure import DagStructure
from store.workspace import Workspace

SKIP_KEY = "skipmixin_key"
"""XCom key under which a branch's decision is kept (Airflow's ``XCOM_SKIPMIXIN_KEY``)."""

OPEN_TRY_STATES = ("queued", "running")
WAITING_TRY_STATES = (*OPEN_TRY_STATES, TaskInstanceState.UP_FOR_RESCHEDULE)


class Brain:
    """Unfinished runs, open tries, pipelines, pools and who holds which slots."""

    def __init__(self, workspace: Workspace, parallelism: int) -> None:
        self.workspace = workspace
        self.parallelism = parallelism
        self.pipelines: dict[str, Pipeline] = {}
        self.runs: dict[int, LiveRun] = {}
        self.tries: dict[int, LiveTry] = {}
        self.recordings: dict[str, LiveRecording] = {}  # by name, once they were looked at
        self.candidates: dict[int, Candidate] = {}
        """task instance row key -> a scheduled instance that wants a slot."""
        self._followers: defaultdict[int, set[int]] = defaultdict(set)
        """Run key -> keys of the runs whose tasks depend on its (``depends_on_past``)."""
        self.dirty: set[int] = set()
        """Keys of runs about which something changed since they were last decided."""
        self.queued_runs: Counter[str] = Counter()
        """DAG id -> runs in state queued. Those of backfills have limits of their own."""
        self.queued_backfill_runs: Counter[str] = Counter()
        self.backfills: dict[int, deque[DagRunInfo]] = {}
        """Backfill -> its dates for which runs are yet to be made."""
        self.unusable: dict[int, str] = {}
        """Stored runs that can't be brought into memory, and why."""
        self.counters = Counters()
        self.usage = Usage(0, {}, {}, {}, {})
        self.is_stopping = False
        """The runner is about to end: nothing new is started."""
        self.memory_kills = 0
        """Out-of-memory kills of the machine so far, as of the last poll."""
        self.asset_consumers: set[str] = set()
        """DAGs that may get a run because of events of their assets: to be looked at."""
        self.wait_reasons: dict[int, str] = {}
        """task instance row key -> why it got no slot when last asked."""

    # -- slots -----------------------------------------------------------------------------

    def take_slots(self, live_try: LiveTry) -> None:
        self._count(live_try, 1)

    def release_slots(self, live_try: LiveTry) -> None:
        self._count(live_try, -1)

    def _count(self, live_try: LiveTry, step: int) -> None:
        # By what the try knows itself: its run may be forgotten before its process is gone.
        usage = self.usage
        usage.executing += step
        name, slots = live_try.slots
        pool = usage.pools.get(name)
        if pool is not None:
            usage.pools[name] = PoolSlots(pool.total, pool.used + step * slots)
        _add(usage.per_dag_run, live_try.run_key, step)
        _add(usage.per_task, (live_try.dag_id, live_try.task_id), step)
        _add(usage.per_task_of_run, (live_try.run_key, live_try.task_id), step)

    def set_pools(self, totals: dict[str, int]) -> None:
        """Take over the pools' sizes, keeping count of what is used."""
        used: Counter[str] = Counter()
        for live_try in self.tries.values():
            if not live_try.ended:
                used[live_try.slots[0]] += live_try.slots[1]
        self.usage.pools = {name: PoolSlots(total, used[name]) for name, total in totals.items()}

    # -- runs ------------------------------------------------------------------------------

    def runs_of(self, dag_id: str) -> list[LiveRun]:
        return [run for run in self.runs.values() if run.dag_id == dag_id]

    def refresh_candidates(self, run: LiveRun) -> None:
        """Bring the candidates of one run in line with its instances and its pipeline."""
        held = run.pipeline.hold()
        for row_key, key in run.rows.items():
            instance = run.state.instances.get(key)
            wants = instance is not None and instance.state is TaskInstanceState.SCHEDULED
            if wants and held is None and instance is not None:
                self.candidates[row_key] = run.candidate(instance)
            else:
                self.candidates.pop(row_key, None)

    def add_run(self, run: LiveRun) -> None:
        self.runs[run.key] = run
        run.rows = {instance.row_key: key for key, instance in run.state.instances.items()}
        if run.previous_key is not None:
            self._followers[run.previous_key].add(run.key)
        self.refresh_candidates(run)
        self.dirty.add(run.key)

    def tell_next(self, run_key: int, key: InstanceKey, state: TaskInstanceState | None) -> None:
        """Runs that depend on this one learn that its task instance is new, or in ``state`` now."""
        for other in self._runs_after(run_key):
            other.state.set_previous_state(key, state)

    def tell_dropped(self, run_key: int, key: InstanceKey) -> None:
        """Runs that depend on this one learn that a placeholder of it gave way."""
        for other in self._runs_after(run_key):
            other.state.drop_previous(key)

    def _runs_after(self, run_key: int) -> list[LiveRun]:
        keys = self._followers.get(run_key, ())
        self.dirty.update(keys)
        return [self.runs[key] for key in keys]

    def forget_run(self, run: LiveRun) -> None:
        self.runs.pop(run.key, None)
        if run.previous_key is not None:
            followers = self._followers[run.previous_key]
            followers.discard(run.key)
            if not followers:
                del self._followers[run.previous_key]
        self.dirty.discard(run.key)
        for row_key in run.rows:
            self.candidates.pop(row_key, None)
            self.wait_reasons.pop(row_key, None)

    # -- loading ---------------------------------------------------------------------------

    def load(self, connection: Connection) -> None:
        """Fill an empty memory from the store."""
        self._load_counters(connection)
        self.load_pipelines(connection)
        totals = connection.execute(select(models.pool.c.name, models.pool.c.slots)).all()
        self._load_queued(connection)
        queue = models.asset_dag_run_queue
        self.asset_consumers = set(
            connection.execute(select(queue.c.target_dag_id).distinct()).scalars()
        )
        rows = connection.execute(
            select(models.dag_run).where(models.dag_run.c.state == DagRunState.RUNNING)
        ).all()
        for row in rows:
            try:
                self.add_run(self.load_run(connection, row))
            except (ValueError, LookupError, TypeError, ArithmeticError, AssertionError) as error:
                self.unusable[row.id] = f"{type(error).__name__}: {error}"
        self.load_tries(connection)
        self.set_pools(dict(totals))

    def _load_queued(self, connection: Connection) -> None:
        run = models.dag_run
        is_own = run.c.backfill_id.is_(None)
        rows = connection.execute(
            select(run.c.dag_id, is_own, func.count())
            .where(run.c.state == DagRunState.QUEUED)
            .group_by(run.c.dag_id, is_own)
        )
        for dag_id, own, count in rows:
            (self.queued_runs if own else self.queued_backfill_runs)[dag_id] = count

    def count_queued(self, dag_id: str, backfill_id: int | None, step: int) -> None:
        """A run of a DAG has become queued (``step`` 1), or is so no more (-1)."""
        _add(self.queued_runs if backfill_id is None else self.queued_backfill_runs, dag_id, step)

    def dags_with_queued_runs(self) -> list[str]:
        return list(self.queued_runs | self.queued_backfill_runs)

    def has_unfinished_runs(self, dag_id: str) -> bool:
        queued = self.queued_runs[dag_id] or self.queued_backfill_runs[dag_id]
        return bool(queued or self.runs_of(dag_id))

    def _load_counters(self, connection: Connection) -> None:
        for name in ("dag_run", "task_instance", "task_try", "dag_version", "callback", "backfill"):
            table = models.metadata.tables[name]
            setattr(self.counters, name, records.next_id(connection, table))

    def load_pipelines(self, connection: Connection, dag_ids: Iterable[str] | None = None) -> None:
        dag, version = models.dag, models.dag_version
        query = (
            select(
                dag.c.dag_id,
                dag.c.file,
                dag.c.version_id,
                version.c.number,
                dag.c.is_paused,
                dag.c.is_active,
                dag.c.max_active_runs,
                version.c.structure,
                version.c.source_digest,
                models.pipeline_file.c.error,
                dag.c.next_run_after,
                dag.c.next_logical_date,
                dag.c.next_interval_start,
                dag.c.next_interval_end,
                dag.c.schedule_override,
                dag.c.schedule_run,
                dag.c.schedule_window,
            )
            .join(version, version.c.id == dag.c.version_id)
            .outerjoin(models.pipeline_file, models.pipeline_file.c.file == dag.c.file)
        )
        if dag_ids is not None:
            query = query.where(dag.c.dag_id.in_(list(dag_ids)))
        for row in connection.execute(query):
            self.pipelines[row[0]] = Pipeline(*row)

    def load_run(self, connection: Connection, row: Row[Any]) -> LiveRun:
        """Make the memory of one run from its row and those of its task instances."""
        pipeline = self.pipelines[row.dag_id]
        table = models.task_instance
        instances = [
            Instance(
                task_id=found.task_id,
                map_index=found.map_index,
                state=None if found.state is None else TaskInstanceState(found.state),
                try_number=found.try_number,
                max_tries=found.max_tries,
                next_at=found.next_at,
                row_key=found.id,
                priority_weight=found.priority_weight,
            )
            for found in connection.execute(
                select(
                    table.c.id,
                    table.c.task_id,
                    table.c.map_index,
                    table.c.state,
                    table.c.try_number,
                    table.c.max_tries,
                    table.c.next_at,
                    table.c.priority_weight,
                ).where(table.c.dag_run_id == row.id)
            )
        ]
        structure = pipeline.structure
        lengths, pushed = self._pushed(connection, row.id, structure)
        previous_key, previous = self.previous_run(connection, row, structure)
        state = RunState(
            structure,
            instances,
            lengths=lengths,
            pushed=pushed,
            previous=previous,
            skip_decisions=self._skips(connection, row.id),
            logical_date=row.logical_date,
            run_type=row.run_type,
        )
        return LiveRun(
            key=row.id,
            pipeline=pipeline,
            run_id=row.run_id,
            run_type=row.run_type,
            state=state,
            facts=run_facts(row),
            logical_date=row.logical_date,
            run_after=row.run_after,
            started_at=row.started_at,
            backfill_id=row.backfill_id,
            intended_state=row.intended_state,
            experiment=row.experiment,
            previous_key=previous_key,
        )

    @staticmethod
    def _pushed(
        connection: Connection, run_key: int, structure: DagStructure
    ) -> tuple[dict[tuple[str, str], int | None], dict[tuple[str, str], set[int]]]:
        """Lengths of the XComs that are mapped over, and which mapped instances pushed one."""
        wanted = graph_of(structure).mapped_over
        lengths: dict[tuple[str, str], int | None] = {}
        pushed: dict[tuple[str, str], set[int]] = {}
        if wanted:
            table = models.xcom
            for row in connection.execute(
                select(table.c.task_id, table.c.key, table.c.map_index, table.c.length).where(
                    table.c.dag_run_id == run_key, table.c.task_id.in_(list(wanted))
                )
            ):
                if row.key not in wanted[row.task_id]:
                    continue
                if row.map_index == -1:
                    lengths[row.task_id, row.key] = row.length
                else:
                    pushed.setdefault((row.task_id, row.key), set()).add(row.map_index)
        return lengths, pushed

    @staticmethod
    def _skips(connection: Connection, run_key: int) -> dict[InstanceKey, list[str]]:
        table = models.xcom
        rows = connection.execute(
            select(table.c.task_id, table.c.map_index, table.c.value).where(
                table.c.dag_run_id == run_key, table.c.key == SKIP_KEY
            )
        )
        return {(row.task_id, row.map_index): msgspec.json.decode(row.value) for row in rows}

    def previous_run(
        self, connection: Connection, row: Row[Any], structure: DagStructure
    ) -> tuple[int | None, PreviousRun | None]:
        """States of the run that ``depends_on_past`` looks at, loaded only where a task asks.

        With catchup that is the scheduled run before; otherwise the run before of any type
        (Airflow's ``PrevDagrunDep``).
        """
        if not any(task.depends_on_past or task.wait_for_downstream for task in structure.tasks):
            return None, None
        table = models.dag_run
        query = select(table.c.id, table.c.run_id).where(
            table.c.dag_id == row.dag_id, table.c.id != row.id
        )
        if row.logical_date is not None:
            query = query.where(table.c.logical_date < row.logical_date)
            query = query.order_by(table.c.logical_date.desc())
        else:
            query = query.where(table.c.run_after < row.run_after)
            query = query.order_by(table.c.run_after.desc())
        if structure.catchup:
            query = query.where(table.c.run_type != "manual")
        found = connection.execute(query.limit(1)).first()
        if found is None:
            return None, None
        key, run_id = found
        instance = models.task_instance
        states = self._states(connection, key)
        new = {task.task_id for task in structure.tasks} - {task_id for task_id, _ in states}
        earlier = {
            task_id
            for task_id in new
            if connection.execute(
                select(instance.c.id)
                .where(
                    instance.c.dag_id == row.dag_id,
                    instance.c.task_id == task_id,
                    instance.c.dag_run_id != row.id,
                )
                .limit(1)
            ).first()
        }
        return key, PreviousRun(states, run_id=run_id, earlier_tasks=frozenset(earlier))

    def _states(
        self, connection: Connection, run_key: int
    ) -> dict[InstanceKey, TaskInstanceState | None]:
        """States of a run's task instances: memory is ahead of the store within a turn."""
        run = self.runs.get(run_key)
        if run is not None:
            return {key: instance.state for key, instance in run.state.instances.items()}
        table = models.task_instance
        rows = connection.execute(
            select(table.c.task_id, table.c.map_index, table.c.state).where(
                table.c.dag_run_id == run_key
            )
        )
        return {
            (row.task_id, row.map_index): None
            if row.state is None
            else TaskInstanceState(row.state)
            for row in rows
        }

    def load_tries(self, connection: Connection) -> None:
        """Open tries, and the tries of sensors that wait between two pokes."""
        table, instance = models.task_try, models.task_instance
        of_tries = tracking.runs_of_tries(connection, WAITING_TRY_STATES)
        query = (
            select(
                table,
                instance.c.dag_id,
                instance.c.task_id,
                instance.c.map_index,
                instance.c.pool,
                instance.c.pool_slots,
            )
            .join(instance, instance.c.id == table.c.task_instance_id)
            .where(table.c.state.in_(WAITING_TRY_STATES))
        )
        for row in connection.execute(query):
            live_try = LiveTry(
                key=row.id,
                row_key=row.task_instance_id,
                run_key=row.dag_run_id,
                dag_id=row.dag_id,
                task_id=row.task_id,
                map_index=row.map_index,
                try_number=row.try_number,
                journal=str(self.workspace.journal(row.dag_run_id, row.id, row.journal_number)),
                journal_number=row.journal_number,
                offset=row.journal_offset,
                queued_at=row.queued_at,
                started_at=row.started_at,
                first_started_at=row.started_at,
                pid=row.pid,
                process_start=row.process_start,
                hostname=row.hostname,
                intent=row.intent,
                tracked_runs=of_tries.get(row.id, {}),
                slots=(row.pool, row.pool_slots),
                peak_rss=row.peak_rss or 0,
                cpu_seconds=row.cpu_seconds or 0.0,
                read_bytes=row.read_bytes or 0,
                write_bytes=row.write_bytes or 0,
            )
            if row.state == TaskInstanceState.UP_FOR_RESCHEDULE:
                self._remember_waiting(live_try)
                continue
            self.tries[live_try.key] = live_try
            self.take_slots(live_try)

    def _remember_waiting(self, live_try: LiveTry) -> None:
        run = self.runs.get(live_try.run_key)
        instance = None if run is None else run.instance(live_try.row_key)
        if run is not None and instance is not None and instance.state in BETWEEN_POKES:
            run.rescheduled[live_try.row_key] = live_try


def run_facts(row: Row[Any]) -> RunFacts:
    """What a ticket tells of the run."""
    return RunFacts(
        dag_run_key=row.id,
        run_id=row.run_id,
        run_type=row.run_type,
        logical_date=_iso(row.logical_date),
        data_interval_start=_iso(row.data_interval_start),
        data_interval_end=_iso(row.data_interval_end),
        run_after=row.run_after.isoformat(),
        queued_at=_iso(row.queued_at),
        started_at=_iso(row.started_at),
        conf=row.conf,
        note=row.note,
        triggered_by=row.triggered_by,
        experiment=row.experiment,
    )


def _iso(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat()


def _add(counts: dict[Any, int], key: Any, step: int) -> None:
    value = counts.get(key, 0) + step
    if value:
        counts[key] = value
    else:
        counts.pop(key, None)

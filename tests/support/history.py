"""A store with as much history as wanted, for tests and benches: inserted, not run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Table, func, select, update

from store import records
from store.engine import Store
from store.models import (
    dag,
    dag_run,
    dag_version,
    event,
    pipeline_file,
    source,
    task_instance,
    task_try,
    xcom,
)
from store.states import DagRunState, DagRunType, TaskInstanceState
from store.structure import DagStructure, TaskStructure, TimetableStructure, encode_structure

START = datetime(2026, 1, 1, tzinfo=UTC)
CHUNK = 20_000

Row = dict[str, Any]


@dataclass(frozen=True)
class History:
    """How much of everything. A run of the newest round is running, all others have ended."""

    dags: int = 3
    runs: int = 5
    """Of each DAG."""
    tasks: int = 4
    """Of each run."""
    tries: bool = True
    xcoms: bool = False
    events: bool = True
    live: bool = True
    """The newest run of each DAG is still running."""
    prefix: str = "dag"


def fill(store: Store, *, dags: int = 3, runs: int = 5, tasks: int = 4, **more: Any) -> History:
    """Fill an empty store; see ``History`` for what there can be more of."""
    history = History(dags, runs, tasks, **more)
    with store.write() as connection:
        _Filler(connection, history).fill()
        records.keep_ids(connection)
    return history


def dag_id_of(history: History, number: int) -> str:
    return f"{history.prefix}_{number:04}"


def task_id_of(number: int) -> str:
    return f"task_{number:03}"


def structure(history: History, number: int) -> DagStructure:
    """A chain of tasks."""
    names = [task_id_of(place) for place in range(history.tasks)]
    return DagStructure(
        dag_id=dag_id_of(history, number),
        file=f"dags/{dag_id_of(history, number)}.py",
        timetable=TimetableStructure(kind="delta_interval", seconds=3600, summary="1:00:00"),
        tasks=[
            TaskStructure(
                task_id=name,
                operator="@task",
                label=name,
                upstream=names[max(place - 1, 0) : place],
                downstream=names[place + 1 : place + 2],
            )
            for place, name in enumerate(names)
        ],
        roots=names,
    )


class _Filler:
    def __init__(self, connection: Connection, history: History) -> None:
        self.connection = connection
        self.history = history
        self.first_run = self._next(dag_run)
        self.first_instance = self._next(task_instance)
        self.first_try = self._next(task_try)
        self.first_version = self._next(dag_version)

    def _next(self, table: Table) -> int:
        return (self.connection.execute(select(func.max(table.c.id))).scalar() or 0) + 1

    def fill(self) -> None:
        self._insert(source, self._sources())
        self._insert(dag_version, self._versions())
        self._insert(dag, self._dags())
        self._insert(pipeline_file, self._files())
        self._insert(dag_run, self._runs())
        self._insert(task_instance, self._instances())
        if self.history.tries:
            self._insert(task_try, self._tries())
        if self.history.xcoms:
            self._insert(xcom, self._xcoms())
        if self.history.events:
            self._insert(event, self._events())
        if self.history.dags:
            self.connection.execute(update(dag).values(next_run_after=START + timedelta(days=900)))

    def _insert(self, table: Table, rows: Iterator[Row]) -> None:
        while chunk := list(islice(rows, CHUNK)):
            records.insert_rows(self.connection, table, chunk)

    def _each_run(self) -> Iterator[tuple[int, int, int, DagRunState, datetime]]:
        """(row id, number of the DAG, round, state, start), oldest first."""
        history = self.history
        run_key = self.first_run
        for turn in range(history.runs):
            start = START + timedelta(hours=turn)
            for number in range(history.dags):
                state = DagRunState.FAILED if (turn + number) % 7 == 3 else DagRunState.SUCCESS
                if history.live and turn == history.runs - 1:
                    state = DagRunState.RUNNING
                yield run_key, number, turn, state, start
                run_key += 1

    def _each_instance(self) -> Iterator[tuple[int, int, int, int, str | None, datetime]]:
        """(row id, row id of the run, number of the DAG, of the task, state, start)."""
        key = self.first_instance
        for run_key, number, _, run_state, start in self._each_run():
            for place in range(self.history.tasks):
                state = self._state(run_state, place)
                yield key, run_key, number, place, state, start + timedelta(seconds=place)
                key += 1

    def _state(self, run_state: DagRunState, place: int) -> str | None:
        half = self.history.tasks // 2
        if run_state is DagRunState.SUCCESS or place < half:
            return TaskInstanceState.SUCCESS.value
        if run_state is DagRunState.FAILED:
            failed = (
                TaskInstanceState.FAILED if place == half else TaskInstanceState.UPSTREAM_FAILED
            )
            return failed.value
        return TaskInstanceState.RUNNING.value if place == half else None

    def _sources(self) -> Iterator[Row]:
        for number in range(self.history.dags):
            name = dag_id_of(self.history, number)
            yield {"digest": f"source of {name}", "text": f"# {name}\n"}

    def _versions(self) -> Iterator[Row]:
        for number in range(self.history.dags):
            name = dag_id_of(self.history, number)
            yield {
                "id": self.first_version + number,
                "dag_id": name,
                "number": 1,
                "digest": f"{name} of {self.history.tasks} tasks",
                "structure": encode_structure(structure(self.history, number)).decode(),
                "source_digest": f"source of {name}",
                "created_at": START,
            }

    def _dags(self) -> Iterator[Row]:
        for number in range(self.history.dags):
            name = dag_id_of(self.history, number)
            yield {
                "dag_id": name,
                "file": f"dags/{name}.py",
                "is_paused": number % 5 == 4,
                "is_active": True,
                "display_name": name,
                "description": "",
                "owners": ["ml"],
                "tags": ["even" if number % 2 == 0 else "odd"],
                "schedule": "1:00:00",
                "schedule_words": "every hour",
                "timezone": "UTC",
                "max_active_runs": 16,
                "version_id": self.first_version + number,
                "created_at": START,
            }

    def _files(self) -> Iterator[Row]:
        for number in range(self.history.dags):
            yield {
                "file": f"dags/{dag_id_of(self.history, number)}.py",
                "digest": "",
                "modified_ns": 0,
                "size": 10,
                "parsed_at": START,
                "parse_seconds": 0.01 * (number % 10),
                "dependencies": [],
                "variables": [],
            }

    def _runs(self) -> Iterator[Row]:
        types = (DagRunType.SCHEDULED, DagRunType.SCHEDULED, DagRunType.MANUAL)
        for run_key, number, turn, state, start in self._each_run():
            ended = None if state is DagRunState.RUNNING else start + timedelta(minutes=5)
            yield {
                "id": run_key,
                "dag_id": dag_id_of(self.history, number),
                "run_id": f"scheduled__{start.isoformat()}",
                "run_type": types[turn % 3].value,
                "state": state.value,
                "logical_date": start,
                "data_interval_start": start,
                "data_interval_end": start + timedelta(hours=1),
                "run_after": start + timedelta(hours=1),
                "queued_at": start,
                "started_at": start,
                "ended_at": ended,
                "version_id": self.first_version + number,
            }

    def _instances(self) -> Iterator[Row]:
        for key, run_key, number, place, state, start in self._each_instance():
            ran = state in ("success", "failed", "running")
            ended = state in ("success", "failed")
            yield {
                "id": key,
                "dag_run_id": run_key,
                "dag_id": dag_id_of(self.history, number),
                "task_id": task_id_of(place),
                "map_index": -1,
                "state": state,
                "try_number": 1 if ran else 0,
                "max_tries": 0,
                "pool": "default_pool",
                "pool_slots": 1,
                "started_at": start if ran else None,
                "ended_at": start + timedelta(seconds=1) if ended else None,
                "duration": 1.0 if ended else None,
            }

    def _tries(self) -> Iterator[Row]:
        key = self.first_try
        for instance, run_key, _, _, state, start in self._each_instance():
            if state not in ("success", "failed", "running"):
                continue
            yield {
                "id": key,
                "task_instance_id": instance,
                "dag_run_id": run_key,
                "try_number": 1,
                "state": state,
                "queued_at": start,
                "started_at": start,
                "journal_number": 0,
                "journal_offset": 0,
            }
            key += 1

    def _xcoms(self) -> Iterator[Row]:
        for _, run_key, _, place, state, start in self._each_instance():
            if state == "success":
                yield {
                    "dag_run_id": run_key,
                    "task_id": task_id_of(place),
                    "map_index": -1,
                    "key": "return_value",
                    "value": b'{"rows":[1,2,3]}',
                    "length": 1,
                    "created_at": start,
                }

    def _events(self) -> Iterator[Row]:
        for run_key, number, turn, state, start in self._each_run():
            name = dag_id_of(self.history, number)
            yield {
                "at": start,
                "kind": f"run_{state.value}",
                "actor": "runner",
                "dag_id": name,
                "dag_run_id": run_key,
                "run_id": f"scheduled__{start.isoformat()}",
                "message": f"run {turn} of {name}: {state.value}",
            }

"""What screens read: queries of the store put together, one read transaction a snapshot.

Run in the refresher's thread. ``store.queries`` is imported inside functions: it loads SQLAlchemy,
which must not delay the first paint.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.tui.models.graph.shape import Shape
    from store.engine import Store
    from store.queries.dags import DagRow, FileRow, FileWarning
    from store.queries.grid import Grid
    from store.queries.marks import Mark
    from store.queries.runs import RunKey, RunRow
    from store.queries.tasks import InstanceRow, TryRow
    from store.states import DagRunState, DagRunType
    from store.workspace import Workspace

BEAT_LIMIT = 15.0
"""Seconds after its last beat (at most 10 apart) for which a runner counts as alive."""


@dataclass(frozen=True, slots=True)
class RunnerState:
    """Whether a runner is up, and since when."""

    alive: bool
    since: datetime
    pid: int
    hostname: str


@dataclass(frozen=True, slots=True)
class DagsSnapshot:
    """The DAG list."""

    dags: tuple[DagRow, ...]
    errors: tuple[FileRow, ...]
    warnings: tuple[FileWarning, ...] = ()


@dataclass(frozen=True, slots=True)
class InstanceFacts:
    """A task instance with its tries."""

    run: RunRow
    instance: InstanceRow
    tries: tuple[TryRow, ...]
    mark: Mark | None = None
    """Who gave it its state by hand, if somebody did."""

    def chosen_try(self, number: int | None) -> TryRow | None:
        """The try of a number, else the newest; None before the first."""
        if not self.tries:
            return None
        return next((one for one in self.tries if one.try_number == number), self.tries[-1])


@dataclass(frozen=True, slots=True)
class CellFacts:
    """What the lines below a grid or graph say besides the cell under the cursor."""

    dag_run_id: int
    run_mark: Mark | None = None
    """Who gave the run its state by hand, if somebody did."""
    instance: InstanceFacts | None = None
    """None of groups and mapped tasks."""


@dataclass(frozen=True, slots=True)
class GridSnapshot:
    """One DAG's grid."""

    dag: DagRow
    grid: Grid


@dataclass(frozen=True, slots=True)
class GraphSnapshot:
    """One DAG's graph."""

    dag: DagRow
    shape: Shape
    """Of the version that the run started with."""
    grid: Grid
    """The run; without any if there is none."""
    is_newest: bool


@dataclass(frozen=True, slots=True)
class InstancesSnapshot:
    """The instances of one mapped task in one run."""

    run: RunRow | None
    instances: tuple[InstanceRow, ...]
    errors: Mapping[int, str] = field(default_factory=dict)
    """By row id of the instance: who marked it, else, if it failed, the error line of its newest
    try."""


@dataclass(frozen=True, slots=True)
class TaskSnapshot:
    """A task instance's tries, its neighbours among the mapped ones, and what one view reads."""

    facts: InstanceFacts | None
    map_indexes: tuple[int, ...]
    own: Any = None


@dataclass(frozen=True, slots=True)
class JumpNames:
    """What the jump prompt completes: all DAGs, and of one of them runs and tasks."""

    dag_ids: tuple[str, ...]
    run_ids: tuple[str, ...] = ()
    task_ids: tuple[str, ...] = ()


def read_jumps(
    store: Store, dag_id: str | None, run_id: str | None = None, runs: int = 500
) -> JumpNames:
    """Names of DAGs; of one DAG its newest runs, the tasks of its newest version, and those that
    only this run of it (without: the newest) has."""
    from store.queries.dags import dag_ids, get_structure
    from store.queries.runs import RunFilter, get_run, list_runs
    from store.queries.tasks import task_ids_of

    with store.read() as connection:
        names = tuple(dag_ids(connection))
        if dag_id is None:
            return JumpNames(names)
        rows = list_runs(connection, RunFilter(dag_id), limit=runs).rows
        structure = get_structure(connection, dag_id)
        newest = rows[0] if rows else None
        run = newest if run_id is None else get_run(connection, dag_id, run_id)
        present = [] if run is None else task_ids_of(connection, run.id)
    tasks = () if structure is None else (task.task_id for task in structure.tasks)
    ids = tuple(dict.fromkeys((*tasks, *present)))
    return JumpNames(names, tuple(row.run_id for row in rows), ids)


def read_runner(store: Store, workspace: Workspace) -> RunnerState | None:
    """The runner's state; None if there never was one.

    On this machine the lock tells at once whether it lives; of a runner elsewhere (a shared
    PostgreSQL) its last beat does.
    """
    from store.queries.system import get_lease

    with store.read() as connection:
        return runner_of(get_lease(connection), workspace)


def runner_of(lease: Any, workspace: Workspace) -> RunnerState | None:
    """The state of the runner that holds, or held, a lease."""
    from store.client import runner_is_up

    if lease is None:
        return None
    alive = runner_is_up(workspace)
    if not alive and lease.hostname != socket.gethostname():
        age = (datetime.now(UTC) - lease.beat_at).total_seconds()
        alive = lease.stopped_at is None and age < BEAT_LIMIT
    if alive:
        return RunnerState(True, lease.started_at, lease.pid, lease.hostname)
    since = lease.stopped_at or lease.beat_at
    return RunnerState(False, since, lease.pid, lease.hostname)


def read_dags(store: Store) -> DagsSnapshot:
    """All DAGs that files define, and the files that can't be imported."""
    from store.queries.dags import file_warnings, import_errors, list_dags

    with store.read() as connection:
        return DagsSnapshot(
            tuple(list_dags(connection)),
            tuple(import_errors(connection)),
            tuple(file_warnings(connection)),
        )


@dataclass(frozen=True, slots=True)
class FirstAnswer:
    """What is known before a store is open."""

    snapshot: DagsSnapshot
    runner: RunnerState | None
    last_event: int


def look_first(workspace: Workspace) -> FirstAnswer | None:
    """What ``read_dags`` and ``read_runner`` say, before a store is open; None where a store
    has to be opened for it."""
    from store.first_look import first_look

    found = first_look(workspace)
    if found is None:
        return None
    snapshot = DagsSnapshot(found.dags, found.errors, found.warnings)
    return FirstAnswer(snapshot, runner_of(found.lease, workspace), found.last_event)


MOST_CELLS = 40_000
"""Cells of a grid that are held at a time, some 40 MB."""


def read_grid(
    store: Store,
    dag_id: str,
    runs: int,
    before: RunKey | None = None,
    states: Collection[DagRunState] = (),
    types: Collection[DagRunType] = (),
    unfolded: Collection[str] = (),
) -> GridSnapshot | None:
    """A DAG's newest runs, or those before one, or only some; None if there is no such DAG.

    ``unfolded``: mapped tasks of which each map index has a row.
    """
    from store.queries.dags import get_dag
    from store.queries.grid import grid

    with store.read() as connection:
        dag = get_dag(connection, dag_id)
        found = grid(
            connection,
            dag_id,
            runs=runs,
            before=before,
            most_cells=MOST_CELLS,
            states=states,
            types=types,
            unfolded=unfolded,
        )
    return None if dag is None or found is None else GridSnapshot(dag, found)


def read_run_keys(
    store: Store,
    dag_id: str,
    run_id: str | None,
    states: Collection[DagRunState] = (),
    types: Collection[DagRunType] = (),
) -> list[RunKey]:
    """The places of a DAG's runs, newest first, down to that one (None: to the oldest); none if
    there is no such run."""
    from store.queries.runs import get_run, keys_down_to

    with store.read() as connection:
        run = None if run_id is None else get_run(connection, dag_id, run_id)
        if run is None and run_id is not None:
            return []
        last = None if run is None else run.key
        return keys_down_to(connection, dag_id, last, states=states, types=types)


def read_graph(store: Store, dag_id: str, run_id: str | None) -> GraphSnapshot | None:
    """A DAG's graph with the states of a run (of the newest, if there is none of that name).

    None if there is no such DAG.
    """
    from app.tui.models.graph.shape import Shape, shape_of
    from store.queries.dags import get_dag, get_structure
    from store.queries.grid import grid, structure_rows
    from store.queries.runs import RunKey, get_run, latest_run

    with store.read() as connection:
        dag = get_dag(connection, dag_id)
        newest = latest_run(connection, dag_id)
        run = get_run(connection, dag_id, run_id) if run_id is not None else None
        run = run or newest
        before = None if run is None else RunKey(run.run_after, run.id + 1)
        found = grid(connection, dag_id, runs=1, before=before)
        structure = get_structure(connection, dag_id, None if run is None else run.version_id)
    if dag is None or found is None:
        return None
    shape = Shape() if structure is None else shape_of(structure, structure_rows(structure))
    is_newest = run is None or newest is None or run.id == newest.id
    return GraphSnapshot(dag, shape, found, is_newest)


def read_run_beside(
    store: Store, dag_id: str, key: RunKey, direction: int
) -> tuple[str, bool] | None:
    """The run before (-1) or after (1) a run in the order of their times, and whether it is the
    newest; None if there is none."""
    from store.queries.runs import RunFilter, list_runs

    with store.read() as connection:
        if direction < 0:
            rows = list_runs(connection, RunFilter(dag_id), limit=1, before=key).rows
            return (rows[0].run_id, False) if rows else None
        wanted = RunFilter(dag_id, since=key.run_after)
        found: tuple[str, bool] | None = None
        before: RunKey | None = None
        while True:  # lists begin at the newest run, and this one may be far from it
            page = list_runs(connection, wanted, limit=200, before=before)
            for row in page.rows:
                if row.key <= key:
                    return found
                found = (row.run_id, found is None)
            if page.next is None:
                return found
            before = page.next


def read_facts(store: Store, dag_run_id: int, task_id: str, map_index: int) -> InstanceFacts | None:
    """A task instance and its tries; None if there is none."""
    with store.read() as connection:
        return _facts(connection, dag_run_id, task_id, map_index)


def read_cell(
    store: Store, dag_run_id: int, state: str, place: tuple[str, int] | None
) -> CellFacts:
    """Who marked a run, and the task instance (task and map index) at a place in it."""
    from store.queries.marks import mark_of_run

    with store.read() as connection:
        mark = mark_of_run(connection, dag_run_id, state)
        instance = None if place is None else _facts(connection, dag_run_id, *place)
    return CellFacts(dag_run_id, mark, instance)


def read_mapped(store: Store, dag_id: str, run_id: str, task_id: str) -> int | None:
    """Row key of the run, if the task has several instances in it."""
    from store.queries.runs import get_run
    from store.queries.tasks import list_instances

    with store.read() as connection:
        run = get_run(connection, dag_id, run_id)
        if run is None:
            return None
        rows = list_instances(connection, run.id, task_ids=[task_id])
    return run.id if any(row.map_index >= 0 for row in rows) else None


def read_instances(store: Store, dag_run_id: int, task_id: str) -> InstancesSnapshot:
    """The instances of a mapped task."""
    from store.queries.marks import marks_of
    from store.queries.runs import get_run_by_id
    from store.queries.tasks import latest_try, list_instances
    from store.states import TaskInstanceState

    failed = (TaskInstanceState.FAILED, TaskInstanceState.UP_FOR_RETRY)
    with store.read() as connection:
        run = get_run_by_id(connection, dag_run_id)
        rows = list_instances(connection, dag_run_id, task_ids=[task_id])
        errors: dict[int, str] = {}
        for row in rows:
            if row.state in failed and len(errors) < 50:
                last = latest_try(connection, row.id)
                if last is not None:
                    errors[row.id] = error_line(last)
        errors |= {key: mark.message for key, mark in marks_of(connection, rows).items()}
    return InstancesSnapshot(run, tuple(rows), errors)


def read_task(
    store: Store,
    dag_id: str,
    run_id: str,
    task_id: str,
    map_index: int | None,
    try_number: int | None,
    read: Callable[[Store, InstanceFacts, TryRow | None], Any] | None,
) -> TaskSnapshot:
    """A task instance and its tries. ``map_index`` None: the first there is.

    ``read`` reads what one view shows besides.
    """
    from store.queries.runs import get_run
    from store.queries.tasks import list_instances

    with store.read() as connection:
        run = get_run(connection, dag_id, run_id)
        rows = [] if run is None else list_instances(connection, run.id, task_ids=[task_id])
        indexes = tuple(row.map_index for row in rows)
        wanted = map_index if map_index in indexes else (indexes[0] if indexes else None)
        if run is None or wanted is None:
            return TaskSnapshot(None, ())
        facts = _facts(connection, run.id, task_id, wanted)
    if read is None or facts is None:
        return TaskSnapshot(facts, indexes)
    return TaskSnapshot(facts, indexes, read(store, facts, facts.chosen_try(try_number)))


def _facts(connection: Any, dag_run_id: int, task_id: str, map_index: int) -> InstanceFacts | None:
    from store.queries.marks import marks_of
    from store.queries.runs import get_run_by_id
    from store.queries.tasks import get_instance, list_tries

    run = get_run_by_id(connection, dag_run_id)
    instance = get_instance(connection, dag_run_id, task_id, map_index)
    if run is None or instance is None:
        return None
    mark = marks_of(connection, [instance]).get(instance.id)
    return InstanceFacts(run, instance, tuple(list_tries(connection, instance.id)), mark)


def error_line(row: TryRow) -> str:
    """What went wrong in a try, in one line; empty if nothing did."""
    message = (row.error_message or "").strip().split("\n")[0]
    if row.error_type:
        kind = row.error_type.rpartition(".")[2]
        return f"{kind}: {message}" if message else kind
    return row.reason or ""

"""What the Gantt chart reads of a run.

Run in the refresher's thread; ``store.queries`` is imported inside functions, as in ``reading``.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from app.tui.models.gantt.rows import Times

if TYPE_CHECKING:
    from store.engine import Store
    from store.queries.dags import DagRow
    from store.queries.gantt import InstanceTimes
    from store.queries.grid import GridRow, GridRun
    from store.queries.runs import RunRow

RowsAndEdges: TypeAlias = "tuple[tuple[GridRow, ...], tuple[tuple[str, str], ...]]"


@dataclass(frozen=True, slots=True)
class GanttSnapshot:
    """One run of a DAG: what ran when."""

    dag: DagRow
    run: GridRun | None
    """None: there are no runs yet."""
    is_newest: bool
    rows: tuple[GridRow, ...]
    """Tasks and groups of the version that the run started with, and tasks that it has besides."""
    edges: tuple[tuple[str, str], ...]
    instances: tuple[InstanceTimes, ...]
    times: Times = field(default_factory=Times, compare=False)
    """What the instances did, worked out here: on the event loop it would be felt."""


def read_gantt(store: Store, dag_id: str, run_id: str | None) -> GanttSnapshot | None:
    """The run of that name (else the newest); None if there is no such DAG."""
    from store.queries.dags import get_dag
    from store.queries.gantt import run_times
    from store.queries.grid import GridRow
    from store.queries.runs import get_run, latest_run

    with store.read() as connection:
        dag = get_dag(connection, dag_id)
        newest = latest_run(connection, dag_id)
        run = get_run(connection, dag_id, run_id) if run_id is not None else None
        run = run or newest
        version_id = run.version_id if run is not None else dag.version_id if dag else None
        rows, edges = _shape(connection, dag_id, version_id)
        instances = () if run is None else run_times(connection, run.id)
    if dag is None:
        return None
    known = {row.id for row in rows}
    others = dict.fromkeys(one.task_id for one in instances if one.task_id not in known)
    gone = tuple(
        GridRow("task", name, name, 0, None, task_ids=(name,), is_gone=True) for name in others
    )
    is_newest = run is None or newest is None or run.id == newest.id
    return GanttSnapshot(
        dag=dag,
        run=None if run is None else _grid_run(run),
        is_newest=is_newest,
        rows=(*rows, *gone),
        edges=edges,
        instances=instances,
        times=_times(instances),
    )


_last: list[tuple[tuple[InstanceTimes, ...], Times]] = []


def _times(instances: tuple[InstanceTimes, ...]) -> Times:
    """What instances did; not worked out again where nothing has changed since the last time."""
    if not _last or _last[0][0] != instances:
        _last[:] = [(instances, Times.of(instances))]
    return _last[0][1]


_known: OrderedDict[str, RowsAndEdges] = OrderedDict()
KNOWN = 16
"""Versions whose rows and edges are remembered: a live chart asks for them several times a
second."""


def _shape(connection: Any, dag_id: str, version_id: int | None) -> RowsAndEdges:
    from app.tui.models.graph.shape import shape_of
    from store.queries.dags import get_structure
    from store.queries.gantt import version_digest
    from store.queries.grid import structure_rows

    digest = None if version_id is None else version_digest(connection, version_id)
    if digest is None:
        return (), ()
    if digest not in _known:
        structure = get_structure(connection, dag_id, version_id)
        if structure is None:
            return (), ()
        rows = structure_rows(structure)
        _known[digest] = (rows, shape_of(structure, rows).edges)
        while len(_known) > KNOWN:
            _known.popitem(last=False)
    return _known[digest]


def _grid_run(run: RunRow) -> GridRun:
    from store.queries.grid import GridRun

    return GridRun(
        id=run.id,
        run_id=run.run_id,
        run_type=run.run_type,
        state=run.state,
        logical_date=run.logical_date,
        run_after=run.run_after,
        started_at=run.started_at,
        ended_at=run.ended_at,
        duration=run.duration,
        note=run.note,
        version=run.version,
    )

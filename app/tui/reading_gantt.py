"""What the Gantt chart reads of a run.

Run in the refresher's thread; ``store.queries`` is imported inside functions, as in ``reading``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.engine import Store
    from store.queries.dags import DagRow
    from store.queries.gantt import InstanceTimes
    from store.queries.grid import GridRow, GridRun
    from store.queries.runs import RunRow


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


def read_gantt(store: Store, dag_id: str, run_id: str | None) -> GanttSnapshot | None:
    """The run of that name (else the newest); None if there is no such DAG."""
    from app.tui.models.graph.shape import shape_of
    from store.queries.dags import get_dag, get_structure
    from store.queries.gantt import run_times
    from store.queries.grid import GridRow, structure_rows
    from store.queries.runs import get_run, latest_run

    with store.read() as connection:
        dag = get_dag(connection, dag_id)
        newest = latest_run(connection, dag_id)
        run = get_run(connection, dag_id, run_id) if run_id is not None else None
        run = run or newest
        structure = get_structure(connection, dag_id, None if run is None else run.version_id)
        instances = () if run is None else run_times(connection, run.id)
    if dag is None:
        return None
    rows = () if structure is None else structure_rows(structure)
    edges = () if structure is None else shape_of(structure, rows).edges
    known = {row.id for row in rows}
    others = dict.fromkeys(one.task_id for one in instances if one.task_id not in known)
    gone = tuple(
        GridRow("task", name, name, 0, None, task_ids=(name,), is_gone=True) for name in others
    )
    is_newest = run is None or newest is None or run.id == newest.id
    return GanttSnapshot(
        dag, None if run is None else _grid_run(run), is_newest, (*rows, *gone), edges, instances
    )


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
    )

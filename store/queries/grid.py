"""The grid of a DAG: its tasks and groups as rows, its runs as columns, a state in each cell."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from store.models import dag, dag_run, dag_version, task_instance
from store.queries.cells import Cell, both, sum_of
from store.queries.rows import (
    RUN_STATES,
    TASK_STATES,
    AnyRow,
    AnySelect,
    between,
    micros,
)
from store.queries.runs import RunKey, is_before
from store.states import DagRunState, DagRunType
from store.structure import DagStructure, GroupStructure, TaskStructure, decode_structure

MOST_INDEXES, LEAST_INDEXES = 1000, 10
"""Map indexes that a task has rows for: fewer, where their cells would be too many."""

LEAST_RUNS = 40
"""Runs of a grid however many tasks they have: a screen shows about as many."""


@dataclass(frozen=True, slots=True)
class GridRow:
    """A row of the grid: a task or a task group, in the order of the file, groups opened."""

    kind: str
    """``task``, ``group``; of a mapped task that is unfolded ``index``, or ``more``: the indexes
    that have no row."""
    id: str
    label: str
    depth: int
    """0 at the top level."""
    parent: str | None
    """The group around it."""
    operator: str = ""
    """Of a task: its class name, or ``@task`` and its kin."""
    is_mapped: bool = False
    """It, or a group around it, is expanded at run time."""
    task_ids: tuple[str, ...] = ()
    """Of a group: all tasks in it, at any depth. Of a task: itself; of a map index: its task."""
    is_gone: bool = False
    """Runs have it, the pipeline hasn't any more."""
    ui_color: str | None = None
    map_index: int | None = None
    """Of a row for one map index."""

    @property
    def task_id(self) -> str:
        """The task; of a group the first in it."""
        return self.task_ids[0] if self.task_ids else self.id


@dataclass(frozen=True, slots=True)
class GridRun:
    """A column of the grid."""

    id: int
    run_id: str
    run_type: DagRunType
    state: DagRunState
    logical_date: datetime | None
    run_after: datetime
    started_at: datetime | None
    ended_at: datetime | None
    duration: float | None
    """Seconds; None while it has not ended."""
    note: str | None
    version: int = field(default=0, kw_only=True)
    """Number of the DAG version that it runs; 0: none is known."""

    @property
    def key(self) -> RunKey:
        return RunKey(self.run_after, self.id)


@dataclass(frozen=True, slots=True)
class Grid:
    """A snapshot: equal grids look the same."""

    dag_id: str
    is_paused: bool
    version: int | None
    """Number of the DAG version whose structure the rows show."""
    rows: tuple[GridRow, ...]
    runs: tuple[GridRun, ...]
    """Oldest first."""
    cells: Mapping[tuple[int, str], Cell] = field(default_factory=dict)
    """By (row id of the run, task id)."""
    older: RunKey | None = None
    """Give it as ``before`` to see the runs before these; None if there are none."""

    def cell(self, run: GridRun, row: GridRow) -> Cell | None:
        """What is at the crossing; None where the run hasn't got the task."""
        if row.kind != "group":
            return self.cells.get((run.id, row.id))
        found = [self.cells.get((run.id, task_id)) for task_id in row.task_ids]
        return sum_of(cell for cell in found if cell is not None)


def grid(
    connection: Connection,
    dag_id: str,
    *,
    runs: int = 25,
    before: RunKey | None = None,
    most_cells: int | None = None,
    states: Collection[DagRunState] = (),
    types: Collection[DagRunType] = (),
    unfolded: Collection[str] = (),
) -> Grid | None:
    """The newest ``runs`` runs (those before ``before``) and their cells; three queries.

    Only runs in one of ``states`` and of one of ``types``, if such are given. Mapped tasks that are
    ``unfolded`` have a row for each map index; a fourth query.

    Fewer runs (but not fewer than ``LEAST_RUNS``) where they would hold more than ``most_cells``.
    None if there is no such DAG.
    """
    head = connection.execute(
        select(dag.c.is_paused, dag_version.c.number, dag_version.c.digest, dag_version.c.structure)
        .select_from(dag)
        .outerjoin(dag_version, dag_version.c.id == dag.c.version_id)
        .where(dag.c.dag_id == dag_id)
    ).first()
    if head is None:
        return None
    rows = () if head.structure is None else rows_of(head.digest, head.structure)
    if most_cells is not None:
        tasks = sum(row.kind == "task" for row in rows)
        runs = min(runs, max(LEAST_RUNS, most_cells // max(1, tasks)))
    found = _runs(connection, dag_id, runs + 1, before, states, types)
    shown = tuple(reversed(found[:runs]))
    cells = _cells(connection, [run.id for run in shown])
    rows = (*rows, *_gone(rows, cells))
    if unfolded and shown:
        room = (most_cells or MOST_INDEXES * len(shown)) // (len(shown) * len(unfolded))
        most = max(LEAST_INDEXES, min(MOST_INDEXES, room))
        indexes, labels = _index_cells(connection, [run.id for run in shown], unfolded, most)
        rows = _with_indexes(rows, unfolded, cells, labels, most)
        cells.update(indexes)
    return Grid(
        dag_id=dag_id,
        is_paused=head.is_paused,
        version=head.number,
        rows=rows,
        runs=shown,
        cells=cells,
        older=shown[0].key if len(found) > runs else None,
    )


_known_rows: OrderedDict[str, tuple[GridRow, ...]] = OrderedDict()
KNOWN_ROWS = 64


def rows_of(digest: str, structure: str) -> tuple[GridRow, ...]:
    """The rows of a structure; remembered by ``digest``, as a live grid asks every second."""
    rows = _known_rows.get(digest)
    if rows is None:
        rows = structure_rows(decode_structure(structure))
        _known_rows[digest] = rows
        while len(_known_rows) > KNOWN_ROWS:
            _known_rows.popitem(last=False)
    return rows


def structure_rows(structure: DagStructure) -> tuple[GridRow, ...]:
    """Tasks and groups, each after what is upstream of it; each group followed by what is in it.

    Ties are in the order of the file. A group stands where its first task does.
    """
    tasks = {task.task_id: task for task in structure.tasks}
    groups = {group.group_id: group for group in structure.groups}
    places = {task_id: place for place, task_id in enumerate(tasks)}
    rows: list[GridRow] = []

    def place_of(node: str) -> int:
        if node not in places:
            children = groups[node].children
            places[node] = min((place_of(child) for child in children), default=len(tasks))
        return places[node]

    def add(node: str, depth: int, parent: str | None, mapped: bool) -> tuple[str, ...]:
        if node in tasks:
            rows.append(_task_row(tasks[node], depth, parent, mapped))
            return (node,)
        group = groups[node]
        place, mapped = len(rows), mapped or group.expansion is not None
        inside: list[str] = []
        for child in sorted(group.children, key=place_of):
            inside.extend(add(child, depth + 1, node, mapped))
        rows.insert(place, _group_row(group, depth, parent, mapped, tuple(inside)))
        return tuple(inside)

    for node in sorted(structure.roots or tasks, key=place_of):
        add(node, 0, None, False)
    return tuple(rows)


def _task_row(task: TaskStructure, depth: int, parent: str | None, mapped: bool) -> GridRow:
    return GridRow(
        kind="task",
        id=task.task_id,
        label=task.label or task.task_id,
        depth=depth,
        parent=parent,
        operator=task.operator,
        is_mapped=mapped or task.expansion is not None,
        task_ids=(task.task_id,),
        ui_color=task.ui_color,
    )


def _group_row(
    group: GroupStructure, depth: int, parent: str | None, mapped: bool, inside: tuple[str, ...]
) -> GridRow:
    return GridRow(
        kind="group",
        id=group.group_id,
        label=group.label,
        depth=depth,
        parent=parent,
        is_mapped=mapped,
        task_ids=inside,
        ui_color=group.ui_color,
    )


def _gone(rows: tuple[GridRow, ...], cells: Mapping[tuple[int, str], Cell]) -> tuple[GridRow, ...]:
    present = {row.id for row in rows}
    gone = sorted({task_id for _, task_id in cells} - present)
    return tuple(
        GridRow("task", task_id, task_id, 0, None, task_ids=(task_id,), is_gone=True)
        for task_id in gone
    )


def _runs(
    connection: Connection,
    dag_id: str,
    limit: int,
    before: RunKey | None,
    states: Collection[DagRunState],
    types: Collection[DagRunType],
) -> list[GridRun]:
    query = newest_runs(dag_id, limit, dag_version.c.number.label("version")).outerjoin(
        dag_version, dag_version.c.id == dag_run.c.version_id
    )
    if before is not None:
        query = query.where(is_before(before))
    if states:
        query = query.where(dag_run.c.state.in_([state.value for state in states]))
    if types:
        query = query.where(dag_run.c.run_type.in_([kind.value for kind in types]))
    rows = connection.execute(query)
    return [GridRun(**run_fields(row), version=row.version or 0) for row in rows]


def newest_runs(dag_id: str, limit: int, *more: ColumnElement[Any]) -> AnySelect:
    """Selects what ``run_fields`` takes of the newest runs of a DAG, and the columns ``more``."""
    columns = dag_run.c
    return (
        select(
            columns.id,
            columns.run_id,
            columns.run_type,
            columns.state,
            columns.logical_date,
            columns.run_after,
            columns.started_at,
            columns.ended_at,
            columns.note,
            *more,
        )
        .select_from(dag_run)
        .where(columns.dag_id == dag_id)
        .order_by(columns.run_after.desc(), columns.id.desc())
        .limit(limit)
    )


def run_fields(row: AnyRow) -> dict[str, Any]:
    """The fields of a ``GridRun`` from a row of ``newest_runs``."""
    return {
        "id": row.id,
        "run_id": row.run_id,
        "run_type": DagRunType(row.run_type),
        "state": RUN_STATES[row.state],
        "logical_date": row.logical_date,
        "run_after": row.run_after,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "duration": between(row.started_at, row.ended_at),
        "note": row.note,
    }


def _cells(connection: Connection, run_ids: list[int]) -> dict[tuple[int, str], Cell]:
    if not run_ids:
        return {}
    columns = task_instance.c
    query = (
        select(
            columns.dag_run_id,
            columns.state,
            columns.task_id,
            func.count(),
            func.max(columns.map_index),
            func.max(columns.try_number),
            func.min(micros(columns.started_at)),
            func.max(micros(columns.ended_at)),
            func.sum(columns.duration),
        )
        .where(columns.dag_run_id.in_(run_ids))
        .group_by(columns.dag_run_id, columns.state, columns.task_id)
    )
    cells: dict[tuple[int, str], Cell] = {}
    ones = {state: {state: 1} for state in TASK_STATES.values()}
    for run, name, task_id, number, index, tries, start, end, ran in connection.execute(
        query
    ).all():
        state = TASK_STATES[name]
        counts = ones[state] if number == 1 else {state: number}
        cell = Cell(state, counts, index >= 0, tries, start, end, ran)
        earlier = cells.get((run, task_id))
        cells[run, task_id] = cell if earlier is None else both(earlier, cell)
    return cells


def _index_cells(
    connection: Connection, run_ids: list[int], task_ids: Collection[str], most: int
) -> tuple[dict[tuple[int, str], Cell], dict[tuple[str, int], str]]:
    """The cells of the first ``most`` map indexes of some tasks; and of these the newest labels."""
    columns = task_instance.c
    query = (
        select(
            columns.dag_run_id,
            columns.task_id,
            columns.map_index,
            columns.state,
            columns.try_number,
            micros(columns.started_at),
            micros(columns.ended_at),
            columns.map_label,
        )
        .where(
            columns.dag_run_id.in_(run_ids),
            columns.task_id.in_(sorted(task_ids)),
            columns.map_index.between(0, most - 1),
        )
        .order_by(columns.dag_run_id)
    )
    cells: dict[tuple[int, str], Cell] = {}
    labels: dict[tuple[str, int], str] = {}
    for run, task_id, index, name, tries, start, end, text in connection.execute(query).all():
        state = TASK_STATES[name]
        cells[run, index_id(task_id, index)] = Cell(state, {state: 1}, False, tries, start, end)
        if text or (task_id, index) not in labels:
            labels[task_id, index] = text or ""
    return cells, labels


def index_id(task_id: str, map_index: int) -> str:
    """The id of the row of a map index; no task can have it."""
    return f"{task_id}[{map_index}]"


def _with_indexes(
    rows: tuple[GridRow, ...],
    unfolded: Collection[str],
    cells: Mapping[tuple[int, str], Cell],
    labels: Mapping[tuple[str, int], str],
    most: int,
) -> tuple[GridRow, ...]:
    """The rows, with those of map indexes below the tasks that are unfolded."""
    indexes: dict[str, list[int]] = {}
    for task_id, index in sorted(labels):
        indexes.setdefault(task_id, []).append(index)
    numbers = dict.fromkeys(indexes, 0)
    for (_, task_id), cell in cells.items():
        if task_id in numbers:
            numbers[task_id] = max(numbers[task_id], cell.instances)
    found: list[GridRow] = []
    for row in rows:
        found.append(row)
        if row.kind != "task" or row.id not in unfolded:
            continue
        for index in indexes.get(row.id, ()):
            text = labels[row.id, index]
            label = f"[{index}] {text}" if text else f"[{index}]"
            found.append(_index_row("index", row, index_id(row.id, index), label, index))
        more = numbers.get(row.id, 0) - most
        if more > 0:
            label = f"and {more:,} more: Enter lists them"
            found.append(_index_row("more", row, f"{row.id}[...]", label))
    return tuple(found)


def _index_row(kind: str, task: GridRow, key: str, label: str, index: int | None = None) -> GridRow:
    return GridRow(
        kind=kind,
        id=key,
        label=label,
        depth=task.depth + 1,
        parent=task.id,
        task_ids=(task.id,),
        map_index=index,
    )

"""What the views of a task instance read. Run in the refresher's thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.tui.reading import InstanceFacts

if TYPE_CHECKING:
    from store.engine import Store
    from store.queries.resources import Usage
    from store.queries.tasks import TryRow, XComRow
    from store.states import TaskInstanceState
    from store.structure import DagStructure, TaskStructure

XCOM_HEAD = 400
"""Bytes of each XCom that are read for the table."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A task upstream or downstream, in the same run."""

    task_id: str
    counts: Mapping[TaskInstanceState | None, int]
    """Its task instances by state; none where the run doesn't have it."""
    map_index: int | None = None
    """The instance that is gone to."""


@dataclass(frozen=True, slots=True)
class DetailsFacts:
    """What the structure says of a task, and how its neighbours are."""

    task: TaskStructure | None = None
    file: str = ""
    upstream: tuple[Neighbour, ...] = ()
    downstream: tuple[Neighbour, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplatesFacts:
    """The rendered fields of a try, and the params of the DAG with their defaults."""

    rendered: Mapping[str, Any] | None = None
    """None: it didn't come to that."""
    params: Mapping[str, Any] = field(default_factory=dict)


def read_details(store: Store, facts: InstanceFacts, one: TryRow | None) -> DetailsFacts:
    """The task's structure in the version it ran with, and its neighbours' states."""
    from store.queries.tasks import list_instances

    structure = _structure(store, facts)
    tasks = {} if structure is None else {task.task_id: task for task in structure.tasks}
    task = tasks.get(facts.instance.task_id)
    if structure is None or task is None:
        return DetailsFacts()
    beside = {*task.upstream, *task.downstream}
    with store.read() as connection:
        rows = list_instances(connection, facts.run.id, task_ids=beside) if beside else []
    counts: dict[str, dict[TaskInstanceState | None, int]] = {name: {} for name in beside}
    targets: dict[str, int] = {}
    for row in rows:
        of_task = counts[row.task_id]
        of_task[row.state] = of_task.get(row.state, 0) + 1
        if row.map_index == facts.instance.map_index:
            targets[row.task_id] = row.map_index
        targets.setdefault(row.task_id, row.map_index)

    def neighbour(name: str) -> Neighbour:
        return Neighbour(name, counts[name], targets.get(name))

    return DetailsFacts(
        task,
        structure.file,
        tuple(map(neighbour, task.upstream)),
        tuple(map(neighbour, task.downstream)),
    )


def read_templates(store: Store, facts: InstanceFacts, one: TryRow | None) -> TemplatesFacts:
    """The rendered fields of a try."""
    from store.queries.tasks import rendered_fields

    structure = _structure(store, facts)
    params = {} if structure is None else {one.name: one.default for one in structure.params}
    if one is None:
        return TemplatesFacts(None, params)
    with store.read() as connection:
        return TemplatesFacts(rendered_fields(connection, one.id), params)


def read_xcoms(store: Store, facts: InstanceFacts, one: TryRow | None) -> tuple[XComRow, ...]:
    """The XComs that the task instance pushed, without most of their values."""
    from store.queries.tasks import list_xcoms

    instance = facts.instance
    with store.read() as connection:
        return tuple(
            list_xcoms(
                connection,
                facts.run.id,
                instance.task_id,
                instance.map_index,
                max_bytes=XCOM_HEAD,
            )
        )


def read_xcom_value(
    store: Store, dag_run_id: int, task_id: str, map_index: int, key: str
) -> bytes | None:
    """One XCom as it is stored; None if it is gone."""
    from store.queries.task_xcoms import xcom_value

    with store.read() as connection:
        return xcom_value(connection, dag_run_id, task_id, map_index, key)


def read_usage(store: Store, facts: InstanceFacts, one: TryRow | None) -> Usage:
    """What the try used over time."""
    from store.queries.resources import Usage, usage

    if one is None:
        return Usage()
    with store.read() as connection:
        return usage(connection, one.id)


def read_file(store: Store, facts: InstanceFacts, one: TryRow | None) -> DagStructure | None:
    """The structure that the run has."""
    return _structure(store, facts)


def _structure(store: Store, facts: InstanceFacts) -> DagStructure | None:
    from store.queries.dags import get_structure

    run = facts.run
    with store.read() as connection:
        return get_structure(connection, run.dag_id, facts.instance.version_id or run.version_id)

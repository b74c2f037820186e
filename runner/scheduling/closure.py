"""Which tasks and instances a clear or a mark is about, as pure sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from runner.scheduling.graph import Graph, graph_of
from store.structure import DagStructure


def _known(graph: Graph, task_ids: Iterable[str]) -> list[str]:
    task_ids = list(task_ids)
    unknown = [task_id for task_id in task_ids if task_id not in graph.nodes]
    if unknown:
        raise ValueError(f"{graph.structure.dag_id} has no task {', '.join(sorted(unknown))}")
    return task_ids


def _ordered(graph: Graph, task_ids: Iterable[str]) -> list[str]:
    return sorted(task_ids, key=lambda task_id: graph.nodes[task_id].position)


def select_tasks(
    structure: DagStructure,
    task_ids: Collection[str] | None,
    *,
    upstream: bool = False,
    downstream: bool = False,
) -> list[str]:
    """The tasks that are cleared with these, in topological order; None: all.

    A work task brings the setups around it and their teardowns, a setup its teardowns; so does
    every task that ``upstream`` and ``downstream`` add (Airflow's ``partial_subset``). Raises
    ``ValueError`` for an unknown task.
    """
    graph = graph_of(structure)
    if task_ids is None:
        return list(graph.nodes)
    chosen = set(_known(graph, task_ids))
    selected = set(chosen)
    for task_id in chosen:
        selected |= _added(graph, task_id, chosen, upstream=upstream, downstream=downstream)
    return _ordered(graph, selected)


def _added(
    graph: Graph, task_id: str, chosen: set[str], *, upstream: bool, downstream: bool
) -> set[str]:
    task = graph.nodes[task_id].task
    added: set[str] = set()
    if downstream:
        for other in graph.relatives(task_id, upstream=False):
            added.add(other)
            if other not in chosen:
                added |= _surroundings(graph, other)
    if upstream:
        for other in graph.relatives(task_id, upstream=True):
            added.add(other)
            if graph.nodes[other].task.is_setup:
                added.update(graph.teardowns_of(other))
    else:
        added |= _surroundings(graph, task_id)
    if task.is_setup and not downstream:
        added.update(graph.teardowns_of(task_id))
    return added


def _surroundings(graph: Graph, task_id: str) -> set[str]:
    """The setups around a work task, with their teardowns."""
    task = graph.nodes[task_id].task
    if task.is_setup or task.is_teardown:
        return set()
    found: set[str] = set()
    for setup in graph.setups_around(task_id):
        found.add(setup)
        found.update(graph.teardowns_of(setup))
    return found


def select_marked(
    structure: DagStructure, task_ids: Collection[str], *, upstream: bool, downstream: bool
) -> list[str]:
    """The tasks that are marked with these; teardowns downstream are left to run.

    Raises ``ValueError`` for an unknown task.
    """
    graph = graph_of(structure)
    marked = set(_known(graph, task_ids))
    for task_id in list(marked):
        if upstream:
            marked |= graph.relatives(task_id, upstream=True)
        if downstream:
            marked.update(
                other
                for other in graph.relatives(task_id, upstream=False)
                if not graph.nodes[other].task.is_teardown
            )
    return _ordered(graph, marked)


def resumed_by_mark(structure: DagStructure, task_ids: Collection[str]) -> list[str]:
    """Tasks whose failed and upstream_failed instances are cleared after these were marked.

    Airflow does so that what is downstream of a task marked success goes on.
    """
    selected = set(select_tasks(structure, task_ids, downstream=True)).difference(task_ids)
    return _ordered(graph_of(structure), selected)

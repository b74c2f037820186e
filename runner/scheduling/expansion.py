"""How many instances a mapped task has, and what is wrong with what can't be mapped over."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from math import prod

from runner.scheduling.graph import graph_of
from runner.scheduling.model import Instance
from store.states import DagRunType
from store.structure import (
    RETURN_VALUE,
    ConcatLength,
    DagStructure,
    Expansion,
    Length,
    LiteralLength,
    TaskStructure,
    XComLength,
)

MAX_MAP_LENGTH = 1024
"""Airflow's ``core.max_map_length``: the longest XCom that may be mapped over."""

XComLengths = Callable[[XComLength], int | None]
"""How many items (or pushing instances) an XCom stands for; None while that isn't known."""


def _length(length: Length, xcom_length: XComLengths) -> int | None:
    if isinstance(length, LiteralLength):
        return length.length
    if isinstance(length, XComLength):
        return xcom_length(length)
    parts = [_length(part, xcom_length) for part in length.parts]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    if isinstance(length, ConcatLength):
        return sum(known)
    return max(known, default=0) if length.longest else min(known, default=0)


def expanded_count(expansion: Expansion, xcom_length: XComLengths) -> int | None:
    """The number of instances: the product of the arguments' lengths; None while one is unknown."""
    lengths = [_length(length, xcom_length) for _, length in expansion.arguments]
    known = [length for length in lengths if length is not None]
    if len(known) < len(lengths):
        return None
    return prod(known) if known else 0


def argument_lengths(expansion: Expansion, xcom_length: XComLengths) -> list[int]:
    """The length of each mapped argument, in order; 0 where it isn't known."""
    return [_length(length, xcom_length) or 0 for _, length in expansion.arguments]


def literal_count(expansion: Expansion) -> int | None:
    """The number of instances as far as the pipeline file alone tells it."""
    return expanded_count(expansion, lambda _: None)


def is_of_run(task: TaskStructure, logical_date: datetime | None, run_type: str) -> bool:
    """Whether a run has this task: its logical date lies within the task's own dates.

    Backfills and runs without a logical date have all tasks (``DagRun.verify_integrity``).
    """
    if logical_date is None or run_type == DagRunType.BACKFILL:
        return True
    start, end = task.start_date, task.end_date
    return (start is None or datetime.fromisoformat(start) <= logical_date) and (
        end is None or logical_date <= datetime.fromisoformat(end)
    )


def initial_instances(
    structure: DagStructure,
    logical_date: datetime | None = None,
    run_type: str = DagRunType.MANUAL,
) -> list[Instance]:
    """The instances a new run starts with, in the order of the structure.

    One per task; a mapped task has one per item if all its lengths are written in the file, else a
    placeholder with index -1 that gives way when the lengths are known. (An empty list keeps its
    placeholder: that is skipped when its turn comes.)
    """
    instances: list[Instance] = []
    for node in graph_of(structure).nodes.values():
        if not is_of_run(node.task, logical_date, run_type):
            continue
        count = None if node.expansion is None else literal_count(node.expansion)
        indexes = range(count) if count else (-1,)
        instances += [
            Instance(node.task_id, index, max_tries=node.task.retries) for index in indexes
        ]
    return instances


def mapping_failure(
    structure: DagStructure,
    task_id: str,
    pushed: Mapping[str, int | None],
    longest: int = MAX_MAP_LENGTH,
) -> str | None:
    """Why a task that succeeded fails after all: another maps over what it didn't push.

    ``pushed``: XCom key -> length, None where the value is no list or dict. Only an unmapped task
    can fail so: of a mapped one, the instances that pushed are counted. Airflow raises
    ``XComForMappingNotPushed`` and ``UnmappableXComTypePushed`` in the task; it is retried as any
    other failure.
    """
    graph = graph_of(structure)
    keys = graph.mapped_over.get(task_id)
    node = graph.nodes.get(task_id)
    if not keys or node is None or node.expansion is not None:
        return None
    users = ", ".join(other.task_id for other in graph.nodes.values() if task_id in other.sources)
    for key in sorted(keys):
        what = "return value" if key == RETURN_VALUE else f"XCom {key!r}"
        if key not in pushed:
            return (
                f"{users} maps over the {what} of {task_id}, which pushed none: "
                "return a list or a dict"
            )
        length = pushed[key]
        if length is None:
            return (
                f"{users} maps over the {what} of {task_id}, which is no list or dict: "
                "return a list or a dict"
            )
        if length > longest:
            return (
                f"{users} maps over the {what} of {task_id}, which has {length} items: "
                f"at most {longest} can be mapped over (max_map_length in dagtop.toml)"
            )
    return None

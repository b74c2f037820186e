"""Order, circles and weights in a DAG's graph."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING

from runner.authoring.arguments import clamp_priority
from runner.authoring.exceptions import DagCycleException

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.authoring.abstractoperator import AbstractOperator


def topological_order(tasks: Mapping[str, AbstractOperator]) -> list[str]:
    """Task ids, each after all its upstream, ties in the order of the file.

    Raises ``DagCycleException`` naming a circle.
    """
    ids = list(tasks)
    place = {task_id: index for index, task_id in enumerate(ids)}
    waits_for = {task_id: len(task.upstream_task_ids) for task_id, task in tasks.items()}
    ready = [place[task_id] for task_id, count in waits_for.items() if count == 0]
    heapify(ready)
    order: list[str] = []
    while ready:
        task_id = ids[heappop(ready)]
        order.append(task_id)
        for after in tasks[task_id].downstream_task_ids:
            waits_for[after] -= 1
            if waits_for[after] == 0:
                heappush(ready, place[after])
    if len(order) < len(ids):
        stuck = [task_id for task_id in ids if waits_for[task_id] > 0]
        raise DagCycleException(f"cycle: {' -> '.join(_circle(tasks, stuck))}")
    return order


def _circle(tasks: Mapping[str, AbstractOperator], stuck: Sequence[str]) -> list[str]:
    """A circle among tasks that each have an upstream among them; its first in the file begins."""
    place = {task_id: index for index, task_id in enumerate(stuck)}
    way: list[str] = []
    here = stuck[0]
    while here not in way:
        way.append(here)
        here = min(tasks[here].upstream_task_ids & place.keys(), key=place.__getitem__)
    circle = way[way.index(here) :][::-1]
    start = circle.index(min(circle, key=place.__getitem__))
    return [*circle[start:], *circle[:start], circle[start]]


def effective_weights(
    tasks: Mapping[str, AbstractOperator], order: Sequence[str]
) -> dict[str, int]:
    """The priority weight in force of each task: its own, plus that of all its descendants
    (``downstream``) or ancestors (``upstream``), each counted once; kept within 32 bits."""
    rules = {getattr(task, "weight_rule", "downstream") for task in tasks.values()}
    below = _reached(tasks, order[::-1], upstream=False) if "downstream" in rules else {}
    above = _reached(tasks, order, upstream=True) if "upstream" in rules else {}
    masks: dict[int, int] = {}
    for index, task_id in enumerate(order):
        weight: int = getattr(tasks[task_id], "priority_weight")  # noqa: B009 - of either kind
        masks[weight] = masks.get(weight, 0) | 1 << index
    totals = {}
    for task_id, task in tasks.items():
        rule = getattr(task, "weight_rule", "downstream")
        reached = {"downstream": below, "upstream": above}.get(rule, {}).get(task_id, 0)
        total = getattr(task, "priority_weight")  # noqa: B009
        total += sum(weight * (mask & reached).bit_count() for weight, mask in masks.items())
        totals[task_id] = clamp_priority(total)
    return totals


def _reached(
    tasks: Mapping[str, AbstractOperator], order: Sequence[str], *, upstream: bool
) -> dict[str, int]:
    """Per task the set, as bits by place in the topological order, of all it reaches one way."""
    count = len(order)
    bit = {task_id: i if upstream else count - 1 - i for i, task_id in enumerate(order)}
    reached: dict[str, int] = {}
    for task_id in order:
        mask = 0
        for other in tasks[task_id].get_direct_relative_ids(upstream):
            mask |= reached[other] | 1 << bit[other]
        reached[task_id] = mask
    return reached

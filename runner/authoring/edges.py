"""Edges between many at once (``chain``, ``cross_downstream``) and labels on edges."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from runner.authoring.exceptions import ArgumentError, DefinitionError
from runner.authoring.node import DependencyMixin, as_list

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.authoring.abstractoperator import AbstractOperator
    from runner.authoring.dag import DAG

    Nodes = DependencyMixin | Sequence[DependencyMixin]


class EdgeModifier(DependencyMixin):
    """A label on its way between two sides: ``a >> Label("if new") >> b``.

    It makes the edges once both sides are known. Between two task groups Airflow 3.3 also makes
    edges from the group's other tasks; here a label never adds an edge that isn't written.
    """

    def __init__(self, label: str | None = None) -> None:
        self.label = label
        self._upstream: list[DependencyMixin] = []
        self._downstream: list[DependencyMixin] = []

    def __repr__(self) -> str:
        return f"Label({self.label!r})"

    @property
    def roots(self) -> list[AbstractOperator]:
        """The tasks after the label, so far."""
        return [task for node in self._downstream for task in node.roots]

    @property
    def leaves(self) -> list[AbstractOperator]:
        """The tasks before the label, so far."""
        return [task for node in self._upstream for task in node.leaves]

    def set_upstream(
        self, task_or_task_list: Nodes, edge_modifier: EdgeModifier | None = None
    ) -> None:
        self._upstream += self._nodes(task_or_task_list)
        for node in self._downstream:
            node.set_upstream(task_or_task_list, edge_modifier=self)

    def set_downstream(
        self, task_or_task_list: Nodes, edge_modifier: EdgeModifier | None = None
    ) -> None:
        self._downstream += self._nodes(task_or_task_list)
        for node in self._upstream:
            node.set_downstream(task_or_task_list, edge_modifier=self)

    def update_relative(
        self,
        other: DependencyMixin,
        upstream: bool = True,
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        if upstream:
            self.set_upstream(other)
        else:
            self.set_downstream(other)

    def add_edge_info(self, dag: DAG | None, upstream_id: str, downstream_id: str) -> None:
        """Write the label on one edge of the DAG."""
        if dag is not None:
            dag.edge_labels[upstream_id, downstream_id] = self.label or ""

    def _nodes(self, nodes: Any) -> list[DependencyMixin]:
        for node in as_list(nodes):
            if not isinstance(node, DependencyMixin) or isinstance(node, EdgeModifier):
                raise ArgumentError(
                    f"{self!r} goes between tasks and task groups, not {type(node).__name__}"
                )
        return as_list(nodes)


def Label(label: str) -> EdgeModifier:
    """A label for the edge: ``a >> Label("if new") >> b``."""
    return EdgeModifier(label)


def chain(*tasks: Nodes) -> None:
    """Put each after the one before: ``chain(a, [b, c], [d, e], f)``.

    Two lists next to each other must be of the same length and are joined pair by pair.
    """
    for before, after in pairwise(tasks):
        if isinstance(before, DependencyMixin):
            before.set_downstream(after)
        elif isinstance(after, DependencyMixin):
            after.set_upstream(before)
        else:
            _chain_lists(before, after)


def _chain_lists(before: Any, after: Any) -> None:
    for side in (before, after):
        if not isinstance(side, (list, tuple)):
            raise ArgumentError(f"chain() takes tasks and lists of tasks, not {side!r}")
    if len(before) != len(after):
        raise DefinitionError(
            f"chain() got lists of {len(before)} and {len(after)} tasks next to each other: "
            "make them the same length, or use cross_downstream()"
        )
    for up, down in zip(before, after, strict=True):
        up.set_downstream(down)


def cross_downstream(from_tasks: Sequence[DependencyMixin], to_tasks: Nodes) -> None:
    """Put all of ``to_tasks`` after each of ``from_tasks``."""
    for task in from_tasks:
        task.set_downstream(to_tasks)


def chain_linear(*elements: Nodes) -> None:
    """Put each after *all* of the one before: lists may differ in length."""
    if len(elements) < 2:
        raise DefinitionError("chain_linear() needs at least two elements to put in order")
    if any(isinstance(element, EdgeModifier) for element in elements):
        raise DefinitionError("chain_linear() takes no labels: write them with >>")
    for before, after in pairwise(elements):
        for task in as_list(before):
            task.set_downstream(after)

"""What can be upstream or downstream of something: tasks, task groups, XCom references, labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from runner.authoring.exceptions import ArgumentError, DefinitionError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.authoring.abstractoperator import AbstractOperator
    from runner.authoring.dag import DAG
    from runner.authoring.edges import EdgeModifier

_KEY = re.compile(r"[\w.-]+")
_GROUP_KEY = re.compile(r"[\w-]+")


def validate_key(key: object, what: str, longest: int = 250) -> None:
    """Check a DAG's or task's id. Raises ``ArgumentError`` (TypeError), ``DefinitionError``."""
    _validate(key, what, longest, _KEY, "letters, digits, dashes, dots and underscores")


def validate_group_key(key: object, longest: int = 200) -> None:
    """Check a task group's id: as a task's, without dots."""
    _validate(key, "group id", longest, _GROUP_KEY, "letters, digits, dashes and underscores")


def _validate(key: object, what: str, longest: int, pattern: re.Pattern[str], made_of: str) -> None:
    if not isinstance(key, str):
        raise ArgumentError(f"a {what} is a string, not {type(key).__name__} {key!r}")
    if len(key) > longest:
        raise DefinitionError(f"{what} {key[:40]!r}… has {len(key)} characters, {longest} may be")
    if not pattern.fullmatch(key):
        raise DefinitionError(f"{what} {key!r} may be made of {made_of} only")


class DependencyMixin:
    """``>>``, ``<<``, ``set_upstream`` and ``set_downstream``."""

    @property
    def roots(self) -> list[AbstractOperator]:
        """The tasks that an edge to this one leads to."""
        raise TypeError(f"{type(self).__name__} has no roots")

    @property
    def leaves(self) -> list[AbstractOperator]:
        """The tasks that an edge from this one comes from."""
        raise TypeError(f"{type(self).__name__} has no leaves")

    def set_upstream(
        self,
        task_or_task_list: DependencyMixin | Sequence[DependencyMixin],
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        """Run this after the other(s)."""
        raise TypeError(f"{type(self).__name__} can't be put after something")

    def set_downstream(
        self,
        task_or_task_list: DependencyMixin | Sequence[DependencyMixin],
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        """Run the other(s) after this."""
        raise TypeError(f"{type(self).__name__} can't be put before something")

    def update_relative(
        self,
        other: DependencyMixin,
        upstream: bool = True,
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        """Hear that ``other`` is being set upstream (or downstream) of this."""

    def __lshift__(self, other: Any) -> Any:
        self.set_upstream(other)
        return other

    def __rshift__(self, other: Any) -> Any:
        self.set_downstream(other)
        return other

    def __rrshift__(self, other: Any) -> DependencyMixin:
        """``[a, b] >> this``: a list has no ``>>`` of its own."""
        self.set_upstream(other)
        return self

    def __rlshift__(self, other: Any) -> DependencyMixin:
        """``[a, b] << this``."""
        self.set_downstream(other)
        return self


def as_list(one_or_many: Any) -> list[Any]:
    """A list or tuple as a list; anything else alone in one."""
    return list(one_or_many) if isinstance(one_or_many, (list, tuple)) else [one_or_many]


class DAGNode(DependencyMixin):
    """A task or a task group in a DAG's graph."""

    upstream_task_ids: set[str]
    downstream_task_ids: set[str]

    if TYPE_CHECKING:

        @property
        def dag(self) -> DAG | None: ...

    @property
    def node_id(self) -> str:
        """Its id within the DAG."""
        raise TypeError(f"{type(self).__name__} has no id")

    @property
    def dag_id(self) -> str:
        """Id of its DAG; without one ``_in_memory_dag_``."""
        return self.dag.dag_id if self.dag is not None else "_in_memory_dag_"

    def has_dag(self) -> bool:
        """Whether it belongs to a DAG yet."""
        return self.dag is not None

    def get_dag(self) -> DAG | None:
        """Its DAG."""
        return self.dag

    @property
    def upstream_list(self) -> list[AbstractOperator]:
        """The tasks directly upstream."""
        return self.get_direct_relatives(upstream=True)

    @property
    def downstream_list(self) -> list[AbstractOperator]:
        """The tasks directly downstream."""
        return self.get_direct_relatives(upstream=False)

    def get_direct_relative_ids(self, upstream: bool = False) -> set[str]:
        """Ids of the tasks directly downstream (or upstream)."""
        return self.upstream_task_ids if upstream else self.downstream_task_ids

    def get_direct_relatives(self, upstream: bool = False) -> list[AbstractOperator]:
        """The tasks directly downstream (or upstream), in no order."""
        if self.dag is None:
            raise DefinitionError(f"{self!r} isn't in a DAG yet")
        return [self.dag.get_task(i) for i in self.get_direct_relative_ids(upstream)]

    def get_flat_relative_ids(self, *, upstream: bool = False) -> set[str]:
        """Ids of all tasks downstream (or upstream), near and far."""
        if self.dag is None:
            return set()
        found: set[str] = set()
        waiting = list(self.get_direct_relative_ids(upstream))
        while waiting:
            task_id = waiting.pop()
            if task_id not in found:
                found.add(task_id)
                waiting += self.dag.task_dict[task_id].get_direct_relative_ids(upstream)
        return found

    def get_flat_relatives(self, upstream: bool = False) -> list[AbstractOperator]:
        """All tasks downstream (or upstream), near and far, in the order of the file."""
        ids = self.get_flat_relative_ids(upstream=upstream)
        tasks = self.dag.tasks if self.dag is not None else []
        return [task for task in tasks if task.task_id in ids]

    def set_upstream(
        self,
        task_or_task_list: DependencyMixin | Sequence[DependencyMixin],
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        self._set_relatives(task_or_task_list, upstream=True, edge_modifier=edge_modifier)

    def set_downstream(
        self,
        task_or_task_list: DependencyMixin | Sequence[DependencyMixin],
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        self._set_relatives(task_or_task_list, upstream=False, edge_modifier=edge_modifier)

    def _set_relatives(
        self,
        task_or_task_list: DependencyMixin | Sequence[DependencyMixin],
        upstream: bool = False,
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        others: list[AbstractOperator] = []
        for other in as_list(task_or_task_list):
            if not isinstance(other, DependencyMixin):
                raise ArgumentError(
                    f"{self!r} can be set before or after tasks and task groups, "
                    f"not {type(other).__name__} {other!r}"
                )
            other.update_relative(self, not upstream, edge_modifier=edge_modifier)
            others += other.leaves if upstream else other.roots
        self._share_dag(others)
        for other in others:
            before, after = (other, self) if upstream else (self, other)
            before.downstream_task_ids.add(after.node_id)
            after.upstream_task_ids.add(before.node_id)
            if edge_modifier is not None:
                edge_modifier.add_edge_info(self.dag, before.node_id, after.node_id)

    def _share_dag(self, others: Iterable[AbstractOperator]) -> None:
        """Put what has no DAG yet into the one DAG that the others have."""
        nodes: list[Any] = [self, *others]
        dags = {id(node.dag): node.dag for node in nodes if node.dag is not None}
        if len(dags) > 1:
            names = " and ".join(sorted(repr(dag.dag_id) for dag in dags.values()))
            raise DefinitionError(f"{self!r} can't depend on a task of another DAG ({names})")
        if not dags:
            raise DefinitionError(f"{nodes} aren't in a DAG yet: give dag=… to one of them")
        (dag,) = dags.values()
        for node in nodes:
            if node.dag is None:
                node.dag = dag

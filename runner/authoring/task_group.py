"""Task groups: tasks that are shown, wired and (if mapped) multiplied together."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from runner.authoring import current
from runner.authoring.abstractoperator import AbstractOperator
from runner.authoring.exceptions import (
    ArgumentError,
    DefinitionError,
    DuplicateTaskIdFound,
    NodeNotFound,
    TaskAlreadyInTaskGroup,
)
from runner.authoring.mapping import refuse_custom_keys
from runner.authoring.node import DAGNode, DependencyMixin, as_list, validate_group_key
from runner.authoring.trigger_rule import TriggerRule
from runner.authoring.xcom_arg import set_references_upstream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Self

    from runner.authoring.dag import DAG
    from runner.authoring.edges import EdgeModifier
    from runner.authoring.mapping import ExpandInput

_NUMBER = re.compile(r"__\d+$")


class TaskGroup(DAGNode):
    """A group of tasks, used as a ``with`` block or made by ``@task_group``.

    An edge to the group leads to its roots, an edge from it comes from its leaves (teardowns
    aside), as they are when the edge is written. Ids inside are prefixed with the group's unless
    ``prefix_group_id`` is False. ``default_args`` hold for the tasks inside and override the DAG's.
    """

    expand_input: ExpandInput | None = None
    """What a mapped group is mapped over."""

    def __init__(
        self,
        group_id: str | None,
        prefix_group_id: bool = True,
        parent_group: TaskGroup | None = None,
        dag: DAG | None = None,
        default_args: dict[str, Any] | None = None,
        tooltip: str = "",
        doc_md: str | None = None,
        ui_color: str = "CornflowerBlue",
        ui_fgcolor: str = "#000",
        add_suffix_on_collision: bool = False,
        group_display_name: str = "",
    ) -> None:
        if group_id is not None:
            validate_group_key(group_id)
            if dag is None and parent_group is None:
                parent_group = current.current_group()
            parent_group = parent_group or (dag.task_group if dag is not None else None)
            if parent_group is None:
                raise DefinitionError(
                    f"task group {group_id!r} is made outside a DAG: put it into a 'with DAG(…):'"
                )
        self._group_id = group_id
        self.parent_group = parent_group
        self._root_dag = dag
        self.prefix_group_id = prefix_group_id
        self.default_args = dict(default_args or {})
        self.tooltip = tooltip
        self.doc_md = doc_md
        self.ui_color = ui_color
        self.ui_fgcolor = ui_fgcolor
        self.group_display_name = group_display_name
        self.children: dict[str, AbstractOperator | TaskGroup] = {}
        self.upstream_task_ids = set()
        self.downstream_task_ids = set()
        if parent_group is not None:
            self.default_args = {**parent_group.default_args, **self.default_args}
            self._join(parent_group, add_suffix_on_collision)

    def _join(self, parent: TaskGroup, add_suffix: bool) -> None:
        dag = self.dag
        if dag is None:
            raise DefinitionError(f"task group {self._group_id!r} has no DAG")
        if self.group_id in dag.node_ids and add_suffix:
            self._group_id = next_free_id(self._group_id or "", parent, dag)
        if self.group_id in dag.node_ids:
            raise DuplicateTaskIdFound(
                f"group id {self.group_id!r} is used twice in DAG {dag.dag_id!r}"
            )
        dag.claim_id(self.node_id)
        parent.children[self.node_id] = self

    @property
    def dag(self) -> DAG | None:
        """Its DAG, which is that of the group around it."""
        return self.parent_group.dag if self.parent_group is not None else self._root_dag

    @property
    def task_group(self) -> TaskGroup | None:
        """The group around it."""
        return self.parent_group

    @property
    def group_id(self) -> str | None:
        """Its full id; None for the root group of a DAG."""
        if self._group_id is None or self.parent_group is None:
            return self._group_id
        return self.parent_group.child_id(self._group_id)

    @property
    def node_id(self) -> str:
        return self.group_id or ""

    @property
    def is_root(self) -> bool:
        """Whether it is the group that a DAG itself is."""
        return self._group_id is None

    @property
    def label(self) -> str:
        """Its display name, else its id without the prefix of the group around it."""
        return self.group_display_name or self._group_id or ""

    def __repr__(self) -> str:
        return f"<TaskGroup: {self.group_id}>"

    def child_id(self, label: str) -> str:
        """The id of something inside: ``label``, prefixed if this group prefixes."""
        if not self.prefix_group_id or self.group_id is None:
            return label
        return f"{self.group_id}.{label}"

    def add(self, task: AbstractOperator) -> AbstractOperator:
        """Put a task in. Raises ``DuplicateTaskIdFound``, ``TaskAlreadyInTaskGroup``."""
        if task.task_group is not None and task.task_group is not self:
            raise TaskAlreadyInTaskGroup(
                f"task {task.task_id!r} is in the group {task.task_group.group_id!r} already "
                f"and can't be put into {self.group_id!r} too"
            )
        if task.task_id in self.children:
            raise DuplicateTaskIdFound(
                f"task id {task.task_id!r} is used twice in DAG {self.dag_id!r}"
            )
        task.task_group = self
        self.children[task.task_id] = task
        return task

    def __enter__(self) -> Self:
        current.push_group(self)
        return self

    def __exit__(self, *error: object) -> None:
        current.pop_group()

    def __iter__(self) -> Iterator[AbstractOperator]:
        """All tasks inside, near and far, in the order of the file."""
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                yield from child
            else:
                yield child

    iter_tasks = __iter__

    def has_task(self, task: AbstractOperator) -> bool:
        """Whether the task is inside, near or far."""
        return any(inner is task for inner in self)

    def groups(self) -> Iterator[TaskGroup]:
        """All groups inside, near and far, an outer one before its inner ones."""
        for child in self.children.values():
            if isinstance(child, TaskGroup):
                yield child
                yield from child.groups()

    def get_child_by_label(self, label: str) -> AbstractOperator | TaskGroup:
        """The task or group directly inside with this id, given without the prefix."""
        return self.children[self.child_id(label)]

    def __getitem__(self, label: str) -> AbstractOperator | TaskGroup:
        try:
            return self.get_child_by_label(label)
        except KeyError:
            raise NodeNotFound(f"there is no {label!r} in the group {self.group_id!r}") from None

    # edges

    @property
    def roots(self) -> list[AbstractOperator]:
        """Tasks inside without an upstream inside."""
        tasks = list(self)
        ids = {task.task_id for task in tasks}
        return [task for task in tasks if task.upstream_task_ids.isdisjoint(ids)]

    @property
    def leaves(self) -> list[AbstractOperator]:
        """Tasks inside without a downstream inside; in place of a teardown what it follows."""
        tasks = {task.task_id: task for task in self}
        found: list[AbstractOperator] = []
        for task in tasks.values():
            if task.downstream_task_ids.isdisjoint(tasks):
                found += self._before_teardown(task, tasks) if task.is_teardown else [task]
        return found

    def _before_teardown(
        self, teardown: AbstractOperator, tasks: dict[str, AbstractOperator]
    ) -> Iterator[AbstractOperator]:
        for task_id in sorted(teardown.upstream_task_ids & tasks.keys(), key=list(tasks).index):
            task = tasks[task_id]
            if task.is_teardown:
                yield from self._before_teardown(task, tasks)
            elif not task.is_setup and all(
                tasks[after].is_teardown
                for after in task.downstream_task_ids & tasks.keys() - {teardown.task_id}
            ):
                yield task

    def update_relative(
        self,
        other: DependencyMixin,
        upstream: bool = True,
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        near = self.upstream_task_ids if upstream else self.downstream_task_ids
        near.update(task.task_id for task in (other.leaves if upstream else other.roots))

    def _set_relatives(
        self,
        task_or_task_list: DependencyMixin | Sequence[DependencyMixin],
        upstream: bool = False,
        edge_modifier: EdgeModifier | None = None,
    ) -> None:
        others = as_list(task_or_task_list)
        mine = self.roots if upstream else self._leaves_or_before()
        for other in others:
            if not isinstance(other, DependencyMixin):
                raise ArgumentError(f"{self!r} can't be put before or after {other!r}")
            self.update_relative(other, upstream, edge_modifier)
        for task in mine:
            task._set_relatives(others, upstream, edge_modifier)

    def _leaves_or_before(self) -> list[AbstractOperator]:
        """The leaves; of an empty group what was put before it (or around it)."""
        group: TaskGroup | None = self
        while group is not None:
            found = group.leaves
            if not found and self.dag is not None:
                found = [self.dag.get_task(task_id) for task_id in sorted(group.upstream_task_ids)]
            if found:
                return found
            group = group.parent_group
        return []


class MappedTaskGroup(TaskGroup):
    """A group that exists once per item: ``@task_group`` with ``expand`` or ``expand_kwargs``."""

    def __init__(self, group_id: str | None, *, expand_input: ExpandInput, **kwargs: Any) -> None:
        super().__init__(group_id, **kwargs)
        self.expand_input = expand_input
        refuse_custom_keys(f"task group {self.group_id!r}", expand_input.value)
        outer = self.parent_group
        while outer is not None:
            if outer.expand_input is not None:
                raise DefinitionError(
                    f"task group {self.group_id!r} is mapped inside the mapped group "
                    f"{outer.group_id!r}: that isn't supported, map one of the two"
                )
            outer = outer.parent_group

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        if error and error[0] is not None:
            return
        for task in self:
            if task.trigger_rule == TriggerRule.ALWAYS:
                raise DefinitionError(
                    f"task {task.task_id!r} is in a mapped group "
                    "and can't have the trigger rule always"
                )
        if self.expand_input is not None:
            set_references_upstream(self, self.expand_input.value)


def next_free_id(wanted: str, group: TaskGroup | None, dag: DAG) -> str:
    """``wanted``, or with ``__1``, ``__2`` … appended if the DAG has that id already."""
    full = group.child_id(wanted) if group is not None else wanted
    if full not in dag.node_ids:
        return wanted
    core = _NUMBER.sub("", wanted)
    return f"{core}__{dag.highest_number.get(_NUMBER.sub('', full), 0) + 1}"

"""What a task and a mapped task have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.authoring.exceptions import DefinitionError
from runner.authoring.node import DAGNode, DependencyMixin
from runner.authoring.trigger_rule import TriggerRule

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Self

    from runner.authoring.baseoperator import BaseOperator
    from runner.authoring.dag import DAG
    from runner.authoring.edges import EdgeModifier
    from runner.authoring.setup_teardown import Scope
    from runner.authoring.task_group import MappedTaskGroup, TaskGroup
    from runner.authoring.xcom_arg import PlainXComArg


class AbstractOperator(DAGNode):
    """A task in a DAG: one instance per run, or (``MappedOperator``) one per map index."""

    task_id: str
    task_group: TaskGroup | None
    task_display_name: str | None
    template_fields: Iterable[str]
    template_ext: Iterable[str]
    ui_color: str
    ui_fgcolor: str
    is_mapped: bool = False
    line: int | None = None
    """Line of the pipeline file that made it."""
    _dag: DAG | None = None
    _is_setup: bool = False
    _is_teardown: bool = False
    _on_failure_fail_dagrun: bool = False

    @property
    def dag(self) -> DAG | None:
        """The DAG that it belongs to: one, for good."""
        return self._dag

    @dag.setter
    def dag(self, dag: DAG | None) -> None:
        if dag is None or self._dag is dag:
            return
        if self._dag is not None:
            raise DefinitionError(
                f"task {self.task_id!r} is in DAG {self._dag.dag_id!r} "
                f"and can't be put into {dag.dag_id!r} too"
            )
        self._dag = dag
        if dag.task_dict.get(self.task_id) is not self:
            dag.add_task(self)

    @property
    def node_id(self) -> str:
        return self.task_id

    @property
    def operator_class(self) -> type[BaseOperator]:
        """The class that does the work."""
        raise TypeError(f"{type(self).__name__} has no operator class")

    @property
    def task_type(self) -> str:
        """Name of its operator class."""
        return self.operator_class.__name__

    @property
    def operator_name(self) -> str:
        """``@task`` and its kin for decorated functions, else the class name."""
        return getattr(self.operator_class, "custom_operator_name", None) or self.task_type

    @property
    def label(self) -> str:
        """Its display name, else its id without the prefix of its group."""
        if self.task_display_name and self.task_display_name != self.task_id:
            return self.task_display_name
        group = self.task_group
        if group is not None and group.group_id and group.prefix_group_id:
            return self.task_id[len(group.group_id) + 1 :]
        return self.task_id

    @property
    def roots(self) -> list[AbstractOperator]:
        return [self]

    @property
    def leaves(self) -> list[AbstractOperator]:
        return [self]

    @property
    def output(self) -> PlainXComArg:
        """A reference to what the task will return."""
        from runner.authoring.xcom_arg import PlainXComArg

        return PlainXComArg(self)

    @property
    def log(self) -> logging.Logger:
        """A logger named after the operator's class; its lines go to the log of the try."""
        import logging

        kind = self.operator_class
        return logging.getLogger(f"dagtop.task.{kind.__module__}.{kind.__qualname__}")

    # mapped task groups

    def iter_mapped_task_groups(self) -> Iterator[MappedTaskGroup]:
        """The mapped groups around it, the closest first."""
        group: TaskGroup | None = self.task_group
        while group is not None:
            if group.expand_input is not None:
                yield group  # type: ignore[misc]
            group = group.parent_group

    def get_closest_mapped_task_group(self) -> MappedTaskGroup | None:
        """The mapped group around it: it has one instance per index of that group."""
        return next(self.iter_mapped_task_groups(), None)

    def get_needs_expansion(self) -> bool:
        """Whether its instances have map indexes: it is mapped, or in a mapped group."""
        return self.is_mapped or self.get_closest_mapped_task_group() is not None

    def unmap(self, resolve: Mapping[str, Any] | None) -> BaseOperator:
        """The operator with the arguments of one map index; itself where it isn't mapped."""
        raise TypeError(f"{type(self).__name__} has nothing to unmap")

    # setup and teardown

    @property
    def is_setup(self) -> bool:
        """Whether it prepares something that its teardowns clear away."""
        return self._is_setup

    @is_setup.setter
    def is_setup(self, value: bool) -> None:
        if value and self._is_teardown:
            raise DefinitionError(f"task {self.task_id!r} is a teardown and can't be a setup too")
        self._is_setup = value

    @property
    def is_teardown(self) -> bool:
        """Whether it clears away after its setups, whatever became of the work between."""
        return self._is_teardown

    @is_teardown.setter
    def is_teardown(self, value: bool) -> None:
        if value and self._is_setup:
            raise DefinitionError(f"task {self.task_id!r} is a setup and can't be a teardown too")
        self._is_teardown = value

    @property
    def on_failure_fail_dagrun(self) -> bool:
        """Whether the run fails when this teardown fails."""
        return self._on_failure_fail_dagrun

    @on_failure_fail_dagrun.setter
    def on_failure_fail_dagrun(self, value: bool) -> None:
        if value and not self._is_teardown:
            raise DefinitionError(
                f"task {self.task_id!r} isn't a teardown: on_failure_fail_dagrun is for teardowns"
            )
        self._on_failure_fail_dagrun = value

    def as_setup(self) -> Self:
        """Make it a setup task."""
        self.is_setup = True
        return self

    def as_teardown(
        self,
        *,
        setups: Any = None,
        on_failure_fail_dagrun: bool | None = None,
    ) -> Self:
        """Make it a teardown, of ``setups`` (a task or several) which become its upstream."""
        self.is_teardown = True
        self.trigger_rule = TriggerRule.ALL_DONE_SETUP_SUCCESS
        if on_failure_fail_dagrun is not None:
            self.on_failure_fail_dagrun = on_failure_fail_dagrun
        if setups is None:
            return self
        several: Iterable[Any] = [setups] if isinstance(setups, DependencyMixin) else setups
        for setup in several:
            setup.is_setup = True
            setup.set_downstream(self)
        return self

    def __enter__(self) -> Scope:
        from runner.authoring.setup_teardown import enter_scope

        return enter_scope(self)

    def __exit__(self, *error: object) -> None:
        from runner.authoring.setup_teardown import leave_scope

        leave_scope()

    # only for the type checker: both kinds of operator have these

    if TYPE_CHECKING:
        trigger_rule: str
        map_index_template: str | None
        multiple_outputs: bool
        owner: str

        def update_relative(
            self,
            other: DependencyMixin,
            upstream: bool = True,
            edge_modifier: EdgeModifier | None = None,
        ) -> None: ...

"""Dynamic task mapping: one task, as many instances as a collection has items.

``expand(a=…, b=…)`` makes an instance per combination, the first argument varying slowest;
``expand_kwargs`` one per dict. How many there are is known when the upstream has run: the
structure only says whose lengths count (see ``structure.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runner.authoring import current
from runner.authoring.abstractoperator import AbstractOperator
from runner.authoring.arguments import CONVERTERS, TASK_DEFAULTS
from runner.authoring.baseoperator import (
    BaseOperator,
    argument_names,
    merged_defaults,
    own_defaults,
)
from runner.authoring.exceptions import ArgumentError, DefinitionError
from runner.authoring.node import validate_key
from runner.authoring.setup_teardown import enclose
from runner.authoring.trigger_rule import TriggerRule, did_you_mean
from runner.authoring.xcom_arg import (
    RETURN_VALUE,
    Resolvable,
    XComArg,
    as_collection,
    iter_references,
    set_references_upstream,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.authoring.dag import DAG
    from runner.authoring.params import ParamsDict
    from runner.authoring.task_group import TaskGroup

    Context = Mapping[str, Any]

_NEVER_MAPPED = TASK_DEFAULTS.keys() | {"task_id", "dag", "task_group", "default_args"}
"""Arguments that hold for the task as a whole: its instances can't differ in them."""


class DictOfListsExpandInput:
    """What ``expand(**collections)`` was given."""

    def __init__(self, value: Mapping[str, Any]) -> None:
        self.value = dict(value)

    def __repr__(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.value.items())

    def collections(self) -> list[tuple[str, Any]]:
        """(argument, collection) in the order of the file; their product is mapped over."""
        return list(self.value.items())

    def arguments(
        self, context: Context, map_index: int, lengths: Sequence[int]
    ) -> tuple[dict[str, Any], list[Any]]:
        """The arguments of one map index, and those values among them that came from XComs."""
        values = {
            name: as_collection(value.resolve(context), value)
            if isinstance(value, Resolvable)
            else as_collection(value, name)
            for name, value in self.value.items()
        }
        sizes = list(lengths) or [len(value) for value in values.values()]
        chosen: dict[str, Any] = {}
        index = map_index
        for (name, value), size in reversed(list(zip(values.items(), sizes, strict=True))):
            if size < 1:
                raise DefinitionError(f"{name!r} is empty: there is no map index {map_index}")
            index, position = divmod(index, size)
            chosen[name] = value[position]
        if index:
            raise IndexError(f"map index {map_index} is beyond the combinations of {sizes} items")
        pulled = [chosen[n] for n, value in self.value.items() if isinstance(value, Resolvable)]
        return {name: chosen[name] for name in self.value}, pulled


class ListOfDictsExpandInput:
    """What ``expand_kwargs(dicts)`` was given."""

    def __init__(self, value: XComArg | Sequence[Any]) -> None:
        if isinstance(value, (list, tuple)):
            for item in value:
                if not isinstance(item, (XComArg, Mapping)):
                    raise ArgumentError(
                        f"expand_kwargs() takes a list of dicts, not {item!r} in it"
                    )
        elif not isinstance(value, XComArg):
            raise ArgumentError(f"expand_kwargs() takes a list of dicts or an XCom, not {value!r}")
        self.value = value

    def __repr__(self) -> str:
        return f"**{self.value!r}"

    def collections(self) -> list[tuple[str, Any]]:
        """The one collection, under the name ``""``."""
        return [("", self.value)]

    def arguments(
        self, context: Context, map_index: int, lengths: Sequence[int]
    ) -> tuple[dict[str, Any], list[Any]]:
        """The arguments of one map index, and those values among them that came from XComs."""
        pulled = isinstance(self.value, XComArg)
        items = self.value.resolve(context) if isinstance(self.value, XComArg) else self.value
        item = as_collection(items, self.value)[map_index]
        if isinstance(item, Resolvable):
            item, pulled = item.resolve(context), True
        if not isinstance(item, Mapping):
            raise ArgumentError(f"expand_kwargs() takes a list of dicts, not {item!r} in it")
        for name in item:
            if not isinstance(name, str):
                raise ArgumentError(f"expand_kwargs() got a dict with the key {name!r}: not a name")
        return dict(item), list(item.values()) if pulled else []


ExpandInput = DictOfListsExpandInput | ListOfDictsExpandInput


class MappedArgument(Resolvable):
    """Stands for an argument of a mapped task group inside that group."""

    def __init__(self, expand_input: ExpandInput, key: str) -> None:
        self.expand_input = expand_input
        self.key = key

    def __repr__(self) -> str:
        return f"MappedArgument({self.key!r})"

    def iter_references(self) -> Iterator[tuple[AbstractOperator, str]]:
        yield from iter_references(self.expand_input.value)

    def resolve(self, context: Context) -> Any:
        arguments, _ = self.expand_input.arguments(context, context["ti"].map_index, ())
        if self.key not in arguments:
            raise ArgumentError(
                f"the dict of map index {context['ti'].map_index} has no {self.key!r}"
            )
        value = arguments[self.key]
        return value.resolve(context) if isinstance(value, Resolvable) else value


def check_collections(what: str, collections: Mapping[str, Any]) -> None:
    """Check what ``expand(…)`` of ``what`` is given: collections with an order, or references."""
    if not collections:
        raise ArgumentError(f"{what}.expand() needs an argument to map over")
    for name, value in collections.items():
        if isinstance(value, MappedArgument):
            raise DefinitionError(
                f"{what}.expand({name}=…) inside a mapped task group: "
                "mapping within a mapped group isn't supported"
            )
        if not isinstance(value, XComArg) and (
            isinstance(value, (str, bytes, bytearray)) or not isinstance(value, (Sequence, dict))
        ):
            raise DefinitionError(
                f"{what}.expand({name}=…) takes a list, a dict or what a task returns, "
                f"not {type(value).__name__} {value!r}"
            )
        refuse_custom_keys(what, value)


def refuse_custom_keys(what: str, value: Any) -> None:
    """Only what a task returns has a length that the scheduler knows."""
    for operator, key in iter_references(value):
        if key != RETURN_VALUE:
            raise DefinitionError(
                f"{what} can't be mapped over the XCom {key!r} of {operator.task_id!r}: "
                "only over what a task returns"
            )


def refuse_always(what: str, trigger_rule: object, value: Any) -> None:
    """``always`` doesn't wait, so there would be nothing to map over yet."""
    if trigger_rule == TriggerRule.ALWAYS and any(True for _ in iter_references(value)):
        raise DefinitionError(
            f"{what} maps over what a task returns and can't have the trigger rule always"
        )


def refuse_duplicates(what: str, first: Mapping[str, Any], second: Mapping[str, Any]) -> None:
    """An argument is given once: to ``partial`` or to ``expand``."""
    twice = sorted(first.keys() & second.keys())
    if twice:
        raise ArgumentError(f"{what} got {' and '.join(map(repr, twice))} twice")


class OperatorPartial:
    """What ``Operator.partial(…)`` gives: call ``expand`` or ``expand_kwargs`` on it."""

    def __init__(
        self, operator_class: type[BaseOperator], kwargs: dict[str, Any], params: ParamsDict
    ) -> None:
        self.operator_class = operator_class
        self.kwargs = kwargs
        self.params = params
        self._refuse_unknown("partial", kwargs)
        current.note_unused(self, f"{self!r} is never expanded: call .expand(…) on it")

    def __repr__(self) -> str:
        return f"{self.operator_class.__name__}.partial(task_id={self.kwargs['task_id']!r})"

    def expand(self, **mapped_kwargs: Any) -> MappedOperator:
        """Map over the combinations of these collections."""
        what = repr(self)
        check_collections(what, mapped_kwargs)
        self._refuse_unknown("expand", mapped_kwargs)
        fixed = sorted(mapped_kwargs.keys() & _NEVER_MAPPED)
        if fixed:
            raise ArgumentError(
                f"{what}.expand() can't map over {fixed[0]!r}: it is the same for all instances"
            )
        refuse_duplicates(what, self.kwargs, mapped_kwargs)
        return self._expand(DictOfListsExpandInput(mapped_kwargs), strict=False)

    def expand_kwargs(
        self, kwargs: XComArg | Sequence[Any], *, strict: bool = True
    ) -> MappedOperator:
        """Map over dicts of arguments. ``strict``: none may be given to ``partial`` as well."""
        refuse_custom_keys(repr(self), kwargs)
        return self._expand(ListOfDictsExpandInput(kwargs), strict=strict)

    def _expand(self, expand_input: ExpandInput, *, strict: bool) -> MappedOperator:
        current.note_used(self)
        return MappedOperator(
            self.operator_class, dict(self.kwargs), expand_input, self.params, strict=strict
        )

    def _refuse_unknown(self, function: str, kwargs: Mapping[str, Any]) -> None:
        known = argument_names(self.operator_class)
        unknown = [name for name in kwargs if name not in known]
        if unknown:
            raise ArgumentError(
                f"{self.operator_class.__name__}.{function}() got the unknown argument "
                f"{' and '.join(map(repr, unknown))}{did_you_mean(unknown[0], known)}"
            )


def make_partial(
    operator_class: type[BaseOperator],
    *,
    task_id: str,
    dag: DAG | None,
    task_group: TaskGroup | None,
    params: Mapping[str, Any] | None,
    kwargs: dict[str, Any],
) -> OperatorPartial:
    """The shared arguments of a mapped operator, defaults of DAG and group included."""
    dag = dag or current.current_dag()
    group = task_group or current.current_group(dag)
    defaults, merged = merged_defaults(dag, group, params, kwargs.pop("default_args", None))
    shared = {name: value for name, value in defaults.items() if name in TASK_DEFAULTS}
    shared = own_defaults(operator_class) | shared | kwargs
    place = {"task_id": task_id, "dag": dag, "task_group": group}
    return OperatorPartial(operator_class, place | shared, merged)


class MappedOperator(AbstractOperator):
    """A task that has one instance per map index.

    ``expand_into`` names the operator's argument that the mapped values are merged into: for a
    decorated function ``op_kwargs``, else none.
    """

    is_mapped = True

    def __init__(
        self,
        operator_class: type[BaseOperator],
        kwargs: dict[str, Any],
        expand_input: ExpandInput,
        params: ParamsDict,
        *,
        strict: bool,
        expand_into: str | None = None,
    ) -> None:
        task_id: str = kwargs.pop("task_id")
        group: TaskGroup | None = kwargs.pop("task_group")
        dag: DAG | None = kwargs.pop("dag")
        self.partial_kwargs: dict[str, Any] = {}
        self._operator_class = operator_class
        self.expand_input = expand_input
        self.expand_into = expand_into
        self.strict = strict
        self.params = params
        self.task_id = group.child_id(task_id) if group is not None else task_id
        validate_key(self.task_id, "task id")
        fields = operator_class.template_fields
        self.template_fields = [fields] if isinstance(fields, str) else fields
        self.template_ext = operator_class.template_ext
        self.ui_color = operator_class.ui_color
        self.ui_fgcolor = operator_class.ui_fgcolor
        self.is_sensor = operator_class.is_sensor
        self.upstream_task_ids = set()
        self.downstream_task_ids = set()
        self.task_group = group
        for name, value in kwargs.items():
            if name in TASK_DEFAULTS:
                setattr(self, name, value)
            else:
                self.partial_kwargs[name] = value
        if self.partial_kwargs.get("wait_for_downstream"):
            self.partial_kwargs["depends_on_past"] = True
        refuse_always(f"task {self.task_id!r}", self.trigger_rule, expand_input.value)
        self._register(dag, group)

    def _register(self, dag: DAG | None, group: TaskGroup | None) -> None:
        mapped_group = self.get_closest_mapped_task_group()
        if mapped_group is not None:
            raise DefinitionError(
                f"task {self.task_id!r} is mapped inside the mapped task group "
                f"{mapped_group.group_id!r}: that isn't supported, map one of the two"
            )
        fallback = dag.fileloc if dag is not None else None
        self.line = current.line_in(current.parsing.file if current.parsing else fallback)
        if group is not None:
            group.add(self)
        enclose(self)
        if dag is not None:
            self.dag = dag
        set_references_upstream(self, self.expand_input.value)
        for field in self.template_fields:
            set_references_upstream(self, self.partial_kwargs.get(field))

    def __setattr__(self, name: str, value: Any) -> None:
        if name in TASK_DEFAULTS:
            convert = CONVERTERS.get(name)
            if convert is not None:
                value = convert(f"{name} of task {self.task_id!r}", value)
            self.partial_kwargs[name] = value
        else:
            object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        if name in TASK_DEFAULTS:
            return self.partial_kwargs.get(name, TASK_DEFAULTS[name])
        raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")

    def __repr__(self) -> str:
        return f"<Mapped({self.task_type}): {self.task_id}>"

    @property
    def operator_class(self) -> type[BaseOperator]:
        return self._operator_class

    @property
    def inherits_from_empty_operator(self) -> bool:
        """Whether its instances do nothing."""
        return self.operator_class.inherits_from_empty_operator

    def unmap(self, resolve: Mapping[str, Any] | None) -> BaseOperator:
        """The operator with ``resolve``, the arguments of one map index, beside the shared ones."""
        mapped = dict(resolve or {})
        kwargs = dict(self.partial_kwargs)
        params = self.params.copy()
        if self.expand_into is not None:
            shared = kwargs.get(self.expand_into) or {}
            if self.strict:
                refuse_duplicates(f"task {self.task_id!r}", shared, mapped)
            kwargs[self.expand_into] = {**shared, **mapped}
        else:
            if self.strict:
                refuse_duplicates(f"task {self.task_id!r}", kwargs, mapped)
            params.merge(mapped.pop("params", None), "task")
            kwargs |= mapped
        place = {"task_id": self.task_id, "dag": self.dag, "task_group": self.task_group}
        make: Any = self.operator_class
        operator: BaseOperator = make(**place, **kwargs, params=params, _from_mapped=True)
        operator._is_setup = self._is_setup
        operator._is_teardown = self._is_teardown
        operator._on_failure_fail_dagrun = self._on_failure_fail_dagrun
        operator.upstream_task_ids = self.upstream_task_ids
        operator.downstream_task_ids = self.downstream_task_ids
        operator.line = self.line
        return operator


def resolve_mapped(
    task: AbstractOperator, context: Context, map_index: int, lengths: Sequence[int] = ()
) -> BaseOperator:
    """The operator of one map index, its mapped arguments in place; others it gives back as is.

    ``lengths``: of each argument of the expansion, in order; without them the collections are
    measured. References in shared arguments stay, to be resolved when the fields are rendered.
    """
    if not isinstance(task, MappedOperator):
        return task.unmap(None)
    arguments, pulled = task.expand_input.arguments(context, map_index, lengths)
    operator = task.unmap(arguments)
    operator.resolved_values = pulled
    return operator

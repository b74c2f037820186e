"""``@task`` and its kin, ``@task_group``, ``@setup`` and ``@teardown``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar, overload

from runner.authoring import current
from runner.authoring.arguments import TASK_DEFAULTS
from runner.authoring.baseoperator import merged_defaults
from runner.authoring.callables import KNOWN_CONTEXT_KEYS, name_of
from runner.authoring.exceptions import ArgumentError, DefinitionError
from runner.authoring.mapping import (
    DictOfListsExpandInput,
    ListOfDictsExpandInput,
    MappedArgument,
    MappedOperator,
    check_collections,
    refuse_custom_keys,
    refuse_duplicates,
)
from runner.authoring.task_group import MappedTaskGroup, TaskGroup, next_free_id
from runner.authoring.trigger_rule import TriggerRule
from runner.authoring.xcom_arg import PlainXComArg, XComArg

if TYPE_CHECKING:
    from collections.abc import Sequence
    from inspect import Signature

    from runner.authoring.baseoperator import BaseOperator
    from runner.authoring.dag import DAG
    from runner.authoring.mapping import ExpandInput

P = ParamSpec("P")
R = TypeVar("R")


class Expandable(Generic[P, R]):
    """A decorated function: what it can be called and mapped with."""

    function: Callable[P, R]

    @property
    def function_signature(self) -> Signature:
        """The signature of the function."""
        from inspect import signature

        return signature(self.function)

    def _check_names(self, what: str, names: Mapping[str, Any]) -> None:
        parameters = self.function_signature.parameters
        if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
            return
        unknown = [name for name in names if name not in parameters]
        if unknown:
            raise ArgumentError(
                f"{what} got the unknown argument {' and '.join(map(repr, unknown))}: "
                f"{self.function.__name__}() takes {', '.join(parameters) or 'none'}"
            )


class TaskDecorator(Expandable[P, R]):
    """What ``@task`` makes of a function: each call makes a task and gives its ``XComArg``."""

    def __init__(
        self,
        function: Callable[P, R],
        operator_class: type[BaseOperator],
        kwargs: dict[str, Any],
        decorator_name: str = "@task",
    ) -> None:
        if not callable(function):
            raise ArgumentError(
                f"{decorator_name} takes keyword arguments only, not {function!r}: "
                f"write {decorator_name}(task_id=…)"
            )
        self.function = function
        self.operator_class = operator_class
        self.kwargs = dict(kwargs)
        self.decorator_name = decorator_name
        self.is_setup = False
        self.is_teardown = False
        self.on_failure_fail_dagrun: bool = self.kwargs.pop("on_failure_fail_dagrun", False)
        update_wrapper(self, function)
        if "self" in self.function_signature.parameters:
            raise ArgumentError(
                f"{decorator_name} doesn't take methods: {name_of(function)}() has a 'self'"
            )
        self.kwargs.setdefault("task_id", name_of(function))
        if self.kwargs.get("multiple_outputs") is None:
            self.kwargs["multiple_outputs"] = returns_mapping(function)

    def __call__(self, *args: Any, **kwargs: Any) -> PlainXComArg:
        # Not typed by P: an argument may be the result of another task, whatever its type.
        make: Any = self.operator_class
        operator = make(
            python_callable=self.function, op_args=args, op_kwargs=kwargs, **self._arguments()
        )
        return self._made(operator)

    def _arguments(self) -> dict[str, Any]:
        if not self.is_teardown:
            return dict(self.kwargs)
        if "trigger_rule" in self.kwargs:
            raise DefinitionError(
                f"{self.decorator_name} {name_of(self.function)}() is a teardown: "
                "its trigger rule can't be chosen"
            )
        return {**self.kwargs, "trigger_rule": TriggerRule.ALL_DONE_SETUP_SUCCESS}

    def _made(self, operator: Any) -> PlainXComArg:
        operator.is_setup = self.is_setup
        operator.is_teardown = self.is_teardown
        operator.on_failure_fail_dagrun = self.on_failure_fail_dagrun
        docs = (
            operator.doc,
            operator.doc_md,
            operator.doc_rst,
            operator.doc_json,
            operator.doc_yaml,
        )
        if self.function.__doc__ and not any(docs):
            operator.doc_md = self.function.__doc__
        return PlainXComArg(operator)

    def partial(self, **kwargs: Any) -> TaskDecorator[P, R]:
        """Arguments of the function that all instances of a mapped task share."""
        self._check_names(f"{self._what()}.partial()", kwargs)
        given = self.kwargs.get("op_kwargs", {})
        refuse_duplicates(f"{self._what()}.partial()", given, kwargs)
        return self._copy(op_kwargs={**kwargs, **given})

    def override(self, **kwargs: Any) -> TaskDecorator[P, R]:
        """The same function with other operator arguments: ``f.override(task_id="again")(…)``."""
        return self._copy(**kwargs)

    def _copy(self, **kwargs: Any) -> TaskDecorator[P, R]:
        copied = TaskDecorator(
            self.function, self.operator_class, {**self.kwargs, **kwargs}, self.decorator_name
        )
        copied.is_setup = self.is_setup
        copied.is_teardown = self.is_teardown
        if "on_failure_fail_dagrun" not in kwargs:
            copied.on_failure_fail_dagrun = self.on_failure_fail_dagrun
        return copied

    def expand(self, **map_kwargs: Any) -> PlainXComArg:
        """A task per combination of these collections (lists, dicts, what tasks return)."""
        what = f"{self._what()}.expand()"
        self._check_names(what, map_kwargs)
        for name in map_kwargs.keys() & KNOWN_CONTEXT_KEYS:
            raise DefinitionError(f"{what} can't map over {name!r}, which the context gives")
        check_collections(self._what(), map_kwargs)
        refuse_duplicates(what, self.kwargs.get("op_kwargs", {}), map_kwargs)
        return self._expand(DictOfListsExpandInput(map_kwargs), strict=False)

    def expand_kwargs(
        self, kwargs: XComArg | Sequence[Any], *, strict: bool = True
    ) -> PlainXComArg:
        """A task per dict of arguments. ``strict``: none may be given to ``partial`` as well."""
        refuse_custom_keys(self._what(), kwargs)
        return self._expand(ListOfDictsExpandInput(kwargs), strict=strict)

    def _expand(self, expand_input: ExpandInput, *, strict: bool) -> PlainXComArg:
        given = self._arguments()
        dag: DAG | None = given.pop("dag", None) or current.current_dag()
        group: TaskGroup | None = given.pop("task_group", None) or current.current_group(dag)
        defaults, params = merged_defaults(
            dag, group, given.pop("params", None), given.pop("default_args", None)
        )
        task_id = given.pop("task_id")
        shared = {name: value for name, value in defaults.items() if name in TASK_DEFAULTS}
        shared |= {"op_args": [], "op_kwargs": {}} | given
        place = {
            "task_id": next_free_id(task_id, group, dag) if dag is not None else task_id,
            "dag": dag,
            "task_group": group,
            "python_callable": self.function,
        }
        return self._made(
            MappedOperator(
                self.operator_class,
                place | shared,
                expand_input,
                params,
                strict=strict,
                expand_into="op_kwargs",
            )
        )

    def _what(self) -> str:
        return f"{self.decorator_name} {name_of(self.function)}"


def returns_mapping(function: Callable[..., Any]) -> bool:
    """Whether it is annotated to return a dict: then each key becomes an XCom of its own."""
    hint = getattr(function, "__annotations__", {}).get("return")
    if isinstance(hint, str):
        try:
            hint = eval(hint, getattr(function, "__globals__", {}))
        except Exception:  # e.g. a name that is imported for the type checker only
            return False
    kind = getattr(hint, "__origin__", hint)
    return isinstance(kind, type) and issubclass(kind, Mapping)


class _Flavour:
    """One of ``@task``'s kinds: works bare and with arguments."""

    def __init__(self, name: str, dag: DAG | None) -> None:
        self._name = name
        self._dag = dag

    @overload
    def __call__(self, python_callable: Callable[P, R]) -> TaskDecorator[P, R]: ...
    @overload
    def __call__(
        self,
        *,
        task_id: str = ...,
        **kwargs: Any,
    ) -> Callable[[Callable[P, R]], TaskDecorator[P, R]]: ...
    def __call__(self, python_callable: Any = None, **kwargs: Any) -> Any:
        if self._dag is not None:
            kwargs.setdefault("dag", self._dag)
        name = "@task" if self._name == "python" else f"@task.{self._name}"
        operator_class = _operator_class(self._name)
        if python_callable is not None:
            return TaskDecorator(python_callable, operator_class, kwargs, name)
        return lambda function: TaskDecorator(function, operator_class, kwargs, name)


def _operator_class(flavour: str) -> type[BaseOperator]:
    """The operator behind a kind of ``@task``, imported when it is first used."""
    if flavour == "bash":
        from runner.authoring.operators.decorated_bash import BashDecoratedOperator

        return BashDecoratedOperator
    if flavour == "sensor":
        from runner.authoring.sensors.decorated import DecoratedSensorOperator

        return DecoratedSensorOperator
    from runner.authoring.operators import decorated

    return {
        "python": decorated.PythonDecoratedOperator,
        "branch": decorated.BranchDecoratedOperator,
        "short_circuit": decorated.ShortCircuitDecoratedOperator,
    }[flavour]


class TaskDecoratorCollection(_Flavour):
    """``@task``, ``@task.bash``, ``@task.branch``, ``@task.short_circuit``, ``@task.sensor``."""

    def __init__(self, dag: DAG | None = None) -> None:
        super().__init__("python", dag)
        self.python = _Flavour("python", dag)
        self.bash = _Flavour("bash", dag)
        self.branch = _Flavour("branch", dag)
        self.short_circuit = _Flavour("short_circuit", dag)
        self.sensor = _Flavour("sensor", dag)


task = TaskDecoratorCollection()


def setup(func: Any) -> Any:
    """Mark a function, or what ``@task`` made of it, as a setup task."""
    decorated = _as_task(func, "@setup")
    decorated.is_setup = True
    return decorated


def teardown(_func: Any = None, *, on_failure_fail_dagrun: bool = False) -> Any:
    """Mark a function, or what ``@task`` made of it, as a teardown task."""

    def mark(func: Any) -> Any:
        decorated = _as_task(func, "@teardown")
        decorated.is_teardown = True
        decorated.on_failure_fail_dagrun = on_failure_fail_dagrun
        return decorated

    return mark if _func is None else mark(_func)


def _as_task(func: Any, decorator: str) -> TaskDecorator[Any, Any]:
    if isinstance(func, TaskGroupFactory):
        raise DefinitionError(f"{decorator} takes a task: a task group can't be one")
    return func if isinstance(func, TaskDecorator) else task(func)


class TaskGroupFactory(Expandable[P, R]):
    """What ``@task_group`` makes of a function: each call makes a group of the tasks made in it.

    A call gives what the function returns, or the group where that is None.
    """

    def __init__(
        self,
        function: Callable[P, R],
        group_kwargs: dict[str, Any],
        partial_kwargs: dict[str, Any] | None = None,
    ) -> None:
        if not callable(function):
            raise ArgumentError(f"@task_group takes a function, not {function!r}")
        self.function = function
        self.group_kwargs = {"group_id": name_of(function), **group_kwargs}
        self.partial_kwargs = partial_kwargs or {}
        update_wrapper(self, function)
        if self.partial_kwargs:
            current.note_unused(
                self, f"{self._what()}.partial(…) is never expanded: call .expand(…)"
            )

    def _what(self) -> str:
        return f"@task_group {name_of(self.function)}"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._make(TaskGroup, args, kwargs)

    def _make(self, kind: Callable[..., TaskGroup], args: Any, kwargs: Mapping[str, Any]) -> Any:
        current.note_used(self)
        with kind(add_suffix_on_collision=True, **self.group_kwargs) as group:
            doc = self.function.__doc__
            if doc:
                group.tooltip = group.tooltip or doc
                group.doc_md = group.doc_md or doc
            result = self.function(*args, **kwargs)
        return group if result is None else result

    def override(self, **kwargs: Any) -> TaskGroupFactory[P, R]:
        """The same function with other arguments of the group."""
        return TaskGroupFactory(self.function, {**self.group_kwargs, **kwargs}, self.partial_kwargs)

    def partial(self, **kwargs: Any) -> TaskGroupFactory[P, R]:
        """Arguments that all instances of a mapped group share."""
        self._check_names(f"{self._what()}.partial()", kwargs)
        refuse_duplicates(f"{self._what()}.partial()", self.partial_kwargs, kwargs)
        current.note_used(self)
        return TaskGroupFactory(self.function, self.group_kwargs, {**kwargs, **self.partial_kwargs})

    def expand(self, **kwargs: Any) -> Any:
        """A group per combination of these collections."""
        what = f"{self._what()}.expand()"
        self._check_names(what, kwargs)
        check_collections(self._what(), kwargs)
        refuse_duplicates(what, self.partial_kwargs, kwargs)
        return self._expand(DictOfListsExpandInput(kwargs), list(kwargs))

    def expand_kwargs(self, kwargs: XComArg | Sequence[Any]) -> Any:
        """A group per dict of arguments."""
        parameters = self.function_signature.parameters
        if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters.values()):
            raise ArgumentError(
                f"{self._what()}.expand_kwargs() needs a function with named arguments, "
                "without * and **"
            )
        names = [name for name in parameters if name not in self.partial_kwargs]
        return self._expand(ListOfDictsExpandInput(kwargs), names)

    def _expand(self, expand_input: ExpandInput, names: list[str]) -> Any:
        def mapped(**kwargs: Any) -> TaskGroup:
            return MappedTaskGroup(expand_input=expand_input, **kwargs)

        stand_ins = {name: MappedArgument(expand_input, name) for name in names}
        return self._make(mapped, (), {**self.partial_kwargs, **stand_ins})


@overload
def task_group(group_id: Callable[P, R]) -> TaskGroupFactory[P, R]: ...
@overload
def task_group(
    group_id: str | None = None,
    *,
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
) -> Callable[[Callable[P, R]], TaskGroupFactory[P, R]]: ...
def task_group(group_id: Any = None, **kwargs: Any) -> Any:
    """Make a task group of a function whose tasks are made when it is called."""
    if callable(group_id):
        return TaskGroupFactory(group_id, kwargs)
    if group_id is not None:
        kwargs["group_id"] = group_id
    kwargs.pop("add_suffix_on_collision", None)
    return lambda function: TaskGroupFactory(function, kwargs)

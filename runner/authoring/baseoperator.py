"""``BaseOperator``: what every task is made of, and how its arguments are found.

An operator takes keyword arguments only. One that isn't given comes from, in this order: the
operator's own ``default_args``, those of the task group (an inner group's before an outer's),
those of the DAG, the default. That holds for each class of an operator's family separately, so
that an own operator's arguments can stand in ``default_args`` too, as in Airflow.
"""

from __future__ import annotations

from abc import ABCMeta
from collections.abc import Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any

from runner.authoring import current
from runner.authoring.abstractoperator import AbstractOperator
from runner.authoring.arguments import CONVERTERS, TASK_DEFAULTS
from runner.authoring.exceptions import ArgumentError, DefinitionError
from runner.authoring.node import validate_key
from runner.authoring.params import ParamsDict
from runner.authoring.setup_teardown import enclose
from runner.authoring.trigger_rule import did_you_mean
from runner.authoring.xcom_arg import set_references_upstream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime, timedelta
    from typing import ClassVar, Self, Unpack

    from runner.authoring.arguments import OperatorArguments
    from runner.authoring.assets import Asset
    from runner.authoring.dag import DAG
    from runner.authoring.mapping import OperatorPartial
    from runner.authoring.task_group import TaskGroup

_PLACE = ("dag", "task_group", "default_args", "params")
"""Arguments of every operator that say where it belongs; the metaclass deals with them."""
_HOOKS = ("pre_execute", "post_execute")


class Making:
    """What is known of an operator while its ``__init__`` runs."""

    def __init__(self, kwargs: dict[str, Any], from_mapped: bool) -> None:
        self.from_mapped = from_mapped
        self.dag: DAG | None = kwargs.get("dag") or current.current_dag()
        self.task_group: TaskGroup | None = kwargs.get("task_group")
        if self.task_group is None and self.dag is not None:
            self.task_group = current.current_group(self.dag)
        self.defaults, self.params = merged_defaults(
            self.dag, self.task_group, kwargs.get("params"), kwargs.get("default_args")
        )


def merged_defaults(
    dag: DAG | None,
    group: TaskGroup | None,
    params: Mapping[str, Any] | None,
    default_args: Mapping[str, Any] | None,
) -> tuple[dict[str, Any], ParamsDict]:
    """Default arguments and params of a task, as DAG, group and the task itself give them."""
    for name, value in (("params", params), ("default_args", default_args)):
        if value is not None and not isinstance(value, Mapping):
            raise ArgumentError(f"{name} is a dict, not {type(value).__name__} {value!r}")
    defaults: dict[str, Any] = {}
    merged = ParamsDict()
    if dag is not None:
        defaults.update(dag.default_args)
        if dag.params:
            merged.merge(dag.params.copy(), "dag")
        if group is not None:
            defaults.update(group.default_args)
    if params:
        merged.merge(params, "task")
    if default_args:
        defaults.update(default_args)
        merged.merge(default_args.get("params"), "task")
    return defaults, merged


class OperatorMeta(ABCMeta):
    """Fills arguments from ``default_args`` and finishes an operator when it is made."""

    def __new__(
        cls, name: str, bases: tuple[type, ...], namespace: dict[str, Any], **kwargs: Any
    ) -> OperatorMeta:
        if "__init__" in namespace:
            namespace["__init__"] = _filling_defaults(namespace["__init__"])
        return super().__new__(cls, name, bases, namespace, **kwargs)

    def make(cls, *args: Any, **kwargs: Any) -> Any:
        """Make an operator: what ``SomeOperator(…)`` does."""
        if args:
            raise ArgumentError(f"{cls.__name__}() takes keyword arguments only: task_id=…")
        from_mapped = kwargs.pop("_from_mapped", False)
        new: Any = cls.__new__
        operator: BaseOperator = new(cls, **kwargs)
        making = Making(kwargs, from_mapped)
        vars(operator)["_making"] = making
        if getattr(cls.__init__, "takes_any", False):
            kwargs |= {"dag": making.dag, "task_group": making.task_group}
        else:
            kwargs = {name: value for name, value in kwargs.items() if name not in _PLACE}
        init: Any = cls.__init__
        init(operator, **kwargs)
        del vars(operator)["_making"]
        if not from_mapped:
            operator.finish_definition()
        return operator


# Set here because a type checker that sees a metaclass's ``__call__`` no longer checks the
# arguments of an operator, nor knows what it makes.
setattr(OperatorMeta, "__call__", OperatorMeta.make)  # noqa: B010


def _filling_defaults(init: Callable[..., None]) -> Callable[..., None]:
    """``__init__`` with arguments of its own filled from the default arguments."""
    names, required, takes_any = _signature_of(init)

    @wraps(init)
    def fill_and_init(self: BaseOperator, *args: Any, **kwargs: Any) -> None:
        if args:
            raise ArgumentError(f"{type(self).__name__}.__init__() takes keyword arguments only")
        defaults = vars(self)["_making"].defaults
        for name in names:
            if name not in kwargs and name in defaults:
                kwargs[name] = defaults[name]
        missing = [name for name in required if name not in kwargs]
        if missing:
            raise ArgumentError(
                f"{type(self).__name__} {_task(kwargs)}needs the argument "
                f"{' and '.join(repr(name) for name in missing)}"
            )
        init(self, **kwargs)

    fill_and_init.parameter_names = names  # type: ignore[attr-defined]
    fill_and_init.takes_any = takes_any  # type: ignore[attr-defined]
    return fill_and_init


def _signature_of(init: Callable[..., None]) -> tuple[list[str], list[str], bool]:
    """Names of its arguments, of those without a default, and whether it takes ``**kwargs``."""
    if hasattr(init, "__wrapped__") or not hasattr(init, "__code__"):
        import inspect

        parameters = list(inspect.signature(init).parameters.values())[1:]
        named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
        required = [p.name for p in named if p.default is p.empty]
        any_keyword = any(p.kind is p.VAR_KEYWORD for p in parameters)
        return [p.name for p in named], required, any_keyword
    code = init.__code__
    first_keyword = code.co_argcount
    names = list(code.co_varnames[: first_keyword + code.co_kwonlyargcount])
    optional = set(names[first_keyword - len(init.__defaults__ or ()) : first_keyword])
    optional |= set(init.__kwdefaults__ or ())
    return names[1:], [n for n in names[1:] if n not in optional], bool(code.co_flags & 0x08)


def _task(kwargs: Mapping[str, Any]) -> str:
    return f"(task {kwargs['task_id']!r}) " if "task_id" in kwargs else ""


class BaseOperator(AbstractOperator, metaclass=OperatorMeta):
    """A task. Subclass it, name what is rendered in ``template_fields``, define ``execute``.

    Its arguments and their meaning are Airflow's; an unknown one is a ``TypeError``.
    """

    template_fields: Iterable[str] = ()
    """Names of attributes that are rendered with Jinja before ``execute``."""
    template_ext: Iterable[str] = ()
    """A template field ending so names a file: its content is rendered."""
    template_fields_renderers: ClassVar[dict[str, str]] = {}
    ui_color: str = "#fff"
    ui_fgcolor: str = "#000"
    custom_operator_name: str | None = None
    inherits_from_empty_operator: bool = False
    is_sensor: bool = False
    resolved_values: Iterable[Any] = ()
    """Arguments of a map index that came out of XComs: data, never rendered (by identity)."""
    _defined: bool = False
    """Set once it is made: from then on a reference set as a template field makes an edge."""
    _pre_execute_hook: Callable[[Any], Any] | None = None
    _post_execute_hook: Callable[[Any, Any], Any] | None = None

    if TYPE_CHECKING:
        email: str | list[str] | None
        email_on_retry: bool
        email_on_failure: bool
        retries: int
        retry_delay: timedelta
        retry_exponential_backoff: float
        max_retry_delay: timedelta | None
        start_date: datetime | None
        end_date: datetime | None
        depends_on_past: bool
        ignore_first_depends_on_past: bool
        wait_for_past_depends_before_skipping: bool
        wait_for_downstream: bool
        priority_weight: int
        weight_rule: str
        queue: str
        pool: str
        pool_slots: int
        execution_timeout: timedelta | None
        on_execute_callback: list[Callable[[Any], Any]]
        on_failure_callback: list[Callable[[Any], Any]]
        on_success_callback: list[Callable[[Any], Any]]
        on_retry_callback: list[Callable[[Any], Any]]
        on_skipped_callback: list[Callable[[Any], Any]]
        resources: dict[str, Any] | None
        run_as_user: str | None
        map_index_template: str | None
        max_active_tis_per_dag: int | None
        max_active_tis_per_dagrun: int | None
        executor: str | None
        executor_config: dict[str, Any] | None
        do_xcom_push: bool
        inlets: list[Asset]
        outlets: list[Asset]
        doc: str | None
        doc_md: str | None
        doc_json: str | None
        doc_yaml: str | None
        doc_rst: str | None
        render_template_as_native_obj: bool | None

    def __init__(self, *, task_id: str, **kwargs: Unpack[OperatorArguments]) -> None:
        making: Making = vars(self)["_making"]
        given: dict[str, Any] = dict(kwargs)
        place = {name: given.pop(name) for name in _PLACE if name in given}
        group: TaskGroup | None = place.get("task_group") or making.task_group
        dag: DAG | None = place.get("dag") or making.dag or (group.dag if group else None)
        self._refuse_unknown(given, task_id)
        for name in making.defaults.keys() & TASK_DEFAULTS.keys() - given.keys():
            given[name] = making.defaults[name]
        prefix = group is not None and not making.from_mapped
        self.task_id = group.child_id(task_id) if group is not None and prefix else task_id
        validate_key(self.task_id, "task id")
        self.upstream_task_ids = set()
        self.downstream_task_ids = set()
        self.task_group = group
        self.params = making.params
        for hook in _HOOKS:
            vars(self)[f"_{hook}_hook"] = given.pop(hook, None)
        for name, value in given.items():
            setattr(self, name, value)
        if self.wait_for_downstream:
            self.depends_on_past = True
        if making.from_mapped:
            self._dag = dag
            return
        self.line = current.line_in(
            current.parsing.file if current.parsing else dag.fileloc if dag else None
        )
        if group is not None:
            group.add(self)
        enclose(self)
        if dag is not None:
            self.dag = dag

    def _refuse_unknown(self, given: Mapping[str, Any], task_id: str) -> None:
        unknown = [name for name in given if name not in TASK_DEFAULTS]
        if unknown:
            kind = type(self)
            hint = did_you_mean(unknown[0], argument_names(kind)) if len(unknown) == 1 else ""
            raise ArgumentError(
                f"{kind.__name__} (task {task_id!r}) got the unknown argument "
                f"{' and '.join(repr(name) for name in unknown)}{hint}"
            )

    def finish_definition(self) -> None:
        """Make the edges from the references in its template fields."""
        if isinstance(self.template_fields, str):
            self.template_fields = [self.template_fields]
        for field in self.template_fields:
            set_references_upstream(self, getattr(self, field, None))
        vars(self)["_defined"] = True

    def __setattr__(self, name: str, value: Any) -> None:
        convert = CONVERTERS.get(name)
        if convert is not None:
            value = convert(f"{name} of task {getattr(self, 'task_id', '?')!r}", value)
        object.__setattr__(self, name, value)
        if self._defined and name in self.template_fields:
            set_references_upstream(self, value)

    def __repr__(self) -> str:
        return f"<Task({self.task_type}): {self.task_id}>"

    @property
    def operator_class(self) -> type[BaseOperator]:
        """Its class."""
        return type(self)

    def prepare_for_execution(self) -> Self:
        """A copy for one try: what is set on it changes nothing in the DAG."""
        prepared = type(self).__new__(type(self))
        vars(prepared).update(vars(self))
        vars(prepared)["_defined"] = False
        return prepared

    def unmap(self, resolve: Mapping[str, Any] | None) -> BaseOperator:
        return self

    @classmethod
    def partial(
        cls,
        *,
        task_id: str,
        dag: DAG | None = None,
        task_group: TaskGroup | None = None,
        params: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> OperatorPartial:
        """Arguments that all instances of a mapped task share; call ``expand`` on what it gives."""
        from runner.authoring.mapping import make_partial

        return make_partial(
            cls, task_id=task_id, dag=dag, task_group=task_group, params=params, kwargs=kwargs
        )

    # what a task does when it runs; own operators override these

    def pre_execute(self, context: Any) -> None:
        """Called just before ``execute``."""

    def execute(self, context: Any) -> Any:
        """Do the work; what it returns becomes the task's XCom."""
        raise DefinitionError(f"{type(self).__name__} has no execute(self, context): define it")

    def post_execute(self, context: Any, result: Any = None) -> None:
        """Called just after ``execute`` with what it returned."""

    def on_kill(self) -> None:
        """Called when the task is told to end while it runs: end what it has started."""

    def render_template_fields(self, context: Any, jinja_env: Any = None) -> None:
        """Render the template fields in place, with references resolved."""
        from runner.authoring.templating import render_template_fields

        render_template_fields(self, context, jinja_env)


for _name, _default in TASK_DEFAULTS.items():
    if _name not in _HOOKS:
        setattr(BaseOperator, _name, _default)


def argument_names(operator_class: type[BaseOperator]) -> set[str]:
    """Names of all arguments that the classes of an operator's family take."""
    names = {"task_id", *TASK_DEFAULTS, *_PLACE}
    for kind in operator_class.__mro__:
        names.update(getattr(vars(kind).get("__init__"), "parameter_names", ()))
    return names


def own_defaults(operator_class: type[BaseOperator]) -> dict[str, Any]:
    """Common arguments for which the operator's family declares another default."""
    defaults: dict[str, Any] = {}
    for kind in reversed(operator_class.__mro__):
        init = vars(kind).get("__init__")
        declared = getattr(init, "__wrapped__", None)
        if declared is None or kind is BaseOperator:
            continue
        values = dict(getattr(declared, "__kwdefaults__", None) or {})
        code = getattr(declared, "__code__", None)
        if code is not None and declared.__defaults__:
            positional = code.co_varnames[: code.co_argcount]
            values |= zip(
                positional[-len(declared.__defaults__) :], declared.__defaults__, strict=True
            )
        defaults |= {name: value for name, value in values.items() if name in TASK_DEFAULTS}
    return defaults

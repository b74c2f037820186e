"""``DAG`` and ``@dag``: a pipeline, its tasks and when it runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, overload

from runner.authoring import current, settings
from runner.authoring.arguments import (
    check_count,
    check_duration,
    parse_date,
    to_callbacks,
    to_utc,
    zone_name,
)
from runner.authoring.exceptions import (
    ArgumentError,
    DefinitionError,
    DuplicateTaskIdFound,
    FailFastDagInvalidTriggerRule,
    NodeNotFound,
    ParamValidationError,
    TaskNotFound,
)
from runner.authoring.graph import topological_order
from runner.authoring.node import validate_key
from runner.authoring.params import DagParam, ParamsDict
from runner.authoring.task_group import TaskGroup
from runner.authoring.trigger_rule import TriggerRule, did_you_mean
from runner.authoring.xcom_arg import NOTSET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import tzinfo
    from typing import ParamSpec, Self, TypedDict, Unpack

    from runner.authoring.abstractoperator import AbstractOperator
    from runner.authoring.arguments import Callbacks
    from runner.authoring.decorators import TaskDecoratorCollection

    P = ParamSpec("P")

    class DagArguments(TypedDict, total=False):
        """Keyword arguments of ``DAG`` and ``@dag``, beside ``dag_id``."""

        description: str | None
        schedule: Any
        start_date: datetime | None
        end_date: datetime | None
        template_searchpath: str | Iterable[str] | None
        template_undefined: Any
        user_defined_macros: dict[str, Any] | None
        user_defined_filters: dict[str, Any] | None
        default_args: dict[str, Any] | None
        max_active_tasks: int
        max_active_runs: int
        max_consecutive_failed_dag_runs: int
        dagrun_timeout: timedelta | None
        catchup: bool
        on_success_callback: Callbacks
        on_failure_callback: Callbacks
        doc_md: str | None
        params: Mapping[str, Any] | ParamsDict | None
        access_control: Any
        is_paused_upon_creation: bool | None
        jinja_environment_kwargs: dict[str, Any] | None
        render_template_as_native_obj: bool
        tags: Iterable[str] | None
        owner_links: dict[str, str] | None
        auto_register: bool
        fail_fast: bool
        dag_display_name: str | None


DAG_DEFAULTS: dict[str, Any] = {
    "description": None,
    "schedule": None,
    "start_date": None,
    "end_date": None,
    "template_searchpath": None,
    "template_undefined": None,
    "user_defined_macros": None,
    "user_defined_filters": None,
    "default_args": None,
    "max_active_tasks": 16,
    "max_active_runs": 16,
    "max_consecutive_failed_dag_runs": 0,
    "dagrun_timeout": None,
    "catchup": False,
    "on_success_callback": None,
    "on_failure_callback": None,
    "doc_md": None,
    "params": None,
    "access_control": None,
    "is_paused_upon_creation": None,
    "jinja_environment_kwargs": None,
    "render_template_as_native_obj": False,
    "tags": None,
    "owner_links": None,
    "auto_register": True,
    "fail_fast": False,
    "dag_display_name": None,
}
"""Every argument and its default (Airflow 3's); settings of these names come before.
``access_control`` is taken and has no effect."""

_RENAMED = {
    "schedule_interval": "schedule",
    "timetable": "schedule",
    "concurrency": "max_active_tasks",
    "fail_stop": "fail_fast",
    "full_filepath": "fileloc",
}
_FAIL_FAST_RULES = (TriggerRule.ALL_SUCCESS, TriggerRule.ALL_DONE_SETUP_SUCCESS)


class DAG:
    """A pipeline. As a ``with`` block it takes in the tasks that are made inside.

    Arguments, defaults and meaning are those of Airflow 3, but that cron and timedelta schedules
    make data intervals, whose runs start at their end. Raises ``ArgumentError`` (TypeError) and
    ``DefinitionError`` (ValueError), each with one sentence.
    """

    def __init__(self, dag_id: str, **kwargs: Unpack[DagArguments]) -> None:
        validate_key(dag_id, "DAG id")
        self.dag_id = dag_id
        self.fileloc = current.caller_file()
        self.line = current.line_in(current.parsing.file if current.parsing else self.fileloc)
        self.made_by_import = current.made_by_import()
        """Whether a module that the pipeline file imports makes it."""
        given: dict[str, Any] = dict(kwargs)
        self._refuse_unknown(given)
        for name, default in DAG_DEFAULTS.items():
            if given.get(name) is None:
                given[name] = getattr(settings.in_force(), name, default)
        self.task_dict: dict[str, AbstractOperator] = {}
        self.node_ids: set[str] = set()
        """Ids of all tasks and groups: no two may be the same."""
        self.highest_number: dict[str, int] = {}
        """``x`` -> 3 where ``x__3`` is the highest such id."""
        self.edge_labels: dict[tuple[str, str], str] = {}
        self.default_args: dict[str, Any] = self._mapping("default_args", given["default_args"])
        self.params = self._take_params(self._mapping("params", given["params"]))
        self._take_texts(given)
        self._take_limits(given, explicit_runs=kwargs.get("max_active_runs"))
        self._take_templates(given)
        self._take_dates(given)
        self.task_group = TaskGroup(None, dag=self)
        self._check_schedule()

    def _refuse_unknown(self, given: Mapping[str, Any]) -> None:
        for name in given:
            if name not in DAG_DEFAULTS:
                hint = did_you_mean(name, DAG_DEFAULTS)
                if name in _RENAMED:
                    hint = f": it is called {_RENAMED[name]}"
                raise ArgumentError(f"DAG {self.dag_id!r} got the unknown argument {name!r}{hint}")

    def _mapping(self, name: str, value: Any) -> dict[str, Any]:
        if value is not None and not isinstance(value, Mapping):
            raise ArgumentError(f"{name} of DAG {self.dag_id!r} is a dict, not {value!r}")
        if isinstance(value, ParamsDict):
            return {key: value.get_param(key) for key in value}
        return dict(value or {})

    def _take_params(self, params: dict[str, Any]) -> ParamsDict:
        params.update(self.default_args.pop("params", None) or {})
        try:
            return ParamsDict(params)
        except ParamValidationError as error:
            raise ParamValidationError(f"DAG {self.dag_id!r}: {error}") from None

    def _take_texts(self, given: dict[str, Any]) -> None:
        for name in ("description", "doc_md", "dag_display_name"):
            if given[name] is not None and not isinstance(given[name], str):
                raise ArgumentError(
                    f"{name} of DAG {self.dag_id!r} is a string, not {given[name]!r}"
                )
        tags = given["tags"] or ()
        if isinstance(tags, str) or not all(isinstance(tag, str) for tag in tags):
            raise ArgumentError(f"tags of DAG {self.dag_id!r} is a list of strings, not {tags!r}")
        if any(len(tag) > 100 for tag in tags):
            raise DefinitionError(f"a tag of DAG {self.dag_id!r} is longer than 100 characters")
        self.tags: set[str] = set(tags)
        self.description: str | None = given["description"]
        self.doc_md: str | None = self._read_doc(given["doc_md"])
        self.dag_display_name: str = given["dag_display_name"] or self.dag_id
        self.owner_links: dict[str, str] = given["owner_links"] or {}
        self.access_control = given["access_control"]
        self.is_paused_upon_creation: bool | None = given["is_paused_upon_creation"]
        self.auto_register = bool(given["auto_register"])

    def _read_doc(self, doc: str | None) -> str | None:
        """The text, or, where it names a ``.md`` file that exists, that file's."""
        if doc is None or not doc.endswith(".md"):
            return doc
        try:
            with open(os.path.join(self.folder, doc), encoding="utf-8") as file:
                return file.read()
        except OSError:
            return doc

    def _take_limits(self, given: dict[str, Any], explicit_runs: int | None) -> None:
        for name in ("max_active_tasks", "max_active_runs", "max_consecutive_failed_dag_runs"):
            value = given[name]
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise ArgumentError(
                    f"{name} of DAG {self.dag_id!r} is a whole number, not {value!r}"
                )
            check_count(f"{name} of DAG {self.dag_id!r}", value)
        timeout = given["dagrun_timeout"]
        if timeout is not None and not isinstance(timeout, timedelta):
            raise ArgumentError(
                f"dagrun_timeout of DAG {self.dag_id!r} is a timedelta, not {timeout!r}"
            )
        check_duration(f"dagrun_timeout of DAG {self.dag_id!r}", timeout)
        if given["schedule"] == "@continuous":
            if explicit_runs is not None and explicit_runs > 1:
                raise DefinitionError(
                    f"DAG {self.dag_id!r} is @continuous: max_active_runs can only be 1"
                )
            given["max_active_runs"] = 1
        self.max_active_tasks: int = given["max_active_tasks"]
        self.max_active_runs: int = given["max_active_runs"]
        self.max_consecutive_failed_dag_runs: int = given["max_consecutive_failed_dag_runs"]
        self.dagrun_timeout: timedelta | None = timeout
        self.catchup = bool(given["catchup"])
        self.fail_fast = bool(given["fail_fast"])
        of_dag = f"of DAG {self.dag_id!r}"
        self.on_success_callback = to_callbacks(
            f"on_success_callback {of_dag}", given["on_success_callback"]
        )
        self.on_failure_callback = to_callbacks(
            f"on_failure_callback {of_dag}", given["on_failure_callback"]
        )

    def _take_templates(self, given: dict[str, Any]) -> None:
        path = given["template_searchpath"]
        self.template_searchpath: list[str] = [path] if isinstance(path, str) else list(path or ())
        self.template_undefined = given["template_undefined"]
        self.user_defined_macros: dict[str, Any] | None = given["user_defined_macros"]
        self.user_defined_filters: dict[str, Any] | None = given["user_defined_filters"]
        self.jinja_environment_kwargs: dict[str, Any] | None = given["jinja_environment_kwargs"]
        self.render_template_as_native_obj = bool(given["render_template_as_native_obj"])

    def _take_dates(self, given: dict[str, Any]) -> None:
        of_dag = f"of DAG {self.dag_id!r}"
        start = given["start_date"] or self.default_args.get("start_date")
        if isinstance(start, str):
            start = parse_date(f"start_date {of_dag}", start)
        self.timezone: tzinfo = getattr(start, "tzinfo", None) or settings.default_timezone()
        self.start_date = to_utc(f"start_date {of_dag}", start)
        self.end_date = to_utc(f"end_date {of_dag}", given["end_date"])
        self.schedule = given["schedule"]
        self._timetable: Any = None

    def _check_schedule(self) -> None:
        if self.schedule is None:
            return
        if not self.timetable.can_be_scheduled:
            return
        if self.catchup and self.start_date is None:
            raise DefinitionError(f"DAG {self.dag_id!r} has catchup=True and so needs a start_date")
        try:
            self.params.validate()
        except ParamValidationError as error:
            raise DefinitionError(
                f"DAG {self.dag_id!r} has a schedule, so its params need valid defaults: {error}"
            ) from None

    @property
    def timetable(self) -> Any:
        """When it runs, as ``runner.authoring.timetables`` computes it."""
        if self._timetable is None:
            from runner.authoring.timetables import schedule_to_timetable

            self._timetable = schedule_to_timetable(self.schedule, zone_name(self.timezone))
        return self._timetable

    def __repr__(self) -> str:
        return f"<DAG: {self.dag_id}>"

    def __enter__(self) -> Self:
        current.push_dag(self)
        return self

    def __exit__(self, *error: object) -> None:
        current.pop_dag()

    # tasks

    @property
    def tasks(self) -> list[AbstractOperator]:
        """Its tasks in the order of the file."""
        return list(self.task_dict.values())

    @property
    def task_ids(self) -> list[str]:
        """Their ids."""
        return list(self.task_dict)

    @property
    def task_group_dict(self) -> dict[str, TaskGroup]:
        """All task groups by id."""
        return {group.node_id: group for group in self.task_group.groups()}

    @property
    def roots(self) -> list[AbstractOperator]:
        """Tasks without an upstream."""
        return [task for task in self.tasks if not task.upstream_task_ids]

    @property
    def leaves(self) -> list[AbstractOperator]:
        """Tasks without a downstream."""
        return [task for task in self.tasks if not task.downstream_task_ids]

    @property
    def teardowns(self) -> list[AbstractOperator]:
        """Its teardown tasks."""
        return [task for task in self.tasks if task.is_teardown]

    @property
    def owner(self) -> str:
        """Owners of its tasks, separated by commas."""
        return ", ".join(dict.fromkeys(task.owner for task in self.tasks if task.owner))

    @property
    def folder(self) -> str:
        """Folder of the file that makes it."""
        return os.path.dirname(self.fileloc)

    @property
    def filepath(self) -> str:
        """File that makes it."""
        return self.fileloc

    @property
    def task(self) -> TaskDecoratorCollection:
        """``@dag.task``: ``@task`` for this DAG."""
        from runner.authoring.decorators import TaskDecoratorCollection

        return TaskDecoratorCollection(dag=self)

    def add_task(self, task: AbstractOperator) -> None:
        """Take in a task. Raises ``DuplicateTaskIdFound``, ``FailFastDagInvalidTriggerRule``."""
        if self.task_dict.get(task.task_id) is task:
            return
        if task.task_group is None:
            group = current.current_group(self) or self.task_group
            group.add(task)
        if task.task_id in self.node_ids:
            raise DuplicateTaskIdFound(
                f"task id {task.task_id!r} is used twice in DAG {self.dag_id!r}"
            )
        self.task_dict[task.task_id] = task
        self.claim_id(task.task_id)
        task.dag = self
        self._limit_dates(task)
        if self.fail_fast and task.trigger_rule not in _FAIL_FAST_RULES:
            raise FailFastDagInvalidTriggerRule(
                f"DAG {self.dag_id!r} has fail_fast, so task {task.task_id!r} can only have "
                f"the trigger rule all_success, not {task.trigger_rule}"
            )

    def claim_id(self, node_id: str) -> None:
        """Take an id for a task or group of this DAG."""
        self.node_ids.add(node_id)
        core, _, number = node_id.rpartition("__")
        if core and number.isdecimal():
            self.highest_number[core] = max(self.highest_number.get(core, 0), int(number))

    def _limit_dates(self, node: AbstractOperator) -> None:
        """A task runs within the dates of its DAG."""
        task: Any = node
        if self.start_date is not None:
            own = task.start_date
            task.start_date = self.start_date if own is None else max(own, self.start_date)
        if self.end_date is not None:
            own = task.end_date
            task.end_date = self.end_date if own is None else min(own, self.end_date)

    def add_tasks(self, tasks: Iterable[AbstractOperator]) -> None:
        """Take in several tasks."""
        for task in tasks:
            self.add_task(task)

    def has_task(self, task_id: str) -> bool:
        """Whether there is a task with this id."""
        return task_id in self.task_dict

    def get_task(self, task_id: str) -> AbstractOperator:
        """The task with this id. Raises ``TaskNotFound``."""
        if task_id not in self.task_dict:
            hint = did_you_mean(task_id, self.task_dict)
            raise TaskNotFound(f"DAG {self.dag_id!r} has no task {task_id!r}{hint}")
        return self.task_dict[task_id]

    def __getitem__(self, node_id: str) -> AbstractOperator | TaskGroup:
        """The task or task group with this id. Raises ``NodeNotFound``."""
        node = self.task_dict.get(node_id) or self.task_group_dict.get(node_id)
        if node is None:
            hint = did_you_mean(node_id, self.node_ids)
            raise NodeNotFound(f"DAG {self.dag_id!r} has no task or group {node_id!r}{hint}")
        return node

    def set_dependency(self, upstream_task_id: str, downstream_task_id: str) -> None:
        """Put one task, by id, before another."""
        self.get_task(upstream_task_id).set_downstream(self.get_task(downstream_task_id))

    def param(self, name: str, default: Any = NOTSET) -> DagParam:
        """A reference to a param of the run, for an operator's argument."""
        return DagParam(self, name, default)

    # checks

    def topological_sort(self) -> list[AbstractOperator]:
        """Its tasks, each after its upstream. Raises ``DagCycleException``."""
        return [self.task_dict[task_id] for task_id in topological_order(self.task_dict)]

    def check_cycle(self) -> None:
        """Raise ``DagCycleException`` where tasks wait for each other in a circle."""
        topological_order(self.task_dict)

    def validate(self) -> None:
        """Check what can only be seen once all tasks are there. Raises ``DefinitionError``."""
        self.check_cycle()
        self._check_params()
        for setup in self.tasks:
            for task in setup.downstream_list if setup.is_setup else ():
                if not task.is_teardown and task.trigger_rule != TriggerRule.ALL_SUCCESS:
                    raise DefinitionError(
                        f"task {task.task_id!r} follows the setup {setup.task_id!r} and so can "
                        f"only have the trigger rule all_success, not {task.trigger_rule}"
                    )

    def _check_params(self) -> None:
        """Of the DAG and of its tasks: a wrong schema is an error of the file, not of a run."""
        places: list[tuple[str, Any]] = [("", self.params)]
        places += [
            (f"task {id_!r}: ", getattr(task, "params", None))
            for id_, task in self.task_dict.items()
        ]
        for place, params in places:
            for name in params if isinstance(params, ParamsDict) else ():
                try:
                    params.get_param(name).check()
                except ParamValidationError as error:
                    raise ParamValidationError(f"{place}param {name!r}: {error}") from None


class DagFactory:
    """What ``@dag`` makes of a function: call it, and the DAG exists."""

    def __init__(self, function: Callable[..., Any], kwargs: dict[str, Any]) -> None:
        self.function = function
        self.kwargs = kwargs
        self.dag_id: str = kwargs.pop("dag_id", "") or function.__name__
        update_wrapper(self, function)
        current.note_unused(
            self,
            f"the @dag function {function.__name__}() is never called, so it makes no DAG: "
            f"call it at the end of the file",
        )

    def __call__(self, *args: Any, **kwargs: Any) -> DAG:
        from inspect import signature

        current.note_used(self)
        bound = signature(self.function).bind(*args, **kwargs)
        bound.apply_defaults()
        with DAG(self.dag_id, **self.kwargs) as dag:
            if self.function.__doc__ and not dag.doc_md:
                dag.doc_md = self.function.__doc__
            given = {name: dag.param(name, value) for name, value in bound.arguments.items()}
            self.function(**given)
        return dag


@overload
def dag(dag_id: Callable[P, Any]) -> Callable[P, DAG]: ...
@overload
def dag(
    dag_id: str = "", **kwargs: Unpack[DagArguments]
) -> Callable[[Callable[P, Any]], Callable[P, DAG]]: ...
def dag(dag_id: Any = "", **kwargs: Any) -> Any:
    """Make a DAG of a function whose tasks are made when it is called.

    The function's arguments become params of the run; its docstring the DAG's ``doc_md``; its name
    the DAG's id, unless one is given.
    """
    if callable(dag_id):
        return DagFactory(dag_id, kwargs)
    if isinstance(dag_id, str) and dag_id.strip():
        kwargs.setdefault("dag_id", dag_id)
    return lambda function: DagFactory(function, dict(kwargs))

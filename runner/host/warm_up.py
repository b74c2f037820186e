"""What a host loads before it forks, so that its tasks don't load it one by one.

Jinja takes 50 ms to load and pendulum 70 ms; a forked process has what its host has.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from runner.authoring.templating import has_templates, prepare
from runner.host import log

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.authoring.abstractoperator import AbstractOperator
    from runner.authoring.dag import DAG

_DATES = (
    "logical_date",
    "data_interval_start",
    "data_interval_end",
    "prev_data_interval_start_success",
    "prev_data_interval_end_success",
    "prev_start_date_success",
    "prev_end_date_success",
)
"""Values of the context that are pendulum's."""


def warm_up(dags: Iterable[DAG]) -> None:
    """Set up logging, load Jinja and compile templates where tasks have some, and load pendulum
    where they take dates."""
    log.set_up()
    wants_dates = False
    for dag in dags:
        for task in dag.task_dict.values():
            values = [_argument(task, name) for name in task.template_fields]
            for value in values:
                if has_templates(value):
                    prepare(dag, value)
                    wants_dates = wants_dates or _names_dates(value)
            wants_dates = wants_dates or _takes_dates(_argument(task, "python_callable"))
    if wants_dates:
        import pendulum  # noqa: F401


def _argument(task: AbstractOperator, name: str) -> Any:
    value = getattr(task, name, None)
    return getattr(task, "partial_kwargs", {}).get(name) if value is None else value


def _names_dates(value: Any) -> bool:
    text = repr(value)
    return any(name in text for name in _DATES)


def _takes_dates(function: Any) -> bool:
    """Whether a task's function is given dates of the context: it names one, or takes all."""
    from inspect import signature

    if function is None:
        return False
    with contextlib.suppress(TypeError, ValueError):
        parameters = signature(function).parameters.values()
        return any(p.kind is p.VAR_KEYWORD or p.name in _DATES for p in parameters)
    return False

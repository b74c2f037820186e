"""The operators behind ``@task`` and its kin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.authoring.baseoperator import BaseOperator
from runner.authoring.callables import check_call
from runner.authoring.operators.python import (
    BranchPythonOperator,
    PythonOperator,
    ShortCircuitOperator,
)
from runner.authoring.task_group import next_free_id

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from runner.authoring.baseoperator import Making


class DecoratedOperator(BaseOperator):
    """Base of the operators that a decorated function becomes.

    A second call of one function gets a task id of its own, ``name__1``. The call is checked while
    the pipeline is read. A function's argument may stand in ``default_args``.
    """

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        task_id: str,
        op_args: Collection[Any] | None = None,
        op_kwargs: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        making: Making = vars(self)["_making"]
        args, keywords = tuple(op_args or ()), dict(op_kwargs or {})
        if making.defaults:
            keywords = _from_defaults(python_callable, args, making.defaults) | keywords
        if not making.from_mapped and making.dag is not None:
            task_id = next_free_id(task_id, making.task_group, making.dag)
        check_call(python_callable, args, keywords)
        super().__init__(
            task_id=task_id, **self._pass_on(python_callable, args, keywords), **kwargs
        )

    def _pass_on(
        self, function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any]
    ) -> dict[str, Any]:
        """Arguments for the operator that does the work."""
        return {"python_callable": function, "op_args": args, "op_kwargs": keywords}


def _from_defaults(
    function: Callable[..., Any], args: tuple[Any, ...], defaults: Mapping[str, Any]
) -> dict[str, Any]:
    from inspect import signature

    names = list(signature(function).parameters)[len(args) :]
    return {name: defaults[name] for name in names if name in defaults}


class PythonDecoratedOperator(DecoratedOperator, PythonOperator):
    """``@task``"""

    custom_operator_name = "@task"


class BranchDecoratedOperator(DecoratedOperator, BranchPythonOperator):
    """``@task.branch``"""

    custom_operator_name = "@task.branch"


class ShortCircuitDecoratedOperator(DecoratedOperator, ShortCircuitOperator):
    """``@task.short_circuit``"""

    custom_operator_name = "@task.short_circuit"

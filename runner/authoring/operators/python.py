"""Operators that call a Python function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.authoring.baseoperator import BaseOperator
from runner.authoring.callables import call, keyword_arguments
from runner.authoring.exceptions import ArgumentError
from runner.authoring.operators.branch import BranchMixIn, SkipMixin

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from runner.authoring.xcom_arg import XComArg


class PythonOperator(BaseOperator):
    """Calls ``python_callable`` with ``op_args``, ``op_kwargs`` and what it names of the context.

    What it returns is the task's XCom. A coroutine function is run to its end.
    """

    template_fields = ("templates_dict", "op_args", "op_kwargs")
    template_fields_renderers = {"templates_dict": "json", "op_args": "py", "op_kwargs": "py"}
    ui_color = "#ffefeb"

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | XComArg | None = None,
        op_kwargs: Mapping[str, Any] | XComArg | None = None,
        templates_dict: dict[str, Any] | XComArg | None = None,
        templates_exts: Sequence[str] | None = None,
        show_return_value_in_logs: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if not callable(python_callable):
            raise ArgumentError(
                f"python_callable of task {self.task_id!r} is a function, not {python_callable!r}"
            )
        self.python_callable = python_callable
        self.op_args: Any = op_args or ()
        self.op_kwargs: Any = op_kwargs or {}
        self.templates_dict: Any = templates_dict
        if templates_exts:
            self.template_ext = templates_exts
        self.show_return_value_in_logs = show_return_value_in_logs

    def execute(self, context: Any) -> Any:
        result = self.execute_callable(context)
        if result is None:
            return None
        if self.show_return_value_in_logs:
            self.log.info("Done. Returned value was: %s", result)
        else:
            self.log.info("Done. Returned value not shown")
        return result

    def execute_callable(self, context: Any) -> Any:
        """Call the function."""
        more = {} if self.templates_dict is None else {"templates_dict": self.templates_dict}
        kwargs = keyword_arguments(
            self.python_callable, self.op_args, self.op_kwargs, context, **more
        )
        return call(self.python_callable, self.op_args, kwargs)


class BranchPythonOperator(PythonOperator, BranchMixIn):
    """The function returns which way to go: a task id, a task group id, several, or None.

    Everything else directly downstream is skipped, unless it is also downstream of what was chosen.
    """

    def execute(self, context: Any) -> Any:
        return self.do_branch(context, super().execute(context))


class ShortCircuitOperator(PythonOperator, SkipMixin):
    """Where the function returns something falsy, what is downstream is skipped.

    All of it, whatever its trigger rules; with ``ignore_downstream_trigger_rules=False`` only
    what is directly downstream, and trigger rules decide about the rest. Teardowns run.
    """

    def __init__(self, *, ignore_downstream_trigger_rules: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.ignore_downstream_trigger_rules = ignore_downstream_trigger_rules

    def execute(self, context: Any) -> Any:
        condition = super().execute(context)
        if condition:
            return condition
        near = not self.ignore_downstream_trigger_rules
        tasks = self.get_direct_relatives() if near else self.get_flat_relatives()
        return self.skip([task for task in tasks if not task.is_teardown], condition)

"""The operator behind ``@task.bash``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.authoring.callables import call, keyword_arguments
from runner.authoring.exceptions import DagtopException
from runner.authoring.operators.bash import BashOperator
from runner.authoring.operators.decorated import DecoratedOperator
from runner.authoring.xcom_arg import NOTSET

if TYPE_CHECKING:
    from collections.abc import Callable


class BashDecoratedOperator(DecoratedOperator, BashOperator):
    """``@task.bash``: what the function returns is rendered and run in bash."""

    template_fields = ("op_args", "op_kwargs", *BashOperator.template_fields)
    template_fields_renderers = {
        "op_args": "py",
        "op_kwargs": "py",
        **BashOperator.template_fields_renderers,
    }
    custom_operator_name = "@task.bash"
    overwrite_rtif_after_execution = True
    """The rendered fields are known only after ``execute``: it sets the command."""

    def _pass_on(
        self, function: Callable[..., Any], args: tuple[Any, ...], keywords: dict[str, Any]
    ) -> dict[str, Any]:
        self.python_callable = function
        self.op_args = args
        self.op_kwargs = keywords
        return {"bash_command": NOTSET}

    def execute(self, context: Any) -> Any:
        kwargs = keyword_arguments(self.python_callable, self.op_args, self.op_kwargs, context)
        command = call(self.python_callable, self.op_args, kwargs)
        if not isinstance(command, str) or not command.strip():
            raise DagtopException(
                f"@task.bash {self.task_id!r} returned {command!r}: return the command as a string"
            )
        from runner.authoring.templating import render_template

        # Only the command: the other fields are rendered, and what XComs brought into them is data.
        self.bash_command = render_template(self, command, context)
        return super().execute(context)

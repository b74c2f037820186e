"""A sensor that asks a Python function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.authoring.callables import call, keyword_arguments
from runner.authoring.sensors.base import BaseSensorOperator, PokeReturnValue

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from runner.authoring.xcom_arg import XComArg


class PythonSensor(BaseSensorOperator):
    """Waits until ``python_callable`` returns something truthy, or a ``PokeReturnValue`` that is
    done. It is called as by ``PythonOperator``."""

    template_fields = ("templates_dict", "op_args", "op_kwargs")

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Collection[Any] | XComArg | None = None,
        op_kwargs: Mapping[str, Any] | XComArg | None = None,
        templates_dict: dict[str, Any] | XComArg | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.python_callable = python_callable
        self.op_args: Any = op_args or ()
        self.op_kwargs: Any = op_kwargs or {}
        self.templates_dict: Any = templates_dict

    def _awaited(self, context: Any) -> str:
        name = getattr(self.python_callable, "__qualname__", repr(self.python_callable))
        return f"{name}() to return something truthy"

    def poke(self, context: Any) -> bool | PokeReturnValue:
        more = {} if self.templates_dict is None else {"templates_dict": self.templates_dict}
        kwargs = keyword_arguments(
            self.python_callable, self.op_args, self.op_kwargs, context, **more
        )
        result = call(self.python_callable, self.op_args, kwargs)
        return result if isinstance(result, PokeReturnValue) else PokeReturnValue(bool(result))

"""Which arguments a user's function is called with: its own, and those of the context it names."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from runner.authoring.exceptions import ArgumentError, DefinitionError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from inspect import Signature

KNOWN_CONTEXT_KEYS = frozenset(
    {
        "conn",
        "dag",
        "dag_run",
        "data_interval_end",
        "data_interval_start",
        "ds",
        "ds_nodash",
        "exception",
        "expanded_ti_count",
        "inlet_events",
        "inlets",
        "logical_date",
        "macros",
        "map_index_template",
        "outlet_events",
        "outlets",
        "params",
        "prev_data_interval_end_success",
        "prev_data_interval_start_success",
        "prev_end_date_success",
        "prev_start_date_success",
        "reason",
        "run_id",
        "task",
        "task_instance",
        "task_instance_key_str",
        "task_reschedule_count",
        "templates_dict",
        "test_mode",
        "ti",
        "triggering_asset_events",
        "try_number",
        "ts",
        "ts_nodash",
        "ts_nodash_with_tz",
        "var",
    }
)
"""Names that Airflow 3 gives to functions by themselves: they can't be mapped or have a default."""


def signature_of(function: Callable[..., Any]) -> Signature:
    """The signature of a function, worked out once: at the import, for all tries that follow.

    Raises ValueError for some builtins.
    """
    try:
        return _signature(function)
    except TypeError:  # a callable that can't be a key
        from inspect import signature

        return signature(function)


@cache
def _signature(function: Callable[..., Any]) -> Signature:
    from inspect import signature

    return signature(function)


def keyword_arguments(
    function: Callable[..., Any],
    op_args: Collection[Any],
    op_kwargs: Mapping[str, Any],
    context: Mapping[str, Any],
    **more: Any,
) -> dict[str, Any]:
    """What ``function`` is called with beside ``op_args``: of ``op_kwargs``, ``more`` and the
    context those that it names, or all where it takes ``**kwargs``.

    Raises ``DefinitionError`` (ValueError) where a positional argument has a name of the context.
    """
    offered = {**more, **op_kwargs}
    try:
        parameters = signature_of(function).parameters.values()
    except ValueError:  # some builtins have none
        return dict(op_kwargs)
    positional = [
        p.name
        for p in parameters
        if p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD, p.VAR_POSITIONAL)
    ]
    for name in positional[: len(op_args)]:
        if name in offered or name in context:
            raise DefinitionError(
                f"{name_of(function)}() gets {name!r} by op_args and by the context or op_kwargs"
            )
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return {**context, **offered}
    wanted = [p.name for p in parameters if p.name not in positional[: len(op_args)]]
    chosen = {name: offered[name] for name in wanted if name in offered}
    chosen |= {name: context[name] for name in wanted if name not in chosen and name in context}
    return chosen


def check_call(
    function: Callable[..., Any], op_args: Collection[Any], op_kwargs: Mapping[str, Any]
) -> None:
    """Check, while the pipeline is read, that ``function`` can be called so when the task runs.

    Raises ``ArgumentError`` (TypeError) for missing and unknown arguments, ``DefinitionError``
    (ValueError) where an argument named like the context has a default other than None.
    """
    found = signature_of(function)
    try:
        bound = found.bind_partial(*op_args, **op_kwargs)
    except TypeError as error:
        raise ArgumentError(f"{name_of(function)}(): {error}") from None
    missing = []
    for name, parameter in found.parameters.items():
        if name in KNOWN_CONTEXT_KEYS:
            if parameter.default not in (None, parameter.empty):
                raise DefinitionError(
                    f"{name_of(function)}(): {name!r} is given by the context "
                    "and can't have a default other than None"
                )
        elif (
            parameter.default is parameter.empty
            and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
            and name not in bound.arguments
        ):
            missing.append(name)
    if missing:
        raise ArgumentError(
            f"{name_of(function)}() needs the argument {' and '.join(map(repr, missing))}"
        )


def name_of(function: Callable[..., Any]) -> str:
    """The name of a function, also of a partial or a callable object."""
    inner = getattr(function, "func", function)
    return getattr(inner, "__name__", None) or type(inner).__name__


def call(function: Callable[..., Any], op_args: Collection[Any], kwargs: Mapping[str, Any]) -> Any:
    """Call it; a coroutine is run to its end."""
    result = function(*op_args, **kwargs)
    if hasattr(result, "__await__") and hasattr(result, "send"):
        import asyncio

        return asyncio.run(result)
    return result

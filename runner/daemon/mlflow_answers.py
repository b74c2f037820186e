"""Answering MLflow's client: each method by its name, with arguments of the kinds that it takes."""

from __future__ import annotations

import asyncio
import contextlib
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_type_hints

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from runner.daemon import mlflow_reads as reads
from runner.daemon import mlflow_writes as writes
from runner.daemon.engine import Engine
from runner.journal.questions import Answer, AskMlflow
from store.errors import InvalidValue, NotFound, StoreError, StoreLocked
from store.run_filter.errors import FilterError

Method = Callable[..., Any]
T = TypeVar("T")
TRIES = 6
"""How often a change is tried that finds the store locked, each for the store's busy timeout: a
training doesn't fail as the machine is busy. In all it is less than clients wait."""
READS: dict[str, Method] = {
    method.__name__: method
    for method in (
        reads.get_experiment, reads.list_experiments, reads.get_run, reads.search_runs,
        reads.metric_history, reads.list_artifacts, reads.get_logged_model,
        reads.list_logged_models, reads.get_model, reads.list_models, reads.get_version,
        reads.list_versions,
    )
}  # fmt: skip
WRITES: dict[str, Method] = {
    method.__name__: method
    for method in (
        writes.create_experiment, writes.change_experiment, writes.set_stage,
        writes.delete_artifacts, writes.delete_logged_model, writes.create_model,
        writes.change_model, writes.delete_model, writes.create_version, writes.change_version,
        writes.delete_version, writes.set_alias, writes.delete_alias,
    )
}  # fmt: skip


async def answer(engine: Engine, question: AskMlflow) -> Answer:
    """The answer, in which all is that scripts have logged until now."""
    method = READS.get(question.method) or WRITES.get(question.method)
    if method is None:
        return Answer(error=f"this runner doesn't know {question.method!r}: it is an older one")
    try:
        arguments = checked(method, question.arguments)
    except msgspec.ValidationError as error:
        return Answer(error=f"{question.method}: {error}")
    await engine.catch_up_with_recordings()
    return await asyncio.to_thread(_do, engine, method, arguments)


def checked(method: Method, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments, if they are of the kinds that a method takes. Raises ``ValidationError``."""
    hints = get_type_hints(method)
    takes = list(inspect.signature(method).parameters.values())[1:]  # after the connection
    unknown = set(given) - {one.name for one in takes}
    if unknown:
        raise msgspec.ValidationError(f"it takes no {', '.join(sorted(unknown))}")
    missing = [one.name for one in takes if one.default is one.empty and one.name not in given]
    if missing:
        raise msgspec.ValidationError(f"it lacks {', '.join(missing)}")
    return {name: msgspec.convert(value, hints[name]) for name, value in given.items()}


def _do(engine: Engine, method: Method, arguments: dict[str, Any]) -> Answer:
    is_write = method.__name__ in WRITES
    opened = engine.store.write if is_write else engine.store.read

    def act() -> Answer:
        with opened() as connection:
            return Answer(value=method(connection, **arguments))

    try:
        return patiently(act)
    except writes.AlreadyThere as error:
        return _refusal(error, "RESOURCE_ALREADY_EXISTS")
    except NotFound as error:
        return _refusal(error, "RESOURCE_DOES_NOT_EXIST")
    except (InvalidValue, FilterError) as error:
        return _refusal(error, "INVALID_PARAMETER_VALUE")
    except (StoreError, SQLAlchemyError) as error:
        return _refusal(error, "TEMPORARILY_UNAVAILABLE")


def patiently(act: Callable[[], T]) -> T:
    """What ``act`` gives, which is tried again while the store is locked. Raises ``StoreLocked``
    where it stays so."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(StoreLocked):
            return act()
    return act()


def _refusal(error: Exception, code: str) -> Answer:
    return Answer(value={"code": code}, error=str(error))

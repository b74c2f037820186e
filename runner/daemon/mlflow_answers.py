"""Answering MLflow's client beside the runner: by ``store.mlflow_api``, as a server would."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from runner.daemon.engine import Engine
from runner.journal.questions import Answer, AskMlflow
from store.errors import StoreError, StoreLocked
from store.logged_models import ADDRESS
from store.mlflow_api import LOCAL_CALLS, ApiError, Call, Handler, refused

USER = "mlflow client"
T = TypeVar("T")
TRIES = 6
"""How often a change is tried that finds the store locked, each for the store's busy timeout: a
training doesn't fail as the machine is busy. In all it is less than clients wait."""


async def answer(engine: Engine, question: AskMlflow) -> Answer:
    """The answer, in which all is that scripts have logged until now."""
    method, _, path = question.method.partition(" ")
    handler = LOCAL_CALLS.get((method, path))
    if handler is None:
        return Answer(
            error=f"this runner doesn't know {question.method!r}: it is of another version of "
            "dagtop than who asks; 'dagtop down' and 'dagtop up' start it anew"
        )
    await engine.catch_up_with_recordings()
    return await asyncio.to_thread(_do, engine, handler, question)


def _do(engine: Engine, handler: Handler, question: AskMlflow) -> Answer:
    def act() -> Answer:
        with (engine.store.write if handler.writes else engine.store.read)() as connection:
            user, root = question.user or USER, ADDRESS.rstrip("/")
            call = Call(connection, question.arguments, datetime.now(UTC), user, root)
            return Answer(value=handler.answer(call))

    try:
        return patiently(act)
    except (ApiError, StoreError, SQLAlchemyError) as error:
        refusal = refused(error)
        return Answer(value={"code": refusal.code}, error=str(refusal))


def patiently(act: Callable[[], T]) -> T:
    """What ``act`` gives, which is tried again while the store is locked. Raises ``StoreLocked``
    where it stays so."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(StoreLocked):
            return act()
    return act()

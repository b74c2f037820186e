"""Answering MLflow's client beside the runner: by ``store.mlflow_api``, as a server would."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from runner.daemon.engine import Engine
from runner.journal.questions import Answer, AskMlflow
from store.errors import StoreError
from store.logged_models import ADDRESS
from store.mlflow_api import LOCAL_CALLS, ApiError, Call, Handler, refused

USER = "mlflow client"


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
    try:
        with (engine.store.write if handler.writes else engine.store.read)() as connection:
            user, root = question.user or USER, ADDRESS.rstrip("/")
            call = Call(connection, question.arguments, datetime.now(UTC), user, root)
            return Answer(value=handler.answer(call))
    except (ApiError, StoreError, SQLAlchemyError) as error:
        refusal = refused(error)
        return Answer(value={"code": refusal.code}, error=str(refusal))

"""What all commands share: refusing, and finding what a command names."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, select

from runner.daemon.memory import Pipeline
from runner.daemon.turn import Turn
from store import models

Payload = dict[str, Any]


class Refused(Exception):
    """A command that can't be done; the message says why."""


def named_pipeline(turn: Turn, payload: Payload) -> Pipeline:
    dag_id = payload["dag_id"]
    pipeline = turn.brain.pipelines.get(dag_id)
    if pipeline is None:
        raise Refused(f"there is no DAG {dag_id!r}; 'dagtop dags list' shows those there are")
    return pipeline


def named_run(turn: Turn, dag_id: str, run_id: str) -> Row[Any]:
    turn.changes.flush(turn.connection)
    table = models.dag_run
    row = turn.connection.execute(
        select(table).where(table.c.dag_id == dag_id, table.c.run_id == run_id)
    ).first()
    if row is None:
        raise Refused(f"DAG {dag_id} has no run {run_id!r}")
    return row


def parse_date(text: str) -> datetime:
    try:
        value = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise Refused(f"{text!r} is not a date; write it like 2026-11-21T06:00:00+00:00") from None
    return value if value.tzinfo is not None else value.replace(tzinfo=UTC)

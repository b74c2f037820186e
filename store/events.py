"""The audit trail: who did what, and why the machine did what it did. Rows are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from store.models import event


@dataclass(frozen=True, slots=True)
class EventRow:
    """Something that happened."""

    id: int
    at: datetime
    kind: str
    """A short word with underscores: ``dag_paused``, ``run_triggered``, ``task_killed`` …"""
    actor: str
    """A user's name, or ``runner``."""
    dag_id: str | None
    dag_run_id: int | None
    run_id: str | None
    task_id: str | None
    map_index: int | None
    try_number: int | None
    message: str
    """One sentence."""
    details: Any
    """The figures behind it, as a JSON value."""


COLUMNS = tuple(event.c[name] for name in EventRow.__dataclass_fields__)
NOTHING: dict[str, Any] = {name: None for name in EventRow.__dataclass_fields__ if name != "id"}


def record(
    connection: Connection,
    kind: str,
    actor: str,
    message: str,
    *,
    dag_id: str | None = None,
    dag_run_id: int | None = None,
    run_id: str | None = None,
    task_id: str | None = None,
    map_index: int | None = None,
    try_number: int | None = None,
    details: Any = None,
    at: datetime | None = None,
) -> None:
    """Add one event; ``at`` is now unless given."""
    connection.execute(
        event.insert(),
        {
            "at": at or datetime.now(UTC),
            "kind": kind,
            "actor": actor,
            "message": message,
            "dag_id": dag_id,
            "dag_run_id": dag_run_id,
            "run_id": run_id,
            "task_id": task_id,
            "map_index": map_index,
            "try_number": try_number,
            "details": details,
        },
    )


def record_many(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Add events at once: dicts with ``kind``, ``actor``, ``message`` and what else is known."""
    if rows:
        now = datetime.now(UTC)
        connection.execute(event.insert(), [{**NOTHING, "at": now, **row} for row in rows])


def list_events(
    connection: Connection,
    *,
    dag_id: str | None = None,
    dag_run_id: int | None = None,
    task_id: str | None = None,
    kind: str | None = None,
    limit: int = 100,
    before: int | None = None,
    after: int | None = None,
) -> list[EventRow]:
    """Events, newest first. ``before``, ``after``: ids of events already seen.

    ``task_id`` is looked for among the events of ``dag_run_id``, which must be given with it.
    """
    if task_id is not None and dag_run_id is None:
        raise ValueError("events of a task are listed by run: give dag_run_id too")
    columns = event.c
    query = select(*COLUMNS).order_by(columns.id.desc()).limit(limit)
    if dag_run_id is not None:
        query = query.where(columns.dag_run_id == dag_run_id)
    elif dag_id is not None:
        query = query.where(columns.dag_id == dag_id)
    if task_id is not None:
        query = query.where(columns.task_id == task_id)
    if kind is not None:
        query = query.where(columns.kind == kind)
    if before is not None:
        query = query.where(columns.id < before)
    if after is not None:
        query = query.where(columns.id > after)
    return [EventRow(*row) for row in connection.execute(query)]

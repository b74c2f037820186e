"""The runner's side of the table of commands: what waits, and what became of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from store.commands import COLUMNS, PENDING, CommandRow
from store.models import command


def pending(connection: Connection) -> list[CommandRow]:
    """The commands that nobody has acted on, oldest first."""
    query = select(*COLUMNS).where(command.c.state == PENDING).order_by(command.c.id)
    return [CommandRow(*row) for row in connection.execute(query)]


def finish(
    connection: Connection, command_id: int, state: str, answer: dict[str, Any] | None
) -> None:
    """Say what became of a command: ``done``, or ``refused`` with ``{"error": sentence}``."""
    connection.execute(
        command.update()
        .where(command.c.id == command_id)
        .values(state=state, answer=answer, done_at=datetime.now(UTC))
    )

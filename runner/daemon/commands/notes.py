"""Notes on runs and task instances: a command of their own, and what clear and mark write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, Table

from runner.daemon.commands.common import Payload, Refused
from runner.daemon.turn import Turn
from store import edits
from store.errors import InvalidValue, NotFound


def note(turn: Turn, payload: Payload, actor: str) -> Any:
    """Write a note, or with an empty text take it away."""
    turn.changes.flush(turn.connection)
    place = {name: payload.get(name) for name in ("task_id", "map_index")}
    dag_id, run_id = payload["dag_id"], payload["run_id"]
    try:
        former = edits.set_note(turn.connection, dag_id, run_id, payload["text"], actor, **place)
    except (InvalidValue, NotFound) as error:
        raise Refused(str(error)) from None
    return {"dag_id": dag_id, "run_id": run_id, **place, "former": former}


def note_of(payload: Payload) -> str | None:
    """The note that comes with a clear or mark; None: those that there are stay. Raises
    ``Refused``."""
    text = (payload.get("note") or "").strip()
    try:
        edits.check_note(text)
    except InvalidValue as error:
        raise Refused(str(error)) from None
    return text or None


def write_notes(turn: Turn, table: Table, rows: Iterable[Row[Any]], text: str | None) -> None:
    """Have these runs or task instances say ``text``. The event of the act says it, too."""
    if text is not None:
        for row in rows:
            turn.changes.update(table, row.id, note=text)

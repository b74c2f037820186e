"""Notes on runs and task instances."""

from __future__ import annotations

from typing import Any

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

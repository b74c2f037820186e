"""What a run has said of itself, into the store."""

from __future__ import annotations

import string
from pathlib import Path

from sqlalchemy import Connection, select, update

from runner.journal.place import ENVIRONMENTS
from runner.journal.records import Surroundings
from store import environments, tracking
from store.models import tag, tracked_run


def take_in(connection: Connection, run_id: int, record: Surroundings, state: str) -> None:
    """Write it. A tag that the run has set itself stays. ``state``: the workspace's folder."""
    known = connection.execute(select(tag.c.key).where(tag.c.run_id == run_id)).scalars().all()
    rows = [
        {"run_id": run_id, "key": key, "value": value}
        for key, value in record.tags.items()
        if key not in known
    ]
    if rows:
        tracking.set_tags(connection, rows)
    values = {}
    if record.environment:
        folder = Path(state) / ENVIRONMENTS
        values["environment_id"] = environments.ensure(connection, record.environment, folder)
    if record.source and set(record.source) <= set(string.hexdigits):
        values["source_digest"] = record.source
    if values:
        connection.execute(update(tracked_run).where(tracked_run.c.id == run_id).values(values))

"""What one turn of the runner writes, gathered and then written at once."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, bindparam, delete

from store import models, records

INSERT_ORDER = (
    models.source,
    models.dag_version,
    models.dag,
    models.pipeline_file,
    models.backfill,
    models.dag_run,
    models.task_instance,
    models.task_try,
    models.callback,
    models.event,
)
"""Parents first: foreign keys hold at every statement."""


class Changes:
    """Rows to insert, update and delete.

    Updates of one row merge; an update of a row inserted in the same turn changes the insert.
    """

    def __init__(self) -> None:
        self._inserts: dict[Table, dict[Any, dict[str, Any]]] = {}
        self._updates: dict[Table, dict[int, dict[str, Any]]] = {}
        self._deletes: dict[Table, list[int]] = {}
        self.events: list[dict[str, Any]] = []

    def insert(self, table: Table, key: Any, row: dict[str, Any]) -> None:
        """``key`` identifies the row for later updates and deletes within this turn."""
        self._inserts.setdefault(table, {})[key] = row

    def update(self, table: Table, key: int, **values: Any) -> None:
        inserted = self._inserts.get(table, {}).get(key)
        if inserted is not None:
            inserted.update(values)
            return
        self._updates.setdefault(table, {}).setdefault(key, {}).update(values)

    def written(self, table: Table, key: int) -> dict[str, Any]:
        """What is gathered of a row, and is not in the store yet."""
        inserted = self._inserts.get(table, {}).get(key)
        return self._updates.get(table, {}).get(key, {}) if inserted is None else inserted

    def delete(self, table: Table, key: int) -> None:
        if self._inserts.get(table, {}).pop(key, None) is None:
            self._updates.get(table, {}).pop(key, None)
            self._deletes.setdefault(table, []).append(key)

    def event(
        self,
        at: datetime,
        kind: str,
        message: str,
        *,
        actor: str = "runner",
        details: Any = None,
        **where: Any,
    ) -> None:
        """A row of the audit trail. ``where``: dag_id, dag_run_id, run_id, task_id, …"""
        row: dict[str, Any] = dict.fromkeys(
            ("dag_id", "dag_run_id", "run_id", "task_id", "map_index", "try_number")
        )
        row.update(where, at=at, kind=kind, actor=actor, message=message, details=details)
        self.events.append(row)

    def __bool__(self) -> bool:
        return bool(self._inserts or self._updates or self._deletes or self.events)

    def flush(self, connection: Connection) -> None:
        """Write what was gathered so far; it may be called several times in a transaction."""
        if not self:
            return
        records.keep_ids(connection, self._deletes)
        for table, keys in self._deletes.items():
            condition = table.c.id == bindparam("key")
            connection.execute(delete(table).where(condition), [{"key": key} for key in keys])
        for table in INSERT_ORDER:
            rows = self._inserts.pop(table, None)
            if rows:
                records.insert_rows(connection, table, rows.values())
        assert not self._inserts, "a table is missing from INSERT_ORDER"
        for table, rows in self._updates.items():
            records.update_rows(
                connection, table, [{"id": key, **values} for key, values in rows.items()]
            )
        if self.events:
            records.insert_rows(connection, models.event, self.events)
        self._updates, self._deletes, self.events = {}, {}, []

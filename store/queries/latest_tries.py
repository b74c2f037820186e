"""The newest tries of several task instances at once."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, select

from store.models import task_try
from store.queries.tasks import TRY_COLUMNS, TryRow


def latest_tries(connection: Connection, instance_ids: Collection[int]) -> dict[int, TryRow]:
    """The newest try of each of these task instances that has one, by row id of the instance."""
    if not instance_ids:
        return {}
    query = (
        select(*TRY_COLUMNS)
        .where(task_try.c.task_instance_id.in_(sorted(instance_ids)))
        .order_by(task_try.c.task_instance_id, task_try.c.try_number)
    )
    return {row.task_instance_id: TryRow(*row) for row in connection.execute(query)}

"""What the merged log reads: the newest tries of a run's task instances."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from app.tui.models.places import Place, places_of_try

if TYPE_CHECKING:
    from store.engine import Store

MOST_LOGS = 50
"""Logs that are merged at most: those that run, then those that began last."""


@dataclass(frozen=True, slots=True)
class MergedTry:
    """The newest try of a task instance."""

    task_id: str
    map_index: int
    map_label: str | None
    try_id: int
    started_at: datetime
    live: bool
    failed_at: tuple[Place, ...] = ()
    """Where it failed, the innermost first."""


@dataclass(frozen=True, slots=True)
class MergedSnapshot:
    """The tries whose logs are merged, in the order in which they began."""

    dag_run_id: int | None
    """None: there is no such run."""
    tries: tuple[MergedTry, ...] = ()
    instances: int = 0
    """Instances that have begun; there may be more than are merged."""
    earlier: int = 0
    """Tries before the newest, which are not merged."""
    started_at: datetime | None = None
    """Of the run."""


def read_merged(
    store: Store,
    dag_id: str,
    run_id: str,
    task_ids: Collection[str] | None = None,
    instances: Collection[tuple[str, int]] | None = None,
) -> MergedSnapshot:
    """The newest tries of these tasks of a run (None: of all of its tasks), or of single
    instances of them, given by task and map index."""
    from store.queries.runs import get_run
    from store.queries.tasks import latest_try, list_instances

    with store.read() as connection:
        run = get_run(connection, dag_id, run_id)
        if run is None:
            return MergedSnapshot(None)
        rows = [
            row
            for row in list_instances(connection, run.id, task_ids=task_ids)
            if row.try_number > 0
            and (instances is None or (row.task_id, row.map_index) in instances)
        ]
        rows.sort(key=lambda row: (row.ended_at is None, row.started_at or run.run_after))
        found: list[MergedTry] = []
        for row in rows[-MOST_LOGS:]:
            one = latest_try(connection, row.id)
            if one is not None:
                began, live = one.started_at or one.queued_at, one.ended_at is None
                name = (row.task_id, row.map_index, row.map_label)
                found.append(MergedTry(*name, one.id, began, live, tuple(places_of_try(one))))
    found.sort(key=lambda one: (one.started_at, one.try_id))
    earlier = sum(row.try_number - 1 for row in rows)
    return MergedSnapshot(run.id, tuple(found), len(rows), earlier, run.started_at)

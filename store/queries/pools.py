"""Pools: how many slots they have, who holds them, who waits for them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from store.models import LIVE_INSTANCE, pool, task_instance
from store.states import EXECUTING_TASK_STATES, TaskInstanceState

DEFAULT_POOL = "default_pool"


@dataclass(frozen=True, slots=True)
class PoolRow:
    """A pool. All figures are slots, not task instances."""

    name: str
    slots: int
    """-1: no limit."""
    description: str
    include_deferred: bool
    """Deferred task instances hold their slots."""
    running: int = 0
    queued: int = 0
    """Slots given to task instances that are being started."""
    scheduled: int = 0
    """Slots that wait to be given."""
    deferred: int = 0

    @property
    def used(self) -> int:
        """Slots that are taken."""
        return self.running + self.queued + (self.deferred if self.include_deferred else 0)

    @property
    def exists(self) -> bool:
        """Whether there is such a pool."""
        return True

    @property
    def open(self) -> int | None:
        """Slots that are free; None where there is no limit."""
        return None if self.slots < 0 else self.slots - self.used


@dataclass(frozen=True, slots=True)
class MissingPool(PoolRow):
    """A pool that task instances name and nobody made: they wait."""

    @property
    def exists(self) -> bool:
        return False


def list_pools(connection: Connection) -> list[PoolRow]:
    """All pools by name, with the slots in use; not those that tasks name and nobody made."""
    usage = _usage(connection)
    rows = connection.execute(select(pool).order_by(pool.c.name))
    return [
        PoolRow(
            name=row.name,
            slots=row.slots,
            description=row.description,
            include_deferred=row.include_deferred,
            **usage.get(row.name, {}),
        )
        for row in rows
    ]


def missing_pools(connection: Connection) -> list[MissingPool]:
    """The pools that live task instances name and that don't exist, by name."""
    usage = _usage(connection)
    known = set(connection.execute(select(pool.c.name)).scalars())
    return [
        MissingPool(name, 0, "", False, **usage[name])
        for name in sorted(usage)
        if name not in known
    ]


def get_pool(connection: Connection, name: str) -> PoolRow | None:
    """One pool; None if there is none of that name."""
    return next((row for row in list_pools(connection) if row.name == name), None)


def _usage(connection: Connection) -> dict[str, dict[str, int]]:
    columns = task_instance.c
    query = (
        select(columns.state, columns.pool, func.sum(columns.pool_slots))
        .where(text(LIVE_INSTANCE))
        .group_by(columns.state, columns.pool)
    )
    usage: dict[str, dict[str, int]] = {}
    for state, name, slots in connection.execute(query):
        if state == TaskInstanceState.QUEUED:
            kind = "queued"
        elif state in EXECUTING_TASK_STATES:
            kind = "running"
        elif state in (TaskInstanceState.SCHEDULED, TaskInstanceState.DEFERRED):
            kind = state
        else:
            continue
        of_pool = usage.setdefault(name, {})
        of_pool[kind] = of_pool.get(kind, 0) + int(slots)
    return usage

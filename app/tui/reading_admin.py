"""What the screens of Variables, Connections and Pools read, in the refresher's thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.engine import Store
    from store.queries.admin import ConnectionHead, SlotRow, VariableHead
    from store.queries.pools import PoolRow

LARGEST_EDITED = 64 * 1024
"""Characters of a text up to which it is edited here: each key lays it out anew."""


@dataclass(frozen=True, slots=True)
class VariablesSnapshot:
    """The Variables."""

    variables: tuple[VariableHead, ...]


@dataclass(frozen=True, slots=True)
class VariableText:
    """One Variable, to be edited or looked at."""

    key: str
    value: str | None
    """None: secret by its name, or too large."""
    size: int
    description: str
    masked: bool
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ConnectionsSnapshot:
    """The Connections, without secrets."""

    connections: tuple[ConnectionHead, ...]


@dataclass(frozen=True, slots=True)
class ConnectionText:
    """One Connection, to be edited or looked at: no secret is in it."""

    conn_id: str
    conn_type: str
    host: str
    port: str
    schema: str
    login: str
    has_password: bool
    extra: str | None
    """Its settings, those of secret names masked; None: too large."""
    description: str


@dataclass(frozen=True, slots=True)
class PoolsSnapshot:
    """The pools, and who holds or waits for the slots of one of them."""

    pools: tuple[PoolRow, ...]
    name: str = ""
    """The pool that is looked at; empty: none."""
    slots: tuple[SlotRow, ...] = ()
    total: int = 0
    """All that hold or wait; ``slots`` may be the first of them."""


def read_variables(store: Store) -> VariablesSnapshot:
    """All Variables, with the beginning of their values."""
    from store.queries.admin import variable_heads

    with store.read() as connection:
        return VariablesSnapshot(tuple(variable_heads(connection)))


def read_variable(store: Store, key: str) -> VariableText | None:
    """One Variable, its value only if it may be shown; None if there is none of that name."""
    from store.queries.admin import readers, variable_description, variable_size
    from store.queries.variables import get_variable
    from store.secrets import is_sensitive

    with store.read() as connection:
        size = variable_size(connection, key)
        if size is None:
            return None
        masked = is_sensitive(key)
        shown = not masked and size <= LARGEST_EDITED
        return VariableText(
            key,
            get_variable(connection, key) if shown else None,
            size,
            variable_description(connection, key),
            masked,
            tuple(readers(connection).get(key, ())),
        )


def read_secret(store: Store, key: str) -> tuple[str, int] | None:
    """The beginning of a Variable's value, unmasked, and its size; None if there is none."""
    from store.queries.admin import variable_head

    with store.read() as connection:
        return variable_head(connection, key)


def read_connections(store: Store) -> ConnectionsSnapshot:
    """All Connections, without secrets."""
    from store.queries.admin import connection_heads

    with store.read() as connection:
        return ConnectionsSnapshot(tuple(connection_heads(connection)))


def read_connection(store: Store, conn_id: str) -> ConnectionText | None:
    """One Connection, its secrets masked; None if there is none of that name."""
    from app.cli.connection_uri import masked_extra
    from store.queries.connections import get_connection

    with store.read() as connection:
        found = get_connection(connection, conn_id)
    if found is None:
        return None
    large = len(found.extra or "") > LARGEST_EDITED
    return ConnectionText(
        conn_id,
        found.conn_type,
        found.host or "",
        "" if found.port is None else str(found.port),
        found.schema or "",
        found.login or "",
        bool(found.password),
        None if large else masked_extra(found.extra) or "",
        found.description,
    )


def read_pools(store: Store, name: str, limit: int) -> PoolsSnapshot:
    """All pools, also those that only tasks know; who holds or waits for slots of that one."""
    from store.queries.admin import count_slot_rows, slot_rows
    from store.queries.pools import list_pools, missing_pools

    with store.read() as connection:
        pools = (*list_pools(connection), *missing_pools(connection))
        if not name or not limit:
            return PoolsSnapshot(pools)
        rows = tuple(slot_rows(connection, name, limit=limit))
        total = len(rows) if len(rows) < limit else count_slot_rows(connection, name)
    return PoolsSnapshot(pools, name, rows, total)

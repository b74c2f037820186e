"""Connections: where other systems are and how to log in. Lists never hold a password."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import Connection, select

from store.models import connection as connection_table


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A connection without its secrets."""

    conn_id: str
    conn_type: str
    description: str
    host: str | None
    schema: str | None
    login: str | None
    port: int | None
    has_password: bool
    extra_keys: tuple[str, ...]
    """Names of the extra settings; their values may be secrets."""


@dataclass(frozen=True, slots=True)
class ConnectionDetails:
    """A connection, whole. Its repr shows neither the password nor the extra settings."""

    conn_id: str
    conn_type: str
    description: str = ""
    host: str | None = None
    schema: str | None = None
    login: str | None = None
    password: str | None = field(default=None, repr=False)
    port: int | None = None
    extra: str | None = field(default=None, repr=False)
    """JSON, as it was given."""


def list_connections(connection: Connection) -> list[ConnectionRow]:
    """All connections by id. Passwords aren't even read."""
    columns = connection_table.c
    query = select(
        columns.conn_id,
        columns.conn_type,
        columns.description,
        columns.host,
        columns.schema,
        columns.login,
        columns.port,
        (columns.password.is_not(None) & (columns.password != "")).label("has_password"),
        columns.extra,
    ).order_by(columns.conn_id)
    return [
        ConnectionRow(*row[:7], has_password=bool(row[7]), extra_keys=_keys(row[8]))
        for row in connection.execute(query)
    ]


def get_connection(connection: Connection, conn_id: str) -> ConnectionDetails | None:
    """One connection with its password; None if there is none of that name."""
    columns = connection_table.c
    row = connection.execute(
        select(
            columns.conn_id,
            columns.conn_type,
            columns.description,
            columns.host,
            columns.schema,
            columns.login,
            columns.password,
            columns.port,
            columns.extra,
        ).where(columns.conn_id == conn_id)
    ).first()
    return None if row is None else ConnectionDetails(*row)


def _keys(extra: str | None) -> tuple[str, ...]:
    if not extra:
        return ()
    try:
        document: Any = msgspec.json.decode(extra)
    except msgspec.DecodeError:
        return ()
    return tuple(sorted(document)) if isinstance(document, dict) else ()

"""What operators look after, for lists that are read again and again: heads, never whole values.

A Variable may hold a megabyte; a list of them must not read megabytes each time a row of the store
changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import msgspec
import sqlalchemy
from sqlalchemy import Connection, case, func, select, text, type_coerce

from store.models import LIVE_INSTANCE, dag_run, pipeline_file, task_instance, variable
from store.models import connection as connection_table
from store.queries.rows import TASK_STATES, AnyRow
from store.secrets import MASK, is_sensitive
from store.states import TaskInstanceState

HEAD = 300
"""Characters of a text that a list shows."""

LARGEST_EXTRA = 64 * 1024
"""Characters of extra settings up to which a list reads them, for the names in them."""

HOLDING = (
    TaskInstanceState.RUNNING,
    TaskInstanceState.RESTARTING,
    TaskInstanceState.QUEUED,
)
"""States that hold slots whatever the pool says of deferred ones."""


LIVE_INSTANCE_OF = f"task_instance.{LIVE_INSTANCE}"
"""The condition of the index, where another table has a ``state`` too."""


@dataclass(frozen=True, slots=True)
class VariableHead:
    """A variable in a list."""

    key: str
    head: str
    """The first characters of its value; ``***`` where the name says that it is a secret."""
    size: int
    """Characters of the whole value."""
    description: str
    masked: bool
    files: tuple[str, ...]
    """Pipeline files that read it while they are imported."""


@dataclass(frozen=True, slots=True)
class ConnectionHead:
    """A connection in a list, without its secrets."""

    conn_id: str
    conn_type: str
    host: str
    port: int | None
    schema: str
    login: str
    has_password: bool
    extra_keys: tuple[str, ...]
    """Names of the extra settings; none of an extra that is too large to be read in a list."""
    extra_size: int
    """Characters of the extra settings."""
    description: str


@dataclass(frozen=True, slots=True)
class SlotRow:
    """A task instance that holds slots of a pool, or waits for them."""

    id: int
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    map_label: str | None
    state: TaskInstanceState | None
    slots: int
    try_number: int
    since: datetime | None
    """When it came into its state: started, queued, scheduled."""


def variable_heads(connection: Connection) -> list[VariableHead]:
    """All variables by key, with the beginning of their values; secrets masked."""
    files = readers(connection)
    columns = variable.c
    query = select(
        columns.key,
        func.substr(columns.value, 1, HEAD),
        func.length(columns.value),
        func.substr(columns.description, 1, HEAD),
    ).order_by(columns.key)
    rows: list[VariableHead] = []
    for key, head, size, description in connection.execute(query):
        masked = is_sensitive(key)
        head = MASK if masked else head
        readers_of = tuple(files.get(key, ()))
        rows.append(VariableHead(key, head, size, description, masked, readers_of))
    return rows


def variable_size(connection: Connection, key: str) -> int | None:
    """Characters of a variable's value; None if there is none of that name."""
    query = select(func.length(variable.c.value)).where(variable.c.key == key)
    return connection.execute(query).scalar_one_or_none()


def variable_head(connection: Connection, key: str) -> tuple[str, int] | None:
    """The beginning of a variable's value, unmasked, and the characters of all of it."""
    columns = variable.c
    query = select(func.substr(columns.value, 1, HEAD), func.length(columns.value)).where(
        columns.key == key
    )
    row = connection.execute(query).first()
    return None if row is None else (row[0], row[1])


def variable_description(connection: Connection, key: str) -> str:
    """What a variable is for; empty if there is none of that name."""
    query = select(variable.c.description).where(variable.c.key == key)
    return connection.execute(query).scalar_one_or_none() or ""


def readers(connection: Connection) -> dict[str, list[str]]:
    """Which files read a variable while they are imported."""
    columns = pipeline_file.c
    query = (
        select(columns.file, columns.variables)
        .where(type_coerce(columns.variables, sqlalchemy.Text) != "[]")
        .order_by(columns.file)
    )
    found: dict[str, list[str]] = {}
    for file, names in connection.execute(query):
        for name in names:
            found.setdefault(name, []).append(file)
    return found


def connection_heads(connection: Connection) -> list[ConnectionHead]:
    """All connections by id. Passwords aren't even read."""
    columns = connection_table.c
    size = func.length(columns.extra)
    query = select(
        columns.conn_id,
        columns.conn_type,
        _head(columns.host),
        columns.port,
        _head(columns.schema),
        _head(columns.login),
        (columns.password.is_not(None) & (columns.password != "")),
        case((size <= LARGEST_EXTRA, columns.extra), else_=None),
        func.coalesce(size, 0),
        _head(columns.description),
    ).order_by(columns.conn_id)
    rows: Iterable[AnyRow] = connection.execute(query)
    return [ConnectionHead(*row[:6], bool(row[6]), _names(row[7]), row[8], row[9]) for row in rows]


def _head(column: AnyRow) -> AnyRow:
    return func.coalesce(func.substr(column, 1, HEAD), "")


def _names(extra: str | None) -> tuple[str, ...]:
    if not extra:
        return ()
    try:
        return tuple(sorted(msgspec.json.decode(extra, type=dict[str, msgspec.Raw])))
    except msgspec.MsgspecError:
        return ()


def slot_rows(connection: Connection, pool: str, *, limit: int = 500) -> list[SlotRow]:
    """The task instances that hold slots of a pool or wait for them; those that run come first."""
    found: list[SlotRow] = []
    for state in (*HOLDING, TaskInstanceState.DEFERRED, TaskInstanceState.SCHEDULED):
        if len(found) < limit:
            found.extend(_in_state(connection, pool, state, limit - len(found)))
    return found


def _in_state(
    connection: Connection, pool: str, state: TaskInstanceState, limit: int
) -> list[SlotRow]:
    columns = task_instance.c
    since = {
        TaskInstanceState.QUEUED: columns.queued_at,
        TaskInstanceState.SCHEDULED: columns.scheduled_at,
    }.get(state, columns.started_at)
    query = (
        select(
            columns.id,
            columns.dag_id,
            dag_run.c.run_id,
            columns.task_id,
            columns.map_index,
            columns.map_label,
            columns.state,
            columns.pool_slots,
            columns.try_number,
            since,
        )
        .join_from(task_instance, dag_run, dag_run.c.id == columns.dag_run_id)
        .where(text(LIVE_INSTANCE_OF), columns.state == state.value, columns.pool == pool)
        .order_by(columns.id)
        .limit(limit)
    )
    rows: Iterable[AnyRow] = connection.execute(query)
    return [SlotRow(*row[:6], TASK_STATES[row[6]], *row[7:]) for row in rows]


def count_slot_rows(connection: Connection, pool: str) -> int:
    """How many task instances hold slots of a pool or wait for them."""
    states = [*HOLDING, TaskInstanceState.DEFERRED, TaskInstanceState.SCHEDULED]
    columns = task_instance.c
    query = (
        select(func.count())
        .select_from(task_instance)
        .where(
            text(LIVE_INSTANCE),
            columns.state.in_([state.value for state in states]),
            columns.pool == pool,
        )
    )
    return connection.execute(query).scalar_one()

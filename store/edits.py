"""What people change by a row of their own: pausing, pools, variables, connections.

Each change is put on the audit trail, in the same transaction. None of these needs a runner; ring
its bell afterwards (``store.client.ring``) so that it notices at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, delete, select, update

from store import events, records
from store.columns import storable
from store.errors import InvalidValue, NotFound
from store.models import connection as connection_table
from store.models import dag, dag_run, pool, task_instance, variable, xcom
from store.queries.connections import ConnectionDetails
from store.queries.pools import DEFAULT_POOL
from store.values import LONGEST_NOTE

AT_ONCE = 500
"""Keys that one statement asks for."""

MOST_SLOTS = 10**9
"""Of a pool: what databases keep in 32 bits, and sums of two of them."""


def set_paused(
    connection: Connection, dag_ids: Sequence[str], paused: bool, actor: str
) -> list[str]:
    """Pause or unpause DAGs; the ids of those that were not so before.

    Raises ``NotFound`` for a DAG that doesn't exist; then nothing is changed.
    """
    found = dict(
        connection.execute(
            select(dag.c.dag_id, dag.c.is_paused).where(dag.c.dag_id.in_(dag_ids))
        ).all()
    )
    for dag_id in dag_ids:
        if dag_id not in found:
            raise NotFound(
                unknown("DAG", dag_id, connection.execute(select(dag.c.dag_id)).scalars())
            )
    changed = [dag_id for dag_id in dict.fromkeys(dag_ids) if found[dag_id] != paused]
    if changed:
        connection.execute(update(dag).where(dag.c.dag_id.in_(changed)).values(is_paused=paused))
        kind, word = ("dag_paused", "paused") if paused else ("dag_unpaused", "unpaused")
        events.record_many(
            connection,
            [
                {"kind": kind, "actor": actor, "dag_id": dag_id, "message": f"{word} {dag_id}"}
                for dag_id in changed
            ],
        )
    return changed


def check_note(text: str) -> None:
    """Raises ``InvalidValue`` for a note that is too long or can't be stored."""
    if len(text) > LONGEST_NOTE:
        raise InvalidValue(f"a note has at most {LONGEST_NOTE} characters, not {len(text)}")
    if storable(text) != text:
        raise InvalidValue("the note holds a NUL or half a character: take it out")


def set_note(
    connection: Connection,
    dag_id: str,
    run_id: str,
    text: str,
    actor: str,
    *,
    task_id: str | None = None,
    map_index: int | None = None,
) -> str:
    """Write a note on a run, or on a task instance of it; an empty one takes it away.

    Returns the note that was there. Raises ``NotFound`` where there is no such run or task
    instance, ``InvalidValue`` for a note that is too long or can't be stored.
    """
    check_note(text)
    run = connection.execute(
        select(dag_run.c.id, dag_run.c.note).where(
            dag_run.c.dag_id == dag_id, dag_run.c.run_id == run_id
        )
    ).first()
    if run is None:
        raise NotFound(f"DAG {dag_id} has no run {run_id!r}")
    table, found, index, what = dag_run, run, None, f"run {run_id}"
    if task_id is not None:
        table, index = task_instance, -1 if map_index is None else map_index
        what = f"{task_id}[{index}] of run {run_id}" if index >= 0 else f"{task_id} of run {run_id}"
        found = connection.execute(
            select(table.c.id, table.c.note).where(
                table.c.dag_run_id == run.id,
                table.c.task_id == task_id,
                table.c.map_index == index,
            )
        ).first()
        if found is None:
            raise NotFound(f"there is no {what}")
    former = found.note or ""
    if former != text:
        connection.execute(update(table).where(table.c.id == found.id).values(note=text or None))
        events.record(
            connection,
            "note",
            actor,
            f"wrote a note on {what}" if text else f"took the note on {what} away",
            dag_id=dag_id,
            dag_run_id=run.id,
            run_id=run_id,
            task_id=task_id,
            map_index=index,
            details={"note": text, "former": former},
        )
    return former


def set_pool(
    connection: Connection,
    name: str,
    slots: int,
    actor: str,
    *,
    description: str | None = None,
    include_deferred: bool | None = None,
) -> None:
    """Make a pool, or change one. -1 slots: no limit. None: as it was (empty, False if new).

    Raises ``InvalidValue`` for an empty name, fewer than -1 or more than ``MOST_SLOTS`` slots.
    """
    if not name.strip():
        raise InvalidValue("a pool needs a name")
    if slots < -1:
        raise InvalidValue(
            f"pool {name} can't have {slots} slots: give 0 or more, or -1 for no limit"
        )
    if slots > MOST_SLOTS:
        raise InvalidValue(f"pool {name} can't have more than {MOST_SLOTS} slots: -1 is no limit")
    old = connection.execute(select(pool).where(pool.c.name == name)).first()
    row = {
        "name": name,
        "slots": slots,
        "description": _chosen(description, old.description if old else ""),
        "include_deferred": _chosen(include_deferred, old.include_deferred if old else False),
    }
    _upsert(connection, pool, row)
    before = f", before {old.slots}" if old else ""
    events.record(
        connection, "pool_set", actor, f"set pool {name} to {slots} slots{before}", details=row
    )


def delete_pool(connection: Connection, name: str, actor: str) -> None:
    """Delete a pool; tasks that name it wait until it is made again. Raises ``NotFound``."""
    if name == DEFAULT_POOL:
        raise InvalidValue(f"{DEFAULT_POOL} can't be deleted; give it fewer slots instead")
    _delete(connection, pool, "name", name, "pool")
    events.record(connection, "pool_deleted", actor, f"deleted pool {name}")


def set_variable(
    connection: Connection, key: str, value: str, actor: str, *, description: str | None = None
) -> None:
    """Make a variable, or change one. The audit trail doesn't hold its value."""
    set_variables(connection, {key: (value, description)}, actor)


def set_variables(
    connection: Connection, given: Mapping[str, tuple[str, str | None]], actor: str
) -> None:
    """Make variables, and change others, by key: (value, description), in few statements.

    A description of None leaves what is there. Raises ``InvalidValue`` for an empty key.
    """
    if not all(key.strip() for key in given):
        raise InvalidValue("a variable needs a name")
    columns = variable.c
    old: dict[str, str] = {}
    keys = list(given)
    for start in range(0, len(keys), AT_ONCE):
        known = columns.key.in_(keys[start : start + AT_ONCE])
        found = connection.execute(select(columns.key, columns.description).where(known))
        old.update((row.key, row.description) for row in found)
    rows = [
        {"key": key, "value": value, "description": _chosen(description, old.get(key, ""))}
        for key, (value, description) in given.items()
    ]
    _upsert(connection, variable, *rows)
    words = ((key, "changed" if key in old else "made") for key in given)
    events.record_many(
        connection,
        [
            {"kind": "variable_set", "actor": actor, "message": f"{done} variable {key}"}
            for key, done in words
        ],
    )


def delete_variable(connection: Connection, key: str, actor: str) -> None:
    """Delete a variable. Raises ``NotFound``."""
    _delete(connection, variable, "key", key, "variable")
    events.record(connection, "variable_deleted", actor, f"deleted variable {key}")


def set_connection(connection: Connection, details: ConnectionDetails, actor: str) -> None:
    """Make a connection, or replace one. The audit trail doesn't hold its password or extra.

    Raises ``InvalidValue`` for an empty id, a port out of range, an extra that isn't JSON.
    """
    if not details.conn_id.strip():
        raise InvalidValue("a connection needs an id")
    if details.port is not None and not 0 <= details.port <= 65535:
        raise InvalidValue(f"port {details.port} of {details.conn_id} is not between 0 and 65535")
    if details.extra:
        try:
            msgspec.json.decode(details.extra)
        except msgspec.DecodeError as error:
            raise InvalidValue(f"the extra of {details.conn_id} is not JSON: {error}") from error
    row = {column.name: getattr(details, column.name) for column in connection_table.columns}
    exists = connection.execute(
        select(connection_table.c.conn_id).where(connection_table.c.conn_id == details.conn_id)
    ).first()
    _upsert(connection, connection_table, row)
    shown = {
        name: value
        for name, value in asdict(details).items()
        if name not in ("password", "extra") and value not in (None, "")
    }
    word = "changed" if exists else "made"
    events.record(
        connection, "connection_set", actor, f"{word} connection {details.conn_id}", details=shown
    )


def delete_connection(connection: Connection, conn_id: str, actor: str) -> None:
    """Delete a connection. Raises ``NotFound``."""
    _delete(connection, connection_table, "conn_id", conn_id, "connection")
    events.record(connection, "connection_deleted", actor, f"deleted connection {conn_id}")


def delete_xcom(
    connection: Connection, dag_run_id: int, task_id: str, map_index: int, key: str, actor: str
) -> None:
    """Delete an XCom. Tasks that pull it later get None, as in Airflow. Raises ``NotFound``."""
    columns, run = xcom.c, dag_run.c
    names = connection.execute(select(run.dag_id, run.run_id).where(run.id == dag_run_id)).first()
    result = connection.execute(
        delete(xcom).where(
            columns.dag_run_id == dag_run_id,
            columns.task_id == task_id,
            columns.map_index == map_index,
            columns.key == key,
        )
    )
    if result.rowcount == 0 or names is None:
        raise NotFound(f"there is no XCom {key} of {task_id} in that run")
    events.record(
        connection,
        "xcom_deleted",
        actor,
        f"deleted XCom {key} of {task_id}",
        dag_id=names.dag_id,
        dag_run_id=dag_run_id,
        run_id=names.run_id,
        task_id=task_id,
        map_index=map_index,
    )


def unknown(what: str, name: str, known: Iterable[str]) -> str:
    """The sentence for something that isn't there: "there is no DAG tain: did you mean train?"."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f"there is no {what} {name}" + (f": did you mean {close[0]}?" if close else "")


def _chosen(given: Any, otherwise: Any) -> Any:
    return otherwise if given is None else given


def _upsert(connection: Connection, table: Table, *rows: dict[str, Any]) -> None:
    """Insert rows, or replace those with their primary keys. Raises ``InvalidValue``."""
    if not rows:
        return
    for name, value in (pair for row in rows for pair in row.items()):
        if isinstance(value, str) and storable(value) != value:
            raise InvalidValue(
                f"the {name.replace('_', ' ')} holds a NUL or half a character: take it out"
            )
    keys = [column.name for column in table.primary_key.columns]
    statement = records.conflict_insert(connection.dialect.name, table)
    values = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    statement = statement.on_conflict_do_update(index_elements=keys, set_=values)
    connection.execute(statement, list(rows))


def _delete(connection: Connection, table: Table, key: str, name: str, what: str) -> None:
    result = connection.execute(delete(table).where(table.c[key] == name))
    if result.rowcount == 0:
        names = connection.execute(select(table.c[key])).scalars()
        raise NotFound(unknown(what, name, names))

"""What the runner writes, many rows at a time: one ``executemany`` per table and set of columns.

Rows are dicts of column values. Inserts return the new rows' ids in the order of the rows. Ids of
runs, task instances and tries are never given out twice (they name folders on disk): they come
from ``next_id``, also for those who count by themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Dialect,
    Insert,
    Table,
    Update,
    and_,
    bindparam,
    delete,
    insert,
    text,
    update,
)

from store.models import (
    backfill,
    callback,
    dag_run,
    dag_version,
    pipeline_file,
    source,
    task_instance,
    task_try,
    xcom,
)

Row = dict[str, Any]
Rows = Sequence[Row]

COUNTED = (dag_version, backfill, dag_run, task_instance, task_try, callback)
"""Tables whose rows the runner numbers by itself, with what ``next_id`` gave it at its start."""


def next_id(connection: Connection, table: Table) -> int:
    """The id for the next row of a table: larger than any that it ever had.

    Only within a write transaction is nobody else given the same one.
    """
    if connection.dialect.name == "sqlite":
        query = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
        return (connection.execute(query, {"name": table.name}).scalar() or 0) + 1
    query = text(
        f"SELECT greatest((SELECT max(id) FROM {table.name}), (SELECT last_value FROM "
        f"{table.name}_id_seq))"
    )
    return connection.execute(query).scalar_one() + 1


def update_tries(connection: Connection, rows: Rows) -> None:
    """Change tries: each row has ``id`` and the columns that change."""
    update_rows(connection, task_try, rows)


def put_xcoms(connection: Connection, rows: Rows) -> None:
    """Write XComs, each over an older one of the same run, task, map index and key."""
    put(connection, xcom, rows)


def clear_xcoms(connection: Connection, of: Iterable[tuple[int, str, int]]) -> None:
    """Delete all XComs of the (dag_run_id, task_id, map_index) given: done before a new try."""
    keys = [{"run": run, "task": task, "index": index} for run, task, index in of]
    if keys:
        connection.execute(_CLEAR_XCOMS, keys)


_CLEAR_XCOMS = delete(xcom).where(
    and_(
        xcom.c.dag_run_id == bindparam("run"),
        xcom.c.task_id == bindparam("task"),
        xcom.c.map_index == bindparam("index"),
    )
)


def put_files(connection: Connection, rows: Rows) -> None:
    """Write what is known of pipeline files, each over what was known."""
    put(connection, pipeline_file, rows)


def put_source(connection: Connection, digest: str, source_text: str) -> None:
    """Keep the text of a pipeline file, once."""
    statement = conflict_insert(connection.dialect.name, source).on_conflict_do_nothing()
    connection.execute(statement, {"digest": digest, "text": source_text})


def put(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert rows, or change those that have the same primary key."""
    for columns, batch in by_columns(rows):
        connection.execute(_put_statement(connection.dialect.name, table, columns), batch)


def by_columns(rows: Iterable[Row]) -> list[tuple[tuple[str, ...], list[Row]]]:
    """The rows grouped by the columns that they have, so that each group is one statement."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(row), []).append(row)
    return list(groups.items())


def insert_rows(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Insert rows that have all the values they need: one ``executemany`` per set of columns."""
    for columns, batch in by_columns(rows):
        _run(connection, _insert_statement(table, columns), table, columns, batch)


def update_rows(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Change rows by ``id``: one ``executemany`` per set of columns."""
    for columns, batch in by_columns(rows):
        values = tuple(name for name in columns if name != "id")
        _run(connection, _update_statement(table, values), table, columns, batch)


def _run(
    connection: Connection,
    statement: Insert | Update,
    table: Table,
    columns: tuple[str, ...],
    rows: list[Row],
) -> None:
    """Execute for all rows. For SQLite the parameters are made here, column by column.

    SQLAlchemy makes them row by row, which takes as long again as SQLite needs to write them.
    """
    if connection.dialect.name != "sqlite":
        renamed = [{f"value_{name}": value for name, value in row.items()} for row in rows]
        connection.execute(statement, renamed)
        return
    prepared = _prepared(connection.dialect, statement, table, columns)
    values: list[Iterable[Any]] = []
    for name, convert in prepared.parameters:
        column = map(itemgetter(name), rows)
        values.append(column if convert is None else map(convert, column))
    parameters = list(zip(*values, strict=True))
    connection.exec_driver_sql(prepared.sql, parameters if len(rows) > 1 else parameters[0])


class _Prepared(NamedTuple):
    sql: str
    parameters: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    """In the order of the question marks: the column, and what makes its value a stored one."""


_prepared_statements: dict[tuple[Any, tuple[str, ...]], _Prepared] = {}


def _prepared(
    dialect: Dialect, statement: Insert | Update, table: Table, columns: tuple[str, ...]
) -> _Prepared:
    key = (statement, columns)
    known = _prepared_statements.get(key)
    if known is not None:
        return known
    compiled: Any = statement.compile(
        dialect=dialect, column_keys=[f"value_{name}" for name in columns]
    )
    names = [name.removeprefix("value_") for name in compiled.positiontup]
    prepared = _Prepared(
        str(compiled),
        tuple(
            (name, table.c[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in names
        ),
    )
    _prepared_statements[key] = prepared
    return prepared


def keep_ids(connection: Connection, tables: Iterable[Table] = COUNTED) -> None:
    """Make PostgreSQL's sequences know the ids in use. To be called before rows are deleted.

    SQLite remembers by itself (``AUTOINCREMENT``).
    """
    if connection.dialect.name != "postgresql":
        return
    calls = [
        f"setval('{table.name}_id_seq', greatest((SELECT max(id) FROM {table.name}), "
        f"(SELECT last_value FROM {table.name}_id_seq)))"
        for table in tables
    ]
    if calls:
        connection.execute(text(f"SELECT {', '.join(calls)}"))


@cache
def _insert_statement(table: Table, columns: tuple[str, ...]) -> Insert:
    return insert(table).values({name: bindparam(f"value_{name}") for name in columns})


@cache
def _update_statement(table: Table, columns: tuple[str, ...]) -> Update:
    values = {name: bindparam(f"value_{name}") for name in columns}
    return update(table).where(table.c.id == bindparam("value_id")).values(values)


def conflict_insert(dialect: str, table: Table) -> Any:
    """An INSERT that can say what becomes of a row that exists.

    The dialect is loaded here: PostgreSQL's would add 0.1 s to every start.
    """
    if dialect == "sqlite":
        from sqlalchemy.dialects.sqlite import insert
    else:
        from sqlalchemy.dialects.postgresql import insert
    return insert(table)


@cache
def _put_statement(dialect: str, table: Table, columns: tuple[str, ...]) -> Insert:
    statement = conflict_insert(dialect, table)
    keys = [column.name for column in table.primary_key.columns]
    values = {name: statement.excluded[name] for name in columns if name not in keys}
    if not values:
        return statement.on_conflict_do_nothing(index_elements=keys)
    return statement.on_conflict_do_update(index_elements=keys, set_=values)

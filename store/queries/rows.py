"""Small helpers of the queries: from stored values to states and times."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import BigInteger, ColumnElement, Connection, Text, cast, func, type_coerce

from store.values import RUN_STATES, TASK_STATES, from_micros, seconds_between

__all__ = [
    "RUN_STATES",
    "TASK_STATES",
    "AnyRow",
    "AnySelect",
    "between",
    "from_micros",
    "json_rows",
    "micros",
    "plain_rows",
    "seconds_between",
]

AnyRow: TypeAlias = Any
"""A row of a query: SQLAlchemy 2.0 and 2.1 spell the types of its columns differently."""

AnySelect: TypeAlias = Any


def micros(column: ColumnElement[Any]) -> ColumnElement[int]:
    """A time as stored, in microseconds since 1970: cheap where there are thousands."""
    return type_coerce(column, BigInteger)


def plain_rows(connection: Connection, query: AnySelect) -> list[tuple[Any, ...]]:
    """Rows as the driver gives them: a hundred thousand of SQLAlchemy's take four times as long.
    Only for columns whose values are stored as they are meant."""
    with closing(connection.execute(query)) as found:
        assert found.cursor is not None
        return list(found.cursor.fetchall())


def json_rows(dialect: str, columns: Iterable[ColumnElement[Any]]) -> ColumnElement[str]:
    """An aggregate: all rows as one JSON text, a list of lists of their columns."""
    if dialect == "sqlite":
        return func.json_group_array(func.json_array(*columns))
    return cast(func.json_agg(func.json_build_array(*columns)), Text)


def between(start: datetime | None, end: datetime | None) -> float | None:
    """Seconds between two times; None where one is missing."""
    return None if start is None or end is None else (end - start).total_seconds()

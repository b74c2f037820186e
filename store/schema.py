"""What all tables share: their metadata, 64 bits, indexes of the few rows that matter."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, Integer, MetaData, text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Big = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere; SQLite numbers rows by itself only where the type is called INTEGER."""


def partial(name: str, condition: str, *columns: str) -> Index:
    """An index of the few rows for which a condition holds: it doesn't grow with history."""
    index = Index(name, *columns, sqlite_where=text(condition))
    _PARTIAL.append((index, condition))
    return index


_PARTIAL: list[tuple[Index, str]] = []


def know_postgresql() -> None:
    """Tell SQLAlchemy the conditions of partial indexes for PostgreSQL, too.

    Not at import: it loads that dialect, which takes 0.1 s of each start.
    """
    for index, condition in _PARTIAL:
        index.dialect_options["postgresql"]["where"] = text(condition)

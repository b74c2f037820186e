"""The version of the database. Alembic is loaded only when something must be migrated.

After a change of ``store.models``: ``python -m store.migrations.generate 0002 what_changed``, read
what it wrote, and add the revision to ``REVISIONS``. A test compares the two ways to a database.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, inspect, text
from sqlalchemy.exc import DatabaseError

from store.errors import StoreError, StoreMissing, StoreOutdated, StoreTooNew
from store.models import metadata, pool

if TYPE_CHECKING:
    from store.engine import Store

REVISIONS = tuple(f"{number:04}" for number in range(1, 11))
"""All revisions, oldest first; the last one equals ``store.models``."""

HEAD = REVISIONS[-1]

DEFAULT_POOL_SLOTS = 128
"""Airflow's."""


def revision(connection: Connection) -> str | None:
    """The revision that the database says it has; None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def ensure_current(store: Store, *, create: bool) -> None:
    """Check the version; with ``create``, make or upgrade the tables first."""
    with store.read() as connection:
        found = revision(connection)
    if found == HEAD:
        return
    if found is not None and found not in REVISIONS:
        raise too_new(store.name, found)
    if found is None:
        if not create:
            raise StoreMissing(f"{store.name} is empty: run 'dagtop db upgrade' to make its tables")
        create_tables(store)
        return
    if not create:
        raise StoreOutdated(
            f"{store.name} was made by an older dagtop (revision {found}): stop the runner, "
            "then run 'dagtop db upgrade'"
        )
    from store.maintenance import upgrade

    upgrade(store)


def too_new(name: str, found: str) -> StoreTooNew:
    """The error for a revision that this dagtop doesn't know."""
    return StoreTooNew(
        f"{name} was made by a newer dagtop (its revision is {found}, this one knows {HEAD}); "
        "upgrade dagtop, or use another workspace"
    )


def create_tables(store: Store) -> None:
    """Make the tables of an empty database and stamp it. Harmless if another process was first."""
    with store.write() as connection:
        if revision(connection) is not None:
            return
        if connection.dialect.name == "postgresql":  # two runners at once: the second one waits
            connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('dagtop'))"))
            if revision(connection) is not None:
                return
        metadata.create_all(connection)
        connection.execute(
            text(
                "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
                "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
            )
        )
        connection.execute(
            text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": HEAD}
        )
        insert_default_pool(connection)


def insert_default_pool(connection: Connection) -> None:
    """The one row that every database has from the start: the pool of tasks that name none."""
    connection.execute(
        insert(pool),
        {
            "name": "default_pool",
            "slots": DEFAULT_POOL_SLOTS,
            "description": "Default pool",
            "include_deferred": False,
        },
    )


def migrate(store: Store, target: str = HEAD) -> None:
    """Run the migrations up to ``target``, all in one transaction."""
    from alembic import command

    with store.engine.connect() as connection:
        connection.execution_options(dagtop_write=True)
        try:
            _enforce_references(connection, False)
            with connection.begin():
                command.upgrade(alembic_config(connection), target)
                _check_references(connection, store.name)
        except DatabaseError as error:
            raise StoreError(
                f"{store.name} can't be upgraded and is as it was before: {error.orig}"
            ) from error
        finally:
            _enforce_references(connection, True)


def alembic_config(connection: Connection) -> Any:
    """Alembic's settings for working on a connection; there is no ``alembic.ini``."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _enforce_references(connection: Connection, on: bool) -> None:
    """SQLite changes a table by making a new one: dropping the old one must not cascade."""
    raw: Any = connection.connection.dbapi_connection
    if connection.dialect.name == "sqlite":
        raw.execute(f"PRAGMA foreign_keys = {'ON' if on else 'OFF'}")


def _check_references(connection: Connection, name: str) -> None:
    if connection.dialect.name != "sqlite":
        return
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise StoreError(
            f"{name} can't be upgraded and is as it was before: "
            f"rows of {broken[0]} refer to rows of {broken[2]} that don't exist"
        )

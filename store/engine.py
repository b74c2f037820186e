"""The one place that opens the database: connections, transactions, and what their errors mean.

SQLite in WAL mode by default: readers never wait, writers take the write lock when they begin
(``BEGIN IMMEDIATE``) instead of failing half-way. PostgreSQL by URL.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from store import config, models
from store.errors import (
    StoreError,
    StoreFull,
    StoreLocked,
    StoreMissing,
    StoreReadOnly,
    StoreUnreadable,
)
from store.workspace import Workspace

BUSY_TIMEOUT = 5.0
"""Seconds that a writer waits for another's transaction to end."""

WRITE = "dagtop_write"
"""Execution option of a connection whose transactions write."""

OUTSIDE = "dagtop_outside"
"""Execution option of an SQLite connection that begins no transactions."""

TOKEN_OF_SQLITE = "PRAGMA data_version"
TOKEN_OF_POSTGRESQL = "SELECT pg_current_snapshot()::text"

ChangeToken = int | str
"""Compare with ``==`` only."""


class Store:
    """An open database. Threads may share it: each ``read`` or ``write`` has its own connection."""

    def __init__(self, engine: Engine, *, name: str, read_only: bool) -> None:
        self.engine = engine
        self.name = name
        """What errors call it: the path of the file, or the URL without its password."""
        self.read_only = read_only
        self._watch: Any = None
        self._watch_lock = threading.Lock()
        self._last_token: ChangeToken | None = None

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @property
    def path(self) -> Path | None:
        """The database file; None on PostgreSQL."""
        return Path(self.name) if self.is_sqlite else None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection in a read transaction: all its queries see the same moment."""
        with self.engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection in a write transaction, committed at the end, rolled back on an error.

        Raises ``StoreLocked`` where the lock can't be had within the busy timeout, ``StoreFull``
        where the disk is full (nothing is written then), ``StoreReadOnly`` on a read-only store.
        """
        if self.read_only:
            raise StoreReadOnly(f"{self.name} is open for reading only; start without --read-only")
        with self.engine.connect() as connection:
            connection.execution_options(**{WRITE: True})
            with connection.begin():
                yield connection

    def glance(self) -> object:
        """What files look like from outside, None on PostgreSQL: while it stays the same, nothing
        was committed. Cheaper than ``changed``, for who looks many times a second."""
        if self.path is None:
            return None
        looks: list[tuple[int, ...] | None] = []
        for file in (self.name, f"{self.name}-wal"):
            try:
                found = os.stat(file)
            except OSError:
                looks.append(None)
            else:
                looks.append((found.st_mtime_ns, found.st_size, found.st_dev, found.st_ino))
        return tuple(looks)

    def change_token(self) -> ChangeToken:
        """A token that differs from an earlier one if anything was committed in between.

        Costs some microseconds (``PRAGMA data_version`` on a connection kept for it), so it can be
        polled several times a second. Any connection's commits count, those of this process too.
        """
        with self._watch_lock:
            if self._watch is None:
                self._watch = self.connect_outside()
            query = TOKEN_OF_SQLITE if self.is_sqlite else TOKEN_OF_POSTGRESQL
            return self._watch.exec_driver_sql(query).scalar_one()

    def connect_outside(self) -> Connection:
        """A connection without transactions, for what can't be done in one (``VACUUM``)."""
        if self.is_sqlite:
            return self.engine.connect().execution_options(**{OUTSIDE: True})
        return self.engine.connect().execution_options(isolation_level="AUTOCOMMIT")

    def changed(self) -> bool:
        """Whether anything was committed since this was last called (True at the first call).

        For one poller per store; where several poll, each keeps its own ``change_token``.
        """
        token = self.change_token()
        changed = token != self._last_token
        self._last_token = token
        return changed

    def close(self) -> None:
        """Close all connections. The last one to leave an SQLite database tidies up its WAL."""
        with self._watch_lock:
            if self._watch is not None:
                self._watch.close()
                self._watch = None
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def open_store(
    workspace: Workspace,
    *,
    url: str | None = None,
    create: bool = False,
    read_only: bool = False,
    busy_timeout: float = BUSY_TIMEOUT,
) -> Store:
    """Open the workspace's database: ``url``, else the configured one, else ``.dagtop/dagtop.db``.

    ``create`` makes it where it is missing, and upgrades one of an older dagtop (after a backup).
    Raises ``StoreMissing``, ``StoreOutdated`` (neither with ``create``), ``StoreTooNew``,
    ``StoreUnreadable``, ``StoreLocked``.
    """
    from store import migrations

    url = url or config.load(workspace).store.url
    if url:
        store = open_url(url, read_only=read_only, busy_timeout=busy_timeout)
    else:
        if create and not read_only:
            workspace.create_state_folder()
        store = open_file(
            workspace.database, create=create, read_only=read_only, busy_timeout=busy_timeout
        )
    try:
        migrations.ensure_current(store, create=create and not read_only)
    except BaseException:
        store.close()
        raise
    return store


def open_file(
    path: Path, *, create: bool = False, read_only: bool = False, busy_timeout: float = BUSY_TIMEOUT
) -> Store:
    """Open an SQLite file without looking at its version. It is made with mode 0600."""
    if create and not read_only:
        with suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    elif not path.exists():
        raise StoreMissing(
            f"there is no store at {path} yet: 'dagtop up' makes it, in a workspace with pipelines"
        )
    if not path.is_file():
        raise StoreUnreadable(f"{path} is not a file; move it away to let dagtop make its database")
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        connect_args={"timeout": busy_timeout, "cached_statements": 256},
        pool_size=8,
        max_overflow=32,
    )
    _prepare_sqlite(engine, read_only=read_only, busy_timeout=busy_timeout)
    return _store(engine, name=str(path), read_only=read_only)


def open_url(url: str, *, read_only: bool = False, busy_timeout: float = BUSY_TIMEOUT) -> Store:
    """Open a database by its URL without looking at its version."""
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(
            "the database URL can't be read; it looks like postgresql://user:password@host/name"
        ) from error
    if parsed.get_backend_name() == "sqlite":
        return open_file(
            Path(parsed.database or ""),
            create=not read_only,
            read_only=read_only,
            busy_timeout=busy_timeout,
        )
    if parsed.get_backend_name() not in ("postgresql", "postgres"):
        raise StoreError(
            f"dagtop can't use a {parsed.get_backend_name()} database; "
            "give a postgresql:// URL, or none for SQLite"
        )
    try:
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_size=8, pool_pre_ping=True
        )
    except (ImportError, NoSuchModuleError) as error:
        raise StoreError(
            "PostgreSQL needs psycopg: install it with pip install 'dagtop[postgres]'"
        ) from error
    models.know_postgresql()
    _prepare_postgresql(engine, read_only=read_only, busy_timeout=busy_timeout)
    return _store(engine, name=parsed.render_as_string(hide_password=True), read_only=read_only)


def _store(engine: Engine, *, name: str, read_only: bool) -> Store:
    @event.listens_for(engine, "handle_error", retval=True)
    def explain(context: ExceptionContext) -> BaseException | None:
        return _explained(context.original_exception, name)

    return Store(engine, name=name, read_only=read_only)


def _prepare_sqlite(engine: Engine, *, read_only: bool, busy_timeout: float) -> None:
    """All settings of SQLite connections, in one place."""

    @event.listens_for(engine, "connect")
    def configure(raw: sqlite3.Connection, record: object) -> None:
        raw.isolation_level = None  # transactions begin where `begin` below says, not by magic
        run = raw.execute
        run(f"PRAGMA busy_timeout = {round(busy_timeout * 1000)}")
        if read_only:
            run("PRAGMA query_only = ON")
        else:
            run("PRAGMA journal_mode = WAL")
            run("PRAGMA journal_size_limit = 67108864")  # a WAL that grew shrinks to 64 MiB again
        run("PRAGMA synchronous = NORMAL")  # in WAL mode safe against crashes of the program
        run("PRAGMA foreign_keys = ON")
        run("PRAGMA temp_store = MEMORY")
        run("PRAGMA cache_size = -16000")  # KiB
        raw.create_function("regexp", 2, _is_found, deterministic=True)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if not options.get(OUTSIDE):
            connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get(WRITE) else "BEGIN")


def _is_found(pattern: str, text: object) -> bool | None:
    """SQLite's ``REGEXP``, in place of SQLAlchemy's: that is Python's, which no text may keep busy
    for ever."""
    from store.regex import is_found

    return is_found(pattern, text)


def _prepare_postgresql(engine: Engine, *, read_only: bool, busy_timeout: float) -> None:
    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("isolation_level") == "AUTOCOMMIT":
            return
        if options.get(WRITE):
            connection.execute(text(f"SET LOCAL lock_timeout = {round(busy_timeout * 1000)}"))
        else:
            connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


def _explained(error: BaseException | None, name: str) -> StoreError | None:
    """What a driver's error means for the user; None for errors that are the program's own."""
    if isinstance(error, sqlite3.Error):
        return _explained_sqlite(error, name)
    state = getattr(error, "sqlstate", None)
    if state in ("55P03", "57014", "40001", "40P01"):  # lock, cancel, serialisation, deadlock
        return StoreLocked(f"{name} was locked by another process for too long; try again")
    if state in ("53100", "53200"):
        return StoreFull(f"the database server of {name} is out of disk or memory: {error}")
    # Psycopg's own, by name: it has many subclasses, and may not be installed.
    if any(kind.__name__ == "OperationalError" for kind in type(error).__mro__):
        reason = str(error).strip().splitlines()[0]
        return StoreUnreadable(f"{name} can't be used: {reason}; check the server and [store] url")
    return None


def _explained_sqlite(error: sqlite3.Error, name: str) -> StoreError | None:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreLocked(
            f"{name} was locked by another process for too long; "
            "find it with 'fuser' or 'lsof', or try again"
        )
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(
            f"the disk with {name} is full; free some space, 'dagtop db prune' deletes old runs"
        )
    if code == sqlite3.SQLITE_IOERR:
        return StoreFull(
            f"reading or writing {name} failed ({error}); check the disk and its space"
        )
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return StoreUnreadable(f"{name} can't be opened; check its permissions and its folder's")
    if code == sqlite3.SQLITE_NOTADB:
        return StoreUnreadable(
            f"{name} is not a database; move it away, or put a copy of .dagtop/backups in its place"
        )
    if code == sqlite3.SQLITE_CORRUPT:
        return StoreUnreadable(
            f"{name} is damaged ({error}); put a copy from .dagtop/backups in its place"
        )
    if code == sqlite3.SQLITE_READONLY:
        return StoreReadOnly(f"{name} can't be written to; check its permissions and the disk")
    return None

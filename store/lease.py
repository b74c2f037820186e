"""Who runs a store: one runner at a time, however many workspaces name the same database.

A lock that goes with the process, however it ends: a session's on PostgreSQL, that of a file beside
an SQLite database. The row ``runner_lease`` only says who it is.
"""

from __future__ import annotations

import fcntl
import os
import socket
from datetime import UTC, datetime
from typing import Self

from sqlalchemy import Connection, select, text

from store import records
from store.engine import Store
from store.errors import StoreError, StoreLocked, StoreTaken
from store.models import runner_lease
from store.workspace import Workspace

PATIENCE = 2.0
"""Seconds that a lock is waited for: the server may yet have to notice that a runner is gone."""

LOCK = "pg_advisory_lock(hashtext('dagtop runner ' || coalesce(current_schema(), '')))"

NOTICE_LOST_HOST = """
SET tcp_keepalives_idle = 20; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3
"""
"""The server drops the session, and its lock, of a machine that vanished: within a minute."""


class RunnerLease:
    """The right to be the runner of a store, held until ``close``."""

    def __init__(self, store: Store, workspace: Workspace, patience: float = PATIENCE) -> None:
        self.store = store
        self.workspace = workspace
        self.patience = patience
        self.started_at = datetime.now(UTC)
        self._session: Connection | None = None
        self._file: int | None = None

    def take(self) -> None:
        """Become the runner of the store. Raises ``StoreTaken``, which says who is it."""
        if self.store.is_sqlite:
            self._take_file()  # also of our own workspace's database: another may name it by URL
        else:
            self._take_session()

    def keep(self) -> None:
        """Take the lock again if its connection was lost. Raises ``StoreTaken``."""
        if self._session is None:
            self.take()
            return
        try:
            self._session.exec_driver_sql("SELECT 1")
        except StoreError:
            self.close()
            self.take()

    def beat(self, process_start: str, version: str, *, stopped: bool = False) -> None:
        """Say that the runner is alive, or that it leaves. Raises ``StoreTaken``."""
        self.keep()
        now = datetime.now(UTC)
        row = {
            "id": 1,
            "hostname": socket.gethostname(),
            "pid": os.getpid(),
            "process_start": process_start,
            "workspace": os.fspath(self.workspace.root),
            "version": version,
            "started_at": self.started_at,
            "beat_at": now,
            "stopped_at": now if stopped else None,
        }
        with self.store.write() as connection:
            records.put(connection, runner_lease, [row])

    def close(self) -> None:
        """Let go."""
        if self._session is not None:
            self._session.invalidate()  # the session ends, and its lock with it
            self._session.close()
            self._session = None
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _take_session(self) -> None:
        self._session = self.store.connect_outside()
        try:
            self._session.exec_driver_sql(NOTICE_LOST_HOST)
            self._session.exec_driver_sql(f"SET lock_timeout = {round(self.patience * 1000)}")
            self._session.execute(text(f"SELECT {LOCK}"))
        except StoreLocked:
            self.close()
            raise self._taken() from None
        except BaseException:
            self.close()
            raise

    def _take_file(self) -> None:
        if self._file is not None:
            return
        database = os.path.realpath(self.store.name)  # one lock, whatever links lead to the file
        self._file = os.open(f"{database}.runner", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.close()
            raise self._taken() from None

    def _taken(self) -> StoreTaken:
        columns = runner_lease.c
        query = select(columns.workspace, columns.hostname, columns.pid)
        with self.store.read() as connection:
            row = connection.execute(query.where(columns.stopped_at.is_(None))).first()
        who = "another runner"
        if row is not None:
            who = f"the runner of {row.workspace} on {row.hostname} (pid {row.pid})"
        return StoreTaken(
            f"{self.store.name} is in use by {who}, and a database serves one workspace: "
            f"name another one as url of [store] in {self.workspace.config_file}"
        )

"""The thread that looks for what was committed."""

from __future__ import annotations

import os
from pathlib import Path

from app.tui.refresher import Refresher
from store import events
from store.engine import Store
from tests.app.tui.world import World


def commit(store: Store) -> None:
    with store.write() as connection:
        events.record(connection, "note", "ann", "somebody did something")


def test_a_commit_is_seen_though_the_files_look_the_same(world: World) -> None:
    """Two commits within one tick of the file system's clock, in a WAL that is used again."""
    store = world.store
    refresher = Refresher(world.workspace, lambda _: None, lambda _: None)
    wal = Path(f"{store.name}-wal")
    for _ in range(3):
        commit(store)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(RESTART)")
    commit(store)
    while refresher._has_changed(store):
        pass
    commit(store)
    seen = wal.stat()
    assert refresher._has_changed(store)
    commit(store)
    assert wal.stat().st_size == seen.st_size, "not used again: this tests nothing any more"
    os.utime(wal, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert refresher._has_changed(store)
    assert not any(refresher._has_changed(store) for _ in range(5))

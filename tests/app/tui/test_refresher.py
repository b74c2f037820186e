"""The thread that looks for what was committed."""

from __future__ import annotations

import os
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from app.tui.commander import Refused
from app.tui.refresher import Answered, Refresher
from store import events
from store.engine import Store
from store.errors import StoreLocked
from tests.app.tui.world import World


def commit(store: Store) -> None:
    with store.write() as connection:
        events.record(connection, "note", "ann", "somebody did something")


def test_a_commit_is_seen_though_the_files_look_the_same(world: World) -> None:
    """Two commits within one tick of the file system's clock, in a WAL that is used again."""
    store = world.store
    refresher = Refresher(world.workspace, lambda _: None, lambda _: None)
    wal = Path(f"{store.name}-wal")

    def has_changed() -> bool:
        return refresher._has_changed(store, store.glance())

    for _ in range(3):
        commit(store)
    with store.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(RESTART)")
    commit(store)
    while has_changed():
        pass
    commit(store)
    seen = wal.stat()
    assert has_changed()
    commit(store)
    assert wal.stat().st_size == seen.st_size, "not used again: this tests nothing any more"
    os.utime(wal, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    assert has_changed()
    assert not any(has_changed() for _ in range(5))


def test_a_question_outlives_a_store_that_cannot_be_read_now(world: World) -> None:
    posted: SimpleQueue[Any] = SimpleQueue()
    refresher = Refresher(world.workspace, posted.put, lambda _: None)
    tries: list[str] = []

    def locked_at_first(_: Store) -> str:
        tries.append("asked")
        if len(tries) == 1:
            raise StoreLocked("somebody writes")
        return "the form"

    def broken(_: Store) -> str:
        raise ZeroDivisionError("division by zero")

    refresher.once(locked_at_first, lambda _: None)
    refresher.once(broken, lambda _: None)
    refresher.start()
    try:
        found: list[Any] = []
        while not found or not isinstance(found[-1], Refused):
            found.append(posted.get(timeout=10))
    finally:
        refresher.close()
    assert [one.result for one in found if isinstance(one, Answered)] == ["the form"]
    assert "ZeroDivisionError" in found[-1].sentence

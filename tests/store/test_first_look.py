"""The first look says what the store says, without SQLAlchemy."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from store.engine import Store, open_store
from store.first_look import RECENT, first_look
from store.queries.dags import RECENT_RUNS, file_warnings, import_errors, list_dags
from store.queries.system import get_lease
from store.workspace import Workspace
from tests.app.tui import world as worlds
from tests.app.tui import world_hostile
from tests.app.tui.world import World
from tests.support.history import fill

ROOT = Path(__file__).resolve().parents[2]


def same(workspace: Workspace, store: Store) -> None:
    """Both say the same."""
    found = first_look(workspace)
    assert found is not None
    with store.read() as connection:
        assert list(found.dags) == list_dags(connection)
        assert list(found.errors) == import_errors(connection)
        assert list(found.warnings) == file_warnings(connection)
        lease = get_lease(connection)
    if lease is None:
        assert found.lease is None
    else:
        for name in ("hostname", "pid", "started_at", "beat_at", "stopped_at"):
            assert getattr(found.lease, name) == getattr(lease, name)


@pytest.mark.parametrize("name", ["normal", "failed", "hostile"])
def test_it_says_what_the_store_says(workspace: Workspace, store: Store, name: str) -> None:
    world = World(workspace, store)
    getattr(world_hostile if name == "hostile" else worlds, f"fill_{name}")(world)
    world.warning("dags/two.py", "dags/two.py:7: the DAG id is defined twice", "no line")
    same(workspace, store)


def test_also_of_an_empty_store_and_of_a_long_history(workspace: Workspace, store: Store) -> None:
    same(workspace, store)
    fill(store, dags=7, runs=30, tasks=3)
    same(workspace, store)
    assert RECENT == RECENT_RUNS


def test_what_is_not_committed_is_not_seen(workspace: Workspace, store: Store) -> None:
    fill(store, dags=2, runs=2, tasks=2)
    before = first_look(workspace)
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE dag SET is_paused = 1")
        assert first_look(workspace) == before
    same(workspace, store)


def test_where_it_cannot_look_the_store_has_to_be_opened(workspace: Workspace) -> None:
    assert first_look(workspace) is None
    workspace.database.parent.mkdir(parents=True, exist_ok=True)
    workspace.database.write_bytes(b"no database at all" * 100)
    assert first_look(workspace) is None


def test_an_older_schema_is_left_to_the_store(workspace: Workspace) -> None:
    with open_store(workspace, create=True) as store:
        fill(store, dags=1, runs=1, tasks=1)
    connection = sqlite3.connect(workspace.database)
    connection.execute("ALTER TABLE dag RENAME COLUMN next_run_after TO next_dagrun")
    connection.commit()
    connection.close()
    assert first_look(workspace) is None


def test_it_loads_no_sqlalchemy() -> None:
    code = "import sys, store.first_look, app.tui.reading; print('sqlalchemy' in sys.modules)"
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "False"

"""Real databases for the tests of the store: SQLite files, and PostgreSQL where there is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from store import migrations
from store.engine import Store, open_store
from store.models import metadata
from store.workspace import Workspace
from tests.support import postgres
from tests.support.stores import new_store


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
def store(workspace: Workspace) -> Iterator[Store]:
    """An empty SQLite store."""
    with new_store(workspace) as opened:
        yield opened


@pytest.fixture(scope="session")
def shared_postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of a database that is emptied before each test: ten times faster than a new one."""
    with postgres.database(postgres_server) as url:
        yield url


def make_empty(store: Store) -> None:
    names = ", ".join(table.name for table in metadata.sorted_tables)
    with store.write() as connection:
        connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))
        migrations.insert_default_pool(connection)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def any_store(request: pytest.FixtureRequest, workspace: Workspace) -> Iterator[Store]:
    """An empty store of either kind."""
    if request.param == "sqlite":
        with new_store(workspace) as opened:
            yield opened
        return
    url = request.getfixturevalue("shared_postgres_url")
    with open_store(workspace, url=url, create=True) as opened:
        make_empty(opened)
        yield opened

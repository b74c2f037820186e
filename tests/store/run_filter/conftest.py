"""Stores that are opened once per module: there are hundreds of examples."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from store.engine import Store, open_store
from store.workspace import Workspace
from tests.store.conftest import make_empty
from tests.store.run_filter.runs import forget
from tests.support.stores import new_store


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def opened(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    workspace = Workspace(tmp_path_factory.mktemp("run_filter"))
    if request.param == "sqlite":
        with new_store(workspace) as store:
            yield store
        return
    url = request.getfixturevalue("shared_postgres_url")
    with open_store(workspace, url=url, create=True) as store:
        make_empty(store)
        yield store


@pytest.fixture
def any_store(opened: Store) -> Store:
    """A store of either kind without runs."""
    forget(opened)
    return opened

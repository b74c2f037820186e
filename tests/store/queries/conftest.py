"""Stores with little and with much history, made once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from store.engine import Store, open_store
from store.workspace import Workspace
from tests.support.history import fill


def store_with(factory: pytest.TempPathFactory, runs: int) -> Store:
    store = open_store(Workspace(factory.mktemp(f"runs{runs}")), create=True)
    fill(store, dags=6, runs=runs, tasks=6, xcoms=True)
    return store


@pytest.fixture(scope="package")
def little(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with store_with(tmp_path_factory, 80) as store:
        yield store


@pytest.fixture(scope="package")
def much(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with store_with(tmp_path_factory, 800) as store:
        yield store

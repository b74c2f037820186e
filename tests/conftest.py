"""What holds for every test: nothing of the user's own machine is read or written."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from runner.authoring.settings import use
from runner.execution.settings import settings_of
from store.config import RunnerConfig
from tests.support import postgres

# A process of tests opens hundreds of apps: to look, after each 700 new objects, for those that are
# no longer used takes an eighth of its time.
gc.set_threshold(100_000, 50, 100)

# Machines that run tests are busy: a slow example is no failure.
settings.register_profile("dagtop", deadline=None)
settings.load_profile("dagtop")


use(settings_of(RunnerConfig()))  # as every process that runs user code does


@pytest.fixture(scope="session", autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home without settings, and an environment without ``DAGTOP_…``."""
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if name.startswith("DAGTOP_") and not name.startswith("DAGTOP_TEST_"):
            del os.environ[name]
        if name.startswith("XDG_") and name != "XDG_RUNTIME_DIR":
            del os.environ[name]
    os.environ["HOME"] = str(home)
    return home


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The URL of a PostgreSQL server; tests that ask for it are skipped where none can be had."""
    server = postgres.server()
    try:
        url = server.__enter__()
    except postgres.NoServer as reason:
        pytest.skip(str(reason))
    try:
        yield url
    finally:
        server.__exit__(None, None, None)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database."""
    with postgres.database(postgres_server) as url:
        yield url

"""One real runner per module of tests; each test writes its own pipeline file into it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.live import Live, live

SETTINGS = "[runner]\nkill_grace = 1.0\nparse_timeout = 5\nresource_interval = 0.2\n"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A workspace with a running runner, shared by a module's tests."""
    with live(tmp_path_factory.mktemp("workspace")) as workspace:
        workspace.configure(SETTINGS)
        workspace.start()
        yield workspace


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A workspace of the test's own; its runner isn't started yet."""
    with live(tmp_path_factory.mktemp("workspace")) as workspace:
        workspace.configure(SETTINGS)
        yield workspace


@pytest.fixture
def remote(postgres_url: str, own: Live) -> Live:
    """The same on PostgreSQL. It is ended before its database is dropped: it could not say so
    afterwards, and half a minute would be waited for that."""
    own.configure(f'{SETTINGS}[store]\nurl = "{postgres_url}"\n')
    return own

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

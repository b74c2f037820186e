"""A place to run tries in."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.authoring import masking
from tests.support.attempts import Attempts, answering


@pytest.fixture
def attempts(tmp_path: Path) -> Iterator[Attempts]:
    """Runs tries in this process."""
    with (
        tempfile.TemporaryDirectory(prefix="dagtop-") as short,  # a socket's path has 100 bytes
        answering(f"{short}/ask") as knowledge,
    ):
        yield Attempts(tmp_path, f"{short}/ask", knowledge)
    masking.forget()

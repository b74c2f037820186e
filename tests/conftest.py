"""What holds for every test: nothing of the user's own machine is read or written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Machines that run tests are busy: a slow example is no failure.
settings.register_profile("dagtop", deadline=None)
settings.load_profile("dagtop")


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

"""Stores for tests, by the hundred."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from store.engine import Store, open_store
from store.workspace import Workspace


@cache
def _without_rows() -> bytes:
    """The file of a database that was just made."""
    with TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        open_store(workspace, create=True).close()
        return workspace.database.read_bytes()


def new_store(workspace: Workspace) -> Store:
    """The store of a new workspace: a copy, as making its tables takes ten times as long."""
    workspace.create_state_folder()
    workspace.database.touch(mode=0o600, exist_ok=False)
    workspace.database.write_bytes(_without_rows())
    return open_store(workspace)

"""Running commands in the test's process, on real workspaces."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app.cli.root import app
from store.workspace import Workspace
from tests.support.history import fill
from tests.support.stores import new_store


@dataclass(frozen=True)
class Outcome:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


Command = Callable[..., Outcome]


def run_command(workspace: Path, *arguments: str, given: str | None = None) -> Outcome:
    """Run a command on a workspace; ``given`` is its stdin."""
    result = CliRunner().invoke(app, ["--workspace", str(workspace), *arguments], input=given)
    return Outcome(result.exit_code, result.stdout, result.stderr)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace without a database."""
    space = Workspace(tmp_path.resolve())
    space.dags.mkdir()
    return space


@pytest.fixture
def dagtop(workspace: Workspace) -> Command:
    """Run a command on the workspace."""

    def run(*arguments: str, given: str | None = None) -> Outcome:
        return run_command(workspace.root, *arguments, given=given)

    return run


@pytest.fixture
def filled(workspace: Workspace) -> Workspace:
    """Three DAGs with five runs of four tasks each, the newest of them running."""
    with new_store(workspace) as store:
        fill(store, xcoms=True)
    return workspace

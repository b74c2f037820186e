"""Stores of MLflow's, made by its own client."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.exchange.exporting import open_database
from store.workspace import Workspace
from tests.app.exchange import mlflow_client


def client(*arguments: str, folder: Path) -> str:
    """What MLflow's client prints, in a process of its own."""
    environment = {
        **os.environ,
        "MLFLOW_ALLOW_FILE_STORE": "true",
        "PYTHONWARNINGS": "ignore",
        "MLFLOW_LOGGING_LEVEL": "ERROR",
    }
    done = subprocess.run(
        [sys.executable, mlflow_client.__file__, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=folder,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def dumped(*uris: str, folder: Path) -> list[dict[str, Any]]:
    """All that MLflow's client finds in each of these stores: one process, as it takes seconds to
    begin."""
    return [json.loads(line) for line in client("dump", *uris, folder=folder).splitlines()]


@pytest.fixture(scope="session")
def mlflow_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with ``mlruns``."""
    folder = tmp_path_factory.mktemp("files")
    client("make", (folder / "mlruns").as_uri(), str(folder), folder=folder)
    return folder


@pytest.fixture(scope="session")
def mlflow_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file of MLflow's."""
    folder = tmp_path_factory.mktemp("database")
    client("make", f"sqlite:///{folder}/ml.db", str(folder), folder=folder)
    return folder / "ml.db"


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with MLflow's tables and nothing in them: they take seconds to make."""
    path = tmp_path_factory.mktemp("empty") / "ml.db"
    engine, _ = open_database(path)
    engine.dispose()
    return path


@pytest.fixture
def target(empty_database: Path, tmp_path: Path) -> Path:
    """A file to export to."""
    return Path(shutil.copyfile(empty_database, tmp_path / "out.db"))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace without a database."""
    space = Workspace(tmp_path.resolve() / "space")
    space.dags.mkdir(parents=True)
    return space

"""Real MLflow clients, in processes of their own, beside a real runner."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from store.mlflow_plugin import FOLDER as MLFLOW_PLUGIN
from tests.support.live import Live, live, wait_for
from tests.support.scripts import ran, script

OLDER = os.environ.get("DAGTOP_TEST_MLFLOW_2")
"""The interpreter of an environment with mlflow-skinny 2.22, scikit-learn and pandas, if there is
one: the tests are run with it, too."""
HEAD = """
import json, math, os, sys, warnings
warnings.simplefilter("ignore")
import mlflow
from mlflow import MlflowClient
client = MlflowClient()
def tell(value):
    print("TOLD", json.dumps(value), flush=True)
"""


class Clients:
    """Runs scripts with MLflow in a workspace."""

    def __init__(self, workspace: Live, python: str) -> None:
        self.live = workspace
        self.python = python

    def start(self, text: str, **options: Any) -> subprocess.Popen[str]:
        """Start a script; what it may be told by ``tell`` is for ``told``."""
        environment = {
            "PYTHONPATH": str(MLFLOW_PLUGIN),
            "MLFLOW_TRACKING_URI": "dagtop:",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            **options,
        }
        return script(self.live, HEAD + text, python=self.python, **environment)

    def told(self, text: str, **options: Any) -> Any:
        """The last that a script tells."""
        lines = [
            line for line in ran(self.start(text, **options)).splitlines() if line[:5] == "TOLD "
        ]
        return json.loads(lines[-1][5:]) if lines else None

    def wait_until_read(self) -> None:
        """Wait until no recording is left to be read."""
        folder = self.live.workspace.recordings
        wait_for(
            lambda: not [name for name in os.listdir(folder) if "." not in name],
            what="the recordings to be read",
        )


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    """A workspace with a running runner, shared by a module's tests."""
    with live(tmp_path_factory.mktemp("workspace")) as workspace:
        workspace.start()
        yield workspace


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Live]:
    """A workspace of the test's own; its runner isn't started yet."""
    with live(tmp_path) as workspace:
        workspace.workspace.create_state_folder()
        yield workspace


@pytest.fixture(params=["3", "2"])
def python(request: pytest.FixtureRequest) -> str:
    """Interpreters with the two versions of MLflow."""
    if request.param == "3":
        return sys.executable
    if OLDER is None:
        pytest.skip("DAGTOP_TEST_MLFLOW_2 names no interpreter with mlflow-skinny 2.22")
    return OLDER


@pytest.fixture
def clients(shared: Live, python: str) -> Clients:
    """Scripts beside the shared runner."""
    return Clients(shared, python)

"""``dagtop env``: a shell in which MLflow logs into the workspace."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from store.mlflow_plugin import FOLDER
from store.workspace import Workspace


def test_a_shell_takes_over_what_is_printed(
    dagtop: Any, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", "/with a space")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    printed = dagtop("env").out
    shell = f'{printed}\necho "$DAGTOP_WORKSPACE|$MLFLOW_TRACKING_URI|$PYTHONPATH"'
    found = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=True)
    assert found.stdout == f"{workspace.root}|dagtop:|/with a space:{FOLDER}\n"
    assert json.loads(dagtop("env", "--json").out)["MLFLOW_TRACKING_URI"] == "dagtop:"

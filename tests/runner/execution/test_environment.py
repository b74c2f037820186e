"""What tasks inherit: MLflow's plugin, unless the user has said otherwise."""

from __future__ import annotations

import re
from importlib.metadata import Distribution
from pathlib import Path

from runner.execution.environment import host_environment
from store.mlflow_plugin import FOLDER

ROOT = Path("/somewhere")


def test_mlflow_finds_the_plugin_behind_the_users_own_folders() -> None:
    found = host_environment({"PYTHONPATH": "/mine:/other", "HOME": "/h"}, ROOT, mlflow=True)
    assert found == {
        "HOME": "/h",
        "DAGTOP_WORKSPACE": "/somewhere",
        "MLFLOW_TRACKING_URI": "dagtop:",
        "PYTHONPATH": f"/mine:/other:{FOLDER}",
    }
    assert host_environment({}, ROOT, mlflow=True)["PYTHONPATH"] == str(FOLDER)


def test_the_users_own_tracking_uri_and_the_setting_win() -> None:
    own = {"MLFLOW_TRACKING_URI": "http://mine", "PYTHONPATH": "/mine"}
    assert host_environment(own, ROOT, mlflow=True) == {**own, "DAGTOP_WORKSPACE": "/somewhere"}
    assert host_environment({}, ROOT, mlflow=False) == {"DAGTOP_WORKSPACE": "/somewhere"}


def test_every_entry_point_of_the_plugin_is_there() -> None:
    (info,) = FOLDER.glob("*.dist-info")
    points = Distribution.at(info).entry_points
    assert {point.group for point in points} == {
        "mlflow.artifact_repository",
        "mlflow.default_experiment_provider",
        "mlflow.model_registry_store",
        "mlflow.run_context_provider",
        "mlflow.tracking_store",
    }
    for point in points:
        text = (FOLDER / f"{point.module.replace('.', '/')}.py").read_text()
        assert re.search(rf"^class {point.attr}\b", text, re.MULTILINE)

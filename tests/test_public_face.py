"""``dagtop``: what a pipeline file imports, and the command."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import dagtop
from runner.daemon.service import VERSION

ROOT = Path(__file__).resolve().parents[1]
PROMISED = [
    "DAG",
    "dag",
    "task",
    "task_group",
    "TaskGroup",
    "BaseOperator",
    "BashOperator",
    "PythonOperator",
    "BranchPythonOperator",
    "ShortCircuitOperator",
    "EmptyOperator",
    "BaseSensorOperator",
    "FileSensor",
    "TimeDeltaSensor",
    "PokeReturnValue",
    "chain",
    "cross_downstream",
    "Label",
    "Param",
    "TriggerRule",
    "XComArg",
    "get_current_context",
    "setup",
    "teardown",
    "Variable",
    "Connection",
    "log_param",
    "log_params",
    "log_metric",
    "log_metrics",
    "set_tag",
    "set_tags",
    "AirflowException",
    "AirflowSkipException",
    "AirflowFailException",
]


@pytest.mark.parametrize("name", PROMISED)
def test_promised_names_are_there(name: str) -> None:
    assert getattr(dagtop, name) is not None


def test_every_public_name_can_be_imported() -> None:
    missing = [name for name in dagtop.__all__ if not hasattr(dagtop, name)]
    assert not missing


def test_public_names_are_listed_by_dir() -> None:
    assert set(dagtop.__all__) <= set(dir(dagtop))


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    name = "BashOperater"
    with pytest.raises(AttributeError, match="BashOperater"):
        _ = getattr(dagtop, name)


def test_there_is_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == version("dagtop") == VERSION


def test_the_command_starts() -> None:
    result = subprocess.run(
        [sys.executable, "-c", "import dagtop; dagtop.main()", "--help"],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "dagtop" in result.stdout

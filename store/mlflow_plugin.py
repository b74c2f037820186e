"""The plugin by which MLflow logs into a workspace: where it is, and how MLflow finds it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "runner" / "mlflow_plugin"
"""A folder on ``PYTHONPATH`` is enough: nothing is installed into the training's environment."""
TRACKING_URI = "dagtop:"


def variables(base: Mapping[str, str], root: Path) -> dict[str, str]:
    """What has MLflow log into a workspace; ``base`` is the environment it is added to.

    Always the plugin and its address together: without the plugin MLflow doesn't know the address.
    """
    folders = [base.get("PYTHONPATH"), str(FOLDER)]
    return {
        "DAGTOP_WORKSPACE": str(root),
        "MLFLOW_TRACKING_URI": TRACKING_URI,
        "PYTHONPATH": os.pathsep.join(folder for folder in folders if folder),
    }

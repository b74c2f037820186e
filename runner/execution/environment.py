"""The environment of hosts, which tasks and all that they start inherit."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

MLFLOW_PLUGIN = Path(__file__).resolve().parents[1] / "mlflow_plugin"
"""The folder by which MLflow finds our plugin: nothing is installed into the training's own
environment."""


def host_environment(base: Mapping[str, str], workspace: Path, *, mlflow: bool) -> dict[str, str]:
    """The runner's own environment, the workspace, and what has MLflow log into it.

    Always the plugin and its address together: without the plugin MLflow doesn't know the address.
    A user's own ``MLFLOW_TRACKING_URI`` is left as it is.
    """
    found = {**base, "DAGTOP_WORKSPACE": str(workspace)}
    if not mlflow or base.get("MLFLOW_TRACKING_URI"):
        return found
    before = base.get("PYTHONPATH")
    found["PYTHONPATH"] = os.pathsep.join(filter(None, (before, str(MLFLOW_PLUGIN))))
    found["MLFLOW_TRACKING_URI"] = "dagtop:"
    return found

"""The environment of hosts, which tasks and all that they start inherit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from store import mlflow_plugin


def host_environment(base: Mapping[str, str], workspace: Path, *, mlflow: bool) -> dict[str, str]:
    """The runner's own environment, the workspace, and what has MLflow log into it: unless that is
    switched off, or the user's own ``MLFLOW_TRACKING_URI`` says where else."""
    found = {**base, "DAGTOP_WORKSPACE": str(workspace)}
    if mlflow and not base.get("MLFLOW_TRACKING_URI"):
        found.update(mlflow_plugin.variables(base, workspace))
    return found

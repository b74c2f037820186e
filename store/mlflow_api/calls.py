"""Which function answers which call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from store.mlflow_api import experiments, files, local, logged, registered, runs
from store.mlflow_api.asked import Call

__all__ = ["CALLS", "LOCAL_CALLS", "Call", "Handler"]


@dataclass(frozen=True, slots=True)
class Handler:
    """How a call is answered."""

    answer: Callable[[Call], dict[str, Any]]
    writes: bool = True


def _reads(answer: Callable[[Call], dict[str, Any]]) -> Handler:
    return Handler(answer, writes=False)


CALLS: dict[tuple[str, str], Handler] = {
    ("POST", "experiments/create"): Handler(experiments.create),
    ("GET", "experiments/get"): _reads(experiments.get),
    ("GET", "experiments/get-by-name"): _reads(experiments.get_by_name),
    ("GET", "experiments/search"): _reads(experiments.search),
    ("POST", "experiments/search"): _reads(experiments.search),
    ("POST", "experiments/delete"): Handler(experiments.remove),
    ("POST", "experiments/restore"): Handler(experiments.restore),
    ("POST", "experiments/update"): Handler(experiments.rename),
    ("POST", "experiments/set-experiment-tag"): Handler(experiments.set_tag),
    ("POST", "experiments/delete-experiment-tag"): Handler(experiments.delete_tag),
    ("POST", "runs/create"): Handler(runs.create),
    ("GET", "runs/get"): _reads(runs.get),
    ("POST", "runs/update"): Handler(runs.change),
    ("POST", "runs/delete"): Handler(runs.remove),
    ("POST", "runs/restore"): Handler(runs.restore),
    ("POST", "runs/search"): _reads(runs.search),
    ("POST", "runs/log-metric"): Handler(runs.log_metric),
    ("POST", "runs/log-parameter"): Handler(runs.log_parameter),
    ("POST", "runs/log-batch"): Handler(runs.log_batch),
    ("POST", "runs/set-tag"): Handler(runs.set_tag),
    ("POST", "runs/delete-tag"): Handler(runs.delete_tag),
    ("POST", "runs/log-inputs"): Handler(runs.log_inputs),
    ("POST", "runs/outputs"): _reads(runs.nothing),
    ("POST", "runs/log-model"): _reads(runs.nothing),
    ("GET", "metrics/get-history"): _reads(runs.history),
    ("GET", "artifacts/list"): _reads(files.listed),
    ("POST", "logged-models"): Handler(logged.create),
    ("GET", "logged-models/{model_id}"): _reads(logged.get),
    ("PATCH", "logged-models/{model_id}"): Handler(logged.finalize),
    ("DELETE", "logged-models/{model_id}"): Handler(logged.remove),
    ("PATCH", "logged-models/{model_id}/tags"): Handler(logged.set_tags),
    ("DELETE", "logged-models/{model_id}/tags/{tag_key}"): Handler(logged.delete_tag),
    ("POST", "logged-models/{model_id}/params"): Handler(logged.log_params),
    ("POST", "logged-models/search"): _reads(logged.search),
    ("POST", "registered-models/create"): Handler(registered.create_model),
    ("GET", "registered-models/get"): _reads(registered.get_model),
    ("PATCH", "registered-models/update"): Handler(registered.change_model),
    ("POST", "registered-models/rename"): Handler(registered.rename_model),
    ("DELETE", "registered-models/delete"): Handler(registered.delete_model),
    ("GET", "registered-models/search"): _reads(registered.search_models),
    ("POST", "registered-models/get-latest-versions"): _reads(registered.latest_versions),
    ("POST", "registered-models/set-tag"): Handler(registered.set_model_tag),
    ("DELETE", "registered-models/delete-tag"): Handler(registered.delete_model_tag),
    ("POST", "registered-models/alias"): Handler(registered.set_alias),
    ("DELETE", "registered-models/alias"): Handler(registered.delete_alias),
    ("GET", "registered-models/alias"): _reads(registered.get_by_alias),
    ("POST", "model-versions/create"): Handler(registered.create_version),
    ("GET", "model-versions/get"): _reads(registered.get_version),
    ("PATCH", "model-versions/update"): Handler(registered.change_version),
    ("DELETE", "model-versions/delete"): Handler(registered.delete_version),
    ("GET", "model-versions/search"): _reads(registered.search_versions),
    ("GET", "model-versions/get-download-uri"): _reads(registered.download_uri),
    ("POST", "model-versions/set-tag"): Handler(registered.set_version_tag),
    ("DELETE", "model-versions/delete-tag"): Handler(registered.delete_version_tag),
}
"""By method and path below ``/api/2.0/mlflow/``."""

LOCAL_CALLS = {
    **CALLS,
    ("GET", "metrics/get-columns"): _reads(local.columns),
    ("GET", "artifacts/kept"): _reads(local.kept),
    ("POST", "artifacts/delete"): Handler(local.delete),
}
"""What clients on the workspace's own machine may ask, too."""

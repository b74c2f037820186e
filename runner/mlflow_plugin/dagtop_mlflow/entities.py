"""MLflow's entities from documents: those of the runner's answers, and of what this process has
logged itself. MLflow 2 and 3 make some of them differently."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import mlflow.entities
from mlflow.entities import (
    Dataset,
    DatasetInput,
    Experiment,
    ExperimentTag,
    InputTag,
    Metric,
    Param,
    Run,
    RunData,
    RunInfo,
    RunInputs,
    RunTag,
)
from mlflow.entities.model_registry import (
    ModelVersion,
    ModelVersionTag,
    RegisteredModel,
    RegisteredModelAlias,
    RegisteredModelTag,
)
from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2

from dagtop_mlflow import wire

if TYPE_CHECKING:
    from collections.abc import Iterator

ARTIFACTS = "dagtop-artifact:/"
"""What the URI of a run's files begins with; its uuid comes next."""


def accepted(make: Callable[..., Any], **arguments: Any) -> Any:
    """Call a constructor with those of the arguments that it has in this version of MLflow."""
    has = inspect.signature(make).parameters
    return make(**{name: value for name, value in arguments.items() if name in has})


@contextmanager
def plainly() -> Iterator[None]:
    """Have errors of ours be MLflow's, with the same sentence."""
    try:
        yield
    except wire.Refused as error:
        code = getattr(databricks_pb2, error.code, databricks_pb2.INVALID_PARAMETER_VALUE)
        raise MlflowException(str(error), code) from None
    except (wire.RunnerAway, wire.NoWorkspace) as error:
        raise MlflowException(str(error), databricks_pb2.TEMPORARILY_UNAVAILABLE) from None
    except OSError as error:
        raise MlflowException(
            f"what was logged can't be written to the workspace: {error}", databricks_pb2.IO_ERROR
        ) from error


def missing(what: str) -> MlflowException:
    """There is no such thing."""
    return MlflowException(what, databricks_pb2.RESOURCE_DOES_NOT_EXIST)


def info_of(document: Mapping[str, Any]) -> RunInfo:
    """What a run is called, and how it stands."""
    run_id = document["run_id"]
    return accepted(
        RunInfo,
        run_uuid=run_id,
        run_id=run_id,
        experiment_id=document["experiment_id"],
        user_id=document["user_id"],
        status=document["status"],
        start_time=document["start_time"],
        end_time=document["end_time"],
        lifecycle_stage=document["lifecycle_stage"],
        artifact_uri=f"{ARTIFACTS}{run_id}",
        run_name=document["name"],
    )


def run_of(document: Mapping[str, Any]) -> Run:
    """A run with all that was logged for it; of metrics the last values."""
    metrics = [
        Metric(key, float(value), timestamp, step)
        for key, (value, timestamp, step) in document["metrics"].items()
    ]
    data = RunData(
        metrics,
        [Param(key, value) for key, value in document["params"].items()],
        [RunTag(key, value) for key, value in document["tags"].items()],
    )
    inputs = RunInputs(dataset_inputs=[_input_of(one) for one in document["inputs"]])
    if document["outputs"] and hasattr(mlflow.entities, "RunOutputs"):  # of MLflow 3
        from mlflow.entities import LoggedModelOutput, RunOutputs

        models = [LoggedModelOutput(model_id, step) for model_id, step in document["outputs"]]
        return accepted(
            Run,
            run_info=info_of(document),
            run_data=data,
            run_inputs=inputs,
            run_outputs=RunOutputs(models),
        )
    return Run(info_of(document), data, inputs)


def _input_of(document: Mapping[str, Any]) -> DatasetInput:
    must, may = ("name", "digest", "source_type", "source"), ("schema", "profile")
    facts: dict[str, Any] = {name: document[name] for name in must}
    facts.update((name, document.get(name)) for name in may)
    tags = [InputTag(key, value) for key, value in document["tags"].items()]
    return DatasetInput(Dataset(**facts), tags)


def experiment_of(answer: Mapping[str, Any]) -> Experiment:
    """An experiment."""
    return Experiment(
        experiment_id=answer["experiment_id"],
        name=answer["name"],
        artifact_location=f"{ARTIFACTS}experiments/{answer['experiment_id']}",
        lifecycle_stage=answer["lifecycle_stage"],
        tags=[ExperimentTag(one["key"], one["value"]) for one in answer["tags"]],
        creation_time=answer["creation_time"],
        last_update_time=answer["last_update_time"],
    )


def logged_model_of(document: Mapping[str, Any]) -> Any:
    """A LoggedModel (MLflow 3)."""
    from mlflow.entities import LoggedModel, LoggedModelStatus

    return LoggedModel(
        experiment_id=document["experiment_id"],
        model_id=document["model_id"],
        name=document["name"],
        artifact_location=document["location"],
        creation_timestamp=document["created_at"],
        last_updated_timestamp=document["updated_at"],
        model_type=document["model_type"],
        source_run_id=document["source_run_id"],
        status=LoggedModelStatus[document["status"]],
        tags=dict(document["tags"]),
        params=dict(document["params"]),
        metrics=[],
    )


def version_of(answer: Mapping[str, Any]) -> ModelVersion:
    """A version of a registered model."""
    return accepted(
        ModelVersion,
        **{
            **answer,
            "tags": [ModelVersionTag(one["key"], one["value"]) for one in answer["tags"]],
        },
    )


def model_of(answer: Mapping[str, Any]) -> RegisteredModel:
    """A registered model with its latest version."""
    aliases = [RegisteredModelAlias(one["alias"], one["version"]) for one in answer["aliases"]]
    return accepted(
        RegisteredModel,
        **{
            **answer,
            "latest_versions": [version_of(one) for one in answer["latest_versions"]],
            "tags": [RegisteredModelTag(one["key"], one["value"]) for one in answer["tags"]],
            "aliases": aliases,
        },
    )


# -- the runner's answers as the documents that this process has of what it has begun itself

STATUSES = {
    "LOGGED_MODEL_PENDING": "PENDING",
    "LOGGED_MODEL_READY": "READY",
    "LOGGED_MODEL_UPLOAD_FAILED": "FAILED",
}


def pairs(found: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Params and tags by key."""
    return {one["key"]: one["value"] for one in found}


def run_document(answer: Mapping[str, Any]) -> dict[str, Any]:
    """A run as ``run_of`` takes it."""
    info, data = answer["info"], answer["data"]
    names = ("run_id", "experiment_id", "user_id", "status", "start_time", "lifecycle_stage")
    return {
        **{name: info[name] for name in names},
        "name": info["run_name"],
        "end_time": info.get("end_time"),
        "metrics": {
            one["key"]: [one["value"], one["timestamp"], one["step"]] for one in data["metrics"]
        },
        "params": pairs(data["params"]),
        "tags": pairs(data["tags"]),
        "inputs": [
            {**one["dataset"], "tags": pairs(one["tags"])}
            for one in answer["inputs"]["dataset_inputs"]
        ],
        "outputs": [[one["model_id"], one["step"]] for one in answer["outputs"]["model_outputs"]],
    }


def model_document(answer: Mapping[str, Any]) -> dict[str, Any]:
    """A logged model as ``logged_model_of`` takes it."""
    info = answer["info"]
    return {
        "model_id": info["model_id"],
        "experiment_id": info["experiment_id"],
        "run": info["source_run_id"],
        "source_run_id": info["source_run_id"] or None,
        "name": info["name"],
        "model_type": info["model_type"] or None,
        "status": STATUSES[info["status"]],
        "location": info["artifact_uri"],
        "created_at": info["creation_timestamp_ms"],
        "updated_at": info["last_updated_timestamp_ms"],
        "tags": pairs(info["tags"]),
        "params": pairs(answer["data"]["params"]),
    }

"""MLflow's client in a process of its own: ``make URI FOLDER`` logs, ``dump URI …`` prints all of
each store on a line; ``models URI FOLDER`` logs and registers models, ``load URI`` prints what is
in their files."""

from __future__ import annotations

import hashlib
import json
import struct
import sys
from pathlib import Path
from typing import Any


def make(uri: str, folder: str) -> None:
    """Log what a store can hold."""
    import mlflow
    import numpy as np
    from mlflow.tracking import MlflowClient

    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    place = None if uri.startswith("http") else f"{folder}/artifacts"
    client.create_experiment("exp/one", place, tags={"team": "a b"})
    mlflow.set_experiment("exp/one")
    with mlflow.start_run(run_name="first", description="a *note*") as run:
        mlflow.log_params({"lr": 0.1, "deep/key": "x y\nz"})
        for step in range(5):
            mlflow.log_metric("loss", 1 / (step + 3), step=step)
        mlflow.log_metric("loss", float("nan"), step=5)
        mlflow.log_metric("val/acc", float("inf"), step=1)
        mlflow.log_metric("val/acc", float("-inf"), step=2)
        mlflow.set_tag("k.v", "w")
        mlflow.log_text("hello", "deep/file.txt")
        mlflow.log_dict({"a": 1}, "x.json")
        data = mlflow.data.from_numpy(np.arange(6).reshape(3, 2), name="numbers")  # type: ignore[attr-defined]
        mlflow.log_input(data, context="training")
        with mlflow.start_run(run_name="child", nested=True):
            mlflow.log_metric("m", -0.1)
    with mlflow.start_run(run_name="gone") as gone:
        pass
    client.delete_run(gone.info.run_id)
    try:
        with mlflow.start_run(run_name="fails"):
            raise ValueError("on purpose")
    except ValueError:
        pass
    client.create_run(run.info.experiment_id, run_name="open")
    client.create_registered_model("reg", tags={"t": "1"}, description="d")
    for _ in range(2):
        source = f"runs:/{run.info.run_id}/deep"
        client.create_model_version("reg", source, run_id=run.info.run_id, tags={"x": "y"})
    client.delete_model_version("reg", "1")
    client.set_registered_model_alias("reg", "champion", "2")
    model = mlflow.initialize_logged_model(
        name="lm", source_run_id=run.info.run_id, params={"p": "1"}, tags={"q": "2"}
    )
    mlflow.finalize_logged_model(model.model_id, "READY")


def dump(uri: str) -> dict[str, Any]:
    """All that the client finds there."""
    import mlflow
    from mlflow.entities import ViewType
    from mlflow.tracking import MlflowClient

    mlflow.set_tracking_uri(uri)  # of a logged model's files, the client asks there
    client = MlflowClient(tracking_uri=uri, registry_uri=uri)
    found: dict[str, Any] = {"experiments": {}, "runs": {}, "models": {}, "logged": {}}
    for one in client.search_experiments(view_type=ViewType.ALL):
        found["experiments"][one.name] = [one.lifecycle_stage, one.tags]
        for run in client.search_runs([one.experiment_id], run_view_type=ViewType.ALL):
            found["runs"][run.info.run_id] = _run(client, one.name, run)
        for model in client.search_logged_models([one.experiment_id]):
            facts = [model.name, str(model.status), model.source_run_id, model.params]
            found["logged"][model.model_id] = [*facts, model.tags.get("q")]
    for model in client.search_registered_models():
        versions = client.search_model_versions(f"name = '{model.name}'")
        found["models"][model.name] = {
            "tags": model.tags,
            "description": model.description,
            "aliases": {alias: str(version) for alias, version in model.aliases.items()},
            "versions": sorted(
                [str(one.version), one.source, one.run_id, one.tags, one.status] for one in versions
            ),
        }
    return found


def _run(client: Any, experiment: str, run: Any) -> dict[str, Any]:
    info = run.info
    history = {
        key: [
            [struct.pack("<d", point.value).hex(), point.timestamp, point.step]
            for point in client.get_metric_history(info.run_id, key)
        ]
        for key in run.data.metrics
    }
    return {
        "experiment": experiment,
        "name": info.run_name,
        "user": info.user_id,
        "status": info.status,
        "times": [info.start_time, info.end_time],
        "stage": info.lifecycle_stage,
        "params": run.data.params,
        "tags": run.data.tags,
        "last": {k: struct.pack("<d", v).hex() for k, v in run.data.metrics.items()},
        "history": history,
        "inputs": [
            [vars(one.dataset), [vars(tag) for tag in one.tags]]
            for one in run.inputs.dataset_inputs
        ],
        "artifacts": _artifacts(client, info.run_id, None),
    }


def stored(*values: str) -> list[tuple[bool, float]]:
    """How MLflow puts values into a database."""
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

    own: Any = SqlAlchemyStore
    return [own.sanitize_metric_value(None, float(one)) for one in values]


def _artifacts(client: Any, uuid: str, folder: str | None) -> dict[str, str]:
    found = {}
    for one in client.list_artifacts(uuid, folder):
        if one.is_dir:
            found |= _artifacts(client, uuid, one.path)
        else:
            content = Path(client.download_artifacts(uuid, one.path)).read_bytes()
            found[one.path] = hashlib.sha256(content).hexdigest()
    return found


def models(uri: str, folder: str) -> None:
    """Log and register models: two of one name in a run, and one as MLflow 2 did."""
    import mlflow
    from mlflow.tracking import MlflowClient

    mlflow.set_tracking_uri(uri)
    client = MlflowClient()
    client.create_experiment("nets", f"{folder}/artifacts")
    mlflow.set_experiment("nets")
    weights = Path(folder, "weights.txt")
    with mlflow.start_run() as run:
        for text in ("one", "two"):
            weights.write_text(text)
            model = mlflow.initialize_logged_model(name="net", source_run_id=run.info.run_id)
            client.log_model_artifact(model.model_id, str(weights))
            mlflow.finalize_logged_model(model.model_id, "READY")
            mlflow.register_model(f"models:/{model.model_id}", "net")
        mlflow.log_text("three", "old/weights.txt")
        source = f"{run.info.artifact_uri}/old"
        client.create_model_version("net", source, run.info.run_id)
        client.create_model_version("net", f"runs:/{run.info.run_id}/old", run.info.run_id)


def load(uri: str) -> list[str]:
    """What is in the files of the versions of the model."""
    import mlflow

    mlflow.set_tracking_uri(uri)
    get = mlflow.artifacts.download_artifacts  # pyright: ignore[reportPrivateImportUsage]
    places = [get(f"models:/net/{one}") for one in (1, 2, 3, 4)]
    return [Path(place, "weights.txt").read_text() for place in places]


if __name__ == "__main__":
    verb, *arguments = sys.argv[1:]
    if verb in ("make", "models"):
        (make if verb == "make" else models)(*arguments)
    elif verb == "load":
        print(json.dumps(load(*arguments)))
    elif verb == "stored":
        print(json.dumps(stored(*arguments)))
    else:
        for one in arguments:
            print(json.dumps(dump(one), sort_keys=True, default=str))

"""MLflow's calls about the models that runs have logged (MLflow 3).

Their files are among those of their run, under the model's name.
"""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from sqlalchemy import select

from store import logged_models, tracking
from store.logged_models import ADDRESS, LoggedModelRow
from store.mlflow_api import experiments
from store.mlflow_api.asked import Call, cut, milliseconds
from store.mlflow_api.conditions import passes
from store.mlflow_api.errors import ApiError, missing
from store.models import experiment
from store.tracking import NewRun

PAGE, MOST = 100, 5000
STATUSES = {
    "LOGGED_MODEL_PENDING": logged_models.PENDING,
    "LOGGED_MODEL_READY": logged_models.READY,
    "LOGGED_MODEL_UPLOAD_FAILED": logged_models.FAILED,
}
NUMBERS = {1: "LOGGED_MODEL_PENDING", 2: "LOGGED_MODEL_READY", 3: "LOGGED_MODEL_UPLOAD_FAILED"}


def create(call: Call) -> dict[str, Any]:
    of = experiments.row_of(call, call.text_or(experiments.DEFAULT_ID, "experiment_id"))
    model_id = f"m-{uuid4().hex}"
    name = call.text_or("", "name") or f"model-{model_id[2:10]}"
    uuid = call.text_or("", "source_run_id") or _holder(call, of.name, name)
    key = tracking.run_with_uuid(call.connection, uuid)
    if key is None:
        raise missing("run", uuid)
    location = f"{ADDRESS}{uuid}/{name}"
    if any(one.artifact_location == location for one in logged_models.of_run(call.connection, key)):
        location += f"-{model_id[2:10]}"
    facts = {
        "id": model_id,
        "name": name,
        "model_type": call.text_or(None, "model_type"),
        "status": logged_models.PENDING,
        "artifact_location": location,
        "params": call.pairs("params"),
        "tags": call.pairs("tags"),
    }
    logged_models.put(call.connection, key, facts, call.now)
    return _answer(call, model_id)


def _holder(call: Call, experiment_name: str, name: str) -> str:
    """A run for the files of a model that is logged outside of one."""
    uuid = uuid4().hex
    key = tracking.create_run(call.connection, NewRun(uuid, experiment_name, name, call.now))
    tracking.set_status(call.connection, key, tracking.FINISHED, call.now)
    return uuid


def get(call: Call) -> dict[str, Any]:
    return _answer(call, call.text("model_id"))


def finalize(call: Call) -> dict[str, Any]:
    given = call.asked.get("status")
    status = STATUSES.get(NUMBERS.get(given, "") if isinstance(given, int) else str(given))
    if status is None:
        raise ApiError(f"Invalid status {given!r}: {', '.join(STATUSES)}")
    return _change(call, status=status)


def set_tags(call: Call) -> dict[str, Any]:
    row = _row(call, call.text("model_id"))
    return _change(call, tags={**row.tags, **call.pairs("tags")})


def delete_tag(call: Call) -> dict[str, Any]:
    row, key = _row(call, call.text("model_id")), call.text("tag_key")
    if key not in row.tags:
        raise missing(f"tag of model {row.id}", key)
    return _change(call, tags={k: v for k, v in row.tags.items() if k != key})


def log_params(call: Call) -> dict[str, Any]:
    row = _row(call, call.text("model_id"))
    return _change(call, params={**row.params, **call.pairs("params")})


def remove(call: Call) -> dict[str, Any]:
    row = _row(call, call.text("model_id"))
    logged_models.delete(call.connection, row.id, call.now)
    return {}


def search(call: Call) -> dict[str, Any]:
    keys = [experiments.row_of(call, str(one)).id for one in call.several("experiment_ids")]
    text = call.text_or("", "filter")
    found = [
        row
        for row in logged_models.of_experiments(call.connection, keys)
        if passes(text, _facts(row))
    ]
    page, token = cut(found, call, MOST, PAGE)
    documents = [_document(call, row) for row in page]
    return {"models": documents, **({"next_page_token": token} if token else {})}


def address_of(call: Call, stored: str) -> str:
    """A place of files as clients are told it."""
    if stored.startswith(ADDRESS):
        return f"{call.artifact_root}/{stored.removeprefix(ADDRESS)}"
    return stored


def stored_address(call: Call, told: str) -> str:
    """A place of files as the store has it, of what a client says."""
    if told.startswith(f"{call.artifact_root}/"):
        return ADDRESS + told.removeprefix(f"{call.artifact_root}/")
    return told


def _facts(row: LoggedModelRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "model_id": row.id,
        "model_type": row.model_type,
        "status": row.status,
        "source_run_id": row.run_uuid,
        "creation_timestamp": milliseconds(row.created_at),
        "creation_time": milliseconds(row.created_at),
        "last_updated_timestamp": milliseconds(row.updated_at),
        "params": row.params,
        "tags": row.tags,
    }


def _row(call: Call, model_id: str) -> LoggedModelRow:
    found = logged_models.get(call.connection, model_id)
    if found is None or found.deleted_at is not None:
        raise missing("logged model", model_id)
    return found


def _change(call: Call, **values: Any) -> dict[str, Any]:
    row = _row(call, call.text("model_id"))
    key = tracking.run_with_uuid(call.connection, row.run_uuid or "")
    if key is None:
        raise missing("run of model", row.id)
    facts = {
        name: getattr(row, name)
        for name in ("id", "name", "model_type", "status", "artifact_location", "params", "tags")
    }
    logged_models.put(call.connection, key, {**facts, **values}, call.now)
    return _answer(call, row.id)


def _answer(call: Call, model_id: str) -> dict[str, Any]:
    return {"model": _document(call, _row(call, model_id))}


def _document(call: Call, row: LoggedModelRow) -> dict[str, Any]:
    query = select(experiment.c.id, experiment.c.name).where(experiment.c.id == row.experiment_id)
    of = call.connection.execute(query).one()
    statuses = {value: key for key, value in STATUSES.items()}
    return {
        "info": {
            "model_id": row.id,
            "experiment_id": experiments.id_of(of),
            "name": row.name,
            "creation_timestamp_ms": milliseconds(row.created_at),
            "last_updated_timestamp_ms": milliseconds(row.updated_at),
            "artifact_uri": address_of(call, row.artifact_location),
            "status": statuses[row.status],
            "model_type": row.model_type or "",
            "source_run_id": row.run_uuid or "",
            "tags": [{"key": key, "value": value} for key, value in row.tags.items()],
        },
        "data": {"params": [{"key": key, "value": value} for key, value in row.params.items()]},
    }

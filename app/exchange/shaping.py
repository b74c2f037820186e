"""The facts of MLflow's folders, databases and servers in one shape.

They have the same names in all three, but for those of times; statuses are numbers in folders, and
of logged models in databases, too; whole numbers of 64 bits are texts in JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.exchange.foreign import (
    ForeignExperiment,
    ForeignLoggedModel,
    ForeignModel,
    ForeignRun,
    ForeignVersion,
    Point,
    known_time,
)

Facts = Mapping[str, Any]
Pairs = dict[str, str]

STATUSES = {
    1: "RUNNING", 2: "RUNNING", 3: "FINISHED", 4: "FAILED", 5: "KILLED",
    "RUNNING": "RUNNING", "SCHEDULED": "RUNNING", "FAILED": "FAILED", "KILLED": "KILLED",
}  # fmt: skip
MODEL_STATUSES = {
    1: "PENDING", 2: "READY", 3: "FAILED",
    "LOGGED_MODEL_PENDING": "PENDING", "LOGGED_MODEL_UPLOAD_FAILED": "FAILED",
}  # fmt: skip
MADE = ("creation_time", "creation_timestamp", "creation_timestamp_ms")
CHANGED = ("last_updated_time", "last_updated_timestamp", "last_updated_timestamp_ms")
DELETED = "deleted"
MODEL_ID = "mlflow.model_id"
"""The tag of a version that says which logged model it is."""


def experiment_from(key: str, facts: Facts, tags: Pairs) -> ForeignExperiment:
    """An experiment, by its id there."""
    return ForeignExperiment(
        key=key,
        name=_text(facts, "name") or key,
        created_at=known_time(_first(facts, MADE)),
        is_deleted=facts.get("lifecycle_stage") == DELETED,
        tags=tags,
        artifact_location=_text(facts, "artifact_location"),
    )


def run_from(
    uuid: str,
    experiment_key: str,
    facts: Facts,
    *,
    params: Pairs,
    tags: Pairs,
    metrics: dict[str, list[Point]],
    inputs: list[dict[str, Any]],
) -> ForeignRun:
    """A run."""
    status = _status(facts, STATUSES, "FINISHED")
    return ForeignRun(
        uuid=uuid,
        experiment_key=experiment_key,
        name=str(_first(facts, ("run_name", "name")) or tags.get("mlflow.runName") or uuid),
        user=_text(facts, "user_id"),
        status=status,
        started_at=known_time(facts.get("start_time")),
        ended_at=None if status == "RUNNING" else known_time(facts.get("end_time")),
        is_deleted=facts.get("lifecycle_stage") == DELETED,
        artifact_uri=_text(facts, "artifact_uri"),
        params=params,
        tags=tags,
        metrics=metrics,
        inputs=inputs,
    )


def input_from(facts: Facts, tags: Pairs, prefix: str = "") -> dict[str, Any]:
    """A data set as ``store.tracking.log_input`` takes it. ``prefix``: of the names of its source,
    schema and profile."""
    return {
        "name": _text(facts, "name"),
        "digest": _text(facts, "digest"),
        "source_type": _text(facts, f"{prefix}source_type"),
        "source": _text(facts, f"{prefix}source"),
        "schema": _text(facts, f"{prefix}schema") or None,
        "profile": _text(facts, f"{prefix}profile") or None,
        "tags": tags,
    }


def version_from(facts: Facts, tags: Pairs) -> ForeignVersion:
    """A version of a registered model."""
    return ForeignVersion(
        version=int(facts["version"]),
        run_uuid=_text(facts, "run_id") or None,
        source=_text(facts, "source"),
        status=_text(facts, "status") or "READY",
        user=_text(facts, "user_id"),
        description=_text(facts, "description"),
        logged_model_id=tags.get(MODEL_ID) or _text(facts, "model_id") or None,
        created_at=known_time(_first(facts, MADE)),
        updated_at=known_time(_first(facts, CHANGED)),
        tags=tags,
    )


def model_from(
    name: str, facts: Facts, *, tags: Pairs, aliases: dict[str, int], versions: list[ForeignVersion]
) -> ForeignModel:
    """A registered model."""
    return ForeignModel(
        name=name,
        description=_text(facts, "description"),
        created_at=known_time(_first(facts, MADE)),
        updated_at=known_time(_first(facts, CHANGED)),
        tags=tags,
        aliases=aliases,
        versions=sorted(versions, key=lambda one: one.version),
    )


def logged_model_from(
    model_id: str,
    experiment_key: str,
    facts: Facts,
    *,
    location: str,
    params: Pairs,
    tags: Pairs,
) -> ForeignLoggedModel:
    """A model that a run has logged."""
    return ForeignLoggedModel(
        id=model_id,
        experiment_key=experiment_key,
        run_uuid=_text(facts, "source_run_id") or None,
        name=_text(facts, "name") or model_id,
        model_type=_text(facts, "model_type") or None,
        status=_status(facts, MODEL_STATUSES, "READY"),
        artifact_location=location,
        created_at=known_time(_first(facts, MADE)),
        updated_at=known_time(_first(facts, CHANGED)),
        is_deleted=facts.get("lifecycle_stage") == DELETED,
        params=params,
        tags=tags,
    )


def _first(facts: Facts, names: tuple[str, ...]) -> Any:
    """What there is under the first of these names that it has."""
    return next((facts[name] for name in names if _text(facts, name)), None)


def _text(facts: Facts, name: str) -> str:
    """A text, or a number as one; empty for what is neither, which a damaged file may hold."""
    value = facts.get(name)
    return str(value) if isinstance(value, str | int | float) else ""


def _status(facts: Facts, known: Mapping[Any, str], usual: str) -> str:
    """What a status is called: a text, or a number, which a file may hold as text."""
    value = _text(facts, "status")
    return known.get(int(value) if value.isdecimal() else value, usual)

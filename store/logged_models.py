"""Models that runs have logged (MLflow 3's LoggedModel): what a registered version is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from store import records
from store.models import experiment, logged_model, tracked_run

ADDRESS = "dagtop-artifact:/"
"""How the store names files of a run: ``dagtop-artifact:/RUN/path``."""
PENDING, READY, FAILED = "PENDING", "READY", "FAILED"
ADDRESS = "dagtop-artifact:/"
"""How the store names files of a run: ``dagtop-artifact:/RUN/path``."""
AT_ONCE = 500
"""Runs that one question is about: databases bind only so many values."""


@dataclass(frozen=True, slots=True)
class LoggedModelRow:
    """A logged model."""

    id: str
    """``m-`` and 32 hexadecimal digits, as MLflow's."""
    experiment_id: int
    run_uuid: str | None
    """None: its run is gone."""
    name: str
    model_type: str | None
    status: str
    """PENDING, READY, FAILED."""
    artifact_location: str
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    params: dict[str, str]
    tags: dict[str, str]


_ROWS = select(
    logged_model.c.id,
    logged_model.c.experiment_id,
    tracked_run.c.uuid.label("run_uuid"),
    logged_model.c.name,
    logged_model.c.model_type,
    logged_model.c.status,
    logged_model.c.artifact_location,
    logged_model.c.created_at,
    logged_model.c.updated_at,
    logged_model.c.deleted_at,
    logged_model.c.params,
    logged_model.c.tags,
).outerjoin_from(logged_model, tracked_run, tracked_run.c.id == logged_model.c.run_id)


def put(connection: Connection, run_id: int, facts: dict[str, Any], at: datetime) -> None:
    """Write a model of a run as it is now, over what was known of it. ``facts``: its ``id``,
    ``name``, ``model_type``, ``status``, ``artifact_location``, ``params`` and ``tags``."""
    of_run = select(tracked_run.c.experiment_id).where(tracked_run.c.id == run_id)
    known = select(logged_model.c.created_at).where(logged_model.c.id == facts["id"])
    row = {
        **facts,
        "run_id": run_id,
        "experiment_id": connection.execute(of_run).scalar_one(),
        "created_at": connection.execute(known).scalar() or at,
        "updated_at": at,
        "deleted_at": None,
    }
    records.put(connection, logged_model, [row])


def get(connection: Connection, model_id: str) -> LoggedModelRow | None:
    """A logged model, a deleted one, too; None if there is none of that id."""
    row = connection.execute(_ROWS.where(logged_model.c.id == model_id)).first()
    return None if row is None else LoggedModelRow(*row)


def of_experiments(connection: Connection, ids: Sequence[int]) -> list[LoggedModelRow]:
    """The logged models of experiments that are not deleted, the newest first."""
    query = (
        _ROWS.where(logged_model.c.experiment_id.in_(ids), logged_model.c.deleted_at.is_(None))
        .join(experiment, experiment.c.id == logged_model.c.experiment_id)
        .order_by(logged_model.c.created_at.desc(), logged_model.c.id)
    )
    return [LoggedModelRow(*row) for row in connection.execute(query)]


def of_run(connection: Connection, run_id: int) -> list[LoggedModelRow]:
    """The logged models of a run that are not deleted, the oldest first."""
    query = _ROWS.where(logged_model.c.run_id == run_id, logged_model.c.deleted_at.is_(None))
    found = connection.execute(query.order_by(logged_model.c.created_at, logged_model.c.id))
    return [LoggedModelRow(*row) for row in found]


def ids_of_runs(connection: Connection, run_ids: Sequence[int]) -> dict[int, list[str]]:
    """By run the ids of its logged models that are not deleted, the oldest first."""
    columns = logged_model.c
    found: dict[int, list[str]] = {}
    for start in range(0, len(run_ids), AT_ONCE):
        some = run_ids[start : start + AT_ONCE]
        query = (
            select(columns.run_id, columns.id)
            .where(columns.run_id.in_(some), columns.deleted_at.is_(None))
            .order_by(columns.created_at, columns.id)
        )
        for run_id, model_id in connection.execute(query):
            found.setdefault(run_id, []).append(model_id)
    return found


def set_tags(connection: Connection, model_id: str, tags: dict[str, str | None]) -> bool:
    """Set tags of a logged model, None takes one away; False if there is no such model."""
    found = get(connection, model_id)
    if found is None:
        return False
    merged = {**found.tags, **tags}
    kept = {key: value for key, value in merged.items() if value is not None}
    where = logged_model.c.id == model_id
    connection.execute(update(logged_model).where(where).values(tags=kept))
    return True


def delete(connection: Connection, model_id: str, at: datetime) -> bool:
    """Mark a logged model as deleted; False if there is none of that id."""
    where = logged_model.c.id == model_id
    return bool(
        connection.execute(update(logged_model).where(where).values(deleted_at=at)).rowcount
    )

"""Giving models to MLflow: those that runs have logged, and the registered ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from store.logged_models import ADDRESS
from store.models import (
    experiment,
    logged_model,
    model_alias,
    model_version,
    registered_model,
    tracked_run,
)
from store.values import EPOCH

MILLISECOND = timedelta(milliseconds=1)
STATUS_NUMBERS = {"PENDING": 1, "READY": 2, "FAILED": 3}
WORKSPACE = {"workspace": "default"}
"""MLflow's since 3.10; tables without that column don't get it."""


def milliseconds(at: datetime | None) -> int | None:
    """A time as MLflow writes it."""
    return None if at is None else (at - EPOCH) // MILLISECOND


def put(
    target: Connection, tables: dict[str, Table], table_name: str, rows: list[dict[str, Any]]
) -> None:
    """Insert rows, of each what the table has a column for; none where there is no such table."""
    table = tables.get(table_name)
    if table is not None and rows:
        kept = [{k: v for k, v in row.items() if k in table.c} for row in rows]
        target.execute(insert(table), kept)


def export_models(source: Connection, target: Connection, tables: dict[str, Table]) -> int:
    """Write all models whose experiment or name the target knows nothing of yet; how many
    registered ones were new."""
    _export_logged(source, target, tables)
    return _export_registered(source, target, tables)


def _export_logged(source: Connection, target: Connection, tables: dict[str, Table]) -> None:
    table = tables.get("logged_models")
    if table is None:
        return
    known = set(target.execute(select(table.c.model_id)).scalars())
    runs, experiments = tables["runs"], tables["experiments"]
    there = set(target.execute(select(runs.c.run_uuid)).scalars())
    ids = dict(target.execute(select(experiments.c.name, experiments.c.experiment_id)).all())
    query = (
        select(logged_model, experiment.c.name.label("of"), tracked_run.c.uuid)
        .join(experiment, experiment.c.id == logged_model.c.experiment_id)
        .outerjoin(tracked_run, tracked_run.c.id == logged_model.c.run_id)
    )
    for one in source.execute(query).all():
        if one.id in known or one.of not in ids or (one.uuid and one.uuid not in there):
            continue
        whose = {"model_id": one.id, "experiment_id": ids[one.of]}
        facts = {
            "name": one.name,
            "artifact_location": _place(target, tables, one.artifact_location),
            "creation_timestamp_ms": milliseconds(one.created_at),
            "last_updated_timestamp_ms": milliseconds(one.updated_at),
            "status": STATUS_NUMBERS.get(one.status, 2),
            "lifecycle_stage": "deleted" if one.deleted_at else "active",
            "model_type": one.model_type,
            "source_run_id": one.uuid,
        }
        put(target, tables, "logged_models", [{**whose, **facts}])
        params = [{**whose, "param_key": k, "param_value": v} for k, v in one.params.items()]
        put(target, tables, "logged_model_params", params)
        tags = [{**whose, "tag_key": k, "tag_value": v} for k, v in one.tags.items()]
        put(target, tables, "logged_model_tags", tags)


def _export_registered(source: Connection, target: Connection, tables: dict[str, Table]) -> int:
    table = tables.get("registered_models")
    if table is None:
        return 0
    known = set(target.execute(select(table.c.name)).scalars())
    number = 0
    for one in source.execute(select(registered_model)).all():
        if one.name not in known:
            _export_model(source, target, tables, one)
            number += 1
    return number


def _export_model(
    source: Connection, target: Connection, tables: dict[str, Table], one: Any
) -> None:
    whose = {"name": one.name, **WORKSPACE}
    facts = {
        "creation_time": milliseconds(one.created_at),
        "last_updated_time": milliseconds(one.updated_at),
        "description": one.description,
    }
    put(target, tables, "registered_models", [{**whose, **facts}])
    tags = [{**whose, "key": k, "value": v} for k, v in one.tags.items()]
    put(target, tables, "registered_model_tags", tags)
    versions = select(model_version).where(model_version.c.model_id == one.id)
    for each in source.execute(versions.order_by(model_version.c.version)).all():
        of_version = {**whose, "version": each.version}
        source_uri = _place(target, tables, each.source, each.run_uuid)
        facts = {
            "creation_time": milliseconds(each.created_at),
            "last_updated_time": milliseconds(each.updated_at),
            "description": each.description,
            "user_id": each.user_id,
            "current_stage": "None",
            "source": source_uri,
            "storage_location": source_uri,
            "run_id": each.run_uuid,
            "status": each.status,
        }
        put(target, tables, "model_versions", [{**of_version, **facts}])
        tags = [{**of_version, "key": k, "value": v} for k, v in each.tags.items()]
        put(target, tables, "model_version_tags", tags)
    aliases = source.execute(select(model_alias).where(model_alias.c.model_id == one.id)).all()
    rows = [{**whose, "alias": each.alias, "version": each.version} for each in aliases]
    put(target, tables, "registered_model_aliases", rows)


def _place(
    target: Connection, tables: dict[str, Table], stored: str, run_uuid: str | None = None
) -> str:
    """Where files are once they are exported: those of a run are below its artifacts there."""
    uuid, path = run_uuid or "", stored
    if stored.startswith(ADDRESS):
        uuid, _, path = stored.removeprefix(ADDRESS).partition("/")
    elif ":/" in stored or stored.startswith("/"):
        return stored
    runs = tables["runs"]
    query = select(runs.c.artifact_uri).where(runs.c.run_uuid == uuid)
    folder = target.execute(query).scalar()
    return stored if folder is None else f"{folder}/{path}"

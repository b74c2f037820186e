"""What MLflow's client asks of others' runs, as documents: answered by the store's queries."""

from __future__ import annotations

import base64
import hashlib
import math
import sys
from array import array
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, select

from store import logged_models, metric_points
from store.errors import InvalidValue
from store.logged_models import LoggedModelRow
from store.models import dataset, dataset_input, experiment, experiment_tag, logged_model, metric
from store.queries import registry, tracked
from store.queries.registry import ModelRow, Reference, VersionRow
from store.queries.tracked import TrackedRow
from store.run_filter import Filter, order, parse, select_runs
from store.run_filter.tree import Attribute, Node, OneOf, Or, Param, Standings, conjunction
from store.tracking import PARENT_RUN, RUN_NAME, run_with_uuid

Document = dict[str, Any]
View = Literal["active_only", "deleted_only", "all"]
DEFAULT_ID, DEFAULT_NAME = "0", "Default"
"""MLflow's first experiment: its id is known to every client."""
MOST_RUNS = 50_000


def milliseconds(at: datetime) -> int:
    return round(at.timestamp() * 1000)


# -- experiments


def experiment_key(name: str, row_id: int) -> str:
    """The id that a client knows an experiment by."""
    return DEFAULT_ID if name == DEFAULT_NAME else str(row_id)


def pseudo_id(name: str) -> str:
    """What a client calls an experiment that it couldn't ask for."""
    return "x" + hashlib.sha256(name.encode()).hexdigest()[:16]


def experiment_names(connection: Connection, keys: Sequence[str]) -> list[str]:
    """The names of experiments by their ids; those that there are."""
    wanted = set(keys)
    rows = connection.execute(select(experiment.c.id, experiment.c.name))
    return [
        row.name for row in rows if {experiment_key(row.name, row.id), pseudo_id(row.name)} & wanted
    ]


def get_experiment(
    connection: Connection, name: str | None = None, experiment_id: str | None = None
) -> Document | None:
    names = [name] if name is not None else experiment_names(connection, [experiment_id or ""])
    if not names and experiment_id == DEFAULT_ID:
        return _experiment(DEFAULT_ID, DEFAULT_NAME, False, 0, {})  # made with its first run
    found = _experiments(connection, names)
    return found[0] if found else None


def list_experiments(connection: Connection, view: View = "active_only") -> list[Document]:
    stages = {"active_only": ("active",), "deleted_only": ("deleted",)}
    wanted = stages.get(view, ("active", "deleted"))
    return [one for one in _experiments(connection) if one["lifecycle_stage"] in wanted]


def _experiments(connection: Connection, names: Sequence[str] | None = None) -> list[Document]:
    query = select(experiment).order_by(experiment.c.id)
    if names is not None:
        query = query.where(experiment.c.name.in_(names))
    rows = connection.execute(query).all()
    tags: dict[int, dict[str, str]] = {}
    for row in connection.execute(select(experiment_tag)):
        tags.setdefault(row.experiment_id, {})[row.key] = row.value
    return [
        _experiment(
            experiment_key(row.name, row.id),
            row.name,
            row.deleted_at is not None,
            milliseconds(row.created_at),
            tags.get(row.id, {}),
        )
        for row in rows
    ]


def _experiment(key: str, name: str, is_deleted: bool, made: int, tags: dict[str, str]) -> Document:
    return {
        "experiment_id": key,
        "name": name,
        "lifecycle_stage": "deleted" if is_deleted else "active",
        "creation_time": made,
        "tags": tags,
    }


# -- runs


def get_run(connection: Connection, run_id: str) -> Document | None:
    key = run_with_uuid(connection, run_id)
    return None if key is None else _runs(connection, [key])[0]


def search_runs(
    connection: Connection,
    experiment_ids: list[str],
    filter: str = "",  # noqa: A002 (MLflow's word)
    view: View = "active_only",
    limit: int = 1000,
    offset: int = 0,
    order_by: list[str] | None = None,
) -> Document:
    """``{runs, more}``. Raises ``FilterError``."""
    wanted = parse(filter)
    parts: list[Node] = [] if wanted.root is None else [wanted.root]
    if view == "deleted_only":
        parts.append(Standings("deleted"))
    elif view == "all":
        parts.append(Or((Standings("active"), Standings("deleted"))))
    names = experiment_names(connection, experiment_ids)
    if not names:
        return {"runs": [], "more": False}
    parts.append(OneOf(Attribute("experiment"), tuple(names)))
    items = [
        # MLflow sorts params as the texts that they are
        replace(item, as_text=True) if isinstance(item.field, Param) else item
        for item in order(", ".join(order_by or []))
    ] if order_by else []  # fmt: skip
    limit = min(limit, MOST_RUNS)
    query = select_runs(
        Filter(conjunction(parts)), items, now=datetime.now(UTC), limit=limit + 1, offset=offset
    )
    ids = list(connection.execute(query).scalars())
    return {"runs": _runs(connection, ids[:limit]), "more": len(ids) > limit}


def _runs(connection: Connection, ids: Sequence[int]) -> list[Document]:
    rows = tracked.tracked_rows(connection, ids)
    logged = tracked.logged_for(connection, ids)
    inputs, outputs = _inputs(connection, ids), _outputs(connection, ids)
    keys = {
        row.name: experiment_key(row.name, row.id)
        for row in connection.execute(select(experiment.c.id, experiment.c.name))
    }
    return [
        {
            **_info(row, keys[row.experiment]),
            "metrics": {
                key: [_number(one.last_value), milliseconds(one.last_at), one.last_step]
                for key, one in logged.metrics.get(row.id, {}).items()
            },
            "params": logged.params.get(row.id, {}),
            "tags": {**_own_tags(row), **logged.tags.get(row.id, {})},
            "inputs": inputs.get(row.id, []),
            "outputs": outputs.get(row.id, []),
        }
        for row in rows
    ]


def _own_tags(row: TrackedRow) -> dict[str, str]:
    """What MLflow has as tags and the store as columns."""
    parent = {} if row.parent_uuid is None else {PARENT_RUN: row.parent_uuid}
    return {RUN_NAME: row.name, **parent}


def _info(row: TrackedRow, experiment_id: str) -> Document:
    return {
        "run_id": row.uuid,
        "name": row.name,
        "experiment_id": experiment_id,
        "user_id": row.user_id,
        "status": row.status,
        "start_time": milliseconds(row.started_at),
        "end_time": None if row.ended_at is None else milliseconds(row.ended_at),
        "lifecycle_stage": "active" if row.deleted_at is None else "deleted",
    }


def _number(value: float) -> float | str:
    """JSON has neither NaN nor infinities: they are texts, as in MLflow's own API."""
    return value if math.isfinite(value) else str(value)


def _inputs(connection: Connection, ids: Sequence[int]) -> dict[int, list[Document]]:
    names = ("name", "digest", "source_type", "source", "schema", "profile")
    columns = [dataset.c[name] for name in names]
    found: dict[int, list[Document]] = {}
    for some in tracked.batches(ids):
        query = (
            select(dataset_input.c.run_id, dataset_input.c.tags, *columns)
            .join(dataset, dataset.c.id == dataset_input.c.dataset_id)
            .where(dataset_input.c.run_id.in_(some))
            .order_by(dataset.c.id)
        )
        for row in connection.execute(query).mappings():
            document = {**{name: row[name] for name in names}, "tags": row["tags"]}
            found.setdefault(row["run_id"], []).append(document)
    return found


def _outputs(connection: Connection, ids: Sequence[int]) -> dict[int, list[list[Any]]]:
    found: dict[int, list[list[Any]]] = {}
    columns = logged_model.c
    for some in tracked.batches(ids):
        query = (
            select(columns.run_id, columns.id)
            .where(columns.run_id.in_(some), columns.deleted_at.is_(None))
            .order_by(columns.created_at, columns.id)
        )
        for run_id, model_id in connection.execute(query):
            found.setdefault(run_id, []).append([model_id, 0])
    return found


def metric_history(connection: Connection, run_id: str, key: str) -> Document | None:
    """``{count, data}``: values, steps and times (µs) as columns, in base64; None: no such run."""
    run = run_with_uuid(connection, run_id)
    if run is None:
        return None
    query = select(metric.c.id).where(metric.c.run_id == run, metric.c.key == key)
    found = connection.execute(query).scalar()
    if found is None:
        return {"count": 0, "data": ""}
    series = metric_points.read(connection, found)
    columns: list[array[Any]] = [series.values, series.steps, series.times]
    for column in columns if sys.byteorder == "big" else ():
        column.byteswap()
    data = base64.b64encode(b"".join(column.tobytes() for column in columns)).decode()
    return {"count": len(columns[0]), "data": data}


def list_artifacts(connection: Connection, run_id: str) -> list[list[Any]]:
    """``[[path, size, SHA-256], …]``."""
    key = run_with_uuid(connection, run_id)
    if key is None:
        return []
    return [[one.path, one.size, one.digest] for one in tracked.artifacts_of(connection, key)]


# -- models


def get_logged_model(connection: Connection, model_id: str) -> Document | None:
    found = logged_models.get(connection, model_id)
    if found is None or found.deleted_at is not None:
        return None
    return _logged_models(connection, [found])[0]


def list_logged_models(connection: Connection, experiment_ids: list[str]) -> list[Document]:
    names = experiment_names(connection, experiment_ids)
    query = select(experiment.c.id).where(experiment.c.name.in_(names))
    ids = list(connection.execute(query).scalars())
    return _logged_models(connection, logged_models.of_experiments(connection, ids))


def _logged_models(connection: Connection, rows: Sequence[LoggedModelRow]) -> list[Document]:
    query = select(experiment.c.id, experiment.c.name)
    keys = {row.id: experiment_key(row.name, row.id) for row in connection.execute(query)}
    return [
        {
            "model_id": row.id,
            "experiment_id": keys[row.experiment_id],
            "run": row.run_uuid or "",
            "source_run_id": row.run_uuid,
            "name": row.name,
            "model_type": row.model_type,
            "status": row.status,
            "location": row.artifact_location,
            "created_at": milliseconds(row.created_at),
            "updated_at": milliseconds(row.updated_at),
            "params": row.params,
            "tags": row.tags,
        }
        for row in rows
    ]


def get_model(connection: Connection, name: str) -> Document:
    return _model(connection, registry.get_model(connection, name))


def list_models(connection: Connection) -> list[Document]:
    return [_model(connection, row) for row in registry.registered_models(connection)]


def _model(connection: Connection, row: ModelRow) -> Document:
    newest = registry.versions(connection, name=row.name, limit=1)
    return {
        "name": row.name,
        "description": row.description,
        "created_at": milliseconds(row.created_at),
        "updated_at": milliseconds(row.updated_at),
        "tags": dict(row.tags),
        "aliases": dict(row.aliases),
        "latest": [version_document(one) for one in newest],
    }


def get_version(
    connection: Connection, name: str, version: int | None = None, alias: str = ""
) -> Document:
    if alias and alias not in registry.get_model(connection, name).aliases:
        raise InvalidValue(f"Registered model alias {alias} not found.")  # MLflow's code for it
    return version_document(registry.get_version(connection, Reference(name, alias, version)))


def list_versions(connection: Connection) -> list[Document]:
    return [version_document(row) for row in registry.versions(connection)]


def version_document(row: VersionRow) -> Document:
    return {
        "name": row.name,
        "version": row.version,
        "description": row.description,
        "user_id": row.user_id,
        "source": row.source,
        "run_id": row.run_uuid,
        "model_id": row.logged_model_id,
        "status": row.status,
        "created_at": milliseconds(row.created_at),
        "updated_at": milliseconds(row.updated_at),
        "tags": dict(row.tags),
        "aliases": list(row.aliases),
    }

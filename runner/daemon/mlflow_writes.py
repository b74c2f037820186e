"""What MLflow's client changes that must be answered: experiments, stages of runs, the registry."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal

from sqlalchemy import Connection, delete, select, update

from runner.daemon.mlflow_reads import (
    DEFAULT_ID,
    DEFAULT_NAME,
    Document,
    experiment_names,
    get_experiment,
    get_model,
    get_version,
)
from store import logged_models, records, registry, tracking
from store.errors import InvalidValue, NotFound
from store.models import artifact, experiment, experiment_tag, tracked_run
from store.registry import By, NewVersion

ARTIFACTS, MODELS = "dagtop-artifact:/", "models:/"


class AlreadyThere(InvalidValue):
    """There is one of that name."""


def create_experiment(connection: Connection, name: str, tags: dict[str, str]) -> Document:
    if get_experiment(connection, name) is not None:
        raise AlreadyThere(f"there is an experiment {name!r} already")
    key = tracking.ensure_experiment(connection, name, datetime.now(UTC))
    _set_experiment_tags(connection, key, dict(tags))
    found = get_experiment(connection, name)
    assert found is not None
    return found


def change_experiment(
    connection: Connection,
    experiment_id: str,
    name: str | None = None,
    deleted: bool | None = None,
    tags: dict[str, str | None] | None = None,
) -> None:
    names = experiment_names(connection, [experiment_id])
    if not names:
        raise NotFound(f"there is no experiment with id {experiment_id!r}")
    key = tracking.ensure_experiment(connection, names[0], datetime.now(UTC))
    values: dict[str, Any] = {}
    if name is not None and name != names[0]:
        if experiment_id == DEFAULT_ID or name == DEFAULT_NAME:
            raise InvalidValue(f"experiment {DEFAULT_NAME} keeps its name, and is the only one")
        if get_experiment(connection, name) is not None:
            raise AlreadyThere(f"there is an experiment {name!r} already")
        values["name"] = name
    if deleted is not None:
        values["deleted_at"] = datetime.now(UTC) if deleted else None
    if values:
        connection.execute(update(experiment).where(experiment.c.id == key).values(values))
    _set_experiment_tags(connection, key, tags or {})


def _set_experiment_tags(connection: Connection, key: int, tags: dict[str, Any]) -> None:
    table = experiment_tag
    rows = [
        {"experiment_id": key, "key": name, "value": value}
        for name, value in tags.items()
        if value is not None
    ]
    records.put(connection, table, rows)
    gone = [name for name, value in tags.items() if value is None]
    if gone:
        connection.execute(delete(table).where(table.c.experiment_id == key, table.c.key.in_(gone)))


def set_stage(connection: Connection, run_id: str, stage: Literal["active", "deleted"]) -> None:
    at = datetime.now(UTC) if stage == "deleted" else None
    done = connection.execute(
        update(tracked_run).where(tracked_run.c.uuid == run_id).values(deleted_at=at)
    )
    if not done.rowcount:
        raise NotFound(f"Run with id={run_id} not found")


def delete_artifacts(connection: Connection, run_id: str, path: str) -> None:
    key = tracking.run_with_uuid(connection, run_id)
    where = artifact.c.run_id == key
    if path:
        below = artifact.c.path.startswith(f"{path}/", autoescape=True)
        where &= (artifact.c.path == path) | below
    connection.execute(delete(artifact).where(where))


def delete_logged_model(connection: Connection, model_id: str) -> None:
    if not logged_models.delete(connection, model_id, datetime.now(UTC)):
        raise NotFound(f"Logged model with ID '{model_id}' not found.")


# -- the registry


def _by(actor: str) -> By:
    return By(actor, datetime.now(UTC))


def create_model(
    connection: Connection, name: str, description: str, tags: dict[str, str], actor: str
) -> Document:
    known = select(registry.registered_model.c.id).where(registry.registered_model.c.name == name)
    if connection.execute(known).first() is not None:
        raise AlreadyThere(f"Registered Model (name={name}) already exists.")
    registry.create_model(connection, name, _by(actor), description=description, tags=tags)
    return get_model(connection, name)


def change_model(
    connection: Connection,
    name: str,
    actor: str,
    new_name: str | None = None,
    description: str | None = None,
    tags: dict[str, str | None] | None = None,
) -> Document:
    by = _by(actor)
    registry.change_model(
        connection, name, by, new_name=new_name, description=description, tags=tags
    )
    return get_model(connection, new_name or name)


def delete_model(connection: Connection, name: str, actor: str) -> None:
    registry.delete_model(connection, name, _by(actor))


def create_version(
    connection: Connection,
    name: str,
    source: str,
    run_id: str | None,
    tags: dict[str, str],
    description: str,
    model_id: str | None,
    actor: str,
) -> Document:
    get_model(connection, name)
    run_uuid, path = _resolved(connection, source, run_id)
    new = NewVersion(path, run_uuid, description, tags, (), model_id)
    version = registry.create_version(connection, name, new, _by(actor))
    return get_version(connection, name, version)


def _resolved(connection: Connection, source: str, run_id: str | None) -> tuple[str | None, str]:
    """The run and the path among its files that a source means; else the URI that it is."""
    if source.startswith(MODELS):
        inner = source.removeprefix(MODELS)
        logged = logged_models.get(connection, inner)
        if logged is not None:
            source = logged.artifact_location
        elif "/" in inner:
            other, _, number = inner.rpartition("/")
            if not number.isdecimal():
                raise InvalidValue(f"{source} names no version of a model")
            version = get_version(connection, other, int(number))
            return version["run_id"], version["source"]
        else:
            raise NotFound(f"there is no logged model {inner!r}")
    if source.startswith("runs:/"):
        run, _, path = source.removeprefix("runs:/").partition("/")
        return run, path
    if source.startswith(ARTIFACTS):
        run, _, path = source.removeprefix(ARTIFACTS).partition("/")
        return run, path
    return run_id, source


def change_version(
    connection: Connection,
    name: str,
    version: int,
    actor: str,
    description: str | None = None,
    tags: dict[str, str | None] | None = None,
) -> Document:
    registry.change_version(
        connection, name, version, _by(actor), description=description, tags=tags
    )
    return get_version(connection, name, version)


def delete_version(connection: Connection, name: str, version: int, actor: str) -> None:
    registry.delete_version(connection, name, version, _by(actor))


def set_alias(connection: Connection, name: str, version: int, alias: str, actor: str) -> None:
    registry.set_alias(connection, name, alias, version, _by(actor))


def delete_alias(connection: Connection, name: str, alias: str, actor: str) -> None:
    """One that no version has is no error, as in MLflow."""
    if alias not in get_model(connection, name)["aliases"]:
        return
    registry.delete_alias(connection, name, alias, _by(actor))

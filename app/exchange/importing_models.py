"""Taking models over from MLflow: those that runs have logged, with their files, and the registry.

MLflow 3 keeps the files of a logged model beside those of its run. Here they are among them, under
the model's name, and a version of a registered model says so: its files are found when the place
that they came from is gone.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, insert, select

from app.exchange.exporting_models import ADDRESS
from app.exchange.foreign import (
    ForeignExperiment,
    ForeignLoggedModel,
    ForeignModel,
    ForeignVersion,
    Imported,
    Source,
    safe_path,
)
from store import contents, logged_models, records, tracking
from store.errors import InvalidValue
from store.models import artifact, logged_model, model_alias, model_version, registered_model
from store.registry import check_model_name

if TYPE_CHECKING:
    from store.engine import Store
    from store.workspace import Workspace

_MODEL_ID = re.compile(r"m-[0-9a-f]{32}")
"""As it stands in ``models:/ID`` and in the path of a logged model's files."""

Files = dict[str, tuple[int, str]]
"""Size and digest, by path."""


def keep_files(
    source: Source, workspace: Workspace, run_uuid: str, uri: str, problems: list[str]
) -> dict[str, tuple[int, str]]:
    """Copy the artifacts at a place to the workspace: size and digest of each, by path.
    ``run_uuid`` empty: they are of no run."""
    kept = {}
    for file in source.files(run_uuid, uri):
        try:
            with file.open() as stream:
                parts = iter(lambda stream=stream: stream.read(contents.CHUNK), b"")
                kept[file.path] = contents.keep(workspace.artifacts, parts)
        except Exception as error:  # of any file system that fsspec knows
            problems.append(f"{uri}/{file.path} can't be read: {error}")
    return kept


def take_logged_models(
    source: Source,
    store: Store,
    workspace: Workspace,
    of: ForeignExperiment,
    done: Imported,
    with_artifacts: bool,
) -> None:
    """Take over the models that the runs of an experiment have logged."""
    for one in source.logged_models(of):
        with store.read() as connection:
            place = _place(connection, one)
            is_here = place is not None and _has_files(connection, *place)
        files: Files = {}
        if place is not None and with_artifacts and not is_here:
            files = keep_files(source, workspace, "", one.artifact_location, done.problems)
        with store.write() as connection:
            _write_logged_model(connection, of, one, place, files, is_here)
        done.artifacts += len(files)
        done.bytes += sum(size for size, _ in files.values())


def _place(connection: Connection, one: ForeignLoggedModel) -> tuple[str, str] | None:
    """The run whose files those of a model are here, and the folder among them; None where there
    is no such run."""
    key = None if one.run_uuid is None else tracking.run_with_uuid(connection, one.run_uuid)
    name = safe_path(one.name)
    if key is None or one.run_uuid is None or name is None:
        return None
    taken = {
        other.artifact_location
        for other in logged_models.of_run(connection, key)
        if other.id != one.id
    }
    if f"{ADDRESS}{one.run_uuid}/{name}" in taken:
        name = f"{name}-{one.id[2:10]}"
    return one.run_uuid, name


def _write_logged_model(
    connection: Connection,
    of: ForeignExperiment,
    one: ForeignLoggedModel,
    place: tuple[str, str] | None,
    files: Files,
    is_here: bool,
) -> None:
    key = tracking.run_with_uuid(connection, one.run_uuid or "")
    location = one.artifact_location
    if key is not None and place is not None and (files or is_here):
        location = f"{ADDRESS}{place[0]}/{place[1]}"
        for path, facts in files.items():
            tracking.log_artifact(connection, key, f"{place[1]}/{path}", *facts, one.created_at)
    row = {
        "id": one.id,
        "experiment_id": tracking.ensure_experiment(connection, of.name, of.created_at),
        "run_id": key,
        "name": one.name,
        "model_type": one.model_type,
        "status": one.status,
        "artifact_location": location,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "deleted_at": one.updated_at if one.is_deleted else None,
        "params": one.params,
        "tags": one.tags,
    }
    records.put(connection, logged_model, [row])


def take_models(source: Source, store: Store, done: Imported) -> None:
    """Registered models keep the numbers of their versions; one that is here already stays."""
    for found in source.models():
        try:
            check_model_name(found.name)
        except InvalidValue as error:
            done.problems.append(f"registered model {found.name!r} was left out: {error}")
            continue
        with store.write() as connection:
            known = select(registered_model.c.id).where(registered_model.c.name == found.name)
            if connection.execute(known).scalar() is not None:
                continue
            _write_model(connection, found)
        done.models += 1


def _write_model(connection: Connection, found: ForeignModel) -> None:
    row = {
        "name": found.name,
        "description": found.description,
        "created_at": found.created_at,
        "updated_at": found.updated_at,
        "tags": found.tags,
        "newest_version": max((one.version for one in found.versions), default=0),
    }
    query = insert(registered_model).returning(registered_model.c.id)
    key = connection.execute(query, row).scalar_one()
    versions = [_version_row(connection, key, one) for one in found.versions]
    records.insert_rows(connection, model_version, versions)
    numbers = {one.version for one in found.versions}
    aliases = [
        {"model_id": key, "alias": alias, "version": number, "set_at": found.updated_at}
        for alias, number in found.aliases.items()
        if number in numbers
    ]
    records.put(connection, model_alias, aliases)


def _version_row(connection: Connection, key: int, one: ForeignVersion) -> dict[str, Any]:
    run_uuid, source = _files_of(connection, one) or (one.run_uuid, one.source)
    return {
        "model_id": key,
        "version": one.version,
        "run_uuid": run_uuid,
        "source": source,
        "logged_model_id": one.logged_model_id,
        "description": one.description,
        "user_id": one.user,
        "status": one.status,
        "created_at": one.created_at,
        "updated_at": one.updated_at,
        "tags": one.tags,
    }


def _files_of(connection: Connection, one: ForeignVersion) -> tuple[str, str] | None:
    """The run, and the path among its files, that a version's source means; None where they
    aren't here."""
    ids = [*([one.logged_model_id] if one.logged_model_id else ()), *_MODEL_ID.findall(one.source)]
    for model_id in ids:
        logged = logged_models.get(connection, model_id)
        if logged is not None and logged.artifact_location.startswith(ADDRESS):
            run, _, path = logged.artifact_location.removeprefix(ADDRESS).partition("/")
            return run, path
    if one.run_uuid is None:
        return None
    inner = one.source.partition(f"/{one.run_uuid}/artifacts/")[2]  # as MLflow lays them out
    path = safe_path(inner) if inner else None
    if path is not None and _has_files(connection, one.run_uuid, path):
        return one.run_uuid, path
    return None


def _has_files(connection: Connection, run_uuid: str, path: str) -> bool:
    """Whether a run has a file, or files in a folder, of that path."""
    columns = artifact.c
    below = columns.path.startswith(f"{path}/", autoescape=True)
    key = tracking.run_with_uuid(connection, run_uuid)
    query = select(columns.path).where(columns.run_id == key, (columns.path == path) | below)
    return connection.execute(query.limit(1)).first() is not None

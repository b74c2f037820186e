"""Taking runs over from MLflow: each in one transaction, so an interrupted import goes on."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, insert, select, update

from app.exchange.foreign import ForeignExperiment, ForeignModel, ForeignRun, Source
from store import contents, metric_points, records, tracking
from store.models import (
    experiment,
    experiment_tag,
    logged_model,
    model_alias,
    model_version,
    registered_model,
    tracked_run,
)

if TYPE_CHECKING:
    from store.engine import Store
    from store.workspace import Workspace


@dataclass(slots=True)
class Imported:
    """What an import has done."""

    experiments: int = 0
    runs: int = 0
    known: int = 0
    """Runs that were there already, and are left as they are."""
    points: int = 0
    artifacts: int = 0
    bytes: int = 0
    models: int = 0
    """Registered ones."""
    problems: list[str] = field(default_factory=list)


def import_runs(
    source: Source,
    store: Store,
    workspace: Workspace,
    *,
    only: Collection[str] = (),
    with_artifacts: bool = True,
    replace: bool = False,
    told: Callable[[str, int], None] = lambda name, number: None,
) -> Imported:
    """Take over the experiments of ``source`` named in ``only``, or all.

    A run that is here already stays; one that ran when it was taken over, or any with ``replace``,
    is taken over anew. ``told`` is called with an experiment's name and how many of its runs are
    done.
    """
    done = Imported(problems=source.problems)
    parents: list[tuple[str, str]] = []
    for one in source.experiments():
        if only and one.name not in only:
            continue
        with store.write() as connection:
            _take_experiment(connection, one)
        done.experiments += 1
        for number, (uuid, _) in enumerate(source.runs(one), 1):
            with store.read() as connection:
                wanted = _is_wanted(connection, uuid, replace)
            run = source.run(uuid) if wanted else None
            if run is not None:
                _take_run(source, store, workspace, one, run, done, with_artifacts)
                if parent := run.tags.get(tracking.PARENT_RUN):
                    parents.append((uuid, parent))
            elif not wanted:
                done.known += 1
            told(one.name, number)
        _take_logged_models(source, store, one)
    if not only:
        _take_models(source, store, done)
    with store.write() as connection:
        for uuid, parent in parents:  # a child may have been read before its parent
            connection.execute(
                update(tracked_run)
                .where(tracked_run.c.uuid == uuid)
                .values(parent_id=tracking.run_with_uuid(connection, parent))
            )
    return done


def _is_wanted(connection: Connection, uuid: str, replace: bool) -> bool:
    """Whether a run isn't here, or is a copy that may have become old. Our own are never wanted."""
    row = connection.execute(
        select(tracked_run.c.try_id, tracked_run.c.ended_at).where(tracked_run.c.uuid == uuid)
    ).first()
    return row is None or (row.try_id is None and (replace or row.ended_at is None))


def _take_experiment(connection: Connection, found: ForeignExperiment) -> None:
    known = select(experiment.c.id).where(experiment.c.name == found.name)
    is_new = connection.execute(known).scalar() is None
    key = tracking.ensure_experiment(connection, found.name, found.created_at)
    if is_new and found.is_deleted:
        connection.execute(
            update(experiment).where(experiment.c.id == key).values(deleted_at=found.created_at)
        )
    rows = [{"experiment_id": key, "key": k, "value": v} for k, v in found.tags.items()]
    records.put(connection, experiment_tag, rows)


def _take_run(
    source: Source,
    store: Store,
    workspace: Workspace,
    of: ForeignExperiment,
    run: ForeignRun,
    done: Imported,
    with_artifacts: bool,
) -> None:
    files: dict[str, tuple[int, str]] = {}
    if with_artifacts and run.artifact_uri:  # before the transaction: it may take long
        files = keep_files(source, workspace, run, done.problems)
    with store.write() as connection:
        connection.execute(delete(tracked_run).where(tracked_run.c.uuid == run.uuid))
        _write_run(connection, of.name, run, files)
    done.runs += 1
    done.points += sum(map(len, run.metrics.values()))
    done.artifacts += len(files)
    done.bytes += sum(size for size, _ in files.values())


def keep_files(
    source: Source, workspace: Workspace, run: ForeignRun, problems: list[str]
) -> dict[str, tuple[int, str]]:
    """Copy the artifacts of a run to the workspace: size and digest of each, by path."""
    kept = {}
    for file in source.files(run.uuid, run.artifact_uri):
        try:
            with file.open() as stream:
                parts = iter(lambda stream=stream: stream.read(contents.CHUNK), b"")
                kept[file.path] = contents.keep(workspace.artifacts, parts)
        except Exception as error:  # of any file system that fsspec knows
            problems.append(f"{run.artifact_uri}/{file.path} can't be read: {error}")
    return kept


def _write_run(
    connection: Connection, experiment_name: str, run: ForeignRun, files: dict[str, tuple[int, str]]
) -> None:
    new = tracking.NewRun(run.uuid, experiment_name, run.name, run.started_at, user=run.user)
    key = tracking.create_run(connection, new)
    tracking.log_params(connection, _rows(key, run.params))
    tracking.set_tags(connection, _rows(key, run.tags))
    for name, points in run.metrics.items():
        count, data = metric_points.pack(points)
        metric_points.add(connection, key, name, count, data)
    for found in run.inputs:
        tracking.log_input(connection, key, found)
    at = run.ended_at or run.started_at
    for path, (size, digest) in files.items():
        tracking.log_artifact(connection, key, path, size, digest, at)
    ended = {"status": run.status, "ended_at": run.ended_at, "name": run.name}
    gone: datetime | None = at if run.is_deleted else None
    connection.execute(
        update(tracked_run).where(tracked_run.c.id == key).values(**ended, deleted_at=gone)
    )


def _rows(key: int, pairs: dict[str, str]) -> list[dict[str, object]]:
    return [{"run_id": key, "key": name, "value": value} for name, value in pairs.items()]


def _take_logged_models(source: Source, store: Store, of: ForeignExperiment) -> None:
    found = source.logged_models(of)
    if not found:
        return
    with store.write() as connection:
        key = tracking.ensure_experiment(connection, of.name, of.created_at)
        rows = [
            {
                "id": one.id,
                "experiment_id": key,
                "run_id": tracking.run_with_uuid(connection, one.run_uuid or ""),
                "name": one.name,
                "model_type": one.model_type,
                "status": one.status,
                "artifact_location": one.artifact_location,
                "created_at": one.created_at,
                "updated_at": one.updated_at,
                "deleted_at": one.updated_at if one.is_deleted else None,
                "params": one.params,
                "tags": one.tags,
            }
            for one in found
        ]
        records.put(connection, logged_model, rows)


def _take_models(source: Source, store: Store, done: Imported) -> None:
    """Registered models keep the numbers of their versions; one that is here already stays."""
    for found in source.models():
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
    versions = [
        {
            "model_id": key,
            "version": one.version,
            "run_uuid": one.run_uuid,
            "source": one.source,
            "logged_model_id": one.logged_model_id,
            "description": one.description,
            "user_id": one.user,
            "status": one.status,
            "created_at": one.created_at,
            "updated_at": one.updated_at,
            "tags": one.tags,
        }
        for one in found.versions
    ]
    records.insert_rows(connection, model_version, versions)
    numbers = {one.version for one in found.versions}
    aliases = [
        {"model_id": key, "alias": alias, "version": number, "set_at": found.updated_at}
        for alias, number in found.aliases.items()
        if number in numbers
    ]
    records.put(connection, model_alias, aliases)

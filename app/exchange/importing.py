"""Taking runs over from MLflow: each in one transaction, so an interrupted import goes on."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, delete, select, update

from app.exchange.foreign import ForeignExperiment, ForeignRun, Imported, Source
from app.exchange.importing_models import keep_files, take_logged_models, take_models
from store import metric_points, records, tracking
from store.models import experiment, experiment_tag, tracked_run

if TYPE_CHECKING:
    from store.engine import Store
    from store.workspace import Workspace


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
            elif not wanted:
                done.known += 1
            told(one.name, number)
        take_logged_models(source, store, workspace, one, done, with_artifacts)
    if not only:
        take_models(source, store, done)
    with store.write() as connection:
        # A child may have been read before its parent: now, or by an import that was cut short.
        tracking.link_to_parents(connection)
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
        files = keep_files(source, workspace, run.uuid, run.artifact_uri, done.problems)
    with store.write() as connection:
        connection.execute(delete(tracked_run).where(tracked_run.c.uuid == run.uuid))
        _write_run(connection, of.name, run, files)
    done.runs += 1
    done.points += sum(map(len, run.metrics.values()))
    done.artifacts += len(files)
    done.bytes += sum(size for size, _ in files.values())


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

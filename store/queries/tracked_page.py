"""All there is to know of one tracked run, but for the points of its metrics."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, select

from store import logged_models
from store.distributions import Stated, stated
from store.logged_models import ADDRESS, LoggedModelRow
from store.metric_points import Summary, summaries
from store.models import (
    artifact,
    artifact_use,
    dag_run,
    dag_version,
    dataset,
    dataset_input,
    environment,
    model_alias,
    model_version,
    registered_model,
    source,
    tracked_run,
)
from store.queries.tracked import TrackedRow, tracked_rows
from store.tracking import params_of, tags_of

MOST_RELATED = 200
"""Children, tries and other runs that are named."""


@dataclass(frozen=True, slots=True)
class InputRow:
    """A dataset that a run has used."""

    name: str
    digest: str
    source_type: str
    source: str
    schema: str | None
    context: str
    """What for: training, eval …; empty: it isn't said."""


@dataclass(frozen=True, slots=True)
class ModelRow:
    """A version of a registered model that a run has made."""

    name: str
    version: int
    aliases: tuple[str, ...]
    path: str = ""
    """Of its files among the run's; empty: they are elsewhere."""
    logged_id: str | None = None
    """Of the logged model that it was made from."""


@dataclass(frozen=True, slots=True)
class UseRow:
    """A file that one run has made and another has read."""

    path: str
    run_uuid: str | None
    """The other run; None: only the content is known."""
    run_name: str
    models: tuple[ModelRow, ...] = ()
    """Versions of registered models that the file belongs to."""


@dataclass(frozen=True, slots=True)
class DistributionRow:
    """A distribution that a run has logged, in figures of its last step."""

    key: str
    kind: str
    steps: int
    count: int
    null_count: int


@dataclass(frozen=True, slots=True)
class Environment:
    """Python and the packages that a run ran with."""

    python: str
    packages: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TrackedPage:
    """A tracked run."""

    row: TrackedRow
    params: Mapping[str, str]
    tags: Mapping[str, str]
    metrics: tuple[Summary, ...]
    parent: TrackedRow | None = None
    children: tuple[TrackedRow, ...] = ()
    child_count: int = 0
    beside: tuple[TrackedRow, ...] = ()
    """Other runs of the same task instance: of other tries, the oldest first."""
    inputs: tuple[InputRow, ...] = ()
    models: tuple[ModelRow, ...] = ()
    """Versions of registered models that it has made."""
    logged_models: tuple[LoggedModelRow, ...] = ()
    """Models that it has logged (MLflow 3's)."""
    reads: tuple[UseRow, ...] = ()
    """Files of other runs that it has read."""
    read_by: tuple[UseRow, ...] = ()
    """Its files that other runs have read."""
    distributions: tuple[DistributionRow, ...] = ()
    artifacts: int = 0
    artifact_bytes: int = 0
    environment_id: int | None = None
    source_digest: str | None = None
    version: int | None = None
    """Of the pipeline, that its DAG run runs with; None: there is no such DAG run (any more)."""
    newest_version: int | None = None


def get_page(connection: Connection, uuid: str) -> TrackedPage | None:
    """The run of that uuid; None if there is none."""
    columns = tracked_run.c
    found = connection.execute(
        select(columns.id, columns.parent_id, columns.environment_id, columns.source_digest).where(
            columns.uuid == uuid
        )
    ).first()
    if found is None:
        return None
    [row] = tracked_rows(connection, [found.id])
    children = _ids(connection, columns.parent_id == found.id)
    count, octets = connection.execute(
        select(func.count(), func.coalesce(func.sum(artifact.c.size), 0)).where(
            artifact.c.run_id == found.id
        )
    ).one()
    version, newest = _versions(connection, row)
    made = _models(connection, [uuid])
    return TrackedPage(
        row=row,
        params=params_of(connection, found.id),
        tags=tags_of(connection, found.id),
        metrics=tuple(summaries(connection, found.id)),
        parent=next(iter(tracked_rows(connection, [found.parent_id])), None)
        if found.parent_id is not None
        else None,
        children=tuple(tracked_rows(connection, children)),
        child_count=len(children)
        if len(children) < MOST_RELATED
        else _count(connection, columns.parent_id == found.id),
        beside=_beside(connection, row),
        inputs=_inputs(connection, found.id),
        models=made.get(uuid, ()),
        logged_models=tuple(logged_models.of_run(connection, found.id)),
        reads=_reads(connection, found.id),
        read_by=_read_by(connection, row, made),
        distributions=_distributions(connection, found.id),
        artifacts=count,
        artifact_bytes=int(octets),
        environment_id=found.environment_id,
        source_digest=found.source_digest,
        version=version,
        newest_version=newest,
    )


def runs_of_instance(
    connection: Connection,
    dag_id: str,
    run_id: str,
    task_id: str | None = None,
    map_index: int | None = None,
    try_number: int | None = None,
) -> list[TrackedRow]:
    """The tracked runs that a DAG run has recorded, or one task instance, or one try of it; the
    oldest first, the archived ones left out."""
    columns = tracked_run.c
    wanted = [columns.dag_id == dag_id, columns.run_id == run_id, columns.deleted_at.is_(None)]
    for column, value in (
        (columns.task_id, task_id),
        (columns.map_index, map_index),
        (columns.try_number, try_number),
    ):
        if value is not None:
            wanted.append(column == value)
    return tracked_rows(connection, _ids(connection, *wanted))


def environment_of(connection: Connection, environment_id: int) -> Environment | None:
    """An environment."""
    row = connection.execute(
        select(environment.c.python, environment.c.packages).where(
            environment.c.id == environment_id
        )
    ).first()
    return None if row is None else Environment(row.python, row.packages)


def source_text(connection: Connection, digest: str) -> str | None:
    """A text that is kept under its SHA-256."""
    return connection.execute(select(source.c.text).where(source.c.digest == digest)).scalar()


def _ids(connection: Connection, *wanted: Any) -> list[int]:
    query = select(tracked_run.c.id).where(*wanted).order_by(tracked_run.c.id).limit(MOST_RELATED)
    return list(connection.execute(query).scalars())


def _count(connection: Connection, wanted: Any) -> int:
    return connection.execute(
        select(func.count()).select_from(tracked_run).where(wanted)
    ).scalar_one()


def _beside(connection: Connection, row: TrackedRow) -> tuple[TrackedRow, ...]:
    if row.dag_id is None or row.run_id is None or row.task_id is None:
        return ()
    found = runs_of_instance(connection, row.dag_id, row.run_id, row.task_id, row.map_index)
    return tuple(
        one
        for one in found
        if one.id != row.id and row.uuid != one.parent_uuid and one.uuid != row.parent_uuid
    )


def _inputs(connection: Connection, run_id: int) -> tuple[InputRow, ...]:
    columns = dataset.c
    query = (
        select(
            columns.name,
            columns.digest,
            columns.source_type,
            columns.source,
            columns.schema,
            dataset_input.c.tags,
        )
        .join(dataset_input, dataset_input.c.dataset_id == columns.id)
        .where(dataset_input.c.run_id == run_id)
        .order_by(columns.name, columns.digest)
    )
    return tuple(
        InputRow(*row[:5], str((row.tags or {}).get("mlflow.data.context", "")))
        for row in connection.execute(query)
    )


def _models(connection: Connection, uuids: Collection[str]) -> dict[str, tuple[ModelRow, ...]]:
    """By uuid the versions of registered models that runs have made."""
    version = model_version.c
    query = (
        select(
            registered_model.c.id,
            registered_model.c.name,
            version.version,
            version.run_uuid,
            version.source,
            version.logged_model_id,
        )
        .join(model_version, version.model_id == registered_model.c.id)
        .where(version.run_uuid.in_(uuids))
        .order_by(registered_model.c.name, version.version)
    )
    rows = connection.execute(query).all()
    aliases = _aliases(connection, {row.id for row in rows})
    found: dict[str, tuple[ModelRow, ...]] = {}
    for row in rows:
        own = tuple(aliases.get((row.id, row.version), ()))
        path = _path_of(row.source, row.run_uuid)
        one = ModelRow(row.name, row.version, own, path, row.logged_model_id)
        found[row.run_uuid] = (*found.get(row.run_uuid, ()), one)
    return found


def _aliases(connection: Connection, models: Collection[int]) -> dict[tuple[int, int], list[str]]:
    """By model and version."""
    columns = model_alias.c
    query = select(columns.model_id, columns.version, columns.alias).order_by(columns.alias)
    found: dict[tuple[int, int], list[str]] = {}
    for row in connection.execute(query.where(columns.model_id.in_(models))):
        found.setdefault((row.model_id, row.version), []).append(row.alias)
    return found


def _path_of(source: str, uuid: str) -> str:
    """Where a version's files are among those of its run."""
    own = f"{ADDRESS}{uuid}/"
    if source.startswith(own):
        return source.removeprefix(own).strip("/")
    return "" if ":/" in source else source.strip("/")


def _distributions(connection: Connection, run_id: int) -> tuple[DistributionRow, ...]:
    steps: dict[str, list[Stated]] = {}
    for one in stated(connection, run_id):
        steps.setdefault(one.key, []).append(one)
    return tuple(
        DistributionRow(key, each[-1].kind, len(each), each[-1].count, each[-1].null_count)
        for key, each in steps.items()
    )


def _reads(connection: Connection, run_id: int) -> tuple[UseRow, ...]:
    query = (
        select(artifact_use.c.path, artifact_use.c.producer_uuid, tracked_run.c.name)
        .outerjoin(tracked_run, tracked_run.c.uuid == artifact_use.c.producer_uuid)
        .where(artifact_use.c.run_id == run_id)
        .order_by(artifact_use.c.path)
        .limit(MOST_RELATED)
    )
    rows = connection.execute(query).all()
    made = _models(connection, {row.producer_uuid for row in rows if row.producer_uuid})
    return tuple(
        UseRow(row.path, row.producer_uuid, row.name or "", _holding(row.path, made, row[1]))
        for row in rows
    )


def _read_by(
    connection: Connection, row: TrackedRow, made: Mapping[str, tuple[ModelRow, ...]]
) -> tuple[UseRow, ...]:
    query = (
        select(artifact_use.c.path, tracked_run.c.uuid, tracked_run.c.name)
        .join(tracked_run, tracked_run.c.id == artifact_use.c.run_id)
        .where(artifact_use.c.producer_uuid == row.uuid)
        .order_by(artifact_use.c.used_at, artifact_use.c.path)
        .limit(MOST_RELATED)
    )
    return tuple(
        UseRow(path, uuid, name, _holding(path, made, row.uuid))
        for path, uuid, name in connection.execute(query)
    )


def _holding(
    path: str, made: Mapping[str, tuple[ModelRow, ...]], uuid: str | None
) -> tuple[ModelRow, ...]:
    """The models of a run that a file of it belongs to."""
    return tuple(
        one
        for one in made.get(uuid or "", ())
        if one.path and f"{path}/".startswith(f"{one.path}/")
    )


def _versions(connection: Connection, row: TrackedRow) -> tuple[int | None, int | None]:
    """The version of the pipeline that recorded a run, and the newest there is."""
    if row.dag_id is None:
        return None, None
    own = connection.execute(
        select(dag_version.c.number)
        .join(dag_run, dag_run.c.version_id == dag_version.c.id)
        .where(dag_run.c.dag_id == row.dag_id, dag_run.c.run_id == row.run_id)
    ).scalar()
    newest = select(func.max(dag_version.c.number)).where(dag_version.c.dag_id == row.dag_id)
    return own, connection.execute(newest).scalar()

"""Tracked runs side by side: all that was logged for some of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

from sqlalchemy import BigInteger, Connection, Double, select, type_coerce

from store.columns import EPOCH, MICROSECOND, MetricFloat, Text
from store.metric_points import SUMMARY_COLUMNS, Summary
from store.models import (
    dag_run,
    dag_version,
    dataset,
    dataset_input,
    environment,
    metric,
    source,
    tracked_run,
)
from store.queries.tracked import AT_ONCE, TrackedRow, logged_for, tracked_rows


@dataclass(frozen=True, slots=True)
class DatasetUse:
    """A dataset that a run has used."""

    name: str
    digest: str
    context: str
    """What for: training, evaluation …; empty: it was not said."""


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A tracked run with what was logged for it, by key."""

    row: TrackedRow
    params: dict[str, str]
    metrics: dict[str, Summary]
    tags: dict[str, str]
    datasets: tuple[DatasetUse, ...] = ()


def compared_runs(connection: Connection, uuids: Sequence[str]) -> tuple[ComparedRun, ...]:
    """The runs of these uuids, in their order; those that are gone are left out."""
    ids = _ids(connection, uuids)
    logged, used = logged_for(connection, ids, metrics=()), _datasets(connection, ids)
    metrics = _summaries(connection, ids)
    return tuple(
        ComparedRun(
            row,
            logged.params.get(row.id, {}),
            metrics.get(row.id, {}),
            logged.tags.get(row.id, {}),
            tuple(used.get(row.id, ())),
        )
        for row in tracked_rows(connection, ids)
    )


_FIELDS = tuple(Summary.__dataclass_fields__)
_PLAIN = tuple(
    type_coerce(column, Double if isinstance(column.type, MetricFloat) else BigInteger)
    if not isinstance(column.type, Text)
    else column
    for column in SUMMARY_COLUMNS
)
"""As the database gives them: ten thousand summaries with their own types take twice as long."""


def _summaries(connection: Connection, ids: Sequence[int]) -> dict[int, dict[str, Summary]]:
    """By run, the summaries of its metrics by key."""
    at, number = _FIELDS.index("last_at"), _FIELDS.index("first_value")
    floats = [place for place, one in enumerate(_FIELDS) if one.endswith("_value")]
    found: dict[int, dict[str, Summary]] = {run_id: {} for run_id in ids}
    for start in range(0, len(ids), AT_ONCE):
        query = select(*_PLAIN).where(metric.c.run_id.in_(ids[start : start + AT_ONCE]))
        for row in connection.execute(query.order_by(metric.c.run_id, metric.c.key)):
            values = list(row)
            if None in values[number:]:  # NaN, as SQLite keeps it; or there is no such step
                for place in floats:
                    values[place] = nan if values[place] is None else values[place]
            values[at] = EPOCH + values[at] * MICROSECOND
            found[values[1]][values[2]] = Summary(*values)
    return found


def _ids(connection: Connection, uuids: Sequence[str]) -> list[int]:
    found: dict[str, int] = {}
    for start in range(0, len(uuids), AT_ONCE):
        some = uuids[start : start + AT_ONCE]
        query = select(tracked_run.c.uuid, tracked_run.c.id).where(tracked_run.c.uuid.in_(some))
        found.update((row.uuid, row.id) for row in connection.execute(query))
    return [found[uuid] for uuid in dict.fromkeys(uuids) if uuid in found]


def _datasets(connection: Connection, ids: Sequence[int]) -> dict[int, list[DatasetUse]]:
    found: dict[int, list[DatasetUse]] = {}
    columns = (dataset_input.c.run_id, dataset_input.c.tags, dataset.c.name, dataset.c.digest)
    for start in range(0, len(ids), AT_ONCE):
        query = (
            select(*columns)
            .join_from(dataset_input, dataset, dataset.c.id == dataset_input.c.dataset_id)
            .where(dataset_input.c.run_id.in_(ids[start : start + AT_ONCE]))
            .order_by(dataset_input.c.run_id, dataset.c.name, dataset.c.id)
        )
        for row in connection.execute(query):
            context = str((row.tags or {}).get("mlflow.data.context", ""))
            found.setdefault(row.run_id, []).append(DatasetUse(row.name, row.digest, context))
    return found


def child_uuids(connection: Connection, uuid: str, limit: int) -> list[str]:
    """The runs nested in a run, the oldest first; archived ones are left out."""
    parent = select(tracked_run.c.id).where(tracked_run.c.uuid == uuid).scalar_subquery()
    query = (
        select(tracked_run.c.uuid)
        .where(tracked_run.c.parent_id == parent, tracked_run.c.deleted_at.is_(None))
        .order_by(tracked_run.c.started_at, tracked_run.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


def uuids_of_instance(
    connection: Connection, dag_id: str, run_id: str, task_id: str, map_index: int, limit: int
) -> list[str]:
    """The tracked runs of all tries of a task instance, the first try first."""
    query = (
        select(tracked_run.c.uuid)
        .where(
            tracked_run.c.dag_id == dag_id,
            tracked_run.c.run_id == run_id,
            tracked_run.c.task_id == task_id,
            tracked_run.c.map_index == map_index,
            tracked_run.c.deleted_at.is_(None),
        )
        .order_by(tracked_run.c.try_number, tracked_run.c.started_at, tracked_run.c.id)
        .limit(limit)
    )
    return list(connection.execute(query).scalars())


@dataclass(frozen=True, slots=True)
class RunSource:
    """The code that a run ran with."""

    name: str
    """Of its file, and which version of it."""
    text: str


def source_of(connection: Connection, run_id: int) -> RunSource | None:
    """A run's script, else the pipeline's file in the version of its DAG run; None if neither is
    known."""
    columns = tracked_run.c
    row = connection.execute(
        select(columns.source_digest, columns.dag_id, columns.run_id).where(columns.id == run_id)
    ).first()
    if row is None:
        return None
    if row.source_digest is not None:
        query = select(source.c.text).where(source.c.digest == row.source_digest)
        text = connection.execute(query).scalar()
        if text is not None:
            return RunSource(f"script {row.source_digest[:8]}", text)
    query = (
        select(dag_version.c.number, source.c.text)
        .join_from(dag_run, dag_version, dag_version.c.id == dag_run.c.version_id)
        .join(source, source.c.digest == dag_version.c.source_digest)
        .where(dag_run.c.dag_id == row.dag_id, dag_run.c.run_id == row.run_id)
    )
    found = connection.execute(query).first()
    return None if found is None else RunSource(f"{row.dag_id} version {found[0]}", found[1])


def environments(
    connection: Connection, ids: Sequence[int]
) -> dict[int, tuple[str, dict[str, str]]]:
    """By run, the Python and the packages that it ran with, as far as they are known."""
    found: dict[int, tuple[str, dict[str, str]]] = {}
    for start in range(0, len(ids), AT_ONCE):
        query = (
            select(tracked_run.c.id, environment.c.python, environment.c.packages)
            .join_from(tracked_run, environment, environment.c.id == tracked_run.c.environment_id)
            .where(tracked_run.c.id.in_(ids[start : start + AT_ONCE]))
        )
        for row in connection.execute(query):
            found[row.id] = (row.python, dict(row.packages))
    return found

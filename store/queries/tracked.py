"""Tracked runs (MLflow's sense) as lists and pages show them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Connection, and_, func, select

from store.metric_points import SUMMARY_COLUMNS, Summary
from store.models import artifact, experiment, metric, param, tag, tracked_run
from store.queries.rows import between

AT_ONCE = 400
"""Runs that one statement asks for by id."""


@dataclass(frozen=True, slots=True)
class TrackedRow:
    """A tracked run, without what was logged for it."""

    id: int
    uuid: str
    name: str
    experiment: str
    status: str
    """RUNNING, FINISHED, FAILED, KILLED."""
    started_at: datetime
    ended_at: datetime | None
    user_id: str
    parent_uuid: str | None
    dag_id: str | None
    """None: no task recorded it."""
    run_id: str | None
    task_id: str | None
    map_index: int | None
    try_number: int | None
    deleted_at: datetime | None

    @property
    def duration(self) -> float | None:
        """Seconds that it took; None while it runs."""
        return between(self.started_at, self.ended_at)


@dataclass(frozen=True, slots=True)
class ArtifactRow:
    """A file of a tracked run."""

    path: str
    size: int
    digest: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Logged:
    """What was logged for some runs, each by the id of the run, then by key."""

    params: dict[int, dict[str, str]]
    metrics: dict[int, dict[str, Summary]]
    tags: dict[int, dict[str, str]]


_parent = tracked_run.alias("parent")
_ROWS = (
    select(
        tracked_run.c.id,
        tracked_run.c.uuid,
        tracked_run.c.name,
        experiment.c.name.label("experiment"),
        tracked_run.c.status,
        tracked_run.c.started_at,
        tracked_run.c.ended_at,
        tracked_run.c.user_id,
        _parent.c.uuid.label("parent_uuid"),
        tracked_run.c.dag_id,
        tracked_run.c.run_id,
        tracked_run.c.task_id,
        tracked_run.c.map_index,
        tracked_run.c.try_number,
        tracked_run.c.deleted_at,
    )
    .join(experiment, experiment.c.id == tracked_run.c.experiment_id)
    .outerjoin(_parent, _parent.c.id == tracked_run.c.parent_id)
)


def tracked_rows(connection: Connection, ids: Sequence[int]) -> list[TrackedRow]:
    """The runs of these ids, in their order; those that are gone are left out."""
    found: dict[int, TrackedRow] = {}
    for some in batches(ids):
        query = _ROWS.where(tracked_run.c.id.in_(some))
        found.update((row.id, TrackedRow(*row)) for row in connection.execute(query))
    return [found[key] for key in ids if key in found]


def runs_called(connection: Connection, name: str, limit: int = 20) -> list[TrackedRow]:
    """The runs whose uuid begins with ``name``, else those of that name, the newest first."""
    ordered = _ROWS.order_by(tracked_run.c.started_at.desc(), tracked_run.c.id.desc()).limit(limit)
    for condition in (
        tracked_run.c.uuid.startswith(name.lower(), autoescape=True),
        tracked_run.c.name == name,
    ):
        found = [TrackedRow(*row) for row in connection.execute(ordered.where(condition))]
        if found:
            return found
    return []


def logged_for(
    connection: Connection,
    ids: Collection[int],
    *,
    params: Collection[str] | None = None,
    metrics: Collection[str] | None = None,
    tags: Collection[str] | None = None,
) -> Logged:
    """What was logged for these runs; of params, metrics and tags only the keys that are given,
    or all of them."""

    def summary(row: Any) -> Summary:
        return Summary(*row)

    return Logged(
        _by_run(connection, (param.c.run_id, param.c.key, param.c.value), ids, params, _value),
        _by_run(connection, SUMMARY_COLUMNS, ids, metrics, summary),
        _by_run(connection, (tag.c.run_id, tag.c.key, tag.c.value), ids, tags, _value),
    )


T = TypeVar("T")


def _value(row: Any) -> str:
    return row[2]


def _by_run(
    connection: Connection,
    columns: Iterable[Any],
    ids: Collection[int],
    keys: Collection[str] | None,
    make: Callable[[Any], T],
) -> dict[int, dict[str, T]]:
    found: dict[int, dict[str, T]] = {}
    if keys is not None and not keys:
        return found
    columns = tuple(columns)
    table = columns[0].table
    names = [column.name for column in columns]
    run, name = names.index("run_id"), names.index("key")  # by place: there are thousands of rows
    query = of_runs(table, columns, keys).order_by(table.c.run_id, table.c.key)
    for some in batches(ids):
        for row in connection.execute(query.where(tracked_run.c.id.in_(some))).all():
            if row[run] is not None:
                found.setdefault(row[run], {})[row[name]] = make(row)
    return found


def of_runs(table: Any, columns: Iterable[Any], keys: Collection[str] | None) -> Any:
    """What some runs have in a table, under these keys or all; one without any gives a row of NULL.

    An outer join can't be turned round: with an inner one, or without one, SQLite reads all runs
    that have a key where only few of them are wanted.
    """
    on = table.c.run_id == tracked_run.c.id
    if keys is not None:
        on = and_(on, table.c.key.in_(keys))
    return select(*columns).select_from(tracked_run.outerjoin(table, on))


def artifacts_of(connection: Connection, run_id: int) -> list[ArtifactRow]:
    """The files of a run, by path."""
    columns = [artifact.c[name] for name in ArtifactRow.__dataclass_fields__]
    query = select(*columns).where(artifact.c.run_id == run_id).order_by(artifact.c.path)
    return [ArtifactRow(*row) for row in connection.execute(query)]


def keys_logged(connection: Connection, table_name: str) -> list[str]:
    """All keys of metrics, params or tags (``metric``, ``param``, ``tag``) that there are.

    From key to key by the index: the time grows with the keys, not with the rows that have them.
    """
    table = {"metric": metric, "param": param, "tag": tag}[table_name]
    first = select(func.min(table.c.key).label("key"))
    found = first.cte("keys", recursive=True)
    following = select(func.min(table.c.key)).where(table.c.key > found.c.key).scalar_subquery()
    found = found.union_all(select(following).where(found.c.key.is_not(None)))
    query = select(found.c.key).where(found.c.key.is_not(None)).order_by(found.c.key)
    return list(connection.execute(query).scalars())


def experiments(connection: Connection) -> list[tuple[str, int]]:
    """The experiments with the number of their runs that are not deleted, by name."""
    number = func.count(tracked_run.c.id)
    query = (
        select(experiment.c.name, number)
        .outerjoin(
            tracked_run,
            (tracked_run.c.experiment_id == experiment.c.id) & tracked_run.c.deleted_at.is_(None),
        )
        .group_by(experiment.c.id, experiment.c.name)
        .order_by(experiment.c.name)
    )
    return [(name, count) for name, count in connection.execute(query)]


def batches(ids: Iterable[int]) -> Iterator[list[int]]:
    """As many ids at once as one statement may ask for."""
    rest = iter(ids)
    while some := list(islice(rest, AT_ONCE)):
        yield some

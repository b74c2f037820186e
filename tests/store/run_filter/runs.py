"""Runs for the tests of the filter, and what is written of them in the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sqlalchemy import update

from store import metric_points, tracking
from store.engine import Store
from store.models import dataset, experiment, tracked_run
from store.run_filter import order, parse, select_runs

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Run:
    """A tracked run as a test wants it."""

    name: str = "run"
    metrics: Mapping[str, Sequence[float]] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    status: str = "FINISHED"
    user: str = ""
    experiment: str = "sweep"
    age: float = 3600
    """Seconds since its start."""
    lasted: float | None = 60
    dag: str | None = None
    task: str | None = None
    attempt: int | None = None
    dag_run: str | None = None
    map_index: int | None = None
    deleted: bool = False
    parent: int | None = None
    """Place of its parent among the runs."""
    datasets: Sequence[tuple[str, str, str]] = ()
    """Name, digest and context."""

    @property
    def started(self) -> datetime:
        return NOW - timedelta(seconds=self.age)


def uuid_of(place: int) -> str:
    return f"{place:032x}"


def forget(store: Store) -> None:
    """Delete all runs."""
    with store.write() as connection:
        for table in (tracked_run, experiment, dataset):
            connection.execute(table.delete())


def write(store: Store, runs: Sequence[Run]) -> list[int]:
    """Write runs; their ids in the order given."""
    ids: list[int] = []
    with store.write() as connection:
        for place, run in enumerate(runs):
            new = tracking.NewRun(
                uuid_of(place), run.experiment, run.name, run.started, user=run.user
            )
            row = tracking.create_run(connection, new)
            ids.append(row)
            ended = None if run.lasted is None else run.started + timedelta(seconds=run.lasted)
            connection.execute(
                update(tracked_run)
                .where(tracked_run.c.id == row)
                .values(
                    status=run.status,
                    ended_at=ended,
                    dag_id=run.dag,
                    task_id=run.task,
                    try_number=run.attempt,
                    run_id=run.dag_run,
                    map_index=run.map_index,
                    deleted_at=NOW if run.deleted else None,
                    parent_id=None if run.parent is None else ids[run.parent],
                )
            )
            for key, values in run.metrics.items():
                points = [(value, step, step) for step, value in enumerate(values)]
                metric_points.add(connection, row, key, *metric_points.pack(points))
            for key, value in run.params.items():
                tracking.log_param(connection, row, key, value)
            for key, value in run.tags.items():
                tracking.set_tag(connection, row, key, value)
            for name, digest, context in run.datasets:
                found = {"name": name, "digest": digest, "source_type": "", "source": ""}
                used = {"tags": {"mlflow.data.context": context}}
                tracking.log_input(connection, row, found | used)
    return ids


def found(
    store: Store, text: str, sort: str = "", limit: int | None = None, offset: int = 0
) -> list[int]:
    """The ids that a filter finds."""
    query = select_runs(parse(text), order(sort), now=NOW, limit=limit, offset=offset)
    with store.read() as connection:
        return list(connection.execute(query).scalars())

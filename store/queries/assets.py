"""Assets: who makes and who reads them, what is noted for those that wait, and their events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, tuple_

from store.models import (
    asset,
    asset_dag_run_queue,
    asset_event,
    dag,
    dag_run,
    dag_schedule_asset_reference,
    dagrun_asset_event,
    task_inlet_asset_reference,
    task_outlet_asset_reference,
)


class TaskRef(NamedTuple):
    """A task that has an asset in its outlets or inlets."""

    dag_id: str
    task_id: str


class EventKey(NamedTuple):
    """The place of an event in lists, which show the newest first."""

    timestamp: datetime
    id: int


@dataclass(frozen=True, slots=True)
class Consumer:
    """A DAG that runs on an asset."""

    dag_id: str
    ready: int
    """Of the assets in its schedule: how many have had an event since its last such run."""
    needed: int
    """How many there are in its schedule."""
    has_event: bool
    """Whether this asset has had one."""
    is_paused: bool
    one_is_enough: bool = False
    """Its schedule is ``a | b``: one of them makes it run."""


@dataclass(frozen=True, slots=True)
class ConsumingRun:
    """A run that consumed an event."""

    dag_id: str
    run_id: str
    state: str


@dataclass(frozen=True, slots=True)
class AssetEventRow:
    """An event of an asset."""

    id: int
    asset_id: int
    timestamp: datetime
    extra: dict[str, Any]
    source_dag_id: str | None
    """None: recorded by hand."""
    source_run_id: str | None
    source_task_id: str | None
    source_map_index: int | None
    actor: str | None
    """Who recorded it by hand."""
    runs: tuple[ConsumingRun, ...] = ()
    """Those that consumed it."""

    @property
    def key(self) -> EventKey:
        return EventKey(self.timestamp, self.id)


@dataclass(frozen=True, slots=True)
class AssetRow:
    """An asset, with all that refers to it."""

    id: int
    name: str
    uri: str
    group: str
    extra: dict[str, Any]
    event_count: int
    """Of all times: pruned ones count."""
    last_event: AssetEventRow | None
    producers: tuple[TaskRef, ...] = ()
    """Tasks that have it in their outlets."""
    readers: tuple[TaskRef, ...] = ()
    """Tasks that have it in their inlets."""
    consumers: tuple[Consumer, ...] = ()
    """DAGs that run on it."""


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events, newest first."""

    rows: tuple[AssetEventRow, ...]
    next: EventKey | None
    """Give it as ``before`` to get the page after this one; None at the end."""


@dataclass(frozen=True, slots=True)
class ScheduleAsset:
    """An asset in the schedule of a DAG."""

    name: str
    uri: str
    ready: bool
    """It has had an event since the DAG's last run on its assets."""
    last_event_at: datetime | None


ANY_OF = "any of "
"""With this begin the words of a schedule for which one of its assets is enough."""

_EVENT_FIELDS = tuple(name for name in AssetEventRow.__dataclass_fields__ if name != "runs")
_EVENT_COLUMNS = tuple(asset_event.c[name] for name in _EVENT_FIELDS)


def list_assets(connection: Connection) -> list[AssetRow]:
    """All assets by name. The time grows with the number of assets, not with that of events."""
    producers = _tasks(connection, task_outlet_asset_reference)
    readers = _tasks(connection, task_inlet_asset_reference)
    consumers = _consumers(connection)
    rows = connection.execute(
        select(asset, *(column.label(f"event_{column.name}") for column in _EVENT_COLUMNS))
        .outerjoin(asset_event, asset_event.c.id == asset.c.last_event_id)
        .order_by(asset.c.name, asset.c.uri)
    )
    return [
        AssetRow(
            id=row.id,
            name=row.name,
            uri=row.uri,
            group=row.group,
            extra=row.extra,
            event_count=row.event_count,
            last_event=None
            if row.event_id is None
            else AssetEventRow(**{name: getattr(row, f"event_{name}") for name in _EVENT_FIELDS}),
            producers=tuple(producers.get(row.id, ())),
            readers=tuple(readers.get(row.id, ())),
            consumers=tuple(consumers.get(row.id, ())),
        )
        for row in rows
    ]


def find_assets(connection: Connection, wanted: str) -> list[AssetRow]:
    """The assets of that name, else of that URI."""
    rows = list_assets(connection)
    return [row for row in rows if row.name == wanted] or [row for row in rows if row.uri == wanted]


def _tasks(connection: Connection, table: Any) -> dict[int, list[TaskRef]]:
    found: defaultdict[int, list[TaskRef]] = defaultdict(list)
    query = (
        select(table.c.asset_id, table.c.dag_id, table.c.task_id)
        .join(dag, dag.c.dag_id == table.c.dag_id)
        .where(dag.c.is_active)
        .order_by(table.c.dag_id, table.c.task_id)
    )
    for asset_id, dag_id, task_id in connection.execute(query):
        found[asset_id].append(TaskRef(dag_id, task_id))
    return found


def _consumers(connection: Connection) -> dict[int, list[Consumer]]:
    queue, reference = asset_dag_run_queue, dag_schedule_asset_reference
    noted: defaultdict[str, set[int]] = defaultdict(set)
    for asset_id, dag_id in connection.execute(select(queue.c.asset_id, queue.c.target_dag_id)):
        noted[dag_id].add(asset_id)
    needed: defaultdict[str, set[int]] = defaultdict(set)
    rows = connection.execute(
        select(reference.c.asset_id, reference.c.dag_id, dag.c.is_paused, dag.c.schedule_words)
        .join(dag, dag.c.dag_id == reference.c.dag_id)
        .where(dag.c.is_active)
        .order_by(reference.c.dag_id)
    ).all()
    for asset_id, dag_id, *_ in rows:
        needed[dag_id].add(asset_id)
    found: defaultdict[int, list[Consumer]] = defaultdict(list)
    for asset_id, dag_id, is_paused, words in rows:
        ready = noted[dag_id] & needed[dag_id]
        found[asset_id].append(
            Consumer(
                dag_id,
                len(ready),
                len(needed[dag_id]),
                asset_id in ready,
                is_paused,
                words.startswith(ANY_OF),
            )
        )
    return found


def list_events(
    connection: Connection, asset_id: int, *, limit: int = 50, before: EventKey | None = None
) -> EventPage:
    """A page of the events of an asset, newest first, with the runs that consumed them."""
    columns = asset_event.c
    query = (
        select(*_EVENT_COLUMNS)
        .where(columns.asset_id == asset_id)
        .order_by(columns.timestamp.desc(), columns.id.desc())
        .limit(limit + 1)
    )
    if before is not None:
        query = query.where(tuple_(columns.timestamp, columns.id) < before)
    rows = connection.execute(query).all()
    runs = _runs_of(connection, [row.id for row in rows[:limit]])
    found = tuple(
        AssetEventRow(**row._mapping, runs=tuple(runs.get(row.id, ()))) for row in rows[:limit]
    )
    return EventPage(found, found[-1].key if len(rows) > limit else None)


def _runs_of(connection: Connection, event_ids: Sequence[int]) -> dict[int, list[ConsumingRun]]:
    """The runs that consumed these events."""
    found: defaultdict[int, list[ConsumingRun]] = defaultdict(list)
    link = dagrun_asset_event
    query = (
        select(link.c.event_id, dag_run.c.dag_id, dag_run.c.run_id, dag_run.c.state)
        .join(dag_run, dag_run.c.id == link.c.dag_run_id)
        .where(link.c.event_id.in_(event_ids))
        .order_by(dag_run.c.id)
    )
    for event_id, dag_id, run_id, state in connection.execute(query):
        found[event_id].append(ConsumingRun(dag_id, run_id, state))
    return found


def schedule_assets(connection: Connection, dag_id: str) -> list[ScheduleAsset]:
    """The assets in a DAG's schedule, by name."""
    queue, reference = asset_dag_run_queue, dag_schedule_asset_reference
    rows = connection.execute(
        select(asset.c.name, asset.c.uri, queue.c.created_at, asset_event.c.timestamp)
        .join_from(reference, asset, asset.c.id == reference.c.asset_id)
        .outerjoin(asset_event, asset_event.c.id == asset.c.last_event_id)
        .outerjoin(
            queue,
            (queue.c.asset_id == reference.c.asset_id)
            & (queue.c.target_dag_id == reference.c.dag_id),
        )
        .where(reference.c.dag_id == dag_id)
        .order_by(asset.c.name, asset.c.uri)
    )
    return [ScheduleAsset(name, uri, noted is not None, at) for name, uri, noted, at in rows]


def consumed_assets(connection: Connection, dag_run_id: int) -> list[tuple[str, int]]:
    """The assets whose events a run consumed, by name, and how many of each."""
    link = dagrun_asset_event
    query = (
        select(asset.c.name, func.count())
        .join_from(link, asset_event, asset_event.c.id == link.c.event_id)
        .join(asset, asset.c.id == asset_event.c.asset_id)
        .where(link.c.dag_run_id == dag_run_id)
        .group_by(asset.c.id, asset.c.name)
        .order_by(asset.c.name)
    )
    return [(name, number) for name, number in connection.execute(query)]

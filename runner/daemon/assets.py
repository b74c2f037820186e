"""Assets: who refers to which, their events, and the runs that follow from them.

The semantics are Airflow's. An event is noted for each DAG whose schedule names the asset, unless
that DAG is paused; when what is noted meets the DAG's condition, and ``max_active_runs`` lets it,
a run is made that consumes the events since the last such run.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, func, insert, select, update

from runner.daemon import making
from runner.daemon.memory import LiveRun, LiveTry, Pipeline
from runner.daemon.schedules import active_scheduled
from runner.daemon.turn import Turn
from runner.journal.records import AssetChange
from runner.scheduling.dag_runs import generate_run_id
from store import models, records
from store.states import DagRunType
from store.structure import AssetStructure, assets_in, is_met

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
AT_ONCE = 500
"""Rows of one statement."""

# -- who refers to which ----------------------------------------------------------------------


def take_in(turn: Turn, pipeline: Pipeline) -> None:
    """A DAG is new or has changed: the assets that it names, and where it names them."""
    structure = pipeline.own_structure
    condition = structure.asset_condition
    scheduled = [] if condition is None else assets_in(condition)
    named = [*scheduled]
    for task in structure.tasks:
        named += [*task.outlets, *task.inlets]
    ids = _put_assets(turn, {asset.key: asset for asset in named})
    dag_id = pipeline.dag_id
    gone = _put_references(
        turn,
        models.dag_schedule_asset_reference,
        dag_id,
        {(ids[asset.key],) for asset in scheduled},
    )
    _forget_waiting(turn, dag_id, [asset_id for (asset_id,) in gone])
    for table, name in (
        (models.task_outlet_asset_reference, "outlets"),
        (models.task_inlet_asset_reference, "inlets"),
    ):
        wanted = {
            (ids[asset.key], task.task_id)
            for task in structure.tasks
            for asset in getattr(task, name)
        }
        _put_references(turn, table, dag_id, wanted)
    turn.brain.asset_consumers.add(dag_id)


def _put_assets(
    turn: Turn, wanted: dict[tuple[str, str], AssetStructure]
) -> dict[tuple[str, str], int]:
    """The row keys of these assets; those that are new or have changed are written."""
    if not wanted:
        return {}
    table = models.asset
    names = sorted({name for name, _ in wanted})
    found: dict[tuple[str, str], Any] = {}
    for start in range(0, len(names), AT_ONCE):
        query = select(table).where(table.c.name.in_(names[start : start + AT_ONCE]))
        found |= {(row.name, row.uri): row for row in turn.connection.execute(query)}
    ids: dict[tuple[str, str], int] = {}
    for key, asset in wanted.items():
        row = found.get(key)
        facts = {"group": asset.group, "extra": asset.extra}
        if row is None:
            new = {"name": asset.name, "uri": asset.uri, "created_at": turn.now, "event_count": 0}
            ids[key] = turn.connection.execute(
                insert(table).returning(table.c.id), new | facts
            ).scalar_one()
            continue
        ids[key] = row.id
        if (row.group, row.extra) != (asset.group, asset.extra):
            turn.connection.execute(update(table).where(table.c.id == row.id).values(facts))
    return ids


def _put_references(
    turn: Turn, table: Table, dag_id: str, wanted: set[tuple[Any, ...]]
) -> set[tuple[Any, ...]]:
    """Bring a DAG's references in line; those that are gone."""
    names = [name for name in ("asset_id", "task_id") if name in table.c]
    columns = [table.c[name] for name in names]
    query = select(*columns).where(table.c.dag_id == dag_id)
    present = {tuple(row) for row in turn.connection.execute(query)}
    gone = present - wanted
    for one in gone:
        match = [column == value for column, value in zip(columns, one, strict=True)]
        turn.connection.execute(delete(table).where(table.c.dag_id == dag_id, *match))
    new = [
        {"dag_id": dag_id, "created_at": turn.now, **dict(zip(names, one, strict=True))}
        for one in sorted(wanted - present)
    ]
    if new:
        turn.connection.execute(insert(table), new)
    return gone


def _forget_waiting(turn: Turn, dag_id: str, asset_ids: Iterable[int]) -> None:
    queue = models.asset_dag_run_queue
    for asset_id in asset_ids:
        turn.connection.execute(
            delete(queue).where(queue.c.target_dag_id == dag_id, queue.c.asset_id == asset_id)
        )


# -- events -----------------------------------------------------------------------------------


def produced(turn: Turn, run: LiveRun, live_try: LiveTry, changes: Iterable[AssetChange]) -> None:
    """A task has succeeded: there is an event of each of its outlets."""
    for change in changes:
        asset = find(turn.connection, change.name, change.uri)
        if asset is None:
            continue  # its file was changed meanwhile, and no DAG ever named it in the store
        happened(
            turn,
            asset,
            change.extra,
            source_dag_id=run.dag_id,
            source_run_id=run.run_id,
            source_task_id=live_try.task_id,
            source_map_index=live_try.map_index,
        )


def find(connection: Connection, name: str, uri: str) -> Any:
    """The row of an asset, or None."""
    table = models.asset
    query = select(table).where(table.c.name == name, table.c.uri == uri)
    return connection.execute(query).first()


def happened(turn: Turn, asset: Any, extra: dict[str, Any], **source: Any) -> int:
    """Make an event of an asset, and note it for the DAGs that run on it. Returns its key."""
    event, queue = models.asset_event, models.asset_dag_run_queue
    key: int = turn.connection.execute(
        insert(event).returning(event.c.id),
        {"asset_id": asset.id, "timestamp": turn.now, "extra": extra, **source},
    ).scalar_one()
    table = models.asset
    turn.connection.execute(
        update(table)
        .where(table.c.id == asset.id)
        .values(event_count=table.c.event_count + 1, last_event_id=key)
    )
    reference = models.dag_schedule_asset_reference
    consumers = turn.connection.execute(
        select(reference.c.dag_id).where(reference.c.asset_id == asset.id)
    ).scalars()
    waiting = [dag_id for dag_id in consumers if _listens(turn, dag_id)]
    if waiting:
        statement = records.conflict_insert(turn.connection.dialect.name, queue)
        turn.connection.execute(
            statement.on_conflict_do_nothing(),
            [
                {"asset_id": asset.id, "target_dag_id": dag_id, "created_at": turn.now}
                for dag_id in waiting
            ],
        )
        turn.brain.asset_consumers.update(waiting)
    return key


def _listens(turn: Turn, dag_id: str) -> bool:
    """Whether events are noted for a DAG: for a paused one they are not (as in Airflow)."""
    pipeline = turn.brain.pipelines.get(dag_id)
    return pipeline is not None and not pipeline.is_paused and runs_on_assets(pipeline)


def runs_on_assets(pipeline: Pipeline) -> bool:
    """Whether its schedule is one of assets, and not overridden."""
    return pipeline.structure.timetable.kind == "asset"


# -- runs -------------------------------------------------------------------------------------


def create_runs(turn: Turn) -> None:
    """Make the runs for which there are events enough."""
    while turn.brain.asset_consumers:
        create_run(turn, turn.brain.asset_consumers.pop())


def create_run(turn: Turn, dag_id: str) -> None:
    """Make the run of a DAG whose assets have had their events, if it may have one now."""
    turn.brain.asset_consumers.discard(dag_id)
    pipeline = turn.brain.pipelines.get(dag_id)
    if pipeline is None or pipeline.hold() is not None:
        return
    condition = pipeline.structure.asset_condition
    if condition is None or not runs_on_assets(pipeline):
        return
    queue, asset = models.asset_dag_run_queue, models.asset
    noted = turn.connection.execute(
        select(queue.c.created_at, asset.c.id, asset.c.name, asset.c.uri)
        .join(asset, asset.c.id == queue.c.asset_id)
        .where(queue.c.target_dag_id == dag_id)
    ).all()
    if not noted or not is_met(condition, {(row.name, row.uri) for row in noted}):
        return
    if active_scheduled(turn, pipeline) >= pipeline.max_active_runs:
        return  # looked at again when one of them ends
    at: datetime = max(row.created_at for row in noted)
    turn.changes.flush(turn.connection)
    events = _events_until(turn, pipeline, at)
    key = making.make_run(
        turn,
        pipeline,
        run_type=DagRunType.ASSET_TRIGGERED,
        run_id=making.free_run_id(
            generate_run_id(DagRunType.ASSET_TRIGGERED, at),
            lambda run_id: making.is_taken(turn, dag_id, models.dag_run.c.run_id, run_id),
        ),
        logical_date=None,
        interval=None,
        run_after=at,
        triggered_by="asset",
    )
    turn.changes.flush(turn.connection)
    if events:
        turn.connection.execute(
            insert(models.dagrun_asset_event),
            [{"dag_run_id": key, "event_id": event_id} for event_id in events],
        )
    _forget_waiting(turn, dag_id, [row.id for row in noted])


def _events_until(turn: Turn, pipeline: Pipeline, at: datetime) -> list[int]:
    """The events that a run consumes: those since the last one that assets triggered.

    The first run takes those since the DAG runs on them, with ``catchup`` all there are.
    """
    run, event = models.dag_run, models.asset_event
    reference = models.dag_schedule_asset_reference
    since = turn.connection.execute(
        select(func.max(run.c.run_after)).where(
            run.c.dag_id == pipeline.dag_id,
            run.c.run_type == DagRunType.ASSET_TRIGGERED,
            run.c.run_after < at,
        )
    ).scalar()
    own = reference.c.dag_id == pipeline.dag_id
    if since is None and not pipeline.structure.catchup:
        since = turn.connection.execute(
            select(func.min(reference.c.created_at)).where(own)
        ).scalar()
    query = (
        select(event.c.id)
        .where(
            event.c.asset_id.in_(select(reference.c.asset_id).where(own)),
            event.c.timestamp <= at,
            event.c.timestamp > (since or LONG_AGO),
        )
        .order_by(event.c.timestamp, event.c.id)
    )
    return list(turn.connection.execute(query).scalars())


def consumed(connection: Connection, run_key: int) -> list[dict[str, Any]]:
    """The events that a run consumed, oldest first, as its tasks are told of them."""
    event, asset, link = models.asset_event, models.asset, models.dagrun_asset_event
    rows = connection.execute(
        select(
            asset.c.name,
            asset.c.uri,
            asset.c.group,
            event.c.extra,
            event.c.timestamp,
            event.c.source_dag_id,
            event.c.source_run_id,
            event.c.source_task_id,
            event.c.source_map_index,
        )
        .join(event, event.c.id == link.c.event_id)
        .join(asset, asset.c.id == event.c.asset_id)
        .where(link.c.dag_run_id == run_key)
        .order_by(event.c.timestamp, event.c.id)
    )
    return [{**row._mapping, "timestamp": row.timestamp.isoformat()} for row in rows]


def noted_for(connection: Connection, asset_id: int) -> list[str]:
    """The DAGs for which an event of an asset is noted, by name."""
    queue = models.asset_dag_run_queue
    query = select(queue.c.target_dag_id).where(queue.c.asset_id == asset_id)
    return sorted(connection.execute(query).scalars())


def give_up(turn: Turn, dag_id: str, why: str) -> None:
    """No run can be made of what is noted for a DAG: it is forgotten, and said."""
    turn.brain.asset_consumers.discard(dag_id)
    queue = models.asset_dag_run_queue
    turn.connection.execute(delete(queue).where(queue.c.target_dag_id == dag_id))
    turn.changes.event(turn.now, "run_failed", why, dag_id=dag_id)

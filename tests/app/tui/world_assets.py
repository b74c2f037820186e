"""Assets in a workspace: what produces them, what runs on them, and their events."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import insert

from store import models
from store.structure import AllAssets, AssetStructure, TimetableStructure
from tests.app.tui.world import NOW, World, at_once, structure_of


def add_asset(world: World, key: int, name: str, uri: str, **values: Any) -> None:
    facts = {"group": "asset", "extra": {}, "created_at": NOW, "event_count": 0} | values
    with world.write() as connection:
        connection.execute(insert(models.asset), {"id": key, "name": name, "uri": uri, **facts})


def add_event(world: World, key: int, asset: int, ago: timedelta, **values: Any) -> None:
    row = {
        "id": key,
        "asset_id": asset,
        "timestamp": NOW - ago,
        "extra": values.pop("extra", {}),
        "source_dag_id": None,
        "source_run_id": None,
        "source_task_id": None,
        "source_map_index": None,
        "actor": None,
    }
    with world.write() as connection:
        connection.execute(insert(models.asset_event), row | values)
        connection.execute(
            models.asset.update()
            .where(models.asset.c.id == asset)
            .values(event_count=models.asset.c.event_count + 1, last_event_id=key)
        )


def refer(world: World, table: Any, asset: int, dag_id: str, **values: Any) -> None:
    with world.write() as connection:
        row = {"asset_id": asset, "dag_id": dag_id, "created_at": NOW, **values}
        connection.execute(insert(table), row)


@at_once
def fill_assets(world: World, name: str = "orders") -> None:
    """Two assets that a DAG makes, a third, and two DAGs that run on them."""
    load = world.dag("load", structure_of("load", ["copy", "check"]))
    both = AllAssets([AssetStructure(name, "s3://shop/orders"), AssetStructure("clicks", "clicks")])
    timetable = TimetableStructure("asset", summary="Asset", description="2 assets")
    values = {"schedule": "Asset", "schedule_words": "2 assets"}
    report = world.dag(
        "report",
        structure_of("report", ["print"], asset_condition=both, timetable=timetable),
        **values,
    )
    world.dag("archive", is_paused=True)
    made = world.run("load", load, "success", ago=timedelta(hours=2))
    world.instance("load", made, "copy", "success")
    followed = world.run("report", report, "running", ago=timedelta(hours=1))
    add_asset(world, 1, name, "s3://shop/orders", group="sales", extra={"owner": "ann"})
    add_asset(world, 2, "clicks", "clicks")
    add_asset(world, 3, "model", "file:///models/best")
    outlet, schedule = models.task_outlet_asset_reference, models.dag_schedule_asset_reference
    refer(world, outlet, 1, "load", task_id="copy")
    refer(world, outlet, 2, "load", task_id="check")
    refer(world, models.task_inlet_asset_reference, 3, "report", task_id="print")
    refer(world, schedule, 1, "report")
    refer(world, schedule, 2, "report")
    refer(world, schedule, 3, "archive")
    with world.write() as connection:
        rows = dict(
            connection.execute(
                models.dag_run.select().with_only_columns(
                    models.dag_run.c.dag_id, models.dag_run.c.run_id
                )
            ).all()
        )
    source = {"source_dag_id": "load", "source_run_id": rows["load"], "source_map_index": -1}
    add_event(world, 1, 2, timedelta(hours=3), actor="ann", extra={"why": "a late file"})
    add_event(world, 2, 1, timedelta(hours=2), **source, source_task_id="copy", extra={"rows": 12})
    add_event(world, 3, 1, timedelta(minutes=5), **source, source_task_id="copy")
    with world.write() as connection:
        connection.execute(
            insert(models.dagrun_asset_event),
            [{"dag_run_id": followed, "event_id": key} for key in (1, 2)],
        )
        connection.execute(
            insert(models.asset_dag_run_queue),
            {"asset_id": 1, "target_dag_id": "report", "created_at": NOW},
        )

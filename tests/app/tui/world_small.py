"""What people have, in a workspace with one DAG: keys lead to every screen without a search."""

from __future__ import annotations

from datetime import timedelta

from store import models
from tests.app.tui.admin_world import fill_rows
from tests.app.tui.run_world import FAILED, fill_training
from tests.app.tui.world import NOW, World, at_once
from tests.app.tui.world_assets import add_asset, add_event, refer
from tests.app.tui.world_compared import track_row
from tests.app.tui.world_details import event
from tests.app.tui.world_tracked import track


@at_once
def fill_small(world: World) -> None:
    """A DAG with runs, XComs, Variables, Connections, pools, events, and a file that is broken."""
    fill_training(world)
    fill_rows(world)
    track(world, 11)
    world.lease()
    world.import_error("dags/broken.py", "SyntaxError: '(' was never closed", 12, "Traceback\n")
    place = {"dag_id": "training", "run_id": FAILED, "task_id": "fit", "map_index": 2}
    event(
        world,
        "task_failed",
        "runner",
        "fit[2] failed: FloatingPointError: the loss is not finite",
        at=NOW - timedelta(days=1),
        details={"exit_status": 1},
        **place,
    )
    add_asset(world, 1, "model", "s3://shop/models/best", group="models")
    refer(world, models.task_outlet_asset_reference, 1, "training", task_id="fit")
    source = {"source_dag_id": "training", "source_run_id": FAILED, "source_map_index": -1}
    add_event(world, 1, 1, timedelta(hours=2), **source, source_task_id="fit")
    with world.write() as connection:
        for number in range(3):
            track_row(connection, number, "training", FAILED, "fit", f"fit[{number}] try 1")
    event(world, "dag_unpaused", "ann", "unpaused training", dag_id="training", at=NOW)

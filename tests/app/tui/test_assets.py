"""The place of assets and the events of one, on real stores and with a real runner."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from app.tui.models import assets as assets_model
from app.tui.reading_assets import PAGE
from app.tui.scene import Scene
from app.tui.screens.assets import AssetScreen, AssetsScreen, EventForm
from app.tui.screens.run import RunScreen
from app.tui.spans import plain
from app.tui.theme import UNICODE
from store import models
from store.queries.assets import Consumer, ScheduleAsset
from store.structure import AllAssets, AnyAsset, AssetStructure, TimetableStructure
from tests.app.tui.driving import AppPilot, commanded, opened, press, says, text_of, until
from tests.app.tui.snapshot import SIZES, check_scene
from tests.app.tui.world import NOW, World, structure_of
from tests.support.live import Live, live

SCENE = Scene(NOW, NOW.tzinfo, UNICODE)
HOSTILE = "orders \x1b[31mred\x1b[0m 表格 مرحبا 🚀"


def add_asset(world: World, key: int, name: str, uri: str, **values: Any) -> None:
    facts = {"group": "asset", "extra": {}, "created_at": NOW, "event_count": 0} | values
    with world.store.write() as connection:
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
    with world.store.write() as connection:
        connection.execute(insert(models.asset_event), row | values)
        connection.execute(
            models.asset.update()
            .where(models.asset.c.id == asset)
            .values(event_count=models.asset.c.event_count + 1, last_event_id=key)
        )


def refer(world: World, table: Any, asset: int, dag_id: str, **values: Any) -> None:
    with world.store.write() as connection:
        row = {"asset_id": asset, "dag_id": dag_id, "created_at": NOW, **values}
        connection.execute(insert(table), row)


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
    with world.store.read() as connection:
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
    with world.store.write() as connection:
        connection.execute(
            insert(models.dagrun_asset_event),
            [{"dag_run_id": followed, "event_id": key} for key in (1, 2)],
        )
        connection.execute(
            insert(models.asset_dag_run_queue),
            {"asset_id": 1, "target_dag_id": "report", "created_at": NOW},
        )


# what is shown


def test_a_consumer_says_how_far_it_is() -> None:
    words = [
        plain(assets_model.consumer_spans(Consumer("use", ready, needed, False, paused)))
        for ready, needed, paused in ((0, 1, False), (2, 3, False), (1, 2, True))
    ]
    assert words == ["use", "use 2 of 3 ready", "use paused"]
    either = Consumer("use", 0, 2, False, False, one_is_enough=True)
    assert plain(assets_model.consumer_spans(either)) == "use any of 2"


def test_a_condition_reads_as_it_is_written() -> None:
    a, b, c = (AssetStructure(name, name) for name in "abc")
    assert assets_model.condition_words(a) == "a"
    assert assets_model.condition_words(AllAssets([a, AnyAsset([b, c])])) == "a & (b | c)"
    assert assets_model.condition_words(AnyAsset([AllAssets([a]), b])) == "a | b"


def test_the_details_of_a_dag_name_what_it_awaits() -> None:
    found = assets_model.schedule_facts(
        [ScheduleAsset("a", "a", True, NOW), ScheduleAsset("b", "b", False, None)], SCENE
    )
    assert [(name, plain(line)) for name, line in found] == [
        ("ready", "1 of 2 assets"),
        ("assets", "ready   a  last event just now"),
        ("", "awaited b  no event yet"),
    ]


@pytest.mark.parametrize("size", SIZES)
async def test_the_assets_look_the_same(world: World, size: tuple[int, int]) -> None:
    fill_assets(world)
    await check_scene("assets", size, world.workspace, ("8", "j", "j"))


@pytest.mark.parametrize("size", SIZES)
async def test_the_events_of_an_asset_look_the_same(world: World, size: tuple[int, int]) -> None:
    fill_assets(world)
    await check_scene("asset_events", size, world.workspace, ("8", "G", "enter"))


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_names_are_harmless(world: World, size: tuple[int, int]) -> None:
    fill_assets(world, HOSTILE)
    shown = await check_scene("assets_hostile", size, world.workspace, ("8", "G", "enter"))
    assert "\x1b" not in shown


@pytest.mark.parametrize("size", SIZES)
async def test_no_assets_look_the_same(world: World, size: tuple[int, int]) -> None:
    world.dag("plain")
    await check_scene("assets_empty", size, world.workspace, ("8",))


async def test_the_details_of_a_dag_list_its_assets(world: World) -> None:
    fill_assets(world)
    async with opened(world.workspace, (120, 40), dag="report") as pilot:
        await press(pilot, "7")
        await says(pilot, "1 of 2 assets")
        assert "orders & clicks" in text_of(pilot)
        assert "last event 5m ago" in text_of(pilot)


# keys


def on(pilot: AppPilot, kind: type) -> bool:
    return isinstance(pilot.app.screen, kind)


async def test_enter_goes_to_the_events_to_the_run_and_back(world: World) -> None:
    fill_assets(world)
    async with opened(world.workspace, (120, 40)) as pilot:
        await press(pilot, "8", "G", "enter")
        assert on(pilot, AssetScreen)
        await press(pilot, "enter")
        assert on(pilot, RunScreen)
        await press(pilot, "escape", "j", "f")
        await until(pilot, lambda: on(pilot, RunScreen), "the run that followed")
        assert pilot.app.screen.dag_id == "report"  # type: ignore[attr-defined]
        await press(pilot, "escape", "escape")
        assert on(pilot, AssetsScreen)
        await press(pilot, "g", "enter", "enter")
        await says(pilot, "it was recorded by hand")


async def test_an_event_by_hand_is_asked_for(world: World) -> None:
    fill_assets(world)
    async with opened(world.workspace, (120, 40)) as pilot:
        await press(pilot, "8", "A")
        await until(pilot, lambda: on(pilot, EventForm), "the form")
        await says(pilot, "report 1 of 2 ready")
        await press(pilot, *"[1]", "ctrl+r")
        await says(pilot, "a JSON object is wanted")
        await press(pilot, *["backspace"] * 3, *'{"a": 1}', "ctrl+r")
        ((kind, payload),) = await commanded(pilot)
        assert (kind, payload) == ("asset_event", {"asset": "clicks", "extra": {"a": 1}})


async def test_a_filter_finds_what_waits(world: World) -> None:
    fill_assets(world)
    async with opened(world.workspace, (120, 40)) as pilot:
        await press(pilot, "8", "slash", *"group:sales", "enter")
        await says(pilot, "1 of 3")
        await press(pilot, "escape")
        await says(pilot, "3 assets")


async def test_without_leave_to_change_nothing_is_recorded(world: World) -> None:
    fill_assets(world)
    async with opened(world.workspace, (120, 40), read_only=True) as pilot:
        await press(pilot, "8", "A", "t")
        await pilot.pause()
        assert on(pilot, AssetsScreen)


async def test_older_events_are_read_at_the_end(world: World) -> None:
    add_asset(world, 1, "many", "many")
    for key in range(1, PAGE + 21):
        add_event(world, key, 1, timedelta(days=1) - timedelta(seconds=key), actor="ann")
    async with opened(world.workspace, (120, 40)) as pilot:
        await press(pilot, "8", "enter")
        await says(pilot, "older ones follow")
        await press(pilot, "G")
        await says(pilot, f"{PAGE + 20} events")


# with a runner

PIPELINE = """
from dagtop import DAG, Asset, BashOperator

orders = Asset("orders")
with DAG("load", is_paused_upon_creation=False):
    BashOperator(task_id="copy", bash_command="true", outlets=[orders])
with DAG("report", schedule=orders, is_paused_upon_creation=False):
    BashOperator(task_id="print", bash_command="true")
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path / "shop") as workspace:
        workspace.write("assets.py", PIPELINE)
        workspace.start()
        workspace.wait_for_dag("report")
        yield workspace


async def test_what_is_recorded_here_runs_what_waits_for_it(running: Live) -> None:
    async with opened(running.workspace, (120, 40)) as pilot:
        await says(pilot, "on asset orde")
        await press(pilot, "8", "A")
        await until(pilot, lambda: on(pilot, EventForm), "the form")
        await press(pilot, "ctrl+r")
        await says(pilot, "recorded an event of orders")
        await press(pilot, "enter")
        await says(pilot, "report")
        count = "SELECT count(*) FROM dag_run WHERE dag_id = 'report' AND state = 'success'"
        await until(pilot, lambda: running.value(count) == 1, "the run")
        await press(pilot, "f")
        await until(pilot, lambda: on(pilot, RunScreen), "the run that followed")
        await says(pilot, "assets       ")
        await press(pilot, "escape")
        running.run("load")
        await says(pilot, "load.copy")

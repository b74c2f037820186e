"""The place of assets and the events of one, on real stores and with a real runner."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from app.tui.models import assets as assets_model
from app.tui.reading_assets import PAGE
from app.tui.scene import Scene
from app.tui.screens.assets import AssetScreen, AssetsScreen, EventForm
from app.tui.screens.run import RunScreen
from app.tui.spans import plain
from app.tui.theme import UNICODE
from store.queries.assets import Consumer, ScheduleAsset
from store.structure import AllAssets, AnyAsset, AssetStructure
from tests.app.tui.driving import AppPilot, commanded, opened, press, says, text_of, until
from tests.app.tui.snapshot import SIZES, check_scene
from tests.app.tui.world import NOW, World
from tests.app.tui.world_assets import add_asset, add_event, fill_assets
from tests.support.live import Live, live

SCENE = Scene(NOW, NOW.tzinfo, UNICODE)
HOSTILE = "orders \x1b[31mred\x1b[0m 表格 مرحبا 🚀"


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

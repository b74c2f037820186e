"""The place of XComs: a table over all DAGs, values read when they are opened, deleting."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.tui.filters import parse
from app.tui.models.xcom_rows import facts_of, type_words, wanted_of
from app.tui.screens.log import LogScreen
from app.tui.screens.task_xcoms import ValueScreen
from app.tui.screens.xcoms import XComsScreen
from store import events
from store.engine import open_store
from store.queries.tasks import XComRow, list_xcoms
from store.queries.xcoms import PlacedXCom, XComFilter
from store.workspace import Workspace
from tests.app.tui.driving import AppPilot, app_of, opened, press, says, text_of, until
from tests.app.tui.snapshot import by_size, check_scene
from tests.app.tui.world import NOW, World, make_world
from tests.app.tui.world_details import fill_details, fill_forecast, xcom


def row(value: bytes = b"[1]", size: int = 3, length: int | None = 1) -> PlacedXCom:
    return PlacedXCom("shop", 7, "manual__x", XComRow("train", 3, "loss", value, size, length, NOW))


def test_a_filter_is_given_to_the_store_as_far_as_it_can_look_for_it() -> None:
    wanted = wanted_of(parse("dag:shop run:man task:train[3] key:loss word !key:x size>1k"))
    assert wanted == XComFilter("shop", "man", "train", "loss", ("word",))


def test_a_row_can_be_filtered_by_what_it_shows() -> None:
    facts = facts_of(row())
    assert facts.fields["task"] == ["train[3]"]
    assert facts.fields["type"] == ["list of 1"]
    assert facts.numbers["size"] == 3.0
    assert "manual__x" in facts.text


def test_the_type_of_a_value_that_was_not_read_is_not_made_up() -> None:
    assert type_words(row(b"", 10**6, 500)) == "500 items"
    assert type_words(row(b"", 10**6, None)) == "large"


@pytest.fixture
def own(tmp_path: Path) -> Workspace:
    """One that a test changes."""
    world = make_world(tmp_path / "shop")
    fill_details(world)
    world.store.close()
    return world.workspace


SCENES: dict[str, tuple[str, ...]] = {
    "xcoms": ("4",),
    "xcoms_filtered": ("4", "slash", *"task:train", "enter"),
    "xcoms_question": ("4", "space", "space", "d"),
}


@by_size
@pytest.mark.parametrize("scene", SCENES)
async def test_the_place_looks_as_it_did(
    scene: str, size: tuple[int, int], details: Workspace
) -> None:
    await check_scene(scene, size, details, SCENES[scene])


@by_size
async def test_hostile_names_are_harmless(size: tuple[int, int], hostile: Workspace) -> None:
    shown = await check_scene("xcoms_hostile", size, hostile, ("4",))
    assert not set(shown) & set("\x1b\x07\x9b\x08\u202e")


@by_size
async def test_without_xcoms_it_says_where_they_come_from(
    size: tuple[int, int], tmp_path: Path
) -> None:
    world = make_world(tmp_path / "shop")
    world.store.close()
    await check_scene("xcoms_empty", size, world.workspace, ("4",))


def place(pilot: AppPilot) -> XComsScreen:
    found = app_of(pilot).screen
    assert isinstance(found, XComsScreen)
    return found


async def test_a_value_is_read_when_it_is_opened(details: Workspace) -> None:
    async with opened(details) as pilot:
        await press(pilot, "4", "enter")
        assert isinstance(app_of(pilot).screen, ValueScreen)
        await says(pilot, "of two lines")
        await press(pilot, "escape", "j", "y")
        await says(pilot, "copied the XCom return_value")
        assert "'name': 'als'" in pilot.app.clipboard
        await press(pilot, "o")
        assert isinstance(app_of(pilot).screen, LogScreen)


async def test_a_filter_finds_xcoms_of_runs_that_were_not_on_the_first_page(
    tmp_path: Path,
) -> None:
    world = make_world(tmp_path / "shop")
    runs = fill_forecast(world)
    for number in range(230):
        xcom(world, runs[2], "train", number, map_index=number)
    xcom(world, runs[0], "load_sales", 1, key="old_one")
    world.store.close()
    async with opened(world.workspace) as pilot:
        await press(pilot, "4")
        await says(pilot, "200 XComs, older ones follow")
        assert "old_one" not in text_of(pilot)
        await press(pilot, "slash", *"key:old_", "enter")
        await says(pilot, "old_one")
        await press(pilot, "escape", "G")
        await until(pilot, lambda: len(place(pilot).table.items) == 231, "all of them")
        assert not place(pilot).snapshot.more  # type: ignore[union-attr]


async def test_a_key_held_at_the_end_asks_for_one_page(tmp_path: Path) -> None:
    world = make_world(tmp_path / "shop")
    runs = fill_forecast(world)
    for number in range(230):
        xcom(world, runs[2], "train", number, map_index=number)
    world.store.close()
    async with opened(world.workspace) as pilot:
        await press(pilot, "4")
        await says(pilot, "200 XComs, older ones follow")
        await pilot.press("G", "G", "j", "j", "G")
        await until(pilot, lambda: len(place(pilot).table.items) > 200, "the older ones")
        assert place(pilot).pages == 2


async def test_marked_xcoms_are_deleted_after_a_question(own: Workspace) -> None:
    async with opened(own) as pilot:
        await press(pilot, "4")
        await says(pilot, "7 XComs")
        await press(pilot, "d")
        await says(pilot, "Delete 1 XCom?")
        await press(pilot, "enter", "space", "space", "d")
        await says(pilot, "Delete 2 XComs?")
        await press(pilot, "y")
        await says(pilot, "5 XComs")
    with open_store(own) as store, store.read() as connection:
        kinds = [one.kind for one in events.list_events(connection, limit=2)]
        assert kinds == ["xcom_deleted", "xcom_deleted"]
        assert list_xcoms(connection, 3) == []


async def test_nothing_is_deleted_in_read_only_mode(details: Workspace) -> None:
    async with opened(details, read_only=True) as pilot:
        await press(pilot, "4", "d")
        await says(pilot, "read-only")
        assert isinstance(app_of(pilot).screen, XComsScreen)


async def test_an_xcom_that_is_pushed_appears(own: Workspace) -> None:
    async with opened(own) as pilot:
        await press(pilot, "4")
        await says(pilot, "7 XComs")
        with open_store(own) as store:
            xcom(World(own, store), 3, "publish", {"rows": 12}, key="brand_new", minutes=0)
        await says(pilot, "brand_new")

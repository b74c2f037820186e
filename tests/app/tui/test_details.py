"""A DAG's details: what is said of it, its params, tasks and versions, and where they lead."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from app.tui.models.details import DetailLines, Item, details
from app.tui.reading_details import ChangesKnown, DetailsSnapshot, read_details
from app.tui.scene import Scene
from app.tui.screens.code import CodeScreen
from app.tui.screens.details import DetailsScreen
from app.tui.spans import width_of
from app.tui.theme import ROLE_COLOUR, UNICODE, Palette
from app.tui.themes import THEMES
from store.engine import open_store
from store.workspace import Workspace
from tests.app.tui.driving import AppPilot, app_of, opened, press, says, text_of, until
from tests.app.tui.snapshot import by_size, check_scene, settled
from tests.app.tui.world import NOW, World, make_world
from tests.app.tui.world_details import (
    THIRD,
    add_version,
    fill_details,
    fill_forecast,
    forecast,
)

SCENE = Scene(NOW, UTC, UNICODE)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    world = make_world(tmp_path_factory.mktemp("details") / "shop")
    fill_details(world)
    world.store.close()
    return world.workspace


def snapshot_of(workspace: Workspace) -> DetailsSnapshot:
    with open_store(workspace) as store:
        known = ChangesKnown()
        read_details(store, "forecast", known)
        found = read_details(store, "forecast", known)
    assert found is not None
    return found


def texts(lines: DetailLines) -> list[str]:
    return [lines.plain(index).rstrip() for index in range(len(lines))]


def after(shown: list[str], title: str) -> list[str]:
    """The lines of a section."""
    start = next(number for number, line in enumerate(shown) if line.startswith(title))
    rest = shown[start + 1 :]
    return rest[: rest.index("")] if "" in rest else rest


def test_all_fields_of_a_dag_are_told(shop: Workspace) -> None:
    times = [NOW + timedelta(hours=hours) for hours in (5, 11)]
    shown = texts(details(snapshot_of(shop), times, 100, SCENE))
    about = after(shown, "DAG")
    assert "name            Sales forecast" in about
    assert "file            dags/forecast.py:11" in about
    assert "owners          ann, ml" in about
    schedule = after(shown, "Schedule")
    assert "expression      0 */6 * * *" in schedule
    assert "timezone        Europe/Berlin" in schedule
    assert "next runs       2026-11-21 17:00:00  in 5h" in schedule
    assert "                2026-11-21 23:00:00  in 11h" in schedule
    assert "catchup         yes" in schedule
    assert "start date      2025-12-31 23:00:00" in schedule
    runs = after(shown, "Runs")
    assert "at a time       4 runs" in runs
    assert "time limit      2h 00m" in runs
    assert "callbacks       on_failure_callback" in runs


def test_params_tasks_and_versions_are_tables(shop: Workspace) -> None:
    lines = details(snapshot_of(shop), [], 110, SCENE)
    shown = texts(lines)
    params = after(shown, "Params (3)")
    assert params[1].split("  ")[0] == "horizon_days"
    assert "14" in params[1]
    assert "integer, 1 to 90, how far ahead" in params[1]
    assert "one of als, bpr" in params[2]
    assert "required" in params[3]
    tasks = after(shown, "Tasks (3)")
    assert tasks[1].startswith("load_sales  @task     3, 5m 00s")
    assert "gpu" in tasks[3]
    assert "all_done" in tasks[3]
    assert "after load_sales" in tasks[3]
    versions = after(shown, "Versions (3)")
    assert [line.split()[0] for line in versions] == ["number", "3", "2", "1"]
    assert "+publish -old_report ~load_sales, catchup, params, +6 -6 lines" in versions[1]
    assert "schedule @daily -> 0 */6 * * *" in versions[2]
    assert "the first that is known" in versions[3]
    place = shown.index(versions[2])
    assert lines.item(place) == Item("version", "2")


def test_the_longest_trigger_rule_is_whole_where_there_is_room(shop: Workspace) -> None:
    snapshot = snapshot_of(shop)
    assert snapshot.structure is not None
    rule = "none_failed_min_one_success"
    tasks = [structs.replace(task, trigger_rule=rule) for task in snapshot.structure.tasks]
    snapshot = replace(snapshot, structure=structs.replace(snapshot.structure, tasks=tasks))
    assert any(rule in line for line in texts(details(snapshot, [], 117, SCENE)))


def test_what_a_cell_has_no_room_for_is_counted(shop: Workspace) -> None:
    snapshot = snapshot_of(shop)
    assert snapshot.structure is not None
    many = [f"upstream_number_{number}" for number in range(40)]
    tasks = [structs.replace(task, upstream=many) for task in snapshot.structure.tasks]
    snapshot = replace(snapshot, structure=structs.replace(snapshot.structure, tasks=tasks))
    assert any("more lines" in line for line in texts(details(snapshot, [], 77, SCENE)))


@pytest.mark.parametrize("width", [57, 77, 117, 197])
def test_no_line_is_wider_than_there_is_room(shop: Workspace, width: int) -> None:
    lines = details(snapshot_of(shop), [], width, SCENE)
    assert max(width_of(lines.line(i)) for i in range(len(lines))) <= max(width, 60)


def test_what_changed_is_worked_out_piece_by_piece(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(tmp_path / "shop")
    fill_forecast(world)
    for number in range(4, 9):
        add_version(world, "forecast", number, forecast(3), f"{THIRD}# {number}\n", 1)
    monkeypatch.setattr("app.tui.reading_details.TIME", -1.0)
    known = ChangesKnown()
    with world.store:
        steps = 0
        while True:
            snapshot = read_details(world.store, "forecast", known)
            assert snapshot is not None
            steps += 1
            assert len(snapshot.changes) == min(steps - 1, 7)
            if snapshot.complete:
                break
    assert steps == 8
    assert snapshot.oldest == 1


# the screen

SCENES: dict[str, tuple[str, ...]] = {
    "details": ("enter", "7"),
    "details_below": ("enter", "7", "J", "J", "J"),
    "details_versions": ("enter", "7", "G"),
}


@by_size
@pytest.mark.parametrize("scene", SCENES)
async def test_the_details_look_as_they_did(
    scene: str, size: tuple[int, int], shop: Workspace
) -> None:
    await check_scene(scene, size, shop, SCENES[scene])


@by_size
async def test_hostile_details_are_harmless(size: tuple[int, int], hostile: Workspace) -> None:
    shown = await check_scene("details_hostile", size, hostile, ("enter", "7"))
    assert not set(shown) & set("\x1b\x07\x9b\x08\u202e")


async def test_they_are_usable_on_a_small_terminal(shop: Workspace) -> None:
    await check_scene("details", (60, 20), shop, ("enter", "7"))


def screen(pilot: AppPilot) -> DetailsScreen:
    found = app_of(pilot).screen
    assert isinstance(found, DetailsScreen)
    return found


async def go_to(pilot: AppPilot, item: Item) -> None:
    """Put the cursor on the line about something."""
    await until(pilot, lambda: len(screen(pilot).lines), "the details")
    lines = screen(pilot).lines
    place = next(i for i in range(len(lines)) if lines.item(i) == item)
    screen(pilot).view.go_to(place)
    await pilot.pause()


async def test_a_version_leads_to_its_source_and_to_what_it_changed(shop: Workspace) -> None:
    async with opened(shop) as pilot:
        await press(pilot, "enter", "7")
        await go_to(pilot, Item("version", "2"))
        await press(pilot, "enter")
        assert isinstance(app_of(pilot).screen, CodeScreen)
        await says(pilot, "version 2 of 3")
        await press(pilot, "7")
        await until(pilot, lambda: screen(pilot).snapshot is not None, "the details again")
        assert screen(pilot).lines.item(screen(pilot).view.cursor) == Item("version", "2")
        await press(pilot, "D")
        await says(pilot, "version 1 -> 2")


async def test_a_task_leads_to_where_it_is_defined(shop: Workspace) -> None:
    async with opened(shop) as pilot:
        await press(pilot, "enter", "7")
        await go_to(pilot, Item("task", "train"))
        await press(pilot, "enter")
        await says(pilot, "train is defined here")
        found = app_of(pilot).screen
        assert isinstance(found, CodeScreen)
        assert "def train(" in found.view.lines.plain(found.view.cursor)


async def test_sections_are_stepped_through_and_everything_is_copied(shop: Workspace) -> None:
    async with opened(shop) as pilot:
        await press(pilot, "enter", "7", "J")
        assert screen(pilot).lines.item(screen(pilot).view.cursor) == Item("section", "Schedule")
        await press(pilot, "K", "enter")
        await says(pilot, "Enter on a version or a task opens its source")
        await press(pilot, "y")
        await says(pilot, "copied the details of forecast")
        assert "Versions (3)" in pilot.app.clipboard


@pytest.mark.parametrize(
    "keys", [("enter", "7", "J", "J", "J"), ("enter", "8", "D"), ("enter", "9", "i"), ("4",)]
)
async def test_a_terminal_without_unicode_gets_ascii(
    shop: Workspace, keys: tuple[str, ...]
) -> None:
    async with opened(shop, environment={"LANG": "C", "TERM": "vt100"}) as pilot:
        await press(pilot, *keys)
        await settled(pilot)
        assert text_of(pilot).isascii()


@pytest.mark.parametrize("theme", THEMES)
def test_the_roles_of_source_and_diffs_are_in_every_theme(theme: str) -> None:
    palette = Palette(theme)
    for role in ROLE_COLOUR:
        for row in ("", "cursor", "idle", "panel", "cell"):
            assert palette.style(role, row) is not None


async def test_words_are_found_in_the_details(shop: Workspace) -> None:
    async with opened(shop) as pilot:
        await press(pilot, "enter", "7", "slash", *"gpu", "enter")
        await says(pilot, "1 of 1")
        assert "publish" in text_of(pilot)


async def test_a_new_version_appears(tmp_path: Path) -> None:
    world = make_world(tmp_path / "shop")
    fill_details(world)
    world.store.close()
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "7", "G")
        with open_store(world.workspace) as store:
            more = World(world.workspace, store, world.ids)
            add_version(more, "forecast", 4, forecast(3), f"{THIRD}# more\n", 0)
        await until(pilot, lambda: screen(pilot).snapshot.versions[0].number == 4, "version 4")  # type: ignore[union-attr]
        await until(pilot, lambda: any("+1 -0" in line for line in texts(screen(pilot).lines)), "")

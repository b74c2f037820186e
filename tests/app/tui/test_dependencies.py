"""The graph of DAGs and assets: what is in it, and the screen with the real app on a real store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.models.dependencies import (
    EMPTY,
    READS,
    Dependencies,
    asset_node,
    dag_node,
    dependencies_of,
    edges_line,
    head_line,
    line_labels,
    lines_of,
    node_text,
)
from app.tui.models.graph.shape import visible
from app.tui.reading_assets import read_dependencies
from app.tui.scene import Scene
from app.tui.screens.assets import AssetScreen, AssetsScreen, EventForm
from app.tui.screens.dependencies import DependenciesScreen
from app.tui.screens.details import DetailsScreen
from app.tui.screens.grid import GridScreen
from app.tui.screens.triggering import TriggerForm
from app.tui.spans import plain, width_of
from app.tui.theme import ASCII, UNICODE
from store import models
from store.queries.assets import AssetRow, Consumer, TaskRef
from store.queries.dags import DagRow, list_dags
from tests.app.tui.driving import AppPilot, app_of, opened, press, says, text_of, until
from tests.app.tui.snapshot import SIZES, check_scene
from tests.app.tui.test_assets import HOSTILE
from tests.app.tui.world import NOW, World
from tests.app.tui.world_assets import add_asset, fill_assets, refer

SCENE = Scene(NOW, NOW.tzinfo, UNICODE)
OUTLET = models.task_outlet_asset_reference
INLET = models.task_inlet_asset_reference
SCHEDULE = models.dag_schedule_asset_reference


def dag_row(dag_id: str) -> DagRow:
    return DagRow(
        dag_id, dag_id, "", "dags/a.py", False, True, (), (), "", "", None, "UTC", 16, 1, None,
        None, None,
    )  # fmt: skip


def asset_row(
    number: int, makes: str = "", runs: str = "", reads: str = "", name: str = ""
) -> AssetRow:
    """An asset that DAGs, called by single letters, produce, run on and read."""
    return AssetRow(
        number, name or f"x{number}", f"s3://{number}", "asset", {}, 0, None,
        producers=tuple(TaskRef(one, "t") for one in makes),
        readers=tuple(TaskRef(one, "t") for one in reads),
        consumers=tuple(Consumer(one, 0, 1, False, False) for one in runs),
    )  # fmt: skip


def found_of(*assets: AssetRow, dags: str = "abcd") -> Dependencies:
    return dependencies_of([dag_row(one) for one in dags], assets)


def edges_of(found: Dependencies) -> set[str]:
    return set(lines_of(visible(found.shape)))


# what is in it


@pytest.mark.parametrize(
    ("assets", "edges"),
    [
        ([], set()),
        ([asset_row(1)], set()),
        ([asset_row(1, makes="a", runs="b")], {"a -> x1", "x1 -> b"}),
        ([asset_row(1, makes="aa", runs="bc")], {"a -> x1", "x1 -> b", "x1 -> c"}),
        ([asset_row(1, reads="b")], {"x1 -> b (reads)"}),
        ([asset_row(1, runs="b", reads="b")], {"x1 -> b"}),
        ([asset_row(1, makes="a", reads="ab")], {"a -> x1", "x1 -> b (reads)"}),
        ([asset_row(1, makes="a", runs="a")], {"a -> x1", "x1 -> a"}),
        ([asset_row(1, makes="z", runs="a")], {"x1 -> a"}),
        ([asset_row(1, makes="a", name="a")], {"a -> a"}),
        ([asset_row(1, "a", "c"), asset_row(2, "b", "c")],
         {"a -> x1", "b -> x2", "x1 -> c", "x2 -> c"}),
    ],
)  # fmt: skip
def test_edges_are_what_files_say(assets: list[AssetRow], edges: set[str]) -> None:
    assert edges_of(found_of(*assets)) == edges


LETTERS = st.text("abcdef", max_size=3)


@given(st.lists(st.tuples(LETTERS, LETTERS, LETTERS), max_size=6))
def test_what_has_an_edge_is_a_node_and_nothing_else(rows: list[tuple[str, str, str]]) -> None:
    assets = [asset_row(number, *some) for number, some in enumerate(rows)]
    found = found_of(*assets, dags="abcdef")
    nodes = [row.id for row in found.shape.rows]
    assert len(nodes) == len(set(nodes))
    assert set(nodes) == {node for edge in found.shape.edges for node in edge}
    assert set(nodes) == {*found.dags, *found.assets}
    for source, target in found.shape.edges:
        assert (source in found.dags) != (target in found.dags), "an edge joins DAG and asset"
    for number, (makes, runs, reads) in enumerate(rows):
        node = asset_node(number)
        made = {(dag_node(one), node) for one in makes}
        read = {(node, dag_node(one)) for one in {*runs, *(set(reads) - set(makes))}}
        assert made | read == {edge for edge in found.shape.edges if node in edge}
        only = {dag_node(one) for one in set(reads) - set(makes) - set(runs)}
        assert {b for a, b, label in found.shape.labels if a == node and label == READS} == only


@given(st.lists(st.tuples(LETTERS, LETTERS), max_size=6))
def test_a_line_that_is_drawn_the_other_way_says_so(rows: list[tuple[str, str]]) -> None:
    picture = visible(found_of(*(asset_row(n, *some) for n, some in enumerate(rows))).shape)
    circle = any(source in picture.descendants(target) for source, target in picture.edges)
    circle = circle or any((b, a) in picture.edges for a, b in picture.edges)
    assert any("back to" in label for label in line_labels(picture).values()) == circle


def test_a_dag_that_makes_itself_run_is_told_from_one_that_does_not() -> None:
    picture = visible(found_of(asset_row(1, makes="a", runs="a")).shape)
    assert line_labels(picture) == {dag_node("a"): "back to x1"} or line_labels(picture) == {
        asset_node(1): "back to a"
    }


def test_the_search_sees_names_and_uris() -> None:
    found = found_of(asset_row(1, "a", "b", name="Orders"), asset_row(2, "a"))
    assert found.found(["orders"]) == [asset_node(1)]
    assert found.found(["s3://", "2"]) == [asset_node(2)]
    assert found.found(["asset"]) == []
    assert found.found([]) == []


def test_a_node_says_state_pause_and_age() -> None:
    event = asset_row(1, "a", "b")
    paused = replace(dag_row("b"), is_paused=True)
    found = dependencies_of([dag_row("a"), paused], [event])
    words = [plain(node_text(row.id, found, SCENE)) for row in found.shape.rows]
    assert words == ["· a", "· b paused", "◆ x1 never"]
    ascii_words = plain(node_text(asset_node(1), found, Scene(NOW, NOW.tzinfo, ASCII)))
    assert ascii_words.isascii()


def test_a_long_name_leaves_room_for_the_age() -> None:
    found = found_of(asset_row(1, "a", name="x" * 80))
    text = node_text(asset_node(1), found, SCENE)
    assert width_of(text) <= 30
    assert plain(text).endswith("… never")


def test_the_head_counts_what_is_left_out() -> None:
    found = found_of(asset_row(1, "a", "b"))
    assert plain(head_line(found, 0, SCENE)) == " 2 DAGs · ◆ 1 asset"
    assert plain(head_line(Dependencies(), 2, SCENE)) == " 2 DAGs have no dependencies"
    assert plain(head_line(found, 1, SCENE)).endswith("1 DAG has no dependencies")
    assert plain(head_line(found, 198, SCENE)).endswith("198 DAGs have no dependencies")


def test_the_line_of_a_node_names_what_is_around_it() -> None:
    found = found_of(asset_row(1, "a", "b"), asset_row(2, "a", reads="b"))
    assert plain(edges_line(dag_node("a"), found, "", SCENE)).strip() == "produces x1, x2"
    line = plain(edges_line(dag_node("b"), found, "", SCENE)).strip()
    assert line == "runs on x1 · reads x2"
    line = plain(edges_line(asset_node(1), found, "", SCENE)).strip()
    assert line == "produced by a.t · runs b"
    line = plain(edges_line(asset_node(2), found, "", SCENE)).strip()
    assert line == "produced by a.t · read by b.t"
    both = found_of(asset_row(1, "a", "b", "ab"))
    line = plain(edges_line(asset_node(1), both, "", SCENE)).strip()
    assert line == "produced by a.t · runs b"
    assert edges_line(None, found, "", SCENE) == ()


def test_dags_that_no_file_defines_any_more_are_left_out(world: World) -> None:
    fill_assets(world)
    with world.store.write() as connection:
        connection.execute(
            models.dag.update().where(models.dag.c.dag_id == "archive").values(is_active=False)
        )
        assert len(list_dags(connection)) == 2
    snapshot = read_dependencies(world.store)
    assert "archive" not in " ".join(edges_of(snapshot.found))
    assert snapshot.others == 0


# the screen


def screen_of(pilot: AppPilot) -> DependenciesScreen:
    screen = pilot.app.screen
    assert isinstance(screen, DependenciesScreen)
    return screen


def cursor(pilot: AppPilot) -> str | None:
    return screen_of(pilot).view.cursor


def fill_circle(world: World) -> None:
    """A DAG that runs on what it leads to."""
    for dag_id in ("learn", "collect"):
        world.dag(dag_id)
    for number, (name, maker, runs) in enumerate(
        [("model", "learn", "collect"), ("samples", "collect", "learn")], 1
    ):
        add_asset(world, number, name, name)
        refer(world, OUTLET, number, maker, task_id="end")
        refer(world, SCHEDULE, number, runs)


@pytest.mark.parametrize("size", SIZES)
async def test_the_dependencies_look_the_same(world: World, size: tuple[int, int]) -> None:
    fill_assets(world)
    world.dag("alone")
    await check_scene("dependencies", size, world.workspace, ("8", "X", "l"))


@pytest.mark.parametrize("size", SIZES)
async def test_hostile_names_are_harmless(world: World, size: tuple[int, int]) -> None:
    fill_assets(world, HOSTILE)
    keys = ("8", "G", "X")
    shown = await check_scene("dependencies_hostile", size, world.workspace, keys)
    assert "\x1b" not in shown


@pytest.mark.parametrize("size", SIZES)
async def test_no_dependencies_look_the_same(world: World, size: tuple[int, int]) -> None:
    world.dag("plain")
    await check_scene("dependencies_empty", size, world.workspace, ("8", "X"))


@pytest.mark.parametrize("size", SIZES)
async def test_a_circle_looks_the_same(world: World, size: tuple[int, int]) -> None:
    fill_circle(world)
    shown = await check_scene("dependencies_circle", size, world.workspace, ("8", "X"))
    assert "back to" in shown


async def test_keys_follow_the_edges_and_light_up_what_is_on_the_way(world: World) -> None:
    fill_assets(world)
    async with opened(world.workspace, (120, 40)) as pilot:
        await press(pilot, "8", "X")
        assert cursor(pilot) == asset_node(2)  # that under the cursor of the table
        await press(pilot, "h")
        assert cursor(pilot) == dag_node("load")
        related = {dag_node("load"), asset_node(1), asset_node(2), dag_node("report")}
        assert screen_of(pilot).view._related == related
        await press(pilot, "l", "l")
        assert cursor(pilot) == dag_node("report")
        await says(pilot, "runs on orders & clicks (1 of 2 ready) · reads model")


async def test_enter_goes_to_the_dag_and_to_the_asset_and_back(world: World) -> None:
    fill_assets(world)
    async with opened(world.workspace, (120, 40)) as pilot:
        await press(pilot, "8", "G", "X")
        assert cursor(pilot) == asset_node(1)
        await press(pilot, "l", "enter")
        screen = pilot.app.screen
        assert isinstance(screen, GridScreen)
        assert screen.dag_id == "report"
        await press(pilot, "escape")
        assert cursor(pilot) == dag_node("report")
        await press(pilot, "h", "k", "enter")
        place = pilot.app.screen
        assert isinstance(place, AssetsScreen)
        await until(pilot, lambda: place.table.current is not None, "the assets")
        assert place.table.current is not None
        assert place.table.current.name == "clicks"
        await press(pilot, "left_square_bracket")
        assert isinstance(pilot.app.screen, DependenciesScreen)


async def test_an_asset_that_the_filter_hides_is_shown_all_the_same(world: World) -> None:
    fill_assets(world)
    async with opened(world.workspace, (120, 40)) as pilot:
        await press(pilot, "8", "slash", *"model", "enter", "X", "l", "l", "h", "h")
        await press(pilot, *"/orders", "enter", "enter")
        place = pilot.app.screen
        assert isinstance(place, AssetsScreen)
        await until(pilot, lambda: len(place.table.items) == 3, "all assets")
        assert place.table.current is not None
        assert place.table.current.name == "orders"


async def test_from_a_dag_it_opens_at_that_dag(world: World) -> None:
    fill_assets(world)
    async with opened(world.workspace, (120, 40), dag="report") as pilot:
        await press(pilot, "7", "X")
        assert cursor(pilot) == dag_node("report")
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, DetailsScreen)


async def test_from_the_events_of_an_asset_it_opens_at_the_asset(world: World) -> None:
    fill_assets(world)
    async with opened(world.workspace, (120, 40)) as pilot:
        await press(pilot, "8", "G", "enter")
        assert isinstance(pilot.app.screen, AssetScreen)
        await press(pilot, "X")
        assert cursor(pilot) == asset_node(1)


async def test_it_is_said_of_a_dag_that_it_has_none(world: World) -> None:
    fill_assets(world)
    world.dag("alone")
    async with opened(world.workspace, dag="alone") as pilot:
        await press(pilot, "X")
        await says(pilot, "alone depends on nothing here, and nothing on it")
        assert cursor(pilot) is not None


async def test_a_jump_leads_to_it(world: World) -> None:
    fill_assets(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "colon", *"dependencies", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DependenciesScreen), "it")
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, AssetsScreen)
        await press(pilot, "colon", *"dependencies rep", "tab", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DependenciesScreen), "it")
        await until(pilot, lambda: cursor(pilot) == dag_node("report"), "the DAG")
        location = screen_of(pilot).location()
        assert (location.dag_id, location.dependencies) == ("report", True)


async def test_the_palette_names_it_once(world: World) -> None:
    fill_assets(world)
    async with opened(world.workspace) as pilot:
        for place, key in (("2", ":"), ("8", "X")):
            await press(pilot, place, "ctrl+p", *"depend")
            await says(pilot, "what leads to what: DAGs and assets")
            lines = [one for one in text_of(pilot).splitlines() if "what leads to" in one]
            assert [one.split("│")[1].split()[0] for one in lines] == [key]
            await press(pilot, "escape")


async def test_of_many_dags_only_those_with_edges_are_shown(world: World) -> None:
    fill_assets(world)
    for number in range(200):
        world.dag(f"alone_{number:03}")
    async with opened(world.workspace) as pilot:
        await press(pilot, "8", "X")
        await says(pilot, "3 DAGs · ◆ 3 assets · 200 DAGs have no dependencies")
        assert "alone_" not in text_of(pilot)
        assert len(screen_of(pilot).view.whole.nodes) == 6


async def test_states_are_live(world: World) -> None:
    fill_assets(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "8", "X")
        await says(pilot, "✓ load")
        world.run("load", 1, "failed", ago=timedelta(seconds=1))
        await says(pilot, "✗ load")


async def test_the_age_of_an_event_grows_while_one_looks(world: World) -> None:
    fill_assets(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "8", "X")
        await says(pilot, "◆ orders 5m")
        app_of(pilot).clock = lambda: NOW + timedelta(minutes=20)
        app_of(pilot)._tick()
        await says(pilot, "◆ orders 25m")


async def test_words_find_nodes_and_a_step_around_them_is_shown(world: World) -> None:
    fill_assets(world)
    async with opened(world.workspace, (120, 40)) as pilot:
        await press(pilot, "8", "X", "slash", *"models/best", "enter")
        assert cursor(pilot) == asset_node(3)
        await press(pilot, "z")
        await says(pilot, "3 of 6")
        assert {row.id for row in screen_of(pilot).view.picture.nodes} == {
            asset_node(3), dag_node("archive"), dag_node("report"),
        }  # fmt: skip
        await press(pilot, "slash", *"nothing", "enter")
        await says(pilot, "no DAG and no asset has")


async def test_it_can_be_acted_from(world: World) -> None:
    fill_assets(world)
    async with opened(world.workspace, (120, 40)) as pilot:
        await press(pilot, "8", "G", "X", "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, TriggerForm), "the form")
        await press(pilot, "escape", "A")
        await until(pilot, lambda: isinstance(pilot.app.screen, EventForm), "the form")
        await press(pilot, "escape", "h", "A")
        await says(pilot, "put the cursor on an asset")


async def test_nothing_is_acted_on_where_nothing_may_be_or_is(world: World) -> None:
    world.dag("plain")
    async with opened(world.workspace) as pilot:
        await press(pilot, "8", "X")
        assert EMPTY[0] in text_of(pilot)
        for key in ("d", "b", "f", "z", "L"):
            await press(pilot, key)
            await says(pilot, "there is nothing to draw")
            await press(pilot, "slash", "escape")
        await press(pilot, "enter")
        await says(pilot, "Open works on a row, and there is none")
    async with opened(world.workspace, read_only=True) as pilot:
        await press(pilot, "8", "X", "t")
        await says(pilot, "read-only")


async def test_the_edges_can_be_exported(world: World) -> None:
    fill_assets(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "8", "X")
        (export,) = screen_of(pilot).exports()
        assert "load -> orders\n" in export.make()
        assert "model -> report (reads)\n" in export.make()

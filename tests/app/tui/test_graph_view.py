"""The graph of a DAG, with the real app on a real store."""

from __future__ import annotations

from datetime import timedelta

import pytest
from rich.cells import cell_len
from sqlalchemy import update

from app.tui.models.graph.nodes import node_spans
from app.tui.screens.dag_views import DagFocus
from app.tui.screens.graph import GraphScreen
from app.tui.screens.grid import GridScreen
from app.tui.screens.instances import InstancesScreen
from app.tui.screens.log import LogScreen
from app.tui.spans import plain
from app.tui.theme import ASCII, UNICODE
from app.tui.widgets.chrome import InfoLine
from store import models
from store.queries.cells import Cell
from store.queries.grid import GridRow
from store.states import TaskInstanceState
from store.structure import DagStructure, GroupStructure, TaskStructure
from tests.app.tui.driving import AppPilot, commanded, opened, press, says, text_of, until
from tests.app.tui.test_keys import three
from tests.app.tui.world import World, fill_recommend, structure_of


def graph(pilot: AppPilot) -> GraphScreen:
    screen = pilot.app.screen
    assert isinstance(screen, GraphScreen)
    return screen


def cursor(pilot: AppPilot) -> str | None:
    return graph(pilot).view.cursor


def diamonds(count: int = 3) -> DagStructure:
    """A task that many lead from, and one that they lead to."""
    middle = [f"m{number}" for number in range(count)]
    return DagStructure(
        "fan",
        "dags/a.py",
        tasks=[
            TaskStructure("first", "@task", downstream=middle),
            *[TaskStructure(name, "@task", downstream=["last"]) for name in middle],
            TaskStructure("last", "@task"),
        ],
        roots=["first", *middle, "last"],
    )


# between views


async def test_number_keys_and_tab_go_between_views(world: World) -> None:
    three(world)
    async with opened(world.workspace, dag="alpha") as pilot:
        await press(pilot, "j", "2")
        assert cursor(pilot) == "work"
        await press(pilot, "l", "1")
        screen = pilot.app.screen
        assert isinstance(screen, GridScreen)
        assert screen.view.row is not None
        assert screen.view.row.id == "end"
        await press(pilot, "tab")
        assert isinstance(pilot.app.screen, GraphScreen)
        await press(pilot, "shift+tab", "shift+tab", "tab")
        assert isinstance(pilot.app.screen, GridScreen)
        await press(pilot, "tab")
        assert isinstance(pilot.app.screen, GraphScreen)
        assert "1 Grid 2 Graph 3 Runs" in text_of(pilot)


async def test_the_run_chosen_in_one_view_holds_in_the_other(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend") as pilot:
        await press(pilot, "h", "2")
        await says(pilot, "05:40:00")
        assert "✗ train [] 12" in text_of(pilot)
        await press(pilot, "less_than_sign")
        await says(pilot, "2026-11-20T23:40")
        await press(pilot, "1")
        screen = pilot.app.screen
        assert isinstance(screen, GridScreen)
        assert screen.view.run is not None
        assert screen.view.run.run_id == "scheduled__2026-11-20T23:40:00+00:00"


async def test_what_was_folded_is_so_when_one_comes_back(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend") as pilot:
        await press(pilot, "2", "asterisk", "1", "2")
        await says(pilot, "▸ select 3")


# moving


async def test_keys_follow_the_edges(world: World) -> None:
    version = world.dag("fan", diamonds())
    world.run("fan", version, "running", ago=timedelta(minutes=1))
    async with opened(world.workspace, dag="fan") as pilot:
        await press(pilot, "2")
        view = graph(pilot).view
        assert not view.downwards
        for key, node in (("l", "m1"), ("j", "m2"), ("l", "last"), ("h", "m2"), ("k", "m1")):
            await press(pilot, key)
            assert view.cursor == node, key
        for key, node in (("G", "last"), ("g", "first"), ("k", "first"), ("l", "m1")):
            await press(pilot, key)
            assert view.cursor == node, key


async def test_turned_the_same_keys_follow_the_other_way(world: World) -> None:
    version = world.dag("fan", diamonds())
    world.run("fan", version, "running", ago=timedelta(minutes=1))
    async with opened(world.workspace, dag="fan") as pilot:
        await press(pilot, "2", "d")
        view = graph(pilot).view
        assert view.downwards
        await press(pilot, "j", "l", "down")
        assert view.cursor == "last"
        await press(pilot, "up")
        assert view.cursor == "m2"


async def test_the_window_follows_the_cursor_and_pans(world: World) -> None:
    names = [f"task_number_{number:02}" for number in range(30)]
    version = world.dag("long", structure_of("long", names))
    world.run("long", version, "running", ago=timedelta(minutes=1))
    async with opened(world.workspace, dag="long") as pilot:
        await press(pilot, "2", "G")
        assert "task_number_29" in text_of(pilot)
        assert "task_number_00" not in text_of(pilot)
        await press(pilot, "g")
        assert "task_number_00" in text_of(pilot)
        view = graph(pilot).view
        before = (view.x, view.y)
        await press(pilot, "L", "J")
        assert (view.x, view.y) != before
        assert view.cursor == names[0]
        await press(pilot, "H", "K")
        assert (view.x, view.y) == before


async def test_a_page_down_goes_about_a_page(world: World) -> None:
    world.dag("wide", structure_of_many("wide", 60))
    async with opened(world.workspace, dag="wide") as pilot:
        await press(pilot, "2", "ctrl+f")
        view = graph(pilot).view
        index = int((view.cursor or "t0")[1:])
        assert view.size.height - 4 <= index <= view.size.height


def structure_of_many(dag_id: str, count: int) -> DagStructure:
    names = [f"t{number}" for number in range(count)]
    tasks = [TaskStructure(name, "@task") for name in names]
    return DagStructure(dag_id, "dags/a.py", tasks=tasks, roots=names)


async def test_a_click_puts_the_cursor_on_a_node_and_a_second_opens_it(world: World) -> None:
    three(world)
    async with opened(world.workspace, dag="alpha") as pilot:
        await press(pilot, "2")
        view = graph(pilot).view
        box = view.layout_now.boxes[1]
        await pilot.click("#main", offset=(box.x + 2, box.y))
        assert view.cursor == "work"
        await pilot.click("#main", offset=(box.x + 2, box.y), times=2)
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen), "the log")


# forms


async def test_groups_fold_and_unfold_with_the_cursor_on_them(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend") as pilot:
        await press(pilot, "2", "j", "space")
        assert cursor(pilot) == "select"
        assert "▸ select 3 2✓ 1↷" in text_of(pilot)
        assert "choose" not in text_of(pilot)
        await press(pilot, "enter")
        assert cursor(pilot) == "select.choose"
        await press(pilot, "asterisk")
        assert [row.id for row in graph(pilot).view.picture.nodes][-1] == "publish"
        await press(pilot, "asterisk", "g", "space")
        await says(pilot, "no group is around this task")


async def test_the_neighbourhood_grows_by_a_step_and_escape_shows_all(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend") as pilot:
        await press(pilot, "2", "slash", *"preproc", "enter", "z")
        await says(pilot, "1 step around")
        seen = [row.id for row in graph(pilot).view.picture.nodes]
        assert seen == ["select.beta", "select.prod", "preprocess", "train"]
        await press(pilot, "z")
        await says(pilot, "2 steps around")
        assert len(graph(pilot).view.picture.nodes) == 6
        await press(pilot, "escape", "escape")
        assert len(graph(pilot).view.picture.nodes) == 9
        assert cursor(pilot) == "preprocess"


async def test_boxes_direction_and_what_fits(world: World) -> None:
    world.dag("three", structure_of("three", ["download", "work", "end"]))
    async with opened(world.workspace, dag="three") as pilot:
        await press(pilot, "2")
        assert "│ · download ├──►│ · work ├──►│ · end │" in text_of(pilot)
        await press(pilot, "b")
        assert " · download ──► · work ──► · end" in text_of(pilot)
        await press(pilot, "d")
        assert "▼" in text_of(pilot)
        await press(pilot, "f")
        assert "│ · download ├──►│ · work ├──►│ · end │" in text_of(pilot)


async def test_what_is_too_wide_stands_below_each_other(world: World) -> None:
    world.dag("three", structure_of("three", ["download_everything", "work", "end"]))
    async with opened(world.workspace, (60, 24), dag="three") as pilot:
        await press(pilot, "2")
        assert not graph(pilot).view.downwards
        await pilot.resize_terminal(42, 24)
        await until(pilot, lambda: graph(pilot).view.downwards, "the other direction")
        assert "│ · download_everything │" in text_of(pilot)


async def test_a_dag_with_many_tasks_begins_with_folded_groups(world: World) -> None:
    names = [f"g.t{number}" for number in range(70)]
    structure = DagStructure(
        "many",
        "dags/a.py",
        tasks=[TaskStructure(name, "@task", label=name[2:], group_id="g") for name in names],
        groups=[GroupStructure("g", "g", children=names)],
        roots=["g"],
    )
    world.dag("many", structure)
    async with opened(world.workspace, dag="many") as pilot:
        await press(pilot, "2")
        assert "▸ g 70" in text_of(pilot)


# finding


async def test_a_search_goes_to_what_it_finds_while_it_is_typed(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend") as pilot:
        await press(pilot, "2", "slash", *"publish")
        assert cursor(pilot) == "publish.format"
        await press(pilot, "enter", "n")
        assert cursor(pilot) == "publish.stream_out"
        await says(pilot, "2 of 2")
        await press(pilot, "n")
        assert cursor(pilot) == "publish.format"
        await press(pilot, "N")
        assert cursor(pilot) == "publish.stream_out"
        await press(pilot, "escape", "n")
        await says(pilot, "nothing is searched for")


async def test_a_search_that_is_given_up_leaves_the_cursor_where_it_was(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend") as pilot:
        await press(pilot, "2", "slash", *"train", "escape")
        assert cursor(pilot) == "load_tables"
        await press(pilot, "slash", *"zzz", "enter")
        await says(pilot, "no task has zzz in its id")


async def test_a_search_finds_folded_tasks_and_those_outside_of_the_neighbourhood(
    world: World,
) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend") as pilot:
        await press(pilot, "2", "asterisk", "z", "slash", *"stream", "enter")
        assert cursor(pilot) == "publish"


# what it says of a run


async def test_a_change_in_the_store_appears(world: World) -> None:
    version = world.dag("fan", diamonds())
    run = world.run("fan", version, "running", ago=timedelta(minutes=1))
    number = world.instance("fan", run, "first", "running")
    async with opened(world.workspace, dag="fan") as pilot:
        await press(pilot, "2")
        await says(pilot, "● first")
        with world.store.write() as connection:
            table = models.task_instance
            done = update(table).where(table.c.id == number).values(state="success")
            connection.execute(done)
        await says(pilot, "✓ first")


async def test_a_live_change_leaves_the_window_where_it_was_panned_to(world: World) -> None:
    names = [f"task_number_{number:02}" for number in range(30)]
    version = world.dag("long", structure_of("long", names))
    run = world.run("long", version, "running", ago=timedelta(minutes=1))
    async with opened(world.workspace, dag="long") as pilot:
        await press(pilot, "2")
        view = graph(pilot).view
        await press(pilot, *["J", "L"] * 6)
        where = (view.x, view.y)
        world.instance("long", run, names[0], "running")
        await until(pilot, lambda: view.current is not None, "the instance")
        assert (view.x, view.y) == where


async def test_runs_are_gone_through_and_the_newest_is_followed(world: World) -> None:
    version = world.dag("one", structure_of("one", ["a"]))
    for number in (3, 2, 1):
        ago = timedelta(hours=number)
        world.run("one", version, "success", ago=ago, run_id=f"run{number}")
    async with opened(world.workspace, dag="one") as pilot:
        await press(pilot, "2", "greater_than_sign")
        await says(pilot, "this is the newest run")
        await press(pilot, "less_than_sign")
        await says(pilot, "run2")
        await says(pilot, "older run")
        await press(pilot, "less_than_sign")
        await says(pilot, "run3")
        await press(pilot, "less_than_sign")
        await says(pilot, "this is the oldest run")
        await press(pilot, "greater_than_sign")
        await says(pilot, "run2")
        await press(pilot, "dollar_sign")
        await says(pilot, "run1")
        world.run("one", version, "running", ago=timedelta(minutes=1), run_id="run0")
        await says(pilot, "run0")


async def test_a_run_is_shown_with_the_pipeline_as_it_was_then(world: World) -> None:
    old = world.dag("one", structure_of("one", ["a", "gone"]))
    world.run("one", old, "success", ago=timedelta(hours=2), run_id="first")
    with world.store.write() as connection:
        connection.execute(models.dag.delete())
        connection.execute(update(models.dag_version).values(dag_id="one"))
    new = add_version(world, "one", structure_of("one", ["a", "fresh"]))
    world.run("one", new, "success", ago=timedelta(hours=1), run_id="second")
    async with opened(world.workspace, dag="one") as pilot:
        await press(pilot, "2")
        await says(pilot, "fresh")
        assert "gone" not in text_of(pilot)
        await press(pilot, "less_than_sign")
        await says(pilot, "gone")
        assert "fresh" not in text_of(pilot)


def add_version(world: World, dag_id: str, structure: DagStructure) -> int:
    """A second version of a DAG whose row was taken away."""
    with world.store.write() as connection:
        connection.execute(update(models.dag_version).values(number=0))
    return world.dag(dag_id, structure)


async def test_an_error_of_the_task_under_the_cursor_is_said(world: World) -> None:
    version = world.dag("one", structure_of("one", ["a", "b"]))
    run = world.run("one", version, "failed", ago=timedelta(hours=1))
    tries = [{"state": "failed", "error_type": "builtins.ValueError", "error_message": "no disk"}]
    world.instance("one", run, "a", "success")
    world.instance("one", run, "b", "failed", tries=tries)
    async with opened(world.workspace, dag="one") as pilot:
        await press(pilot, "2", "l")
        await says(pilot, "ValueError: no disk")


async def test_a_dag_without_tasks_or_runs_says_so(world: World) -> None:
    world.dag("bare", structure_of("bare", []))
    async with opened(world.workspace, dag="bare") as pilot:
        await press(pilot, "2", "l", "j", "z", "c", "enter", "slash", "x", "enter", "space", "d")
        await says(pilot, "0 nodes")
        assert "no runs yet" in text_of(pilot)
        assert "The DAG has no tasks." in text_of(pilot)


# acting


async def test_before_it_is_read_nothing_is_said_of_runs(world: World) -> None:
    three(world)
    async with opened(world.workspace, dag="alpha") as pilot:
        pilot.app.push_screen(GraphScreen(DagFocus("alpha")))
        screen = graph(pilot)
        await until(pilot, lambda: screen.query("#run"), "the lines")
        screen.snapshot = None
        screen.query_one("#run", InfoLine).line = ()
        screen.tick()
        assert screen.query_one("#run", InfoLine).line == ()


async def test_enter_opens_the_log_the_instances_or_the_group(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend") as pilot:
        await press(pilot, "2", "enter")
        assert isinstance(pilot.app.screen, LogScreen)
        await press(pilot, "escape", "slash", *"train", "enter", "enter")
        assert isinstance(pilot.app.screen, InstancesScreen)
        await press(pilot, "escape")
        assert cursor(pilot) == "train"


async def test_clearing_from_the_graph(world: World) -> None:
    three(world)
    async with opened(world.workspace, dag="alpha") as pilot:
        await press(pilot, "2", "l", "c", "y")
        ((kind, payload),) = await commanded(pilot)
        assert (kind, payload["task_ids"]) == ("clear", ["work"])


async def test_a_folded_group_acts_on_all_its_tasks(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend") as pilot:
        await press(pilot, "2", "asterisk", "j", "m", "f", "y")
        ((kind, payload),) = await commanded(pilot)
        assert kind == "mark_task"
        assert payload["task_ids"] == ["select.choose", "select.beta", "select.prod"]


async def test_killing_in_a_run_that_has_ended_says_so(world: World) -> None:
    three(world)
    async with opened(world.workspace, dag="alpha") as pilot:
        await press(pilot, "2", "x")
        await says(pilot, "the run has ended")


# texts


def row(task_id: str, **values: object) -> GridRow:
    label = str(values.pop("label", task_id))
    return GridRow("task", task_id, label, 0, None, task_ids=(task_id,), **values)  # type: ignore[arg-type]


def test_a_node_says_state_name_and_how_many() -> None:
    success, failed = TaskInstanceState.SUCCESS, TaskInstanceState.FAILED
    one = Cell(success, {success: 1})
    assert plain(node_spans(row("train"), one, UNICODE)) == "✓ train"
    assert plain(node_spans(row("train"), None, UNICODE)) == "· train"
    many = Cell(failed, {success: 447, failed: 3}, is_mapped=True)
    mapped = row("train", is_mapped=True)
    assert plain(node_spans(mapped, many, UNICODE)) == "✗ train [] 450 447✓ 3✗"
    assert plain(node_spans(mapped, many, ASCII)) == "x train [] 450 447+ 3x"


@pytest.mark.parametrize("name", ["t" * 90, "训练" * 30, "👩‍💻" * 20, "\x1b[31mred"])
def test_any_name_fits_and_is_harmless(name: str) -> None:
    text = plain(node_spans(row(name), None, UNICODE))
    assert cell_len(text) <= 30
    assert "\x1b" not in text


async def test_wide_names_leave_the_lines_where_they_are(world: World) -> None:
    world.dag("wide", structure_of("wide", ["训练", "👩‍💻", "ab"]))
    async with opened(world.workspace, dag="wide") as pilot:
        await press(pilot, "2")
        lines = [line for line in text_of(pilot).splitlines() if set("╭│╰") & set(line)]
        assert len({cell_len(line) for line in lines}) == 1


async def test_without_colour_or_unicode_it_can_still_be_read(world: World) -> None:
    fill_recommend(world)
    environment = {"LANG": "C", "TERM": "xterm", "NO_COLOR": "1"}
    async with opened(world.workspace, dag="recommend", environment=environment) as pilot:
        await press(pilot, "2")
        assert text_of(pilot).isascii()
        assert "- select.beta" in text_of(pilot)
        await press(pilot, "d", "b")
        assert text_of(pilot).isascii()

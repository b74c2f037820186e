"""The tables of task instances across runs: of all DAGs, and of one task."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from app.tui.filters import matches, parse
from app.tui.location import Location, from_words
from app.tui.models.long_list import LongList, Page
from app.tui.models.tasks import columns, facts_of, wanted_of
from app.tui.reading_instances import Operators, TaskEntry, Wanted, read_page, read_tasks
from app.tui.screens.all_tasks import AllTasksScreen, OverRunsScreen, TasksTable
from app.tui.screens.log import LogScreen
from app.tui.screens.long_table import HEAD
from app.tui.screens.retrying import RetryForm
from app.tui.screens.run import RunScreen
from app.tui.screens.task_details import DetailsScreen
from app.tui.widgets.dialogs import ConfirmDialog
from store import models
from store.engine import Store
from store.states import TaskInstanceState
from store.workspace import Workspace
from tests.app.tui.driving import (
    AppPilot,
    app_of,
    arrived,
    commanded,
    commands,
    opened,
    press,
    says,
    text_of,
    until,
)
from tests.app.tui.snapshot import by_size, check_scene
from tests.app.tui.test_keys import three
from tests.app.tui.test_priority import PIPELINE
from tests.app.tui.world import NOW, World, fill_normal, fill_recommend, make_world
from tests.support.history import fill
from tests.support.live import live

# what is read


def read_all(store: Store, wanted: Wanted, limit: int) -> list[TaskEntry]:
    """All that the table would read, page by page."""
    operators: Operators = {}
    entries: LongList[TaskEntry] = LongList(wanted)
    entries.take_head(read_tasks(store, wanted, operators, limit=limit).head)
    while entries.next is not None:
        page = read_page(store, wanted, operators, entries.next, limit)
        assert entries.take_page(entries.next, page)
    return entries.entries


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The task instances of a dozen DAGs; those of one task have a note and a pool."""
    world = make_world(tmp_path_factory.mktemp("noted") / "shop")
    fill_normal(world)
    with world.store as store:
        with store.write() as connection:
            note = {"note": "an Odd one", "pool": "gpu"}
            chosen = models.task_instance.c.task_id == "preprocess"
            connection.execute(update(models.task_instance).where(chosen).values(note))
        yield store


@pytest.mark.parametrize(
    "text",
    [
        "state:failed",
        "!state:success",
        "state=failed dag:recommend",
        "tag:ml",
        "!tag:ml state:running",
        "train",
        "train[3",
        "10",
        "!train recommend",
        "!failed",
        "task=train index>5",
        "task:sel !task:beta",
        "run:11-21t05",
        "pool:default",
        "pool:gpu",
        "pool=default_pool !pool:gpu",
        "dur>12s",
        "dur<=9 dur>1",
        "note:ODD",
        "odd",
        "tries>1",
        "operator:bash",
        "why:nan",
        "task:é",
        '"no status"',
    ],
)
def test_the_store_reads_no_less_than_the_filter_lets_through(noted: Store, text: str) -> None:
    terms = parse(text)

    def passing(entries: list[TaskEntry]) -> list[int]:
        return [one.id for one in entries if matches(terms, facts_of(one, one.error, NOW))]

    everything = read_all(noted, Wanted(), 100)
    assert len(everything) == 513
    chosen_by_store = read_all(noted, wanted_of(None, None, terms), 100)
    assert passing(chosen_by_store) == passing(everything)
    if text not in (
        "10",
        "train[3",
        "operator:bash",
        "why:nan",
        "task:é",
        "tries>1",
        '"no status"',
    ):
        assert len(chosen_by_store) < len(everything) or len(passing(everything)) == 513


def test_a_list_without_a_hit_goes_on_where_it_was_when_something_is_new(world: World) -> None:
    fill(world.store, dags=2, runs=200, tasks=1, live=False)
    wanted = wanted_of(None, None, parse("pool:gpu"))
    entries: LongList[TaskEntry] = LongList(wanted)
    entries.take_head(read_tasks(world.store, wanted, {}, limit=10).head)
    first = entries.next
    assert entries.entries == []
    entries.take_page(first, read_page(world.store, wanted, {}, first, 10))
    further = entries.next
    assert further < first
    entries.take_head(read_tasks(world.store, wanted, {}, limit=10).head)
    assert entries.next == further


def test_where_more_is_new_than_was_looked_through_the_list_begins_anew() -> None:
    entries: LongList[TaskEntry] = LongList(Wanted())
    entries.take_head(Page((), next=50, newest=60))
    entries.take_page(50, Page((), next=10, newest=49))
    entries.take_head(Page((), next=70, newest=90))
    assert entries.next == 70


def test_the_columns_are_the_same_at_every_width() -> None:
    def keys(width: int, *, of_one_task: bool = False) -> set[str]:
        return {one.key for one in columns(lambda _: "", width, of_one_task=of_one_task)}

    assert keys(80) == keys(120) == keys(200)
    assert keys(80) - keys(80, of_one_task=True) == {"task", "dag"}


def test_the_table_of_a_task_is_a_place_to_come_back_to() -> None:
    location = Location("tasks", "recommend", task_id="train", over_runs=True)
    assert from_words(location.words()) == location


# the screens


def table(pilot: AppPilot) -> TasksTable:
    screen = pilot.app.screen
    assert isinstance(screen, TasksTable)
    return screen


def shown(pilot: AppPilot) -> list[tuple[str, str, int]]:
    rows = [entry.placed.instance for entry in table(pilot).table.items]
    return [(row.dag_id, row.task_id, row.map_index) for row in rows]


async def test_the_place_lists_task_instances_of_all_dags_newest_runs_first(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "I")
        assert isinstance(pilot.app.screen, AllTasksScreen)
        names = ("end", "work", "start")
        dags = ("gamma", "beta", "alpha")
        assert shown(pilot) == [(dag, name, -1) for dag in dags for name in names]
        assert "9 task instances" in text_of(pilot)
        await press(pilot, "slash", *"tag:ml task:work", "enter")
        await says(pilot, "1 of 9")
        assert shown(pilot) == [("beta", "work", -1)]
        await press(pilot, "1", "I")
        assert shown(pilot) == [("beta", "work", -1)], "the filter is kept"


async def test_the_place_is_reached_by_a_jump_and_from_the_palette(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "colon", *"tasks", "enter")
        assert isinstance(pilot.app.screen, AllTasksScreen)
        await press(pilot, "2", "ctrl+p", *"tasks", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, AllTasksScreen), "the place")


async def test_a_long_list_is_read_on_as_one_goes_down(world: World) -> None:
    fill(world.store, dags=3, runs=100, tasks=3, live=False)
    async with opened(world.workspace) as pilot:
        await press(pilot, "I")
        assert len(shown(pilot)) == HEAD
        assert "900 task instances" in text_of(pilot)
        await press(pilot, "G")
        await until(pilot, lambda: len(shown(pilot)) > HEAD, "more of them")
        await press(pilot, "G")
        await until(pilot, lambda: len(shown(pilot)) == 900, "all of them")
        await press(pilot, "slash", *"dag:0001 run:01-01T05", "enter")
        await says(pilot, "3 of 900")


async def test_what_changes_is_shown_at_once(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "I")
        instance = table(pilot).table.items[0].id
        with world.store.write() as connection:
            connection.execute(
                update(models.task_instance)
                .where(models.task_instance.c.id == instance)
                .values(state="up_for_retry")
            )
        await says(pilot, "up_for_retry")
        world.run("alpha", 1, "running", ago=timedelta(minutes=1), run_id="another")
        assert len(shown(pilot)) == 9


async def test_a_row_leads_to_log_details_run_and_the_task_over_runs(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "I")
        for key, kind in (
            ("enter", LogScreen),
            ("o", DetailsScreen),
            ("r", RunScreen),
            ("O", OverRunsScreen),
        ):
            await press(pilot, key)
            assert isinstance(pilot.app.screen, kind)
            await press(pilot, "escape")
            assert isinstance(pilot.app.screen, AllTasksScreen)


@pytest.mark.parametrize("way", [("O",), ("2", "O"), ("4", "O"), ("r", "O"), ("enter", "O")])
async def test_a_task_is_listed_over_all_its_runs_from_where_it_is_seen(
    world: World, way: tuple[str, ...]
) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend", task="load_tables") as pilot:
        await press(pilot, *way)
        await until(pilot, lambda: isinstance(pilot.app.screen, OverRunsScreen), "the table")
        await arrived(pilot)
        assert set(shown(pilot)) == {("recommend", "load_tables", -1)}
        assert "18 task instances" in text_of(pilot)
        await press(pilot, "O")
        await says(pilot, "these are the instances of the task in all runs")


async def test_history_leads_back_to_the_task_over_its_runs(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend", task="load_tables") as pilot:
        await press(pilot, "O")
        await press(pilot, "colon", *"pools", "enter")
        await press(pilot, "left_square_bracket")
        assert isinstance(pilot.app.screen, OverRunsScreen)
        assert table(pilot).of_task == ("recommend", "load_tables")


# acting


async def test_what_is_marked_is_cleared_run_by_run(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "I", "slash", *"task:work", "enter", "asterisk", "c")
        assert isinstance(pilot.app.screen, ConfirmDialog)
        await says(pilot, "3 runs of 3 DAGs")
        await press(pilot, "y")
        found = await commanded(pilot, 3)
        assert {(kind, one["dag_id"], *one["task_ids"]) for kind, one in found} == {
            ("clear", name, "work") for name in ("alpha", "beta", "gamma")
        }


async def test_whole_runs_of_what_is_marked_are_cleared_once(world: World) -> None:
    three(world)
    run = world.run("alpha", 1, "failed", ago=timedelta(minutes=5), run_id="mapped")
    for index in (0, 1):
        world.instance("alpha", run, "many", "failed", map_index=index)
    world.instance("alpha", run, "one", "failed")
    async with opened(world.workspace) as pilot:
        await press(pilot, "I", "asterisk", "c", "w", "y")
        found = await commanded(pilot, 4)
        assert [one["task_ids"] for _, one in found[:4]] == [None] * 4
        assert len({(one["dag_id"], *one["run_ids"]) for _, one in found[:4]}) == 4


async def test_marking_names_the_state_for_all_that_are_marked(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "I", "slash", *"dag:alpha task:work", "enter", "m", "k", "y")
        [(kind, payload)] = await commanded(pilot)
        assert (kind, payload["dag_id"], payload["state"]) == ("mark_task", "alpha", "skipped")


async def test_only_what_runs_is_killed(world: World) -> None:
    for name in ("alpha", "beta"):
        run = world.run(name, world.dag(name), "running", ago=timedelta(hours=1))
        world.instance(name, run, "work", "running")
        world.instance(name, run, "later", None)
    async with opened(world.workspace) as pilot:
        await press(pilot, "I", "asterisk", "x", "y")
        found = await commanded(pilot, 2)
        assert {(kind, one["dag_id"], one["task_id"]) for kind, one in found} == {
            ("kill", "alpha", "work"),
            ("kill", "beta", "work"),
        }
        assert len(commands(world.workspace)) == 2


async def test_params_are_those_of_one_run(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "I", "asterisk", "e")
        await says(pilot, "mark tasks of one run to retry them")
        await press(pilot, "W")
        await says(pilot, "mark task instances of one run to set their priority weight")
        await press(pilot, "M")
        await says(pilot, "mark task instances of one run: their logs")
        await press(pilot, "escape", "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, RetryForm), "the form")


async def test_nothing_is_changed_where_nothing_may_be(world: World) -> None:
    three(world)
    async with opened(world.workspace, read_only=True) as pilot:
        for key in ("c", "m", "x", "e", "W", "a"):
            await press(pilot, "I", key)
            await says(pilot, "read-only")
            assert isinstance(pilot.app.screen, AllTasksScreen)


async def test_the_table_says_why_something_waits(tmp_path: Path) -> None:
    with live(tmp_path / "space") as workspace:
        workspace.configure("[runner]\nparallelism = 1\n")
        workspace.write("queue.py", PIPELINE)
        workspace.start(GO=str(tmp_path / "go"))
        workspace.wait_for_dag("queue")
        run_id = workspace.trigger("queue")
        async with opened(workspace.workspace, (200, 30)) as pilot:
            await press(pilot, "I", "slash", *"task:late", "enter")
            await until(pilot, lambda: table(pilot).table.items, "the tasks")

            def reasons() -> list[str]:
                return [table(pilot).why(one) for one in table(pilot).table.items]

            await until(pilot, lambda: all(reasons()), "the reasons")
            await says(pilot, reasons()[0])
            (tmp_path / "go").touch()
            assert workspace.wait_for_run("queue", run_id) == "success"
            await until(pilot, lambda: not any(reasons()), "nothing waits")


async def test_a_failed_one_says_what_went_wrong(workspace_of: Callable[[str], Workspace]) -> None:
    async with opened(workspace_of("failed"), (200, 30)) as pilot:
        await press(pilot, "I", "slash", *"state=failed", "enter")
        failed = [one for one in table(pilot).table.items if one.error]
        assert failed
        assert failed[0].placed.instance.state is TaskInstanceState.FAILED
        await says(pilot, failed[0].error[:40])
        assert app_of(pilot).trouble == ""


SCENES: dict[str, tuple[str, tuple[str, ...]]] = {
    "all_tasks_normal": ("normal", ("I",)),
    "all_tasks_filtered": ("normal", ("I", "slash", *"state:failed", "enter")),
    "all_tasks_columns_to_the_right": ("normal", ("I", "l", "l", "l", "l")),
    "all_tasks_marked": ("normal", ("I", "space", "j", "space", "c")),
    "all_tasks_failed": ("failed", ("I",)),
    "all_tasks_empty": ("empty", ("I",)),
    "all_tasks_hostile": ("hostile", ("I",)),
    "all_tasks_huge": ("long", ("I", "G")),
    "task_over_runs": ("normal", ("j", "j", "j", "j", "enter", "j", "j", "O")),
    "task_over_runs_hostile": ("hostile", ("I", "O")),
}


@by_size
@pytest.mark.parametrize("scene", SCENES)
async def test_a_table_of_task_instances_looks_as_it_did(
    scene: str, size: tuple[int, int], workspace_of: Callable[[str], Workspace]
) -> None:
    name, keys = SCENES[scene]
    await check_scene(scene, size, workspace_of(name), keys)

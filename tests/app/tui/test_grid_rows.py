"""Rows of the grid: mapped tasks unfold into their map indexes; rows are marked and acted on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from app.tui.commander import Replied
from app.tui.screens.acting import selections_of
from app.tui.screens.grid import GridScreen
from app.tui.screens.instances import InstancesScreen
from app.tui.screens.log import LogScreen
from app.tui.screens.merged_log import MergedLogScreen
from app.tui.screens.task_details import DetailsScreen
from store.queries import grid as query
from store.queries.grid import GridRow
from store.structure import DagStructure, Expansion, LiteralLength, TaskStructure
from store.workspace import Workspace
from tests.app.tui.dialogs import dialog_of
from tests.app.tui.driving import AppPilot, app_of, commanded, opened, press, says, text_of, until
from tests.app.tui.snapshot import check_scene, settled
from tests.app.tui.world import ESCAPES, World, fill_recommend

TRAIN = (*["j"] * 6,)
"""Keys from the first row to the mapped task."""


def grid(pilot: AppPilot) -> GridScreen:
    screen = pilot.app.screen
    assert isinstance(screen, GridScreen)
    return screen


def shown(pilot: AppPilot) -> list[str]:
    """The rows that are seen."""
    return [row.id for row in grid(pilot).view.rows]


async def unfolded(pilot: AppPilot) -> None:
    """Open the grid and unfold the mapped task."""
    await press(pilot, "enter", *TRAIN, "z")
    await until(pilot, lambda: "train[11]" in shown(pilot), "the map indexes")


# unfolding


async def test_a_mapped_task_unfolds_in_the_grid_and_folds_again(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, (80, 40)) as pilot:
        await unfolded(pilot)
        rows = shown(pilot)
        place = rows.index("train")
        assert rows[place + 1 : place + 13] == [f"train[{index}]" for index in range(12)]
        assert "▾ train []" in text_of(pilot)
        await press(pilot, "j", "j", "z")  # on a map index: folds its task
        view = grid(pilot).view
        assert view.row is not None
        assert view.row.id == "train"
        assert "train[0]" not in shown(pilot)
        await press(pilot, "z")
        await until(pilot, lambda: "train[0]" in shown(pilot), "the map indexes again")
        await press(pilot, "Z")
        assert "train[0]" not in shown(pilot)
        assert "select.beta" not in shown(pilot)  # groups fold, too


async def test_what_is_folded_and_unfolded_stays_so_wherever_one_goes(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, (80, 40)) as pilot:
        await unfolded(pilot)
        while grid(pilot).view.row.id != "select":  # type: ignore[union-attr]
            await press(pilot, "k")
        await press(pilot, "z")
        left = shown(pilot)
        assert "select.beta" not in left
        for way in (("2", "1"), ("escape", "enter")):
            await press(pilot, *way)
            await until(pilot, lambda: shown(pilot) == left, f"the rows after {way}")


async def test_the_row_of_further_map_indexes_is_not_acted_on(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await unfolded(pilot)
        view = grid(pilot).view
        assert view.grid is not None
        more = GridRow(
            kind="more",
            id="train[...]",
            label="and 990 more: Enter lists them",
            depth=1,
            parent="train",
            task_ids=("train",),
        )
        view.show(replace(view.grid, rows=(*view.grid.rows, more)))
        await press(pilot, "G")
        assert view.row == more
        for key in ("c", "m", "x"):
            await press(pilot, key)
            assert isinstance(pilot.app.screen, GridScreen)
            assert "acted on there" in text_of(pilot)
            app_of(pilot).say("")


async def test_the_cells_of_map_indexes_are_those_of_their_instances(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await unfolded(pilot)
        found = grid(pilot).view.grid
        assert found is not None
        run = found.runs[-1]
        states = [found.cells[run.id, f"train[{index}]"].state for index in range(12)]
        with world.store.read() as connection:
            rows = connection.exec_driver_sql(
                "SELECT state FROM task_instance WHERE dag_run_id = ? AND task_id = 'train'"
                " ORDER BY map_index",
                (run.id,),
            ).all()
        assert [None if one is None else one.value for one in states] == [row[0] for row in rows]
        assert found.cells[run.id, "train"].instances == 12  # the sum is still there


async def test_keys_work_on_a_map_index(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await unfolded(pilot)
        await press(pilot, "j", "j", "j", "enter")
        screen = pilot.app.screen
        assert isinstance(screen, LogScreen)
        assert (screen.look.task_id, screen.look.map_index) == ("train", 2)
        await press(pilot, "escape", "o")
        screen = pilot.app.screen
        assert isinstance(screen, DetailsScreen)
        assert screen.look.map_index == 2
        await press(pilot, "escape", "M")
        assert isinstance(pilot.app.screen, MergedLogScreen)
        await press(pilot, "escape", "c", "y")
        [(kind, payload)] = await commanded(pilot)
        assert (kind, payload["task_ids"], payload["map_indexes"]) == ("clear", ["train"], [2])


async def test_what_has_no_map_indexes_says_so(world: World) -> None:
    task = TaskStructure("train", "@task", expansion=Expansion([("n", LiteralLength(3))]))
    version = world.dag("one", DagStructure("one", "dags/one.py", tasks=[task], roots=["train"]))
    run = world.run("one", version, "running", ago=timedelta(hours=1))
    world.instance("one", run, "train", None)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "z")
        await says(pilot, "no run here has instances of train yet")


async def test_of_many_map_indexes_the_last_row_says_how_many_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "MOST_INDEXES", 10)
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", *TRAIN, "z")
        await until(pilot, lambda: "train[9]" in shown(pilot), "ten of them")
        assert "train[10]" not in shown(pilot)
        await press(pilot, *["j"] * 11)
        await says(pilot, "and 2 more: Enter lists them")
        await press(pilot, "space")
        assert not grid(pilot).view.marks  # it stands for nothing
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, InstancesScreen)


async def test_labels_of_map_indexes_are_harmless(world: World) -> None:
    task = TaskStructure("train", "@task", expansion=Expansion([("n", LiteralLength(1))]))
    version = world.dag("one", DagStructure("one", "dags/one.py", tasks=[task], roots=["train"]))
    run = world.run("one", version, "success", ago=timedelta(hours=1))
    world.instance("one", run, "train", "success", map_index=0, map_label=f"eu{ESCAPES}")
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "z")
        await says(pilot, "[0] eu")
        assert "\x1b" not in text_of(pilot)


# marks


def row(row_id: str, *, kind: str = "task", index: int | None = None) -> GridRow:
    tasks = {"group": ("a.x", "a.y"), "index": (row_id.partition("[")[0],)}.get(kind, (row_id,))
    return GridRow(kind, row_id, row_id, 0, None, task_ids=tasks, map_index=index)


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [
        ([row("b")], [(("b",), None)]),
        ([row("a", kind="group"), row("a.x"), row("b")], [(("a.x", "a.y", "b"), None)]),
        (
            [row("m[1]", kind="index", index=1), row("m[0]", kind="index", index=0), row("b")],
            [(("b",), None), (("m",), (0, 1))],
        ),
        ([row("m[1]", kind="index", index=1), row("m")], [(("m",), None)]),
        (
            [row("m[1]", kind="index", index=1), row("n[1]", kind="index", index=1)],
            [(("m", "n"), (1,))],
        ),
    ],
)
def test_rows_become_few_selections(
    rows: list[GridRow], wanted: list[tuple[tuple[str, ...], tuple[int, ...] | None]]
) -> None:
    found = selections_of("one", "today", rows)
    assert [(one.task_ids, one.map_indexes) for one in found] == wanted


async def test_marked_tasks_are_cleared_together(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "space", "j", "j", "j", "j", "space")
        await says(pilot, "2 marked")
        assert "◆" in text_of(pilot)
        await press(pilot, "c", "y")
        [(kind, payload)] = await commanded(pilot)
        assert (kind, payload["task_ids"]) == ("clear", ["load_tables", "preprocess"])


async def test_a_marked_range_with_map_indexes_is_marked_failed(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await unfolded(pilot)
        await press(pilot, "j", "v", "j", "j", "v", "m", "f", "y")
        [(kind, payload)] = await commanded(pilot)
        assert (kind, payload["task_ids"], payload["map_indexes"]) == (
            "mark_task",
            ["train"],
            [0, 1, 2],
        )


async def test_only_what_runs_of_the_marked_rows_is_killed(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await unfolded(pilot)
        await press(pilot, "asterisk", "x")
        await says(pilot, "Kill what runs?")
        assert "publish" not in dialog_of(text_of(pilot))  # it waits
        await press(pilot, "y")
        screen = grid(pilot)
        assert screen.view.run is not None
        with world.store.read() as connection:
            rows = connection.exec_driver_sql(
                "SELECT DISTINCT task_id FROM task_instance WHERE dag_run_id = ?"
                " AND state IN ('queued', 'running', 'restarting')",
                (screen.view.run.id,),
            ).all()
        found = await commanded(pilot, len(rows))
        assert {kind for kind, _ in found} == {"kill"}
        assert {payload["task_id"] for _, payload in found} == {one[0] for one in rows}


async def test_escape_unmarks_and_a_filter_unmarks_what_it_hides(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "asterisk")
        await says(pilot, "marked")
        await press(pilot, "slash", *"beta", "enter")
        assert grid(pilot).view.marks == {"select", "select.beta"}
        await press(pilot, "escape")
        assert not grid(pilot).view.marks
        assert shown(pilot) == ["select", "select.beta"]
        await press(pilot, "asterisk", "a")
        await says(pilot, "notes on several")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (60, 20)], ids=lambda size: f"{size[0]}")
async def test_the_screen(size: tuple[int, int], world: World) -> None:
    fill_recommend(world)
    keys = ("enter", *TRAIN, "z", "j", "j", "space", "space")
    await check_scene("grid_unfolded", size, world.workspace, keys)


async def test_logs_of_what_is_marked_are_merged_and_their_ids_copied(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, (80, 40)) as pilot:
        await unfolded(pilot)
        await press(pilot, "j", "space", "space", "y")
        await says(pilot, "copied 2 task ids")
        await press(pilot, "M")
        screen = pilot.app.screen
        assert isinstance(screen, MergedLogScreen)
        assert screen.instances == {("train", 0), ("train", 1)}
        await press(pilot, "escape", "k", "k", "k", "space", "M")  # a whole task besides
        screen = pilot.app.screen
        assert isinstance(screen, MergedLogScreen)
        assert set(screen.task_ids or ()) == {"train"}
        assert screen.instances is None


async def test_a_filter_that_nothing_passes_says_so_and_one_that_is_refused_is_not_kept(
    world: World,
) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "slash", *"zzz", "enter")
        await says(pilot, "No task passes the filter. Esc clears it.")
        await press(pilot, "c")
        await says(pilot, "no task is under the cursor")
        await press(pilot, "escape", "slash", *"load", "enter")
        await says(pilot, "/load")
        await press(pilot, "slash", "space", *"run", "colon", *"foo", "enter")
        await says(pilot, "no run is foo")
        assert "run:foo" not in text_of(pilot)
        assert "/load  1 of 9" in text_of(pilot), "what held before holds"


async def test_reasons_that_come_once_the_grid_is_left_are_of_no_use(
    workspace_of: Callable[[str], Workspace],
) -> None:
    left = Event()

    def waits() -> Replied:
        assert left.wait(20)
        return Replied(lambda _: None, None)

    async with opened(workspace_of("small")) as pilot:
        await press(pilot, "enter", "j", "j", "i")
        screen, commander = grid(pilot), app_of(pilot).commander
        asked = commander._newest.get("reasons", 0)
        commander._questions.put(waits)
        screen._ask_reasons()
        assert commander._newest["reasons"] > asked
        await pilot.app.pop_screen()
        screen.reasons = []
        left.set()
        await until(pilot, commander._questions._jobs.empty, "the answer")
        await settled(pilot)
        assert screen.reasons == []

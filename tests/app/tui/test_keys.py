"""What keys do, with the real app on a real store. Without a runner a command is a row."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from app.tui.screens.dag_views import DagFocus
from app.tui.screens.dags import DagsScreen
from app.tui.screens.grid import GridScreen
from app.tui.screens.instances import InstancesScreen
from app.tui.screens.log import LogScreen
from app.tui.screens.text import TextScreen
from app.tui.screens.triggering import TriggerForm
from app.tui.widgets.chrome import InfoLine
from app.tui.widgets.dialogs import ConfirmDialog
from store import edits
from store.models import pipeline_file
from store.structure import DagStructure, Expansion, LiteralLength, TaskStructure
from tests.app.tui.driving import (
    AppPilot,
    app_of,
    commanded,
    commands,
    opened,
    press,
    says,
    text_of,
    until,
)
from tests.app.tui.world import RECOMMEND, World, fill_failed, fill_recommend, structure_of


def three(world: World) -> None:
    for name in ("alpha", "beta", "gamma"):
        version = world.dag(name, tags=["ml"] if name == "beta" else [])
        state = "failed" if name == "beta" else "success"
        run = world.run(name, version, state, ago=timedelta(hours=1))
        for task in ("start", "work", "end"):
            world.instance(name, run, task, state)


def dags(pilot: AppPilot) -> DagsScreen:
    screen = pilot.app.screen
    assert isinstance(screen, DagsScreen)
    return screen


def grid(pilot: AppPilot) -> GridScreen:
    screen = pilot.app.screen
    assert isinstance(screen, GridScreen)
    return screen


def shown(pilot: AppPilot) -> list[str]:
    return [dag.dag_id for dag in dags(pilot).table.items]


# moving and going


async def test_the_cursor_moves_with_vim_keys_and_arrows(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        table = dags(pilot).table
        for key, place in (("j", 1), ("down", 2), ("down", 2), ("k", 1), ("G", 2), ("g", 0)):
            await pilot.press(key)
            assert table.position.cursor == place, key


async def test_enter_drills_down_and_escape_goes_one_step_back(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, GridScreen)
        await press(pilot, *["j"] * 6, "enter")
        assert isinstance(pilot.app.screen, InstancesScreen)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, LogScreen)
        for screen in (InstancesScreen, GridScreen, DagsScreen, DagsScreen):
            await press(pilot, "escape")
            assert isinstance(pilot.app.screen, screen)
        assert pilot.app.is_running


async def test_q_leaves_and_says_nothing_to_the_runner(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await pilot.press("q")
    assert pilot.app.return_code == 0
    assert commands(world.workspace) == []


async def test_enter_on_a_cell_opens_its_log_in_one_step(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "h", "enter")
        screen = pilot.app.screen
        assert isinstance(screen, LogScreen)
        assert (screen.look.task_id, screen.look.map_index) == ("load_tables", -1)


async def test_a_jump_goes_to_a_dag(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "colon", *"dag ga", "enter")
        assert grid(pilot).dag_id == "gamma"
        await press(pilot, "colon", *"dags", "enter")
        assert isinstance(pilot.app.screen, DagsScreen)


async def test_a_jump_to_nothing_says_so_and_stays(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "colon", *"zeta", "enter")
        await says(pilot, "no DAG is called zeta")


async def test_a_link_opens_the_log_or_the_instances_at_once(world: World) -> None:
    fill_recommend(world)
    run_id = "scheduled__2026-11-21T05:40:00+00:00"
    async with opened(world.workspace, dag="recommend", run=run_id, task="train") as pilot:
        await says(pilot, "12 instances")
    async with opened(world.workspace, dag="recommend", run=run_id, task="select.prod") as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen), "the log")
        await press(pilot, "escape")
        found = grid(pilot).view.run
        assert found is not None
        assert found.run_id == run_id


async def test_help_shows_only_keys_that_work_here(world: World) -> None:
    three(world)
    async with opened(world.workspace, (80, 60)) as pilot:
        await press(pilot, "question_mark")
        await says(pilot, "Reverse")
        assert "Older try" not in text_of(pilot)
        await press(pilot, "escape", "enter", "question_mark")
        await says(pilot, "! run again")


# the list


async def test_the_filter_narrows_while_it_is_typed_and_stays(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "slash", *"state:failed")
        assert shown(pilot) == ["beta"]
        await press(pilot, "enter")
        assert "1 of 3" in text_of(pilot)
        await press(pilot, "enter", "escape")
        assert shown(pilot) == ["beta"]
        await press(pilot, "escape")
        assert shown(pilot) == ["alpha", "beta", "gamma"]


async def test_escape_in_the_filter_brings_the_old_one_back(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "slash", *"tag:ml", "enter", "slash", "x", "x")
        assert shown(pilot) == []
        await press(pilot, "escape")
        assert shown(pilot) == ["beta"]


async def test_tabs_go_round(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "shift+tab")
        assert dags(pilot).tab == "Failed"
        assert shown(pilot) == ["beta"]
        await press(pilot, "tab")
        assert dags(pilot).tab == "All"


async def test_sorting_goes_through_the_columns_and_turns_round(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "s")
        assert shown(pilot) == ["alpha", "beta", "gamma"]
        await press(pilot, "R")
        assert shown(pilot) == ["gamma", "beta", "alpha"]


async def test_space_marks_and_moves_on_and_actions_work_on_marks(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "space", "space", "p")
        await says(pilot, "paused alpha, beta")
        assert "2 marked" in text_of(pilot)
        await until(pilot, lambda: text_of(pilot).count("off ") == 2, "both are off")


# acting


async def test_p_pauses_and_unpauses_without_a_runner(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "p")
        await until(pilot, lambda: dags(pilot).table.items[0].is_paused, "paused")
        await press(pilot, "p")
        await until(pilot, lambda: not dags(pilot).table.items[0].is_paused, "unpaused")


async def test_a_dag_without_params_gets_the_form_too(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, TriggerForm), "the form")
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, DagsScreen)
        await press(pilot, "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, TriggerForm), "the form")
        await press(pilot, "ctrl+r")
        found = await commanded(pilot)
        expected = {
            "dag_id": "alpha",
            "conf": {},
            "logical_date": None,
            "run_id": None,
            "note": None,
            "experiment": None,
        }
        assert found == [("trigger", expected)]


async def test_the_form_checks_and_sends_typed_values(world: World) -> None:
    world.dag("recommend", RECOMMEND)
    async with opened(world.workspace) as pilot:
        await press(pilot, "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, TriggerForm), "the form")
        await press(pilot, "home", "delete", "delete", "0")
        await says(pilot, "0 is less than the minimum of 1")
        await press(pilot, "ctrl+r")
        assert isinstance(pilot.app.screen, TriggerForm)
        await press(pilot, "backspace", "7", "tab", "right", "tab", "space", "ctrl+r")
        ((kind, payload),) = await commanded(pilot)
        assert kind == "trigger"
        assert payload["conf"] == {
            "horizon_days": 7,
            "model": "bpr",
            "dry_run": True,
            "weights": {"clicks": 1.0},
        }


async def test_clearing_asks_with_no_as_default_and_sends_the_options(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "j", "c")
        assert isinstance(pilot.app.screen, ConfirmDialog)
        await says(pilot, "No runner is up")
        await press(pilot, "enter")
        assert commands(world.workspace) == []
        await press(pilot, "c", "u", "d", "y")
        ((kind, payload),) = await commanded(pilot)
        assert kind == "clear"
        assert payload["task_ids"] == ["work"]
        assert payload["upstream"] is True
        assert payload["downstream"] is False
        assert payload["dry_run"] is False


async def test_marking_chooses_a_state(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "m", "f", "y")
        ((kind, payload),) = await commanded(pilot)
        assert kind == "mark_task"
        assert (payload["task_ids"], payload["state"]) == (["start"], "failed")


async def test_a_group_acts_on_all_its_tasks(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "j", "c", "y")
        ((_, payload),) = await commanded(pilot)
        assert payload["task_ids"] == ["select.choose", "select.beta", "select.prod"]


async def test_killing_marked_instances(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", *["j"] * 6, "enter", *["j"] * 8, "space", "space", "x", "y")
        found = await commanded(pilot, 2)
        assert [payload["map_index"] for _, payload in found] == [8, 9]
        assert {kind for kind, _ in found} == {"kill"}


async def test_read_only_has_no_acting_keys(world: World) -> None:
    three(world)
    async with opened(world.workspace, read_only=True) as pilot:
        assert "Trigger" not in text_of(pilot)
        assert "starts it" not in text_of(pilot)
        await press(pilot, "t", "p", "S", "enter", "c", "m", "x", "t", "p")
        assert isinstance(pilot.app.screen, GridScreen)
        await press(pilot, "question_mark")
        assert "Clear" not in text_of(pilot)
    assert commands(world.workspace) == []


# live


async def test_a_change_in_the_store_appears(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        version = world.dag("delta")
        await says(pilot, "delta")
        world.run("delta", version, "running", ago=timedelta(minutes=3))
        await until(pilot, lambda: "● running" in text_of(pilot), "the run")


async def test_the_cursor_stays_on_its_dag_when_rows_come(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "j")
        world.dag("aaa")
        await says(pilot, "aaa")
        assert dags(pilot).table.current_key == "beta"


async def test_a_pipeline_change_by_someone_else_shows_in_the_grid(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter")
        with world.store.write() as connection:
            edits.set_paused(connection, ["alpha"], True, "ann")
        await until(pilot, lambda: "\n off" in text_of(pilot), "off")


async def test_import_errors_open_their_traceback(world: World) -> None:
    fill_failed(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "e")
        assert isinstance(pilot.app.screen, TextScreen)
        assert "dags/broken.py:12" in text_of(pilot)


async def test_import_errors_are_read_again_on_wish(world: World) -> None:
    fill_failed(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "e", "R")
        assert await commanded(pilot) == [("reparse", {"files": ["dags/broken.py"]})]
        with world.store.write() as connection:
            connection.execute(update(pipeline_file).values(error=None))
        await says(pilot, "All pipeline files can be imported.")
        await press(pilot, "R")
        await says(pilot, "all pipeline files can be imported")


async def test_import_errors_are_followed_while_a_file_is_mended(world: World) -> None:
    fill_failed(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "e")
        await says(pilot, "was never closed")
        with world.store.write() as connection:
            connection.execute(update(pipeline_file).values(error="NameError: x", traceback=None))
        await says(pilot, "NameError: x")
        assert "was never closed" not in text_of(pilot)
        with world.store.write() as connection:
            connection.execute(update(pipeline_file).values(error=None))
        await says(pilot, "All pipeline files can be imported.")


async def test_a_store_that_is_missing_is_said_and_found_when_it_comes(world: World) -> None:
    three(world)
    world.store.close()
    away = world.workspace.database.with_suffix(".away")
    world.workspace.database.rename(away)
    async with opened(world.workspace) as pilot:
        await says(pilot, "No runner has worked in this workspace yet")
        assert "reading" not in text_of(pilot)
        away.rename(world.workspace.database)
        await says(pilot, "alpha")
        await until(pilot, lambda: not app_of(pilot).trouble, "no trouble")


# the grid


async def test_groups_fold(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "j", "z")
        assert "choose" not in text_of(pilot)
        assert "▸ select" in text_of(pilot)
        await press(pilot, "enter")
        assert "choose" in text_of(pilot)


async def test_the_counts_of_an_older_run_are_shown_whole(world: World) -> None:
    train = TaskStructure("train", "@task", expansion=Expansion([("n", LiteralLength(12))]))
    structure = DagStructure("one", "dags/one.py", tasks=[train], roots=["train"])
    version = world.dag("one", structure)
    for age, bad in ((2, 3), (1, 0)):
        run = world.run("one", version, "failed" if bad else "success", ago=timedelta(hours=age))
        for index in range(12):
            state = ("failed", "skipped", "upstream_failed")[index] if index < bad else "success"
            world.instance("one", run, "train", state, map_index=index)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter")
        assert "train [] 12 · 12✓ " in text_of(pilot)
        await press(pilot, "h")
        assert "train [] 12 · 9✓ 1✗ 1⊘ 1↷ " in text_of(pilot)
        width = grid(pilot).view.name_width
        await press(pilot, "l")
        assert grid(pilot).view.name_width == width, "the runs stay where they are"


async def test_a_grid_that_is_not_read_yet_says_so(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        pilot.app.push_screen(GridScreen(DagFocus("alpha")))
        screen = grid(pilot)
        await until(pilot, lambda: screen.is_mounted and screen.query("#run"), "the lines")
        screen.view.grid = None
        screen.on_grid_view_moved()
        assert "reading ..." in str(screen.query_one("#run", InfoLine).line)
        screen.ask()
        await says(pilot, "success")


async def test_the_grid_filters_its_tasks(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter", "slash", *"beta", "enter")
        assert [row.id for row in grid(pilot).view.rows] == ["select", "select.beta"]
        await press(pilot, "escape")
        assert len(grid(pilot).view.rows) == 11


async def test_the_newest_run_is_followed_unless_the_cursor_left_it(world: World) -> None:
    version = world.dag("one", structure_of("one", ["a"]))
    world.run("one", version, "success", ago=timedelta(hours=3), run_id="first")
    world.run("one", version, "success", ago=timedelta(hours=2), run_id="second")
    async with opened(world.workspace) as pilot:
        await press(pilot, "enter")
        view = grid(pilot).view
        world.run("one", version, "running", ago=timedelta(hours=1), run_id="third")
        await until(pilot, lambda: view.run and view.run.run_id == "third", "third")
        await press(pilot, "h", "h")
        world.run("one", version, "running", ago=timedelta(minutes=1), run_id="fourth")
        await until(pilot, lambda: view.grid and len(view.grid.runs) == 4, "four runs")
        assert view.run is not None
        assert view.run.run_id == "first"

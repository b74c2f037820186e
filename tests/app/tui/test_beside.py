"""From a run, a task instance and an error to the DAG's views, the line of code and the editor."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.tui.actions import BY_ID
from app.tui.editor import editor_command, editor_words
from app.tui.models.places import Place, named_place, places_on_screen
from app.tui.screens.code import CodeScreen
from app.tui.screens.dag_views import DagViewScreen
from app.tui.screens.events import EventsScreen
from app.tui.screens.gantt import GanttScreen
from app.tui.screens.graph import GraphScreen
from app.tui.screens.log import LogScreen
from app.tui.screens.merged_log import MergedLogScreen
from app.tui.screens.pools import PoolsScreen
from app.tui.screens.run import RunScreen
from app.tui.screens.task_details import DetailsScreen
from app.tui.screens.views import BESIDE_TASK, DAG_VIEWS
from store import models
from tests.app.tui.driving import AppPilot, app_of, opened, press, says, text_of, until
from tests.app.tui.run_world import FAILED, TRACEBACK, TRAINING, fill_training
from tests.app.tui.snapshot import SIZES, check_scene
from tests.app.tui.world import World, fill_failed

SOURCE = "\n".join(
    [
        *(f"# line {number}" for number in range(1, 12)),
        "def load(): ...",
        *(f"# line {number}" for number in range(13, 71)),
        '    raise FloatingPointError("the loss is not finite")',
        "# line 72",
        "# line 73",
        "",
    ]
)


def fill(world: World) -> None:
    """``training``, with a source that has the line of its error."""
    fill_training(world)
    with world.store.write() as connection:
        connection.execute(update(models.source).values(text=SOURCE))
        connection.execute(update(models.dag).values(file=TRAINING.file))


def view(pilot: AppPilot) -> DagViewScreen:
    screen = pilot.app.screen
    assert isinstance(screen, DagViewScreen)
    return screen


def code(pilot: AppPilot) -> CodeScreen:
    screen = pilot.app.screen
    assert isinstance(screen, CodeScreen)
    return screen


# to the views of the DAG


def test_the_keys_are_those_in_the_line_of_views() -> None:
    of_run = {name: BY_ID[f"run_screen.dag-{name}"].keys for name in DAG_VIEWS}
    assert of_run == {name: (one.key,) for name, one in DAG_VIEWS.items()}
    of_task = {name: BY_ID[f"task.dag-{name}"].keys for name in BESIDE_TASK}
    assert of_task == {name: (one.key,) for name, one in BESIDE_TASK.items()}


async def test_digits_on_a_run_open_the_views_of_its_dag_with_it_in_focus(world: World) -> None:
    fill(world)
    async with opened(world.workspace, dag="training", run=FAILED) as pilot:
        await says(pilot, "what failed")
        assert "2 Graph" in text_of(pilot)
        await press(pilot, "j", "j")
        task = pilot.app.screen.subject()[2]  # type: ignore[attr-defined]
        for name, one in DAG_VIEWS.items():
            await press(pilot, one.key)
            assert view(pilot).view_name == name
            assert (view(pilot).look.run_id, view(pilot).look.task_id) == (FAILED, task)
            await press(pilot, "escape")
            while not isinstance(pilot.app.screen, RunScreen):  # a message of its own, a filter
                await press(pilot, "escape")
            assert pilot.app.screen.run_id == FAILED


async def test_a_task_instance_leads_to_graph_code_events_and_gantt_of_its_run(
    world: World,
) -> None:
    fill(world)
    async with opened(world.workspace, dag="training", run=FAILED, task="load") as pilot:
        await says(pilot, "1 Log")
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen), "the log")
        for key, kind in (("7", GraphScreen), ("8", CodeScreen), ("0", GanttScreen)):
            await press(pilot, key)
            assert isinstance(pilot.app.screen, kind)
            assert (view(pilot).look.run_id, view(pilot).look.task_id) == (FAILED, "load")
            if key == "8":
                assert code(pilot).view.cursor == 11  # where it is defined
            await press(pilot, "escape")
            assert isinstance(pilot.app.screen, LogScreen)
        await press(pilot, "2", "8", "escape")
        assert isinstance(pilot.app.screen, DetailsScreen)


async def test_events_of_a_task_instance_are_its_own_and_escape_shows_those_of_the_run(
    world: World,
) -> None:
    fill(world)
    async with opened(world.workspace, dag="training", run=FAILED, task="load") as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen), "the log")
        await press(pilot, "9")
        screen = pilot.app.screen
        assert isinstance(screen, EventsScreen)
        assert screen.only_run
        await says(pilot, "/task:load")
        await press(pilot, "escape")
        assert "/task:load" not in text_of(pilot)
        assert isinstance(pilot.app.screen, EventsScreen)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, LogScreen)


# to the line of code


async def test_d_on_a_run_goes_to_the_line_where_what_failed_last_failed(world: World) -> None:
    fill(world)
    async with opened(world.workspace, dag="training", run=FAILED) as pilot:
        await says(pilot, "what failed")
        await press(pilot, "d")
        await until(pilot, lambda: isinstance(pilot.app.screen, CodeScreen), "the code")
        await says(pilot, "it failed here, line 71")
        assert code(pilot).view.cursor == 70
        assert (code(pilot).look.run_id, code(pilot).look.task_id) == (FAILED, "fit")
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, RunScreen)


async def test_a_key_that_textual_binds_to_nothing_here_says_so(world: World) -> None:
    fill(world)
    async with opened(world.workspace, dag="training", run=FAILED) as pilot:
        await says(pilot, "what failed")
        await press(pilot, "tab")
        await says(pilot, "Tab does nothing here: ? shows the keys")


async def test_d_without_an_error_says_so(world: World) -> None:
    fill(world)
    async with opened(world.workspace, dag="training", run=FAILED, task="load") as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen), "the log")
        await press(pilot, "2", "d")
        await says(pilot, "no error names a line of code here")


def test_a_place_is_read_from_an_error_and_from_a_traceback() -> None:
    assert named_place("dags/etl.py:43") == Place("dags/etl.py", 43)
    assert named_place("C:\\etl.py") is None
    assert named_place(None) is None
    log = ["loading", *TRACEBACK.splitlines(), "over", 'File "x.py", line 3']
    assert places_on_screen(log, "/w/") == [
        Place("dags/training.py", 71),
        Place("dags/training.py", 52),
    ]


def test_a_traceback_that_is_all_of_libraries_is_passed_over() -> None:
    lines = [
        "Traceback (most recent call last):",
        '  File "/usr/lib/python3/json/decoder.py", line 9, in decode',
        "ValueError: no",
        '  File "/w/dags/etl.py", line 5, in load',
        '  File "/usr/lib/python3/json/decoder.py", line 9, in decode',
    ]
    assert places_on_screen(lines, "/w/") == [Place("/w/dags/etl.py", 5)]
    assert places_on_screen(lines[:3], "/w/") == []


def write_log(world: World, text: str, task_id: str = "load") -> None:
    """The log of a task in the run that failed."""
    tries, instances, runs = models.task_try, models.task_instance, models.dag_run
    query = (
        select(instances.c.dag_run_id, tries.c.id)
        .join(instances, instances.c.id == tries.c.task_instance_id)
        .join(runs, runs.c.id == instances.c.dag_run_id)
        .where(runs.c.run_id == FAILED, instances.c.task_id == task_id)
        .order_by(tries.c.id.desc())
    )
    with world.store.read() as connection:
        run, one = connection.execute(query).all()[0]
    path = world.workspace.log(run, one)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


async def test_d_on_a_log_goes_to_the_traceback_that_is_seen(world: World) -> None:
    fill(world)
    write_log(world, TRACEBACK.replace("line 71", "line 12") + "over\n")
    async with opened(world.workspace, dag="training", run=FAILED, task="load") as pilot:
        await says(pilot, "the loss is not finite")
        await press(pilot, "d")
        await until(pilot, lambda: isinstance(pilot.app.screen, CodeScreen), "the code")
        await says(pilot, "it failed here, line 12")
        assert code(pilot).view.cursor == 11


async def test_d_and_v_on_merged_logs_are_about_the_log_that_the_line_is_from(
    world: World,
) -> None:
    fill(world)
    write_log(world, TRACEBACK.replace("line 71", "line 12") + "over\n")
    async with opened(world.workspace, dag="training", run=FAILED) as pilot:
        await says(pilot, "what failed")
        await press(pilot, "M")
        await says(pilot, "the loss is not finite")
        await press(pilot, "V")
        await says(pilot, "dags/training.py is not there any more")
        await press(pilot, "d")
        await until(pilot, lambda: isinstance(pilot.app.screen, CodeScreen), "the code")
        await says(pilot, "it failed here, line 12")
        assert code(pilot).look.task_id == "load"
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, MergedLogScreen), "the logs")


async def test_d_on_merged_logs_without_a_traceback_goes_to_where_the_try_failed(
    world: World,
) -> None:
    fill(world)
    write_log(world, "that was all\n", "fit")
    async with opened(world.workspace, dag="training", run=FAILED) as pilot:
        await says(pilot, "what failed")
        await press(pilot, "M")
        await says(pilot, "that was all")
        await press(pilot, "d")
        await says(pilot, "it failed here, line 71")


# the editor


@pytest.mark.parametrize(
    ("editor", "command"),
    [
        ("vi", ["vi", "+7", "/w/a b.py"]),
        ("/usr/bin/vim -u 'my rc'", ["/usr/bin/vim", "-u", "my rc", "+7", "/w/a b.py"]),
        ("emacs -nw", ["emacs", "-nw", "+7", "/w/a b.py"]),
        ("hx", ["hx", "/w/a b.py:7"]),
        ("code --wait", ["code", "--wait", "--goto", "/w/a b.py:7"]),
        ("ed; rm -rf /", ["ed;", "rm", "-rf", "/", "/w/a b.py"]),
    ],
)
def test_editors_get_the_line_as_they_want_it(editor: str, command: list[str]) -> None:
    words = editor_words({"EDITOR": editor})
    assert editor_command(words, "/w/a b.py", 7) == command
    assert editor_command(words, "/w/a b.py", 0) == [*words, "/w/a b.py"]


def test_the_editor_is_visual_then_editor_then_vi_and_what_is_wrong_is_said() -> None:
    assert editor_words({"VISUAL": "nvim", "EDITOR": "nano"}) == ["nvim"]
    with pytest.raises(ValueError, match="can't be split"):
        editor_words({"EDITOR": "vim 'x"})
    with pytest.raises(ValueError, match="export EDITOR"):
        editor_words({"PATH": "/nowhere"})


async def test_an_editor_is_refused_where_it_can_not_be_opened(world: World) -> None:
    fill(world)
    async with opened(world.workspace, dag="training") as pilot:
        await press(pilot, "V")
        await says(pilot, "dags/training.py is not there any more")


async def test_read_only_has_no_editor(world: World) -> None:
    fill(world)
    async with opened(world.workspace, read_only=True) as pilot:
        await press(pilot, "V")
        await says(pilot, "read-only: nothing can be changed here")


# the palette


async def test_the_palette_goes_where_a_jump_goes(world: World) -> None:
    fill(world)
    async with opened(world.workspace, dag="training", run=FAILED) as pilot:
        await says(pilot, "what failed")
        await press(pilot, "ctrl+p", *"code")
        assert "Code of training" not in text_of(pilot)  # but the run's own, at this run
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, CodeScreen), "the code")
        assert code(pilot).look.run_id == FAILED
        await press(pilot, "ctrl+p", *"pools", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PoolsScreen), "the pools")
        await press(pilot, "ctrl+p", *"trai")
        await says(pilot, "dag training")
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, DagViewScreen), "the DAG")


# what else is said


async def test_what_an_upstream_failure_kept_from_running_says_which_failed(world: World) -> None:
    fill(world)
    async with opened(world.workspace, dag="training", run=FAILED) as pilot:
        await says(pilot, "fit[2], fit[3] failed")


async def test_a_long_error_above_a_log_never_hides_its_place(world: World) -> None:
    fill(world)
    with world.store.write() as connection:
        connection.execute(update(models.task_try).values(error_message="not finite " * 20))
    async with opened(world.workspace, dag="training", run=FAILED) as pilot:
        await says(pilot, "what failed")
        await press(pilot, "j", "j", "j", "j", "enter")
        await says(pilot, "dags/training.py:71")
        with world.store.write() as connection:
            place = f"dags/{'deep/' * 20}training.py:71"
            connection.execute(update(models.task_try).values(error_place=place))
        await says(pilot, "aining.py:71")


async def test_a_run_of_the_schedule_isnt_scheduled_by_schedule(world: World) -> None:
    version = world.dag("nightly")
    world.run(
        "nightly", version, "success", ago=timedelta(hours=1), run_id="r", triggered_by="schedule"
    )
    async with opened(world.workspace, dag="nightly", run="r") as pilot:
        await says(pilot, "scheduled")
        assert "by schedule" not in text_of(pilot)


SCENES = {
    "beside_error_line": ("enter", "h", "r", "d"),
    "beside_task_code": ("enter", "h", "enter", "8"),
    "beside_palette": ("enter", "h", "r", "ctrl+p", *"co"),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scene", SCENES)
async def test_ways_look_as_they_did(scene: str, size: tuple[int, int], world: World) -> None:
    fill(world)
    await check_scene(scene, size, world.workspace, SCENES[scene])


async def test_the_editor_key_of_import_errors_names_its_file(world: World) -> None:
    fill_failed(world)
    async with opened(world.workspace, environment={"LANG": "C.UTF-8", "EDITOR": "'"}) as pilot:
        await press(pilot, "e", "V")
        await says(pilot, "$EDITOR can't be split into words")
        assert app_of(pilot).environment["EDITOR"] == "'"

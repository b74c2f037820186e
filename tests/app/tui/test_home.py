"""Home: what runs, what failed since one looked last, what is due, what the machine does."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from app.tui.application import DagtopApp
from app.tui.location import Location
from app.tui.models import home as model
from app.tui.models.home import (
    alike,
    failure_line,
    level,
    meter,
    pool_line,
    rate,
    run_words,
    time_left,
    unseen,
)
from app.tui.reading_home import SeenFile, seen_file
from app.tui.scene import Scene
from app.tui.screens.home import HomeScreen
from app.tui.screens.log import LogScreen
from app.tui.screens.system import SystemScreen
from app.tui.spans import plain, width_of
from app.tui.theme import ASCII, UNICODE
from store import edits
from store.queries.home import Failure, RunningRun, Totals
from store.queries.pools import PoolRow
from store.states import DagRunState, TaskInstanceState
from store.workspace import Workspace
from tests.app.tui import world as worlds
from tests.app.tui.driving import (
    ENVIRONMENT,
    AppPilot,
    commanded,
    opened,
    press,
    says,
    text_of,
    until,
)
from tests.app.tui.frozen import FrozenSampler
from tests.app.tui.snapshot import SIZES, check_scene
from tests.app.tui.world import ESCAPES, NOW, World

SCENE = Scene(NOW, None, UNICODE)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frozen machine, and a state folder of the test's own."""
    monkeypatch.setattr(HomeScreen, "sampler", FrozenSampler)
    monkeypatch.setattr(SystemScreen, "sampler", FrozenSampler)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))


def running(minutes: float, expected: float | None) -> RunningRun:
    return RunningRun(1, "a", "r", NOW - minutes * MINUTE, 3, 10, 0, expected)


def failure(minutes: float, **values: object) -> Failure:
    facts: dict[str, object] = {
        "dag_run_id": 1,
        "dag_id": "shop",
        "run_id": "r",
        "task_id": "train",
        "map_index": -1,
        "instances": 1,
        "at": NOW - minutes * MINUTE,
        "error": "ValueError: no",
    }
    return Failure(**{**facts, **values})  # type: ignore[arg-type]


# models


@pytest.mark.parametrize(
    ("minutes", "expected", "words"),
    [
        (5, None, ""),
        (5, 600.0, "~5m left"),
        (9.5, 600.0, "<1m left"),
        (10.5, 600.0, "<1m left"),
        (30, 600.0, "late 20m"),
    ],
)
def test_past_runs_tell_how_long_it_still_takes(
    minutes: float, expected: float | None, words: str
) -> None:
    assert time_left(running(minutes, expected), NOW).text == words


@pytest.mark.parametrize(
    ("room", "words"),
    [(30, "scheduled 11-21 06:00"), (12, "11-21 06:00"), (8, "06:00"), (3, "")],
)
def test_a_run_is_named_as_far_as_there_is_room(room: int, words: str) -> None:
    assert run_words("scheduled__2026-11-21T06:00:00+00:00", room) == words
    assert run_words("mine", room) == ("mine" if room >= 8 else "")


def test_what_came_after_the_last_look_is_new() -> None:
    old, new = failure(10), failure(1)
    assert unseen([new, old], None) == [new, old]
    assert unseen([new, old], NOW - 5 * MINUTE) == [new]
    assert unseen([new, old], new.at) == []
    assert unseen([failure(1, by_hand=True), old], None) == [old], "the user did it himself"


def test_the_last_day_is_one_line_of_runs_and_tasks() -> None:
    runs = {DagRunState.FAILED: 2, DagRunState.SUCCESS: 1200}
    day = Totals(runs, {TaskInstanceState.SUCCESS: 48_000, None: 3}, more=True)
    line = plain(model.day_line(day, SCENE))
    assert line.split() == [
        "last",
        "24",
        "h",
        "1.2k+",
        "runs",
        "1.2k✓",
        "2✗",
        "48k+",
        "tasks",
        *line.split()[9:],
    ]
    assert "48k✓" in line
    assert "no run began" in plain(model.day_line(Totals({}, {}), SCENE))


@pytest.mark.parametrize("width", [38, 58, 78, 198])
@pytest.mark.parametrize("map_index", [-1, 3])
def test_a_failure_fits_its_width(width: int, map_index: int) -> None:
    one = failure(3, map_index=map_index, instances=12, error=f"boom {ESCAPES}" * 9)
    line = failure_line([one], SCENE, width, is_new=True)
    assert width_of(line) <= width
    assert "\x1b" not in plain(line)
    assert "+11" in plain(line)


def test_the_failures_of_a_task_are_one_line() -> None:
    often = [failure(n, dag_run_id=n, run_id=f"r{n}", map_index=3) for n in range(1, 38)]
    other = failure(90, dag_id="etl", task_id="load", error="OSError: no")
    else_where = failure(99, error="ValueError: yes")
    groups = alike([*often, other, else_where], [*often, other])
    assert [group[0] for group in groups] == [often[0], other, else_where]
    assert [len(group) for group in groups] == [37, 1, 1]
    line = plain(failure_line(often, SCENE, 78, is_new=True))
    assert "shop › train[3] ×37" in line
    assert " x37" in plain(failure_line(often, Scene(NOW, None, ASCII), 78, is_new=True))
    assert width_of(failure_line(often, SCENE, 38, is_new=True)) <= 38
    seen, new = failure(9), failure(1)
    assert [len(group) for group in alike([new, seen], [new])] == [1, 1], "what was seen is apart"
    ended = failure(9, by_hand=True)
    assert [len(group) for group in alike([seen, ended], [])] == [1, 1], "what was ended is apart"


def test_failures_of_a_task_with_other_words_are_one_line_and_other_kinds_are_told() -> None:
    words = [failure(n, error=f"ValueError: payment {n} was refused") for n in range(1, 15)]
    (group,) = alike(words, words)
    line = plain(failure_line(group, SCENE, 78, is_new=True))
    assert "×14" in line
    assert "ValueError: payment 1 was refused" in line
    assert "kinds" not in line
    group.append(failure(20, error="OSError: no"))
    line = plain(failure_line(group, SCENE, 98, is_new=True))
    assert "2 kinds, last ValueError: payment 1 " in line


async def test_a_failure_of_many_runs_hides_no_other_and_opens_the_newest(world: World) -> None:
    version = world.dag("shop")
    rare = world.dag("etl")
    run = world.run("etl", rare, "failed", ago=timedelta(hours=40), run_id="rare")
    world.instance(
        "etl", run, "work", "failed", tries=[{"state": "failed", "error_type": "OSError"}]
    )
    for number in range(30):
        ago = timedelta(hours=30 - number)
        run = world.run("shop", version, "failed", ago=ago, run_id=f"r{number}")
        error = {"state": "failed", "error_type": "ValueError", "error_message": "no"}
        world.instance("shop", run, "work", "failed", tries=[error])
    for size in SIZES:
        async with opened(world.workspace, size) as pilot:
            await press(pilot, "1")
            await says(pilot, "shop › work ×30")
            await says(pilot, "etl › work")
            assert "Failed 31" in text_of(pilot)
            await press(pilot, "g", "enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, LogScreen), "the log")
            assert pilot.app.screen.look.run_id == "r29"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("percent", "bar"), [(0, "----------"), (1, "=---------"), (55, "======----"), (100, "=" * 10)]
)
def test_a_meter_shows_a_share(percent: int, bar: str) -> None:
    assert plain(meter(percent, 10, ASCII)) == bar


def test_what_gets_full_stands_out() -> None:
    assert [level(percent) for percent in (50, 90, 98)] == ["accent", "warning", "error"]


def test_a_quiet_line_is_called_so() -> None:
    assert [rate(one) for one in (None, 0, 340_000)] == ["not told", "quiet", "332 KiB/s"]


def test_a_full_pool_says_who_waits() -> None:
    pool = PoolRow("gpu", 4, "", include_deferred=False, running=4, scheduled=12)
    assert plain(pool_line(pool)) == "! pool gpu full: 4 of 4 slots, 12 wanted"


def test_the_size_of_the_whole_names_the_unit_once() -> None:
    assert model.of(9 << 30, 16 << 30) == "9.0 of 16 GiB"
    assert model.of(9 << 20, 16 << 30) == "9.0 MiB of 16 GiB"


# what was seen


def test_what_was_seen_is_remembered_and_never_turned_back(tmp_path: Path) -> None:
    file = SeenFile(tmp_path / "deep" / "home.json")
    assert file.read() is None
    file.write(NOW)
    file.write(NOW - MINUTE)
    assert SeenFile(file.path).read() == NOW
    file.write(NOW + MINUTE)
    assert file.read() == NOW + MINUTE
    assert [one.name for one in file.path.parent.iterdir()] == ["home.json"]


def test_terminals_that_write_at_once_leave_the_latest(tmp_path: Path) -> None:
    path = tmp_path / "home.json"
    moments = [NOW + MINUTE * number for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda moment: SeenFile(path).write(moment), reversed(moments)))
        assert SeenFile(path).read() == moments[-1]
        list(pool.map(lambda moment: SeenFile(path).write(moment + MINUTE * 200), moments))
    assert SeenFile(path).read() == moments[-1] + MINUTE * 200


@pytest.mark.parametrize("text", ["", "{", "[]", '{"seen": 3}', '{"seen": "2026-01-01T00:00:00"}'])
def test_a_file_that_is_not_ours_is_as_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / "home.json"
    path.write_text(text)
    assert SeenFile(path).read() is None


def test_each_workspace_has_a_file_of_its_own(tmp_path: Path) -> None:
    one, other = seen_file(Workspace(tmp_path / "a")), seen_file(Workspace(tmp_path / "b"))
    assert one.path != other.path
    assert tmp_path in one.path.parents


# the screen


def home_of(pilot: AppPilot) -> HomeScreen:
    screen = pilot.app.screen
    assert isinstance(screen, HomeScreen)
    return screen


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scene", ["empty", "normal", "failed", "hostile"])
async def test_home_looks_as_it_did(
    scene: str, size: tuple[int, int], workspace_of: Callable[[str], Workspace]
) -> None:
    shown = await check_scene(f"home_{scene}", size, workspace_of(scene), ("1",))
    assert "\x1b" not in shown


@pytest.mark.parametrize("size", [(60, 20), (200, 50)])
async def test_home_uses_the_room_it_has(
    size: tuple[int, int], workspace_of: Callable[[str], Workspace]
) -> None:
    await check_scene("home", size, workspace_of("failed"), ("1", "j", "j", "j"))


async def test_enter_opens_what_is_under_the_cursor(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("failed")) as pilot:
        await press(pilot, "1", "l")
        await says(pilot, "cpu")
        assert home_of(pilot).view.cursor.panel == "failed"
        await press(pilot, "j", "j", "j", "enter")
        assert isinstance(pilot.app.screen, LogScreen)
        assert pilot.app.screen.look.task_id == "train"
        await press(pilot, "escape", "l", "enter")
        await says(pilot, "train_digits")
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, HomeScreen), "home again")
        await press(pilot, "l", "j", "enter")
        await says(pilot, "was never closed")


async def test_what_failed_is_cleared_from_home(workspace_of: Callable[[str], Workspace]) -> None:
    async with opened(workspace_of("normal"), (120, 40)) as pilot:
        await press(pilot, "1", "c")
        await says(pilot, "no failed task is under the cursor")
        await press(pilot, "j", "j", "c")
        await says(pilot, "Run again?")
        await says(pilot, "train_digits")
        await press(pilot, "escape")


async def test_a_run_opens_from_home(workspace_of: Callable[[str], Workspace]) -> None:
    async with opened(workspace_of("normal")) as pilot:
        await press(pilot, "1", "g", "j", "enter")
        await until(pilot, lambda: not isinstance(pilot.app.screen, HomeScreen), "the run")
        await says(pilot, "recommend")


async def test_z_marks_all_as_seen_for_every_terminal_and_Z_shows_it_again(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("normal")) as pilot:
        await press(pilot, "1")
        await says(pilot, "Failed 17")
        await press(pilot, "z")
        await says(pilot, "Nothing new")
        await press(pilot, "z")
        await says(pilot, "nothing new has failed")
        await press(pilot, "Z")
        await says(pilot, "loss is nan in epoch 3")
    async with opened(workspace_of("normal")) as pilot:
        await press(pilot, "1")
        await says(pilot, "Failed 0")


async def test_a_failure_after_that_is_new(world: World) -> None:
    worlds.fill_normal(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "1")
        await says(pilot, "Failed 17")
        await press(pilot, "z")
        await says(pilot, "Nothing new")
        version = world.dag("later")
        run = world.run("later", version, "failed", ago=MINUTE, took=30.0)
        world.instance("later", run, "work", "failed")
        await says(pilot, "Failed 1")
        await says(pilot, "later › work")


async def test_the_machine_is_looked_at_only_while_home_is_shown(
    workspace_of: Callable[[str], Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(workspace_of("normal")) as pilot:
        await press(pilot, "1")
        await says(pilot, "cpu")
        watch = home_of(pilot)._watch
        assert watch is not None
        assert watch._end is not None
        await press(pilot, "2")
        assert watch._end is None
        await press(pilot, "1")
        assert watch._end is not None
        await press(pilot, "question_mark")
        assert watch._end is None


async def test_home_stays_as_it_is_when_nothing_changes(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("normal")) as pilot:
        await press(pilot, "1")
        await says(pilot, "cpu")
        painted = dict(home_of(pilot).view._painted)
        home_of(pilot).tick()
        assert home_of(pilot).view._painted == painted


async def test_home_is_read_also_where_it_is_gone_to_at_the_start(
    workspace_of: Callable[[str], Workspace],
) -> None:
    app = DagtopApp(workspace_of("normal"), clock=lambda: NOW, environment=ENVIRONMENT)
    app.call_later(app.ways.go_to, Location(place="home"))
    async with app.run_test(size=(80, 24)) as pilot:
        await says(pilot, "Running 2")


async def test_a_terminal_that_only_reads_offers_no_start(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("normal"), read_only=True) as pilot:
        await press(pilot, "1")
        await says(pilot, "down since 11:00")
        assert "starts it" not in text_of(pilot)
        await press(pilot, "9")
        await says(pilot, "last beat")
        assert "starts it" not in text_of(pilot)


async def test_without_a_store_home_and_system_say_so(tmp_path: Path) -> None:
    (tmp_path / "shop" / "dags").mkdir(parents=True)
    async with opened(Workspace(tmp_path / "shop")) as pilot:
        await press(pilot, "1")
        await says(pilot, "No runner has worked in this workspace yet")
        await press(pilot, "j", "enter", "z")
        await press(pilot, "9")
        await says(pilot, "cpu")
        await says(pilot, "No runner has worked in this workspace yet")


async def test_a_full_pool_and_its_way_to_the_pools(world: World) -> None:
    version = world.dag("busy")
    run = world.run("busy", version, "running", ago=MINUTE)
    with world.store.write() as connection:
        edits.set_pool(connection, "gpu", 1, "anna")
    world.instance("busy", run, "work", "running", pool="gpu")
    world.instance("busy", run, "end", "scheduled", pool="gpu")
    async with opened(world.workspace) as pilot:
        await press(pilot, "1")
        await says(pilot, "pool gpu full: 1 of 1 slot, 1 wanted")
        await press(pilot, "G", "k", "k", "enter")
        await until(pilot, lambda: not isinstance(pilot.app.screen, HomeScreen), "the pools")
        await says(pilot, "gpu")


async def test_c_on_a_row_of_many_runs_clears_all_that_failed_in_them(world: World) -> None:
    version = world.dag("shop")
    for number in range(3):
        run = world.run("shop", version, "failed", ago=timedelta(hours=9 - number))
        for index in range(4):
            error = {"state": "failed", "error_message": f"payment {number}{index}"}
            broken = index in (1, 3)
            state = "failed" if broken else "success"
            world.instance("shop", run, "work", state, map_index=index, tries=[error] * broken)
    async with opened(world.workspace) as pilot:
        await press(pilot, "1")
        await says(pilot, "shop › work[1] +1 ×3")
        await press(pilot, "g", "c")
        await says(pilot, "Run again?")
        shown = text_of(pilot)
        assert "3 runs of 1 DAG" in shown
        assert shown.count("work[1] [3]  shop ") == 3
        await press(pilot, "y")
        told = await commanded(pilot, 3)
        assert [one["map_indexes"] for _, one in told] == [[1, 3]] * 3
        assert len({one["run_ids"][0] for _, one in told}) == 3


async def test_the_title_says_what_is_listed(world: World) -> None:
    version = world.dag("shop")
    for number in range(3):
        run = world.run("shop", version, "failed", ago=timedelta(hours=9 - number))
        reason = "killed by ann" if not number else ""
        tries = [{"state": "failed", "reason": reason}]
        world.instance("shop", run, f"work{number}", "failed", tries=tries)
    async with opened(world.workspace) as pilot:
        await press(pilot, "1")
        await says(pilot, "Failed 2 ")
        await press(pilot, "Z")
        await says(pilot, "Failed 3, 2 new")
        await press(pilot, "z")
        await says(pilot, "Failed 3, none new")
        await press(pilot, "Z")
        await says(pilot, "Z 2 seen before, 1 ended by hand")
        assert "Failed 0" in text_of(pilot)


async def test_escape_comes_back_to_home_from_the_view_that_enter_led_to(world: World) -> None:
    async with opened(world.workspace) as pilot:
        await press(pilot, "1", "G", "enter")
        assert isinstance(pilot.app.screen, SystemScreen)
        await press(pilot, "escape")
        assert isinstance(pilot.app.screen, HomeScreen)
        await press(pilot, "9", "escape")
        assert isinstance(pilot.app.screen, SystemScreen), "a digit is no way in"
        assert "nothing to go back to" in text_of(pilot)

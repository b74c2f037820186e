"""System: the runner, its processes, the machine, the database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.tui.machine import ProcessUse
from app.tui.models import system as model
from app.tui.models.system import Known, as_text, host_words, pace, page
from app.tui.reading import RunnerState
from app.tui.reading_system import (
    Folders,
    HostProcess,
    SystemSample,
    SystemSnapshot,
    ask_health,
    health_of,
    log_tail,
)
from app.tui.scene import Scene
from app.tui.screens.system import SystemScreen
from app.tui.spans import width_of
from app.tui.theme import ASCII, UNICODE
from store.queries.health import Growth
from store.queries.system import Activity, Lease, ParseTimes, Sizes
from store.states import TaskInstanceState
from store.workspace import Workspace
from tests.app.tui.driving import AppPilot, app_of, opened, press, says, text_of, until
from tests.app.tui.frozen import MACHINE, FrozenSampler
from tests.app.tui.snapshot import SIZES, check, settled
from tests.app.tui.world import ESCAPES, NOW
from tests.support.live import Live, live, wait_for

SCENE = Scene(NOW, None, UNICODE)
MIB = 1 << 20
HEALTH: dict[str, Any] = {
    "pid": 100,
    "base_pid": 101,
    "runs": 3,
    "queued_runs": 2,
    "executing": 4,
    "parallelism": 16,
    "waiting": 15,
    "waiting_reasons": [
        ["pool gpu: 0 of 4 free", 9],
        ["pool gpu: 0 of 4 free, needs 2", 3],
        ["max_active_tasks: 4 of 4 running", 3],
    ],
    "files_to_import": 1,
    "hosts": [
        {"file": "dags/recommend.py", "pid": 102, "importing": False, "retiring": False,
         "tries": 1, "callbacks": 0, "age_seconds": 4000.0, "idle_seconds": None,
         "fork_unsafe": None},
        {"file": f"dags/{ESCAPES}.py", "pid": None, "importing": True, "retiring": False,
         "tries": 0, "callbacks": 0, "age_seconds": 1.0, "idle_seconds": 1.0,
         "fork_unsafe": None},
    ],
    "tasks": [
        {"dag_id": "recommend", "run_id": "r", "task_id": "train", "map_index": 3, "try_number": 2,
         "pid": 103, "started_at": "2026-11-21T11:48:00+00:00", "ended": False},
        {"dag_id": "recommend", "run_id": "r", "task_id": "gone", "map_index": -1, "try_number": 1,
         "pid": 104, "started_at": None, "ended": True},
    ],
    "turns_total": 12_345,
    "turn_seconds_last": 0.001234,
    "turn_seconds_median": 0.00098,
    "turn_seconds_p99": 0.0123,
    "turn_seconds_max": 1.5,
}  # fmt: skip
USES = {
    100: ProcessUse(5, 80 * MIB, 60 * MIB),
    101: ProcessUse(0, 40 * MIB, 9 * MIB),
    102: ProcessUse(0, 200 * MIB, 120 * MIB),
    103: ProcessUse(195, 900 * MIB),
}
SNAPSHOT = SystemSnapshot(
    lease=Lease("trainer", 100, "0", "0.1.0", NOW, NOW, None),
    activity=Activity({}, {TaskInstanceState.SCHEDULED: 17, TaskInstanceState.UP_FOR_RETRY: 2}, 1),
    sizes=Sizes(300 * MIB, 4 * MIB, 12, 4000, 90_000, 95_000, 120_000, 40),
    growth=Growth(400, 9000, 12_000),
    parse=ParseTimes(3, 1, 1.5, (("dags/slow.py", 1.2), ("dags/quick.py", 0.1))),
    database="/SHOP/.dagtop/dagtop.db",
    wal_bytes=3 * MIB,
)
RUNNER = RunnerState(True, NOW, 100, "trainer")
FULL = Known(
    SNAPSHOT,
    SystemSample(MACHINE, health_of(HEALTH), "", USES),
    Folders(500 * MIB, 0, 12_000),
    RUNNER,
)


@pytest.fixture(autouse=True)
def frozen_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SystemScreen, "sampler", FrozenSampler)


# models


def test_reasons_are_gathered_by_kind() -> None:
    assert health_of(HEALTH).reasons == (("pool gpu", 12), ("max_active_tasks", 3))


def test_an_answer_that_differs_by_nothing_is_the_same() -> None:
    later = {**HEALTH, "turn_seconds_last": 0.001236, "turns_total": 12_349}
    assert health_of(later) == health_of(HEALTH)


def test_what_waits_is_counted_by_reason_also_what_the_runner_does_not_count() -> None:
    lines = as_text(model.waiting_lines(FULL)).splitlines()
    assert [line.split(maxsplit=1) for line in lines] == [
        ["12", "pool gpu"],
        ["3", "max_active_tasks"],
        ["2", model.HELD],
        ["2", "up for retry: their delay is not over"],
    ]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "-"), (0.00042, "0.42 ms"), (0.012, "12 ms"), (0.42, "420 ms"), (0.1, "100 ms"),
     (1.2, "1.2s")],
)  # fmt: skip
def test_decisions_take_milliseconds(seconds: float | None, words: str) -> None:
    assert pace(seconds) == words


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"is_importing": True}, "imports"),
        ({"work": 2}, "2 at work"),
        ({}, "idle 3m"),
        ({"is_retiring": True}, "idle 3m, leaves"),
    ],
)
def test_a_host_says_what_it_does(values: dict[str, Any], words: str) -> None:
    facts: dict[str, Any] = {
        "file": "a", "pid": 1, "is_importing": False, "is_retiring": False, "work": 0,
        "age": "1h", "idle": "3m", "fork_unsafe": None,
    }  # fmt: skip
    assert host_words(HostProcess(**{**facts, **values})) == words


@pytest.mark.parametrize("width", [39, 59, 79, 119, 199])
def test_every_line_fits_its_width(width: int) -> None:
    for scene in (SCENE, Scene(NOW, None, ASCII)):
        assert max(width_of(line) for line in page(FULL, scene, width)) <= width
        assert "\x1b" not in as_text(page(FULL, scene, width))


@pytest.mark.parametrize("size", [(79, 0), (119, 0), (199, 0)])
def test_the_page_looks_as_it_did(size: tuple[int, int]) -> None:
    check(f"system_page-{size[0]}", as_text(page(FULL, Scene(NOW, NOW.tzinfo, UNICODE), size[0])))


def test_before_anything_is_known_there_is_no_runner_to_speak_of() -> None:
    shown = as_text(page(Known(None, SystemSample(MACHINE), None, None), SCENE, 79))
    assert "Runner" not in shown
    assert "cpu" in shown


def test_the_end_of_a_log_is_whole_lines(tmp_path: Path) -> None:
    path = tmp_path / "runner.log"
    assert "not written" in log_tail(path)
    path.write_text("".join(f"line {n}\n" for n in range(100)))
    assert log_tail(path, 20).splitlines() == ["line 98", "line 99"]


# the screen


async def shown_at(pilot: AppPilot) -> str:
    await press(pilot, "9")
    await says(pilot, "cpu")
    await settled(pilot)
    return text_of(pilot)


@pytest.mark.parametrize("size", [*SIZES, (60, 20)])
@pytest.mark.parametrize("scene", ["empty", "failed"])
async def test_system_looks_as_it_did(
    scene: str, size: tuple[int, int], workspace_of: Callable[[str], Workspace]
) -> None:
    workspace = workspace_of(scene)
    async with opened(workspace, size) as pilot:
        shown = await shown_at(pilot)
        check(f"system_{scene}-{size[0]}x{size[1]}", without_sizes(shown, workspace))


def without_sizes(shown: str, workspace: Workspace) -> str:
    """The screen without what differs from machine to machine."""
    kept: list[str] = []
    for line in shown.splitlines():
        for name in ("place ", "size ", "logs ", "write-ahead "):
            if name in line:
                line = line[: line.index(name)] + name + "..."
        kept.append(line)
    return "\n".join(kept).replace(str(workspace.root), "/SHOP") + "\n"


async def test_a_runner_that_is_down_says_since_when(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("normal")) as pilot:
        shown = await shown_at(pilot)
        assert "down since 11:00  S starts it" in shown
        await press(pilot, "y")
        await says(pilot, "copied the page")
        assert "Database" in app_of(pilot).clipboard
        await press(pilot, "L")
        await says(pilot, "has not written a log yet")


async def test_nothing_is_looked_at_while_system_is_hidden(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("normal")) as pilot:
        await shown_at(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, SystemScreen)
        assert all(watch._end is not None for watch in screen._watches)
        await press(pilot, "2")
        assert all(watch._end is None for watch in screen._watches)


WORK = """
import time
from pathlib import Path
from dagtop import DAG, task

with DAG("watched", max_active_tasks=1):
    @task
    def work(number):
        while not Path("gate").exists():
            time.sleep(0.02)

    work.expand(number=[1, 2])
"""


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path / "shop") as workspace:
        workspace.start()
        yield workspace


async def test_a_live_runner_shows_its_processes_and_what_waits(runner: Live) -> None:
    runner.write("watched.py", WORK)
    runner.wait_for_dag("watched")
    runner.submit("unpause", dag_ids=["watched"])
    run_id = runner.trigger("watched")
    wait_for(lambda: "running" in runner.states("watched", run_id).values(), what="a task")
    health, trouble = ask_health(runner.workspace)
    assert (trouble, health is not None) == ("", True)
    async with opened(runner.workspace, (140, 50)) as pilot:
        await press(pilot, "9")
        await says(pilot, "watched › work[")
        await says(pilot, "max_active_tasks")
        await says(pilot, "dags/watched.py")
        await until(pilot, lambda: "MiB" in text_of(pilot), "memory")
        await says(pilot, "fork server")
        await says(pilot, "1 of ")
        await says(pilot, "median")
    (runner.workspace.root / "gate").touch()
    assert runner.wait_for_run("watched", run_id) == "success"

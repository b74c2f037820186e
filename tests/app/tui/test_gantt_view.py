"""The Gantt view of a run on screen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import strategies as st

from app.tui.screens.dag_views import DagFocus
from app.tui.screens.gantt import GanttScreen
from app.tui.screens.instances import InstancesScreen
from app.tui.screens.log import LogScreen
from app.tui.screens.task_details import DetailsScreen
from store.states import TaskInstanceState
from store.workspace import Workspace
from tests.app.tui.driving import AppPilot, commanded, opened, press, says, text_of, until
from tests.app.tui.snapshot import by_size, check, check_scene, settled
from tests.app.tui.world import NOW, World, structure_of
from tests.app.tui.world_gantt import fill_gantt

State = TaskInstanceState
NOW_AT = 200
TRY_STATES = ("success", "failed", "up_for_retry", "up_for_reschedule", "running", "queued")
moments = st.integers(0, 150)
maybe = st.none() | moments


# the screen


def gantt(pilot: AppPilot) -> GanttScreen:
    screen = pilot.app.screen
    assert isinstance(screen, GanttScreen)
    return screen


async def test_plus_and_minus_zoom_and_pan_and_escape_shows_everything_again(
    world: World,
) -> None:
    fill_gantt(world)
    async with opened(world.workspace, dag="nightly") as pilot:
        await press(pilot, "4", "H")
        await says(pilot, "this is the whole run")
        view = gantt(pilot).view
        await press(pilot, "plus", "plus")
        await says(pilot, "25 % of the time")
        before = view.window
        await press(pilot, "L")
        assert view.window.start > before.start
        assert view.window.span == before.span
        await press(pilot, "H", "h", "l")
        await press(pilot, "minus")
        await says(pilot, "50 % of the time")
        await press(pilot, "escape")
        assert view.form.window is None
        await press(pilot, "j", "j", "z")
        assert view.form.window is not None
        await press(pilot, "equals_sign")
        assert view.form.window is None
        assert isinstance(pilot.app.screen, GanttScreen)


async def test_a_mapped_task_unfolds_and_enter_goes_to_the_log_of_an_instance(
    world: World,
) -> None:
    fill_gantt(world)
    async with opened(world.workspace, dag="nightly") as pilot:
        await press(pilot, "4", "slash", *"train", "enter", "enter")
        assert isinstance(pilot.app.screen, InstancesScreen)
        await press(pilot, "escape", "space", "j", "j")
        await says(pilot, "[1]")
        await press(pilot, "enter")
        screen = pilot.app.screen
        assert isinstance(screen, LogScreen)
        assert (screen.look.task_id, screen.look.map_index) == ("train", 1)
        await press(pilot, "escape", "o")
        screen = pilot.app.screen
        assert isinstance(screen, DetailsScreen)
        assert screen.look.map_index == 1


async def test_actions_touch_the_instance_under_the_cursor(world: World) -> None:
    fill_gantt(world)
    async with opened(world.workspace, dag="nightly") as pilot:
        await press(pilot, "4", "slash", *"train", "enter", "space", "j", "c", "y")
        [(kind, payload)] = await commanded(pilot)
        assert (kind, payload["task_ids"], payload["map_indexes"]) == ("clear", ["train"], [0])


async def test_the_runs_beside_and_the_order_are_a_key_away(world: World) -> None:
    fill_gantt(world)
    async with opened(world.workspace, dag="nightly") as pilot:
        await press(pilot, "4", "less_than_sign")
        await says(pilot, "older run")
        await says(pilot, "⊘ evaluate")
        await press(pilot, "s")
        await says(pilot, "by start")
        assert "▾ clean" not in text_of(pilot)
        await press(pilot, "s", "asterisk")
        await says(pilot, "▸ clean")
        assert "dedupe" not in text_of(pilot)


async def test_a_task_that_starts_is_seen_at_once_and_its_bar_grows(world: World) -> None:
    version = world.dag("alpha", structure_of("alpha", ["work"]))
    run = world.run("alpha", version, "running", ago=timedelta(minutes=9))
    async with opened(world.workspace, dag="alpha") as pilot:
        await press(pilot, "4")
        await says(pilot, "not in this run")
        started = NOW - timedelta(minutes=8)
        world.instance("alpha", run, "work", "running", start=started)
        await says(pilot, "at work for 8m 00s")
        view = gantt(pilot).view
        before = text_of(pilot).count("▇")
        pilot.app.clock = lambda: NOW + timedelta(seconds=50)  # type: ignore[attr-defined]
        gantt(pilot).tick()
        await says(pilot, "at work for 8m 50s")
        assert text_of(pilot).count("▇") > before
        assert view.form.window is None


async def test_the_chart_and_its_phases_can_be_written_to_files(world: World) -> None:
    fill_gantt(world)
    async with opened(world.workspace, dag="nightly") as pilot:
        await press(pilot, "4", "less_than_sign")
        await says(pilot, "older run")
        text, csv, json = [one.make() for one in gantt(pilot).exports()]
    assert "↻" in next(line for line in text.splitlines() if "enrich" in line)
    assert csv.splitlines()[0] == "task_id,map_index,try_number,phase,state,start,end,seconds"
    ran = "clean.dedupe,-1,1,running,success,2026-11-20T11:08:30+00:00"
    assert f"{ran},2026-11-20T11:12:00+00:00,210.0" in csv.splitlines()
    assert '"phase": "between"' in json


async def test_on_a_wide_screen_the_grid_leads(world: World) -> None:
    fill_gantt(world)
    async with opened(world.workspace, (170, 40), dag="nightly") as pilot:
        await press(pilot, "4")
        screen = gantt(pilot)
        screen.look_at("scheduled__2026-11-20T11:00:00+00:00", "evaluate")
        screen.follow()
        await says(pilot, "older run")
        line = screen.view.line
        assert line is not None
        assert line.key == "evaluate"


async def test_a_run_that_has_not_begun_has_no_time_to_show(world: World) -> None:
    version = world.dag("alpha")
    world.run("alpha", version, "queued", ago=timedelta(minutes=9))
    async with opened(world.workspace, dag="alpha") as pilot:
        await press(pilot, "4")
        await says(pilot, "◐ queued")
        assert "│" not in text_of(pilot)
        await press(pilot, "plus", "z", "s")


async def test_of_several_screens_of_tasks_the_cursor_stays_on_its_task(world: World) -> None:
    fill_gantt(world)
    async with opened(world.workspace, dag="nightly") as pilot:
        await press(pilot, "4", "slash", *"enrich", "enter", "j", "escape", "1", "4")
        line = gantt(pilot).view.line
        assert line is not None
        assert line.key == "clean.enrich"


async def test_a_run_in_ascii(world: World) -> None:
    fill_gantt(world)
    plain_terminal = {"LANG": "C", "TERM": "vt100"}
    async with opened(world.workspace, environment=plain_terminal, dag="nightly") as pilot:
        await press(pilot, "4")
        await settled(pilot)
        shown = text_of(pilot)
        check("gantt-ascii", shown)
    assert shown.isascii()


async def test_a_run_on_a_small_and_on_a_large_screen(
    workspace_of: Callable[[str], Workspace],
) -> None:
    for size in ((60, 20), (200, 50)):
        async with opened(workspace_of("gantt"), size, dag="nightly") as pilot:
            await press(pilot, "4")
            await settled(pilot)
            check(f"gantt-{size[0]}x{size[1]}", text_of(pilot))


async def test_nothing_waits_for_a_dag_that_is_not_there(world: World) -> None:
    async with opened(world.workspace) as pilot:
        pilot.app.push_screen(GanttScreen(DagFocus("nope")))
        await until(pilot, lambda: "there is no DAG nope" in text_of(pilot), "a sentence")


SCENES: dict[str, tuple[str, tuple[str, ...]]] = {
    "gantt_live": ("gantt", ("enter", "4", "j", "j", "j")),
    "gantt_failed": (
        "gantt",
        ("enter", "4", "less_than_sign", "slash", *"train", "enter", "space"),
    ),
    "gantt_by_start": ("gantt", ("enter", "4", "s")),
    "gantt_zoomed": ("gantt", ("enter", "4", "j", "j", "j", "plus", "plus")),
    "gantt_normal": ("normal", ("j", "j", "j", "j", "enter", "4")),
    "gantt_without_runs": ("normal", ("j", "j", "j", "enter", "4")),
    "gantt_hostile": ("hostile", ("j", "j", "j", "enter", "4")),
}


@by_size
@pytest.mark.parametrize("scene", SCENES)
async def test_a_chart_looks_as_it_did(
    scene: str, size: tuple[int, int], workspace_of: Callable[[str], Workspace]
) -> None:
    name, keys = SCENES[scene]
    await check_scene(scene, size, workspace_of(name), keys)

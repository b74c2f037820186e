"""Deleting runs and DAGs from their tables."""

from __future__ import annotations

from datetime import timedelta

from app.tui.screens.deleting import AT_ONCE, delete_payloads
from app.tui.widgets.dialogs import ConfirmDialog
from tests.app.tui.dialogs import check_dialog
from tests.app.tui.driving import commanded, commands, opened, press, says
from tests.app.tui.snapshot import by_size
from tests.app.tui.test_keys import three
from tests.app.tui.test_runs import many, run
from tests.app.tui.world import World, fill_recommend


def test_one_command_deletes_runs_of_one_dag_and_not_too_many() -> None:
    runs = [run(number) for number in range(AT_ONCE + 1)]
    first, second = delete_payloads(runs)
    assert first == {"dag_id": "train", "run_ids": [one.run_id for one in runs[:AT_ONCE]]}
    assert second == {"dag_id": "train", "run_ids": [runs[-1].run_id]}


async def test_deleting_runs_names_them_and_leaves_those_that_go_on(world: World) -> None:
    fill_recommend(world)
    async with opened(world.workspace, dag="recommend") as pilot:
        await press(pilot, "3", "d")
        await says(pilot, "the run is running: cancel with x first, then delete")
        await press(pilot, "space", "space", "d")
        assert isinstance(pilot.app.screen, ConfirmDialog)
        await says(pilot, "Task instances, logs and XComs go too; what was tracked stays.")
        await says(pilot, "1 other has not ended and stays.")
        await press(pilot, "enter")
        assert commands(world.workspace) == []
        await press(pilot, "d", "y")
        [(kind, payload)] = await commanded(pilot)
    assert kind == "delete_runs"
    ids = ["scheduled__2026-11-21T05:40:00+00:00"]
    assert payload == {"dag_id": "recommend", "run_ids": ids}


async def test_of_many_runs_the_number_must_be_typed(world: World) -> None:
    many(world, 30)
    async with opened(world.workspace, dag="dag_0000") as pilot:
        await press(pilot, "3", "asterisk", "d", "y")
        assert isinstance(pilot.app.screen, ConfirmDialog)
        await says(pilot, "type 30:")
        await press(pilot, "3", "0", "y")
        [(kind, payload)] = await commanded(pilot)
    assert (kind, len(payload["run_ids"])) == ("delete_runs", 30)


async def test_deleting_dags_names_them_with_their_runs(world: World) -> None:
    three(world)
    async with opened(world.workspace) as pilot:
        await press(pilot, "space", "space", "d")
        assert isinstance(pilot.app.screen, ConfirmDialog)
        await says(pilot, "alpha  1 run")
        await says(pilot, "beta  1 run")
        await says(pilot, "Their files bring them back, empty.")
        await press(pilot, "enter")
        assert commands(world.workspace) == []
        await press(pilot, "d", "y")
        found = await commanded(pilot, 2)
    assert found == [("delete_dag", {"dag_id": name}) for name in ("alpha", "beta")]


async def test_a_dag_with_unfinished_runs_stays(world: World) -> None:
    three(world)
    version = world.dag("delta")
    for state in ("running", "queued"):
        world.run("delta", version, state, ago=timedelta(minutes=1), run_id=state,
                  logical_date=None)  # fmt: skip
    async with opened(world.workspace) as pilot:
        await press(pilot, "slash", *"delta", "enter", "d")
        await says(pilot, "delta has 2 unfinished runs: cancel first, then delete")
        await press(pilot, "escape", "asterisk", "d")
        await says(pilot, "1 other has unfinished runs and stays.")
        await press(pilot, "y")
        found = await commanded(pilot, 3)
    assert {payload["dag_id"] for _, payload in found} == {"alpha", "beta", "gamma"}


async def test_read_only_deletes_nothing(world: World) -> None:
    three(world)
    async with opened(world.workspace, read_only=True) as pilot:
        for keys in (("d",), ("3", "d")):
            await press(pilot, *keys)
            await says(pilot, "read-only: nothing can be changed here")
            assert not isinstance(pilot.app.screen, ConfirmDialog)


@by_size
async def test_the_questions_look_as_they_did(size: tuple[int, int], world: World) -> None:
    three(world)
    await check_dialog("deleting_dags", size, world.workspace, ("asterisk", "d"))
    await check_dialog("deleting_runs", size, world.workspace, ("3", "d"))

"""Notes on runs and task instances, written from the terminal."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from textual.widgets import TextArea

from app.tui.screens.noting import NoteScreen
from tests.app.tui.dialogs import check_dialog
from tests.app.tui.driving import AppPilot, opened, press, says, until
from tests.app.tui.snapshot import SIZES
from tests.app.tui.world import ESCAPES, World


def fill(world: World, **values: Any) -> None:
    version = world.dag("plain")
    run = world.run("plain", version, "failed", ago=timedelta(hours=1), run_id="r1", **values)
    for task in ("start", "work", "end"):
        world.instance("plain", run, task, "failed")


def notes(world: World) -> tuple[str | None, str | None]:
    with world.store.read() as connection:
        run = connection.exec_driver_sql("SELECT note FROM dag_run").scalar()
        query = "SELECT note FROM task_instance WHERE task_id = 'work'"
        return run, connection.exec_driver_sql(query).scalar()


async def editor(pilot: AppPilot) -> TextArea:
    await until(pilot, lambda: isinstance(pilot.app.screen, NoteScreen), "the editor")
    await pilot.pause()
    return pilot.app.screen.query_one(TextArea)


async def test_a_note_on_a_task_is_written_without_a_runner_and_edited(world: World) -> None:
    fill(world)
    async with opened(world.workspace, dag="plain") as pilot:
        await press(pilot, "j", "a")
        await editor(pilot)
        await press(pilot, *"loss", "enter", *"is nan", "ctrl+r")
        await until(pilot, lambda: notes(world) == (None, "loss\nis nan"), "the note")
        await press(pilot, "a")
        area = await editor(pilot)
        assert area.text == "loss\nis nan"
        await press(pilot, *"xx", "escape")
        assert notes(world) == (None, "loss\nis nan")


async def test_the_run_has_a_note_of_its_own_in_the_same_editor(world: World) -> None:
    fill(world, note="before")
    async with opened(world.workspace, dag="plain") as pilot:
        await press(pilot, "j", "a")
        area = await editor(pilot)
        await press(pilot, *"task", "shift+tab", "right")
        await until(pilot, lambda: area.text == "before", "the run's note")
        await press(pilot, "tab", *"now ", "ctrl+r")
        await until(pilot, lambda: notes(world) == ("now before", "task"), "both notes")
        await press(pilot, "U")
        await until(pilot, lambda: notes(world)[0] == "before", "the run's note as before")
        await press(pilot, "U")
        await until(pilot, lambda: notes(world)[1] is None, "no note on the task")
        await press(pilot, "U")
        await says(pilot, "nothing to undo")


async def test_a_note_that_is_too_long_is_not_sent(world: World) -> None:
    fill(world)
    async with opened(world.workspace, dag="plain") as pilot:
        await press(pilot, "a")
        area = await editor(pilot)
        area.load_text("x" * 10_003)
        await says(pilot, "3 characters too many")
        await press(pilot, "ctrl+r")
        assert isinstance(pilot.app.screen, NoteScreen)


@pytest.mark.parametrize("size", [*SIZES, (60, 20)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_editor_looks_as_it_did(size: tuple[int, int], world: World) -> None:
    fill(world, note=f"learning rate halved {ESCAPES}\nsee ticket 12")
    keys = ("enter", "a", "shift+tab", "right")
    shown = await check_dialog("acting_note", size, world.workspace, keys)
    assert "\x1b" not in shown


async def test_one_note_is_written_on_all_marked_runs_and_undone(world: World) -> None:
    version = world.dag("plain")
    for number, note in ((1, "old"), (2, None), (3, None)):
        world.run(
            "plain", version, "failed", ago=timedelta(hours=number), run_id=f"r{number}", note=note
        )

    def written() -> list[str | None]:
        with world.store.read() as connection:
            query = "SELECT note FROM dag_run ORDER BY run_id"
            return list(connection.exec_driver_sql(query).scalars())

    async with opened(world.workspace) as pilot:
        await press(pilot, "3", "space", "v", "j", "v", "a")
        await editor(pilot)
        await says(pilot, "the note that 1 of them has")
        await press(pilot, *"bad data", "ctrl+r")
        await until(pilot, lambda: written() == ["bad data"] * 3, "the note on all")
        await press(pilot, "U")
        await until(pilot, lambda: written() == ["old", None, None], "the notes as before")


async def test_one_note_is_written_on_all_marked_task_instances(world: World) -> None:
    fill(world)
    async with opened(world.workspace, dag="plain") as pilot:
        await press(pilot, "r", "asterisk", "a")
        await editor(pilot)
        await says(pilot, "3 task instances")
        await press(pilot, *"why", "ctrl+r")
        await until(pilot, lambda: notes(world)[1] == "why", "the note")
        with world.store.read() as connection:
            query = "SELECT count(*) FROM task_instance WHERE note = 'why'"
            assert connection.exec_driver_sql(query).scalar() == 3

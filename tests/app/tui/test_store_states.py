"""The store is missing, locked, damaged, replaced, too old, too new, the disk is full, the runner
comes and goes: the screen says so in one sentence, and goes on when it is over."""

from __future__ import annotations

import fcntl
import os
import shutil
import sqlite3
import sys
from pathlib import Path

import pytest
from sqlalchemy import update

from store import models
from store.workspace import Workspace
from tests.app.tui.driving import AppPilot, app_of, opened, press, says, text_of, until
from tests.app.tui.world import NOW, World, make_world
from tests.support.terminal import LOOKS, terminal


async def says_line(pilot: AppPilot, text: str) -> None:
    """Wait until the banner, which has one line, says a text."""
    await until(pilot, lambda: text in app_of(pilot).trouble, text)
    await says(pilot, " ! ")


def raw(world: World) -> sqlite3.Connection:
    return sqlite3.connect(world.workspace.database, isolation_level=None)


async def test_a_store_that_is_made_while_it_is_looked_at_is_shown(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    folder.mkdir()
    async with opened(Workspace(folder)) as pilot:
        await says(pilot, "No runner has worked in this workspace yet")
        world = make_world(folder)
        world.dag("etl")
        await says(pilot, "etl")
        await until(pilot, lambda: not app_of(pilot).trouble, "no trouble")
        world.store.close()


async def test_a_store_taken_away_or_replaced_is_noticed(world: World, tmp_path: Path) -> None:
    world.dag("etl")
    other = make_world(tmp_path / "other")
    other.dag("restored")
    other.store.close()
    async with opened(world.workspace) as pilot:
        await says(pilot, "etl")
        world.store.close()
        for file in world.workspace.state.glob("dagtop.db*"):
            file.unlink()
        await says(pilot, "No runner has worked in this workspace yet")
        shutil.copy(other.workspace.database, world.workspace.database)
        await says(pilot, "restored")
        await until(pilot, lambda: not app_of(pilot).trouble, "no trouble")


@pytest.mark.parametrize("place", ["whole", "pages"])
async def test_a_damaged_store_is_said(world: World, place: str) -> None:
    world.dag("etl")
    world.store.close()
    path = world.workspace.database
    data = path.read_bytes()
    path.write_bytes(b"no database" * 999 if place == "whole" else data[:4096] + b"\xa5" * 400_000)
    async with opened(world.workspace) as pilot:
        await says_line(
            pilot, "is not a database; move it away" if place == "whole" else "is damaged"
        )
        troubles = {app_of(pilot).trouble}
        for _ in range(20):
            await pilot.pause(0.1)
            troubles.add(app_of(pilot).trouble)
        assert len(troubles) == 1, "the banner comes and goes"
        await press(pilot, "3", "1", "2")
        path.write_bytes(data)
        await says(pilot, "etl")


async def test_a_store_that_is_damaged_while_it_is_looked_at_is_said(world: World) -> None:
    world.dag("etl")
    world.store.close()
    path = world.workspace.database
    data = path.read_bytes()
    async with opened(world.workspace) as pilot:
        await says(pilot, "etl")
        path.write_bytes(b"\xa5" * len(data))
        await press(pilot, "3")
        await until(pilot, lambda: app_of(pilot).trouble, "a sentence")
        await press(pilot, "2")
        assert "etl" in text_of(pilot), "what was read is still shown"


async def test_a_locked_store_is_said_and_read_when_it_is_free(world: World) -> None:
    world.dag("etl")
    world.store.close()
    keeper = raw(world)
    keeper.execute("PRAGMA locking_mode = EXCLUSIVE")
    keeper.execute("BEGIN EXCLUSIVE")
    async with opened(world.workspace) as pilot:
        await says_line(pilot, "was locked by another process for too long")
        keeper.close()
        await says(pilot, "etl")


@pytest.mark.parametrize(
    ("revision", "sentence"),
    [("9999", "was made by a newer dagtop"), ("0001", "older dagtop")],
)
async def test_a_store_of_another_version_is_said(
    world: World, revision: str, sentence: str
) -> None:
    world.dag("etl")
    world.store.close()
    with raw(world) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (revision,))
    connection.close()
    async with opened(world.workspace) as pilot:
        await says_line(pilot, sentence)


def test_a_full_disk_is_said(world: World) -> None:
    world.dag("etl")
    world.store.close()
    code = (
        "import resource, sys; from pathlib import Path; from store.workspace import Workspace; "
        "from app.tui import run; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); "
        "sys.exit(run(Workspace(Path(sys.argv[1]))))"
    )
    command = [sys.executable, "-c", code, str(world.workspace.root)]
    home = {"XDG_STATE_HOME": f"{world.workspace.root}/none", "HOME": str(world.workspace.root)}
    with terminal(command, {**LOOKS, **home}, (160, 24)) as one:
        one.read_until(
            lambda output: b"check the disk and its space" in output or b"full" in output
        )
        one.press(b"q", lambda output: b"\x1b[?25h" in output)
        assert one.end() == 0, one.output[-2500:].decode()


async def test_the_runner_comes_and_goes_while_it_is_looked_at(world: World) -> None:
    world.dag("etl")
    world.lease()
    async with opened(world.workspace, (120, 40)) as pilot:
        await says(pilot, "runner down")
        await says(pilot, "nothing is scheduled or run")
        fd = os.open(world.workspace.runner_lock, os.O_RDWR | os.O_CREAT)
        os.write(fd, str(os.getpid()).encode())
        fcntl.flock(fd, fcntl.LOCK_EX)
        beat(world)
        await says(pilot, "runner up")
        await until(pilot, lambda: "Nothing is scheduled" not in text_of(pilot), "no banner")
        os.close(fd)
        beat(world)
        await says(pilot, "runner down")
        await says(pilot, "nothing is scheduled or run")


def beat(world: World) -> None:
    """Something is committed: the lease is looked at."""
    with world.store.write() as connection:
        connection.execute(update(models.runner_lease).values(beat_at=NOW))

"""Workspaces with Variables, Connections and pools, and with hostile ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import insert, select

from app.tui.screens.connections import ConnectionsScreen
from app.tui.screens.editing import FormDialog
from app.tui.screens.pools import PoolsScreen
from app.tui.screens.variables import VariablesScreen
from app.tui.widgets.dialogs import ConfirmDialog
from store import edits, models
from store.queries.connections import ConnectionDetails, get_connection
from store.queries.variables import get_variable
from tests.app.tui.driving import AppPilot, until
from tests.app.tui.world import ESCAPES, NOW, World

SECRET = "hunter2-of-the-shop"
EXTRA = '{"region": "eu-west-1", "api_key": "k-123", "nested": {"token": "t-9", "a": 1}}'


def fill_admin(world: World) -> None:
    """Variables, Connections and pools as people have them, and who uses the slots."""
    world.lease()
    version = world.dag("train_digits")
    run = world.run("train_digits", version, "running", ago=timedelta(minutes=20))
    states = ["running", "running", "queued", "scheduled", "scheduled", "deferred", "success"]
    for number, state in enumerate(states):
        start = NOW - timedelta(minutes=number + 3)
        world.instance(
            "train_digits",
            run,
            "train",
            state,
            map_index=number,
            pool="gpu",
            pool_slots=1 + number % 2,
            start=start,
            scheduled_at=start,
            queued_at=start,
            started_at=start if state == "running" else None,
        )
    world.instance("train_digits", run, "start", "running")
    fill_rows(world)


def fill_rows(world: World) -> None:
    with world.write() as connection:
        for key, value, description in (
            ("batch_size", "64", "rows a step"),
            ("shop_api_key", SECRET, "of the payment service"),
            ("model_grid", '{\n  "alpha": [0.1, 0.2],\n  "depth": [3, 5, 8]\n}', "of the sweep"),
            ("blob", "x" * 1_000_000, "a megabyte"),
            ("empty", "", ""),
        ):
            edits.set_variable(connection, key, value, "ann", description=description)
        for file, names in (("dags/etl.py", ["batch_size"]), ("dags/train.py", ["batch_size"])):
            row = {"file": file, "modified_ns": 0, "size": 0, "dependencies": []}
            connection.execute(insert(models.pipeline_file), {**row, "variables": names})
        warehouse = ConnectionDetails(
            "warehouse", "postgres", "orders and stock", "db.shop.local", "sales", "ann", SECRET
        )
        edits.set_connection(connection, replace(warehouse, port=5432), "ann")
        bucket = ConnectionDetails("bucket", "aws", "artifacts", extra=EXTRA)
        edits.set_connection(connection, bucket, "ann")
        site = ConnectionDetails("site", "http", host="https://shop.example.com")
        edits.set_connection(connection, site, "ann")
        for name, slots, description, deferred in (
            ("default_pool", 128, "the pool of tasks that name none", False),
            ("gpu", 8, "two cards", True),
            ("api", -1, "", False),
            ("closed", 0, "while the server moves", False),
        ):
            edits.set_pool(
                connection, name, slots, "ann", description=description, include_deferred=deferred
            )


def fill_hostile_admin(world: World) -> None:
    """Names and texts that try to take over the terminal."""
    with world.write() as connection:
        for name in (
            f"a{ESCAPES}",
            "每日推荐模型训练流水线" * 3,
            "👩‍💻" * 9,
            "[red]x[/red]",
            "z" * 300,
        ):
            edits.set_variable(connection, name, f"{ESCAPES}\nnext", "me", description=ESCAPES)
            edits.set_pool(connection, name, 3, "me", description=ESCAPES)
            edits.set_connection(
                connection,
                ConnectionDetails(name, ESCAPES, ESCAPES, ESCAPES, ESCAPES, ESCAPES, "p", 1, None),
                "me",
            )


def kinds(world: World) -> list[tuple[str, str]]:
    """The events that people caused."""
    with world.store.read() as connection:
        table = models.event
        query = select(table.c.kind, table.c.message).where(table.c.actor != "ann")
        return [(row.kind, row.message) for row in connection.execute(query.order_by(table.c.id))]


def value_of(world: World, key: str) -> str | None:
    with world.store.read() as connection:
        return get_variable(connection, key)


def connection_of(world: World, conn_id: str) -> ConnectionDetails | None:
    with world.store.read() as connection:
        return get_connection(connection, conn_id)


async def go_to(pilot: AppPilot, name: str) -> None:
    """Put the cursor on a row."""
    screen = pilot.app.screen
    assert isinstance(screen, VariablesScreen | ConnectionsScreen | PoolsScreen)
    assert screen.table.go_to(name)
    await pilot.pause()


async def form_opened(pilot: AppPilot, *keys: str) -> None:
    await pilot.press(*keys)
    await until(pilot, lambda: isinstance(pilot.app.screen, FormDialog), "the form")
    await pilot.pause()


async def asked(pilot: AppPilot) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmDialog), "the question")

"""Secrets by their name, as users pass them in a run's conf: no screen and no export shows them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.cli import documents
from app.tui.location import Location
from app.tui.screens.base import DagtopScreen
from store import events
from store.queries import runs
from store.secrets import DEEPEST, masked
from tests.app.cli.conftest import run_command
from tests.app.tui.driving import app_of, arrived, opened, press, says, text_of
from tests.app.tui.world import World

SECRET = "hunter2"
CONF = {"rate": 7, "api_key": SECRET, "nested": [{"password": SECRET}]}


def test_values_of_secret_names_are_hidden_at_any_depth() -> None:
    assert masked(CONF) == {"rate": 7, "api_key": "***", "nested": [{"password": "***"}]}
    assert masked({"password": ""}) == {"password": ""}
    deep: object = {"password": SECRET}
    for _ in range(DEEPEST * 10):
        deep = [deep]
    assert SECRET not in str(masked(deep))
    assert "nested too deeply" in str(masked(deep))


@pytest.mark.parametrize("view", ["grid", "runs", "events"])
async def test_no_screen_and_no_export_shows_a_secret_of_a_conf(view: str, world: World) -> None:
    version = world.dag("etl")
    ago = timedelta(minutes=1)
    run = world.run("etl", version, "failed", ago=ago, run_id="first", conf=CONF)
    world.instance("etl", run, "work", "failed")
    with world.store.write() as connection:
        events.record(
            connection,
            "clear",
            "ann",
            "ann cleared 1 task instance",
            dag_id="etl",
            dag_run_id=run,
            run_id="first",
            details={"conf": CONF, "former_conf": CONF},
        )
    async with opened(world.workspace, (250, 50)) as pilot:
        app_of(pilot).ways.go_to(Location("dags", "etl", view, "first"))
        await arrived(pilot)
        if view == "events":
            await press(pilot, "i")
        if view != "grid":
            await says(pilot, '"***"')
        assert SECRET not in text_of(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, DagtopScreen)
        for export in screen.exports():
            assert SECRET not in export.make(), export.title
    shown = run_command(world.workspace.root, "runs", "show", "etl", "first")
    assert (shown.code, SECRET in shown.out) == (0, False)
    with world.store.read() as connection:
        row = runs.get_run(connection, "etl", "first")
        assert row is not None
        assert documents.of_run(row)["conf"] == masked(CONF)

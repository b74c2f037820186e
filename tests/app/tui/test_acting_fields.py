"""What the questions of clear and mark say and take besides yes and no, with a real runner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.cli.conftest import run_command
from tests.app.tui.driving import opened, press, says, text_of
from tests.support.live import Live, live, wait_for

PIPELINE = """
from dagtop import dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def shop():
    @task
    def one(): pass

    @task  # two
    def two():
        raise RuntimeError("as told")

    one() >> two()

shop()
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path / "shop") as workspace:
        workspace.write("shop.py", PIPELINE)
        workspace.start()
        yield workspace


def run_ids(running: Live) -> list[str]:
    return [row[0] for row in running.query("SELECT run_id FROM dag_run ORDER BY id")]


async def test_a_clear_says_with_which_version_it_runs_again(running: Live) -> None:
    assert running.run("shop")[0] == "failed"
    async with opened(running.workspace, (80, 24), dag="shop") as pilot:
        await says(pilot, "two")
        await press(pilot, "c")
        await says(pilot, "Runs again:")
        assert "ersion" not in text_of(pilot)
        await press(pilot, "n")
        running.write("shop.py", PIPELINE.replace("@task  # two", "@task(retries=1)"))
        wait_for(lambda: running.value("SELECT max(number) FROM dag_version") == 2)
        await press(pilot, "c")
        await says(pilot, "Version 1 -> 2: two changed")
        await press(pilot, "n")
    root = running.workspace.root
    told = run_command(root, "runs", "clear", "shop", "latest", "--dry-run")
    assert "version 1 -> 2: two changed" in told.err
    told = run_command(root, "runs", "clear", "shop", "latest", "--dry-run", "--json")
    differ = {"added": [], "removed": [], "changed": ["two"]}
    assert told.document["versions"] == [{"dag_id": "shop", "from": 1, "to": 2, **differ}]

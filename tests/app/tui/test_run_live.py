"""The run screen beside a real runner: why tasks wait, what they use, what goes wrong."""

from __future__ import annotations

from pathlib import Path

from app.tui.application import DagtopApp
from app.tui.screens.run import RunScreen
from app.tui.screens.text import TextScreen
from store import edits
from tests.app.tui.driving import ENVIRONMENT, arrived, press, says, until
from tests.support.live import live

PIPELINE = """
import time
from dagtop import dag, task

@dag(schedule=None, is_paused_upon_creation=False)
def crowded():
    @task(pool="narrow", pool_slots=2)
    def fit(n):
        time.sleep(600)

    @task
    def boom():
        raise ValueError("nothing works here")

    fit.expand(n=[1, 2])
    boom()

crowded()
"""


async def test_it_says_why_tasks_wait_and_what_failed(tmp_path: Path) -> None:
    with live(tmp_path) as workspace:
        workspace.write("crowded.py", PIPELINE)
        with workspace.store.write() as connection:
            edits.set_pool(connection, "narrow", 3, "test")
        workspace.start()
        workspace.wait_for_dag("crowded")
        run_id = workspace.trigger("crowded")
        app = DagtopApp(workspace.workspace, dag="crowded", run=run_id, environment=ENVIRONMENT)
        async with app.run_test(size=(120, 30)) as pilot:
            await arrived(pilot)
            assert isinstance(app.screen, RunScreen)
            await says(pilot, "dags/crowded.py:13  ValueError: nothing works here")
            await says(pilot, "pool narrow: 1 of 3 free")
            await press(pilot, "w")
            await until(pilot, lambda: isinstance(app.screen, TextScreen), "the reasons")
            await says(pilot, "(1 task instance)")
            await press(pilot, "escape", "slash", *"state:scheduled", "enter", "o")
            await says(pilot, "why: pool narrow")
            await press(pilot, "5")
            await says(pilot, "no try yet")

"""A DAG whose file is gone or broken, and a task that has left the file: every view says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from app.tui.models.dags import columns, name_cell, next_cell
from app.tui.models.dags import detail_line as line_of_list
from app.tui.models.grid import cell_line, cell_lines, dag_line
from app.tui.models.home import due_panel
from app.tui.scene import Scene
from app.tui.spans import plain
from app.tui.theme import UNICODE
from store.queries.cells import Cell
from store.queries.dags import file_trouble, held_count
from store.queries.grid import GridRow
from store.states import TaskInstanceState
from tests.app.tui.driving import app_of, opened, press, says, text_of
from tests.app.tui.test_models import dag
from tests.app.tui.world import NOW, World
from tests.support.live import Live, wait_for

SCENE = Scene(NOW, None, UNICODE)
BROKEN = "SyntaxError: invalid syntax"
SUCCESS = TaskInstanceState.SUCCESS
PIPELINE = """
from dagtop import DAG, task
with DAG("shop", is_paused_upon_creation=False):
    @task
    def load():
        raise ValueError("no such cup")
    load()
"""
FIVE = """
from datetime import datetime
from dagtop import DAG, task
with DAG("five", schedule="*/5 * * * *", start_date=datetime(2026, 1, 1),
         is_paused_upon_creation=False):
    @task
    def work(): pass
    work()
"""


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"is_active": False}, "dags/shop.py no longer defines it: its runs wait"),
        ({"import_error": BROKEN}, BROKEN),
    ],
)
def test_a_dag_that_no_file_defines_has_no_next_run(values: dict[str, Any], words: str) -> None:
    held = dag(**values)
    for line in (dag_line(held, SCENE), line_of_list(held, SCENE)):
        assert words in plain(line)
        assert "next " not in plain(line)
    assert "! " in plain(name_cell(held, SCENE))
    assert plain(next_cell(held, SCENE)).startswith("file is ")
    assert "in 3h" in plain(next_cell(dag(), SCENE))
    (by_next,) = [one.sort for one in columns() if one.key == "next"]
    assert by_next is not None
    assert by_next(held) > by_next(dag())


def test_a_task_that_has_left_the_file_is_said_to_be_gone() -> None:
    row = GridRow("task", "report", "report", 0, None, task_ids=("report",), is_gone=True)
    cell = Cell(SUCCESS, {SUCCESS: 1})
    for shown in (cell, None):
        assert "gone from the file" in plain(cell_line(row, shown, (), SCENE))
        assert "gone from the file" in [plain(line) for line in cell_lines(row, shown, (), SCENE)]
    there = GridRow("task", "report", "report", 0, None, task_ids=("report",))
    assert "gone" not in plain(cell_line(there, cell, (), SCENE))


def test_home_does_not_say_off_of_what_is_on_but_broken() -> None:
    assert due_panel((), SCENE).empty == "No run is due: no schedule is on."
    words = "No run is due: 1 DAG is on, its file can't be used."
    assert due_panel((), SCENE, held=1).empty == words
    assert "2 DAGs are on, their files" in due_panel((), SCENE, held=2).empty


def test_dags_are_counted_that_only_their_file_keeps_from_running(world: World) -> None:
    with world.store.read() as connection:
        before = held_count(connection)
    world.dag("gone", is_active=False, is_paused=False, next_run_after=NOW, file="dags/g.py")
    world.dag("off", is_active=False, is_paused=True, next_run_after=NOW, file="dags/g.py")
    with world.store.read() as connection:
        assert held_count(connection) == before + 1
        assert file_trouble(connection, "gone") == "dags/g.py no longer defines it"
        assert file_trouble(connection, "shop") is None
        assert file_trouble(connection, "nosuch") is None


async def test_a_file_that_is_moved_away_is_told_of_everywhere(running: Live) -> None:
    path = running.write("shop.py", PIPELINE)
    run_id = running.trigger("shop")
    running.wait_for_run("shop", run_id)
    path.unlink()
    wait_for(lambda: not running.value("SELECT is_active FROM dag WHERE dag_id = 'shop'"))
    words = "dags/shop.py no longer defines"
    async with opened(running.workspace, (120, 40), dag="shop") as pilot:
        await says(pilot, f"{words} it: its runs wait")
        await press(pilot, "c")
        await says(pilot, f"The runs wait: {words} this DAG.")
        await press(pilot, "y")
        await says(pilot, f"it waits: {words}")
        await press(pilot, "r")
        await says(pilot, "broken")
        assert f"{words} it" in text_of(pilot)


async def test_what_is_planned_today_and_tomorrow_stands_in_the_calendar(running: Live) -> None:
    running.write("five.py", FIVE)
    running.wait_for_dag("five")
    async with opened(running.workspace, (120, 40), dag="five") as pilot:
        app_of(pilot).clock = lambda: datetime.now(UTC)
        await says(pilot, "on")
        await press(pilot, "6", "z", "j")
        await says(pilot, "12 runs planned, the first at")
        tomorrow = datetime.now(UTC) + timedelta(days=1)
        row = next(
            line
            for line in text_of(pilot).split("\n")
            if f"{tomorrow:%a} {tomorrow.day:>2} " in line
        )
        assert row.count("○") == 24

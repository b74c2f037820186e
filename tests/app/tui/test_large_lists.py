"""Lists and texts of which a filter or a search can't look at all in one go: keys are taken
meanwhile, and what comes of it is the same."""

from __future__ import annotations

import asyncio
import weakref

from app.tui.filters import Facts
from app.tui.lines import Lines
from app.tui.models.xcoms import read_value
from app.tui.screens.listing import AT_ONCE, Sieve
from app.tui.screens.run import RunScreen
from app.tui.screens.task_xcoms import ValueScreen
from app.tui.widgets.lines_view import SLICE, LinesView
from runner.authoring.serialization import encode
from store.queries.tasks import XComRow
from tests.app.tui.driving import AppPilot, opened, press, text_of, until
from tests.app.tui.world import NOW, World
from tests.support.history import fill

LINES = 4 * SLICE
FOUND = [7, SLICE - 1, SLICE, 3 * SLICE + 5]
"""Lines with what is searched for."""
TASKS = AT_ONCE + 1_500


async def value_screen(pilot: AppPilot) -> ValueScreen:
    """The screen of a long value."""
    texts = [f"needle {n}" if n in FOUND else f"line {n}" for n in range(LINES)]
    row = XComRow("load", -1, "rows", b"", 5, None, NOW)
    screen = ValueScreen(("shop", "rows"), 1, row)
    await pilot.app.push_screen(screen)
    await until(pilot, lambda: "is gone" in text_of(pilot), "the answer")
    screen.value = read_value(encode("\n".join(texts))[0])
    screen._show_value()
    await pilot.pause()
    return screen


def searches(view: LinesView) -> bool:
    return view.searching is not None


async def found_all(pilot: AppPilot, screen: ValueScreen) -> None:
    await until(pilot, lambda: screen.view.searching is None, "the end of the search")


async def test_a_search_through_many_lines_finds_what_is_there(world: World) -> None:
    async with opened(world.workspace) as pilot:
        screen = await value_screen(pilot)
        await press(pilot, "slash", *"needle", "enter")
        await found_all(pilot, screen)
        assert screen.view.found == FOUND
        assert "1 of 4" in text_of(pilot)
        for key, place in (("n", 1), ("n", 2), ("n", 3), ("n", 0), ("N", 3)):
            await press(pilot, key)
            assert screen.view.cursor == FOUND[place]
        await press(pilot, "k", "slash", *"nowhere", "enter")
        await found_all(pilot, screen)
        await until(pilot, lambda: "nowhere is not in this text" in text_of(pilot))


async def test_a_search_goes_on_from_the_cursor_and_round_the_end(world: World) -> None:
    async with opened(world.workspace) as pilot:
        view = (await value_screen(pilot)).view
        view.go_to(2 * SLICE)
        view.search("needle")
        assert (view.found, view.cursor) == ([], 2 * SLICE)  # the first slice has none
        assert view.find_next(-1)  # not known yet: waited for
        await until(pilot, lambda: not searches(view))
        assert (view.found, view.cursor) == (FOUND, SLICE)
        view.search("needle", 3 * SLICE + 6)
        await until(pilot, lambda: not searches(view))
        assert view.cursor == FOUND[0]


async def test_a_key_is_taken_while_a_search_goes_on(world: World) -> None:
    async with opened(world.workspace) as pilot:
        view = (await value_screen(pilot)).view
        view.search("needle 15005")
        assert searches(view)
        view.travel("bottom")  # who goes elsewhere stays there
        moves = 0
        while searches(view):
            await asyncio.sleep(0)
            moves += 1
        assert moves > 2
        assert view.cursor == LINES - 1
        view.search("line 1")
        view.show(Lines())  # what is searched is gone
        await pilot.pause()
        assert (view.found, view.searching) == ([], None)


async def run_screen(pilot: AppPilot, world: World) -> RunScreen:
    with world.store.read() as connection:
        run_id = connection.exec_driver_sql("SELECT run_id FROM dag_run").scalar_one()
    screen = RunScreen("dag_0000", run_id)
    await pilot.app.push_screen(screen)
    await until(pilot, lambda: len(screen.table.items) == TASKS, "all tasks")
    return screen


async def test_a_filter_of_many_rows_takes_keys_meanwhile(world: World) -> None:
    fill(world.store, dags=1, runs=1, tasks=TASKS, events=False, tries=False, live=False)
    wanted = [f"task_{n:03}" for n in range(TASKS) if "99" in f"{n:03}"]

    def shown() -> list[str]:
        return [row.task_id for row in screen.table.items]

    async with opened(world.workspace) as pilot:
        screen = await run_screen(pilot, world)
        screen.filter_text = "99"
        screen.sift(screen._seen)
        assert screen._sifting is not None
        assert len(shown()) == TASKS  # nothing is shown before all is known
        await until(pilot, lambda: screen._sifting is None)
        assert shown() == wanted
        await press(pilot, "slash", *"!99", "enter")  # what is pressed next finds the new rows
        assert len(shown()) == TASKS - len(wanted)
        await press(pilot, "escape")
        await press(pilot, "slash", *"task_3", "escape")
        await until(pilot, lambda: len(shown()) == TASKS)


async def test_a_filter_of_many_rows_follows_what_changes(world: World) -> None:
    fill(world.store, dags=1, runs=1, tasks=TASKS, events=False, tries=False, live=False)
    async with opened(world.workspace) as pilot:
        screen = await run_screen(pilot, world)
        await press(pilot, "slash", *"state:failed", "enter")
        before = len(screen.table.items)
        with world.store.write() as connection:
            connection.exec_driver_sql(
                "UPDATE task_instance SET state = 'failed' WHERE task_id = 'task_001'"
            )
        await until(pilot, lambda: len(screen.table.items) == before + 1, "one more")


class Row:
    """A row of a snapshot."""


def test_a_filter_holds_no_rows_of_former_snapshots() -> None:
    sieve: Sieve[Row] = Sieve("a", lambda _: Facts(text="a"))
    gone: list[weakref.ref[Row]] = []
    rows: list[Row] = []
    for _ in range(6):
        rows = [Row() for _ in range(10)]
        assert sieve.passing(rows) == rows
        gone.extend(map(weakref.ref, rows))
    del rows
    assert sum(one() is not None for one in gone) <= 20

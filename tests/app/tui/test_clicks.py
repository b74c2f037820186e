"""The mouse does what one expects: rows, tabs, views, titles of columns, keys that are named."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from app.tui.clicks import key_at, tab_at
from app.tui.screens.all_runs import AllRunsScreen
from app.tui.screens.dags import DagsScreen
from app.tui.screens.graph import GraphScreen
from app.tui.screens.grid import GridScreen
from app.tui.screens.help import HelpScreen
from app.tui.spans import Span
from store.workspace import Workspace
from tests.app.tui.driving import AppPilot, opened, press, says, text_of, until

LINE = (Span(" "), Span("1", "key"), Span(" Home"), Span("  "), Span("2", "key"), Span(" DAGs"))


def test_a_key_and_the_words_behind_it_are_one_thing() -> None:
    keys = "".join(key_at(LINE, x) or "." for x in range(16))
    assert keys == ".111111..222222."


@given(st.integers(-5, 40), st.lists(st.tuples(st.text(), st.sampled_from(["key", "text"]))))
def test_a_click_anywhere_is_a_key_of_the_line_or_none(
    x: int, pieces: list[tuple[str, str]]
) -> None:
    line = tuple(Span(text, role) for text, role in pieces)
    assert key_at(line, x) in {"", *(text.strip() for text, role in pieces if role == "key")}
    assert tab_at(line, ("All",), x) in (None, "All")


async def click(pilot: AppPilot, words: str, row: int | None = None) -> None:
    """Click on the first of some words on the screen."""
    lines = text_of(pilot).splitlines()
    y = row if row is not None else next(y for y, line in enumerate(lines) if words in line)
    await pilot.click(offset=(lines[y].index(words), y))


async def test_clicks_go_where_they_point(workspace_of: Callable[[str], Workspace]) -> None:
    async with opened(workspace_of("normal"), (120, 40)) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, DagsScreen)
        await click(pilot, "Failed")
        await until(pilot, lambda: screen.tab == "Failed", "the tab")
        await click(pilot, "All")
        await until(pilot, lambda: screen.tab == "All", "the tab")
        await click(pilot, "SCHEDULE")
        await until(pilot, lambda: screen.table.sort_column == "schedule", "the order")
        before = screen.table.sort_descending
        await click(pilot, "SCHEDULE")
        await until(pilot, lambda: screen.table.sort_descending is not before, "the other way")
        await click(pilot, "recommend")
        await until(pilot, lambda: screen.table.current_key == "recommend", "the row")
        await pilot.double_click(offset=(10, text_of(pilot).splitlines().index(line_of(pilot))))
        await until(pilot, lambda: isinstance(pilot.app.screen, GridScreen), "the grid")
        await click(pilot, "Graph")
        await until(pilot, lambda: isinstance(pilot.app.screen, GraphScreen), "the graph")
        await click(pilot, "Help", 39)
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen), "the help")


def line_of(pilot: AppPilot) -> str:
    return next(line for line in text_of(pilot).splitlines() if "▌" in line)


async def test_a_place_and_a_tab_of_runs_are_clicked(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("normal"), (120, 40)) as pilot:
        await click(pilot, "Runs")
        await until(pilot, lambda: isinstance(pilot.app.screen, AllRunsScreen), "the runs")
        screen = pilot.app.screen
        assert isinstance(screen, AllRunsScreen)
        await press(pilot, "slash", *"success", "enter")
        await click(pilot, "Failed")
        await until(pilot, lambda: screen.tab == "Failed", "the tab")
        await click(pilot, "TOOK")
        await until(pilot, lambda: screen.table.sort_column == "took", "the order")
        await says(pilot, "/success")

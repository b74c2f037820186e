"""Going to what is on screen by a letter."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from app.tui.screens.dags import DagsScreen
from app.tui.screens.graph import GraphScreen
from app.tui.screens.grid import GridScreen
from app.tui.screens.letters import LETTERS, Letter, labels
from store.workspace import Workspace
from tests.app.tui.driving import opened, press, says, text_of, until


@given(st.integers(0, len(LETTERS) ** 2))
def test_labels_are_unique_and_none_begins_another(number: int) -> None:
    made = labels(number)
    assert len(set(made)) == number
    assert len({len(label) for label in made}) <= 1


async def test_a_letter_goes_to_its_row(workspace_of: Callable[[str], Workspace]) -> None:
    async with opened(workspace_of("normal")) as pilot:
        await press(pilot, "apostrophe")
        shown = {letter.text: letter.place.y for letter in pilot.app.screen.query(Letter)}
        assert len(shown) == 8
        label = list(shown)[5]
        await press(pilot, label)
        screen = pilot.app.screen
        assert isinstance(screen, DagsScreen)
        await until(pilot, lambda: screen.table.position.cursor == 5, "the sixth row")
        assert f"▌ {'off'}" in text_of(pilot).splitlines()[shown[label]]


async def test_any_other_key_leaves_the_letters(workspace_of: Callable[[str], Workspace]) -> None:
    async with opened(workspace_of("normal")) as pilot:
        await press(pilot, "apostrophe", "escape")
        assert isinstance(pilot.app.screen, DagsScreen)
        await press(pilot, "apostrophe", "7")
        assert isinstance(pilot.app.screen, DagsScreen)


async def test_letters_in_the_grid_and_in_the_graph(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("normal"), (120, 40)) as pilot:
        await press(pilot, "colon", *"recommend", "enter", "apostrophe", LETTERS[3])
        grid = pilot.app.screen
        assert isinstance(grid, GridScreen)
        await until(pilot, lambda: grid.view.position.cursor == 3, "the fourth row")
        await press(pilot, "2", "apostrophe", LETTERS[6])
        graph = pilot.app.screen
        assert isinstance(graph, GraphScreen)
        wanted = graph.view.picture.nodes[6].id
        await until(pilot, lambda: graph.view.cursor == wanted, wanted)


async def test_where_there_is_nothing_to_go_to_it_is_said(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("empty")) as pilot:
        await press(pilot, "apostrophe")
        await says(pilot, "nothing to go to by a letter")

"""How Variables, Connections and Pools look, and what is computed for them."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.tui.models import pools as pool_models
from app.tui.models.connections import problems as connection_problems
from app.tui.models.connections import unmasked
from app.tui.spans import plain
from app.tui.theme import ASCII, UNICODE
from app.tui.widgets.chrome import InfoLine
from store.queries.pools import PoolRow
from store.workspace import Workspace
from tests.app.tui.admin_world import EXTRA, SECRET, fill_admin, fill_hostile_admin
from tests.app.tui.driving import AppPilot, opened, press, says, text_of
from tests.app.tui.snapshot import by_size, check, settled
from tests.app.tui.world import World, make_world


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A filled workspace, to be read only."""
    made = make_world(tmp_path_factory.mktemp("admin") / "shop")
    fill_admin(made)
    made.store.close()
    return made.workspace


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    made = make_world(tmp_path_factory.mktemp("hostile_admin") / "shop")
    fill_hostile_admin(made)
    made.store.close()
    return made.workspace


# pure


def a_pool(slots: int, **values: int) -> PoolRow:
    return PoolRow("p", slots, "", bool(values.pop("held", 0)), **values)


@pytest.mark.parametrize(
    ("pool", "unicode", "ascii_bar"),
    [
        (a_pool(8, running=4, queued=2), "█████▒▒▒░░", "#####+++.."),
        (a_pool(1000, running=1), "█░░░░░░░░░", "#........."),
        (a_pool(10, running=5, deferred=5, held=1), "█████▓▓▓▓▓", "#####====="),
        (a_pool(10, running=5, deferred=5), "█████░░░░░", "#####....."),
        (a_pool(2, running=4), "██████████", "##########"),
        (a_pool(-1, running=1, queued=1), "no limit", "no limit"),
        (a_pool(-1), "no limit", "no limit"),
        (a_pool(0), "no slots", "no slots"),
    ],
)
def test_a_bar_shows_what_runs_waits_to_start_and_is_open(
    pool: PoolRow, unicode: str, ascii_bar: str
) -> None:
    assert plain(pool_models.bar(pool, UNICODE, 10)) == unicode
    assert plain(pool_models.bar(pool, ASCII, 10)) == ascii_bar


@given(
    st.dictionaries(st.sampled_from("abcd"), st.integers(0, 10**9), min_size=1),
    st.integers(4, 60),
)
def test_the_parts_of_a_bar_fill_it_and_none_is_lost(parts: dict[str, int], width: int) -> None:
    cells = pool_models.shares(parts, width)
    assert sum(cells.values()) == (width if sum(parts.values()) else 0)
    assert all(bool(cells[name]) == bool(number) for name, number in parts.items())


def test_more_slots_used_than_there_are_is_said() -> None:
    assert pool_models.state_words(a_pool(2, running=4)) == (
        "4 of 2 slots used, 2 more than there are"
    )


@pytest.mark.parametrize(
    ("slots", "sentence"),
    [
        ("", "slots must be a whole number, not ''; -1 is no limit"),
        ("many", "slots must be a whole number, not 'many'; -1 is no limit"),
        ("-2", "it can't have -2 slots: give 0 or more, or -1 for no limit"),
        ("1000000001", "it can't have more than 1000000000 slots: -1 is no limit"),
        ("-1", None),
        ("0", None),
    ],
)
def test_the_slots_of_a_pool_are_checked(slots: str, sentence: str | None) -> None:
    assert pool_models.problems({"slots": slots}, ()).get("slots") == sentence


def test_a_mask_in_the_extra_stands_for_the_secret_there_was() -> None:
    typed = (
        '{"api_key": "***", "nested": {"token": "***", "a": 2}, "password": "***", "note": "***"}'
    )
    kept = json.loads(unmasked(typed, EXTRA))
    assert kept["api_key"] == "k-123"
    assert kept["nested"] == {"token": "t-9", "a": 2}
    assert kept["password"] == "***", "there was none: this is what was typed"
    assert kept["note"] == "***", "no secret by its name"
    assert unmasked('{"a": 1}', EXTRA) == '{"a": 1}'
    assert unmasked("{", EXTRA) == "{"


def test_a_connection_needs_an_id_a_type_and_a_port_in_range() -> None:
    texts = {"conn_id": " ", "conn_type": "", "port": "65536"}
    assert connection_problems(texts, ()) == {
        "conn_id": "a connection needs an id",
        "conn_type": "say what it is: postgres, http, ssh, generic ...",
        "port": "port 65536 is not between 0 and 65535",
    }
    taken = connection_problems({"conn_id": "a", "conn_type": "x", "port": "1x"}, {"a"})
    assert taken == {
        "conn_id": "there is a Connection a already: e edits it",
        "port": "port must be a whole number, not '1x'",
    }
    assert connection_problems({"conn_id": "b", "conn_type": "x", "port": "0"}, {"a"}) == {}


# as they look

SCENES: dict[str, tuple[str, ...]] = {
    "variables": ("5",),
    "variables_form": ("5", "j", "j", "j", "e"),
    "variables_secret": ("5", "G", "e"),
    "variables_new": ("5", "A", "ctrl+r"),
    "variables_delete": ("5", "space", "space", "d"),
    "connections": ("6", "G"),
    "connections_form": ("6", "enter"),
    "pools": ("7", "G"),
    "pools_form": ("7", "G", "e"),
    "pool": ("7", "G", "enter"),
}


@by_size
@pytest.mark.parametrize("scene", SCENES)
async def test_a_screen_looks_as_it_did(scene: str, size: tuple[int, int], shop: Workspace) -> None:
    shown = await check_admin(scene, size, shop, SCENES[scene])
    assert SECRET not in shown
    assert "k-123" not in shown


@by_size
@pytest.mark.parametrize("place", ["variables", "connections", "pools"])
async def test_hostile_names_and_texts_are_made_harmless(
    place: str, size: tuple[int, int], hostile: Workspace
) -> None:
    key = {"variables": "5", "connections": "6", "pools": "7"}[place]
    shown = await check_admin(f"{place}_hostile", size, hostile, (key,))
    form = await check_admin(f"{place}_hostile_form", size, hostile, (key, "j", "e"))
    found = set(shown + form) - {"\n"}
    assert not any(unicodedata.category(c) == "Cc" or c == "\u202e" for c in found)


@pytest.mark.parametrize("key", ["5", "6", "7"])
async def test_small_terminals_and_ascii(key: str, shop: Workspace) -> None:
    async with opened(shop, (60, 20)) as pilot:
        await press(pilot, key, "e")
        check(f"admin-{key}-60x20", await shown_by(pilot))
    async with opened(shop, environment={"LANG": "C", "TERM": "vt100"}) as pilot:
        await press(pilot, key, "G")
        await settled(pilot)
        assert text_of(pilot).isascii()


async def test_without_rows_it_says_how_to_make_one(world: World) -> None:
    async with opened(world.workspace) as pilot:
        await press(pilot, "5")
        await says(pilot, "No Variables yet: A adds one, i imports a JSON file.")
        await press(pilot, "6")
        await says(pilot, "No Connections yet: A adds one.")
    async with opened(world.workspace, read_only=True) as pilot:
        await press(pilot, "5")
        await says(pilot, "No Variables yet.")
        assert "A adds" not in text_of(pilot)


async def check_admin(
    scene: str, size: tuple[int, int], workspace: Workspace, keys: tuple[str, ...]
) -> str:
    """Open, press keys, and compare with the snapshot of that name."""
    async with opened(workspace, size) as pilot:
        await press(pilot, *keys)
        shown = await shown_by(pilot)
    check(f"admin_{scene}-{size[0]}x{size[1]}", shown)
    return shown


async def shown_by(pilot: AppPilot) -> str:
    """The screen without the line of views: other places come and go."""
    for screen in pilot.app.screen_stack:
        for line in screen.query("#views").results(InfoLine):
            line.line = ()
    await settled(pilot)
    return text_of(pilot)


@pytest.mark.parametrize("size", [(80, 24), (200, 50)], ids=["80x24", "200x50"])
@pytest.mark.parametrize("key", ["5", "6", "7"])
async def test_all_columns_sort_both_ways_and_scroll(
    key: str, size: tuple[int, int], shop: Workspace
) -> None:
    async with opened(shop, size) as pilot:
        await press(pilot, key)
        screen: Any = pilot.app.screen
        everything = {screen.name_of(row) for row in screen.table.items}
        for _ in screen.table.columns:
            await pilot.press("s", "R", "l")
            assert {screen.name_of(row) for row in screen.table.items} == everything
        assert pilot.app.is_running

"""Favourite DAGs: a star per user and workspace, in the list, on Home and in a DAG's views."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from app.tui.memory import MOST, Memory
from app.tui.models.home import due_line
from app.tui.scene import Scene
from app.tui.screens.home import HomeScreen
from app.tui.spans import plain, width_of
from app.tui.theme import ASCII, UNICODE, Glyphs
from store.queries.home import DueRun
from tests.app.tui.driving import (
    AppPilot,
    app_of,
    commands,
    opened,
    press,
    says,
    text_of,
    until,
)
from tests.app.tui.frozen import FrozenSampler
from tests.app.tui.snapshot import SIZES, check, settled
from tests.app.tui.test_keys import dags, shown
from tests.app.tui.world import NOW, World

NAMES = ("alpha", "beta", "gamma")


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A frozen machine, and a state folder of the test's own."""
    monkeypatch.setattr(HomeScreen, "sampler", FrozenSampler)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture(name="three")
def three_dags(world: World) -> World:
    for name in NAMES:
        version = world.dag(name, is_paused=name == "beta")
        world.run(name, version, "success", ago=timedelta(hours=1))
    return world


def starred(pilot: AppPilot) -> list[str]:
    """The names that a star stands before."""
    return [name for name in NAMES if f"★{name}" in text_of(pilot)]


# the memory


def test_two_terminals_keep_each_others_stars(tmp_path: Path) -> None:
    path = tmp_path / "view.json"
    first = Memory(path)
    first.favour(["old"], stars=True)
    first.save()
    one, other = Memory(path), Memory(path)
    one.favour(["a"], stars=True)
    other.favour(["b"], stars=True)
    other.favour(["old"], stars=False)
    one.save()
    other.save()
    assert Memory(path).favourites == {"a", "b"}
    one.put("theme", "dark")
    one.save()
    assert Memory(path).favourites == one.favourites == {"a", "b"}


def test_stars_outlive_the_entries_that_give_way(tmp_path: Path) -> None:
    path = tmp_path / "view.json"
    memory = Memory(path)
    memory.favour(["a"], stars=True)
    memory.save()
    for number in range(MOST + 5):
        memory.put(f"list {number}", number)
    memory.save()
    assert Memory(path).favourites == {"a"}


@pytest.mark.parametrize("found", [7, "a", ["a", 3, None], {"a": 1}, None])
def test_anything_may_be_in_the_file(tmp_path: Path, found: object) -> None:
    path = tmp_path / "view.json"
    path.write_text(json.dumps({"favourites": found}), encoding="utf-8")
    memory = Memory(path)
    assert memory.favourites == (frozenset("a") if isinstance(found, list) else frozenset())
    memory.favour(["b"], stars=True)
    memory.save()
    assert "b" in Memory(path).favourites


def test_without_stars_nothing_is_written_of_them(tmp_path: Path) -> None:
    path = tmp_path / "view.json"
    memory = Memory(path)
    memory.favour(["a"], stars=True)
    memory.favour(["a"], stars=False)
    memory.put("theme", "dark")
    memory.save()
    assert json.loads(path.read_text(encoding="utf-8")) == {"theme": "dark"}


# the list


async def test_a_star_is_given_and_taken_and_there_the_next_time(
    three: World, tmp_path: Path
) -> None:
    path = tmp_path / "view.json"
    async with opened(three.workspace, memory=Memory(path), read_only=True) as pilot:
        await press(pilot, "j", "F")
        assert starred(pilot) == ["beta"]
        assert "starred beta" in text_of(pilot)
    async with opened(three.workspace, memory=Memory(path)) as pilot:
        assert starred(pilot) == ["beta"]
        await press(pilot, "j", "F")
        assert starred(pilot) == []
    assert Memory(path).favourites == frozenset()
    assert commands(three.workspace) == [], "it is the user's own: the runner isn't asked"


async def test_all_that_are_marked_follow_the_first(three: World) -> None:
    async with opened(three.workspace) as pilot:
        await press(pilot, "j", "F", "g", "asterisk", "F")
        assert starred(pilot) == ["alpha", "beta", "gamma"]
        assert "starred 2 DAGs" in text_of(pilot)
        await press(pilot, "F")
        assert starred(pilot) == []


async def test_names_stay_where_they_are(three: World) -> None:
    async with opened(three.workspace, (60, 20)) as pilot:
        before = text_of(pilot).splitlines()
        await press(pilot, "F", "j", "F")
        after = text_of(pilot).splitlines()
        for name in NAMES:
            line, former = (next(x for x in lines if name in x) for lines in (after, before))
            assert line[8:] == former[8:] or line.index(name) == former.index(name)
        assert "on ★alpha" in text_of(pilot)
        assert "off★beta" in text_of(pilot)


async def test_the_filter_finds_favourites_and_follows_the_key(three: World) -> None:
    async with opened(three.workspace) as pilot:
        await press(pilot, "F", "j", "F", "slash", *"is:fav", "tab")
        assert dags(pilot).filter_text == "is:favourite"
        await press(pilot, "enter")
        assert shown(pilot) == ["alpha", "beta"]
        await press(pilot, "g", "F")
        assert shown(pilot) == ["beta"]
        await press(pilot, "escape", "slash", *"!favourite", "enter")
        assert shown(pilot) == ["alpha", "gamma"]


async def test_many_rows_that_the_filter_knows_are_looked_at_anew(
    three: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.tui.screens.listing.AT_ONCE", 1)
    async with opened(three.workspace) as pilot:
        await press(pilot, "F", "slash", *"!favourite", "enter")
        await until(pilot, lambda: shown(pilot) == ["beta", "gamma"], "the filter")
        await press(pilot, "g", "F")
        assert shown(pilot) == ["gamma"]


@pytest.mark.parametrize("size", [*SIZES, (60, 20)], ids=lambda size: f"{size[0]}x{size[1]}")
async def test_favourites_in_the_list(size: tuple[int, int], three: World) -> None:
    async with opened(three.workspace, size) as pilot:
        await press(pilot, "F", "j", "F")
        await settled(pilot)
        check(f"dags_favourites-{size[0]}x{size[1]}", text_of(pilot))


async def test_a_terminal_without_unicode_has_a_sign_for_it(three: World) -> None:
    async with opened(three.workspace, environment={"LANG": "C", "TERM": "vt100"}) as pilot:
        await press(pilot, "F")
        assert "on *alpha" in text_of(pilot)


async def test_a_deleted_dag_has_no_star(three: World) -> None:
    async with opened(three.workspace) as pilot:
        await press(pilot, "j", "F", "d", "y")
        await until(pilot, lambda: not app_of(pilot).memory.favourites, "no star")


# Home, and a DAG's views


async def test_the_views_of_a_dag_show_and_turn_the_star(three: World) -> None:
    async with opened(three.workspace, dag="alpha") as pilot:
        for view in "1234567890":
            await press(pilot, view, "F")
            await says(pilot, "on ★")
            await press(pilot, "F")
            await until(pilot, lambda: "on ★" not in text_of(pilot), f"no star in view {view}")
        assert app_of(pilot).memory.favourites == frozenset()


async def test_a_dag_that_is_not_there_gets_none(three: World) -> None:
    async with opened(three.workspace) as pilot:
        app_of(pilot).ways.open_dag("zeta")
        await says(pilot, "there is no DAG zeta")
        await pilot.press("F")
        await says(pilot, "no DAG zeta to give a star")
        assert app_of(pilot).memory.favourites == frozenset()


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_home_shows_and_turns_the_star(size: tuple[int, int], three: World) -> None:
    async with opened(three.workspace, size) as pilot:
        await press(pilot, "1")
        assert "alpha ★" not in text_of(pilot)
        await press(pilot, "F")
        assert "alpha ★" in text_of(pilot)
        assert app_of(pilot).memory.favourites == {"alpha"}
        await press(pilot, "G", "F")
        assert "no DAG is under the cursor" in text_of(pilot)


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII], ids=["unicode", "ascii"])
@pytest.mark.parametrize("width", [38, 58, 78])
def test_a_long_name_does_not_cut_the_star_off(width: int, glyphs: Glyphs) -> None:
    name = "a" * 90
    scene = Scene(NOW, None, glyphs, favourites=frozenset({name}))
    line = due_line(DueRun(name, NOW + timedelta(hours=1), "@daily"), scene, width)
    assert f"{glyphs.ellipsis} {glyphs.star} " in f"{plain(line)} "
    assert width_of(line) <= width

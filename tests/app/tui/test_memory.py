"""What is remembered from one time to the next, with several terminals at once."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.settings import Settings
from app.tui.location import History, Location, from_words
from app.tui.memory import MOST, Memory
from app.tui.screens.dags import DagsScreen
from app.tui.screens.graph import GraphScreen
from store.workspace import Workspace
from tests.app.tui.driving import app_of, opened, press, text_of, until

ROOT = Path(__file__).resolve().parents[3]
KILLED = """
import os, signal, sys
from pathlib import Path
from app.tui.memory import Memory

def killed(path, text, **options):
    if sys.argv[2] == "write_text":
        with path.open("w") as file:
            file.write(str(text)[:20])
    os.kill(os.getpid(), signal.SIGKILL)

setattr(Path, sys.argv[2], killed)
memory = Memory(Path(sys.argv[1]))
memory.put("last", "x" * 100)
memory.save()
"""
"""Writes, and is killed when half of it is written, or before it takes the place of the file."""


def test_what_was_put_is_there_the_next_time(tmp_path: Path) -> None:
    one = Memory(tmp_path / "state" / "view.json")
    one.put("theme", "dagtop-light")
    one.put("list dags", {"filter": "tag:ml"})
    one.save()
    other = Memory(tmp_path / "state" / "view.json")
    assert other.get("theme") == "dagtop-light"
    assert other.get("list dags") == {"filter": "tag:ml"}
    assert (tmp_path / "state").stat().st_mode & 0o777 == 0o700


def test_two_terminals_keep_what_the_other_wrote(tmp_path: Path) -> None:
    path = tmp_path / "view.json"
    one, other = Memory(path), Memory(path)
    one.put("a", 1)
    other.put("b", 2)
    one.save()
    other.save()
    assert (Memory(path).get("a"), Memory(path).get("b")) == (1, 2)


def test_a_damaged_file_counts_as_empty_and_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "view.json"
    path.write_text('{"a": ', encoding="utf-8")
    memory = Memory(path)
    assert memory.get("a") is None
    memory.put("a", 1)
    memory.save()
    assert Memory(path).get("a") == 1


@pytest.mark.parametrize("moment", ["write_text", "replace"])
def test_a_terminal_killed_while_it_writes_harms_nothing(tmp_path: Path, moment: str) -> None:
    path = tmp_path / "view.json"
    one = Memory(path)
    one.put("theirs", 1)
    one.save()
    command = [sys.executable, "-c", KILLED, str(path), moment]
    assert subprocess.run(command, cwd=ROOT, check=False).returncode == -signal.SIGKILL
    assert Memory(path).get("theirs") == 1
    one.put("mine", 2)
    one.save()  # the lock of the killed one is free
    assert (Memory(path).get("theirs"), Memory(path).get("mine")) == (1, 2)


def test_the_oldest_entries_give_way(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "view.json")
    for number in range(MOST + 5):
        memory.put(f"list {number}", number)
    memory.save()
    again = Memory(tmp_path / "view.json")
    assert again.get("list 4") is None
    assert again.get("list 5") == 5


def test_a_location_survives_as_words() -> None:
    place = Location("dags", "etl", "graph", "run 1", "train", 3, "log")
    assert from_words(place.words()) == place
    place = Location("assets", dependencies=True)
    assert from_words(place.words()) == place
    assert from_words({"dag_id": 7, "view": "graph", "other": "x"}) == Location(view="graph")
    assert from_words(None) is None


def test_the_history_goes_back_and_on_again() -> None:
    history = History()
    places = [Location(), Location(dag_id="a"), Location(dag_id="b")]
    for place in places:
        history.visit(place)
    assert history.back() == places[1]
    history.visit(places[1])  # what back opened is visited
    assert history.back() == places[0]
    assert history.back() is None
    assert history.on() == places[1]
    history.visit(Location(dag_id="c"))
    assert history.on() is None


async def test_view_filter_and_order_are_there_the_next_time(
    workspace_of: Callable[[str], Workspace], tmp_path: Path
) -> None:
    path = tmp_path / "view.json"
    async with opened(workspace_of("normal"), memory=Memory(path)) as pilot:
        await press(pilot, "slash", "m", "l", "enter", "s", "j", "enter", "2")
        await until(pilot, lambda: isinstance(pilot.app.screen, GraphScreen), "the graph")
        screen = pilot.app.screen
        assert isinstance(screen, GraphScreen)
        dag_id = screen.dag_id
    async with opened(workspace_of("normal"), memory=Memory(path)) as pilot:
        await until(pilot, lambda: isinstance(pilot.app.screen, GraphScreen), "the graph")
        screen = pilot.app.screen
        assert isinstance(screen, GraphScreen)
        assert screen.dag_id == dag_id
        await press(pilot, "escape")
        screen = pilot.app.screen
        assert isinstance(screen, DagsScreen)
        assert screen.filter_text == "ml"
        assert screen.table.sort_column == "name"
        assert "/ml" in text_of(pilot)


async def test_keys_of_the_settings_replace_those_of_the_registry(
    workspace_of: Callable[[str], Workspace],
) -> None:
    settings = Settings(keys={"table.filter": ("f6",), "dags.next_tab": ("z",)})
    async with opened(workspace_of("normal"), (100, 70), settings=settings) as pilot:
        screen = pilot.app.screen
        assert isinstance(screen, DagsScreen)
        assert "F6 Filter" in text_of(pilot)
        await press(pilot, "tab")
        assert screen.tab == "All"
        await press(pilot, "z")
        assert screen.tab != "All"
        await press(pilot, "question_mark")
        shown = [line for line in text_of(pilot).splitlines() if "Next tab" in line]
        assert " z " in shown[0]


async def test_an_action_may_have_no_key_and_is_not_in_the_footer(
    workspace_of: Callable[[str], Workspace],
) -> None:
    settings = Settings(keys={"table.filter": ()})
    async with opened(workspace_of("normal"), settings=settings) as pilot:
        assert "p Pause   Tab Next tab" in text_of(pilot)


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({}, "Y does nothing here: ? shows the keys"),
        ({"everywhere.help": ("f1",)}, "Y does nothing here: F1 shows the keys"),
        ({"everywhere.help": ()}, "Y does nothing here"),
    ],
)
async def test_a_key_without_use_names_the_key_that_shows_them(
    workspace_of: Callable[[str], Workspace], keys: dict[str, tuple[str, ...]], words: str
) -> None:
    async with opened(workspace_of("normal"), settings=Settings(keys=keys)) as pilot:
        await press(pilot, "Y")
        await until(pilot, lambda: "Y does nothing here" in text_of(pilot))
        (line,) = [line for line in text_of(pilot).splitlines() if "does nothing here" in line]
        assert line.strip() == words


async def test_a_key_taken_from_another_action_is_said(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("normal"), settings=Settings(keys={"dags.pause": ("t",)})) as it:
        await until(it, lambda: "dags.pause has taken the key of dags.trigger" in text_of(it))


async def test_a_theme_that_its_name_explains_is_named_once(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("normal")) as pilot:
        app = app_of(pilot)
        app.use_theme("dagtop-dark")
        for words in ("theme light", "theme contrast: high contrast"):
            app.action_theme()
            await until(pilot, lambda words=words: words in text_of(pilot))
            assert "light: light" not in text_of(pilot)


async def test_themes_go_round_and_are_remembered(
    workspace_of: Callable[[str], Workspace], tmp_path: Path
) -> None:
    path = tmp_path / "view.json"
    async with opened(workspace_of("normal"), memory=Memory(path)) as pilot:
        app = app_of(pilot)
        before = app.palette.theme
        for _ in range(3):
            app.action_theme()
            await pilot.pause()
        assert app.palette.theme != before
        chosen = app.palette.theme
    async with opened(workspace_of("normal"), memory=Memory(path)) as pilot:
        assert app_of(pilot).palette.theme == chosen


def test_a_file_that_cannot_be_read_counts_as_empty_until_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "view.json"
    path.mkdir()
    memory = Memory(path)
    assert memory.get("theme") is None
    memory.put("theme", "dark")
    with pytest.raises(OSError, match="view"):
        memory.save()

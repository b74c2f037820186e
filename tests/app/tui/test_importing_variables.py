"""Variables imported from a JSON file, on real stores and files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from app.tui.exporting import completed_path
from app.tui.models.variables import import_words
from app.tui.spans import plain
from app.tui.writing_admin import import_variables
from app.variable_files import variables_in
from store.errors import InvalidValue
from store.queries.variables import get_variable, list_variables
from tests.app.tui.admin_world import SECRET, fill_rows, value_of
from tests.app.tui.driving import AppPilot, opened, press, says, text_of, until
from tests.app.tui.world import World


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which dagtop was started."""
    made = tmp_path / "here"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


def written(folder: Path, document: Any, name: str = "vars.json") -> Path:
    path = folder / name
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


async def at_variables(pilot: AppPilot) -> None:
    await press(pilot, "5")
    await says(pilot, "batch_size")


async def test_new_ones_are_made_at_once_and_the_path_is_completed(
    world: World, folder: Path
) -> None:
    fill_rows(world)
    written(folder, {"rate": 0.1, "who": {"value": "ann", "description": "the owner"}})
    (folder / "versions").mkdir()
    async with opened(world.workspace) as pilot:
        await at_variables(pilot)
        await press(pilot, "i")
        await says(pilot, "a JSON file; Tab completes")
        await press(pilot, *"va", "tab")
        await says(pilot, "i vars.json")
        await press(pilot, "enter")
        await says(pilot, "imported Variables: 2 made, 0 changed, 0 the same already")
        await says(pilot, "7 Variables")
    with world.store.read() as connection:
        rows = {row.key: (row.value, row.description) for row in list_variables(connection)}
    assert rows["rate"] == ("0.1", "")
    assert rows["who"] == ("ann", "the owner")


async def test_it_is_said_how_many_exist_before_they_are_overwritten(
    world: World, folder: Path
) -> None:
    fill_rows(world)
    document = {"batch_size": "65", "shop_api_key": SECRET, "blob": "x" * 1_000_000, "new": "1"}
    written(folder, document)
    async with opened(world.workspace) as pilot:
        await at_variables(pilot)
        await press(pilot, "i", *"vars.json", "enter")
        await says(pilot, "Import 4 Variables?")
        text = text_of(pilot)
        assert "3 exist" in text
        assert "batch_size" in text
        assert SECRET not in text
        await press(pilot, "n")
        assert value_of(world, "batch_size") == "64"
        await press(pilot, "i", "enter", "y")
        await says(pilot, "imported Variables: 1 made, 1 changed, 2 the same already")
        assert value_of(world, "batch_size") == "65"
        assert value_of(world, "new") == "1"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "is not JSON"),
        ("[1]", "must hold a JSON object of names and values"),
        ("{}", "has no Variables in it"),
        ('{"a": ' + "[" * 100_000, "is not JSON"),
        (json.dumps({"ok": "1", " ": "2"}), "a variable needs a name"),
    ],
)
async def test_what_is_wrong_with_the_file_is_said(
    world: World, folder: Path, document: str, words: str
) -> None:
    fill_rows(world)
    written(folder, document, "f.json")
    async with opened(world.workspace, size=(200, 40)) as pilot:
        await at_variables(pilot)
        await press(pilot, "i", *"f.json", "enter")
        await says(pilot, words)
    with world.store.read() as connection:
        assert len(list_variables(connection)) == 5


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("gone.json", "there is no file"),
        ("sub", "is a folder"),
        ("x" * 300, "File name too long"),
    ],
)
async def test_what_is_no_file_is_said_and_can_be_mended(
    world: World, folder: Path, typed: str, words: str
) -> None:
    fill_rows(world)
    (folder / "sub").mkdir()
    async with opened(world.workspace, size=(200, 40)) as pilot:
        await at_variables(pilot)
        await press(pilot, "i", *typed, "enter")
        await says(pilot, words)
        await says(pilot, f"i {typed[-50:]}" if len(typed) < 50 else typed[-50:])
        await press(pilot, "escape")
        await until(pilot, lambda: f" i {typed}"[:50] not in text_of(pilot), "it is closed")
        assert "batch_size" in text_of(pilot)
        written(folder, {"rate": 1}, "good.json")
        await press(pilot, "i", "ctrl+u", *"good.json", "enter")
        await says(pilot, "imported Variables: 1 made")


async def test_the_path_is_no_filter_and_the_filter_no_path(world: World, folder: Path) -> None:
    fill_rows(world)
    async with opened(world.workspace) as pilot:
        await at_variables(pilot)
        await press(pilot, "i", *"zzz")
        assert "model_grid" in text_of(pilot)
        await press(pilot, "escape", "slash", *"batch", "enter")
        await says(pilot, "1 of 5")
        assert "model_grid" not in text_of(pilot)


async def test_read_only_imports_nothing(world: World, folder: Path) -> None:
    fill_rows(world)
    written(folder, {"a": "1"})
    async with opened(world.workspace, read_only=True) as pilot:
        await at_variables(pilot)
        await press(pilot, "i")
        assert "Tab completes" not in text_of(pilot)


def test_one_that_came_meanwhile_is_not_overwritten(world: World) -> None:
    fill_rows(world)
    with (
        pytest.raises(InvalidValue, match="batch_size came meanwhile"),
        world.store.write() as connection,
    ):
        import_variables(connection, {"a": ("1", None), "batch_size": ("1", None)}, ())
    assert value_of(world, "batch_size") == "64"
    with world.store.read() as connection:
        assert get_variable(connection, "a") is None


def test_a_description_that_the_file_has_not_stays(world: World) -> None:
    fill_rows(world)
    with world.store.write() as connection:
        said = import_variables(connection, variables_in('{"batch_size": 64}'), ())
        assert said == "imported Variables: 0 made, 0 changed, 1 the same already"
        other = {"batch_size": {"value": "64", "description": "other"}}
        import_variables(connection, variables_in(json.dumps(other)), {"batch_size"})
    with world.store.read() as connection:
        assert {row.description for row in list_variables(connection)} >= {"other"}


def test_many_that_are_overwritten_are_counted() -> None:
    keys = [f"k{number}" for number in range(40)]
    words = [plain(line) for line in import_words([*keys, "new"], keys)]
    assert words[0] == "40 exist and are overwritten by the file's value"
    assert words[-2:] == ["  and 28 more", "1 is new"]


def test_paths_are_completed(folder: Path) -> None:
    for name in ("a.json", "ab.txt", "ac.json", "b.json", ".hidden.json", "a\x1b[2J.json"):
        (folder / name).touch()
    (folder / "a folder").mkdir()
    (folder / "a folder" / "in.json").touch()
    assert completed_path("a", ".json") == ["a folder/", "a.json", "ac.json"]
    assert completed_path("a folder/", ".json") == ["a folder/in.json"]
    assert completed_path(f"{folder}/b", ".json") == [f"{folder}/b.json"]
    assert completed_path(".h", ".json") == [".hidden.json"]
    assert completed_path("none/x", ".json") == []
    assert completed_path("a.json/x", ".json") == []


@pytest.mark.parametrize("words", [7, ["x"], {"a": 1}])
def test_a_description_that_is_no_text_is_refused(words: object) -> None:
    with pytest.raises(ValueError, match="a description of rate that is no text"):
        variables_in(json.dumps({"rate": {"value": "1", "description": words}}))

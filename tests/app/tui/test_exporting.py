"""What a screen can be written to a file as."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from app.tui.exporting import as_json, free_name, table_csv, table_json, write_new
from app.tui.screens.base import DagtopScreen
from app.tui.screens.views import DAG_VIEWS
from store.workspace import Workspace
from tests.app.tui.driving import opened, press, says, until

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(st.lists(st.fixed_dictionaries({"a": st.text(), "b": JSON}), max_size=5))
def test_csv_holds_every_row_and_no_control_character(rows: list[dict[str, Any]]) -> None:
    text = table_csv(rows)
    found = list(csv.DictReader(io.StringIO(text, newline="")))
    assert len(found) == len(rows)
    assert all(row["a"] is not None for row in found)
    assert not re.search(r"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", text)


def test_csv_has_the_values_and_not_their_looks() -> None:
    rows = [{"dag_id": "etl", "last": {"state": "failed", "tries": [1, 2]}, "ran": None}]
    found = list(csv.DictReader(io.StringIO(table_csv(rows))))
    assert found == [{"dag_id": "etl", "last.state": "failed", "last.tries": "[1, 2]", "ran": ""}]


@given(st.lists(JSON, max_size=4))
def test_json_can_be_read_by_everyone(items: list[Any]) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    text = table_json(items)
    assert text.isascii()
    assert len(json.loads(text, parse_constant=refuse)) == len(items)


def test_json_of_values() -> None:
    assert as_json(float("nan")) == "NaN"
    assert as_json(float("-inf")) == "-Infinity"
    assert as_json(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00+00:00"
    assert as_json({1: (True, None)}) == {"1": [True, None]}


def test_a_name_is_free_and_safe(tmp_path: Path) -> None:
    assert free_name(tmp_path, "dagtop shop/../etc", "csv") == "dagtop-shop-..-etc.csv"
    (tmp_path / "a.csv").touch()
    assert free_name(tmp_path, "a", "csv") == "a-2.csv"
    assert free_name(tmp_path, "\x1b[2J", "txt") == "2J.txt"


def test_a_file_that_exists_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    assert write_new(path, "é") == 2
    with pytest.raises(FileExistsError):
        write_new(path, "other")
    assert path.read_text(encoding="utf-8") == "é"


async def test_a_list_is_written_as_it_is_filtered(
    workspace_of: Callable[[str], Workspace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(workspace_of("normal"), (120, 40)) as pilot:
        await press(pilot, "slash", *"tag:etl", "enter", "E")
        await says(pilot, "2 rows as CSV")
        await press(pilot, "enter")
        await says(pilot, "wrote ")
        await press(pilot, "E", "tab", "enter")
        await says(pilot, ".json")
        await press(pilot, "E", "tab", "tab", "enter")
        await says(pilot, ".txt")
        await press(pilot, "E", "shift+tab", "enter")
        await says(pilot, ".svg")
    text = (tmp_path / "dagtop-shop.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["dag_id"] for row in rows] == ["export_features", "ingest_events"]
    found = json.loads((tmp_path / "dagtop-shop.json").read_text(encoding="utf-8"))
    assert [row["dag_id"] for row in found] == ["export_features", "ingest_events"]
    assert "export_features" in (tmp_path / "dagtop-shop.txt").read_text(encoding="utf-8")
    picture = (tmp_path / "dagtop-shop.svg").read_text(encoding="utf-8")
    assert picture.startswith("<svg")
    assert "export_features" in picture


async def test_what_is_wrong_with_a_name_is_said(
    workspace_of: Callable[[str], Workspace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken.csv").touch()
    async with opened(workspace_of("normal"), (120, 40)) as pilot:
        await press(pilot, "E", "ctrl+u", *"taken.csv", "enter")
        await says(pilot, "exists: choose another name")
        await press(pilot, "ctrl+u", *"no/such.csv", "enter")
        await says(pilot, "there is no folder")
        await press(pilot, "ctrl+u", *"~nobody_is_called_so/x", "enter")
        await says(pilot, "there is no folder")
        await press(pilot, "ctrl+u")
        pilot.app.post_message(events.Paste("x" * 300))
        await press(pilot, "enter")
        await says(pilot, "that name can't be used: File name too long")
        await press(pilot, "escape")
        await says(pilot, "Enter Open")


async def test_what_is_shown_is_written_though_the_working_folder_is_gone(
    workspace_of: Callable[[str], Workspace], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    monkeypatch.setenv("HOME", str(tmp_path))
    workspace = workspace_of("normal")
    async with opened(workspace, (120, 40)) as pilot:
        (tmp_path / "gone").rmdir()
        await press(pilot, "E")
        await says(pilot, "8 rows as CSV")
        await press(pilot, "ctrl+u", *"list.csv", "enter")
        await until(pilot, (tmp_path / "list.csv").exists, "the file")


def sizes(folder: Path) -> list[int]:
    return [path.stat().st_size for path in folder.iterdir()]


@pytest.mark.parametrize(
    "view", ["grid", "graph", "gantt", "trends", "calendar", "details", "code"]
)
async def test_all_that_a_view_offers_is_written(
    workspace_of: Callable[[str], Workspace],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    view: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    async with opened(workspace_of("normal"), (120, 40)) as pilot:
        await press(pilot, "enter", DAG_VIEWS[view].key)
        screen = pilot.app.screen
        assert isinstance(screen, DagtopScreen)
        for number in range(len(screen.exports()) + 2):  # and the screen itself, twice
            await press(pilot, "E", *["tab"] * number, "enter")
            await until(pilot, lambda number=number: len(os.listdir(tmp_path)) == number + 1)
    assert all(sizes(tmp_path))

"""Choosing the columns of a table, and copying rows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from app.tui.memory import Memory
from app.tui.screens.dags import DagsScreen
from store.workspace import Workspace
from tests.app.tui.driving import app_of, opened, press, text_of


async def test_columns_are_hidden_and_stay_hidden(
    workspace_of: Callable[[str], Workspace], tmp_path: Path
) -> None:
    path = tmp_path / "view.json"
    async with opened(workspace_of("normal"), memory=Memory(path)) as pilot:
        assert "SCHEDULE" not in text_of(pilot)
        await press(pilot, "C", "space", "j", "space", "enter")  # last run, next run
        shown = text_of(pilot)
        assert "LAST RUN " not in shown
        assert "NEXT RUN" not in shown
        assert "SCHEDULE" in shown
    async with opened(workspace_of("normal"), memory=Memory(path)) as pilot:
        assert "NEXT RUN" not in text_of(pilot)
        await press(pilot, "C", "space", "j", "space", "escape")
        assert "NEXT RUN" not in text_of(pilot)


async def test_marked_rows_are_copied(
    workspace_of: Callable[[str], Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(workspace_of("normal")) as pilot:
        copied: list[str] = []
        monkeypatch.setattr(app_of(pilot), "copy_to_clipboard", copied.append)
        await press(pilot, "space", "space", "y")
        assert isinstance(pilot.app.screen, DagsScreen)
        assert copied == ["example_bash\nexport_features"]
        assert "copied 2 DAG ids" in text_of(pilot)

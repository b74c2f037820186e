"""Copying and saving a log, and what is kept of it while it is looked at."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from app.tui.widgets import log_pager
from tests.app.tui.driving import app_of, press, says, text_of, until
from tests.app.tui.test_log_screen import AMPERSAND, log_of, numbered, one_log, opened_log, typed
from tests.app.tui.world import World


async def test_marked_lines_are_copied(world: World) -> None:
    path = one_log(world, numbered(100))
    async with opened_log(world) as pilot:
        await says(pilot, "line 99")
        await press(pilot, "v", "k", "k")
        await says(pilot, "marking lines")
        await press(pilot, "y")
        await says(pilot, "copied 3 lines (114 bytes)")
        assert "marking" not in text_of(pilot)
        assert app_of(pilot).clipboard.count("\n") == 3
        assert app_of(pilot).clipboard.endswith("INFO - line 99\n")
        await press(pilot, "v", "g", "y")
        await says(pilot, "copied 81 lines")
        assert "line 0\n" in app_of(pilot).clipboard
        with path.open("ab") as log:
            log.write(numbered(3000))
        await press(pilot, "G")
        await says(pilot, "line 2999")
        await press(pilot, "v", "g", "y")
        await says(pilot, "too much for the clipboard: W saves")
        assert "line 0\n" in app_of(pilot).clipboard, "what was copied before"
        await press(pilot, "escape")
        assert "marking" not in text_of(pilot)


async def test_saving_writes_what_is_shown_without_colours_and_asks_before_replacing(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    one_log(world, b"\x1b[31mred one\x1b[0m\ntwo\n1%\r99% one\r\n")
    target = tmp_path / "one-r-a-try1.log"
    async with opened_log(world, (120, 24)) as pilot:
        await says(pilot, "red one")
        await press(pilot, AMPERSAND, *typed("one"))
        await press(pilot, "W", "enter")
        await says(pilot, "saved 2 lines to")
        assert target.read_text() == "red one\n99% one\n"
        target.write_text("mine")
        await press(pilot, "W", "enter")
        await says(pilot, "replace the file")
        await press(pilot, "n")
        await says(pilot, "nothing was saved")
        assert target.read_text() == "mine"
        await press(pilot, "W", "enter", "y")
        await until(pilot, lambda: target.read_text() != "mine", "the file is replaced")
        assert target.read_text() == "red one\n99% one\n"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("x" * 300, "that name can't be used: File name too long"),
        ("~nobody_is_called_so/x", "there is no folder"),
        ("y" * 250, "saved 10 lines to"),
    ],
)
async def test_any_name_is_taken_or_refused_in_a_sentence(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    one_log(world, numbered(10))
    async with opened_log(world, (200, 24)) as pilot:
        await says(pilot, "line 9")
        await press(pilot, "W", "ctrl+u")
        pilot.app.post_message(events.Paste(name))
        await press(pilot, "enter")
        await says(pilot, sentence)


async def test_a_wrong_path_stays_to_be_mended_and_escape_closes_the_prompt_only(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    one_log(world, numbered(10))
    async with opened_log(world, (200, 24)) as pilot:
        await says(pilot, "line 9")
        await press(pilot, "W", "ctrl+u", *typed("no/such.log"))
        await says(pilot, f"there is no folder {tmp_path}/no")
        await says(pilot, "W no/such.log")
        await press(pilot, "escape")
        await until(pilot, lambda: "W no/such.log" not in text_of(pilot), "the prompt is closed")
        await says(pilot, "line 9")
        await press(pilot, "W", "ctrl+u", *typed("no/such.log"))
        (tmp_path / "no").mkdir()
        await press(pilot, "enter")
        await says(pilot, "saved 10 lines to")
        assert "W no" not in text_of(pilot)


async def test_long_wrapped_lines_are_painted_without_being_kept(world: World) -> None:
    """Lines of 12 kB make 150 rows each: what is kept is bounded in rows."""
    one_log(world, b"".join(b"%d %s\n" % (n, b"x" * 12_000) for n in range(200)))
    async with opened_log(world) as pilot:
        await says(pilot, "199 xxx")
        await press(pilot, "w", "g")
        view = log_of(pilot).view
        for _ in range(400):
            view.travel("page_down")
        kept = [len(strips) for strips in view._cache.values()]
        assert sum(kept) == view._cached_rows <= log_pager.CACHED + max(kept)
        assert len(kept) >= 1

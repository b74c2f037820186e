"""Keys that arrive together take effect in the order in which they were typed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pyte

from store.workspace import Workspace
from tests.app.tui.driving import opened, press, says, text_of
from tests.support.terminal import the_ui


def test_a_burst_in_a_prompt_is_read_in_order(
    workspace_of: Callable[[str], Workspace], tmp_path: Path
) -> None:
    with the_ui(workspace_of("normal"), tmp_path, size=(100, 30)) as one:
        one.read_until(lambda output: b"recommend" in output)
        one.quiet()
        # The prompt, aabc, twice Backspace, d, twice left, e
        os.write(one.fd, b"/aabc\x7f\x7fd\x1b[D\x1b[De\r")
        one.quiet()
        screen = pyte.Screen(100, 30)
        pyte.ByteStream(screen).feed(one.output)
    assert any("/aead  0 of 8" in line for line in screen.display)


def test_a_jump_typed_at_once_goes_there(
    workspace_of: Callable[[str], Workspace], tmp_path: Path
) -> None:
    with the_ui(workspace_of("normal"), tmp_path, size=(100, 30)) as one:
        one.read_until(lambda output: b"recommend" in output)
        os.write(one.fd, b":recommend\r")
        one.read_until(lambda output: b"load_tables" in output)


async def test_a_key_that_closes_a_dialog_holds_up_no_other(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("normal")) as pilot:
        await press(
            pilot, "question_mark", "escape", "j", "colon", "escape", "j", "slash", "m", "l"
        )
        await says(pilot, "of 8")
        assert "/ ml" in text_of(pilot)


def test_escape_and_a_key_behind_it_are_two_keys(
    workspace_of: Callable[[str], Workspace], tmp_path: Path
) -> None:
    with the_ui(workspace_of("normal"), tmp_path, size=(100, 30)) as one:
        one.read_until(lambda output: b"recommend" in output)
        one.quiet()
        os.write(one.fd, b"3\x1b:recommend\r")
        one.read_until(lambda output: b"load_tables" in output)
        one.quiet()
        os.write(one.fd, b"3\x1b2\x1b\x1b3")
        one.quiet()
        screen = pyte.Screen(100, 30)
        pyte.ByteStream(screen).feed(one.output)
    assert "does nothing here" not in "\n".join(screen.display)
    assert "  DAG                   STATE    RUN " in "\n".join(screen.display)

"""Storms of other sizes on every screen and dialog, keys between: the layout is right after.

``DAGTOP_TEST_STORM=30`` takes as many sizes on each; else some screens get a few.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import re
import time
from collections.abc import Callable
from pathlib import Path

import pyte
import pytest
from textual import _time
from textual.events import Resize
from textual.geometry import Size

from app.tui.application import DagtopApp
from app.tui.screens.base import DagtopScreen
from store.workspace import Workspace
from tests.app.tui.driving import app_of, opened, text_of, until
from tests.app.tui.everywhere import EVERYWHERE, SCREENS, go, go_back, quiet, type_keys
from tests.support.terminal import the_ui

STORM = int(os.environ.get("DAGTOP_TEST_STORM", "0"))
SIZES = STORM or 2
WAYS = dict(list(EVERYWHERE.items())[:: 1 if STORM else 6])
END = (80, 24)
MOVING = {"home", "system"}
"""These show the machine as it is now: two looks differ."""
SCROLLED = {"details below", "task details below", "run facts", "runner log"}
"""Where lines wrap, another width shows another part."""

NOT_PYTE = re.compile(rb"\x1b\[[<>=][0-9;]*[a-z]|\x1b\[\?[0-9;]*\$p")
"""Sequences that pyte trips over."""


async def resize(app: DagtopApp, width: int, height: int) -> None:
    """The terminal has another size."""
    assert app._driver is not None
    app._driver._size = (width, height)
    size = Size(width, height)
    app.post_message(Resize(size, size))
    await quiet(app)


async def at_rest(app: DagtopApp, text: Callable[[], str]) -> str:
    """What is on screen, once it stays."""
    same, last = 0, ""
    for _ in range(50):
        await quiet(app)
        same, last = (same + 1, last) if (now := text()) == last else (0, now)
        if same == 2:
            # The error of the task under the cursor is read a while after the cursor rests.
            lines = ("  task" if one.startswith("  task  ") else one for one in now.split("\n"))
            return "\n".join(lines)
        await asyncio.sleep(0.02)
    raise AssertionError(f"the screen doesn't come to rest:\n{last}")


async def storm(app: DagtopApp, dice: random.Random, *, keys: bool) -> None:
    """Other sizes, some of them too small for anything, and perhaps keys."""
    for _ in range(SIZES):
        await resize(app, dice.randint(20, 220), dice.randint(5, 60))
        if keys and isinstance(app.screen, DagtopScreen):
            await type_keys(app, *dice.choice((("down", "up"), ("pagedown", "pageup"), ("G", "g"))))
        elif keys:
            await type_keys(app, "tab")


@pytest.mark.timeout(600)
async def test_after_a_storm_of_sizes_a_screen_is_what_it_would_be(
    workspace_of: Callable[[str], Workspace],
) -> None:
    workspace, dice = workspace_of("besieged"), random.Random(7)
    after: dict[str, str] = {}
    async with opened(workspace, END) as pilot:
        app = app_of(pilot)
        for name, way in WAYS.items():
            await go(app, way)
            await storm(app, dice, keys=False)
            await resize(app, *END)
            after[name] = await at_rest(app, lambda: text_of(pilot))
    wrong: list[str] = []
    async with opened(workspace, END) as pilot:
        app = app_of(pilot)
        for name, way in WAYS.items():
            await go(app, way)
            fresh = await at_rest(app, lambda: text_of(pilot))
            if name in SCREENS and fresh != after[name] and name not in MOVING | SCROLLED:
                wrong.append(f"== {name}, fresh:\n{fresh}\nafter the storm:\n{after[name]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.timeout(600)
async def test_keys_pressed_in_a_storm_do_no_harm(
    workspace_of: Callable[[str], Workspace],
) -> None:
    dice = random.Random(8)
    async with opened(workspace_of("besieged"), END) as pilot:
        app = app_of(pilot)
        for name, way in WAYS.items():
            await go(app, way)
            await storm(app, dice, keys=True)
            await resize(app, *END)
            await go_back(app)
            shown = text_of(pilot)
            assert shown.startswith(" dagtop ›"), name
            assert "q Quit" in shown.splitlines()[-1], name


async def test_a_terminal_that_was_too_small_gives_the_focus_back(
    workspace_of: Callable[[str], Workspace],
) -> None:
    async with opened(workspace_of("besieged"), END) as pilot:
        app = app_of(pilot)
        await go(app, ("0", "i", "slash", "x"))
        focused = app.focused
        await resize(app, 39, 20)
        await until(pilot, lambda: text_of(pilot) == "needs 40×12 cells\n", "the sentence")
        await resize(app, *END)
        assert app.focused is focused


async def test_a_size_is_taken_also_where_the_machine_stands_still_for_a_while(
    workspace_of: Callable[[str], Workspace], monkeypatch: pytest.MonkeyPatch
) -> None:
    stall = itertools.count(0, 0.02)  # seconds between any two looks at the clock
    async with opened(workspace_of("normal"), END) as pilot:
        app = app_of(pilot)
        monkeypatch.setattr(_time, "get_time", lambda: time.monotonic() + next(stall))
        for size in ((100, 30), END):
            await resize(app, *size)
            await until(
                pilot,
                lambda width=size[0]: app.screen.query_one("#header").size.width == width,
                "the size",
            )


def test_the_terminal_is_asked_for_its_size_whatever_the_environment_says(
    workspace_of: Callable[[str], Workspace], tmp_path: Path
) -> None:
    said = {"COLUMNS": "80", "LINES": "24"}
    with the_ui(workspace_of("normal"), tmp_path, said, size=(100, 30)) as one:
        one.read_until(lambda output: b"recommend" in output and b"\x1b[30" in output)
        one.quiet()
        start = len(one.output)
        one.resize(60, 20)
        one.read_until(lambda output: b"recommend" in output)
        one.quiet()
        assert "Quit" in on_screen(one.output[start:], (60, 20))[-1]


def on_screen(output: bytes, size: tuple[int, int]) -> list[str]:
    """What a terminal of that size shows after some output."""
    screen = pyte.Screen(*size)
    pyte.ByteStream(screen).feed(NOT_PYTE.sub(b"", output))
    return [line.rstrip() for line in screen.display]


def test_a_storm_in_a_real_terminal_leaves_the_screen_right(
    workspace_of: Callable[[str], Workspace], tmp_path: Path
) -> None:
    dice = random.Random(9)
    with the_ui(workspace_of("normal"), tmp_path, size=END) as one:
        one.read_until(lambda output: b"recommend" in output and b"\x1b]2;dagtop" in output)
        one.press(b"jjjj\r", lambda output: b"TASK" in output)
        one.quiet()
        for number in range(STORM or 12):
            one.resize(dice.randint(20, 220), dice.randint(5, 60))
            os.write(one.fd, dice.choice((b"jk", b"2", b"1", b"??", b"\x1b[6~")))
            one.read(0.0 if number % 3 else 0.05)
        one.resize(100, 30)  # so that the last size is another one, and all is painted
        one.quiet()
        os.write(one.fd, b"1g")
        one.quiet(1.0)
        start = len(one.output)
        one.resize(*END)
        one.read_until(lambda output: b"TASK" in output)
        one.quiet()
        stormed = on_screen(one.output[start:], END)
        one.press(b"q", lambda output: b"\x1b[?25h" in output)
        assert one.end() == 0
    with the_ui(workspace_of("normal"), tmp_path / "other", size=END) as one:
        one.read_until(lambda output: b"recommend" in output and b"\x1b]2;dagtop" in output)
        one.press(b"jjjj\r", lambda output: b"TASK" in output)
        one.quiet()
        fresh = on_screen(one.output, END)
    assert stormed == fresh

"""Drives the app in tests: opened on a workspace, its clock frozen, its screen read as text."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any, cast

from sqlalchemy import select
from textual import events
from textual._context import visible_screen_stack
from textual.keys import REPLACED_KEYS, _character_to_key, _get_unicode_name_from_key
from textual.pilot import Pilot

from app.tui.application import DagtopApp
from app.tui.screens.base import DagtopScreen
from app.tui.widgets.dialogs import ConfirmDialog
from store import models
from store.engine import open_store
from store.workspace import Workspace
from tests.app.tui.world import NOW

ENVIRONMENT = {"LANG": "C.UTF-8", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
AppPilot = Pilot[Any]
POLL = 0.01
"""Seconds between two looks."""


@asynccontextmanager
async def opened(
    workspace: Workspace,
    size: tuple[int, int] = (80, 24),
    environment: dict[str, str] | None = None,
    **options: Any,
) -> AsyncIterator[AppPilot]:
    """The app on a workspace, once its first snapshot is on screen."""
    app = DagtopApp(
        workspace,
        clock=lambda: NOW,
        zone=UTC,
        environment=ENVIRONMENT if environment is None else environment,
        **options,
    )
    async with app.run_test(size=size) as pilot:
        await arrived(pilot)
        yield pilot


def app_of(pilot: AppPilot) -> DagtopApp:
    return cast(DagtopApp, pilot.app)


async def until(pilot: AppPilot, holds: Callable[[], object], what: str = "") -> None:
    """Let the app work until something holds; fails after thirty seconds."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 30.0
    waited = False
    while not holds():
        if loop.time() > deadline:
            raise AssertionError(f"it did not come to: {what}\n{text_of(pilot)}")
        await asyncio.sleep(POLL)
        waited = True
    if waited:
        await pilot.pause(0)


async def arrived(pilot: AppPilot) -> None:
    """Wait for the snapshot of the screen on top, for what a dialog touches, or for the store's
    trouble."""

    def there() -> bool:
        screen = pilot.app.screen
        if isinstance(screen, ConfirmDialog):
            return screen.is_worked_out
        if not isinstance(screen, DagtopScreen) or screen.fetch() is None:
            return True
        return screen.snapshot is not None or bool(app_of(pilot).trouble)

    await until(pilot, there, "a snapshot")
    await until(pilot, lambda: app_of(pilot).runner_known or app_of(pilot).trouble, "the runner")
    await pilot.pause()


async def press(pilot: AppPilot, *keys: str) -> None:
    """Press keys, and wait for what they open.

    Textual's own waits three times per key until the process is idle; the app knows when a key has
    come to its end.
    """
    app = app_of(pilot)
    for key in keys:
        app.post_message(key_event(key))
        await pilot._wait_for_screen()
        await until(pilot, lambda: app.key_order.is_through, "the end of a key")
        await arrived(pilot)


def key_event(key: str) -> events.Key:
    """The event of a key or a character, as Textual's pilot makes it."""
    name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
    try:
        character = unicodedata.lookup(_get_unicode_name_from_key(REPLACED_KEYS.get(name, name)))
    except KeyError:
        character = name if len(name) == 1 else None
    return events.Key(name, character)


def text_of(pilot: AppPilot) -> str:
    """The screen as plain text, with what is behind a dialog."""
    visible_screen_stack.set(list(pilot.app._background_screens))  # as the app does when it paints
    strips = pilot.app.screen._compositor.render_strips()
    lines = ["".join(segment.text for segment in strip).rstrip() for strip in strips]
    return "\n".join(lines).rstrip() + "\n"


async def says(pilot: AppPilot, text: str) -> None:
    """Wait until a text is on screen."""
    await until(pilot, lambda: text in text_of(pilot), f"{text!r} on screen")


def commands(workspace: Workspace) -> list[tuple[str, dict[str, Any]]]:
    """The commands written for the runner."""
    with open_store(workspace) as store, store.read() as connection:
        table = models.command
        query = select(table.c.kind, table.c.payload).order_by(table.c.id)
        return [(row.kind, row.payload) for row in connection.execute(query)]


async def commanded(pilot: AppPilot, number: int = 1) -> list[tuple[str, dict[str, Any]]]:
    """Wait until so many commands are written, and return them."""
    workspace = app_of(pilot).workspace
    await until(pilot, lambda: len(commands(workspace)) >= number, f"{number} commands")
    return commands(workspace)

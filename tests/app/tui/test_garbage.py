"""What closed screens leave behind is taken away while nobody types."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Callable

import pytest

from app.tui.garbage import MANY_SCREENS, OLD_ENOUGH, QUIET, SHORT_QUIET, Garbage
from app.tui.screens.dags import DagsScreen
from app.tui.screens.grid import GridScreen
from tests.app.tui.driving import app_of, opened, text_of, until
from tests.app.tui.world import World
from tests.support.history import fill


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def collected(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """One entry for each look at everything."""
    found: list[int] = []
    monkeypatch.setattr(gc, "collect", lambda: found.append(1))
    return found


def test_garbage_is_looked_for_where_nobody_types(
    collected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    garbage = Garbage(clock)
    garbage.key_pressed()
    clock.now += QUIET + 1
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, 0))
    garbage.look()
    assert not collected, "there can't be any"
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, OLD_ENOUGH + 1))
    garbage.key_pressed()
    garbage.look()
    assert not collected, "somebody types"
    clock.now += QUIET + 1
    garbage.look()
    assert collected == [1]


def test_many_screens_are_looked_after_as_soon_as_nobody_types(
    collected: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    garbage = Garbage(clock)
    monkeypatch.setattr(gc, "get_count", lambda: (0, 0, 0))
    for _ in range(MANY_SCREENS):
        garbage.look()
        assert not collected
        garbage.screen_shown()
        garbage.key_pressed()
        clock.now += SHORT_QUIET + 0.1
    garbage.look()
    garbage.look()
    assert collected == [1]


async def test_closed_screens_are_gone_after_a_while(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Opened and closed again, as often as it takes; nothing that Textual keeps holds them.

    The keys don't come by the pilot: it holds the screens itself, by its time limits.
    """
    monkeypatch.setattr(gc, "freeze", lambda: None)  # it would keep those that are open by then
    fill(world.store, dags=1, runs=2, tasks=2, events=False, tries=False, live=False)
    async with opened(world.workspace) as pilot:
        await until(pilot, lambda: "dag_0000" in text_of(pilot))
        app = app_of(pilot)

        async def becomes(true: Callable[[], bool]) -> None:
            async with asyncio.timeout(20):
                while not true():  # noqa: ASYNC110 - there is no event for it
                    await asyncio.sleep(0.01)

        painted: list[weakref.ref[object]] = []
        for _ in range(10 * MANY_SCREENS):
            app.simulate_key("enter")
            await becomes(lambda: isinstance(app.screen, GridScreen) and app.screen.is_there)
            painted.append(weakref.ref(app.screen._styles_cache))
            app.simulate_key("escape")
            await becomes(lambda: isinstance(app.screen, DagsScreen))
            if len(painted) >= MANY_SCREENS:
                await asyncio.sleep(SHORT_QUIET + 0.3)  # nobody types
            if not any(one() for one in painted[:MANY_SCREENS]):
                return
        raise AssertionError("they are still there")

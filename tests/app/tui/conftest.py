"""Workspaces that the tests of the terminal UI share; those that change rows make their own."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.tui import key_order
from store.workspace import Workspace
from tests.app.tui import world as worlds
from tests.app.tui import (
    world_besieged,
    world_compared,
    world_gantt,
    world_history,
    world_hostile,
    world_small,
)
from tests.app.tui.world import World, make_world
from tests.app.tui.world_details import fill_details, fill_details_hostile
from tests.support.live import Live, live

os.environ["TEXTUAL_ANIMATIONS"] = "none"
MODULES = (
    worlds,
    world_history,
    world_gantt,
    world_hostile,
    world_besieged,
    world_small,
    world_compared,
)
"""Where ``fill_<name>`` of a workspace may be."""


@pytest.fixture(autouse=True)
def _keys_wait_for_a_slow_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key is pressed when the one before has come to its end, however long a busy machine takes
    for it."""
    monkeypatch.setattr(key_order, "HOLD", 25.0)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """An empty workspace."""
    made = make_world(tmp_path / "shop")
    yield made
    made.store.close()


@pytest.fixture(scope="session")
def workspace_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Workspace]:
    """Workspaces by name: empty, normal, failed, hostile; made once, to be read only."""
    made: dict[str, Workspace] = {}

    def give(name: str) -> Workspace:
        if name not in made:
            one = make_world(tmp_path_factory.mktemp(name) / "shop")
            found = (getattr(module, f"fill_{name}", None) for module in MODULES)
            fill = next((one for one in found if one is not None), None)
            if fill is not None:
                fill(one)
            one.store.close()
            made[name] = one.workspace
        return made[name]

    return give


@pytest.fixture
def long(workspace_of: Callable[[str], Workspace]) -> Workspace:
    """The DAG ``nightly``, which has run for a year; to be read only."""
    return workspace_of("long")


@pytest.fixture
def running(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Live]:
    """A real runner with the DAG ``shop``: the ``PIPELINE`` of the test's module."""
    with live(tmp_path / "shop") as workspace:
        workspace.write("shop.py", request.module.PIPELINE)
        workspace.start()
        workspace.wait_for_dag("shop")
        yield workspace


@pytest.fixture(scope="module")
def details(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A DAG with versions, events and XComs."""
    world = make_world(tmp_path_factory.mktemp("details") / "shop")
    fill_details(world)
    world.store.close()
    return world.workspace


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The same with names and texts that mean harm."""
    world = make_world(tmp_path_factory.mktemp("hostile") / "shop")
    fill_details_hostile(world)
    world.store.close()
    return world.workspace

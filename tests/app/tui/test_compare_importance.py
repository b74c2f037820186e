"""Which params of runs matter for a metric, on screen."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import ModuleType

import pytest
import scipy.stats

from store.workspace import Workspace
from tests.app.tui.driving import opened, press, says, text_of
from tests.app.tui.snapshot import by_size, check, settled
from tests.app.tui.world_compared import HOSTILE, SWEEP


@pytest.fixture
def tracked(workspace_of: Callable[[str], Workspace]) -> Workspace:
    """A sweep of eight runs; to be read only."""
    return workspace_of("compared")


@by_size
async def test_params_are_ranked_for_a_metric(tracked: Workspace, size: tuple[int, int]) -> None:
    async with opened(tracked, size, compare=SWEEP) as pilot:
        await press(pilot, "9")
        await says(pilot, "Spearman")
        await press(pilot, "j")
        await settled(pilot)
        check(f"compare-importance-{size[0]}x{size[1]}", text_of(pilot))


async def test_another_metric_is_chosen_by_name_or_the_next_one(tracked: Workspace) -> None:
    async with opened(tracked, compare=SWEEP) as pilot:
        await press(pilot, "9")
        await says(pilot, "accuracy last")
        await press(pilot, "slash", *"loss", "enter")
        await says(pilot, "val/loss last")
        await press(pilot, "n")
        await says(pilot, "system/cpu_utilization_percentage last")
        await press(pilot, "N", "m")
        await says(pilot, "val/loss min")
        await press(pilot, "slash", *"zzz", "enter")
        await says(pilot, "no metric is called zzz")


class SlowModule(ModuleType):
    """A library that takes its time to be imported."""

    def __init__(self, real: ModuleType) -> None:
        super().__init__(real.__name__)
        self.real, self.is_here = real, threading.Event()

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        assert self.is_here.wait(30)
        return getattr(self.real, name)


async def test_no_key_waits_for_what_is_computed(
    tracked: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = SlowModule(scipy.stats)
    monkeypatch.setitem(sys.modules, "scipy.stats", slow)
    monkeypatch.setattr(scipy, "stats", slow)
    async with opened(tracked, (120, 40), compare=SWEEP) as pilot:
        await press(pilot, "9")
        await says(pilot, "computing ...")
        await press(pilot, "n", "1", "j")
        await says(pilot, "metrics: last")
        await press(pilot, "9")
        await says(pilot, "computing ...")
        slow.is_here.set()
        await says(pilot, "Spearman")
        await says(pilot, "val/loss last")


async def test_too_few_runs_are_said(tracked: Workspace) -> None:
    async with opened(tracked, compare=SWEEP[:2]) as pilot:
        await press(pilot, "9")
        await says(pilot, "2 runs have a finite accuracy: at least 3 are needed")


async def test_names_that_mean_harm_are_only_text(tracked: Workspace) -> None:
    async with opened(tracked, compare=HOSTILE) as pilot:
        await press(pilot, "9")
        await says(pilot, "at least 3 are needed")
        assert all(line.isprintable() for line in text_of(pilot).splitlines())

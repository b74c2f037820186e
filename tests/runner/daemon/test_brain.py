"""The runner's memory: who holds which slots."""

from __future__ import annotations

from pathlib import Path

from runner.daemon.brain import Brain
from runner.daemon.memory import LiveTry
from store.workspace import Workspace


def test_slots_come_back_from_a_try_whose_run_is_forgotten(tmp_path: Path) -> None:
    """As after a cancel or a timeout: the run is over before its processes are gone."""
    brain = Brain(Workspace(tmp_path), 4)
    brain.set_pools({"gpu": 2})
    live_try = LiveTry(1, 1, 7, "d", "t", -1, 1, "", slots=("gpu", 2))
    brain.take_slots(live_try)
    assert brain.usage.per_task == {("d", "t"): 1}
    assert brain.usage.per_task_of_run == {(7, "t"): 1}
    brain.release_slots(live_try)
    usage = brain.usage
    assert (usage.executing, usage.pools["gpu"].used) == (0, 0)
    assert (usage.per_dag_run, usage.per_task, usage.per_task_of_run) == ({}, {}, {})

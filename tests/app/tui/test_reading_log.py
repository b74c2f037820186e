"""What the merged log reads."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.tui import reading_log
from app.tui.reading_log import MergedSnapshot, read_merged
from tests.app.tui.world import World, structure_of


def filled(world: World) -> None:
    version = world.dag("one", structure_of("one", ["a", "b", "c", "d"]))
    run = world.run("one", version, "running", ago=timedelta(minutes=9), run_id="r")
    world.instance("one", run, "a", "success", log=b"")
    world.instance("one", run, "b", "failed", tries=[{"state": "failed"}] * 2, log=b"")
    world.instance("one", run, "c", "running", log=b"")
    world.instance("one", run, "d", "scheduled")


def test_the_newest_tries_of_what_has_begun_are_merged(world: World) -> None:
    filled(world)
    found = read_merged(world.store, "one", "r")
    assert {one.task_id for one in found.tries} == {"a", "b", "c"}
    assert [one.task_id for one in found.tries if one.live] == ["c"]
    assert found.instances == 3
    assert [one.started_at for one in found.tries] == sorted(one.started_at for one in found.tries)


def test_tasks_and_instances_can_be_chosen(world: World) -> None:
    filled(world)
    assert len(read_merged(world.store, "one", "r", ["a", "d"]).tries) == 1
    chosen = read_merged(world.store, "one", "r", ["a", "b"], {("b", -1)})
    assert [one.task_id for one in chosen.tries] == ["b"]


def test_beyond_the_cap_those_that_run_are_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading_log, "MOST_LOGS", 1)
    filled(world)
    found = read_merged(world.store, "one", "r")
    assert [one.task_id for one in found.tries] == ["c"]
    assert found.instances == 3


def test_a_run_that_is_not_there_is_said_so(world: World) -> None:
    assert read_merged(world.store, "one", "nowhere") == MergedSnapshot(None)

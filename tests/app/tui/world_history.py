"""A workspace with a DAG that has run for a year."""

from __future__ import annotations

from datetime import timedelta

from tests.app.tui.world import NOW, World, at_once, structure_of


@at_once
def fill_long(world: World) -> None:
    """A DAG of a year: 400 runs, some failed, one far too slow, some with tasks tried again."""
    version = world.dag("nightly", structure_of("nightly", ["extract", "train", "report"]))
    for age in range(399, -1, -1):
        state = "running" if age == 0 else "failed" if age % 23 == 7 else "success"
        ago = timedelta(hours=20 * age, minutes=30)
        took = 3600.0 if age == 9 else 300.0 + 40 * ((age * 7) % 5)
        run = world.run("nightly", version, state, ago=ago, took=took)
        if age > 40:
            continue
        start = NOW - ago
        world.instance("nightly", run, "extract", "success", start=start, took=60.0 + age % 7)
        tries = [{"state": "up_for_retry"}, {"state": "success"}] if age % 6 == 4 else None
        for index in range(3):
            trained = "running" if age == 0 and index == 2 else "success"
            world.instance(
                "nightly",
                run,
                "train",
                trained,
                map_index=index,
                start=start + timedelta(seconds=60),
                took=(took - 100) / 2 + index,
                tries=tries if trained == "success" else None,
            )
        last = None if age == 0 else "failed" if state == "failed" else "success"
        world.instance(
            "nightly", run, "report", last, start=start + timedelta(seconds=took - 30), took=30.0
        )

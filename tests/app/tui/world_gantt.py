"""A run of tasks that waited, were tried again, and ran side by side."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from store.structure import (
    DagStructure,
    Expansion,
    GroupStructure,
    LiteralLength,
    TaskStructure,
)
from tests.app.tui.world import NOW, World

GANTT = DagStructure(
    dag_id="nightly",
    file="dags/nightly.py",
    tasks=[
        TaskStructure("extract", "@task", downstream=["clean.dedupe", "clean.enrich"]),
        TaskStructure(
            "clean.dedupe", "@task", label="dedupe", group_id="clean", downstream=["train"]
        ),
        TaskStructure(
            "clean.enrich", "@task", label="enrich", group_id="clean", downstream=["train"]
        ),
        TaskStructure(
            "train",
            "@task",
            expansion=Expansion([("alpha", LiteralLength(3))]),
            downstream=["evaluate", "report"],
        ),
        TaskStructure("evaluate", "@task", downstream=["publish"]),
        TaskStructure("report", "@task"),
        TaskStructure("publish", "@task"),
    ],
    groups=[GroupStructure("clean", "clean", children=["clean.dedupe", "clean.enrich"])],
    roots=["extract", "clean", "train", "evaluate", "report", "publish"],
)


def fill_gantt(world: World) -> None:
    """Runs with retries, long waiting, mapped tasks: the newest goes on, the one before failed."""
    version = world.dag("nightly", GANTT)
    world.lease()
    for age, state in ((24, "failed"), (0, "running")):
        begun = timedelta(hours=age, minutes=60)
        run = world.run("nightly", version, state, ago=begun, took=3300.0)
        start = NOW - begun

        def at(minutes: float, start: datetime = start) -> datetime:
            return start + timedelta(minutes=minutes)

        def one(task: str, state: str | None, *tries: Any, run: int = run, **more: Any) -> None:
            rows = [
                {
                    "state": how,
                    "queued_at": at(queued),
                    "started_at": None if begun is None else at(begun),
                    "ended_at": None if end is None else at(end),
                }
                for how, queued, begun, end in tries
            ]
            times = {
                "scheduled_at": at(more.pop("ready")) if "ready" in more else None,
                "queued_at": rows[-1]["queued_at"] if rows else None,
                "started_at": rows[-1]["started_at"] if rows else None,
                "ended_at": rows[-1]["ended_at"] if rows else more.pop("ended_at", None),
            }
            world.instance("nightly", run, task, state, tries=rows, **times, **more)

        one("extract", "success", ("success", 1, 2, 8), ready=0.5)
        one("clean.dedupe", "success", ("success", 8, 8.5, 12), ready=8)
        one(
            "clean.enrich",
            "success",
            ("up_for_retry", 8, 9, 12),
            ("up_for_retry", 16, 16.5, 19),
            ("success", 23, 24, 30),
            ready=22,
            max_tries=3,
        )
        one("train", "success", ("success", 30, 31, 36), ready=30, map_index=0)
        one("train", "success", ("success", 36, 37, 43), ready=30, map_index=1)
        if age:
            one("train", "failed", ("failed", 51, 52, 55), ready=30, map_index=2)
            one("evaluate", "upstream_failed", ended_at=at(55))
            one("report", "upstream_failed", ended_at=at(55))
            one("publish", "upstream_failed", ended_at=at(55))
        else:
            one("train", "running", ("running", 52, 53, None), ready=30, map_index=2)
            one("report", "skipped", ended_at=at(43))
            one("evaluate", None)
            one("publish", None)

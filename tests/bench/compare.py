"""Fifty tracked runs with two hundred metrics side by side, in a real terminal."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from store import metric_points, tracking
from store.engine import Store, open_store
from store.workspace import Workspace
from tests.bench.figure import Figure
from tests.support.terminal import the_ui

RUNS, METRICS, PARAMS, POINTS = 50, 200, 20, 100
VIEWS = {
    "curves": b"2",
    "scatter plot": b"3",
    "parallel coordinates": b"4",
    "box plot": b"5",
    "bars": b"6",
    "importance": b"9",
    "table again": b"1",
}


def fill(store: Store) -> list[str]:
    """Runs with curves; their uuids."""
    began = datetime(2026, 1, 1, tzinfo=UTC)
    uuids = [f"{number + 1:08x}{number:024x}" for number in range(RUNS)]
    with store.write() as connection:
        for number, uuid in enumerate(uuids):
            run = tracking.create_run(
                connection, tracking.NewRun(uuid, "sweep", f"run {number}", began)
            )
            params = [
                {"run_id": run, "key": f"param_{key:02}", "value": str(number * (key + 1) % 17)}
                for key in range(PARAMS)
            ]
            tracking.log_params(connection, params)
            for key in range(METRICS):
                points = ((1 / (step + number + 1) + key, step, step) for step in range(POINTS))
                packed = metric_points.pack(points)
                metric_points.add(connection, run, f"metric_{key:03}", *packed)
    return uuids


def compare(folder: Path) -> Iterator[Figure]:
    """50 runs with 200 metrics each, opened side by side, and their views."""
    (folder / "shop" / "dags").mkdir(parents=True)
    workspace = Workspace(folder / "shop")
    with open_store(workspace, create=True) as store:
        names = " ".join(uuid[:8] for uuid in fill(store))
    with the_ui(workspace, folder / "home") as one:
        one.read_until(lambda output: len(output) > 400)
        one.quiet(1.0)
        one.answer(f":compare {names}".encode(), 1.0)
        one.answer(b"\r", 1.0)
        for key in VIEWS.values():  # the first time also imports it
            one.answer(key, 1.0)
        one.answer(b"\x1b", 1.0)
        opened = one.answer(b"[", 1.0).last
        took = {name: one.answer(key, 1.0).last for name, key in VIEWS.items()}
    what = f"{RUNS} runs with {METRICS} metrics side by side"
    yield Figure(what, f"{1000 * opened:.0f} ms", "<= 250 ms", opened <= 0.25)
    for name, seconds in took.items():
        yield Figure(f"  {name}", f"{1000 * seconds:.0f} ms", "<= 250 ms", seconds <= 0.25)

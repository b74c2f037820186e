"""Figures of curves: points of a metric, read from the store and drawn."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import numpy as np

from app.tui.models.chart import Chart, Points, chart_lines, lines_of
from app.tui.theme import UNICODE
from store import metric_points, tracking
from store.engine import Store, open_store
from store.queries.curves import curves
from store.workspace import Workspace

AT = datetime(2026, 1, 1, tzinfo=UTC)
SIZE = (120, 36)
"""Cells of the chart."""
BATCH = 4096
"""Points that come at once: the smallest segments that are never merged."""


def measure(folder: Path) -> dict[int, float]:
    """Seconds to read and draw a curve of so many points; the least of several."""
    found: dict[int, float] = {}
    with open_store(Workspace(folder), create=True) as store:
        for number, count in enumerate((10_000, 10_000_000)):
            run_id = _logged(store, f"{number:032x}", count)
            found[count] = min(_seconds(store, run_id) for _ in range(5))
    return found


def _logged(store: Store, uuid: str, count: int) -> int:
    noise = np.random.default_rng(0)
    with store.write() as connection:
        run_id = tracking.create_run(connection, tracking.NewRun(uuid, "bench", "run", AT))
        for start in range(0, count, BATCH):
            steps = np.arange(start, min(count, start + BATCH), dtype="<i8")
            values = np.exp(-5 * steps / count) + noise.random(len(steps)) * 0.1
            data = values.astype("<f8").tobytes() + steps.tobytes() + (steps * 1000).tobytes()
            metric_points.add(connection, run_id, "loss", len(steps), data)
    return run_id


def _seconds(store: Store, run_id: int) -> float:
    began = perf_counter()
    with store.read() as connection:
        found = curves(connection, [run_id], ["loss"])
    points = {one.key: Points(one.steps, one.times, one.values) for one in found}
    lines = chart_lines(Chart(lines_of(points, "step"), odd="last"), *SIZE, UNICODE)
    assert len(lines) == SIZE[1]
    return perf_counter() - began

"""Figures of recording: what is left of a task's metric points when it is killed."""

from __future__ import annotations

import os
import signal
import struct
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figure import Figure
from tests.support.live import Live, live, wait_for

NOTED = struct.Struct("<qd")
EVERY = 100
"""Points after each of which the task notes how many there are, and when."""
KILLED = f"""
from dagtop import DAG, task, log_metric
with DAG("killed"):
    @task
    def train():
        import os, struct, time
        notes = open("notes", "wb", buffering=0)
        step = 0
        while True:
            for _ in range({EVERY}):
                log_metric("loss", 1.0 / (step + 1), step=step)
                step += 1
            notes.write(struct.pack("<qd", step, time.monotonic()))
            if step == {EVERY}:
                open("pid", "w").write(str(os.getpid()))
    train()
"""
POINTS_KEPT = (
    "SELECT coalesce(sum(metric.count), 0) FROM metric "
    "JOIN tracked_run ON tracked_run.id = metric.run_id WHERE tracked_run.dag_id = 'killed'"
)


def lost(workspace: Live, seconds: float) -> tuple[float, float]:
    """Points a second that a task logged one at a time, and of how many of its last seconds the
    points are lost after SIGKILL."""
    folder = workspace.workspace.root
    run_id = workspace.trigger("killed")
    began = time.monotonic()
    wait_for((folder / "pid").exists, what="the task")
    pid = int(wait_for((folder / "pid").read_text))
    time.sleep(seconds)
    before = workspace.value(POINTS_KEPT)
    os.kill(pid, signal.SIGKILL)
    died = time.monotonic()
    assert workspace.wait_for_run("killed", run_id, 60) == "failed"
    content = (folder / "notes").read_bytes()
    notes = list(NOTED.iter_unpack(content[: len(content) // NOTED.size * NOTED.size]))
    kept = workspace.value(POINTS_KEPT)
    assert kept >= before
    first_lost = next((at for number, at in notes if number > kept), died)
    (folder / "pid").unlink()
    return notes[-1][0] / (died - max(began, notes[0][1])), max(0.0, died - first_lost)


def recording(folder: Path) -> Iterator[Figure]:
    """Points logged one at a time by a task that is then killed."""
    with live(folder) as workspace:
        workspace.write("killed.py", KILLED)
        workspace.start()
        workspace.wait_for_dag("killed")
        workspace.submit("unpause", dag_ids=["killed"])
        rate, gone = lost(workspace, 3.0)
    yield Figure("log_metric, one at a time", f"{rate:,.0f}/s", ">= 100,000/s", rate >= 100_000)
    yield Figure(
        "points lost at SIGKILL, of the last", f"{gone * 1000:.0f} ms", "<= 50 ms", gone <= 0.05
    )

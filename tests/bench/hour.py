"""An hour with a log of 1 GB that grows: what the terminal UI comes to hold in memory."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.bench.figure import Figure
from tests.bench.logs import write_log
from tests.bench.terminal import NOISE
from tests.support.live import Live, live, wait_for
from tests.support.terminal import the_ui

MINUTES = float(os.environ.get("DAGTOP_BENCH_MINUTES", "60"))
KEYS = (
    b"\x02", b"\x06", b"j", b"k", b"g", b"G", b"e", b"n", b"N", b"L", b"T", b"w",
    b"/checkpoint\r", b"/nowhere\r", b"/step=\r", b"&grad norm\r", b"&\x15\r", b"\x1b[F",
    b"\x1b", b"\r",
)  # fmt: skip
"""What is pressed in turn by chance: pages, ends, searches, filters, levels, out and in again."""
SECONDS = 10.0
"""From one key to the next."""


def hour(folder: Path) -> Iterator[Figure]:
    """An hour in a log of 1 GB that a task goes on writing, with a key every ten seconds."""
    with live(folder / "hour") as workspace:
        workspace.write("noise.py", NOISE)
        workspace.start()
        workspace.wait_for_dag("noise")
        workspace.submit("unpause", dag_ids=["noise"])
        workspace.trigger("noise")
        grow(log_of(workspace))
        with the_ui(workspace.workspace, folder / "home") as one:
            one.read_until(lambda output: b"noise" in output)
            one.answer(b":noise\r", 2.0)
            one.answer(b"\r", 2.0)
            assert b"of a log that is followed" in one.output, one.output[-2000:]
            chance, sizes, process = random.Random(1), list[float](), psutil.Process(one.pid)
            end = time.monotonic() + 60 * MINUTES
            while time.monotonic() < end:
                until = time.monotonic() + SECONDS
                one.answer(chance.choice(KEYS), 1.0, limit=SECONDS)
                while time.monotonic() < until:
                    one.read(until - time.monotonic())
                assert not one.has_ended(), one.output[-2000:]
                sizes.append(process.memory_info().rss / 1e6)
                one.output = b""  # that much is read in an hour
    tenth = max(1, len(sizes) // 10)
    first, last = max(sizes[:tenth]), max(sizes[-tenth:])
    name = f"RSS of the UI, {MINUTES:g} minutes with 1 GB of log"
    yield Figure(name, f"{max(sizes):.0f} MB", "<= 90 MB", max(sizes) <= 90)
    yield Figure("  in the first and the last tenth", f"{first:.0f}, {last:.0f} MB", "")


def log_of(workspace: Live) -> Path:
    """The log of the only try, once it is written."""
    wait_for(lambda: workspace.value("SELECT count(*) FROM task_try") == 1, what="the try")
    [(run, one)] = workspace.query("SELECT dag_run_id, id FROM task_try")
    path = workspace.workspace.log(run, one)
    wait_for(lambda: path.exists() and path.stat().st_size > 1000, what="the log")
    return path


def grow(path: Path) -> None:
    """Add 1 GB to a log that is being written."""
    block = path.with_suffix(".block")
    write_log(block)
    with block.open("rb") as source, path.open("ab", buffering=0) as out:
        while piece := source.read(1 << 24):
            out.write(piece)
    block.unlink()

"""What running tries use: processor, memory, input and output, children included."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psutil

from runner.daemon.memory import LiveTry
from store import models, records
from store.engine import Store


@dataclass(slots=True)
class Sample:
    """Use of one try's process tree at one moment."""

    cpu_seconds: float = 0.0
    rss: int = 0
    read_bytes: int = 0
    write_bytes: int = 0
    processes: int = 0


@dataclass(slots=True)
class Sampler:
    """Measures the process trees of tries; keeps the processor time of the last measure."""

    before: dict[int, tuple[datetime, float]] = field(default_factory=dict)
    last: dict[int, dict[str, Any]] = field(default_factory=dict)
    """The newest row of each running try."""

    def rows(self, tries: Iterable[LiveTry], now: datetime) -> list[dict[str, Any]]:
        """Rows of ``resource_sample`` for the tries that have a process; updates their peaks."""
        working = [t for t in tries if t.pid is not None and not t.gone and not t.ended]
        self.before = {t.key: self.before[t.key] for t in working if t.key in self.before}
        self.last = {t.key: self.last[t.key] for t in working if t.key in self.last}
        if not working:
            return []
        trees = process_trees()
        rows: list[dict[str, Any]] = []
        for live_try in working:
            assert live_try.pid is not None
            sample = measure(live_try.pid, trees)
            if sample.processes == 0:
                continue
            at, cpu_seconds = self.before.get(live_try.key, (live_try.started_at or now, 0.0))
            elapsed = max((now - at).total_seconds(), 0.001)
            used = max(0.0, sample.cpu_seconds - cpu_seconds)
            self.before[live_try.key] = (now, sample.cpu_seconds)
            live_try.cpu_seconds = max(live_try.cpu_seconds, sample.cpu_seconds)
            live_try.peak_rss = max(live_try.peak_rss, sample.rss)
            live_try.read_bytes = max(live_try.read_bytes, sample.read_bytes)
            live_try.write_bytes = max(live_try.write_bytes, sample.write_bytes)
            rows.append(
                {
                    "try_id": live_try.key,
                    "at": now,
                    "cpu_percent": 100.0 * used / elapsed,
                    "rss": sample.rss,
                    "read_bytes": live_try.read_bytes,
                    "write_bytes": live_try.write_bytes,
                    "processes": sample.processes,
                }
            )
        self.last.update((row["try_id"], row) for row in rows)
        return rows


def process_trees() -> dict[int, list[int]]:
    """Parent pid -> pids of its children, over the whole machine, read once per round."""
    trees: dict[int, list[int]] = {}
    for process in psutil.process_iter(["ppid"]):
        trees.setdefault(process.info["ppid"] or 0, []).append(process.pid)
    return trees


def measure(root: int, trees: dict[int, list[int]]) -> Sample:
    """Sum over a process and its descendants. Processes that end meanwhile are left out."""
    sample = Sample()
    waiting = [root]
    while waiting:
        pid = waiting.pop()
        waiting += trees.get(pid, [])
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(pid)
            with process.oneshot():
                times = process.cpu_times()
                # what its ended children used counts as well
                sample.cpu_seconds += times.user + times.system
                sample.cpu_seconds += getattr(times, "children_user", 0.0)
                sample.cpu_seconds += getattr(times, "children_system", 0.0)
                sample.rss += process.memory_info().rss
                sample.processes += 1
                if hasattr(process, "io_counters"):
                    counters = process.io_counters()
                    sample.read_bytes += counters.read_bytes
                    sample.write_bytes += counters.write_bytes
    return sample


def store_samples(store: Store, tries: Iterable[LiveTry], sampler: Sampler) -> None:
    """Measure the running tries and store the samples and peaks."""
    tries = list(tries)
    rows = sampler.rows(tries, datetime.now(UTC))
    if not rows:
        return
    with store.write() as connection:
        connection.execute(models.resource_sample.insert(), rows)
        measured = {row["try_id"] for row in rows}
        records.update_tries(
            connection,
            [
                {
                    "id": live_try.key,
                    "cpu_seconds": live_try.cpu_seconds,
                    "peak_rss": live_try.peak_rss,
                    "read_bytes": live_try.read_bytes,
                    "write_bytes": live_try.write_bytes,
                }
                for live_try in tries
                if live_try.key in measured
            ],
        )

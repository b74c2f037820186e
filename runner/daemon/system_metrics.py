"""System metrics of tracked runs, under MLflow's names: machine, GPUs, and the process tree of the
try, once per interval for each try that logs anything."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import select

from runner.daemon.memory import LiveTry
from runner.daemon.resources import Sampler
from store import metric_points
from store.engine import Store
from store.models import tracked_run

log = logging.getLogger(__name__)

PREFIX = "system/"
MEGABYTE = 1e6
"""As MLflow counts them."""
Values = dict[str, float]


class Gpus:
    """NVIDIA's GPUs, where there is one and NVML's library (``nvidia-ml-py``) is installed."""

    def __init__(self) -> None:
        self._library: Any = None
        self._handles: list[Any] = []
        try:
            nvml = import_module("pynvml")
            nvml.nvmlInit()
            count = nvml.nvmlDeviceGetCount()
            self._handles = [nvml.nvmlDeviceGetHandleByIndex(index) for index in range(count)]
            self._library = nvml
        except ImportError:
            return
        except Exception as error:  # its errors have no base of their own in all versions
            log.info("there are no GPU metrics: %s", error)

    def values(self) -> Values:
        """By GPU; of one that doesn't tell something, that is left out."""
        found: Values = {}
        for index, handle in enumerate(self._handles):
            with contextlib.suppress(self._library.NVMLError):
                memory = self._library.nvmlDeviceGetMemoryInfo(handle)
                found[f"gpu_{index}_memory_usage_percentage"] = 100 * memory.used / memory.total
                found[f"gpu_{index}_memory_usage_megabytes"] = memory.used / MEGABYTE
            with contextlib.suppress(self._library.NVMLError):
                rates = self._library.nvmlDeviceGetUtilizationRates(handle)
                found[f"gpu_{index}_utilization_percentage"] = rates.gpu
            with contextlib.suppress(self._library.NVMLError):
                power = self._library.nvmlDeviceGetPowerUsage(handle)
                found[f"gpu_{index}_power_usage_watts"] = power / 1000
                limit = self._library.nvmlDeviceGetEnforcedPowerLimit(handle)
                found[f"gpu_{index}_power_usage_percentage"] = 100 * power / limit
        return found


@dataclass(slots=True)
class SystemMonitor:
    """Measures the machine. What grows, such as what the network received, counts from the first
    measure for a try."""

    workspace: Path
    gpus: Gpus = field(default_factory=Gpus)
    _network: dict[int, tuple[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        psutil.cpu_percent()  # what it gives next is since now

    def machine(self) -> Values:
        """What all tries share."""
        memory = psutil.virtual_memory()
        disk = psutil.disk_usage(str(self.workspace))
        return {
            "cpu_utilization_percentage": psutil.cpu_percent(),
            "system_memory_usage_megabytes": memory.used / MEGABYTE,
            "system_memory_usage_percentage": 100 * memory.used / memory.total,
            "disk_usage_percentage": disk.percent,
            "disk_usage_megabytes": disk.used / MEGABYTE,
            "disk_available_megabytes": disk.free / MEGABYTE,
            **self.gpus.values(),
        }

    def network(self, keys: Iterable[int]) -> dict[int, Values]:
        """What the machine has received and sent since the first measure for each of these."""
        counters: Any = psutil.net_io_counters()
        if counters is None:  # there is no network at all
            return {}
        now = counters.bytes_recv, counters.bytes_sent
        self._network = {key: self._network.get(key, now) for key in keys}
        return {
            key: {
                "network_receive_megabytes": (now[0] - before[0]) / MEGABYTE,
                "network_transmit_megabytes": (now[1] - before[1]) / MEGABYTE,
            }
            for key, before in self._network.items()
        }


def of_tree(row: dict[str, Any]) -> Values:
    """Of a try's process and its children: a row of ``resource_sample``."""
    return {
        "process_cpu_utilization_percentage": row["cpu_percent"],
        "process_memory_usage_megabytes": row["rss"] / MEGABYTE,
        "process_read_megabytes": row["read_bytes"] / MEGABYTE,
        "process_write_megabytes": row["write_bytes"] / MEGABYTE,
        "process_count": row["processes"],
    }


def logged_to(live_try: LiveTry) -> int | None:
    """The row of the run that a try's system metrics belong to: its own, else the one it has begun
    last; None where it has logged nothing."""
    rows = live_try.tracked_runs
    return rows.get("", next(reversed(rows.values()), None))


def store_metrics(
    store: Store,
    tries: Iterable[LiveTry],
    sampler: Sampler,
    monitor: SystemMonitor,
    interval: float,
) -> None:
    """Measure, and add a point to each system metric of each running try that logs anything."""
    working = {
        live_try.key: (live_try, run)
        for live_try in tries
        if live_try.pid is not None and not live_try.ended
        if (run := logged_to(live_try)) is not None
    }
    if not working:
        monitor.network(())
        return
    machine, network = monitor.machine(), monitor.network(working)
    now = datetime.now(UTC)
    at = time.time_ns() // 1000
    with store.write() as connection:
        wanted = {run for _, run in working.values()}
        query = select(tracked_run.c.id).where(tracked_run.c.id.in_(wanted))
        there = set(connection.execute(query).scalars())
        for key, (live_try, run) in working.items():
            if run not in there:  # it was deleted while it runs
                continue
            row = sampler.last.get(key)
            values = {**machine, **network.get(key, {}), **(of_tree(row) if row else {})}
            began = live_try.started_at or now
            step = int(max(0.0, (now - began).total_seconds()) / interval)
            for name, value in values.items():
                packed = metric_points.pack([(float(value), step, at)])
                metric_points.add(connection, run, PREFIX + name, *packed)

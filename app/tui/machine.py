"""What the machine does, by psutil: looked at in a thread, only while somebody sees it.

Figures are settled: one that wavers around a value stays at it, so that a screen of an idle
machine sends nothing. psutil is imported inside functions: the first paint must not pay for it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Generic, TypeVar

log = logging.getLogger(__name__)

Seen = TypeVar("Seen")

PERIOD = 2.0
"""Seconds between two looks."""

FIRST_SPAN = 0.25
"""Seconds between the first two looks, which tell the first rates."""

HISTORY = 30
HISTORY_STEP = 10.0
"""Seconds that one bar of the processor's history stands for."""

SHARES_EVERY = 5
"""Looks of which one asks for the shares of common memory: the kernel has to walk all of it."""

QUIET_RATE = 20_000
"""Bytes per second below which a line counts as quiet."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """A graphics processor."""

    name: str
    percent: int
    memory_used: int
    memory_total: int


@dataclass(frozen=True, slots=True)
class Machine:
    """The machine at one moment. What can't be told here is None."""

    cpu: int | None = None
    """Percent of all cores."""
    cores: tuple[int, ...] = ()
    """Percent of each."""
    load: float | None = None
    """Processes that work or want to, over the last minute."""
    memory_used: int = 0
    memory_total: int = 0
    swap_used: int = 0
    swap_total: int = 0
    disk_used: int = 0
    """Of the disk that the workspace is on."""
    disk_total: int = 0
    disk_read: int | None = None
    """Bytes per second, as those that follow."""
    disk_write: int | None = None
    net_in: int | None = None
    net_out: int | None = None
    gpus: tuple[Gpu, ...] = ()
    history: tuple[int, ...] = ()
    """Percent of all cores over the last minutes, the newest last."""


@dataclass(frozen=True, slots=True)
class ProcessUse:
    """What a process uses, or one with all that it started."""

    cpu: int | None
    """Percent of one core; None at the first look."""
    rss: int
    pss: int | None = None
    """Its share of memory that several processes have in common (Linux)."""
    processes: int = 1


@dataclass(slots=True)
class Settler:
    """Keeps a figure where it is shown until it has clearly left it."""

    shown: dict[str, float] = field(default_factory=dict)

    def step(self, name: str, value: float, step: float) -> float:
        """A multiple of ``step``; another one only when the value is a whole step away."""
        shown = self.shown.get(name)
        if shown is None or abs(value - shown) >= step:
            shown = self.shown[name] = round(value / step) * step
        return shown

    def share(self, name: str, value: float, share: float = 0.05) -> int:
        """The value; another one only when it differs by that share of it."""
        shown = self.shown.get(name)
        if shown is None or abs(value - shown) > share * max(abs(shown), abs(value)):
            shown = self.shown[name] = value
        return int(shown)

    def keep(self, names: Collection[str]) -> None:
        """Forget all others."""
        self.shown = {name: value for name, value in self.shown.items() if name in names}

    def rate(self, name: str, value: float) -> int:
        """Bytes per second: zero where it is quiet, and steady within a third."""
        return self.share(name, two_digits(value) if value >= QUIET_RATE else 0, 1 / 3)


def two_digits(value: float) -> int:
    """The number with its first two digits, the others zero."""
    number = int(value)
    unit = 10 ** max(0, len(str(number)) - 2)
    return round(number / unit) * unit


class MachineSampler:
    """Samples the machine; rates are those since the sample before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._settler = Settler()
        self._gpus: Callable[[Settler], tuple[Gpu, ...]] | None = None
        self._before: tuple[float, dict[str, float]] | None = None
        self._history: deque[int] = deque(maxlen=HISTORY)
        self._bar_began = 0.0

    def sample(self) -> Machine:
        """The machine now. The first sample takes ``FIRST_SPAN`` seconds."""
        import psutil

        if self._before is None:
            psutil.cpu_percent(percpu=True)
            self._before = (time.monotonic(), _counters())
            time.sleep(FIRST_SPAN)
        if self._gpus is None:  # not before: NVML may take seconds to begin
            self._gpus = _gpu_reader()
        settle = self._settler
        cores = psutil.cpu_percent(percpu=True) or [0.0]
        cpu = int(settle.step("cpu", sum(cores) / len(cores), 5))
        memory, swap = psutil.virtual_memory(), _swap()
        disk = shutil.disk_usage(self._folder)
        rates = self._rates()
        return Machine(
            cpu=cpu,
            cores=tuple(int(settle.step(f"core {n}", one, 10)) for n, one in enumerate(cores)),
            load=settle.step("load", os.getloadavg()[0], 0.5),
            memory_used=self._part("memory", memory.total - memory.available, memory.total),
            memory_total=memory.total,
            swap_used=self._part("swap", swap[0], swap[1]),
            swap_total=swap[1],
            disk_used=self._part("disk", disk.used, disk.total),
            disk_total=disk.total,
            disk_read=rates.get("disk_read"),
            disk_write=rates.get("disk_write"),
            net_in=rates.get("net_in"),
            net_out=rates.get("net_out"),
            gpus=self._gpus(settle),
            history=self._remember(cpu),
        )

    def _part(self, name: str, used: int, total: int) -> int:
        """Used bytes, in hundredths of the total."""
        return int(self._settler.step(name, used, total / 100)) if total else 0

    def _rates(self) -> dict[str, int]:
        assert self._before is not None
        now, counters = time.monotonic(), _counters()
        then, before = self._before
        self._before = (now, counters)
        return {
            name: self._settler.rate(name, (value - before[name]) / max(now - then, 0.001))
            for name, value in counters.items()
            if name in before
        }

    def _remember(self, cpu: int) -> tuple[int, ...]:
        """The history with this sample: the highest of some seconds is one bar."""
        now = time.monotonic()
        if not self._history or now - self._bar_began >= HISTORY_STEP:
            self._bar_began = now
            self._history.append(cpu)
        elif cpu > self._history[-1]:
            self._history[-1] = cpu
        return tuple(self._history)


class ProcessSampler:
    """What processes use; processor time is that since the sample before."""

    def __init__(self) -> None:
        self._settler = Settler()
        self._before: dict[int, tuple[float, float]] = {}
        self._shares: dict[int, int | None] = {}
        self._looks = 0

    def sample(self, alone: Collection[int], trees: Collection[int]) -> Mapping[int, ProcessUse]:
        """Processes by themselves, and processes with all that they started. Gone ones are left
        out."""
        if self._looks % SHARES_EVERY == 0:
            self._shares = {}
        self._looks += 1
        children = _children() if trees else {}
        found = {pid: self._use(pid, [pid], shared=True) for pid in alone}
        found |= {pid: self._use(pid, _family(pid, children), shared=False) for pid in trees}
        self._before = {pid: one for pid, one in self._before.items() if pid in found}
        self._settler.keep({f"{what} {pid}" for pid in found for what in ("cpu", "rss", "pss")})
        return {pid: use for pid, use in found.items() if use is not None}

    def _use(self, root: int, pids: Iterable[int], *, shared: bool) -> ProcessUse | None:
        import psutil

        seconds, rss, pss, number = 0.0, 0, None, 0
        for pid in pids:
            with contextlib.suppress(psutil.Error):  # it ended meanwhile
                process = psutil.Process(pid)
                times = process.cpu_times()
                rss += process.memory_info().rss
                seconds += times.user + times.system
                number += 1
                if shared and sys.platform == "linux":
                    if pid not in self._shares:
                        self._shares[pid] = getattr(process.memory_full_info(), "pss", None)
                    pss = self._shares[pid]
        if number == 0:
            return None
        now = time.monotonic()
        then, before = self._before.get(root, (now, seconds))
        self._before[root] = (now, seconds)
        cpu = None
        if now > then:
            used = 100 * max(0.0, seconds - before) / (now - then)
            cpu = int(self._settler.step(f"cpu {root}", used, 5))
        return ProcessUse(
            cpu=cpu,
            rss=self._settler.share(f"rss {root}", rss),
            pss=None if pss is None else self._settler.share(f"pss {root}", pss),
            processes=number,
        )


class Watch(Generic[Seen]):
    """Looks again and again in a thread of its own, between ``start`` and ``stop``; tells what
    differs from what it told before."""

    def __init__(
        self, look: Callable[[], Seen], tell: Callable[[Seen], object], period: float = PERIOD
    ) -> None:
        self._look = look
        self._tell = tell
        self._period = period
        self._end: threading.Event | None = None
        self._one_at_a_time = threading.Lock()

    def start(self) -> None:
        """Begin, unless it has begun."""
        if self._end is None:
            self._end = threading.Event()
            threading.Thread(
                target=self._run, args=(self._end,), name="dagtop-watch", daemon=True
            ).start()

    def stop(self) -> None:
        """End; nothing is told after it."""
        if self._end is not None:
            self._end.set()
            self._end = None

    def _run(self, end: threading.Event) -> None:
        last: Seen | None = None
        while not end.is_set():
            try:
                with self._one_at_a_time:
                    seen = self._look()
            except Exception:  # what was seen last stays, and it is looked again
                log.debug("a look failed", exc_info=True)
                seen = last
            if seen is not None and seen != last and not end.is_set():
                last = seen
                self._tell(seen)
            end.wait(self._period)


def folder_size(folder: Path, limit: int = 2_000_000) -> int:
    """Bytes of the files below a folder; of at most ``limit`` of them, so that it ends."""
    total, seen = 0, 0
    waiting = [os.fspath(folder)]
    while waiting and seen < limit:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    seen += 1
                    with contextlib.suppress(OSError):  # deleted meanwhile
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
                        else:
                            total += entry.stat(follow_symlinks=False).st_size
        except OSError:  # not there, or deleted meanwhile
            continue
    return total


def file_size(path: Path) -> int:
    """Bytes of a file; 0 where there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _counters() -> dict[str, float]:
    """Bytes since the machine's start. Containers and some systems don't tell them all."""
    import psutil

    found: dict[str, float] = {}
    with contextlib.suppress(OSError, RuntimeError, psutil.Error):
        disk = psutil.disk_io_counters()
        if disk is not None:
            found.update(disk_read=disk.read_bytes, disk_write=disk.write_bytes)
    with contextlib.suppress(OSError, RuntimeError, psutil.Error):
        net = psutil.net_io_counters(pernic=True)
        lines = [one for name, one in net.items() if not name.startswith("lo")]
        found["net_in"] = sum(one.bytes_recv for one in lines)
        found["net_out"] = sum(one.bytes_sent for one in lines)
    return found


def _swap() -> tuple[int, int]:
    """Used and total."""
    import psutil

    try:
        swap = psutil.swap_memory()
    except (OSError, RuntimeError):  # macOS and BSD in some sandboxes
        return 0, 0
    return swap.used, swap.total


def _children() -> dict[int, list[int]]:
    import psutil

    children: dict[int, list[int]] = {}
    for process in psutil.process_iter(["ppid"]):
        children.setdefault(process.info["ppid"] or 0, []).append(process.pid)
    return children


def _family(root: int, children: Mapping[int, list[int]]) -> list[int]:
    family, waiting = [], [root]
    while waiting:
        pid = waiting.pop()
        family.append(pid)
        waiting += children.get(pid, [])
    return family


def _gpu_reader() -> Callable[[Settler], tuple[Gpu, ...]]:
    """What reads the graphics processors, where NVML answers; else what reads none."""
    try:
        nvml: Any = import_module("pynvml")
        nvml.nvmlInit()
        handles = [nvml.nvmlDeviceGetHandleByIndex(n) for n in range(nvml.nvmlDeviceGetCount())]
    except Exception:  # not installed, no driver, no device: all the same here
        return lambda settle: ()

    def read(settle: Settler) -> tuple[Gpu, ...]:
        found: list[Gpu] = []
        for number, handle in enumerate(handles):
            with contextlib.suppress(nvml.NVMLError):
                name = nvml.nvmlDeviceGetName(handle)
                memory = nvml.nvmlDeviceGetMemoryInfo(handle)
                percent = nvml.nvmlDeviceGetUtilizationRates(handle).gpu
                found.append(
                    Gpu(
                        name.decode(errors="replace") if isinstance(name, bytes) else str(name),
                        int(settle.step(f"gpu {number}", percent, 5)),
                        int(settle.step(f"gpu memory {number}", memory.used, memory.total / 100)),
                        int(memory.total),
                    )
                )
        return tuple(found)

    return read

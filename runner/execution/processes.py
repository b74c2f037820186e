"""Processes of tries: are they alive, what ended them, ending them."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from functools import lru_cache
from pathlib import Path

import psutil

from runner.journal.identity import process_start

TRY_MARK = "DAGTOP_TRY"
"""Environment variable that a try's process sets, inherited by all that it starts: the path of its
journal, which tells the tries of one workspace from those of another."""


def is_alive(pid: int, token: str) -> bool:
    """Whether the process of that pid is the one that had ``token`` as its start."""
    return process_start(pid) == token


def open_process(pid: int) -> int | None:
    """A descriptor that becomes readable when the process ends (Linux), else None."""
    if sys.platform != "linux":
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def signal_group(leader: int, number: signal.Signals) -> bool:
    """Signal a try's process group. False where it is gone."""
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def describe_exit(status: int) -> str:
    """What an exit status says, in words: "was killed by SIGKILL", "exited with code 3"."""
    if status < 0:
        with contextlib.suppress(ValueError):
            return f"was killed by {signal.Signals(-status).name}"
        return f"was killed by signal {-status}"
    return f"exited with code {status}"


def out_of_memory_kills(root: Path = Path("/")) -> int:
    """How often the kernel has killed for want of memory, in the machine and in our control group
    (cgroup v2; some containers tell only that). A kill may count twice: what tells is a rise."""
    in_group = _oom_kills(_control_group(root) / "memory.events")
    return _oom_kills(root / "proc/vmstat") + in_group


def _oom_kills(path: Path) -> int:
    with contextlib.suppress(OSError, ValueError, StopIteration):
        lines = path.read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith("oom_kill ")))
    return 0


@lru_cache
def _control_group(root: Path) -> Path:
    """Folder of our control group, which doesn't change while we live. A container may see its own
    as the topmost one, under the name that it has outside."""
    top = root / "sys/fs/cgroup"
    with contextlib.suppress(OSError, ValueError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            if line.startswith("0::/"):
                group = top / line.removeprefix("0::/")
                return group if group.is_dir() else top
    return top


def stray_processes(tries: Path) -> list[tuple[int, int]]:
    """(pid, try key) of processes that were started by a try of the workspace with this folder of
    tries, by the mark in their environment.

    Only programs that were executed show it; it is what remains to find daemons of tries whose
    host and process were killed while no runner watched.
    """
    found = []
    own = os.getuid()
    for process in psutil.process_iter(["pid", "uids"]):
        uids = process.info["uids"]
        if uids is None or uids.real != own:
            continue
        with contextlib.suppress(psutil.Error, OSError, ValueError, IndexError):
            mark = process.environ().get(TRY_MARK)
            if mark is not None and Path(mark).is_relative_to(tries):
                found.append((process.pid, int(Path(mark).relative_to(tries).parts[1])))
    return found

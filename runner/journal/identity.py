"""Telling a process from a later one that got the same pid."""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path


@cache
def _boot() -> str:
    """Changes with every boot of the machine, so that old tokens never match."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
    except OSError:
        return "boot"


def process_start(pid: int) -> str | None:
    """A token of when the process started, or None where there is none of that pid.

    On Linux the kernel's own tick count since boot, which setting the clock doesn't change (unlike
    ``psutil.Process.create_time``). A zombie counts as gone.
    """
    if sys.platform == "linux":
        try:
            descriptor = os.open(f"/proc/{pid}/stat", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fields = os.read(descriptor, 4096).rpartition(b")")[2].split()
        except OSError:
            return None
        finally:
            os.close(descriptor)
        if fields[0] in (b"Z", b"X", b"x"):
            return None
        return f"{_boot()}-{fields[19].decode()}"
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return None
        return f"{process.create_time():.2f}"
    except psutil.Error:
        return None


def own_start() -> str:
    """The token of this process."""
    return process_start(os.getpid()) or ""

"""The few things that hosts and task processes ask of the operating system."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from functools import cache
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

PR_SET_CHILD_SUBREAPER = 36


@cache
def _prctl() -> Any:
    import ctypes

    return ctypes.CDLL(None).prctl


def become_subreaper() -> None:
    """Orphaned descendants become children of this process (Linux), so that it can end them."""
    if sys.platform == "linux":
        _prctl()(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def name_process(name: str) -> None:
    """The name that ``top`` shows (Linux, 15 characters)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            descriptor = os.open("/proc/self/comm", os.O_WRONLY)
            os.write(descriptor, name.encode()[:15])
            os.close(descriptor)


def children() -> list[int]:
    """Pids of the direct children (Linux; elsewhere none are known)."""
    if sys.platform != "linux":
        return []
    pid = os.getpid()
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def end_children(pids: Iterable[int]) -> None:
    """Tell children to end. Who ignores it is left: multiprocessing's resource tracker does, and
    ends by itself when nobody needs it any more."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGTERM)


def signal_pipe() -> tuple[int, int]:
    """A descriptor that becomes readable when a child ends, and its other end."""
    read, write = os.pipe()
    os.set_blocking(read, False)
    os.set_blocking(write, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    return read, write


def memory_file() -> IO[bytes]:
    """A file without a name, for what the fault handler writes."""
    if sys.platform == "linux":
        return os.fdopen(os.memfd_create("crash"), "w+b")
    import tempfile  # loads much, and every fork would carry it

    return tempfile.TemporaryFile()


def drain(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass


def kill_group(leader: int) -> None:
    """End what is left of a process group. No such group: nothing to do."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)

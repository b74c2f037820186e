"""Whether a process that has imported a pipeline file can be forked, task by task.

A forked child has only the thread that forked: locks that another thread held stay locked, and a
GPU context is broken. OpenBLAS's threads are no trouble, it ends them before a fork; nor is the
one that jemalloc (of pyarrow, which pandas and scikit-learn load) frees memory with: it is told of
forks, and goes on without it in the child (``background_thread_postfork_child`` in jemalloc's
``src/background_thread.c``).
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_FORK_AWARE = b"jemalloc_bg_thd\n"
"""What a native thread that minds forks is named."""
_DEVICES = ("/dev/nvidia", "/dev/kfd")


class Before:
    """The threads of this process before a pipeline file is imported."""

    def __init__(self) -> None:
        self.python = _python_threads()
        self.native = _native_threads()

    def what_makes_unsafe(self) -> str | None:
        """What the import has started that a fork would break, in words; None if nothing."""
        started = [name for ident, name in _python_threads().items() if ident not in self.python]
        if started:
            names = ", ".join(sorted(started)[:3])
            return f"it started {_count(len(started), 'Python thread')} ({names})"
        maps = _read("/proc/self/maps")
        device = _open_device(maps)
        if device is not None:
            return f"it opened the GPU device {device}"
        new = _native_threads() - self.native
        native = sum(_read(f"/proc/self/task/{one}/comm") != _FORK_AWARE for one in new)
        if native:
            native -= _openblas_threads(maps)
        return f"it started {_count(native, 'native thread')}" if native > 0 else None


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _python_threads() -> dict[int | None, str]:
    """Ident and name of the threads beside the main one."""
    threading = sys.modules.get("threading")
    if threading is None:
        return {}
    main = threading.main_thread().ident
    return {one.ident: one.name for one in threading.enumerate() if one.ident != main}


def _native_threads() -> set[str]:
    """Ids of all threads of this process; empty where the system doesn't list them (macOS)."""
    try:
        return set(os.listdir("/proc/self/task"))
    except OSError:
        return set()


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _open_device(maps: bytes) -> str | None:
    for device in _DEVICES:
        found = maps.find(device.encode())
        if found >= 0:
            return os.fsdecode(maps[found:].split(maxsplit=1)[0])
    for number in _names("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except OSError:  # the listing's own, closed again
            continue
        if target.startswith(_DEVICES):
            return target
    return None


def _names(folder: str) -> Iterable[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return ()


def _openblas_threads(maps: bytes) -> int:
    """How many threads the mapped OpenBLAS libraries keep, beside the one that calls them."""
    libraries = {
        os.fsdecode(line[line.index(b"/") :])
        for line in maps.splitlines()
        if b"openblas" in line and b"/" in line and b".so" in line
    }
    return sum(_openblas_pool(path) for path in libraries)


def _openblas_pool(path: str) -> int:
    import ctypes

    try:
        library = ctypes.CDLL(path, mode=getattr(os, "RTLD_NOLOAD", 0) | os.RTLD_NOW)
    except OSError:
        return 0
    for prefix in ("", "scipy_"):
        for suffix in ("", "64_", "_64"):
            function = getattr(library, f"{prefix}openblas_get_num_threads{suffix}", None)
            if function is not None:
                function.restype = ctypes.c_int
                return max(function() - 1, 0)
    return 0

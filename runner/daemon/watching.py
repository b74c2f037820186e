"""Watching the workspace: a changed pipeline file is imported at once."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import Callable
from pathlib import Path

from watchfiles import watch

log = logging.getLogger(__name__)

IGNORED = ("__pycache__", ".dagtop", ".git")
DEBOUNCE = 200
"""Milliseconds within which changes are taken together."""
STEP = 120
"""Milliseconds between two looks of the watching thread, which is what an idle runner does most."""
PAUSE = 1.0
"""Seconds until files are watched again after a change that the watch can't tell of."""


class Watcher:
    """A thread that reports changed paths below the given folders on the event loop."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        folders: list[Path],
        report: Callable[[set[str]], None],
    ) -> None:
        self._loop = loop
        self._folders = folders
        self._report = report
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(timeout=2)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._watch()
            except (OSError, RuntimeError) as error:
                # RuntimeError: the loop has closed, or the system has no more watches to give
                if self._stop.is_set():
                    return
                if "decode path" not in str(error):
                    log.warning("files are not watched, only looked at each 10 s: %s", error)
                    return
                # A file whose name isn't UTF-8 has changed, and the watch broke off.
                self._stop.wait(PAUSE)
                with contextlib.suppress(RuntimeError):  # the loop has closed
                    self._loop.call_soon_threadsafe(self._report, set())

    def _watch(self) -> None:
        for changes in watch(
            *self._folders,
            watch_filter=lambda _, path: not any(part in path for part in IGNORED),
            debounce=DEBOUNCE,
            step=STEP,
            stop_event=self._stop,
            rust_timeout=1000,
            yield_on_timeout=False,
            raise_interrupt=False,
        ):
            paths = {path for _, path in changes}
            self._loop.call_soon_threadsafe(self._report, paths)

"""A time limit for an import that doesn't count the time for which the machine was too busy."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

LEAST = 0.05
"""Seconds: with less left, the time is up."""


class ImportTimedOut(BaseException):
    """The import took too long. Not an ``Exception``: a pipeline file must not catch it."""


def kept_waiting() -> float:
    """Seconds for which this process (its first thread) was ready to go on, and got no processor.

    The second figure of ``/proc/self/schedstat`` (Linux, Documentation/scheduler/sched-stats.rst),
    in nanoseconds; 0.0 where there is none, so that all time counts.
    """
    try:
        with open("/proc/self/schedstat", "rb") as facts:
            return int(facts.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):
        return 0.0


class TimeLimit:
    """Raises ``ImportTimedOut`` in the main thread once ``seconds`` have passed, those left out in
    which it was kept waiting for a processor: many tasks that import at once on a small machine
    are no fault of the file. For ``with``."""

    def __init__(
        self,
        seconds: float,
        clock: Callable[[], float] = time.monotonic,
        waited: Callable[[], float] = kept_waiting,
    ) -> None:
        self._seconds = seconds
        self._clock = clock
        self._waited = waited
        self._began = clock() - waited()

    def left(self) -> float:
        """Seconds that the import may still take."""
        return self._seconds - (self._clock() - self._waited() - self._began)

    def __enter__(self) -> None:
        signal.signal(signal.SIGALRM, self._look)
        signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)

    def _look(self, *_: object) -> None:
        left = self.left()
        if left < LEAST:
            raise ImportTimedOut
        signal.setitimer(signal.ITIMER_REAL, left)

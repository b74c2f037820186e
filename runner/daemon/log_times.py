"""Notes when the logs of running tries grew, for lines that say no time themselves."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass

from runner.daemon.memory import LiveTry
from store.log_times import forget, note

DENSE, SPARSE = 3600.0, 60.0
"""Seconds that a log is noted at each look, and after which it is noted then: a week is read in
some milliseconds."""


@dataclass(slots=True)
class Seen:
    """A log as it was when it was last looked at."""

    log: str
    size: int | None = None
    """None: it wasn't looked at yet."""
    at: float = 0.0
    begun: float = 0.0
    noted: float = 0.0

    def look(self, now: float) -> None:
        """Note it if there is more than before: that was written since then."""
        with contextlib.suppress(OSError):  # gone, or a full disk: its lines have the time above
            size = os.stat(self.log).st_size
            if self.size is None:
                self.begun = now
            elif size < self.size:  # the task began it anew
                forget(self.log)
            elif size > self.size and self._may_note():
                note(self.log, self.size, self.at)
                self.noted = self.at
            self.size, self.at = size, max(self.at, now)

    def _may_note(self) -> bool:
        return self.at - self.begun < DENSE or self.at - self.noted >= SPARSE


class LogTimes:
    """Looks at the sizes of logs: a call of the system for each try, and a note where one grew."""

    def __init__(self) -> None:
        self._seen: dict[int, Seen] = {}

    def look(self, tries: Iterable[LiveTry], now: float) -> None:
        """Look at the logs of the tries that have a process, and once more at those that had."""
        before, self._seen = self._seen, {}
        for live_try in tries:
            if live_try.pid is not None:
                log = os.path.join(os.path.dirname(live_try.journal), "log")
                self._seen[live_try.key] = before.pop(live_try.key, None) or Seen(log)
        for seen in (*before.values(), *self._seen.values()):
            seen.look(now)

"""When the parts of a log were written, as the runner noted it beside the log."""

from __future__ import annotations

import os
from array import array
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime
from pathlib import Path

from store.log_times import NOTE, SUFFIX

LATEST = datetime(9999, 1, 1, tzinfo=UTC).timestamp()
"""No log is written after that."""

SLACK = 2.0
"""Seconds by which a line may be written after its time: many state whole seconds only."""


class NotedTimes:
    """The notes on one log; they become more while it grows. Threads may look things up in it."""

    def __init__(self, log: Path) -> None:
        self._path = log.with_name(log.name + SUFFIX)
        self._offsets = array("Q")
        self._moments = array("d")
        self._read = 0

    def __bool__(self) -> bool:
        return bool(self._offsets)

    def refresh(self) -> bool:
        """Read what is new; True if anything is. A log without notes has no times of that kind;
        what can't be a note, in a damaged file, is left out."""
        try:
            with self._path.open("rb") as file:
                if os.fstat(file.fileno()).st_size < self._read:  # the task began its log anew
                    self._offsets, self._moments, self._read = array("Q"), array("d"), 0
                file.seek(self._read)
                data = file.read()
        except OSError:  # nobody noted anything
            return False
        whole = len(data) // NOTE.size * NOTE.size
        self._read += whole
        before = len(self._offsets)
        for offset, moment in NOTE.iter_unpack(data[:whole]):
            last = self._offsets[-1] if self._offsets else -1
            if offset > last and 0.0 <= moment <= LATEST:
                latest = self._moments[-1] if self._moments else moment  # the clock may be put back
                self._moments.append(max(moment, latest))  # before the offset, by which it is found
                self._offsets.append(offset)
        return len(self._offsets) > before

    def of(self, offset: int) -> tuple[int, float] | None:
        """The last note that holds at an offset: from where on, and after which moment that was
        written; None: there is none."""
        at = bisect_right(self._offsets, offset)
        return (self._offsets[at - 1], self._moments[at - 1]) if at else None

    def contradict(self, offset: int, stated: float) -> bool:
        """Whether a line was written well after the time it states: that is by another clock."""
        found = self.of(offset)
        return found is not None and found[1] > stated + SLACK

    def at_most(self, offset: int, latest: float) -> float | None:
        """The moment of the last note that holds at an offset and isn't later than another."""
        at = min(bisect_right(self._offsets, offset), bisect_right(self._moments, latest))
        return self._moments[at - 1] if at else None

    def since(self, moment: float) -> tuple[int, float] | None:
        """The first note of that moment or later: from where on all was written then."""
        at = bisect_left(self._moments, moment)
        return (self._offsets[at], self._moments[at]) if at < len(self._offsets) else None

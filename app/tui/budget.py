"""How much of the machine reading the store may take: a token bucket of CPU seconds."""

from __future__ import annotations

SHARE = 0.04
"""CPU seconds that reading may take each second, in the long run."""

BURST = 0.1
"""CPU seconds saved up while nothing is read: the first changes after a quiet time are read at
once, whatever one read takes."""

LONGEST_REST = 2.0
"""Seconds that one read puts off the next at most, however long it took."""


class Budget:
    """A read is allowed while there is credit; its cost is taken off afterwards, and credit comes
    back at ``share`` a second up to ``burst``. Times are those of one monotonic clock, in seconds.
    """

    def __init__(
        self, now: float, share: float = SHARE, burst: float = BURST, rest: float = LONGEST_REST
    ) -> None:
        self._share, self._burst, self._deepest = share, burst, -rest * share
        self._credit, self._at = burst, now

    def allows(self, now: float) -> bool:
        """Whether something may be read now."""
        self._refill(now)
        return self._credit >= 0

    def spend(self, now: float, cost: float) -> None:
        """Something was read that took ``cost`` CPU seconds."""
        self._refill(now)
        self._credit = max(self._deepest, self._credit - cost)

    def _refill(self, now: float) -> None:
        self._credit = min(self._burst, self._credit + (now - self._at) * self._share)
        self._at = now

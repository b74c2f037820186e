"""Which runs are compared, and how they are looked at: what all views of them share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

LEAST, MOST = 2, 50
"""Runs that are compared."""


@dataclass(slots=True)
class CompareFocus:
    """Runs side by side; their views share one."""

    uuids: list[str]
    """In the order of their columns."""
    baseline: str | None = None
    """The uuid of the run that the others are measured by."""
    summary: str = "last"
    """Which value of a metric stands for it: last, min, max, mean."""
    lowest: dict[str, bool] = field(default_factory=dict[str, bool])
    """Metric -> whether less is better, where that was chosen."""
    differences: bool = False
    """Only rows that are not the same in all runs."""
    folded: set[str] = field(default_factory=set[str])
    """Sections of the table."""
    metric: str = ""
    """That charts are of; empty: the first."""
    words: str = ""
    """Only rows with these words in their keys."""
    row: str = ""
    """The row of the table under the cursor."""
    run: str = ""
    """The uuid of the run under the cursor."""
    read: Any = None
    """What was read last: a view that needs no more is painted at once."""
    kept: dict[str, Any] = field(default_factory=dict[str, Any])
    """What a view wants to find again, by its name."""

    def remove(self, uuid: str) -> None:
        """Compare the others without this one."""
        place = self.uuids.index(uuid)
        del self.uuids[place]
        self.run = self.uuids[min(place, len(self.uuids) - 1)]
        if self.baseline == uuid:
            self.baseline = None

    def move(self, uuid: str, step: int) -> bool:
        """Move a run to the left (-1) or right (1); False where it is at the end."""
        place = self.uuids.index(uuid)
        if not 0 <= place + step < len(self.uuids):
            return False
        self.uuids[place], self.uuids[place + step] = self.uuids[place + step], uuid
        return True

    def arrange(self, places: Sequence[int], shown: Sequence[str]) -> None:
        """Put the runs that are shown in another order: ``places`` in ``shown``."""
        self.uuids = [shown[place] for place in places] + [
            uuid for uuid in self.uuids if uuid not in shown
        ]

"""Cells of grids: a task in a run; and one cell that stands for several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from store.queries.rows import from_micros
from store.states import FINISHED_TASK_STATES, TaskInstanceState

STATE_PRIORITY: tuple[TaskInstanceState | None, ...] = (
    TaskInstanceState.FAILED,
    TaskInstanceState.UPSTREAM_FAILED,
    TaskInstanceState.UP_FOR_RETRY,
    TaskInstanceState.UP_FOR_RESCHEDULE,
    TaskInstanceState.RUNNING,
    TaskInstanceState.RESTARTING,
    TaskInstanceState.DEFERRED,
    TaskInstanceState.QUEUED,
    TaskInstanceState.SCHEDULED,
    None,
    TaskInstanceState.SUCCESS,
    TaskInstanceState.SKIPPED,
    TaskInstanceState.REMOVED,
)
"""Of several instances the first of these that occurs is the state of all (Airflow's order)."""

SHORT_PAUSE = 1.0
"""Seconds that instances begin one after the other within."""

PRIORITY = {state: rank for rank, state in enumerate(STATE_PRIORITY)}


class Cell(NamedTuple):
    """A task (or group) in a run. For several instances: the sum of them.

    A grid has up to 40,000: they are tuples, and times are made of what is stored when asked for.
    """

    state: TaskInstanceState | None
    """Of several instances the one that matters most, see ``STATE_PRIORITY``."""
    counts: Mapping[TaskInstanceState | None, int]
    """Instances by state."""
    is_mapped: bool = False
    """It has map indexes."""
    try_number: int = 0
    """The largest."""
    started: int | None = None
    """The earliest, in microseconds since 1970."""
    ended: int | None = None
    """The latest; while some have not ended it is of those that have."""
    ran: float | None = None
    """Seconds that those that have ended ran, all together."""

    @property
    def started_at(self) -> datetime | None:
        return from_micros(self.started)

    @property
    def ended_at(self) -> datetime | None:
        return from_micros(self.ended)

    @property
    def span(self) -> float | None:
        """Seconds from the first start to the last end."""
        if self.started is None or self.ended is None:
            return None
        return max(0, self.ended - self.started) / 1e6

    @property
    def has_pauses(self) -> bool:
        """Whether its instances, which have all ended, ran for less than its span, all together:
        some of them ran again long after the others."""
        span = self.span
        if span is None or self.ran is None or not FINISHED_TASK_STATES.issuperset(self.counts):
            return False
        return self.instances > 1 and span > self.ran + SHORT_PAUSE

    @property
    def took(self) -> float | None:
        """Its span; with pauses what ran of it, all together."""
        return self.ran if self.has_pauses else self.span

    @property
    def instances(self) -> int:
        """How many task instances it stands for."""
        return sum(self.counts.values())


def sum_of(cells: Iterable[Cell]) -> Cell | None:
    """One cell that stands for all of these; None for none."""
    several = list(cells)
    if len(several) < 2:
        return several[0] if several else None
    counts: dict[TaskInstanceState | None, int] = {}
    for cell in several:
        for state, number in cell.counts.items():
            counts[state] = counts.get(state, 0) + number
    return Cell(
        state=min(counts, key=PRIORITY.__getitem__),
        counts=counts,
        is_mapped=any(cell.is_mapped for cell in several),
        try_number=max(cell.try_number for cell in several),
        started=min((cell.started for cell in several if cell.started), default=None),
        ended=max((cell.ended for cell in several if cell.ended), default=None),
        ran=sum(cell.ran or 0.0 for cell in several),
    )


def both(one: Cell, other: Cell) -> Cell:
    """One cell that stands for two."""
    cell = sum_of((one, other))
    assert cell is not None
    return cell

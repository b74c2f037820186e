"""The phases of a run as rows of a table, to be written to a file. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from app.tui.models.gantt.axis import SECOND, moment_of
from app.tui.models.gantt.rows import Times


@dataclass(frozen=True, slots=True)
class PhaseRow:
    """One phase of one try."""

    task_id: str
    map_index: int
    try_number: int
    phase: str
    state: str | None
    start: datetime
    end: datetime | None
    seconds: float
    """So far, where it goes on."""


def phase_rows(times: Times, now: int) -> list[PhaseRow]:
    """All phases of a run, by task and map index."""
    return [
        PhaseRow(
            task_id,
            map_index,
            one.try_number,
            one.phase.name.lower(),
            one.state,
            moment_of(one.start),
            None if one.end is None else moment_of(one.end),
            one.length(now) / SECOND,
        )
        for (task_id, map_index), segments in times.segments.items()
        for one in segments
    ]

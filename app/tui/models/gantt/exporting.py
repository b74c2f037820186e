"""The phases of a run as rows of a table, to be written to a file. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from app.tui.models.gantt.axis import SECOND, moment_of
from app.tui.models.gantt.rows import Times
from app.tui.scene import Scene
from app.tui.spans import Spans, span
from app.tui.widgets.table import Column


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


def phase_columns() -> list[Column[PhaseRow]]:
    """The columns of a CSV file of phases; times as ISO 8601."""

    def column(name: str, text: Callable[[PhaseRow], object]) -> Column[PhaseRow]:
        def cell(row: PhaseRow, scene: Scene) -> Spans:
            value = text(row)
            return () if value is None else (span(value),)

        return Column(name, name, 10, cell)

    return [
        column("task_id", lambda row: row.task_id),
        column("map_index", lambda row: row.map_index),
        column("try", lambda row: row.try_number),
        column("phase", lambda row: row.phase),
        column("state", lambda row: row.state),
        column("start", lambda row: row.start.isoformat()),
        column("end", lambda row: None if row.end is None else row.end.isoformat()),
        column("seconds", lambda row: row.seconds),
    ]

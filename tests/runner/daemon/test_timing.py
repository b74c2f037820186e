"""Dates of runs from stored timetables, as the runner asks for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dateutil.relativedelta import relativedelta

from runner.authoring.timetables import (
    CronTriggerTimetable,
    DeltaDataIntervalTimetable,
    Timetable,
)
from runner.daemon import timing
from store.structure import DagStructure, TimetableStructure

NOW = datetime(2024, 3, 10, 15, 20, tzinfo=UTC)


def stored(timetable: Timetable, **fields: Any) -> DagStructure:
    """The structure of a DAG with that schedule."""
    return DagStructure(
        dag_id="d", file="d.py", timetable=TimetableStructure(**timetable.to_structure()), **fields
    )


def test_a_schedule_of_calendar_months_is_kept() -> None:
    structure = stored(DeltaDataIntervalTimetable(relativedelta(months=1)))
    last = (datetime(2024, 1, 31, tzinfo=UTC), datetime(2024, 2, 29, tzinfo=UTC))
    info = timing.next_scheduled(structure, last, NOW)
    assert info is not None
    assert info.interval == (last[1], datetime(2024, 3, 29, tzinfo=UTC))


@pytest.mark.parametrize(
    ("immediately", "first"),
    [(True, datetime(2024, 3, 10, tzinfo=UTC)), (False, datetime(2024, 3, 11, tzinfo=UTC))],
)
def test_a_trigger_schedule_keeps_its_interval_and_its_first_run(
    immediately: bool, first: datetime
) -> None:
    schedule = CronTriggerTimetable(
        "0 0 * * *", "UTC", interval=timedelta(days=1), run_immediately=immediately
    )
    info = timing.next_scheduled(stored(schedule), None, NOW)
    assert info is not None
    assert info.run_after == first
    assert info.interval == (first - timedelta(days=1), first)

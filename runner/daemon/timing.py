"""Dates of runs: the timetables of stored structures, asked in the runner's words."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from runner.authoring.timetables import DagRunInfo, DataInterval, Timetable
from runner.scheduling import dag_runs
from store.states import DagRunType
from store.structure import DagStructure, TimetableStructure

Interval = tuple[datetime, datetime]


@lru_cache(maxsize=4096)
def _timetable(structure: TimetableStructure) -> Timetable:
    return dag_runs.timetable_of(structure)


def timetable(structure: DagStructure) -> Timetable:
    """The DAG's timetable. Raises ``ValueError`` with one sentence."""
    return _timetable(structure.timetable)


def next_scheduled(
    structure: DagStructure, last_interval: Interval | None, now: datetime
) -> DagRunInfo | None:
    """The next scheduled run after the one of ``last_interval``; None where there is none."""
    last = None if last_interval is None else DataInterval(*last_interval)
    return dag_runs.next_dagrun(timetable(structure), last, dag_runs.restriction_of(structure), now)


def manual_run(structure: DagStructure, logical_date: datetime, run_after: datetime) -> DagRunInfo:
    """Logical date and data interval of a triggered run."""
    return dag_runs.manual_dagrun(timetable(structure), logical_date, run_after)


def run_id(run_type: DagRunType, info: DagRunInfo) -> str:
    return dag_runs.generate_run_id(run_type, info.run_after)

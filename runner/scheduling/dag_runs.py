"""Which DAG runs there will be, and what they are called."""

from __future__ import annotations

from datetime import UTC, datetime

from runner.authoring.timetables import (
    DagRunInfo,
    DataInterval,
    TimeRestriction,
    Timetable,
    timetable_from,
)
from store.states import DagRunType
from store.structure import DagStructure, TimetableStructure

MAX_BACKFILL_RUNS = 20_000
"""A backfill that would make more runs is refused: a mistyped year, most likely."""


def timetable_of(structure: TimetableStructure) -> Timetable:
    """The timetable of a DAG. Raises ``ValueError`` with one sentence."""
    return timetable_from(
        structure.kind,
        expression=structure.expression,
        seconds=structure.seconds,
        timezone=structure.timezone,
        summary=structure.summary,
        description=structure.description,
        months=structure.months,
        interval=structure.interval,
        run_immediately=structure.run_immediately,
    )


def restriction_of(structure: DagStructure) -> TimeRestriction:
    """Between which dates a DAG is scheduled. Raises ``ValueError`` for a date that is none."""
    return TimeRestriction.between(
        structure.start_date, structure.end_date, structure.timezone, catchup=structure.catchup
    )


def next_dagrun(
    timetable: Timetable,
    last_interval: DataInterval | None,
    restriction: TimeRestriction,
    now: datetime,
) -> DagRunInfo | None:
    """The next scheduled run; None: there is none (for now).

    ``last_interval``: that of the newest scheduled or backfilled run, if there is one. The run is
    to be made as soon as its ``run_after`` has come, which may be in the past. Raises
    ``ValueError`` with one sentence if the schedule can't be computed.
    """
    try:
        return timetable.next_dagrun_info(last_interval, restriction, now)
    except OverflowError as error:
        raise ValueError(f"the schedule {timetable.summary} leaves the calendar: {error}") from None


def overdue_dagruns(
    timetable: Timetable,
    last_interval: DataInterval | None,
    restriction: TimeRestriction,
    now: datetime,
    most: int,
) -> int:
    """How many runs would be made at once, as their time has come; ``most`` stops the count."""
    for number in range(most):
        info = next_dagrun(timetable, last_interval, restriction, now)
        if info is None or info.run_after > now:
            return number
        if info.interval is None or info.interval == last_interval:
            return number + 1
        last_interval = info.interval
    return most


def manual_dagrun(
    timetable: Timetable, logical_date: datetime | None, run_after: datetime
) -> DagRunInfo:
    """A run that is triggered. Without a logical date it has no data interval (as in Airflow 3)."""
    if logical_date is None:
        return DagRunInfo(None, None, run_after.astimezone(UTC))
    logical_date = logical_date.astimezone(UTC)
    interval = timetable.infer_manual_data_interval(logical_date)
    return DagRunInfo(logical_date, interval, run_after.astimezone(UTC))


def generate_run_id(run_type: DagRunType | str, run_after: datetime) -> str:
    """``scheduled__2024-01-02T00:00:00+00:00``: the type, and when the run may start, in UTC.

    Airflow 3's ``Timetable.generate_run_id``, for every type of run (Airflow 2 had the logical
    date there). Microseconds are there when they are not 0.
    """
    return f"{DagRunType(run_type)}__{run_after.astimezone(UTC).isoformat()}"


def backfill_dates(
    timetable: Timetable,
    from_date: datetime,
    to_date: datetime,
    now: datetime,
    *,
    run_backwards: bool = False,
) -> list[DagRunInfo]:
    """All scheduled runs whose logical date is within ``[from_date, to_date]`` and that are over.

    In the order in which they are to run. The DAG's own start and end date don't matter. Raises
    ``ValueError`` with one sentence where Airflow refuses the backfill, too.
    """
    if not timetable.periodic:
        raise ValueError(
            f"a DAG with the schedule {timetable.summary} has no periods to backfill: trigger it"
        )
    if from_date > to_date:
        raise ValueError(
            f"the backfill's first date {from_date.isoformat()} is after its last date "
            f"{to_date.isoformat()}"
        )
    if from_date >= now:
        raise ValueError("a backfill can't be of the future: choose dates that have passed")
    infos: list[DagRunInfo] = []
    for info in timetable.runs_between(from_date, to_date):
        if info.run_after >= now:
            break
        if len(infos) == MAX_BACKFILL_RUNS:
            raise ValueError(
                f"the backfill would make more than {MAX_BACKFILL_RUNS} runs: choose fewer dates"
            )
        infos.append(info)
    if run_backwards:
        infos.reverse()
    return infos


def check_backfill(structure: DagStructure, *, run_backwards: bool, reprocess: str) -> None:
    """Raise ``ValueError`` if tasks that depend on the past forbid such a backfill."""
    task_id = next((task.task_id for task in structure.tasks if task.depends_on_past), None)
    if task_id is None:
        return
    if run_backwards:
        raise ValueError(f"a backfill can't run backwards: task {task_id} depends on past runs")
    if reprocess == "none":
        raise ValueError(
            f"task {task_id} depends on past runs: backfill with reprocess failed or completed"
        )


def is_created_by_backfill(existing_state: str | None, reprocess: str) -> bool:
    """Whether a backfill makes (or clears) a run for a date whose run is in ``existing_state``.

    None: there is no run yet. ``reprocess``: none, failed, completed.
    """
    if existing_state is None:
        return True
    if existing_state == "failed":
        return reprocess in {"failed", "completed"}
    return existing_state == "success" and reprocess == "completed"

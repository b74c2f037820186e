"""Schedules that people put in the place of a pipeline file's: typed as text, until taken back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec

from runner.authoring.timetables import NullTimetable, Timetable, schedule_to_timetable
from runner.scheduling.dag_runs import restriction_of
from store.structure import DagStructure, TimetableStructure

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400}
SHORTEST = timedelta(seconds=1)
NEVER = ("none", "never")

_EVERY = re.compile(r"every\s+(?:(\d+(?:\.\d+)?)\s+)?([a-z]+?)s?", re.IGNORECASE)
_PERIOD = re.compile(r"(?:(\d+)\s+days?,\s*)?(\d+):(\d\d):(\d\d)", re.IGNORECASE)


def is_own(structure: DagStructure, text: str) -> bool:
    """Whether a text says what the file says. Then the file's own timetable holds: a text leaves
    out what else belongs to it, such as the width of its data intervals."""
    return " ".join(text.split()) == " ".join(structure.timetable.summary.split())


def timetable_for(structure: DagStructure, text: str) -> Timetable:
    """The timetable that a text stands for, in the DAG's time zone. Raises ``ValueError`` with
    one sentence.

    The text is a cron expression, a preset (``@daily``), a period (``every 15 minutes``,
    ``0:15:00``) or ``None``. Data intervals are those of the kind of schedule that the file has.
    """
    text = " ".join(text.split())
    if not text:
        raise ValueError("type a schedule: 0 3 * * *, @daily, every 15 minutes, or None")
    if text.lower() in NEVER:
        return NullTimetable()
    intervals = not structure.timetable.kind.endswith("_trigger")
    zone = structure.timetable.timezone
    if zone == "UTC":
        zone = structure.timezone
    period = _period(text)
    schedule = text.lower() if text.startswith("@") else text
    timetable = schedule_to_timetable(period or schedule, zone, data_intervals=intervals)
    if timetable.kind == "continuous" and structure.max_active_runs != 1:
        raise ValueError(
            "@continuous runs one at a time: the DAG's max_active_runs is "
            f"{structure.max_active_runs}"
        )
    return timetable


def _period(text: str) -> timedelta | None:
    found = _PERIOD.fullmatch(text)
    if found is not None:
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return _checked(timedelta, days, 3600 * hours + 60 * minutes + seconds)
    found = _EVERY.fullmatch(text)
    if found is None:
        if text.lower().startswith("every"):
            raise ValueError("write a period as: every 15 minutes, every 6 hours, every day")
        return None
    unit = UNITS.get(found[2].lower())
    if unit is None:
        raise ValueError(f"{found[2]!r} is no unit: use seconds, minutes, hours, days or weeks")
    return _checked(timedelta, 0, float(found[1] or 1) * unit)


def _checked(make: type[timedelta], days: int, seconds: float) -> timedelta:
    try:
        period = make(days=days, seconds=seconds)
    except OverflowError:
        raise ValueError("this period is longer than the calendar") from None
    if period < SHORTEST:
        raise ValueError("a period is at least one second")
    return period


def within(structure: DagStructure, window: Mapping[str, Any] | None) -> DagStructure:
    """The structure with the start, end and catchup of a window, as far as it has them."""
    window = window or {}
    catchup = window.get("catchup")
    return msgspec.structs.replace(
        structure,
        start_date=window.get("start") or structure.start_date,
        end_date=window.get("end") or structure.end_date,
        catchup=structure.catchup if catchup is None else bool(catchup),
    )


def check_window(structure: DagStructure, window: Mapping[str, Any] | None) -> None:
    """Raise ``ValueError`` with one sentence where no date is between start and end."""
    window = window or {}
    try:
        first, last, _ = restriction_of(within(structure, window))
    except OverflowError:
        raise ValueError("start and end must be dates of the calendar in every zone") from None
    if first is not None and last is not None and first > last:
        of_file = "the file's end" if not window.get("end") else "the end"
        whose = "the file's start" if not window.get("start") else "the start"
        raise ValueError(f"{whose}, {first.isoformat()}, is after {of_file}, {last.isoformat()}")


def overridden(
    structure: DagStructure, text: str, window: Mapping[str, Any] | None = None
) -> DagStructure:
    """The structure with the schedule that a text stands for, and its start, end and catchup.

    A text that means nothing (any more) becomes a schedule that says so when it is computed.
    """
    if is_own(structure, text):
        return within(structure, window)
    try:
        timetable = msgspec.convert(
            timetable_for(structure, text).to_structure(), TimetableStructure
        )
    except ValueError:
        timetable = TimetableStructure(
            kind="cron_interval", expression=text, timezone=structure.timezone, summary=text
        )
    return msgspec.structs.replace(within(structure, window), timetable=timetable)

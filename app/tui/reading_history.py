"""What trends and calendar read. Run in the refresher's thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, NamedTuple

from app.zones import aware, local

if TYPE_CHECKING:
    from store.engine import Store
    from store.queries.dags import DagRow
    from store.queries.grid import GridRow
    from store.queries.history import DayTally, Past
    from store.queries.runs import RunRow
    from store.states import DagRunState


@dataclass(frozen=True, slots=True)
class TrendsSnapshot:
    """A DAG's newest runs with the figures of their tasks."""

    dag: DagRow
    rows: tuple[GridRow, ...]
    """The tasks and groups of the newest version."""
    past: Past
    wanted: int
    """Runs asked for."""


@dataclass(frozen=True, slots=True)
class CalendarSnapshot:
    """The days of a year."""

    dag: DagRow
    year: int
    days: Mapping[date, Mapping[DagRunState, DayTally]]
    """Those with runs."""


class Hour(NamedTuple):
    """An hour that clocks show on a day: where they are put back, one of them comes twice."""

    day: date
    hour: int
    again: int
    """1: it comes for the second time on that day."""
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class HoursSnapshot:
    """The hours of a month."""

    dag: DagRow
    first: date
    """The first day of the month."""
    hours: tuple[Hour, ...]
    tallies: Mapping[datetime, Mapping[DagRunState, DayTally]]
    """By the start of an hour; those with runs."""


def read_trends(store: Store, dag_id: str, runs: int) -> TrendsSnapshot | None:
    """A DAG's newest runs; None if there is no such DAG."""
    from store.queries.dags import get_dag, get_structure
    from store.queries.grid import structure_rows
    from store.queries.history import past_of

    with store.read() as connection:
        dag = get_dag(connection, dag_id)
        structure = get_structure(connection, dag_id)
        past = past_of(connection, dag_id, runs=runs)
    if dag is None:
        return None
    return TrendsSnapshot(dag, structure_rows(structure) if structure else (), past, runs)


def read_calendar(
    store: Store, dag_id: str, year: int, zone: tzinfo | None
) -> CalendarSnapshot | None:
    """The runs of a year, by the days of the user's zone; None if there is no such DAG."""
    from store.queries.dags import get_dag
    from store.queries.history import tally_days

    first = date(year, 1, 1)
    days = [first + timedelta(days=number) for number in range(366)]
    days = [day for day in days if day.year == year]
    edges = [day_start(day, zone) for day in days]
    edges.append(day_start(days[-1] + timedelta(days=1), zone))
    with store.read() as connection:
        dag = get_dag(connection, dag_id)
        tallies = tally_days(connection, dag_id, edges)
    if dag is None:
        return None
    known = {day: tally for day, tally in zip(days, tallies, strict=True) if tally}
    return CalendarSnapshot(dag, year, known)


def read_hours(store: Store, dag_id: str, first: date, zone: tzinfo | None) -> HoursSnapshot | None:
    """The runs of a month, by the hours of the user's zone; None if there is no such DAG."""
    from store.queries.dags import get_dag
    from store.queries.history import tally_days

    days = [first + timedelta(days=number) for number in range(31)]
    hours = tuple(hour for day in days if day.month == first.month for hour in hours_of(day, zone))
    edges = [*(hour.start for hour in hours), hours[-1].end]
    with store.read() as connection:
        dag = get_dag(connection, dag_id)
        tallies = tally_days(connection, dag_id, edges)
    if dag is None:
        return None
    known = {hour.start: tally for hour, tally in zip(hours, tallies, strict=True) if tally}
    return HoursSnapshot(dag, first, hours, known)


def read_between(
    store: Store, dag_id: str, since: datetime, until: datetime, limit: int
) -> tuple[RunRow, ...]:
    """The newest runs of a day, or of an hour."""
    from store.queries.runs import RunFilter, list_runs

    with store.read() as connection:
        wanted = RunFilter(dag_id, since=since, until=until)
        return list_runs(connection, wanted, limit=limit).rows


def read_run(store: Store, dag_id: str, run_id: str) -> RunRow | None:
    """One run."""
    from store.queries.runs import get_run

    with store.read() as connection:
        return get_run(connection, dag_id, run_id)


def day_start(day: date, zone: tzinfo | None) -> datetime:
    """When a day begins in a zone (None: the machine's)."""
    return aware(datetime.combine(day, time()), zone)


QUARTER = timedelta(minutes=15)
"""No zone puts its clocks at another time than on a quarter of an hour."""


def hours_of(day: date, zone: tzinfo | None) -> list[Hour]:
    """The hours of a day in a zone, in their order: 24, but for days on which clocks are put."""
    at = day_start(day, zone).astimezone(UTC)
    end = day_start(day + timedelta(days=1), zone).astimezone(UTC)
    found: list[Hour] = []
    last: tuple[int, timedelta | None] | None = None
    while at < end:
        clock = local(at, zone)
        shown = (clock.hour, clock.utcoffset())
        until = min(end, at + QUARTER)
        if shown == last:
            found[-1] = found[-1]._replace(end=until)
        else:
            again = sum(one.hour == clock.hour for one in found)
            found.append(Hour(day, clock.hour, again, at, until))
        last, at = shown, until
    return found


def hour_at(moment: datetime, zone: tzinfo | None) -> Hour | None:
    """The hour that a moment is in; None at the edge of the calendar."""
    day = local(moment, zone).date()
    for one in (day, day + timedelta(days=1)):  # clocks may go back to a day that was over
        for hour in hours_of(one, zone):
            if hour.start <= moment < hour.end:
                return hour
    return None

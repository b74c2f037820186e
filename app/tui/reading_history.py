"""What trends and calendar read. Run in the refresher's thread."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING

from app.zones import aware

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


def read_day(
    store: Store, dag_id: str, day: date, zone: tzinfo | None, limit: int
) -> tuple[RunRow, ...]:
    """The newest runs of one day."""
    from store.queries.runs import RunFilter, list_runs

    since, until = day_start(day, zone), day_start(day + timedelta(days=1), zone)
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

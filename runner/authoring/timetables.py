"""When a DAG runs: Airflow's timetables, computed with croniter as Airflow does.

A timetable is a pure function of the last run's data interval, the restriction and the time. All
dates given are aware; all dates returned are in UTC. This module is imported by processes that
fork tasks: croniter and zoneinfo are loaded when they are first needed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Generic, NamedTuple, TypeVar

from runner.authoring.ticks import (
    PRESETS,
    CronTicks,
    DeltaTicks,
    Period,
    Ticks,
    is_period,
    zone,
)

TicksT = TypeVar("TicksT", bound=Ticks)


class DataInterval(NamedTuple):
    """The period a DAG run is about."""

    start: datetime
    end: datetime


class TimeRestriction(NamedTuple):
    """``start_date``, ``end_date`` (inclusive, on the logical date) and ``catchup`` of a DAG."""

    earliest: datetime | None
    latest: datetime | None
    catchup: bool

    @classmethod
    def between(
        cls, start_date: str | None, end_date: str | None, timezone: str, *, catchup: bool
    ) -> TimeRestriction:
        """From dates in ISO 8601, seen in the DAG's time zone. ``ValueError``: they are none."""
        return cls(_date(start_date, timezone), _date(end_date, timezone), catchup)


def _date(text: str | None, timezone: str) -> datetime | None:
    if text is None:
        return None
    date, here = datetime.fromisoformat(text), zone(timezone)
    return date.replace(tzinfo=here) if date.tzinfo is None else date.astimezone(here)


class DagRunInfo(NamedTuple):
    """A run to be made. It is made when ``run_after`` has come."""

    logical_date: datetime | None
    interval: DataInterval | None
    run_after: datetime


UNRESTRICTED = TimeRestriction(None, None, catchup=False)


def _run(start: datetime, end: datetime) -> DagRunInfo:
    return DagRunInfo(start, DataInterval(start, end), end)


class Timetable:
    """Base of the timetables. Subclasses say when the next run is."""

    kind = "none"
    periodic = True
    """Whether it has a period, so that it can be backfilled."""
    can_be_scheduled = True

    @property
    def summary(self) -> str:
        """What the author wrote, in short."""
        return "None"

    @property
    def description(self) -> str:
        """The schedule in words."""
        return "Never, external triggers only"

    def validate(self) -> None:
        """Raise ``ValueError`` with one sentence if the schedule can't be."""

    def next_dagrun_info(
        self,
        last_data_interval: DataInterval | None,
        restriction: TimeRestriction,
        now: datetime,
    ) -> DagRunInfo | None:
        """The next run after the last scheduled or backfilled one; None: there is none.

        Its ``run_after`` may lie in the past: then it is due at once.
        """
        return None

    def infer_manual_data_interval(self, run_after: datetime) -> DataInterval:
        """The data interval of a run that is triggered by hand at (or for) this time."""
        at = run_after.astimezone(UTC)
        return DataInterval(at, at)

    def next_fire_times(
        self,
        count: int,
        now: datetime,
        last_data_interval: DataInterval | None = None,
        restriction: TimeRestriction = UNRESTRICTED,
    ) -> list[datetime]:
        """When the next runs are made: up to ``count`` times after ``now``, in UTC."""
        times: list[datetime] = []
        clock, last = now.astimezone(UTC), last_data_interval
        while len(times) < count:
            info = self.next_dagrun_info(last, restriction, clock)
            if info is None or (last is not None and info.interval == last):
                break
            if info.run_after > now:
                times.append(info.run_after)
            clock, last = max(clock, info.run_after), info.interval
        return times

    def runs_between(self, earliest: datetime, latest: datetime) -> Iterator[DagRunInfo]:
        """All runs whose logical date is within these dates, in order; made for catching up."""
        restriction = TimeRestriction(earliest, latest, catchup=True)
        info = self.next_dagrun_info(None, restriction, earliest)
        while info is not None and info.interval is not None:
            yield info
            info = self.next_dagrun_info(info.interval, restriction, earliest)

    def to_structure(self) -> dict[str, Any]:
        """As JSON, for ``store.structure.TimetableStructure``."""
        return {"kind": self.kind, "summary": self.summary, "description": self.description}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Timetable) and self.to_structure() == other.to_structure()

    def __hash__(self) -> int:
        return hash(repr(self.to_structure()))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.summary}>"


class NullTimetable(Timetable):
    """``schedule=None``: runs are triggered."""

    periodic = False
    can_be_scheduled = False


class OnceTimetable(Timetable):
    """``@once``: one run, at the start date or at once, whatever ``catchup`` says."""

    kind = "once"
    periodic = False

    @property
    def summary(self) -> str:
        return "@once"

    @property
    def description(self) -> str:
        return "Once, as soon as possible"

    def next_dagrun_info(
        self,
        last_data_interval: DataInterval | None,
        restriction: TimeRestriction,
        now: datetime,
    ) -> DagRunInfo | None:
        if last_data_interval is not None:
            return None
        at = (restriction.earliest or now).astimezone(UTC)
        if restriction.latest is not None and at > restriction.latest:
            return None
        return _run(at, at)


class ContinuousTimetable(Timetable):
    """``@continuous``: the next run when the last has ended; one at a time."""

    kind = "continuous"
    periodic = False

    @property
    def summary(self) -> str:
        return "@continuous"

    @property
    def description(self) -> str:
        return "As frequently as possible, but only one run at a time"

    def next_dagrun_info(
        self,
        last_data_interval: DataInterval | None,
        restriction: TimeRestriction,
        now: datetime,
    ) -> DagRunInfo | None:
        now = now.astimezone(UTC)
        begin = (restriction.earliest or now).astimezone(UTC)
        if last_data_interval is None:
            start, end = begin, max(begin, now)
        elif last_data_interval.end > now:
            start = begin
            end = begin + (last_data_interval.end - last_data_interval.start)
        else:
            start, end = last_data_interval.end.astimezone(UTC), now
        if restriction.latest is not None and end > restriction.latest:
            return None
        return _run(start, end)


class _TickingTimetable(Timetable, ABC, Generic[TicksT]):
    """Runs at points in time, or about the periods between them."""

    ticks: TicksT

    @property
    def summary(self) -> str:
        return self.ticks.written

    @property
    def description(self) -> str:
        return self.ticks.describe()

    def validate(self) -> None:
        self.ticks.validate()

    def to_structure(self) -> dict[str, Any]:
        return super().to_structure() | self.ticks.to_structure()

    def next_fire_times(
        self,
        count: int,
        now: datetime,
        last_data_interval: DataInterval | None = None,
        restriction: TimeRestriction = UNRESTRICTED,
    ) -> list[datetime]:
        since = restriction.earliest if last_data_interval is None else last_data_interval.end
        if restriction.catchup and since is not None and since < now:
            # Straight to the present: there may be years to catch up with.
            at = self.ticks.leap(since, now)
            last_data_interval = DataInterval(self.ticks.previous_tick(at), at)
        return super().next_fire_times(count, now, last_data_interval, restriction)


class _IntervalTimetable(_TickingTimetable[TicksT]):
    """Runs about the periods between two ticks, made when the period is over."""

    @abstractmethod
    def _skip_to_latest(self, earliest: datetime | None, now: datetime) -> datetime:
        """Without ``catchup``: the start of the first period to run."""

    def next_dagrun_info(
        self,
        last_data_interval: DataInterval | None,
        restriction: TimeRestriction,
        now: datetime,
    ) -> DagRunInfo | None:
        earliest = restriction.earliest
        if not restriction.catchup:
            earliest = self._skip_to_latest(earliest, now.astimezone(UTC))
        elif earliest is not None:
            earliest = self.ticks.align_to_next(earliest)
        if last_data_interval is None:
            if earliest is None:
                return None
            start = earliest
        else:
            # Aligned, because the schedule may have changed since the last run.
            start = self.ticks.align_to_previous(last_data_interval.end)
            if earliest is not None:
                start = max(start, earliest)
            if start <= last_data_interval.start:
                start = self.ticks.next_tick(start)
                if start <= last_data_interval.start:
                    raise ValueError(
                        f"the schedule {self.summary} finds no period after that of "
                        f"{last_data_interval.start.isoformat()}"
                    )
        if restriction.latest is not None and start > restriction.latest:
            return None
        return _run(start.astimezone(UTC), self.ticks.next_tick(start))

    def runs_between(self, earliest: datetime, latest: datetime) -> Iterator[DagRunInfo]:
        start = self.ticks.align_to_next(earliest)
        while start <= latest:
            end = self.ticks.next_tick(start)
            yield _run(start.astimezone(UTC), end)
            start = end

    def infer_manual_data_interval(self, run_after: datetime) -> DataInterval:
        end = self.ticks.align_to_previous(run_after.astimezone(UTC))
        return DataInterval(self.ticks.previous_tick(end), end)


class CronDataIntervalTimetable(_IntervalTimetable[CronTicks]):
    """The periods between the ticks of a cron expression; each runs at its end."""

    kind = "cron_interval"

    def __init__(self, cron: str, timezone: str | tzinfo = "UTC") -> None:
        self.ticks = CronTicks(cron, timezone)

    def _skip_to_latest(self, earliest: datetime | None, now: datetime) -> datetime:
        before = self.ticks.previous_tick(now)
        # At a tick, the period that ends right now; else the last one that is over.
        latest = before if self.ticks.next_tick(before) == now else self.ticks.previous_tick(before)
        return latest if earliest is None else max(latest, self.ticks.align_to_next(earliest))


class DeltaDataIntervalTimetable(_IntervalTimetable[DeltaTicks]):
    """Periods of a fixed length from the start date on; each runs at its end."""

    kind = "delta_interval"

    def __init__(self, delta: object) -> None:
        self.ticks = DeltaTicks(delta)

    def _skip_to_latest(self, earliest: datetime | None, now: datetime) -> datetime:
        latest = self.ticks.previous_tick(self.ticks.floor(now, earliest or now))
        return latest if earliest is None else max(latest, earliest)


class _TriggerTimetable(_TickingTimetable[TicksT]):
    """Runs made at the ticks; their data interval is independent, and empty by default."""

    interval: timedelta

    def _first_run(self, now: datetime) -> datetime:
        return self.ticks.align_to_previous(now)

    def next_dagrun_info(
        self,
        last_data_interval: DataInterval | None,
        restriction: TimeRestriction,
        now: datetime,
    ) -> DagRunInfo | None:
        now = now.astimezone(UTC)
        earliest = restriction.earliest
        candidates = [] if restriction.catchup else [self.ticks.align_to_previous(now)]
        if last_data_interval is not None:
            candidates.append(self.ticks.next_tick(last_data_interval.end))
        elif earliest is None:
            candidates.append(self._first_run(now))
        if earliest is not None and (not restriction.catchup or last_data_interval is None):
            candidates.append(self.ticks.align_to_next(earliest))
        at = max(candidates).astimezone(UTC)
        if restriction.latest is not None and restriction.latest < at:
            return None
        return _run(at - self.interval, at)._replace(run_after=at)

    def infer_manual_data_interval(self, run_after: datetime) -> DataInterval:
        at = run_after.astimezone(UTC)
        return DataInterval(at - self.interval, at)

    def to_structure(self) -> dict[str, Any]:
        return super().to_structure() | {"interval": self.interval.total_seconds()}


class CronTriggerTimetable(_TriggerTimetable[CronTicks]):
    """Runs at the ticks of a cron expression, as cron itself does.

    ``interval``: width of the data interval before the tick. ``run_immediately`` matters for the
    first run of a DAG without start date: True takes the last tick, a timedelta takes it if it is
    no longer ago than that, False if it is no longer ago than a tenth of the period (5 minutes at
    least); otherwise the next tick is the first.
    """

    kind = "cron_trigger"

    def __init__(
        self,
        cron: str,
        timezone: str | tzinfo = "UTC",
        *,
        interval: timedelta = timedelta(),
        run_immediately: bool | timedelta = False,
    ) -> None:
        self.ticks = CronTicks(cron, timezone)
        self.interval = interval
        self.run_immediately = run_immediately

    def _first_run(self, now: datetime) -> datetime:
        before, after = self.ticks.align_to_previous(now), self.ticks.align_to_next(now)
        if self.run_immediately is True:
            return before
        if isinstance(self.run_immediately, timedelta):
            allowed = self.run_immediately
        else:
            allowed = max((after - before) / 10, timedelta(minutes=5))
        return before if now - before <= allowed else after

    def to_structure(self) -> dict[str, Any]:
        immediately: bool | float = (
            self.run_immediately.total_seconds()
            if isinstance(self.run_immediately, timedelta)
            else self.run_immediately
        )
        return super().to_structure() | {"run_immediately": immediately}


class DeltaTriggerTimetable(_TriggerTimetable[DeltaTicks]):
    """Runs a fixed time apart, the first at the start date (without ``catchup``: at once)."""

    kind = "delta_trigger"

    def __init__(self, delta: object, *, interval: timedelta = timedelta()) -> None:
        self.ticks = DeltaTicks(delta)
        self.interval = interval


def timetable_from(
    kind: str,
    *,
    expression: str = "",
    seconds: float = 0.0,
    timezone: str = "UTC",
    summary: str = "",
    description: str = "",
    months: int = 0,
    interval: float = 0.0,
    run_immediately: bool | float = False,
) -> Timetable:
    """The timetable a ``TimetableStructure`` describes. Raises ``ValueError``: unknown kind."""
    width = timedelta(seconds=interval)
    if kind in {"cron_interval", "cron_trigger"}:
        written = summary if PRESETS.get(summary) == expression else expression
        if kind == "cron_interval":
            return CronDataIntervalTimetable(written, timezone)
        immediately = (
            run_immediately
            if isinstance(run_immediately, bool)
            else timedelta(seconds=run_immediately)
        )
        return CronTriggerTimetable(written, timezone, interval=width, run_immediately=immediately)
    if kind in {"delta_interval", "delta_trigger"}:
        period = Period(months, timedelta(seconds=seconds))
        timetable = (
            DeltaDataIntervalTimetable(period)
            if kind == "delta_interval"
            else DeltaTriggerTimetable(period, interval=width)
        )
        timetable.ticks.written = summary or timetable.ticks.written
        return timetable
    if kind == "asset":
        from runner.authoring.asset_timetable import AssetTriggeredTimetable

        return AssetTriggeredTimetable(description)
    simple = {"none": NullTimetable, "once": OnceTimetable, "continuous": ContinuousTimetable}
    if kind not in simple:
        raise ValueError(f"{kind!r} is no kind of timetable")
    return simple[kind]()


def schedule_to_timetable(
    schedule: object, timezone: str | tzinfo = "UTC", *, data_intervals: bool = True
) -> Timetable:
    """The timetable for a DAG's ``schedule``: None, a preset, cron, a timedelta, a timetable.

    ``data_intervals``: cron and timedelta schedules make runs about the period that is over
    (dagtop's and Airflow 2's default); False: runs at the tick (Airflow 3's). Raises
    ``ValueError`` with one sentence.
    """
    timetable: Timetable
    if schedule is None:
        return NullTimetable()
    if isinstance(schedule, Timetable):
        timetable = schedule
    elif schedule == "@once":
        return OnceTimetable()
    elif schedule == "@continuous":
        return ContinuousTimetable()
    elif isinstance(schedule, str):
        cron = CronDataIntervalTimetable if data_intervals else CronTriggerTimetable
        timetable = cron(schedule, timezone)
    elif is_period(schedule):
        delta = DeltaDataIntervalTimetable if data_intervals else DeltaTriggerTimetable
        timetable = delta(schedule)
    else:
        from runner.authoring.asset_timetable import timetable_on

        on_assets = timetable_on(schedule)
        if on_assets is not None:
            return on_assets
        raise ValueError(
            f"a schedule can't be a {type(schedule).__name__}: use None, a cron expression, "
            "a preset such as '@daily', a timedelta, a timetable or assets"
        )
    timetable.validate()
    return timetable

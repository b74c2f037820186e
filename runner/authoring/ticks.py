"""Points in time: those of a cron expression, and those a fixed period apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.authoring.schedule_words import describe_cron, describe_period

if TYPE_CHECKING:
    from croniter import croniter

PRESETS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@quarterly": "0 0 1 */3 *",
    "@yearly": "0 0 1 1 *",
}
"""Airflow's names for cron expressions; croniter knows ``@annually`` and ``@midnight`` as well."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Ticks:
    """A series of points in time. All that is returned by a step is in UTC."""

    written = ""
    """What the author wrote."""

    def validate(self) -> None:
        """Raise ``ValueError`` with one sentence if there can't be such a series."""

    def describe(self) -> str:
        """In words."""
        return self.written

    def to_structure(self) -> dict[str, Any]:
        """Its fields in ``store.structure.TimetableStructure``."""
        return {}

    def next_tick(self, current: datetime) -> datetime:
        """The first point after ``current``."""
        return current

    def previous_tick(self, current: datetime) -> datetime:
        """The last point before ``current``."""
        return current

    def leap(self, current: datetime, limit: datetime) -> datetime:
        """The last point of the series of ``current`` that is not after ``limit``."""
        return current

    def align_to_next(self, current: datetime) -> datetime:
        """``current`` if it is such a point, else the next one."""
        return current

    def align_to_previous(self, current: datetime) -> datetime:
        """``current`` if it is such a point, else the one before."""
        return current


class Period(NamedTuple):
    """Calendar months, and a fixed length of time on top."""

    months: int
    rest: timedelta

    def __str__(self) -> str:
        months = f"{self.months} month{'s' if self.months != 1 else ''}"
        if not self.months:
            return str(self.rest)
        return f"{months}, {self.rest}" if self.rest else months


COLUMNS = "it wants 5 columns, as 30 6 * * *, or a name, as @daily"
"""What is wrong with a cron expression that has fewer or more."""

PARTS = (
    ("minute", "0 to 59"),
    ("hour", "0 to 23"),
    ("day of the month", "1 to 31"),
    ("month", "1 to 12, jan to dec"),
    ("day of the week", "0 to 7, sun to sat"),
    ("second", "0 to 59"),
    ("year", "1970 to 2099"),
)
"""The columns of a cron expression, and what may be in them."""


def wrong_column(expression: str) -> str | None:
    """Of the first column that is wrong by itself: "'61' is no minute (0 to 59)". None: none is."""
    from croniter import croniter

    written = expression.split()
    for number, (text, (name, values)) in enumerate(zip(written, PARTS, strict=False)):
        alone = ["*"] * len(written)
        alone[number] = text
        try:
            croniter(" ".join(alone))
        except ValueError:
            return f"{text!r} is no {name} ({values})"
    return None


class CronTicks(Ticks):
    """The points in time of a cron expression, read in a time zone.

    croniter computes on the wall clock. A time that a change to summer time leaves out is moved
    behind the gap; of one that occurs twice the second counts. Expressions that fire every hour
    go by elapsed time instead, so the repeated hour runs twice (Airflow's ``CronMixin``).
    """

    def __init__(self, cron: str, timezone: str | tzinfo) -> None:
        self.written = cron
        self.expression = PRESETS.get(cron, cron)
        self.timezone = zone_name(timezone)

    @cached_property
    def _parsed(self) -> croniter:
        from croniter import croniter

        return croniter(self.expression)

    def describe(self) -> str:
        return describe_cron(self.expression)

    def to_structure(self) -> dict[str, Any]:
        return {"expression": self.expression, "timezone": self.timezone}

    def validate(self) -> None:
        zone(self.timezone)
        try:
            self.next_tick(EPOCH)
        except ValueError as error:
            # croniter: "Exactly 5, 6 or 7 columns has to be specified for iterator expression.",
            # "failed to find next date"; else it says the expression again and not which column.
            words = str(error)
            if "columns" in words:
                why = COLUMNS
            elif "next date" in words:
                why = "no date is like that"
            else:
                why = wrong_column(self.expression) or words
            raise ValueError(f"the cron expression {self.written!r} is not valid: {why}") from None

    def next_tick(self, current: datetime) -> datetime:
        return self._step(current, forward=True)

    def previous_tick(self, current: datetime) -> datetime:
        return self._step(current, forward=False)

    def _step(self, current: datetime, *, forward: bool) -> datetime:
        here = zone(self.timezone)
        naive = current.astimezone(here).replace(tzinfo=None, fold=0)
        cron = self._parsed
        cron.set_current(naive, force=True)
        found: datetime = (cron.get_next if forward else cron.get_prev)(datetime)
        if cron.expanded[1] == ["*"]:
            return current.astimezone(UTC) + (found - naive)
        return _from_wall_clock(found, here)

    def leap(self, current: datetime, limit: datetime) -> datetime:
        return self.align_to_previous(limit)

    def align_to_next(self, current: datetime) -> datetime:
        current = current.astimezone(UTC)  # a time that exists twice equals none in another zone
        following = self.next_tick(current)
        return following if self.previous_tick(following) != current else current

    def align_to_previous(self, current: datetime) -> datetime:
        current = current.astimezone(UTC)
        before = self.previous_tick(current)
        return before if self.next_tick(before) != current else current


class DeltaTicks(Ticks):
    """Points in time a fixed period apart, wherever the first one is.

    ``months`` are calendar months, counted on the wall clock of the date they are added to; the
    rest of the period is elapsed time (``dateutil``'s relativedelta).
    """

    def __init__(self, delta: object) -> None:
        """``delta``: a timedelta, a relativedelta or a ``Period``. ``ValueError``: it is none."""
        self.written = str(delta)
        self.period = period_of(delta)

    def describe(self) -> str:
        return describe_period(self.period)

    def to_structure(self) -> dict[str, Any]:
        return {"seconds": self.period.rest.total_seconds(), "months": self.period.months}

    def validate(self) -> None:
        try:
            following = self.next_tick(EPOCH)
        except OverflowError:
            raise ValueError(f"the schedule interval {self.written} is too long") from None
        if following <= EPOCH:
            raise ValueError(f"the schedule interval must be positive, not {self.written}")

    def next_tick(self, current: datetime) -> datetime:
        return self._add(current, 1)

    def previous_tick(self, current: datetime) -> datetime:
        return self._add(current, -1)

    def _add(self, current: datetime, times: int) -> datetime:
        if self.period.months:
            current = _add_months(current, self.period.months * times)
        return current.astimezone(UTC) + self.period.rest * times

    def floor(self, at: datetime, anchor: datetime) -> datetime:
        """The last boundary at or before ``at``.

        Of a fixed period: its multiples since 1970, whatever the start date. Months have no fixed
        length: they are counted from ``anchor``.
        """
        return self.leap(anchor, at) if self.period.months else self.leap(EPOCH, at)

    def leap(self, current: datetime, limit: datetime) -> datetime:
        if not self.period.months:
            return limit - (limit - current) % self.period.rest
        while (following := self.next_tick(current)) <= limit:
            current = following
        return current


def is_period(value: object) -> bool:
    """Whether it is a timedelta, a relativedelta (whose class is not imported) or a ``Period``."""
    return isinstance(value, timedelta | Period) or all(
        hasattr(value, name) for name in ("years", "months", "days", "hours", "microseconds")
    )


def period_of(delta: Any) -> Period:
    """The calendar months and the fixed rest of a timedelta or a relativedelta.

    Raises ``ValueError`` if it is neither, or sets a part of the date (``day=1``, ``weekday=MO``):
    that is no period.
    """
    if isinstance(delta, Period):
        return delta
    if isinstance(delta, timedelta):
        return Period(0, delta)
    if not is_period(delta):
        raise ValueError(f"a schedule interval can't be a {type(delta).__name__}: use a timedelta")
    absolute = ("year", "month", "day", "weekday", "hour", "minute", "second", "microsecond")
    fixed = [name for name in absolute if getattr(delta, name, None) is not None]
    if fixed or getattr(delta, "leapdays", 0):
        names = ", ".join(fixed) or "leapdays"
        raise ValueError(f"a schedule can't be a relativedelta that sets {names}: use cron")
    rest = timedelta(
        days=delta.days,
        hours=delta.hours,
        minutes=delta.minutes,
        seconds=delta.seconds,
        microseconds=delta.microseconds,
    )
    return Period(int(delta.years) * 12 + int(delta.months), rest)


def zone_name(timezone: str | tzinfo) -> str:
    """How a time zone is stored: its IANA name, ``UTC``, or an offset such as ``+02:00``."""
    if isinstance(timezone, str):
        return timezone
    for attribute in ("key", "name"):
        name = getattr(timezone, attribute, None)
        if isinstance(name, str):
            return name
    offset = timezone.utcoffset(None)
    if offset is None:
        raise ValueError(f"the time zone {timezone!r} has no name: use one such as Europe/Zurich")
    minutes = round(offset.total_seconds() / 60)
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


@lru_cache(maxsize=64)
def zone(name: str) -> tzinfo:
    """The time zone called ``name``. Raises ``ValueError`` with one sentence."""
    if name in {"UTC", "utc", "Z"}:
        return UTC
    if name[:1] in {"+", "-"} and name[1:3].isdigit() and name[-2:].isdigit():
        sign = -1 if name[0] == "-" else 1
        return timezone(sign * timedelta(hours=int(name[1:3]), minutes=int(name[-2:])))
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"there is no time zone {name!r}: use one such as Europe/Zurich") from None


def _from_wall_clock(naive: datetime, here: tzinfo) -> datetime:
    """A time on the clock, in UTC; behind a gap by its length, and the second of two."""
    late = naive.replace(tzinfo=here, fold=1)
    before = naive.replace(tzinfo=here, fold=0).utcoffset()
    after = late.utcoffset()
    assert before is not None
    assert after is not None
    if after > before:
        late = (naive + (after - before)).replace(tzinfo=here, fold=1)
    return late.astimezone(UTC)


def _add_months(at: datetime, months: int) -> datetime:
    """The same day and wall-clock time so many months later; the last day of a shorter month."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    month += 1
    following = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    last_day = (following - timedelta(days=1)).day
    return at.replace(year=year, month=month, day=min(at.day, last_day))

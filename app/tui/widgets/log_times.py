"""Time ranges of a log: what is typed, and the offsets that stand for it.

Logs are written in the order of their times, so the place of a moment is found by halving: a few
dozen reads, however large the file is. Lines without a time belong to the one above.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from app.tui.models.log_levels import Clock
from app.tui.widgets.log_file import LogFile
from app.zones import aware, local

LOOK = 1 << 20
"""Bytes from an offset on in which a line with a time is looked for."""

PIECE = 1 << 16
Bounds = tuple[int, int | None]
"""Offset of the first line, and of the first beyond; None: to the end, wherever that will be."""

_SPAN = re.compile(r"(?:last\s+)?(\d+(?:\.\d+)?)\s*(s|m|min|h|d)")
_CLOCK = re.compile(r"(?:(\d{4})-)?(?:(\d\d)-(\d\d)[T ])?(\d{1,2}):(\d\d)(?::(\d\d))?")
_UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From a moment to a moment, in seconds since 1970; None: open."""

    since: float | None
    until: float | None
    words: str


def parse_range(
    text: str, last: datetime, zone: tzinfo | None, day: datetime | None = None
) -> TimeRange | None:
    """ "last 5m", "since 10:30", "until 10:45", "10:30-10:45". None: it is none of these.

    ``last`` is where "last" ends; clock times are of ``day`` (else of the day of ``last``), in
    the user's zone.
    """
    words = " ".join(text.lower().split())
    if span := _SPAN.fullmatch(words):
        seconds = float(span[1]) * _UNITS[span[2]]
        return TimeRange(last.timestamp() - seconds, None, f"last {span[1]}{span[2]}")
    kind, _, rest = words.partition(" ")
    day = local(day or last, zone).replace(tzinfo=None)
    if kind in ("since", "from", "until", "to"):
        moment = _moment(rest.strip(), day, zone)
        if moment is None:
            return None
        if kind in ("since", "from"):
            return TimeRange(moment[0], None, words)
        return TimeRange(None, moment[1], words)
    for dash in re.finditer(r"\s*(?:-|to|\.\.)\s*", words):  # dates have dashes too
        first = _moment(words[: dash.start()], day, zone)
        second = _moment(words[dash.end() :], day, zone)
        if first is not None and second is not None:
            until = second[1]
            if until < first[0]:  # over midnight
                until += timedelta(days=1).total_seconds()
            return TimeRange(first[0], until, words)
    return None


def _moment(text: str, day: datetime, zone: tzinfo | None) -> tuple[float, float] | None:
    """First and last moment of a clock time: of the minute, where no second is given."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    try:
        moment = day.replace(
            year=int(match[1] or day.year),
            month=int(match[2] or day.month),
            day=int(match[3] or day.day),
            hour=int(match[4]),
            minute=int(match[5]),
            second=int(match[6] or 0),
            microsecond=0,
        )
        begin = aware(moment, zone).timestamp()
    except (OverflowError, ValueError):
        return None
    return begin, begin + (1.0 if match[6] else 60.0)


def offset_of(file: LogFile, clock: Clock, moment: float) -> int | None:
    """Offset of the first line of that moment or later; None: there is none."""
    low, high, answer = 0, file.size, None
    while low < high:
        middle = (low + high) // 2
        found = next_timed(file, clock, middle, min(high, middle + LOOK))
        if found is not None and found[1] < moment:
            low = file.line(found[0])[1]
            continue
        if found is not None:
            answer = found[0]
        high = middle
    return answer


def bounds_of(file: LogFile, clock: Clock, wanted: TimeRange) -> Bounds | None:
    """The part of a log that is of those times; None: no line is."""
    low, high = 0, None
    if wanted.since is not None:
        low = offset_of(file, clock, wanted.since)
    if wanted.until is not None:
        high = offset_of(file, clock, wanted.until)
    if low is None or (high is not None and high <= low):
        return None
    if low == 0 and high is None and next_timed(file, clock, 0, LOOK) is None:
        return None
    return low, high


def next_timed(file: LogFile, clock: Clock, start: int, end: int) -> tuple[int, float] | None:
    """The first line that starts in [start, end) and has a time, and its time."""
    if start and file.read(start - 1, 1) != b"\n":
        start = file.line(start)[1]
    while start < end:
        data = file.read(start, PIECE)
        if not data:
            return None
        offset = 0
        while 0 <= offset < len(data) and start + offset < end:
            moment = clock(data[offset : offset + 80])
            if moment is not None:
                return start + offset, moment
            following = data.find(b"\n", offset) + 1
            if not following:
                break
            offset = following
        start = file.line(start + offset)[1] if offset < len(data) else start + offset
    return None

"""Time ranges of a log: what is typed, and the offsets that stand for it.

Logs are written in the order of their times, so the place of a moment is found by halving: a few
dozen reads, however large the file is. Lines without a time belong to the one above, unless the
runner noted that they came later.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from app.tui.models.log_levels import Clock, goes_on
from app.tui.widgets.log_file import LogFile
from app.zones import aware, local

LOOK = 1 << 20
"""Bytes from an offset on in which a line with a time is looked for."""

NEAR, PIECE = 1 << 10, 1 << 16
"""Bytes of it that are read at once: few at first."""

HEAD_OF_TIME = 80
OVERLAP = 32
"""Bytes that are read twice, to find a time across the edge of what was read."""

_MAYBE_TIMED = re.compile(rb"\n(?=\x1b|\[?\d{4}[-/]\d\d[-/]\d\d|[DIWEFC]\d{4} )")
"""Before lines that may state their time; the clock tells."""

Bounds = tuple[int, int | None]
"""Offset of the first line, and of the first beyond; None: to the end, wherever that will be."""

_SPAN = re.compile(r"(?:last\s+)?(\d+(?:\.\d+)?)\s*(s|m|min|h|d)")
_CLOCK = re.compile(
    r"(?:(\d{4})-)?(?:(\d\d)-(\d\d)[T ])?(\d{1,2}):(\d\d)(?::(\d\d)(?:[.,](\d{1,6}))?)?"
)
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
    """First and last moment of a clock time: of the minute where no second is given, of the
    millisecond in ``10:30:05.123``."""
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
            microsecond=int((match[7] or "").ljust(6, "0")),
        )
        begin = aware(moment, zone).timestamp()
    except (OverflowError, ValueError):
        return None
    if match[6] is None:
        return begin, begin + 60.0
    return begin, round(begin + 10.0 ** -len(match[7] or ""), 6)


def offset_of(file: LogFile, clock: Clock, moment: float) -> int | None:
    """Offset of the first line of that moment or later; None: there is none."""
    stated, noted = _stated(file, clock, moment), file.noted.since(moment)
    end, latest = (file.size, math.inf) if stated is None else stated
    if noted is None or noted[0] >= end or noted[1] > latest:
        return None if stated is None else end
    start = noted[0]
    if start and file.read(start - 1, 1) != b"\n":
        start = file.line(start)[1]
    above = last_timed(file, clock, max(0, end - LOOK), end)
    if above is not None and file.noted.contradict(*above):
        start = end
    elif above is not None and above[0] >= start:  # that one is earlier, whatever was noted
        start = file.line(above[0])[1]
    while start < end:
        line, following = file.line(start)
        if not goes_on(line):
            return start
        start = following
    return None if stated is None else end


def _stated(file: LogFile, clock: Clock, moment: float) -> tuple[int, float] | None:
    """The same of the lines that state their time, and that time."""
    low, high, answer = 0, file.size, None
    while low < high:
        middle = (low + high) // 2
        found = next_timed(file, clock, middle, min(high, middle + LOOK))
        if found is not None and found[1] < moment:
            low = file.line(found[0])[1]
            continue
        if found is not None:
            answer = found
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
    if low == 0 and high is None and not file.noted and next_timed(file, clock, 0, LOOK) is None:
        return None
    return low, high


def next_timed(file: LogFile, clock: Clock, start: int, end: int) -> tuple[int, float] | None:
    """The first line that starts in [start, end) and has a time, and its time."""
    begin, length = start - 1, NEAR  # with the newline before it
    while begin < end:
        data = _read(file, begin, length)
        for match in _MAYBE_TIMED.finditer(data):
            at = begin + match.end()
            if at >= end:
                return None
            moment = clock(file.read(at, HEAD_OF_TIME))
            if moment is not None:
                return at, moment
        if len(data) < length:
            return None
        begin, length = begin + length - OVERLAP, min(PIECE, length * 4)
    return None


def last_timed(file: LogFile, clock: Clock, start: int, end: int) -> tuple[int, float] | None:
    """The last line that starts in [start, end) and has a time, and its time."""
    length = NEAR
    while start < end:
        begin = max(start - 1, end - length)
        data = _read(file, begin, end - begin + OVERLAP)
        for match in reversed(list(_MAYBE_TIMED.finditer(data))):
            at = begin + match.end()
            moment = clock(file.read(at, HEAD_OF_TIME)) if at < end else None
            if moment is not None:
                return at, moment
        end, length = begin + 1, min(PIECE, length * 4)
    return None


def _read(file: LogFile, begin: int, length: int) -> bytes:
    """As the file reads; a newline stands before its first line, too."""
    return b"\n" + file.read(0, length - 1) if begin < 0 else file.read(begin, length)

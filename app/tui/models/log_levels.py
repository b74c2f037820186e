"""What a log line says of itself: its level, its time, and whether it goes on with the line above.

Lines are bytes as they are in the file. Known are the runner's own frame
(``[2026-11-21T10:00:00.120Z] ERROR - …``), Python's logging in its usual formats, loguru, nginx,
glog (``E1121 10:00:00.120``), ``[ERROR]``, ``panic:`` and tracebacks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

NONE, DEBUG, INFO, WARNING, ERROR = 0, 10, 20, 30, 40
LEVEL_NAMES = {INFO: "INFO", WARNING: "WARNING", ERROR: "ERROR"}
"""The steps of the level cycle; CRITICAL and the like count as ERROR."""

HEAD = 400
"""Bytes of a line in which its time and level are looked for."""

_WORDS: dict[bytes, int] = {
    b"TRACE": DEBUG,
    b"DEBUG": DEBUG,
    b"INFO": INFO,
    b"NOTICE": INFO,
    b"WARN": WARNING,
    b"WARNING": WARNING,
    b"ERR": ERROR,
    b"ERROR": ERROR,
    b"SEVERE": ERROR,
    b"CRITICAL": ERROR,
    b"FATAL": ERROR,
    b"ALERT": ERROR,
    b"PANIC": ERROR,
}
_GLOG = {b"D": DEBUG, b"I": INFO, b"W": WARNING, b"E": ERROR, b"F": ERROR, b"C": ERROR}
_ANY = rb"|".join(sorted(_WORDS, key=len, reverse=True))
_SGR = re.compile(rb"\x1b\[[\d;:]*m")

STAMP = re.compile(
    rb"(?!\d[\d/-]{9}[T ][\d:.,]{8,20}(?: ?(?:Z|UTC|[+-]\d\d:?\d\d))?[ \t\r]*(?:\n|\Z))"
    rb"\[?(\d{4})[-/](\d\d)[-/](\d\d)[T ](\d\d):(\d\d):(\d\d)(?:[.,](\d{1,9}))?"
    rb" ?(Z|UTC|[+-]\d\d:?\d\d)?\]?(?![\d:])"
)
"""A time at the start of a line, ISO-like. A date that is all of its line was printed: it is what
the line is about, and not when it was written."""

_GLOG_STAMP = re.compile(rb"([DIWEFC])(\d\d)(\d\d) +(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?")
_LEVEL = re.compile(
    rb"[ |:-]*(?:(?:[\w./:@-]+(?= +[|-] )|\[[^\]]{1,40}\])[ |:-]+){0,3}?"
    rb"(?:(" + _ANY + rb")(?![\w.])|\[((?i:" + _ANY + rb"))\])"
)
"""The level after a time: at once, or after a name or two in the usual frames."""

_STAMPED = rb"\[?\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,\d]*Z?\]? (?:[|-] )?"
_COMMON = re.compile(_STAMPED + rb"(" + _ANY + rb")(?![\w.])")
"""A time and the level at once: what nearly all lines are, found by one look."""

_BARE_LEVEL = re.compile(
    rb"(?:(" + _ANY + rb")(?=[:\s|-]|$)|\[((?i:" + _ANY + rb"))\]"
    rb"|(?i:(panic|fatal|fatal error|error|warning)):)"
)
_TRACEBACK = b"Traceback (most recent call last)"
_LAST_OF_TRACEBACK = re.compile(
    rb"[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Timeout|ExceptionGroup)\b(?:: |:?\r?$)"
)
_JOINTS = (b"During handling of the above", b"The above exception was", b"Caused by: ")


@lru_cache(maxsize=8)
def candidates(levels: tuple[int, ...]) -> re.Pattern[bytes]:
    """Finds the newlines before lines that may state one of the levels.

    Left out are, at the speed of a plain search, those that state another one in the common way,
    and those that go on with the line above.
    """
    others = rb"|".join(word for word, level in _WORDS.items() if level not in levels)
    return re.compile(rb"\n(?![ \t\r\n]|" + _STAMPED + rb"(?:" + others + rb")(?![\w.]))")


def level_of(line: bytes) -> int:
    """The level that the line itself states; NONE if it states none."""
    common = _COMMON.match(line)
    if common is not None:
        return _WORDS[common[1]]
    head = line[:HEAD]
    if b"\x1b" in head:
        head = _SGR.sub(b"", head)
    stamp = STAMP.match(head)
    if stamp is not None:
        found = _LEVEL.match(head, stamp.end())
        return NONE if found is None else _WORDS[(found[1] or found[2]).upper()]
    glog = _GLOG_STAMP.match(head)
    if glog is not None:
        return _GLOG[glog[1]]
    found = _BARE_LEVEL.match(head)
    if found is not None:
        word = (found[1] or found[2] or b"").upper()
        return _WORDS.get(word, WARNING if (found[3] or b"").lower() == b"warning" else ERROR)
    if head.startswith(_TRACEBACK) or _LAST_OF_TRACEBACK.match(head):
        return ERROR
    return NONE


def goes_on(line: bytes) -> bool:
    """Whether the line belongs to the one above: indented, empty, a part of a traceback."""
    return not line or line[:1] in (b" ", b"\t", b"\r") or is_traceback(line)


def is_traceback(line: bytes) -> bool:
    """Whether the line is one of those of a traceback that aren't indented."""
    return line.startswith((_TRACEBACK, *_JOINTS)) or _LAST_OF_TRACEBACK.match(line) is not None


Clock = Callable[[bytes], float | None]
"""Gives the time of a line in seconds since 1970; None of a line without one."""


def clock_of(zone: tzinfo | None, year: int) -> Clock:
    """A reader of times. ``zone`` is that of times without one (None: the machine's), ``year``
    that of glog's times, which have none."""

    def read(line: bytes) -> float | None:
        head = line[:80]
        if head[:1] == b"\x1b":
            head = _SGR.sub(b"", head)
        stamp = STAMP.match(head)
        if stamp is not None:
            return _seconds(stamp.groups(), zone)
        glog = _GLOG_STAMP.match(head)
        if glog is not None:
            return _seconds((b"%04d" % year, *glog.groups()[1:], None), zone)
        return None

    return read


def _seconds(parts: Sequence[bytes | None], zone: tzinfo | None) -> float | None:
    year, month, day, hour, minute, second = (int(part or 0) for part in parts[:6])
    minute_of = (year, month, day, hour, minute)
    begin = _minute(minute_of, parts[7] or b"", zone)
    if begin is None:
        return None
    fraction = parts[6]
    return begin + second + (int(fraction) / 10 ** len(fraction) if fraction else 0.0)


YEARS = range(1970, 9000)
"""Outside of these a line has no time: none that a zone could carry past what a date can be."""


@lru_cache(maxsize=512)
def _minute(
    minute: tuple[int, int, int, int, int], offset: bytes, zone: tzinfo | None
) -> float | None:
    if minute[0] not in YEARS:
        return None
    try:
        moment = datetime(*minute)  # noqa: DTZ001 - its zone is added below
        if offset in (b"Z", b"UTC"):
            return moment.replace(tzinfo=UTC).timestamp()
        if offset:
            span = timedelta(hours=int(offset[1:3]), minutes=int(offset[-2:]))
            own = timezone(-span if offset[:1] == b"-" else span)
            return moment.replace(tzinfo=own).timestamp()
    except ValueError:  # no such date, or no such offset
        return None
    return moment.replace(tzinfo=zone).timestamp() if zone else moment.timestamp()

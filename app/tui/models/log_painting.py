"""From the bytes of a log line to what is painted: times, level, colours, matches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from app.text import sanitize, sanitize_lines, sanitize_log
from app.tui.models.log_levels import DEBUG, ERROR, STAMP, WARNING, Clock, level_of
from app.tui.models.sgr import styled
from app.tui.spans import cut_at_matches

if TYPE_CHECKING:
    from app.tui.theme import Palette

ABSOLUTE, RELATIVE, OFF = "times", "since start", "no times"
STAMP_MODES = (ABSOLUTE, RELATIVE, OFF)

_LEVEL_WORD = re.compile(
    r"\b(?:TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERR(?:OR)?|SEVERE|CRITICAL|FATAL|ALERT|PANIC)\b"
)
_LAST_OF_TRACEBACK = re.compile(
    r"[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Timeout|ExceptionGroup)\b(?::|$)"
)


@dataclass(frozen=True, slots=True)
class Paint:
    """What the painting of a line depends on besides the line."""

    palette: Palette
    stamps: str
    clock: Clock
    zone: tzinfo | None
    origin: datetime | None
    """The start of the try: relative times count from it, times of its day show no date."""
    needle: str = ""
    any_case: bool = True


def segments_of(line: bytes, paint: Paint) -> list[Segment]:
    """The line in colours, without control sequences."""
    if b"\r" in line:
        line = line.rstrip(b"\r").rpartition(b"\r")[2]
    palette = paint.palette
    base = palette.style("text")
    stamp, rest = time_of(line, paint)
    segments = [Segment(stamp, palette.style("dim"))] if stamp else []
    pieces = styled(sanitize_log(rest.decode("utf-8", "replace")))
    if all(style is None for _, style in pieces):
        text = "".join(content for content, _ in pieces)
        segments.extend(_levelled(text, level_of(line), palette, base))
    else:
        segments.extend(
            Segment(content, base if style is None else base + style) for content, style in pieces
        )
    if paint.needle:
        style = palette.style("match")
        segments = highlight(segments, paint.needle, style, any_case=paint.any_case)
    return segments


def _levelled(text: str, level: int, palette: Palette, base: Style) -> list[Segment]:
    """A line without colours of its own: its level stands out."""
    if level == ERROR and _LAST_OF_TRACEBACK.match(text):
        return [Segment(text, palette.style("error"))]
    word = _LEVEL_WORD.search(text, 0, 100) if level else None
    if word is None:
        return [Segment(text, base)]
    role = {ERROR: "error", WARNING: "warning"}.get(level, "dim")
    return [
        Segment(text[: word.start()], base),
        Segment(word[0], palette.style(role)),
        Segment(text[word.end() :], palette.style("dim") if level == DEBUG else base),
    ]


def time_of(line: bytes, paint: Paint) -> tuple[str, bytes]:
    """The time at the start of a line as it is to be shown, and the line without it."""
    match = STAMP.match(line)
    if match is None:
        return "", line
    rest = line[match.end() :].removeprefix(b" ")
    if paint.stamps == OFF:
        return "", rest.removeprefix(b"- ").removeprefix(b"| ")
    seconds = paint.clock(line)
    if seconds is None:
        return "", line
    if paint.stamps == RELATIVE and paint.origin is not None:
        return since(seconds - paint.origin.timestamp()) + " ", rest
    return moment(seconds, paint.zone, paint.origin) + " ", rest


def moment(seconds: float, zone: tzinfo | None, origin: datetime | None) -> str:
    """A moment in the user's zone, with its date where it isn't the day of ``origin``."""
    at = datetime.fromtimestamp(seconds, UTC).astimezone(zone)
    if origin is not None and at.date() == origin.astimezone(zone).date():
        return f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}"
    return f"{at:%m-%d %H:%M:%S}"


def since(seconds: float) -> str:
    """A time after the start: +00:12.0, +1:02:33."""
    sign, tenths = ("-" if seconds < 0 else "+"), round(abs(seconds) * 10)
    minutes, tenths = divmod(tenths, 600)
    if minutes < 60:
        return f"{sign}{minutes:02d}:{tenths // 10:02d}.{tenths % 10}"
    return f"{sign}{minutes // 60}:{minutes % 60:02d}:{tenths // 10:02d}"


def plain_line(line: bytes) -> str:
    """The line as plain text, its last state if it was overwritten; times as they are written."""
    return sanitize(sanitize_log(line.decode("utf-8", "replace")))


def plain_lines(text: str) -> str:
    """Lines as plain text, as ``plain_line`` makes one."""
    if "\r" not in text:
        return sanitize_lines(text)
    return "\n".join(sanitize(sanitize_log(line)) for line in text.split("\n"))


def highlight(
    segments: list[Segment], needle: str, style: Style, *, any_case: bool = True
) -> list[Segment]:
    """The segments with every occurrence of the needle in the given style."""
    texts = [segment.text for segment in segments]
    result: list[Segment] = []
    for number, text, found in cut_at_matches(texts, needle, any_case=any_case):
        own = segments[number].style
        result.append(Segment(text, (own or Style()) + style if found else own))
    return result

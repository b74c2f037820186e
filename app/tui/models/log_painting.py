"""From the bytes of a log line to what is painted: times, level, colours, matches."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style

from app.text import sanitize, sanitize_lines, sanitize_log
from app.tui.formats import plural
from app.tui.models.log_groups import group_of
from app.tui.models.log_levels import DEBUG, ERROR, STAMP, WARNING, Clock, goes_on, level_of
from app.tui.models.sgr import styled
from app.tui.spans import cut_at_matches
from app.tui.theme import UNICODE, Glyphs

if TYPE_CHECKING:
    from app.tui.theme import Palette

ABSOLUTE, EVERY, RELATIVE, OFF = "times", "times of all lines", "since start", "no times"
STAMP_MODES = (ABSOLUTE, EVERY, RELATIVE, OFF)
"""``EVERY`` and ``RELATIVE`` show about when a line came that says no time, where that is noted."""

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
    glyphs: Glyphs = UNICODE
    folds: bool = True
    """Whether groups can be folded here: merged ones can't."""


RULE = 8
"""Cells of the rule that the end of a group is shown as."""


def segments_of(
    line: bytes, paint: Paint, noted: float | None = None, folded: int | None = None
) -> list[Segment]:
    """The line in colours, without control sequences. ``noted``: about when it was written;
    ``folded`` is how many lines are folded away under the heading that it is (-1: the group has no
    end yet)."""
    if b"\r" in line:
        line = line.rstrip(b"\r").rpartition(b"\r")[2]
    palette = paint.palette
    base = palette.style("text")
    stamp, rest = time_of(line, paint)
    if noted is not None and not stamp and not goes_on(line):
        stamp = _about(noted, paint)
    segments = [Segment(stamp, palette.style("dim"))] if stamp else []
    text = sanitize_log(rest.decode("utf-8", "replace"))
    heading = _heading(line, text, paint, folded)
    pieces = styled(text)
    if heading:
        segments.extend(heading)
    elif all(style is None for _, style in pieces):
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


def _heading(line: bytes, text: str, paint: Paint, folded: int | None) -> list[Segment]:
    """What is shown of a line that begins or ends a group; nothing of others, and of those in
    whose mark the needle is."""
    group = group_of(line)
    if group is None:
        return []
    opens, words = group
    title = sanitize(sanitize_log(words.decode("utf-8", "replace"))) if opens else ""
    if paint.needle and len(_found(text, paint)) != len(_found(title, paint)):
        return []
    glyphs, palette = paint.glyphs, paint.palette
    if not opens:
        return [Segment(glyphs.rule * RULE, palette.style("faint"))]
    sign = glyphs.unfolded if folded is None else glyphs.folded
    heading = [Segment(f"{sign} ", palette.style("accent"))] if paint.folds else []
    heading.append(Segment(title or "group", palette.style("strong" if title else "dim")))
    if folded is not None:
        more = plural(folded, "line") if folded >= 0 else "not ended"
        heading.append(Segment(f"  {more}", palette.style("dim")))
    return heading


def _found(text: str, paint: Paint) -> list[str]:
    cut = cut_at_matches([text], paint.needle, any_case=paint.any_case)
    return [piece for _, piece, found in cut if found]


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


def _about(noted: float, paint: Paint) -> str:
    """A time that is known to the second, as wide as the others; "" where it isn't to be shown."""
    if paint.stamps == RELATIVE and paint.origin is not None:
        return since(noted - paint.origin.timestamp()) + " "
    if paint.stamps != EVERY:
        return ""
    exact = moment(noted, paint.zone, paint.origin)
    return exact.partition(".")[0].ljust(len(exact)) + " "


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

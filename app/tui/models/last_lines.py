"""What a failed try said last, from the end of its log. Pure."""

from __future__ import annotations

import re

from app.tui.models.log_levels import STAMP
from app.tui.models.log_painting import plain_line

TAIL = 16_384
"""Bytes at the end of a log in which its last lines are looked for."""

MOST = 3
"""Lines that are kept."""

_FRAME = re.compile(
    r"INFO - (?:Try \d+ of \d+ of |Ended: )"
    r"|(?:ERROR - )?[\s|+-]*(?:Exception Group )?Traceback \(most recent call last\):"
    r'|[\s|]*(?:File ".*", line \d+|raise\b)'
    r"|[\s|^~+-]*(?:\d+ -+)?$"
)
"""What the runner and Python write around an error."""


def last_lines(tail: bytes, error: str) -> tuple[str, ...]:
    """The last lines of a log that say more than the error, which stands above them anyway.

    Of a traceback these are the source lines, of a command that failed or a process that was
    killed what it wrote itself.
    """
    found: list[str] = []
    for line in reversed(tail.split(b"\n")[-200:]):
        stamp = STAMP.match(line)
        text = plain_line(line if stamp is None else line[stamp.end() :]).strip()
        if _FRAME.match(text) or (error and text.endswith(error)):
            continue
        found.append(text.lstrip("| ").removeprefix("- "))
        if len(found) == MOST:
            break
    return tuple(reversed(found))

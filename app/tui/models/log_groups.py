"""Groups of log lines: ``::group::TITLE`` begins one, ``::endgroup::`` ends it.

The marks are those of Airflow and of GitHub Actions. They count at the start of a line, or after
its time, logger and level.
"""

from __future__ import annotations

import re

from app.tui.models.log_levels import HEAD, STAMP

MARK = b"group::"
"""What every line with a mark holds."""

_SGR = re.compile(rb"\x1b\[[\d;:]*m")
_MARK = rb"::(end)?group::(.*)"
_BARE = re.compile(
    rb"[ \t]*+(?:[A-Z]{4,8}(?::[\w.]{1,80}:(?=::)|[ |:-]{1,3}?))?" + _MARK, re.DOTALL
)
_NAME = rb"[\w/@]{1,80}+(?:[.:-][\w/@]{1,80}+)"
# Words of a sentence are none of a frame: levels, names of several parts, what a bar follows are.
_WORD = (
    rb"(?:\[[^\]]{0,80}\]|\{[^}]{0,80}\}|[A-Z]{4,8}(?!\w)|"
    + _NAME
    + rb"++|[\w/@]{1,80}+(?= *+(?:[|,-]|:(?!:))))"
)
_FRAMED = re.compile(
    rb"(?:(?:[ |,-]|:(?!:(?:end)?group::))*+" + _WORD + rb"){0,4}"
    rb"(?:[ |,-]|:(?!:(?:end)?group::))*+" + _MARK,
    re.DOTALL,
)


def group_of(line: bytes) -> tuple[bool, bytes] | None:
    """Whether the line begins a group (else it ends one), and the title; None of other lines."""
    if MARK not in line[:HEAD]:
        return None
    line = line.rstrip(b"\r\n")
    if b"\r" in line:  # a progress bar shows its last state only
        return None
    if b"\x1b" in line:
        line = _SGR.sub(b"", line)
    stamp = STAMP.match(line)
    found = _BARE.match(line) if stamp is None else _FRAMED.match(line, stamp.end())
    return None if found is None else (found[1] is None, found[2].strip())

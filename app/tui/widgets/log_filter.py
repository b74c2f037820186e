"""Which lines of a log are shown: words, ``!not``, ``level:warning``, and the level cycle.

A filter looks at a piece of the file at a time. Where it can, it finds the few lines that may pass
by searching the whole piece, and looks closer at those only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import accumulate

from app.tui.filters import parse
from app.tui.models.log_levels import (
    DEBUG,
    ERROR,
    INFO,
    NONE,
    WARNING,
    candidates,
    goes_on,
    is_traceback,
    level_of,
)
from app.tui.widgets.log_search import Needle

_QUOTED = re.compile(r'!?(?:"([^"]+)"?|(\S+))')
_LEVELS = {
    "debug": NONE,
    "all": NONE,
    "info": INFO,
    "warn": WARNING,
    "warning": WARNING,
    "error": ERROR,
    "critical": ERROR,
}
LOOK_BACK = 1 << 14
"""Bytes before a piece in which the line is looked for that its first lines go on with."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """What a line must hold and must not hold, and the least level of it."""

    words: tuple[Needle, ...] = ()
    without: tuple[Needle, ...] = ()
    level: int = NONE
    label: str = ""
    """What is shown before each line: it counts as a part of all of them."""

    def __bool__(self) -> bool:
        return bool(self.words or self.without or self.level)

    def names(self, needle: Needle) -> bool:
        """Whether the label holds a needle."""
        return bool(self.label) and needle.wanted in needle.view(self.label.encode())

    def starts(self, data: bytes, first: int, last: int) -> list[int]:
        """Where the lines start, among those that start in [first, last) of the data, that pass.

        The data begins with a line, and holds what comes before ``first`` to know with what the
        lines there go on, and the rest of the last line.
        """
        if any(map(self.names, self.without)):
            return []
        words = [one for one in self.words if not self.names(one)]
        words.sort(key=lambda one: -len(one.wanted))
        if self.level:
            found = self._of_level(data, first, last)
        elif words:
            found = lines_with(words.pop(0), data, first, last)
        else:
            found = line_starts(data, first, last)
        for needle in words:
            wanted = set(lines_with(needle, data, first, last))
            found = [at for at in found if at in wanted]
        for needle in self.without:
            wanted = set(lines_with(needle, data, first, last))
            found = [at for at in found if at not in wanted]
        return found

    def _of_level(self, data: bytes, first: int, last: int) -> list[int]:
        if self.level > INFO:
            return [at for at in lines_from(data, self.level, last) if at >= first]
        low = set(lines_below(data, last))
        return [at for at in line_starts(data, first, last) if at not in low]


def parse_filter(text: str, level: int = NONE) -> LogFilter:
    """The filter that was typed; capitals in a word make it match as it is written."""
    words: list[Needle] = []
    without: list[Needle] = []
    for match in _QUOTED.finditer(text):
        body = match[1] or match[2]
        if match[0].startswith("!"):
            body = body.removeprefix("!")
            if body:
                without.append(Needle(body))
            continue
        terms = parse(body) if match[2] else ()
        if terms and terms[0].field == "level" and terms[0].value in _LEVELS:
            level = max(level, _LEVELS[terms[0].value])
        else:
            words.append(Needle(body))
    return LogFilter(tuple(words), tuple(without), level)


def line_at(data: bytes, start: int) -> bytes:
    """The line that starts there."""
    end = data.find(b"\n", start)
    return data[start:] if end < 0 else data[start:end]


def line_starts(data: bytes, first: int, last: int) -> list[int]:
    """Where lines start in [first, last): at the first byte, and after newlines."""
    last = min(last, len(data))
    if first and data[first - 1 : first] != b"\n":
        first = data.find(b"\n", first) + 1 or last
    if first >= last:
        return []
    lengths = map(len, data[first:last].split(b"\n"))
    starts = list(accumulate(lengths, lambda start, length: start + length + 1, initial=first))
    starts.pop()
    if starts[-1] >= last:
        starts.pop()
    return starts


def lines_with(needle: Needle, data: bytes, first: int, last: int) -> list[int]:
    """Where the lines with a needle start in [first, last)."""
    wanted, text = needle.wanted, needle.view(data)
    found: list[int] = []
    at = text.find(wanted, first)
    while at >= 0:
        start = data.rfind(b"\n", 0, at) + 1
        if start >= last:
            break
        if start >= first:
            found.append(start)
        end = data.find(b"\n", at)
        at = -1 if end < 0 else text.find(wanted, end)
    return found


def stating(data: bytes, levels: tuple[int, ...], last: int) -> list[int]:
    """Where lines start, before ``last``, that state one of the levels, or a traceback."""
    starts = [match.end() for match in candidates(levels).finditer(data, 0, last)]
    return [
        start
        for start in (0, *starts)
        if start < min(last, len(data)) and level_of(line_at(data, start)) in levels
    ]


def lines_from(data: bytes, level: int, last: int) -> list[int]:
    """Lines of at least that level, with those that go on with them."""
    return _with_rest(data, stating(data, (WARNING, ERROR)[level > WARNING :], last), last)


def lines_below(data: bytes, last: int) -> list[int]:
    """Lines of DEBUG and TRACE, with those that go on with them."""
    return _with_rest(data, stating(data, (DEBUG,), last), last)


def _with_rest(data: bytes, heads: list[int], last: int) -> list[int]:
    found: list[int] = []
    known = set(heads)
    for start in heads:
        while start >= 0:
            found.append(start)
            start = data.find(b"\n", start) + 1
            if not 0 < start < min(last, len(data)) or start in known:
                break
            line = line_at(data, start)
            if not goes_on(line) or level_of(line) not in (NONE, ERROR):
                break
    return found


def error_starts(data: bytes, first: int, last: int) -> list[int]:
    """Where errors start in [first, last): of one with its traceback, only the first line."""
    found: list[int] = []
    heads = stating(data, (ERROR,), last)
    belonging = set(lines_from(data, ERROR, last))
    for start in heads:
        above = data.rfind(b"\n", 0, max(0, start - 1)) + 1
        part = is_traceback(line_at(data, start)) and start > 0 and above in belonging
        if not part and start >= first:
            found.append(start)
    return found

"""Which lines of a log are shown: words, ``!not``, ``level:warning``, and the level cycle.

A filter looks at a piece of the file at a time. Where it can, it finds the few lines that may pass
by searching the whole piece, and looks closer at those only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from app.tui.filters import parse
from app.tui.widgets.log_levels import (
    DEBUG,
    ERROR,
    HINTS,
    INFO,
    NONE,
    WARNING,
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

    def __bool__(self) -> bool:
        return bool(self.words or self.without or self.level)

    def holds(self, line: bytes) -> bool:
        """Whether the words are right; the level is another matter."""
        lowered = line.lower()
        return all(
            (needle.wanted in (lowered if needle.any_case else line)) is wanted
            for needles, wanted in ((self.words, True), (self.without, False))
            for needle in needles
        )

    def starts(self, data: bytes, first: int, last: int) -> list[int]:
        """Where the lines start, among those that start in [first, last) of the data, that pass.

        The data begins with a line, and holds what comes before ``first`` to know with what the
        lines there go on, and the rest of the last line.
        """
        if self.level:
            found = self._of_level(data, first, last)
        elif self.words:
            found = self._with_word(data, first, last)
        else:
            found = line_starts(data, first, last)
        if self.words or self.without:
            found = [at for at in found if self.holds(line_at(data, at))]
        return found

    def _with_word(self, data: bytes, first: int, last: int) -> list[int]:
        """Lines with the longest of the words."""
        needle = max(self.words, key=lambda one: len(one.wanted))
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
    found = [first] if first < last and (first == 0 or data[first - 1 : first] == b"\n") else []
    at = data.find(b"\n", first) + 1
    while 0 < at < min(last, len(data)):
        found.append(at)
        at = data.find(b"\n", at) + 1
    return found


def stating(data: bytes, levels: tuple[int, ...], last: int) -> list[int]:
    """Where lines start, before ``last``, that state one of the levels, or a traceback."""
    found: set[int] = set()
    for level in levels:
        words, glog = HINTS[level]
        for word in words:
            at = data.find(word)
            while at >= 0:
                start = data.rfind(b"\n", 0, at) + 1
                if start >= last:
                    break
                if start not in found and level_of(line_at(data, start)) in levels:
                    found.add(start)
                end = data.find(b"\n", at)
                at = -1 if end < 0 else data.find(word, end)
        found.update(match.start() + 1 for match in glog.finditer(data) if match.start() + 1 < last)
    return sorted(found)


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

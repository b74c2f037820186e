"""Which lines of a log are folded away, and where in a file its groups begin and end.

Nothing is indexed: the end of a group is looked for when it is folded, what it belongs to by
looking back. A group without an end goes on to the end of the file, and on as that grows; an end
without a group ends nothing.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from app.tui.models.log_groups import MARK, group_of
from app.tui.models.log_levels import HEAD
from app.tui.widgets.log_file import BLOCK, LINE_CAP, LogFile
from app.tui.widgets.log_search import Job

OPEN = (1 << 64) - 1
"""End of a group that has none yet."""

MOST_FOLDS = 1_000_000
"""Groups that are folded at once: 24 bytes each."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A line that begins or ends a group."""

    start: int
    following: int
    """Where the next line starts."""
    opens: bool


@dataclass(frozen=True, slots=True)
class Tail:
    """How far a group without an end was read: up to a line, and how deep groups lie there."""

    start: int
    depth: int


@dataclass(frozen=True, slots=True)
class Fold:
    """The lines between the heading of a group and what comes after its end."""

    begin: int
    end: int
    lines: int = 0
    """How many there are before the end; 0 as long as there is none."""


class Folds:
    """What is folded away: ranges of a file that don't overlap. A heading is not in its own."""

    def __init__(self) -> None:
        self._begins = array("Q")
        self._ends = array("Q")
        self._lines = array("Q")
        self.tail: Tail | None = None
        """Of the last range, if it has no end yet."""

    def __len__(self) -> int:
        return len(self._begins)

    @property
    def last(self) -> Fold:
        """The last of them."""
        return self._fold(len(self) - 1)

    def clear(self) -> None:
        """Nothing is folded."""
        del self._begins[:], self._ends[:], self._lines[:]
        self.tail = None

    def hiding(self, offset: int) -> Fold | None:
        """The fold that an offset is in."""
        at = bisect_right(self._begins, offset) - 1
        return self._fold(at) if at >= 0 and offset < self._ends[at] else None

    def under(self, following: int) -> Fold | None:
        """The fold that begins there, which is where its heading ends."""
        at = bisect_left(self._begins, following)
        return self._fold(at) if at < len(self) and self._begins[at] == following else None

    def _fold(self, at: int) -> Fold:
        return Fold(self._begins[at], self._ends[at], self._lines[at])

    def add(self, fold: Fold, tail: Tail | None = None) -> None:
        """Fold these lines; those within that are folded already become a part of it."""
        first, last = bisect_left(self._begins, fold.begin), bisect_left(self._begins, fold.end)
        self._begins[first:last] = array("Q", (fold.begin,))
        self._ends[first:last] = array("Q", (fold.end,))
        self._lines[first:last] = array("Q", (fold.lines,))
        if fold.end == OPEN:
            self.tail = tail

    def remove(self, fold: Fold) -> None:
        """Unfold these lines."""
        at = bisect_left(self._begins, fold.begin)
        del self._begins[at], self._ends[at], self._lines[at]
        if fold.end == OPEN:
            self.tail = None


def marks(file: LogFile, start: int, job: Job) -> Iterator[Mark]:
    """Marks from an offset on, which is where a line starts."""
    for block in range(start // BLOCK, -(-file.size // BLOCK)):
        if job.cancelled:
            return
        job.done = block * BLOCK / max(1, file.size)
        yield from marks_between(file, max(start, block * BLOCK), (block + 1) * BLOCK)


def marks_between(file: LogFile, low: int, high: int) -> list[Mark]:
    """Marks whose lines start in [low, high)."""
    data = file.read(low, high - low + HEAD)
    found: list[Mark] = []
    at = data.find(MARK)
    while at >= 0:
        begin, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at)
        if begin and 0 <= end < begin + LINE_CAP:
            start, following, line = low + begin, low + end + 1, data[begin:end]
        else:  # of a long line a piece, or one that begins or ends beyond what was read
            start = file.line_start(low + at)
            line, following = file.line(start)
        if start >= high:
            break
        group = group_of(line) if start >= low else None
        if group is not None:
            found.append(Mark(start, following, group[0]))
        at = data.find(MARK, max(at + 1, following - low))
    return found


def fold_under(
    file: LogFile, begin: int, job: Job, tail: Tail | None = None
) -> tuple[Fold, Tail | None]:
    """The lines of the group whose heading ends there. Of one without an end so far ``tail`` is
    what was given back at the last look."""
    start, depth = (begin, 1) if tail is None else (tail.start, tail.depth)
    last = _unfinished(file)
    rest = Tail(last, depth)
    for mark in marks(file, start, job):
        depth += 1 if mark.opens else -1
        if mark.start < last:
            rest = Tail(last, depth)
        if not depth:
            return Fold(begin, mark.following, file.count_lines(begin, mark.start)), None
    return Fold(begin, OPEN), rest


def _unfinished(file: LogFile) -> int:
    """Where the last line starts, if its end isn't written yet; else the end of the file."""
    ended = not file.size or file.read(file.size - 1, 1) == b"\n"
    return file.size if ended else file.line_start(file.size - 1)


def group_around(file: LogFile, offset: int, job: Job) -> int | None:
    """Where the heading starts of the group that the line there is in, or is the end of."""
    depth = 0
    for block in range(offset // BLOCK, -1, -1):
        if job.cancelled:
            return None
        job.done = 1 - block * BLOCK / max(1, file.size)
        found = marks_between(file, block * BLOCK, min(offset, (block + 1) * BLOCK))
        for mark in reversed(found):
            if mark.opens and not depth:
                return mark.start
            depth += -1 if mark.opens else 1
    return None


def all_folds(file: LogFile, job: Job) -> Folds:
    """The outermost groups of a file, as many as are folded at once."""
    folds, begin, depth = Folds(), 0, 0
    for mark in marks(file, 0, job):
        if mark.opens:
            begin = begin if depth else mark.following
            depth += 1
        elif depth:
            depth -= 1
            if not depth:
                folds.add(Fold(begin, mark.following, file.count_lines(begin, mark.start)))
        if len(folds) >= MOST_FOLDS:
            return folds
    if depth:
        folds.add(*fold_under(file, begin, job))
    return folds

"""The lines of several logs as one, in the order of their times.

Nothing is read ahead: what has been looked at is a list of places that grows at both ends, by the
earliest of the next lines of all files, or the latest of those before. A line without a time (of a
traceback, a print) stays with the line above, unless the runner noted that time passed between
them. A spot is which file, and an offset in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.tui.models.log_levels import Clock
from app.tui.spans import Span, Spans, crop_text
from app.tui.widgets.log_filter import LogFilter
from app.tui.widgets.log_lines import AT_ONCE, FileLines
from app.tui.widgets.log_search import Job, Needle, Tally
from app.tui.widgets.log_times import TimeRange, offset_of
from app.tui.widgets.merged_times import MergedTimes

WINDOW = 50_000
"""Places that are kept while following; beyond, the list begins anew at the end."""

LEAP = 1 << 16
"""Bytes beyond the list that are merged line by line; from more, only the end is looked at."""

LONGEST_LABEL = 24
KEPT_VECTORS = 64
TOP, END = (-1, 0), (-2, 0)
INSTANT = 1e-6
Spot = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Part:
    """One of the logs: what its lines are called, and in which role that is painted."""

    label: str
    role: str
    lines: FileLines
    start: float
    """Time of its lines before the first that has one."""


class MergedTally:
    """Numbers of matches in all files."""

    def __init__(self, tallies: Sequence[Tally]) -> None:
        self.tallies = tallies

    @property
    def total(self) -> int:
        return sum(one.total for one in self.tallies)

    @property
    def complete(self) -> bool:
        return all(one.complete for one in self.tallies)


class MergedLines:
    """As ``FileLines``, of several. A place is a number in the list of what was looked at."""

    def __init__(self, parts: Sequence[Part], clock: Clock) -> None:
        self.parts = parts
        self.clock = clock
        self.labels = max((len(part.label) for part in parts), default=0)
        self._sizes = [part.lines.size for part in parts]
        self._old_sizes = self._sizes
        self._times = MergedTimes(parts, clock)
        self._front: list[Spot] = []
        self._back: list[Spot] = []
        self._known: dict[Spot, int] = {}
        self._vectors: dict[Spot, list[int]] = {}
        self._ahead: list[int] = []
        self._behind: list[int] = []
        self.to_end()

    # all files together

    @property
    def wanted(self) -> LogFilter:
        """The filter."""
        return self.parts[0].lines.wanted if self.parts else LogFilter()

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(self._sizes)

    @property
    def exists(self) -> bool:
        """Whether there is any file."""
        return any(part.lines.exists for part in self.parts)

    @property
    def generation(self) -> int:
        """Another one: all places are void."""
        return sum(part.lines.generation for part in self.parts)

    @property
    def filtered(self) -> bool:
        """Whether a filter is on."""
        return bool(self.wanted)

    @property
    def pending(self) -> bool:
        """Whether lines may be missing because they aren't filtered yet."""
        return any(part.lines.pending for part in self.parts)

    @property
    def starved(self) -> bool:
        """Whether the last look for a line ended where it isn't filtered yet."""
        return any(part.lines.starved for part in self.parts)

    def close(self) -> None:
        """Close the files."""
        for part in self.parts:
            part.lines.close()

    def refresh(self) -> bool:
        """Look at the files again; True if anything is different. Raises ``OSError``."""
        generation = self.generation
        changed = [part.lines.refresh() for part in self.parts]
        if not any(changed):
            return False
        self._old_sizes, self._sizes = self._sizes, [part.lines.size for part in self.parts]
        self._times.clear()  # the runner may have noted when its lines came
        self._vectors.clear()
        if self.generation != generation:
            self.to_end()
        return True

    def other(self, wanted: LogFilter, bounds: Any = None) -> MergedLines:
        """The same files with another filter, and other bounds."""
        each = bounds or [None] * len(self.parts)
        return self._of(
            lambda number, lines: lines.other(
                replace(wanted, label=self.parts[number].label), each[number]
            )
        )

    def copy(self) -> MergedLines:
        """For another thread, which closes it."""
        other = self._of(lambda _, lines: lines.copy())
        other._vectors = self._vectors
        return other

    def _of(self, make: Callable[[int, FileLines], FileLines]) -> MergedLines:
        parts = [
            Part(part.label, part.role, make(number, part.lines), part.start)
            for number, part in enumerate(self.parts)
        ]
        return MergedLines(parts, self.clock)

    def bounds(self, clock: Clock, wanted: TimeRange) -> Any:
        """The parts of the files that are of those times; None: no line is."""
        found = [part.lines.bounds(clock, wanted) for part in self.parts]
        if all(one is None for one in found):
            return None
        sizes = self._sizes
        return [
            (size, size) if one is None else one for one, size in zip(found, sizes, strict=True)
        ]

    def allow(self, blocks: int = AT_ONCE) -> None:
        """Let so many blocks be filtered while the screen waits."""
        for part in self.parts:
            part.lines.allow(max(1, blocks // max(1, len(self.parts))))

    def grow_from(self, size: int) -> None:
        """What was worked out in a thread is of smaller files."""
        for part, old in zip(self.parts, self._old_sizes, strict=True):
            part.lines.grow_from(old)

    def count_new(self, size: int) -> int:
        """Shown lines that came at the last look."""
        pairs = zip(self.parts, self._old_sizes, strict=True)
        return sum(part.lines.count_new(old) for part, old in pairs)

    # the list of what was looked at

    def to_top(self) -> None:
        """Begin the list at the first line."""
        self._begin([part.lines.low for part in self.parts])

    def to_end(self) -> None:
        """Begin the list at the end."""
        self._begin([part.lines.high for part in self.parts])

    def _begin(self, offsets: list[int]) -> None:
        self._front.clear()
        self._back.clear()
        self._known.clear()
        self._ahead, self._behind = list(offsets), list(offsets)

    @property
    def _unseen(self) -> int:
        """Bytes of all files that lie beyond the list."""
        pairs = zip(self.parts, self._ahead, strict=True)
        return sum(part.lines.high - ahead for part, ahead in pairs)

    def _spot(self, place: int) -> Spot:
        return self._front[place] if place >= 0 else self._back[-place - 1]

    def _extend(self) -> bool:
        """Add the next line to the end of the list; False if there is none (yet)."""
        best: tuple[float, int, int] | None = None
        for number, part in enumerate(self.parts):
            place = part.lines.after(self._ahead[number] - 1)
            if place is None:
                if part.lines.starved:
                    return False
                continue
            found = (self.time(number, place), number, place)
            best = found if best is None else min(best, found)
        if best is None:
            return False
        _, number, place = best
        self._known[(number, place)] = len(self._front)
        self._front.append((number, place))
        self._ahead[number] = place + 1
        return True

    def _extend_back(self) -> bool:
        """Add the line before to the start of the list; False if there is none (yet)."""
        best: tuple[float, int, int] | None = None
        for number, part in enumerate(self.parts):
            place = part.lines.before(self._behind[number])
            if place is None:
                if part.lines.starved:
                    return False
                continue
            found = (self.time(number, place), number, place)
            best = found if best is None else max(best, found)
        if best is None:
            return False
        _, number, place = best
        self._back.append((number, place))
        self._known[(number, place)] = -len(self._back)
        self._behind[number] = place
        return True

    def time(self, number: int, place: int) -> float:
        """The time of a line: its own, or that of the line above, or what was noted."""
        return self._times.of(number, place)

    # lines

    def line(self, place: int) -> bytes:
        """The line at a place."""
        number, offset = self._spot(place)
        return self.parts[number].lines.line(offset)

    def offset(self, place: int) -> Spot:
        """Which file, and where in it."""
        return self._spot(place)

    def first(self) -> int | None:
        """The first place."""
        if any(
            part.lines.before(behind) is not None
            for part, behind in zip(self.parts, self._behind, strict=True)
        ):
            self.to_top()
        if self._back:
            return -len(self._back)
        return 0 if self._front or self._extend() else None

    def after(self, place: int) -> int | None:
        """The next place; None at the end."""
        if place + 1 < len(self._front) or self._extend():
            return place + 1
        return None

    def before(self, place: int | None) -> int | None:
        """The place before one (None: before the end, where the list must be); None at the top."""
        if place is None:
            if len(self._known) > WINDOW or self._unseen > LEAP:
                self.to_end()
            while self._extend():
                pass
            place = len(self._front)
        if place > -len(self._back) or self._extend_back():
            return place - 1
        return None

    def at(self, spot: Spot) -> int | None:
        """The place of the line that holds a spot, else of the one after or before it."""
        if spot in (TOP, END):
            if spot == TOP:
                return self.first()
            self.to_end()
            return self.before(None)
        number, offset = spot
        lines = self.parts[number].lines
        start = lines.at(offset)
        if start is None:
            return None if lines.starved else self.first()
        known = self._known.get((number, start))
        if known is None:
            self._begin(self._vector((number, start)))
            self._ahead[number] = start + 1
            self._front.append((number, start))
            known = self._known[(number, start)] = 0
        return known

    def within(self, start: Spot, spot: Spot) -> int:
        """How far into the line that starts there a spot of its file is."""
        return spot[1] - start[1]

    def holds(self, start: Spot, spot: Spot) -> bool:
        """Whether the line that starts there holds a spot."""
        return start[0] == spot[0] and self.parts[start[0]].lines.holds(start[1], spot[1])

    def share(self, place: int) -> float:
        """How far down a place is, in all files together."""
        ways = zip(self.parts, self._vector(self._spot(place)), strict=True)
        above = sum(start - part.lines.low for part, start in ways)
        return above / max(1, sum(part.lines.high - part.lines.low for part in self.parts))

    def prefix(self, place: int, width: int) -> Spans:
        """The name of the task, as wide as the longest, at most a fifth of the screen."""
        part = self.parts[self._spot(place)[0]]
        room = max(2, min(self.labels, LONGEST_LABEL, width // 5))
        label = crop_text(part.label, room)
        return (Span(label.ljust(room), part.role), Span(" "))

    @property
    def has_notes(self) -> bool:
        """Whether the runner noted when lines were written."""
        return any(part.lines.has_notes for part in self.parts)

    def noted(self, place: int) -> float | None:
        """About when the line at a place was written, where it doesn't say so itself."""
        number, offset = self._spot(place)
        return self.time(number, offset) if self.has_notes else None

    def texts(self) -> Iterator[tuple[int, bytes]]:
        """All lines, without keeping their places; not for the event loop."""
        self.to_top()
        while self._extend():
            spot = self._front[-1]
            label = self.parts[spot[0]].label.encode()
            yield 0, label + b": " + self.parts[spot[0]].lines.line(spot[1]) + b"\n"
            del self._front[:-1]
            self._known.clear()

    # searching, in a thread

    def edge(self, backwards: bool) -> Spot:
        """Where a search begins that shall see everything."""
        return END if backwards else TOP

    def beyond(self, spot: Spot, step: int) -> Spot:
        """So many bytes on, in the same line: it may be its label that was found."""
        following = self.parts[spot[0]].lines.file.line(spot[1])[1]
        return (spot[0], max(spot[1] + 1, min(spot[1] + step, following - 1)))

    def _vector(self, spot: Spot) -> list[int]:
        """For each file, where the lines begin that come after a spot."""
        if spot == TOP:
            return [part.lines.low for part in self.parts]
        if spot == END:
            return [part.lines.high for part in self.parts]
        known = self._vectors.get(spot)
        if known is not None:
            return known
        number, offset = spot
        moment = self.time(number, self.parts[number].lines.file.line_start(offset))
        found: list[int] = []
        for other, part in enumerate(self.parts):
            if other == number:
                found.append(offset)
                continue
            least, high = moment + INSTANT * (other < number), part.lines.high
            start = offset_of(part.lines.file, self.clock, least)
            if self.time(other, 0) >= least:
                start = 0
            found.append(high if start is None else max(part.lines.low, min(start, high)))
        if len(self._vectors) > KEPT_VECTORS:
            self._vectors.clear()
        self._vectors[spot] = found
        return found

    def _nearest(
        self, spot: Spot, backwards: bool, look: Callable[[FileLines, int, int], Any]
    ) -> Any:
        found: list[tuple[float, int, int]] = []
        for number, start in enumerate(self._vector(spot)):
            lines = self.parts[number].lines
            offset = look(lines, start, number)
            if offset is not None:
                moment = self.time(number, lines.file.line_start(offset))
                found.append((moment, number, offset))
        if not found:
            return None
        best = (max(found) if backwards else min(found))[1:]
        lines = self.parts[best[0]].lines
        self._vector((best[0], lines.file.line_start(best[1])))  # here, not when it is shown
        return best

    def find(
        self, needle: Needle, spot: Spot, backwards: bool, job: Job, until: Spot | None = None
    ) -> Spot | None:
        """The next match beyond a spot in a shown line; ``until`` saves looking beyond another."""
        ends = [None] * len(self.parts) if until is None else self._vector(until)

        def look(lines: FileLines, start: int, number: int) -> int | None:
            return lines.find(needle, start, backwards, job, ends[number])

        return self._nearest(spot, backwards, look)

    def find_error(self, spot: Spot, backwards: bool, job: Job) -> Spot | None:
        """The next line beyond a spot with which an error begins."""
        return self._nearest(
            spot, backwards, lambda lines, start, _: lines.find_error(start, backwards, job)
        )

    # counting, in a thread

    def counts(self) -> tuple[int, int, bool]:
        """Lines that pass, all lines, and whether that is all of them."""
        each = [part.lines.counts() for part in self.parts]
        return sum(one[0] for one in each), sum(one[1] for one in each), all(x[2] for x in each)

    def count(self, spot: Spot, job: Job) -> None:
        """Count the lines of all files, from a spot on."""
        for part, start in zip(self.parts, self._vector(spot), strict=True):
            part.lines.count(start, job)

    def tally(self) -> MergedTally:
        """Counts of matches, to be filled by ``tally_up``."""
        return MergedTally([part.lines.tally() for part in self.parts])

    def tally_up(self, needle: Needle, counts: MergedTally, job: Job) -> None:
        """Count all matches."""
        for part, one in zip(self.parts, counts.tallies, strict=True):
            part.lines.tally_up(needle, one, job)

    def grow_tally(self, counts: MergedTally, size: int) -> None:
        """The counts are of smaller files."""
        for part, one, old in zip(self.parts, counts.tallies, self._old_sizes, strict=True):
            part.lines.grow_tally(one, old)

    def ordinal(self, needle: Needle, counts: MergedTally, spot: Spot) -> int | None:
        """Not known: matches are counted file by file."""
        return None

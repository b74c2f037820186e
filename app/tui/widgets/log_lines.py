"""The lines of a log that are shown, one after another: all of them, or what a filter leaves.

A place is a number; the view asks for the place after one, before one, and for its line. Of a
filter the lines of a block of the file are worked out when they are wanted, and only their number
is kept: 8 bytes for each 256 KiB of log, however many lines pass.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Callable, Iterator

from app.tui.models.log_levels import Clock
from app.tui.spans import Spans
from app.tui.widgets import log_search
from app.tui.widgets.log_file import BLOCK, LINE_CAP, LogFile
from app.tui.widgets.log_filter import LOOK_BACK, LogFilter, error_starts
from app.tui.widgets.log_search import Job, Needle, Tally, around
from app.tui.widgets.log_times import Bounds, TimeRange, bounds_of

KEPT_BLOCKS = 12
"""Blocks of which the places of the passing lines are kept."""

AT_ONCE = 8
"""Blocks that are filtered while the screen waits; the others are left to the thread."""

Finder = Callable[[bytes, int, int], list[int]]


class FileLines:
    """Lines of one file, between two offsets, that pass a filter. A place is an offset."""

    def __init__(
        self,
        file: LogFile,
        wanted: LogFilter | None = None,
        bounds: Bounds | None = None,
    ) -> None:
        self.file = file
        self.wanted = LogFilter() if wanted is None else wanted
        self.low, self._high = bounds or (0, None)
        self.starved = False
        """Whether the last look for a line ended where it isn't filtered yet."""
        self.kept = Tally()
        """Lines that pass, by block."""
        self.all = Tally()
        """All lines, by block; counted on the way."""
        self._blocks: OrderedDict[int, array[int]] = OrderedDict()
        self._budget = AT_ONCE
        self._seen = 0
        self.grow()

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.file.size

    @property
    def exists(self) -> bool:
        """Whether there is a file."""
        return self.file.exists

    @property
    def generation(self) -> int:
        """Another one: all places are void."""
        return self.file.generation

    def refresh(self) -> bool:
        """Look at the file again; True if anything is different. Raises ``OSError``."""
        generation = self.file.generation
        changed = self.file.refresh()
        if self.file.generation != generation:
            self._blocks.clear()
            self._seen = self.low = 0
            self._high = None
        if changed:
            self.grow()
        return changed

    def other(self, wanted: LogFilter, bounds: Bounds | None = None) -> FileLines:
        """The same file with another filter, and other bounds."""
        return FileLines(self.file, wanted, bounds)

    def bounds(self, clock: Clock, wanted: TimeRange) -> Bounds | None:
        """The part of the file that is of those times; None: no line is."""
        return bounds_of(self.file, clock, wanted)

    def copy(self) -> FileLines:
        """For another thread, which closes it; what is counted is shared."""
        other = FileLines(self.file.copy(), self.wanted, (self.low, self._high))
        other.kept, other.all, other._budget = self.kept, self.all, 1 << 30
        return other

    def close(self) -> None:
        """Close the file."""
        self.file.close()

    @property
    def high(self) -> int:
        """Where the shown part ends."""
        size = self.file.size
        return size if self._high is None else min(self._high, size)

    @property
    def filtered(self) -> bool:
        """Whether a filter is on."""
        return bool(self.wanted)

    @property
    def pending(self) -> bool:
        """Whether lines may be missing because they aren't filtered yet."""
        return self.filtered and not self.kept.complete

    def grow(self) -> None:
        """The file is another size: what its last line was may be different."""
        if not self.filtered:
            return
        size = self.file.size
        changed = max(0, self._seen - LINE_CAP)
        for tally in (self.kept, self.all):
            tally.resize(size, changed)
        for block in [one for one in self._blocks if one >= changed // BLOCK]:
            del self._blocks[block]
        self._seen = size

    def grow_from(self, size: int) -> None:
        """What was worked out in a thread is of the file as it was at that size."""
        self._seen = min(self._seen, size)
        self.grow()

    def grow_tally(self, counts: Tally, size: int) -> None:
        """The counts are of the file as it was at that size."""
        counts.resize(self.file.size, max(0, size - LINE_CAP))

    def prefix(self, place: int, width: int) -> Spans:
        """What stands before a line."""
        return ()

    def to_top(self) -> None:
        """The first line will be shown."""

    def to_end(self) -> None:
        """The last line will be shown."""

    def edge(self, backwards: bool) -> int:
        """Where a search begins that shall see everything."""
        return self.file.size if backwards else 0

    def beyond(self, spot: int, step: int) -> int:
        """So many bytes on."""
        return spot + step

    def allow(self, blocks: int = AT_ONCE) -> None:
        """Let so many blocks be filtered while the screen waits."""
        self._budget = blocks

    # lines

    def line(self, place: int) -> bytes:
        """The line at a place."""
        return self.file.line(place)[0]

    def first(self) -> int | None:
        """The first place."""
        return self.after(self.low - 1)

    def after(self, place: int) -> int | None:
        """The next place; None at the end."""
        self.starved = False
        if not self.filtered:
            following = self.low if place < self.low else self.file.line(place)[1]
            return following if place < following < self.high else None
        block = max(self.low, place + 1) // BLOCK
        while block * BLOCK < self.high:
            starts = self._starts(block)
            if starts is None:
                return None
            at = bisect_right(starts, place)
            if at < len(starts):
                return starts[at]
            block += 1
        return None

    def before(self, place: int | None) -> int | None:
        """The place before one (None: before the end); None at the top."""
        self.starved = False
        place = self.high if place is None else min(place, self.high)
        if not self.filtered:
            return None if place <= self.low else max(self.low, self.file.before(place))
        block = (place - 1) // BLOCK
        while block >= 0 and place > self.low:
            starts = self._starts(block)
            if starts is None:
                return None
            at = bisect_left(starts, place)
            if at:
                return starts[at - 1]
            block -= 1
        return None

    def at(self, offset: int) -> int | None:
        """The place of the line that holds an offset, else the next one, else the last; None too
        as long as that isn't known."""
        if not self.filtered:
            offset = max(self.low, min(offset, self.high - 1))
            return self.file.line_start(offset) if self.high > self.low else None
        start = self.file.begin(offset)
        found = self.after(start - 1)
        return self.before(start) if found is None and not self.starved else found

    def offset(self, place: int) -> int:
        """Where in its file a place is."""
        return place

    def within(self, start: int, offset: int) -> int:
        """How far into the line that starts there an offset is."""
        return offset - start

    def holds(self, start: int, offset: int) -> bool:
        """Whether the line that starts there holds an offset."""
        return start <= offset < self.file.line(start)[1]

    def share(self, place: int) -> float:
        """How far down a place is."""
        return (place - self.low) / max(1, self.high - self.low)

    @property
    def has_notes(self) -> bool:
        """Whether the runner noted when lines were written."""
        return bool(self.file.noted)

    def noted(self, place: int) -> float | None:
        """About when the line at a place was written, where it doesn't say so itself."""
        found = self.file.noted.of(place)
        return None if found is None else found[1]

    def texts(self) -> Iterator[tuple[int, bytes]]:
        """All lines with their newlines, some at a time, and where they are; not for the event
        loop."""
        if self.filtered:
            for block in range(self.low // BLOCK, -(-self.high // BLOCK)):
                starts = self.starts(block)
                yield block * BLOCK, b"".join(self.line(start) + b"\n" for start in starts)
            return
        start = self.low
        while start < self.high:
            data = self.file.read(start, min(BLOCK, self.high - start))
            following = start + data.rfind(b"\n") + 1
            if following > start:
                data = data[: following - start]
            else:  # of a line longer than a block a piece
                data, following = self.file.line(start)
                if b"\r" in data or self.file.read(following - 1, 1) == b"\n":
                    data += b"\n"
            if not data and following <= start:
                return
            yield start, data
            start = following

    # blocks of a filter

    def _starts(self, block: int) -> array[int] | None:
        """The passing lines of a block; None if it isn't known yet whether there are any."""
        known = self.kept.peek(block)
        if known == 0:
            return array("Q")
        if block not in self._blocks:
            if known is None and self._budget <= 0:
                self.starved = True
                return None
            self._budget -= known is None
        starts = self.starts(block)
        if known is None:
            self.kept.put(block, len(starts))
        return starts

    def starts(self, block: int) -> array[int]:
        """Offsets of the lines that start in a block and pass."""
        found = self._blocks.get(block)
        if found is None:
            found = self._blocks[block] = array("Q", self.each(block, self.wanted.starts))
            while len(self._blocks) > KEPT_BLOCKS:
                self._blocks.popitem(last=False)
        else:
            self._blocks.move_to_end(block)
        return found

    def each(self, block: int, finder: Finder) -> list[int]:
        """What ``finder`` finds among the lines that start in a block, as offsets."""
        begin = block * BLOCK
        base = self.file.begin(max(0, begin - LOOK_BACK)) if begin else 0
        base = max(base, begin - 2 * LOOK_BACK)
        data = self.file.read(base, begin + BLOCK + LINE_CAP - base)
        low, high = max(begin, self.low) - base, min(begin + BLOCK, self.high) - base
        if low >= high:
            return []
        return [base + at for at in finder(data, low, high)]

    def _count_all(self, block: int) -> int:
        begin = max(self.low, block * BLOCK)
        end = min(self.high, (block + 1) * BLOCK)
        lines = self.file.count_lines(begin, end)
        if end == self.high and end > begin and self.file.read(end - 1, 1) != b"\n":
            lines += 1
        return lines

    def count(self, place: int, job: Job) -> None:
        """Count the lines of all blocks, from one place on; run in a thread."""
        order = list(around(place // BLOCK, len(self.kept)))
        for block in order:
            if job.cancelled:
                return
            if self.kept.peek(block) is None:
                self.kept.put(block, len(self.starts(block)))
            if self.all.peek(block) is None:
                self.all.put(block, self._count_all(block))
            job.done = self.kept.share

    def count_new(self, size: int) -> int:
        """Shown lines beyond what the size was before."""
        if not self.filtered:
            return self.file.count_lines(size, self.high)
        blocks = range(size // BLOCK, -(-self.high // BLOCK))
        return sum(1 for block in blocks for at in self._starts(block) or () if at >= size)

    def counts(self) -> tuple[int, int, bool]:
        """Lines that pass, all lines, and whether that is all of them."""
        return self.kept.total, self.all.total, self.kept.complete and self.all.complete

    # searching, in a thread

    def find(
        self, needle: Needle, place: int, backwards: bool, job: Job, until: int | None = None
    ) -> int | None:
        """Offset of the next match beyond an offset in a shown line; None if there is none.

        ``until`` saves looking beyond another offset.
        """
        if self.wanted.names(needle):
            found = self.before(place) if backwards else self.after(place - 1)
            last = self.low if backwards else self.high
            last = last if until is None else until
            beyond = found is None or (found < last if backwards else found >= last)
            return None if beyond else found
        while True:
            if backwards:
                place, last = min(place, self.high), max(self.low, until or 0)
                found = log_search.find_back(self.file, needle, place, job, last)
            else:
                last = self.high if until is None else min(until, self.high)
                found = log_search.find(self.file, needle, max(place, self.low), job, last)
            if found is None or not self.low <= found < self.high:
                return None
            if self.shows(found):
                return found
            place = found if backwards else found + len(needle.wanted)

    def shows(self, offset: int) -> bool:
        """Whether the line that holds an offset is shown."""
        if not self.filtered:
            return self.low <= offset < self.high
        start = self.file.begin(offset)
        starts = self.starts(start // BLOCK)
        at = bisect_left(starts, start)
        return at < len(starts) and starts[at] == start

    def tally(self) -> Tally:
        """Counts of matches, to be filled by ``tally_up``."""
        counts = Tally()
        counts.resize(self.file.size, 0)
        return counts

    def tally_up(self, needle: Needle, counts: Tally, job: Job) -> None:
        """Count all matches; run in a thread."""
        for block in range(len(counts)):
            if job.cancelled:
                return
            if counts.peek(block) is None:
                counts.put(block, self.matches_in(needle, block))
            job.done = counts.share

    def ordinal(self, needle: Needle, counts: Tally, offset: int) -> int | None:
        """Which of the matches the one at an offset is; None as long as that isn't known."""
        before = counts.before(offset // BLOCK)
        if before is None:
            return None
        return before + self.matches_in(needle, offset // BLOCK, offset + 1)

    def matches_in(self, needle: Needle, block: int, stop: int | None = None) -> int:
        """How many matches start in a block, before an offset."""
        begin = max(self.low, block * BLOCK)
        end = min(self.high, (block + 1) * BLOCK, self.high if stop is None else stop)
        extra = len(needle.wanted) - 1
        if self.wanted.names(needle):  # a line is one, as ``find`` has it
            return len(self.starts(block)) if self.filtered else self._count_all(block)
        if not self.filtered:
            return needle.view(self.file.read(begin, end - begin + extra)).count(needle.wanted)
        total = 0
        for start in (*self._last_before(block), *self.starts(block)):
            line, following = self.file.line(start)
            low, high = max(begin - start, 0), min(end, following) - start
            if high > low:
                total += needle.view(line[low : high + extra]).count(needle.wanted)
        return total

    def _last_before(self, block: int) -> array[int]:
        """The passing line before a block, if it reaches into it."""
        if block:
            start = self.file.begin(block * BLOCK)
            if start < block * BLOCK and self.shows(start):
                return array("Q", [start])
        return array("Q")

    def find_error(self, place: int, backwards: bool, job: Job) -> int | None:
        """The next line, at or after a place or before it, with which an error begins."""
        step = -1 if backwards else 1
        block = place // BLOCK
        blocks = -(-self.high // BLOCK)
        while 0 <= block < blocks and not job.cancelled:
            job.done = block / max(1, blocks)
            found = self.each(block, error_starts)
            beyond = [at for at in found if (at < place if backwards else at >= place)]
            for offset in reversed(beyond) if backwards else beyond:
                if self.shows(offset):
                    return offset
            block += step
        return None

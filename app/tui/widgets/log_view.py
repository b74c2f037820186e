"""A log as one reads it: filtered, searched, gone through from error to error, copied from."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from typing import Any

from rich.cells import cell_len
from textual.message import Message

from app.tui.models.log_painting import plain_line, segments_of
from app.tui.spans import row_starts
from app.tui.widgets.log_filter import LogFilter
from app.tui.widgets.log_folding import FoldingPager
from app.tui.widgets.log_jobs import Finished
from app.tui.widgets.log_lines import FileLines
from app.tui.widgets.log_pager import SHIFT
from app.tui.widgets.log_search import Job, Needle


class LogView(FoldingPager, can_focus=True):
    """A pager with a filter, a search, and lines to be marked."""

    _at_error = False
    """Whether the match is an error that was gone to, and none of the needle's."""

    _looking: tuple[str, str, bool] = ("", "", False)
    """What is looked for, while it is."""

    class NotFound(Message):
        """What is looked for is nowhere in the log."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    class Found(Message):
        """What was looked for is shown."""

    # marking lines

    def current(self) -> int | None:
        """The line that is meant: that of the match if it is visible, else the first one."""
        if not self._rows:
            return None
        place = self._place_of_match()
        return self._rows[0].place if place is None else place

    def _place_of_match(self) -> int | None:
        """The line with the match; None if there is none, or it was scrolled away."""
        if self.match is None:
            return None
        holds = self.source.holds
        return next((row.place for row in self._rows if holds(row.spot, self.match)), None)

    def current_line(self) -> str:
        """Text of the line that is meant."""
        place = self.current()
        return "" if place is None else plain_line(self.source.line(place))

    def text_from_here(self, chosen: Callable[[int], bool] = lambda _: True) -> list[str]:
        """Texts of the visible lines from the one that is meant on, of places that are chosen."""
        first = self.current()
        places = dict.fromkeys(row.place for row in self._rows)
        shown = [one for one in places if (first is None or one >= first) and chosen(one)]
        return [plain_line(self.source.line(one)) for one in shown]

    def time_shown(self) -> float | None:
        """About when the line in the middle of what is seen was written, of a log that is followed
        the last one; None: nobody has noted it."""
        if not self._rows or not self.source.has_notes:
            return None
        row = self._rows[-1 if self.following else len(self._rows) // 2]
        noted = self.source.noted(row.place)
        return self.origin.timestamp() if noted is None and self.origin else noted

    def mark(self) -> None:
        """Begin to mark lines, or stop it."""
        if self.marked is not None or not self._rows:
            self.marked = None
        else:
            place = self.current()
            if self.match is None and self.following:
                place = self._rows[-1].place
            self._stop_following()
            self.marked = None if place is None else (place, place)
        self.layout_rows()

    def to_edge(self, way: str) -> None:
        super().to_edge(way)
        if self.marked is not None:
            end = self._first() if way == "top" else self._before(None)
            self.marked = (self.marked[0], self.marked[1] if end is None else end)

    def step(self, step: int) -> None:
        if self.marked is None:
            super().step(step)
        else:
            self._stretch(self.marked, step)

    def _stretch(self, marked: tuple[int, int], step: int) -> None:
        """Move the other end of what is marked, and keep it in view."""
        begin, place = marked
        for _ in range(abs(step)):
            found = self._after(place) if step > 0 else self._before(place)
            place = place if found is None else found
        self.marked = (begin, place)
        self._stop_following()
        if self._rows and place < self._rows[0].place:
            self._top = (place, 0)
        while place > (self._rows[-1].place if self._rows else place):
            self._top = self._place_after(self._top)
            self._rows = self._rows_from(self._top, self.size.height)

    def marked_lines(self, cap: int) -> list[str]:
        """The marked lines, up to a number of characters and one line beyond."""
        if self.marked is None:
            return []
        lines: list[str] = []
        place, last, size = min(self.marked), max(self.marked), 0
        while place is not None and place <= last and size <= cap:
            lines.append(plain_line(self.source.line(place)))
            size += len(lines[-1]) + 1
            place = self.source.after(place)
        return lines

    # filtering

    def filter(self, wanted: LogFilter, bounds: Any = None) -> None:
        """Show only what passes, of a part of the file; the place stays, if it can."""
        if self.source is None:
            return
        spot = self.source.offset(self._rows[0].place) if self._rows else None
        self.jobs.cancel("filter", "matches")
        match = self.match
        self.source = self.source.other(wanted, bounds)
        self._start_over()
        self.match, self.tally = match, None
        self.source.allow()
        if not self.following:
            self._resting = spot
        self._count_lines()
        self._count_matches()
        self.layout_rows()

    def begun_anew(self) -> None:
        super().begun_anew()
        self.jobs.cancel()
        self.tally = None
        self._count_lines()
        self._count_matches()

    def grown(self, size: int) -> None:
        super().grown(size)
        if self.tally is not None:
            self.source.grow_tally(self.tally, size)
        if not self.jobs.get("filter"):
            self._count_lines()
        self._count_matches()

    def _count_lines(self) -> None:
        """Filter the whole log, to know how many lines pass; from what is visible on."""
        source = self.source
        if source is None or not source.filtered:
            return
        top = self._top[0]
        spot = source.edge(True) if self.following or top is None else source.offset(top)

        def work(copy: Any, job: Job) -> Any:
            copy.count(spot, job)
            return copy.size

        def then(size: int) -> None:
            if size != self.source.size:  # it grew meanwhile: the last block was another one
                self.source.grow_from(size)
                self._count_lines()
            self._tell()

        self.jobs.start("filter", "filtering", source, work, then)

    def _tell(self) -> None:
        if self.is_attached:
            self.layout_rows()
            self.post_message(self.Changed())

    # searching

    def search(self, needle: str) -> None:
        """Search from the visible part on, and round the end; "" ends it."""
        self.jobs.cancel("search", "matches")
        self.needle = needle
        self.match = self.tally = None
        self._at_error = False
        self.repaint_lines()
        if needle:
            self.find_next()

    def find_next(self, *, backwards: bool = False) -> None:
        """Look for the next match, going round the end of the log."""
        needle = Needle(self.needle)
        if self.source is None or not self.needle:
            return

        def work(source: Any, job: Job, spot: Any) -> Any:
            found = source.find(needle, spot, backwards, job)
            if found is None and not job.cancelled:
                found = source.find(needle, source.edge(backwards), backwards, job, spot)
            return found

        where = "the lines that pass the filter" if self.source.filtered else "this log"
        self._look("searching", f"{self.needle} is not in {where}", backwards, work)
        self.post_message(self.Changed())

    def find_error(self, *, backwards: bool = False) -> None:
        """Look for the next error; there is no going round."""
        if self.source is None:
            return
        missing = f"no error further {'up' if backwards else 'down'}"
        if self.source.filtered:
            missing += " passes the filter"

        def work(source: Any, job: Job, spot: Any) -> Any:
            return source.find_error(spot, backwards, job)

        self._look("looking for errors", missing, backwards, work)

    def _look(
        self, words: str, missing: str, backwards: bool, work: Callable[[Any, Job, Any], Any]
    ) -> None:
        """Look for a match or an error, unless that is under way: a key that is held down would
        begin it anew each time."""
        wanted = (words, missing, backwards)
        if self.jobs.get("search") is not None and self._looking == wanted:
            return
        self._looking = wanted
        at_error = words != "searching"
        spot = self._from(backwards, 1 if at_error else len(Needle(self.needle).wanted))
        self._at_error = at_error
        self.jobs.start(
            "search",
            words,
            self.source,
            lambda source, job: work(source, job, spot),
            self._found(missing),
            glances=isinstance(self.source, FileLines),
        )
        if self.jobs.get("search") is not None:  # it comes first
            self.jobs.cancel("matches")

    def _from(self, backwards: bool, step: int) -> Any:
        """Where a search begins: beyond the match, if it is visible, else at the first row."""
        if self._place_of_match() is not None:
            return self.match if backwards else self.source.beyond(self.match, step)
        if not self._rows or (self.following and backwards):
            return self.source.edge(backwards)
        return self._rows[0].spot

    def _found(self, words: str) -> Callable[[Any], None]:
        def then(spot: Any) -> None:
            if spot is None:
                self.post_message(self.NotFound(words))
            else:
                self.go_to(spot)
                self.post_message(self.Found())
            if spot is not None or self._at_error:
                self._count_matches()
            self.post_message(self.Changed())

        return then

    def _count_matches(self) -> None:
        """Count all matches; what is counted already stays so."""
        if self.source is None or not self.needle or self.jobs.get("matches") is not None:
            return
        counts: Any = self.source.tally() if self.tally is None else self.tally
        self.tally, needle = counts, Needle(self.needle)

        def work(copy: Any, job: Job) -> Any:
            copy.tally_up(needle, counts, job)
            return copy.size

        def then(size: int) -> None:
            if size != self.source.size:
                self.source.grow_tally(counts, size)
                self._count_matches()
            self._tell()

        if not counts.complete:
            self.jobs.start("matches", "counting", self.source, work, then)

    def ordinal(self) -> int | None:
        """Which of the matches is the current one; None as long as that isn't known."""
        if self.tally is None or self.match is None or not self.needle or self._at_error:
            return None
        return self.source.ordinal(Needle(self.needle), self.tally, self.match)

    def go_to(self, spot: Any) -> None:
        """Show a spot, with some lines above it, and so far to the side that it is seen."""
        self._stop_following()
        self._resting = None
        self.match = spot
        self.unfold_at(spot)
        place = self.source.at(spot)
        if place is None:
            self._tell()
            return
        start = self.source.offset(place)
        part = self._reveal(place, self.source.within(start, spot))
        if (place, start, part) not in {(row.place, row.spot, row.part) for row in self._rows}:
            self._top = (place, part)
            for _ in range(max(0, self.size.height // 3)):
                self._top = self._place_before(self._top)
        self._tell()

    def _reveal(self, place: int, offset: int) -> int:
        """The part of the wrapped line in which a match is, by its offset in the line; of a line
        that isn't wrapped the match is scrolled to."""
        room = self.line_width(place)
        text, at = ("", 0) if self._at_error else self._found_in(place, offset)
        begin, end = cell_len(text[:at]), cell_len(text[: at + len(self.needle)])
        if self.wrap:
            return bisect_right(row_starts(text, room), begin) - 1
        if not self.shift <= begin or end >= self.shift + room:
            self.shift = 0 if end < room else (begin - room // 3) // SHIFT * SHIFT
            self._forget_strips()
        return 0

    def _found_in(self, place: int, offset: int) -> tuple[str, int]:
        """A line as it is painted, and where in it a match is, by its offset in the file's."""
        line, needle, paint = self.source.line(place), Needle(self.needle), self.paint()
        text = "".join(segment.text for segment in segments_of(line, paint, self._noted(place)))
        lowered = text.lower() if needle.any_case else text
        at = lowered.find(self.needle)
        for _ in range(needle.view(line[:offset]).count(needle.wanted)):
            at = max(at, lowered.find(self.needle, at + 1))
        return text, max(0, at)

    def resized(self) -> None:
        was_seen = self._place_of_match() is not None
        super().resized()
        if was_seen and self._place_of_match() is None:
            self.go_to(self.match)

    def on_finished(self, message: Finished) -> None:
        self.jobs.finished(message)

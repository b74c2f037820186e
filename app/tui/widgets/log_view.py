"""A log as one reads it: filtered, searched, gone through from error to error, copied from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from textual.message import Message

from app.tui.widgets.log_filter import LogFilter
from app.tui.widgets.log_jobs import Finished
from app.tui.widgets.log_pager import LogPager
from app.tui.widgets.log_painting import plain_line
from app.tui.widgets.log_search import Job, Needle


class LogView(LogPager, can_focus=True):
    """A pager with a filter, a search, and lines to be marked."""

    _at_error = False
    """Whether the match is an error that was gone to, and none of the needle's."""

    class NotFound(Message):
        """What is looked for is nowhere in the log."""

        def __init__(self, words: str) -> None:
            super().__init__()
            self.words = words

    # marking lines

    def current(self) -> int | None:
        """The line that is meant: that of the match if it is visible, else the first one."""
        if not self._rows:
            return None
        if self.match is not None:
            for row in self._rows:
                if self.source.holds(row.spot, self.match):
                    return row.place
        return self._rows[0].place

    def current_line(self) -> str:
        """Text of the line that is meant."""
        place = self.current()
        return "" if place is None else plain_line(self.source.line(place))

    def text_from_here(self) -> list[str]:
        """Texts of the visible lines from the one that is meant on."""
        first = self.current()
        places = dict.fromkeys(row.place for row in self._rows)
        return [plain_line(self.source.line(p)) for p in places if first is None or p >= first]

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
            end = self.source.first() if way == "top" else self.source.before(None)
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
            found = self.source.after(place) if step > 0 else self.source.before(place)
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
        if not self.following and spot is not None:
            self._top = (self.source.at(spot), 0)
            self.fill_page()
        self._count_lines()
        self._count_matches()
        self.layout_rows()

    def begun_anew(self) -> None:
        self.jobs.cancel()
        self.tally = None
        self._count_lines()
        self._count_matches()

    def grown(self, size: int) -> None:
        if self.tally is not None:
            self.source.grow_tally(self.tally, size)
        if not self.jobs.get("filter"):
            self._count_lines()
        if not self.jobs.get("matches"):
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
        source, needle = self.source, Needle(self.needle)
        if source is None or not self.needle:
            return
        spot = self._from(backwards, len(needle.wanted))
        self._at_error = False
        self.jobs.cancel("matches")

        def work(copy: Any, job: Job) -> Any:
            found = copy.find(needle, spot, backwards, job)
            if found is None and not job.cancelled:
                found = copy.find(needle, copy.edge(backwards), backwards, job, spot)
            return found

        self.jobs.start("search", "searching", source, work, self._found(self.needle))
        self.post_message(self.Changed())

    def find_error(self, *, backwards: bool = False) -> None:
        """Look for the next error; there is no going round."""
        if self.source is None:
            return
        spot = self._from(backwards, 1)
        self._at_error = True
        words = "an error further up" if backwards else "an error further down"
        self.jobs.start(
            "search",
            "looking for errors",
            self.source,
            lambda copy, job: copy.find_error(spot, backwards, job),
            self._found(words),
        )

    def _from(self, backwards: bool, step: int) -> Any:
        """Where a search begins: beyond the last match, else at the edge of what is visible."""
        if self.match is not None:
            return self.match if backwards else self.source.beyond(self.match, step)
        if not self._rows:
            return self.source.edge(backwards)
        place = self._rows[0].place
        if self.following and backwards:
            return self.source.edge(True)
        return self.source.offset(place)

    def _found(self, words: str) -> Callable[[Any], None]:
        def then(spot: Any) -> None:
            if spot is None:
                self.post_message(self.NotFound(words))
            else:
                self.go_to(spot)
            if spot is not None or self._at_error:
                self._count_matches()
            self.post_message(self.Changed())

        return then

    def _count_matches(self) -> None:
        """Count all matches; what is counted already stays so."""
        if self.source is None or not self.needle:
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
        """Show a spot, with some lines above it."""
        self._stop_following()
        self.match = spot
        place = self.source.at(spot)
        start = None if place is None else self.source.offset(place)
        if place is None or any((row.place, row.spot) == (place, start) for row in self._rows):
            self._tell()
            return
        for _ in range(max(0, self.size.height // 3)):
            before = self.source.before(place)
            if before is None:
                break
            place = before
        self._top = (place, 0)
        self.layout_rows()

    def on_finished(self, message: Finished) -> None:
        self.jobs.finished(message)

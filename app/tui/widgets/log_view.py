"""A pager for a log that is being written: follow, search, wrap; its colours are kept."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.segment import Segment
from rich.style import Style
from textual.message import Message
from textual.strip import Strip

from app.text import sanitize_log
from app.tui.spans import span
from app.tui.widgets.line_view import LineView
from app.tui.widgets.log_file import LogFile
from app.tui.widgets.sgr import styled

POLL = 0.25
"""Seconds between two looks at the file, and so between two paints while following."""

CACHED = 2_000
"""Lines whose strips are kept."""

INLINE_SEARCH = 4 << 20
"""Bytes of a file that are searched at once, without a thread."""

SHIFT = 8
"""Cells that one step to the side moves."""

_FRAME = re.compile(r"(\[[^\]\s]{10,40}\] )(?:(DEBUG|INFO|WARNING|ERROR|CRITICAL)\b)?")
_ERROR = re.compile(r"[A-Za-z_][\w.]*(?:Error|Exception|Interrupt|Exit|Timeout)\b(?::|$)")
"""The last line of a traceback."""

_LEVEL_ROLE = {"WARNING": "warning", "ERROR": "error", "CRITICAL": "error"}

Place = tuple[int, int]
"""Offset of a line, and which of its wrapped rows."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row on screen: a line, or a part of a wrapped one."""

    offset: int
    part: int
    following: int
    strip: Strip


class LogView(LineView, can_focus=True):
    """Shows a ``LogFile`` from an offset on, or its end while following."""

    class Changed(Message):
        """Follow, position, number of new lines or the search changed: the status line differs."""

    class Searched(Message):
        """A search came to its end, at an offset or at nothing."""

        def __init__(self, needle: str, offset: int | None) -> None:
            super().__init__()
            self.needle = needle
            self.offset = offset

    class NotFound(Message):
        """What is searched for is nowhere in the file."""

        def __init__(self, needle: str) -> None:
            super().__init__()
            self.needle = needle

    def __init__(self, *, widget_id: str | None = None) -> None:
        super().__init__(widget_id=widget_id)
        self.file: LogFile | None = None
        self.following = True
        self.wrap = False
        self.shift = 0
        self.needle = ""
        self.match: int | None = None
        """Offset of the match that was found last."""
        self.new_lines = 0
        """Lines that came since following stopped."""
        self.problem = ""
        self.waiting = ""
        """What is said while there is no log."""
        self._top: Place = (0, 0)
        self._seen_size = 0
        self._generation = -1
        self._rows: list[Row] = []
        self._cache: OrderedDict[tuple[int, int], list[Strip]] = OrderedDict()
        self._known: tuple[object, ...] = ()

    def on_mount(self) -> None:
        self.timer = self.set_interval(POLL, self.poll)

    def on_unmount(self) -> None:
        if self.file is not None:
            self.file.close()

    # what is shown

    def open(self, path: Path | None, *, follow: bool = True) -> None:
        """Show a file, at its end if ``follow``. None: nothing to show yet."""
        if self.file is not None:
            self.file.close()
        self.file = None if path is None else LogFile(path)
        self.following = follow
        self.shift = self.new_lines = 0
        self.match = None
        self._top = (0, 0)
        self._generation = -1
        self._cache.clear()
        self.poll()
        self.layout_rows()

    def poll(self) -> None:
        """Look whether the file grew, was truncated or replaced."""
        if self.file is None:
            return
        try:
            changed = self.file.refresh()
            self.problem = ""
        except OSError as error:
            changed, self.problem = True, f"the log can't be read: {error.strerror}"
        if not changed:
            return
        if self.file.generation != self._generation:
            self._generation = self.file.generation
            self._cache.clear()
            self._seen_size = self.file.size
            self._top, self.new_lines = (0, 0), 0
        if not self.following and self.file.size > self._seen_size:
            self.new_lines += self.file.count_lines(self._seen_size, self.file.size)
        self._seen_size = self.file.size
        self.layout_rows()

    def layout_rows(self) -> None:
        """Work out the visible rows and repaint those that differ."""
        height = self.size.height
        if self.file is None or not height:
            self._rows = []
        elif self.following:
            self._rows = self._rows_to_end(height)
            if self._rows:
                self._top = (self._rows[0].offset, self._rows[0].part)
        else:
            self._rows = self._rows_from(self._top, height)
        self.repaint()
        state = (self.following, self.new_lines, self.needle, self.match, self.percent, self.wrap)
        if state != self._known:
            self._known = state
            self.post_message(self.Changed())

    @property
    def percent(self) -> int:
        """How far down the last visible row is, by bytes."""
        if self.file is None or not self.file.size or not self._rows:
            return 100
        return 100 * self._rows[-1].following // self.file.size

    @property
    def at_end(self) -> bool:
        """Whether the end of the file is visible."""
        if self.file is None or not self._rows:
            return True
        last = self._rows[-1]
        return last.following >= self.file.size

    def top_line(self) -> str:
        """Text of the line with the current match, else of the first visible line."""
        if self.file is None or not self._rows:
            return ""
        offset = self._rows[0].offset
        if self.match is not None:
            offset = self.file.line_start(self.match)
        return sanitize_log(self.file.line(offset)[0].decode("utf-8", "replace"))

    def _rows_from(self, top: Place, height: int) -> list[Row]:
        assert self.file is not None
        offset, skip = top
        rows: list[Row] = []
        while len(rows) < height and offset < self.file.size:
            strips, following = self._strips(offset)
            rows.extend(
                Row(offset, part, following, strip)
                for part, strip in enumerate(strips)
                if part >= skip
            )
            offset, skip = following, 0
        return rows[:height]

    def _rows_to_end(self, height: int) -> list[Row]:
        assert self.file is not None
        rows: list[Row] = []
        offset = self.file.size
        while offset > 0 and len(rows) < height:
            offset = self.file.before(offset)
            strips, following = self._strips(offset)
            rows[:0] = [Row(offset, part, following, s) for part, s in enumerate(strips)]
        return rows[-height:]

    def _strips(self, offset: int) -> tuple[list[Strip], int]:
        assert self.file is not None
        data, following = self.file.line(offset)
        key = (offset, following)
        strips = self._cache.get(key)
        if strips is None:
            strips = self._paint_line(data.decode("utf-8", "replace"))
            self._cache[key] = strips
            if len(self._cache) > CACHED:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(key)
        return strips, following

    def _paint_line(self, text: str) -> list[Strip]:
        palette = self.dagtop.palette
        base = palette.style("text")
        pieces = styled(sanitize_log(text.rstrip("\r\n")))
        segments: list[Segment] = []
        for content, style in pieces:
            segments.append(Segment(content, base if style is None else base + style))
        if len(pieces) == 1 and pieces[0][1] is None:
            segments = self._frame(pieces[0][0], base)
        if self.needle:
            segments = highlight(segments, self.needle, palette.style("match"))
        strip = Strip(segments)
        width = max(1, self.size.width)
        if self.wrap:
            return [
                strip.crop(start, start + width).adjust_cell_length(width, base)
                for start in range(0, max(1, strip.cell_length), width)
            ]
        shown = strip.crop(self.shift, self.shift + width)
        if strip.cell_length > self.shift + width:
            more = Segment(self.dagtop.glyphs.more_right, palette.style("accent"))
            shown = Strip([*shown.crop(0, width - 1), more])
        return [shown.adjust_cell_length(width, base)]

    def _frame(self, text: str, base: Style) -> list[Segment]:
        """A line of the runner's own framing: its time stands back, its level stands out."""
        palette = self.dagtop.palette
        match = _FRAME.match(text)
        if match is None:
            wrong = _ERROR.match(text) is not None
            return [Segment(text, palette.style("error") if wrong else base)]
        segments = [Segment(match[1], palette.style("dim"))]
        if match[2]:
            segments.append(Segment(match[2], palette.style(_LEVEL_ROLE.get(match[2], "dim"))))
        segments.append(Segment(text[match.end() :], base))
        return segments

    def build(self, y: int) -> Strip:
        if y < len(self._rows):
            return self._rows[y].strip
        if y == 0 and not self._rows:
            words = self.problem or self.waiting
            if self.file is not None and not self.problem and self.file.exists:
                words = "the log is empty so far"
            return self._words(words)
        return self.strip(())

    def _words(self, words: str) -> Strip:
        return self.strip((span(" "), span(words, "error" if self.problem else "dim")))

    def on_resize(self) -> None:
        super().on_resize()
        self._cache.clear()
        self.layout_rows()

    def forget(self) -> None:
        self._cache.clear()
        super().forget()
        self.layout_rows()

    # moving

    def travel(self, way: str) -> None:
        """Move as the action ``list.<way>`` says. Upwards stops following, the end resumes it."""
        page = max(1, self.size.height - 1)
        steps = {
            "down": 1,
            "up": -1,
            "page_down": page,
            "page_up": -page,
            "half_down": page // 2,
            "half_up": -(page // 2),
        }
        if way in steps:
            self._scroll(steps[way])
        elif way == "top":
            self._stop_following()
            self._top = (0, 0)
        elif way == "bottom":
            self.follow(True)
        elif way in ("left", "right") and not self.wrap:
            self.shift = max(0, self.shift + (SHIFT if way == "right" else -SHIFT))
            self._cache.clear()
        self.layout_rows()

    def follow(self, on: bool) -> None:
        """Follow the end, or stay here."""
        if on:
            self.following, self.new_lines, self.match = True, 0, None
        else:
            self._stop_following()
        self.layout_rows()

    def toggle_wrap(self) -> None:
        """Wrap long lines, or cut them at the edge."""
        self.wrap = not self.wrap
        self.shift = 0
        self._top = (self._top[0], 0)
        self._cache.clear()
        self.layout_rows()

    def _stop_following(self) -> None:
        if self.following:
            self.following = False
            self.new_lines = 0
            self._seen_size = self.file.size if self.file else 0

    def _scroll(self, step: int) -> None:
        if self.file is None or not self._rows:
            return
        if step < 0:
            self._stop_following()
            for _ in range(-step):
                self._top = self._place_before(self._top)
        elif not self.following:
            for _ in range(step):
                if self._last_page():
                    break
                self._top = self._place_after(self._top)

    def _last_page(self) -> bool:
        assert self.file is not None
        rows = self._rows_from(self._top, self.size.height + 1)
        return len(rows) <= self.size.height

    def _place_before(self, place: Place) -> Place:
        assert self.file is not None
        offset, part = place
        if part > 0:
            return offset, part - 1
        if offset == 0:
            return place
        offset = self.file.before(offset)
        return offset, len(self._strips(offset)[0]) - 1

    def _place_after(self, place: Place) -> Place:
        strips, following = self._strips(place[0])
        return (place[0], place[1] + 1) if place[1] + 1 < len(strips) else (following, 0)

    def on_mouse_scroll_down(self) -> None:
        self._scroll(3)
        if self.at_end and not self.following and self._last_page():
            self.follow(True)
        self.layout_rows()

    def on_mouse_scroll_up(self) -> None:
        self._scroll(-3)
        self.layout_rows()

    # searching

    def search(self, needle: str) -> None:
        """Search from the visible part on, and round the end; posts ``Searched``."""
        self.needle = needle
        self.match = None
        self._cache.clear()
        self.layout_rows()
        if needle:
            self.find_next()

    def find_next(self, *, backwards: bool = False) -> None:
        """Look for the next match; posts ``Searched``. In a thread where the file is large."""
        if self.file is None or not self.needle:
            return
        here = self._top[0] if self.match is None else self.match + (not backwards)
        look = partial(find_around, self.file, self.needle, here, backwards=backwards)
        if self.file.size <= INLINE_SEARCH:
            self.on_log_view_searched(self.Searched(self.needle, look()))
            return

        def in_thread() -> None:
            self.post_message(self.Searched(self.needle, look()))

        self.run_worker(in_thread, thread=True, exclusive=True, group="search", exit_on_error=False)

    def on_log_view_searched(self, message: Searched) -> None:
        """Show what was found, unless something else is searched for by now."""
        if message.needle != self.needle:
            return
        if message.offset is None:
            self.post_message(self.NotFound(message.needle))
        else:
            self.match = message.offset
            self._show(message.offset)

    def _show(self, offset: int) -> None:
        assert self.file is not None
        self._stop_following()
        if any(row.offset <= offset < row.following for row in self._rows):
            self.layout_rows()
            return
        start = self.file.line_start(offset)
        self._top = (self.file.back_from(start, max(0, self.size.height // 3)), 0)
        self.layout_rows()


def find_around(file: LogFile, needle: str, here: int, *, backwards: bool) -> int | None:
    """The next match from an offset on, going round the end of the file."""
    if backwards:
        found = file.find_back(needle, here)
        return file.find_back(needle, file.size) if found is None else found
    found = file.find(needle, here)
    return file.find(needle, 0) if found is None else found


def highlight(segments: list[Segment], needle: str, style: Style) -> list[Segment]:
    """The segments with every occurrence of the needle in the given style."""
    text = "".join(segment.text for segment in segments)
    wanted = needle.lower()
    lowered = text.lower()
    if wanted not in lowered or len(lowered) != len(text):
        return segments
    spots: list[tuple[int, int]] = []
    at = lowered.find(wanted)
    while at >= 0:
        spots.append((at, at + len(wanted)))
        at = lowered.find(wanted, at + len(wanted))
    result: list[Segment] = []
    position = 0
    for segment in segments:
        start, end = position, position + len(segment.text)
        cursor = start
        for first, last in spots:
            if last <= cursor or first >= end:
                continue
            if first > cursor:
                result.append(Segment(text[cursor:first], segment.style))
                cursor = first
            stop = min(last, end)
            result.append(Segment(text[cursor:stop], (segment.style or Style()) + style))
            cursor = stop
        if cursor < end:
            result.append(Segment(text[cursor:end], segment.style))
        position = end
    return result

"""A log file that may be huge and may grow, read by offset as a pager does.

Knows the file only; ``log_view`` paints it. Nothing is indexed: a position is the offset of a line
start, its neighbours are found by looking for newlines around it. So 1 GB opens at its end at
once, goes to its top at once, and costs no memory per line.
"""

from __future__ import annotations

import os
from pathlib import Path

from app.tui.widgets.noted_times import NotedTimes

LINE_CAP = 16_384
"""Longest line in bytes; a longer one is shown in pieces of this size."""

REACH = 4 << 20
"""Bytes before an offset that are looked through for the start of its line."""

BLOCK = 1 << 18
"""Bytes that are searched in one go: they fit the processor's cache, and the screen, which wants
its turn in between, is not kept waiting."""


class LogFile:
    """A growing file of lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.noted = NotedTimes(path)
        self.size = 0
        self.generation = 0
        """Grows when the file was truncated or replaced: all earlier offsets are void."""
        self._file = -1
        self._inode = 0

    def close(self) -> None:
        """Close the file; ``refresh`` opens it again."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def copy(self) -> LogFile:
        """The file as it is now, for another thread, which closes it."""
        other = LogFile(self.path)
        other.noted = self.noted
        other.size, other.generation, other._inode = self.size, self.generation, self._inode
        if self._file >= 0:
            other._file = os.dup(self._file)
        return other

    @property
    def exists(self) -> bool:
        """Whether there was a file at the last ``refresh``."""
        return self._file >= 0

    def refresh(self) -> bool:
        """Look at the file again; True if anything is different.

        Raises ``OSError`` where it exists and can't be read.
        """
        try:
            facts = os.stat(self.path)
        except FileNotFoundError:
            was_there = self.exists
            self._void()
            return was_there
        if not self.exists or facts.st_ino != self._inode or facts.st_size < self.size:
            self._void()
            self._file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
            opened = os.fstat(self._file)
            self._inode, self.size = opened.st_ino, opened.st_size
            self.noted = NotedTimes(self.path)
            self.noted.refresh()
            return True
        grown = facts.st_size != self.size
        self.size = facts.st_size
        return self.noted.refresh() or grown

    def _void(self) -> None:
        if self.exists or self.size:
            self.generation += 1
        self.close()
        self.size = 0

    def read(self, start: int, length: int) -> bytes:
        """Bytes from an offset on; fewer at the end of the file."""
        length = min(length, self.size - start)
        if self._file < 0 or length <= 0:
            return b""
        try:
            return os.pread(self._file, length, start)
        except OSError:  # a network file system lost it: to ``refresh`` it is gone, or unreadable
            return b""

    def line(self, start: int) -> tuple[bytes, int]:
        """The line (or piece of one) that starts at an offset, and where the next one starts.

        Pieces end at multiples of their size in the file, so that they are the same from wherever
        one comes. Of a long line that was overwritten with carriage returns (a progress bar) it is
        the end.
        """
        data = self.read(start, LINE_CAP)
        end = data.find(b"\n")
        if end >= 0:
            return data[:end], start + end + 1
        if len(data) < LINE_CAP:
            return data, start + len(data)
        if b"\r" in data:
            return self._overwritten(start)
        stop = _next(start, LINE_CAP)
        return data[: stop - start], stop

    def _overwritten(self, start: int) -> tuple[bytes, int]:
        """The last state of a progress bar, and where the next line or piece starts."""
        limit = _next(start, REACH)
        end = self._newline(start, limit)
        stop = min(self.size, limit) if end < 0 else end
        begin = max(start, stop - LINE_CAP)
        data = self.read(begin, stop - begin)
        if end < 0 and stop == limit:  # what comes after the last return is not all of a state
            data = data[: data.rfind(b"\r") + 1] or data
        return data, stop + (end >= 0)

    def _newline(self, start: int, limit: int) -> int:
        """Where the first newline at or after an offset is; -1: not before the limit."""
        while start < min(limit, self.size):
            data = self.read(start, min(BLOCK, limit - start))
            at = data.find(b"\n")
            if at >= 0:
                return start + at
            if not data:
                break
            start += len(data)
        return -1

    def before(self, start: int) -> int:
        """Where the line (or piece) before the one at ``start`` starts. 0 at the top."""
        return 0 if start <= 0 else self.line_start(start - 1)

    def begin(self, offset: int) -> int:
        """Where the whole line that holds ``offset`` starts, as far back as is looked."""
        found = self._begin(offset)
        return max(0, offset - REACH) if found is None else found

    def _begin(self, offset: int) -> int | None:
        stop, limit, length = offset, max(0, offset - REACH), 4096
        while stop > limit:
            start = max(limit, stop - length)
            at = self.read(start, stop - start).rfind(b"\n")
            if at >= 0:
                return start + at + 1
            stop, length = start, BLOCK
        return None if limit else 0

    def line_start(self, offset: int) -> int:
        """Where the line (or piece) that holds ``offset`` starts."""
        begin = self._begin(offset)
        piece, reach = offset // LINE_CAP * LINE_CAP, offset // REACH * REACH
        if begin is None:
            return reach if b"\r" in self.read(reach, LINE_CAP) else piece
        data = self.read(begin, LINE_CAP)
        if len(data) < LINE_CAP or b"\n" in data:
            return begin
        return max(begin, reach if b"\r" in data else piece)

    def count_lines(self, start: int, end: int) -> int:
        """Newlines between two offsets."""
        total = 0
        while start < end:
            data = self.read(start, min(BLOCK, end - start))
            if not data:
                break
            total += data.count(b"\n")
            start += len(data)
        return total


def _next(offset: int, size: int) -> int:
    """The last multiple of a size that is at most the size away; it lies beyond the offset."""
    return (offset + size) // size * size

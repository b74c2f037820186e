"""A log file that may be huge and may grow, read by offset as a pager does.

Knows the file only; ``log_view`` paints it. Nothing is indexed: a position is the offset of a line
start, its neighbours are found by looking for newlines around it. So 1 GB opens at its end at
once, goes to its top at once, and costs no memory per line.
"""

from __future__ import annotations

import os
from pathlib import Path

LINE_CAP = 16_384
"""Longest line in bytes; a longer one is shown in pieces of this size."""

BLOCK = 4 << 20
"""Bytes that are searched in one go."""


class LogFile:
    """A growing file of lines."""

    def __init__(self, path: Path) -> None:
        self.path = path
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
            return True
        grown = facts.st_size != self.size
        self.size = facts.st_size
        return grown

    def _void(self) -> None:
        self.close()
        self.size = 0
        self.generation += 1

    def read(self, start: int, length: int) -> bytes:
        """Bytes from an offset on; fewer at the end of the file."""
        length = min(length, self.size - start)
        if self._file < 0 or length <= 0:
            return b""
        return os.pread(self._file, length, start)

    def line(self, start: int) -> tuple[bytes, int]:
        """The line (or piece of one) that starts at an offset, and where the next one starts."""
        data = self.read(start, LINE_CAP)
        end = data.find(b"\n")
        if end < 0:
            return data, start + len(data)
        return data[:end], start + end + 1

    def before(self, start: int) -> int:
        """Where the line (or piece) before the one at ``start`` starts. 0 at the top."""
        if start <= 0:
            return 0
        begin = max(0, start - 1 - LINE_CAP)
        data = self.read(begin, start - 1 - begin)
        at = data.rfind(b"\n")
        if at >= 0:
            return begin + at + 1
        return 0 if begin == 0 else max(0, start - LINE_CAP)

    def line_start(self, offset: int) -> int:
        """Where the line (or piece) that holds ``offset`` starts."""
        begin = max(0, offset - LINE_CAP)
        at = self.read(begin, offset - begin).rfind(b"\n")
        return begin + at + 1 if at >= 0 else begin

    def back_from(self, end: int, lines: int) -> int:
        """Start of the line that is ``lines`` lines before ``end``."""
        position = end
        for _ in range(lines):
            if position <= 0:
                break
            position = self.before(position)
        return position

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

    def find(self, needle: str, start: int) -> int | None:
        """Offset of the first match at or after ``start``; ASCII letters match either case."""
        wanted = needle.encode().lower()
        while wanted and start < self.size:
            data = self.read(start, BLOCK + len(wanted) - 1).lower()
            if not data:
                return None
            at = data.find(wanted)
            if at >= 0:
                return start + at
            start += BLOCK
        return None

    def find_back(self, needle: str, end: int) -> int | None:
        """Offset of the last match that starts before ``end``."""
        wanted = needle.encode().lower()
        end = min(end, self.size)
        while wanted and end > 0:
            start = max(0, end - BLOCK)
            data = self.read(start, end - start + len(wanted) - 1).lower()
            at = data.rfind(wanted)
            if at >= 0:
                return start + at
            end = start
        return None

"""Searching a file of any size: block by block, in a thread that can be told to stop.

The rule of case is that of vim and less: a needle without capitals matches either case, one with a
capital matches as it is written.
"""

from __future__ import annotations

import re
import threading
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.tui.widgets.log_file import BLOCK, LogFile

_SGR = re.compile(rb"\x1b\[[\d;:]*m")
UNKNOWN = 0xFFFFFFFF
GLANCE = 4
"""Blocks that are searched before a thread is: a key that is held down finds match after match."""


@dataclass(frozen=True, slots=True)
class Needle:
    """Words to search for."""

    text: str
    wanted: bytes = field(init=False)
    any_case: bool = field(init=False)
    in_codes: bool = field(init=False)
    """Whether the code of a colour could hold it."""

    def __post_init__(self) -> None:
        plain = self.text == self.text.lower()
        wanted = self.text.encode("utf-8", "replace")
        any_case = plain and wanted.lower() != wanted.upper()
        object.__setattr__(self, "wanted", wanted)
        object.__setattr__(self, "any_case", any_case)
        object.__setattr__(self, "in_codes", not wanted.strip(b"0123456789;:[m"))

    def view(self, data: bytes) -> bytes:
        """The bytes in which ``wanted`` is to be looked for: the data, or its lower case.

        Digits are not looked for in the codes of colours.
        """
        if self.in_codes and b"\x1b[" in data:
            data = _SGR.sub(lambda code: b"\x1b" * len(code[0]), data)
        return data.lower() if self.any_case else data


class Job:
    """Work in a thread: how far it is, and whether it is still wanted."""

    def __init__(self, words: str) -> None:
        self.words = words
        """What it does: "searching"."""
        self.done = 0.0
        """Share of the work, 0 to 1."""
        self._stop = threading.Event()

    def cancel(self) -> None:
        """Let it end at the next block."""
        self._stop.set()

    @property
    def cancelled(self) -> bool:
        """Whether it shall end."""
        return self._stop.is_set()


class Glance(Job):
    """Work on the few next blocks only, which the screen can wait for."""

    def __init__(self) -> None:
        super().__init__("")
        self._left = GLANCE

    @property
    def cancelled(self) -> bool:
        """Whether it has looked at enough; asked once for each block."""
        self._left -= 1
        return self._left < 0

    @property
    def gave_up(self) -> bool:
        """Whether what it found, or not, means nothing."""
        return self._left < 0


def find(
    file: LogFile, needle: Needle, start: int, job: Job | None = None, until: int | None = None
) -> int | None:
    """Offset of the first match at or after ``start``; ``until`` saves looking beyond it."""
    wanted, first = needle.wanted, start
    last = file.size if until is None else min(until, file.size)
    while wanted and start < last:
        if job is not None:
            if job.cancelled:
                return None
            job.done = (start - first) / max(1, file.size)
        data = file.read(start, BLOCK + len(wanted) - 1)
        if not data:
            return None
        at = needle.view(data).find(wanted)
        if at >= 0:
            return start + at
        start += BLOCK
    return None


def find_back(
    file: LogFile, needle: Needle, end: int, job: Job | None = None, until: int = 0
) -> int | None:
    """Offset of the last match that starts before ``end``; ``until`` saves looking before it."""
    wanted = needle.wanted
    end = last = min(end, file.size)
    while wanted and end > until:
        if job is not None:
            if job.cancelled:
                return None
            job.done = (last - end) / max(1, file.size)
        start = max(0, end - BLOCK)
        data = file.read(start, end - start + len(wanted) - 1)
        at = needle.view(data).rfind(wanted)
        if at >= 0:
            return start + at
        end = start
    return None


class Tally:
    """A count for each block of a file, filled in any order; 4 bytes for each 256 KiB."""

    def __init__(self) -> None:
        self._values = array("I")
        self._lock = threading.Lock()
        self.total = 0
        self.known = 0

    def __len__(self) -> int:
        return len(self._values)

    @property
    def complete(self) -> bool:
        """Whether every block is counted."""
        return self.known == len(self._values)

    @property
    def share(self) -> float:
        """Share of the blocks that are counted."""
        return self.known / len(self._values) if self._values else 1.0

    def resize(self, size: int, changed_from: int) -> None:
        """The file has another size: blocks from an offset on are to be counted again."""
        blocks = -(-size // BLOCK)
        with self._lock:
            for block in range(changed_from // BLOCK, len(self._values)):
                self._forget(block)
            del self._values[blocks:]
            self._values.extend([UNKNOWN] * (blocks - len(self._values)))

    def _forget(self, block: int) -> None:
        if self._values[block] != UNKNOWN:
            self.known -= 1
            self.total -= self._values[block]
            self._values[block] = UNKNOWN

    def peek(self, block: int) -> int | None:
        """The count of a block, if it is known."""
        with self._lock:
            value = self._values[block] if 0 <= block < len(self._values) else 0
        return None if value == UNKNOWN else value

    def put(self, block: int, value: int) -> None:
        """Set the count of a block."""
        with self._lock:
            if 0 <= block < len(self._values):
                self._forget(block)
                self._values[block] = value
                self.known += 1
                self.total += value

    def before(self, block: int) -> int | None:
        """The sum of all blocks before one; None where one of them isn't known."""
        values = self._values[: max(0, block)]
        return None if UNKNOWN in values else sum(values)


def around(block: int, blocks: int) -> Iterable[int]:
    """All blocks: from one backwards to the first, then those after it."""
    yield from range(min(block, blocks - 1), -1, -1)
    yield from range(block + 1, blocks)

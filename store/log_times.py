"""When a log grew: notes beside the log of a try, for its lines that have no time of their own.

A task writes its log itself, so nobody sees each line come. The runner looks at the sizes of the
logs now and then; a note says that what lies beyond an offset was written after a moment. The
bytes of the log stay what the task wrote.
"""

from __future__ import annotations

import contextlib
import os
import struct

SUFFIX = ".times"
"""Of the file with the notes, behind the name of the log."""

NOTE = struct.Struct("<Qd")
"""An offset, and the seconds since 1970 after which the bytes from there on were written."""


def note(log: str, offset: int, moment: float) -> None:
    """Append a note. Raises ``OSError``."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    descriptor = os.open(log + SUFFIX, flags, 0o600)
    try:
        if os.write(descriptor, NOTE.pack(offset, moment)) < NOTE.size:  # the disk is full
            os.ftruncate(descriptor, os.fstat(descriptor).st_size // NOTE.size * NOTE.size)
    finally:
        os.close(descriptor)


def forget(log: str) -> None:
    """Take the notes away. Raises ``OSError``."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(log + SUFFIX)

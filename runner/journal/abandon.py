"""What becomes of journals that no host tells about: who has them, and taking them away."""

from __future__ import annotations

import fcntl
import os
import time

from runner.journal.reader import read_frames
from runner.journal.records import Abandoned
from runner.journal.writer import encode_frame


def abandon(path: str) -> bool:
    """Make sure that no process ever runs a try with this journal; True if that is so.

    False where one has run, or is about to: it holds the lock, or has left a record. A journal
    that doesn't exist yet is made. Raises OSError where it can't be written.
    """
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        records, _, _ = read_frames(descriptor, 0)
        if records:
            return isinstance(records[0], Abandoned)
        os.ftruncate(descriptor, 0)  # a first record cut short by a kill
        frame = encode_frame(Abandoned(time.time()))
        return os.write(descriptor, frame) == len(frame)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)


def is_held(path: str) -> bool:
    """Whether the process that made the journal lives. Raises OSError where it can't be read."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False

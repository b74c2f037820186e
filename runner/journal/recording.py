"""Recordings: journals of processes that are no tries of ours. The runner reads them as it does
those of tries, and takes them away when their process has ended."""

from __future__ import annotations

import contextlib
import fcntl
import os
import socket
import sys
import time

from runner.journal.command_line import masked_command
from runner.journal.identity import own_start
from runner.journal.place import Place
from runner.journal.records import Opened
from runner.journal.writer import JournalWriter, encode_frame

RING = b"r"
"""What the doorbell is rung with."""


def open_recording(place: Place, try_key: int | None) -> JournalWriter:
    """Begin the recording of this process. Raises ``OSError``.

    It gets its name when it is locked and has its first record: the runner never sees one that
    seems to be nobody's.
    """
    for folder in (place.state, place.recordings):
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, 0o700)
    name = f"{time.time_ns():x}-{os.getpid()}-{os.urandom(4).hex()}"
    path, hidden = os.path.join(place.recordings, name), os.path.join(place.recordings, f".{name}")
    flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = os.open(hidden, flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, encode_frame(_opened(try_key)))
        os.rename(hidden, path)
    except OSError:
        os.close(descriptor)
        with contextlib.suppress(FileNotFoundError):
            os.unlink(hidden)
        raise
    return JournalWriter(descriptor, RING, place.doorbell)


def _opened(try_key: int | None) -> Opened:
    return Opened(
        time.time(),
        os.getpid(),
        own_start(),
        socket.gethostname(),
        user_name(),
        _readable(_folder()),
        masked_command(getattr(sys, "orig_argv", sys.argv)),
        try_key,
    )


def user_name() -> str:
    """The name of the user, or the number of one who has none."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid())


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it is gone
        return ""


def _readable(text: str) -> str:
    """Bytes of a name that are no text as escapes: what is told is Unicode."""
    return os.fsencode(text).decode(errors="backslashreplace")

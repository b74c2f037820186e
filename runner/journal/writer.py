"""The journal of one try: appended to by its task process, read by the runner.

A frame is a length (4 bytes), a CRC-32 (4 bytes), both big-endian, and a record as MessagePack.
A reader takes whole frames only, so a process killed while it writes leaves nothing half-read.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import struct
import threading
import zlib

import msgspec

from runner.journal.records import Record

HEADER = struct.Struct(">II")
_ENCODER = msgspec.msgpack.Encoder()


def encode_frame(record: Record) -> bytes:
    payload = _ENCODER.encode(record)
    return HEADER.pack(len(payload), zlib.crc32(payload)) + payload


class JournalWriter:
    """Appends records; made with ``create``. May be used from several threads."""

    def __init__(self, descriptor: int, message: bytes, doorbell: str) -> None:
        """``message``: what the doorbell is rung with, ``t`` and the key of a try or ``r``."""
        self._descriptor = descriptor
        self._doorbell = doorbell
        self._message = message
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()
        self._owner = os.getpid()

    @classmethod
    def create(cls, path: str, try_key: int, doorbell: str) -> JournalWriter | None:
        """Open a new journal, or None where it exists: this try has a process already.

        The exclusive creation is what makes a try start at most once, whoever asks. The lock says
        for as long as the process lives that it does, see ``abandon``.
        """
        try:
            descriptor = os.open(
                path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600
            )
        except FileExistsError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # the runner is about to abandon it
            os.close(descriptor)
            return None
        if os.fstat(descriptor).st_size:
            os.close(descriptor)
            return None
        return cls(descriptor, b"t%d" % try_key, doorbell)

    def append(self, *records: Record) -> None:
        """Write records as one piece. Raises OSError, with the journal as it was, when it can't."""
        data = b"".join([encode_frame(record) for record in records])
        with self._lock:
            written = os.write(self._descriptor, data)
            if written < len(data):
                self._finish(data, written)

    def _finish(self, data: bytes, written: int) -> None:
        """Write the rest of a short write; where the disk is full, take the first part back."""
        try:
            while written < len(data):
                step = os.write(self._descriptor, data[written:])
                if step == 0:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                written += step
        except OSError:
            if os.getpid() == self._owner:
                size = os.fstat(self._descriptor).st_size
                os.ftruncate(self._descriptor, size - written)
            raise

    def close(self) -> None:
        """For tests and foreground runs; a task's process ends instead."""
        os.close(self._descriptor)
        if self._socket is not None:
            self._socket.close()

    def ring(self) -> None:
        """Wake the runner. A lost ring is no loss: the runner's slow poll backs it up."""
        # OSError: no runner, or its queue is full; it polls anyway
        with self._lock, contextlib.suppress(OSError):
            if self._socket is None:
                self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                self._socket.setblocking(False)
            self._socket.sendto(self._message, self._doorbell)

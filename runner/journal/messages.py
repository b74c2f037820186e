"""What runner and hosts say to each other over their socket pair."""

from __future__ import annotations

import struct
from functools import cached_property
from typing import Any

import msgspec

from runner.journal.records import CallbackTicket, Ticket
from runner.journal.settings import Settings

LENGTH = struct.Struct(">I")


class StartHost(msgspec.Struct, frozen=True, tag="start_host"):
    """To the base host, with one end of a socket pair attached: fork a host for this file."""

    host_key: int
    file: str
    """Absolute path of the pipeline file."""
    workspace: str
    parse_timeout: float
    import_log: str
    """Where what the import prints goes; made new at each import."""
    questions: str = ""
    """Address of the runner's question socket: Variables may be read while importing."""
    settings: Settings = Settings()


class RunTry(msgspec.Struct, frozen=True, tag="run_try"):
    ticket: Ticket


class RunCallback(msgspec.Struct, frozen=True, tag="run_callback"):
    ticket: CallbackTicket
    log: str


class Retire(msgspec.Struct, frozen=True, tag="retire"):
    """To a file host: leave when the last of your tries has ended."""


class Parsed(msgspec.Struct, frozen=True, tag="parsed", dict=True):
    """From a file host, first thing: what the file defines."""

    structures: list[Any]
    """Each a ``store.structure.DagStructure`` as plain data."""
    text: str
    """Of the file as it was imported; undecodable bytes replaced."""
    dependencies: list[str]
    """Absolute paths of further files that the import read, below the workspace."""
    variables: list[str]
    fork_unsafe: str | None
    warnings: list[str]
    seconds: float
    began: float | None = None
    """When the import began, in seconds since 1970: files may have changed after that."""
    pid: int | None = None
    """Of the host."""

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the text; worked out by the runner, which has the means loaded."""
        from hashlib import sha256

        return sha256(self.text.encode(errors="surrogatepass")).hexdigest()


class ParseFailed(msgspec.Struct, frozen=True, tag="parse_failed"):
    """From a file host: the file can't be used; the host leaves."""

    error: str
    line: int | None
    traceback: str
    dependencies: list[str]
    variables: list[str]
    seconds: float
    began: float | None = None


class Forked(msgspec.Struct, frozen=True, tag="forked"):
    try_key: int
    pid: int


class Exited(msgspec.Struct, frozen=True, tag="exited"):
    """A try's process has ended. ``status`` as of ``os.waitstatus_to_exitcode``."""

    try_key: int
    pid: int
    status: int
    cpu_seconds: float
    peak_rss: int
    """Bytes; of the process or its largest child."""


TAKEN = 75
"""Exit status of a process whose callbacks another process runs already (sysexits' EX_TEMPFAIL)."""


class CallbackExited(msgspec.Struct, frozen=True, tag="callback_exited"):
    callback_key: int
    status: int


class StartFailed(msgspec.Struct, frozen=True, tag="start_failed"):
    """A try's process could not even be forked."""

    try_key: int
    error: str


class HostExited(msgspec.Struct, frozen=True, tag="host_exited"):
    """From the base host: a file host has ended."""

    host_key: int
    status: int
    crash: str
    """What the fault handler wrote, if it crashed."""


ToHost = StartHost | RunTry | RunCallback | Retire
FromHost = Parsed | ParseFailed | Forked | Exited | CallbackExited | StartFailed | HostExited

_ENCODER = msgspec.msgpack.Encoder()


def encode_message(message: ToHost | FromHost) -> bytes:
    payload = _ENCODER.encode(message)
    return LENGTH.pack(len(payload)) + payload


class MessageBuffer:
    """Bytes in, whole messages out. ``kind`` is the union that this side receives."""

    def __init__(self, kind: Any) -> None:
        self._decoder: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder(kind)
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Any]:
        self._buffer += data
        messages = []
        position = 0
        while len(self._buffer) - position >= LENGTH.size:
            (length,) = LENGTH.unpack_from(self._buffer, position)
            after = position + LENGTH.size + length
            if after > len(self._buffer):
                break
            messages.append(self._decoder.decode(self._buffer[position + LENGTH.size : after]))
            position = after
        del self._buffer[:position]
        return messages

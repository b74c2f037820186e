"""Asking the runner a question from a process that runs user code."""

from __future__ import annotations

import socket
import struct
import threading
import time
from typing import Any

import msgspec

from runner.journal.questions import Answer, Question

LENGTH = struct.Struct(">I")


class QuestionError(Exception):
    """The runner could not answer; the message is a sentence that says why."""


class QuestionClient:
    """One connection to the runner, made when first needed, made again when it breaks.

    ``patience`` is how many seconds a question waits for a runner that is away (it may be
    restarting, and running tasks must not notice).
    """

    def __init__(self, address: str, patience: float = 30.0) -> None:
        self._address = address
        self._patience = patience
        self._socket: socket.socket | None = None
        self._lock = threading.Lock()

    def ask(self, question: Question) -> Any:
        """The answer's value; None where there is no such thing. Raises ``QuestionError``."""
        answer = self.answer(question)
        return answer.value if answer.found else None

    def answer(self, question: Question) -> Answer:
        """The whole answer, which tells a missing thing from one that is None."""
        request = msgspec.json.encode(question)
        deadline = time.monotonic() + self._patience
        pause = 0.02
        with self._lock:
            while True:
                try:
                    answer = self._exchange(request)
                    break
                except OSError as error:
                    self.close()
                    if time.monotonic() > deadline:
                        raise QuestionError(
                            f"the runner did not answer for {self._patience:g} s ({error}); "
                            "start it with 'dagtop up'"
                        ) from error
                    time.sleep(pause)
                    pause = min(pause * 2, 1.0)
        if answer.error is not None:
            raise QuestionError(answer.error)
        return answer

    def _exchange(self, request: bytes) -> Answer:
        if self._socket is None:
            self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self._socket.settimeout(self._patience)
            self._socket.connect(self._address)
        self._socket.sendall(LENGTH.pack(len(request)) + request)
        (length,) = LENGTH.unpack(self._receive(LENGTH.size))
        return msgspec.json.decode(self._receive(length), type=Answer)

    def _receive(self, count: int) -> bytes:
        assert self._socket is not None
        parts = bytearray()
        while len(parts) < count:
            part = self._socket.recv(count - len(parts))
            if not part:
                raise ConnectionResetError("the runner closed the connection")
            parts += part
        return bytes(parts)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

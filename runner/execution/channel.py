"""The runner's end of the socket pair to a host: never blocks, whatever the host does."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

from runner.journal.messages import FromHost, MessageBuffer, ToHost, encode_message

READ_SIZE = 1 << 18


class Channel:
    """Sends and receives whole messages on the event loop.

    ``on_message`` gets each message, ``on_close`` is called once when the other side has gone.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        end: socket.socket,
        on_message: Callable[[FromHost], None],
        on_close: Callable[[], None],
    ) -> None:
        end.setblocking(False)
        self._loop = loop
        self._socket = end
        self._on_message = on_message
        self._on_close = on_close
        self._incoming = MessageBuffer(FromHost)
        self._outgoing = bytearray()
        self._open = True
        loop.add_reader(end, self._read)

    @property
    def is_open(self) -> bool:
        return self._open

    def send(self, message: ToHost) -> None:
        """Send now what the socket takes, the rest when it takes more."""
        if not self._open:
            return
        data = encode_message(message)
        if self._outgoing:
            self._outgoing += data
            return
        sent = 0
        try:
            sent = self._socket.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.close()
            return
        if sent < len(data):
            self._outgoing += data[sent:]
            self._loop.add_writer(self._socket, self._write)

    def send_with_descriptor(self, message: ToHost, descriptor: int) -> None:
        """Send a small message with a file descriptor attached. Raises OSError when it can't."""
        socket.send_fds(self._socket, [encode_message(message)], [descriptor])

    def close(self) -> None:
        if not self._open:
            return
        self._open = False
        self._loop.remove_reader(self._socket)
        with contextlib.suppress(OSError, ValueError):
            self._loop.remove_writer(self._socket)
        self._socket.close()
        self._on_close()

    def _read(self) -> None:
        try:
            data = self._socket.recv(READ_SIZE)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        for message in self._incoming.feed(data):
            self._on_message(message)

    def _write(self) -> None:
        try:
            sent = self._socket.send(self._outgoing)
        except BlockingIOError:
            return
        except OSError:
            self.close()
            return
        del self._outgoing[:sent]
        if not self._outgoing:
            self._loop.remove_writer(self._socket)

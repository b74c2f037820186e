"""Textual's driver with our own way out: only differences, written by a thread that never queues.
And with our own way in: Esc is Esc, whatever comes behind it.

Textual's writer has a queue of frames; where the line is slow it fills up and the UI stands still.
Here the event loop only states what the screen should look like; the thread writes the difference
to what the terminal shows, when the terminal has taken what was written before.
"""

from __future__ import annotations

import codecs
import os
import select
import threading
from contextlib import suppress
from typing import Any

from textual import constants
from textual._parser import ParseError
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.messages import ExitApp

from app.settings import Settings
from app.tui.frames import FrameBuffer
from app.tui.key_parser import KeyParser
from app.tui.theme import UNICODE

STOP_TIMEOUT = 2.0
"""Seconds that the end waits for a terminal to take the last bytes."""


class FrameWriter:
    """Writes a ``FrameBuffer`` to a file descriptor, in a thread."""

    def __init__(self, fileno: int, buffer: FrameBuffer) -> None:
        self._fileno = fileno
        self._buffer = buffer
        self._condition = threading.Condition()
        self._due = False
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="dagtop-output", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def feed(self, data: str, size: tuple[int, int]) -> None:
        """Take output of Textual; ``size`` is the terminal's."""
        with self._condition:
            if size != (self._buffer.width, self._buffer.height):
                self._buffer.resize(*size)
            self._buffer.feed(data)

    def flush(self) -> None:
        """What was fed is a whole frame: it may be written."""
        with self._condition:
            self._due = True
            self._condition.notify()

    def stop(self) -> None:
        """Write what is left and end the thread."""
        with self._condition:
            self._stopping = self._due = True
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join(STOP_TIMEOUT)

    def _run(self) -> None:
        while True:
            with self._condition:
                while not self._due:
                    self._condition.wait()
                self._due = False
                data = self._buffer.take().encode("utf-8", "replace")
                stopping = self._stopping
            if not self._write(data) or stopping:
                return

    def _write(self, data: bytes) -> bool:
        view = memoryview(data)
        while view:
            try:
                written = os.write(self._fileno, view)
            except BlockingIOError:
                _wait_writable(self._fileno)
                continue
            except OSError:  # the terminal is gone; SIGHUP ends the app
                return False
            view = view[written:]
        return True


def _wait_writable(fileno: int) -> None:
    select.select([], [fileno], [], 1.0)


class WakingEvent(threading.Event):
    """An event that ``select`` can wait for beside files: readable while it is set."""

    def __init__(self) -> None:
        super().__init__()
        self._reader, self._writer = os.pipe()
        self._is_open = True

    def fileno(self) -> int:
        return self._reader

    def set(self) -> None:
        if self._is_open and not self.is_set():
            super().set()
            os.write(self._writer, b"!")

    def clear(self) -> None:
        if self._is_open and self.is_set():
            os.read(self._reader, 1)
        super().clear()

    def close(self) -> None:
        """Give the files back; nothing waits for it any more."""
        self._is_open = False
        os.close(self._reader)
        os.close(self._writer)


class FrameDriver(LinuxDriver):
    """``LinuxDriver`` whose output goes through a ``FrameBuffer`` and input by a ``KeyParser``."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        assert self._file is not None
        self._output_fileno = self._file.fileno()
        self._frames: FrameWriter | None = None
        self._ending: WakingEvent | None = None

    def start_application_mode(self) -> None:
        """Start, or go on after having been suspended."""
        ascii_only = getattr(self._app, "glyphs", UNICODE).is_ascii
        buffer = FrameBuffer(*self._get_terminal_size(), ascii_only=ascii_only)
        self._frames = FrameWriter(self._output_fileno, buffer)
        self._frames.start()
        self.exit_event = self._ending = WakingEvent()
        super().start_application_mode()

    def _get_terminal_size(self) -> tuple[int, int]:
        """The terminal's own word. What stands in ``COLUMNS`` and ``LINES`` (a program that loads
        readline hands them on to those it starts) doesn't change with the terminal."""
        try:
            width, height = os.get_terminal_size(self._output_fileno)
        except OSError:
            width = height = 0
        return (width, height) if width and height else super()._get_terminal_size()

    def write(self, data: str) -> None:
        """Take a part of a frame, or a sequence for the terminal itself."""
        if self._frames is not None:
            size = self._app.size
            self._frames.feed(data, (size.width, size.height))
            if data.startswith("\x1b]52"):
                self._frames.flush()

    def flush(self) -> None:
        """A frame is whole."""
        if self._frames is not None:
            self._frames.flush()

    def close(self) -> None:
        """Write what is left; leave the terminal alone from here on."""
        if self._frames is not None:
            self._frames.stop()
            self._frames = None
        super().close()
        if self._ending is not None:
            self._ending.close()
            self._ending = None

    def run_input_thread(self) -> None:
        """Read keys until the end, as ``LinuxDriver`` does it, but sleep while there are none."""
        settings: Settings = getattr(self._app, "settings", Settings())
        keeps_alt = settings.uses_alt or constants.DISABLE_KITTY_KEY
        parser = (XTermParser if keeps_alt else KeyParser)(self._debug)
        decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        wait: float | None = None
        ending = self._ending
        assert ending is not None
        while not ending.is_set():
            ready = select.select([self.fileno, ending], [], [], wait)[0]
            if self.fileno in ready:
                data = self._typed()
                if not data:  # the terminal is gone
                    self.process_message(ExitApp())
                    break
                text = decode(data)
                for message in parser.feed(text) if text else ():
                    self.process_message(message)
            for message in parser.tick():
                self.process_message(message)
            # A sequence that isn't whole is taken for keys after a while.
            wait = None if parser._timeout_time is None else constants.ESCAPE_DELAY
        with suppress(EOFError, ParseError):
            for _ in parser.feed(""):
                pass

    def _typed(self) -> bytes:
        """What was typed; nothing once the terminal is gone."""
        try:
            return os.read(self.fileno, 4096)
        except OSError:
            return b""

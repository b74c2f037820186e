"""The log of a try: lines of our own, and Python's ``logging`` set up to go there.

User code's prints go to the log file by themselves (it is their stdout). Times are UTC.
"""

from __future__ import annotations

import contextlib
import logging
import sys
import time
from typing import Any

from runner.authoring.masking import mask_text
from runner.host.error_facts import clean

TASK_LOGGER = "dagtop"
"""Operators log below this name, at level INFO, whatever user code makes of the root logger."""


def stamp(seconds: float) -> str:
    """A moment as log lines write it: ``2026-11-21T10:00:00.123Z``."""
    whole = int(seconds)
    milliseconds = int((seconds - whole) * 1000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole))}.{milliseconds:03d}Z"


def write(text: str, level: str = "INFO") -> None:
    """One line (or several) in the form that ``logging`` has here. Never raises."""
    line = clean(mask_text(f"[{stamp(time.time())}] {level} - {text}\n"))
    # User code may have closed or replaced its stdout, or the disk may be full: the journal tells.
    # RuntimeError: a signal handler came in the middle of another write.
    with contextlib.suppress(OSError, ValueError, AttributeError, RuntimeError):
        sys.stdout.write(line)


def start_line(path: str) -> None:
    """End the last line of the log, if what was printed has left it open."""
    flush()
    try:
        with open(path, "rb", buffering=0) as file:
            open_line = file.seek(0, 2) > 0 and file.seek(-1, 2) >= 0 and file.read(1) != b"\n"
    except OSError:  # nothing that can be read back
        return
    if open_line:
        with contextlib.suppress(OSError, ValueError, AttributeError):
            sys.stdout.write("\n")


def flush() -> None:
    """Write out what streams and log handlers still hold."""
    for reference in list(logging._handlerList):  # type: ignore[attr-defined]
        handler = reference()
        if handler is not None:
            with contextlib.suppress(OSError, ValueError):
                handler.flush()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()


class Formatter(logging.Formatter):
    """``[2026-11-21T10:00:00.123Z] INFO - text``."""

    def __init__(self) -> None:
        super().__init__("[%(asctime)s] %(levelname)s - %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:
        return stamp(record.created)


class StdoutHandler(logging.StreamHandler[Any]):
    """Writes to what ``sys.stdout`` is at the moment, as ``print`` does."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(Formatter())

    @property
    def stream(self) -> Any:
        return sys.stdout


def set_up() -> None:
    """Send ``logging`` to the log from level INFO on, unless the pipeline file has set it up.

    Operators' lines get there in any case. Doing it again changes nothing.
    """
    root = logging.getLogger()
    task_logger = logging.getLogger(TASK_LOGGER)
    if not root.handlers:
        root.addHandler(StdoutHandler())
        root.setLevel(logging.INFO)
    elif not task_logger.handlers and not any(isinstance(h, StdoutHandler) for h in root.handlers):
        task_logger.addHandler(StdoutHandler())
        task_logger.propagate = False
    if task_logger.level == logging.NOTSET:
        task_logger.setLevel(logging.INFO)

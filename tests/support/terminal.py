"""A program in a pseudo-terminal of its own: what it writes, how soon, and what it takes."""

from __future__ import annotations

import os
import pty
import select
import signal
import struct
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path

import psutil

from store.workspace import Workspace

ROOT = Path(__file__).resolve().parents[2]
ASKS, SAYS = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
"""Does the terminal draw whole frames at once? It does."""

LOOKS = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "COLORTERM": "truecolor"}
THE_UI = (
    "import sys; from pathlib import Path; from store.workspace import Workspace; "
    "from app.tui import run; sys.exit(run(Workspace(Path(sys.argv[1]))))"
)
"""Opens the UI alone: no runner is started."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a key brought."""

    output: bytes
    first: float
    """Seconds until the first byte; of no output, the whole time that was waited."""
    last: float
    """Seconds until the last byte."""


class Terminal:
    """The program, its pseudo-terminal, and all that it wrote."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        size: tuple[int, int] = (80, 24),
    ) -> None:
        self.output = b""
        self.says = SAYS
        self.began = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
            os.chdir(ROOT)
            os.execve(command[0], list(command), {**os.environ, **environment})
        self.modes = termios.tcgetattr(self.fd)

    def read(self, timeout: float) -> bytes:
        """What there is to read within a time; nothing once the program has ended."""
        if not select.select([self.fd], [], [], max(0.0, timeout))[0]:
            return b""
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return b""
        self.output += data
        if ASKS in data and self.says:
            os.write(self.fd, self.says)
        return data

    def read_until(self, holds: Callable[[bytes], bool], timeout: float = 20.0) -> bytes:
        """Read until the output since now holds what is wanted, or the program has ended."""
        start, deadline = len(self.output), time.monotonic() + timeout
        while not holds(self.output[start:]):
            assert time.monotonic() < deadline, self.output[start:]
            if not self.read(deadline - time.monotonic()) and self.has_ended():
                break
        return self.output[start:]

    def has_ended(self) -> bool:
        """Whether nothing will come any more."""
        if not psutil.pid_exists(self.pid):
            return True
        return psutil.Process(self.pid).status() == psutil.STATUS_ZOMBIE

    def press(self, keys: bytes, holds: Callable[[bytes], bool]) -> bytes:
        """Send keys and read until the answer holds what is wanted."""
        os.write(self.fd, keys)
        return self.read_until(holds)

    def quiet(self, after: float = 0.4, timeout: float = 20.0) -> float:
        """Read until nothing came for a time; returns when the last byte came."""
        last, deadline = time.perf_counter(), time.perf_counter() + timeout
        while time.perf_counter() < min(deadline, last + after):
            if self.read(0.05):
                last = time.perf_counter()
        return last

    def answer(self, keys: bytes, after: float = 0.4, limit: float = 5.0) -> Answer:
        """Send keys, and read until nothing came for a time, or the limit is over."""
        start, begun, first = len(self.output), time.perf_counter(), 0.0
        os.write(self.fd, keys)
        last = begun
        while time.perf_counter() < min(last + after, begun + limit):
            if self.read(0.05):
                last = time.perf_counter()
                first = first or last - begun
        return Answer(self.output[start:], first or last + after - begun, last - begun)

    def resize(self, width: int, height: int) -> None:
        """Give the terminal another size."""
        ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        os.kill(self.pid, signal.SIGWINCH)

    def cpu_seconds(self) -> float:
        """CPU time that the program has taken."""
        times = psutil.Process(self.pid).cpu_times()
        return times.user + times.system

    def end(self) -> int:
        """Read what is left and return the exit code."""
        self.read_until(lambda _: False)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@contextmanager
def terminal(
    command: Sequence[str], environment: Mapping[str, str], size: tuple[int, int] = (80, 24)
) -> Iterator[Terminal]:
    """A program in a terminal; ended at the end, by force if need be."""
    one = Terminal(command, environment, size)
    try:
        yield one
    finally:
        with suppress(ProcessLookupError, ChildProcessError):
            os.kill(one.pid, signal.SIGKILL)
            os.waitpid(one.pid, 0)
        os.close(one.fd)


@contextmanager
def the_ui(
    workspace: Workspace,
    home: Path,
    environment: Mapping[str, str] | None = None,
    *,
    size: tuple[int, int] = (80, 24),
) -> Iterator[Terminal]:
    """The terminal UI on a workspace. It remembers in ``home``, and finds what is there."""
    own = {
        "HOME": str(home),
        "XDG_STATE_HOME": f"{home}/state",
        "XDG_CONFIG_HOME": f"{home}/config",
    }
    command = [sys.executable, "-c", THE_UI, str(workspace.root)]
    with terminal(command, {**own, **LOOKS, **(environment or {})}, size) as one:
        yield one

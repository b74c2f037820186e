"""The real program in a pseudo-terminal: what it writes, and how it leaves the terminal."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import ioctl
from pathlib import Path

import pytest

from store.workspace import Workspace

ROOT = Path(__file__).resolve().parents[3]
OURS = re.compile(
    rb"\x1b\[\d*(?:;\d+)*[HCm]"  # position, style
    rb"|\x1b\[\?(?:1049|1000|1003|1015|1006|25|1004|2004|7|2026|2048)[hl]"  # modes
    rb"|\x1b\[\?(?:2026|2048)\$p"  # questions
    rb"|\x1b\[[<>]\d*u"  # keyboard protocol
    rb"|\x1b\[2[23];0t|\x1b\]2;dagtop [^\x00-\x1f\x7f]*\x07"  # the title
)
"""All that the UI itself ever sends. Anything else would come from data."""


class Terminal:
    """The program, its pseudo-terminal, and all that it wrote."""

    def __init__(self, workspace: Workspace, environment: dict[str, str]) -> None:
        code = (
            "import sys; from pathlib import Path; from store.workspace import Workspace; "
            "from app.tui import run; sys.exit(run(Workspace(Path(sys.argv[1]))))"
        )
        self.output = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            os.chdir(ROOT)
            command = [sys.executable, "-c", code, str(workspace.root)]
            os.execve(sys.executable, command, {**os.environ, **environment})
        self.modes = termios.tcgetattr(self.fd)

    def read_until(self, holds: Callable[[bytes], bool], timeout: float = 20.0) -> bytes:
        """Read until the output since now holds what is wanted, or the program has ended."""
        start, deadline = len(self.output), time.monotonic() + timeout
        while not holds(self.output[start:]):
            left = deadline - time.monotonic()
            assert left > 0, self.output[start:]
            if not select.select([self.fd], [], [], left)[0]:
                continue
            try:
                data = os.read(self.fd, 65536)
            except OSError:
                break
            if not data:
                break
            self.output += data
        return self.output[start:]

    def press(self, keys: bytes, holds: Callable[[bytes], bool]) -> bytes:
        """Send keys and read until the answer holds what is wanted."""
        os.write(self.fd, keys)
        return self.read_until(holds)

    def end(self) -> int:
        """Read what is left and return the exit code."""
        self.read_until(lambda _: False)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@contextmanager
def running(workspace: Workspace, **environment: str) -> Iterator[Terminal]:
    """The program, ended at the end by force if need be. Nothing is remembered from before."""
    home = tempfile.mkdtemp(dir=workspace.root.parent)
    given = {"HOME": home, "XDG_STATE_HOME": f"{home}/state", "XDG_CONFIG_HOME": f"{home}/config"}
    looks = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "COLORTERM": "truecolor"}
    terminal = Terminal(workspace, {**given, **looks, **environment})
    try:
        yield terminal
    finally:
        try:
            os.kill(terminal.pid, signal.SIGKILL)
            os.waitpid(terminal.pid, 0)
        except (ProcessLookupError, ChildProcessError):
            pass
        os.close(terminal.fd)


def seen(text: str) -> Callable[[bytes], bool]:
    return lambda output: text.encode() in output


def strangers(output: bytes) -> list[bytes]:
    """Control characters that the UI doesn't send of itself."""
    rest = OURS.sub(b"", output)
    text = rest.decode("utf-8", "replace")
    return [c.encode() for c in text if ord(c) < 32 or 127 <= ord(c) < 160 or c in "\u202e\u2066"]


def test_no_control_sequence_of_data_reaches_the_terminal(
    workspace_of: Callable[[str], Workspace],
) -> None:
    with running(workspace_of("hostile")) as terminal:
        terminal.read_until(seen("markup"))
        os.write(terminal.fd, b"e")
        terminal.read_until(seen("Traceback"))
        terminal.press(b"\x1b", seen("markup"))
        terminal.press(b"jjj\r", seen("TASK"))
        terminal.press(b"i", seen("boom"))
        terminal.press(b"r", seen("logical date"))
        terminal.press(b"\x1b", seen("TASK"))
        terminal.press(b"\r", seen("progress 99%"))
        terminal.press(b"\x1b", seen("TASK"))
        terminal.press(b"c", seen("run again"))
        os.write(terminal.fd, b"n")
        terminal.press(b"q", seen("\x1b[?1049l"))
        assert terminal.end() == 0
    assert b"pwned" not in terminal.output
    assert strangers(terminal.output.replace(b"\r\n", b"")) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_restores_the_terminal(
    number: signal.Signals, workspace_of: Callable[[str], Workspace]
) -> None:
    with running(workspace_of("normal")) as terminal:
        terminal.read_until(seen("recommend"))
        during = termios.tcgetattr(terminal.fd)
        os.kill(terminal.pid, number)
        output = terminal.read_until(seen("\x1b[?25h"))
        after = termios.tcgetattr(terminal.fd)
        assert terminal.end() == 128 + number
    for restored in ("\x1b[?1049l", "\x1b[?25h", "\x1b[?1003l", "\x1b[?1000l", "\x1b[?2004l"):
        assert restored.encode() in output, restored
    assert during[3] != terminal.modes[3]
    assert after[3] == terminal.modes[3]


def test_quitting_restores_the_terminal(workspace_of: Callable[[str], Workspace]) -> None:
    with running(workspace_of("normal")) as terminal:
        terminal.read_until(seen("recommend"))
        assert b"\x1b[?25h" in terminal.press(b"q", seen("\x1b[?25h"))
        assert terminal.end() == 0


def test_nothing_is_sent_while_nothing_changes(workspace_of: Callable[[str], Workspace]) -> None:
    with running(workspace_of("normal")) as terminal:
        terminal.read_until(seen("recommend"))
        while select.select([terminal.fd], [], [], 1.0)[0]:
            os.read(terminal.fd, 65536)
        assert not select.select([terminal.fd], [], [], 3.0)[0]


def test_no_colour_means_no_colour(workspace_of: Callable[[str], Workspace]) -> None:
    with running(workspace_of("normal"), NO_COLOR="1") as terminal:
        terminal.read_until(seen("recommend"))
        terminal.press(b"q", seen("\x1b[?1049l"))
        terminal.end()
    colours = re.findall(rb"\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[0-9;]*m", terminal.output)
    assert colours == []


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_dumb_terminal_is_refused_with_a_sentence(
    term: str, workspace_of: Callable[[str], Workspace]
) -> None:
    with running(workspace_of("normal"), TERM=term) as terminal:
        assert terminal.end() == 2
    assert b"can't draw on a terminal of type" in terminal.output
    assert b"\x1b" not in terminal.output


def test_without_a_terminal_it_says_what_to_use_instead(tmp_path: Path) -> None:
    code = "import sys; from app.tui import unfit_terminal; print(unfit_terminal())"
    result = subprocess.run(
        [sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    assert "dagtop dags list" in result.stdout


def test_importing_the_ui_loads_neither_textual_nor_sqlalchemy() -> None:
    code = "import app.tui, sys; print([m for m in ('textual', 'sqlalchemy') if m in sys.modules])"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert result.stdout.strip() == "[]"


def test_the_first_screen_is_made_without_sqlalchemy() -> None:
    code = (
        "import sys, app.tui.application, app.tui.screens.dags, app.tui.driver; "
        "print('sqlalchemy' in sys.modules)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True
    )
    assert result.stdout.strip() == "False"

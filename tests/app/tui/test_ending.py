"""However the UI ends, the terminal is what it was, and the exit code says how."""

from __future__ import annotations

import os
import signal
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from store.workspace import Workspace
from tests.support.terminal import LOOKS, Terminal, terminal, the_ui

RESTORED = {
    "the screen": b"\x1b[?1049l",
    "the cursor": b"\x1b[?25h",
    "mouse clicks": b"\x1b[?1000l",
    "mouse moves": b"\x1b[?1003l",
    "mouse form": b"\x1b[?1006l",
    "pasting": b"\x1b[?2004l",
    "focus": b"\x1b[?1004l",
    "the keyboard": b"\x1b[<u",
    "the title": b"\x1b[23;0t",
}
BROKEN = """
import sys
from pathlib import Path
from app.tui.application import DagtopApp
from app.tui.driver import FrameDriver
from app.tui.screens.base import DagtopScreen
from app.tui.widgets.text_view import TextView
from store.workspace import Workspace

class Broken(DagtopScreen):
    def body(self):
        yield TextView(widget_id="main")

    def fetch(self):
        def read(store):
            if sys.argv[2] == "reader":
                raise RuntimeError("broken by a \\x1b[2Jreader")
            return 1
        return read

    def show_snapshot(self, snapshot):
        raise RuntimeError("broken by a \\x1b]0;pwned\\x07screen")

app = DagtopApp(Workspace(Path(sys.argv[1])), driver_class=FrameDriver)
app.action_undo = lambda: app.push_screen(Broken())
app.run()
sys.exit(app.return_code)
"""


def holds(text: str) -> Callable[[bytes], bool]:
    return lambda output: text.encode() in output


def shown(output: bytes) -> bool:
    """The list of DAGs, and the terminal's title."""
    return b"recommend" in output and b"\x1b]2;dagtop" in output


def check_restored(one: Terminal, output: bytes, modes: list[object]) -> None:
    """Each mode that was set is taken back, and the line discipline is as before."""
    missing = [name for name, sequence in RESTORED.items() if sequence not in output]
    assert missing == []
    assert modes[3] == one.modes[3]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, None])
def test_an_end_by_signal_or_key_restores_all(
    number: signal.Signals | None, workspace_of: Callable[[str], Workspace], tmp_path: Path
) -> None:
    with the_ui(workspace_of("normal"), tmp_path) as one:
        one.read_until(shown)
        start = len(one.output)
        if number is None:
            os.write(one.fd, b"q")
        else:
            os.kill(one.pid, number)
        one.read_until(holds("\x1b[23;0t"))
        modes = termios.tcgetattr(one.fd)
        assert one.end() == (0 if number is None else 128 + number)
        check_restored(one, one.output[start:], modes)


def test_control_c_ends_nothing(workspace_of: Callable[[str], Workspace], tmp_path: Path) -> None:
    with the_ui(workspace_of("normal"), tmp_path) as one:
        one.read_until(holds("recommend"))
        one.press(b"\x03", holds("q quits"))
        one.press(b"\r", holds("TASK"))
        one.press(b"q", holds("\x1b[?25h"))
        assert one.end() == 0


def test_a_screen_that_raises_leaves_the_terminal_and_says_why(
    workspace_of: Callable[[str], Workspace],
) -> None:
    command = [sys.executable, "-c", BROKEN, str(workspace_of("normal").root), "screen"]
    with terminal(command, LOOKS) as one:
        one.read_until(shown)
        start = len(one.output)
        os.write(one.fd, b"U")
        one.read_until(holds("RuntimeError"))
        assert one.end() == 1
        output = one.output[start:]
        modes = termios.tcgetattr(one.fd)
    check_restored(one, output, modes)
    said = output.partition(b"\x1b[?1049l")[2]
    assert b"broken by a" in said
    assert b"\x1b]0;pwned" not in said


def test_a_reader_that_raises_is_said_in_the_banner(
    workspace_of: Callable[[str], Workspace],
) -> None:
    command = [sys.executable, "-c", BROKEN, str(workspace_of("normal").root), "reader"]
    with terminal(command, LOOKS) as one:
        one.read_until(holds("recommend"))
        one.press(b"U", holds("reading the store failed: RuntimeError: broken by a reader"))
        one.press(b"\x7f", holds("recommend"))
        one.press(b"q", holds("\x1b[?25h"))
        assert one.end() == 0


def test_a_terminal_that_is_closed_ends_it(
    workspace_of: Callable[[str], Workspace], tmp_path: Path
) -> None:
    with the_ui(workspace_of("normal"), tmp_path) as one:
        one.read_until(holds("recommend"))
        os.close(one.fd)
        one.fd = os.open(os.devnull, os.O_RDONLY)
        deadline = time.monotonic() + 10
        while psutil.Process(one.pid).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, "it goes on without a terminal"
            time.sleep(0.05)
        assert os.waitstatus_to_exitcode(os.waitpid(one.pid, 0)[1]) == 128 + signal.SIGHUP

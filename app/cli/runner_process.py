"""Starting, finding and stopping the runner, which is a process of its own.

Standard library only: the terminal UI starts the runner with this too.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from app.cli.errors import CommandError
from app.cli.exit_codes import ExitCode
from app.text import sanitize_lines
from store.client import runner_pid
from store.workspace import Workspace, WorkspaceError

RUNNER = Path(__file__).resolve().parents[2] / "runner" / "__main__.py"
"""The program of the runner. A file and not a module: it must not be looked up by name where a
user's project may have a package called ``runner``."""

START_SECONDS = 30.0
STOP_SECONDS = 60.0
LINES_OF_REASON = 12


@dataclass(frozen=True, slots=True)
class Started:
    """A runner that is up. ``seconds``: from its start until it answered; 0 if it was up before."""

    pid: int
    seconds: float
    already: bool


def runner_command(workspace: Workspace, *arguments: str) -> list[str]:
    """The command line of a runner's subcommand, or (without arguments) of the runner itself."""
    head = [sys.executable, "-P", str(RUNNER)]
    if not arguments:
        return [*head, "--workspace", str(workspace.root)]
    return [*head, arguments[0], "--workspace", str(workspace.root), *arguments[1:]]


def answers(workspace: Workspace) -> bool:
    """Whether somebody listens on the runner's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(workspace.questions))
        except OSError:
            return False
    return True


def start_runner(workspace: Workspace) -> Started:
    """Start the runner unless one is up, and wait until it answers.

    Raises ``CommandError`` with the end of its log where it dies or doesn't answer in time.
    """
    check_settings(workspace)
    workspace.create_state_folder()
    pid = runner_pid(workspace)
    if pid is not None:
        pid, _ = _wait_for_answer(workspace, None, 0)
        return Started(pid, 0.0, already=True)
    log_start = _size(workspace.runner_log)
    begun = time.monotonic()
    descriptor = _open_log(workspace)
    try:
        process = subprocess.Popen(
            runner_command(workspace),
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=workspace.root,
            start_new_session=True,
            close_fds=True,
        )
    finally:
        os.close(descriptor)
    pid, mine = _wait_for_answer(workspace, process, log_start)
    _leave_running(process)
    return Started(pid, time.monotonic() - begun, already=not mine)


def check_settings(workspace: Workspace) -> None:
    """Raises ``CommandError`` where ``dagtop.toml`` or a variable is wrong: no runner starts so."""
    from store import config

    try:
        config.load(workspace)
    except config.ConfigError as error:
        raise CommandError(str(error), ExitCode.WORKSPACE) from None


def _open_log(workspace: Workspace) -> int:
    try:
        return os.open(workspace.runner_log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    except OSError as error:
        raise WorkspaceError(
            f"{workspace.runner_log} can't be written: {error.strerror}; make it writable for you, "
            "or use another workspace"
        ) from error


def _wait_for_answer(
    workspace: Workspace, process: subprocess.Popen[bytes] | None, log_start: int
) -> tuple[int, bool]:
    """The pid of the runner once it answers, and whether it is ``process``."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        pid = runner_pid(workspace)
        if pid and answers(workspace):
            return pid, process is not None and pid == process.pid
        if process is not None and process.poll() is not None and pid is None:
            what = f"the runner ended at once ({_ending(process.returncode)})"
            store_failed = process.returncode == ExitCode.STORE
            code = ExitCode.STORE if store_failed else ExitCode.REFUSED
            raise _failure(workspace, what, log_start, code)
        if process is None and pid is None:
            raise CommandError("the runner has just ended; try again", ExitCode.REFUSED)
        time.sleep(0.01)
    raise _failure(workspace, f"the runner did not answer for {START_SECONDS:g} s", log_start)


def _leave_running(process: subprocess.Popen[bytes]) -> None:
    """The runner outlives us; if it doesn't, a thread reaps it, so that no zombie is left."""
    process.returncode = 0  # no warning that it wasn't waited for
    threading.Thread(target=os.waitpid, args=(process.pid, 0), daemon=True).start()


def _ending(status: int) -> str:
    if status < 0:
        return f"killed by {signal.Signals(-status).name}"
    return f"exit status {status}"


def _failure(
    workspace: Workspace, what: str, log_start: int, code: ExitCode = ExitCode.REFUSED
) -> CommandError:
    from app.cli.output import note

    lines = [_untimed(line) for line in log_tail(workspace.runner_log, log_start)]
    *before, last = dict.fromkeys(lines) or [""]  # what it logs and prints is there twice
    for line in before:
        note(f"  {line}")
    said = f", saying: {last.strip()}" if last else ""
    return CommandError(f"{what}{said}; its log is {workspace.runner_log}", code)


def _untimed(line: str) -> str:
    """A line of the log without its time and level."""
    words = line.split(maxsplit=3)
    timed = len(words) == 4 and words[2].isupper() and words[0][:1].isdigit()
    return words[3] if timed and ":" in words[1] else line


def log_tail(log: Path, start: int = 0, lines: int = LINES_OF_REASON) -> list[str]:
    """The last lines of a log from byte ``start`` on, made safe for a terminal."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(start, size - 64 * 1024))
            text = file.read().decode("utf-8", "replace")
    except FileNotFoundError:
        return []
    return [line for line in sanitize_lines(text).splitlines() if line.strip()][-lines:]


def _size(log: Path) -> int:
    try:
        return log.stat().st_size
    except FileNotFoundError:
        return 0


def wait_until_gone(workspace: Workspace, seconds: float) -> bool:
    """Wait until no runner holds the lock; False if one still does after ``seconds``."""
    deadline = time.monotonic() + seconds
    while runner_pid(workspace) is not None:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def terminate(pid: int) -> None:
    """Ask a runner that doesn't answer to end (SIGTERM)."""
    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        return
    except PermissionError:
        raise CommandError(
            f"the runner (pid {pid}) belongs to another user, who must stop it", ExitCode.REFUSED
        ) from None

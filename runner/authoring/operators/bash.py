"""Running a shell command."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Container, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from runner.authoring.baseoperator import BaseOperator
from runner.authoring.exceptions import DagtopException, SkipException
from runner.authoring.masking import StreamMask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.authoring.xcom_arg import XComArg

LONGEST_ARGUMENT = 100_000
"""Bytes of a command that is handed to bash as an argument (Linux takes 131,072); a longer one
goes into a file."""
LONGEST_LINE = 1 << 20
"""Bytes kept of the last line of the output, at its end."""
_READS = 64
"""Times 64 KiB: more than a pipe can hold."""


class BashOperator(BaseOperator):
    """Runs ``bash_command`` in bash; the last line of its output is the task's XCom.

    Exit code 0 is success, ``skip_on_exit_code`` (99) leaves the task skipped, any other fails it.
    A command that ends in ``.sh`` or ``.bash`` names a file whose content is rendered and run; a
    space after the name runs the file as it is. ``env`` replaces the environment, or with
    ``append_env`` adds to it. Without ``cwd`` the command runs in a new folder, removed afterwards.
    Take values of a run's conf by ``env`` and not by a template in the command: nothing is quoted.
    """

    template_fields = ("bash_command", "env", "cwd")
    template_fields_renderers = {"bash_command": "bash", "env": "json"}
    template_ext = (".sh", ".bash")
    ui_color = "#f0ede4"

    def __init__(
        self,
        *,
        bash_command: str | XComArg,
        env: dict[str, Any] | XComArg | None = None,
        append_env: bool = False,
        output_encoding: str = "utf-8",
        skip_on_exit_code: int | Container[int] | None = 99,
        cwd: str | XComArg | None = None,
        output_processor: Callable[[str], Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.bash_command: Any = bash_command
        self.env: Any = env
        self.append_env = append_env
        self.output_encoding = output_encoding
        self.skip_on_exit_code = skip_on_exit_code
        self.cwd: Any = cwd
        self.output_processor = output_processor
        self._process: subprocess.Popen[bytes] | None = None

    def execute(self, context: Any) -> Any:
        if self.cwd is not None and not os.path.isdir(self.cwd):
            raise DagtopException(f"cwd of task {self.task_id!r} is no folder: {self.cwd}")
        with _folder(self.cwd) as folder, _command(self.bash_command, folder) as command:
            last_line = self._run(command, self.get_env(context), folder)
        code = self._process.returncode if self._process is not None else 0
        if self._skips(code):
            raise SkipException(f"Bash command returned exit code {code}. Skipping.")
        if code != 0:
            how = (
                f"was ended by {_signal_name(-code)}" if code < 0 else f"returned exit code {code}"
            )
            raise DagtopException(f"Bash command {how}")
        text = last_line.decode(self.output_encoding, errors="backslashreplace").rstrip()
        return text if self.output_processor is None else self.output_processor(text)

    def get_env(self, context: Any) -> dict[str, str]:
        """The environment of the command: the caller's, ``env``, and the names of the run."""
        env = dict(os.environ) if self.env is None or self.append_env else {}
        env.update(self.env or {})
        env.update(context_variables(context))
        return env

    def on_kill(self) -> None:
        """Ask bash, and what it has started, to end (SIGTERM)."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        if os.getpgrp() != os.getpid():
            process.terminate()
            return
        # The task leads its process group, and bash's children are in it: tell all but ourselves.
        with _ignoring_sigterm(), suppress(ProcessLookupError):
            os.killpg(os.getpgrp(), signal.SIGTERM)

    def _skips(self, code: int) -> bool:
        skip = self.skip_on_exit_code
        return code in skip if isinstance(skip, Container) else skip is not None and code == skip

    def _run(self, command: list[str], env: dict[str, str], folder: str) -> bytes:
        """Run it, its output going on to ours; gives the last line. Stays in our process group, so
        that it can't outlive the task."""
        self._process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=folder, env=env
        )
        sys.stdout.flush()
        pipe = self._process.stdout
        if pipe is None:
            raise DagtopException("bash was started without a pipe for its output")
        tail = LastLine()
        mask = StreamMask(self.output_encoding)
        try:
            for chunk in _output(self._process, pipe.fileno()):
                _write_all(1, mask.feed(chunk))
                tail.add(chunk)
            _write_all(1, mask.end())
            self._process.wait()
        except Exception:
            pipe.close()
            raise
        pipe.close()
        return tail.line


class LastLine:
    """The last line of what is added, as ``readline`` would give it, at most its last 1 MiB."""

    def __init__(self) -> None:
        self.line = b""

    def add(self, chunk: bytes) -> None:
        """Take in a piece of output."""
        if not chunk:
            return
        begun = b"" if self.line.endswith(b"\n") else self.line
        before, newline, last = chunk.rpartition(b"\n")
        if newline and not last:
            _, inner, last = before.rpartition(b"\n")
            last = (last if inner else begun + last) + b"\n"
        elif not newline:
            last = begun + last
        self.line = last[-LONGEST_LINE:]


def context_variables(context: Mapping[str, Any]) -> dict[str, str]:
    """Names of the run as environment variables, called as in Airflow: ``AIRFLOW_CTX_DAG_ID`` …"""
    ti, run, task = context.get("ti"), context.get("dag_run"), context.get("task")
    values = {
        "DAG_OWNER": getattr(task, "owner", None),
        "DAG_ID": getattr(ti, "dag_id", None),
        "TASK_ID": getattr(ti, "task_id", None),
        "LOGICAL_DATE": getattr(run, "logical_date", None),
        "TRY_NUMBER": getattr(ti, "try_number", None),
        "DAG_RUN_ID": getattr(run, "run_id", None),
    }
    return {
        f"AIRFLOW_CTX_{name}": value.isoformat() if hasattr(value, "isoformat") else str(value)
        for name, value in values.items()
        if value
    }


def _output(process: subprocess.Popen[bytes], fd: int) -> Iterator[bytes]:
    """What the process writes, until it ends: a child that it leaves behind isn't waited for."""
    os.set_blocking(fd, False)
    pidfd = _pidfd(process.pid)
    poll = select.poll()
    for watched in (fd, pidfd) if pidfd is not None else (fd,):
        poll.register(watched, select.POLLIN)
    try:
        ended = False
        while not ended:
            ready = [number for number, _ in poll.poll(200 if pidfd is None else None)]
            ended = process.poll() is not None if pidfd is None else pidfd in ready
            for _ in range(_READS):
                chunk = _read(fd)
                if chunk == b"":
                    return
                if chunk is None:
                    break
                yield chunk
    finally:
        if pidfd is not None:
            os.close(pidfd)


def _pidfd(pid: int) -> int | None:
    """A file descriptor that is ready when the process has ended, where the system has them."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _read(fd: int) -> bytes | None:
    """What can be read now: b"" at the end, None if there is nothing yet."""
    try:
        return os.read(fd, 65536)
    except BlockingIOError:
        return None


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


def _bash() -> str:
    for folder in os.get_exec_path():
        path = os.path.join(folder, "bash")
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    raise DagtopException("bash isn't on PATH: install it, or add its folder to PATH")


@contextmanager
def _folder(cwd: str | None) -> Iterator[str]:
    """The folder to run in: ``cwd``, or a new one that is removed afterwards."""
    if cwd is not None:
        yield cwd
        return
    parent = os.environ.get("TMPDIR") or "/tmp"
    folder = os.path.join(parent, f"dagtop-{os.getpid()}-{os.urandom(6).hex()}")
    os.mkdir(folder, 0o700)
    try:
        yield folder
    finally:
        try:
            os.rmdir(folder)
        except OSError:  # the command has left files in it
            import shutil

            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _command(bash_command: str, folder: str) -> Iterator[list[str]]:
    """The command line; a long command is put into a file in ``folder`` for as long as it runs."""
    text = os.fsencode(bash_command)
    if len(text) <= LONGEST_ARGUMENT:
        yield [_bash(), "-c", bash_command]
        return
    name = f".dagtop-{os.getpid()}-{os.urandom(6).hex()}.sh"
    path = os.path.join(folder, name)
    with open(path, "wb") as file:
        file.write(text)
    try:
        yield [_bash(), name]
    finally:
        with suppress(FileNotFoundError):
            os.unlink(path)


@contextmanager
def _ignoring_sigterm() -> Iterator[None]:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL if before is None else before)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"

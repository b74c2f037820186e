"""The host of one pipeline file: imports it once, reports its DAGs, forks a process per try."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import select
import signal
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.authoring import surroundings
from runner.host import system, task_process, warm_up
from runner.host.time_limit import ImportTimedOut, TimeLimit
from runner.journal.client import QuestionClient
from runner.journal.messages import (
    CallbackExited,
    Exited,
    Forked,
    FromHost,
    MessageBuffer,
    Parsed,
    ParseFailed,
    Retire,
    RunCallback,
    RunTry,
    StartFailed,
    StartHost,
    ToHost,
    encode_message,
)

if TYPE_CHECKING:
    from runner.authoring.dag import DAG

RSS_UNIT = 1 if sys.platform == "darwin" else 1024
"""``ru_maxrss`` is in bytes on macOS and in KiB elsewhere."""


IMPORT_PATIENCE = 5.0
"""Seconds that an import waits for the runner's answer, say for a Variable."""


def serve(order: StartHost, channel: socket.socket) -> None:
    """Parse, report, then run tries until told to retire or the runner goes away."""
    system.become_subreaper()
    system.name_process(f"dagtop {Path(order.file).stem}")
    os.chdir(order.workspace)
    message, dags = import_file(order)
    try:
        report = encode_message(message)
    except (UnicodeEncodeError, TypeError, OverflowError, RecursionError) as error:
        message = _unspeakable(order, message, error)
        report = encode_message(message)
    channel.sendall(report)
    if isinstance(message, ParseFailed):
        system.end_children(system.children())
        return
    assert isinstance(message, Parsed)
    gc.collect()
    gc.freeze()
    FileHost(order, channel, dags, fresh=message.fork_unsafe is not None).serve()


def _unspeakable(order: StartHost, message: Parsed | ParseFailed, error: Exception) -> ParseFailed:
    """The failure of a file that defines what can't be written down, such as half a character."""
    name = os.path.relpath(order.file, order.workspace)
    what = "a text in it is not valid Unicode" if isinstance(error, UnicodeError) else str(error)
    return ParseFailed(
        error=f"{name}: what it defines can't be stored: {what}",
        line=None,
        traceback="",
        dependencies=message.dependencies,
        variables=[],
        seconds=message.seconds,
        began=message.began,
    )


def import_file(order: StartHost) -> tuple[Parsed | ParseFailed, dict[str, DAG]]:
    """Import the pipeline file under a time limit, with its output sent to the import log."""
    from runner.authoring import services, settings
    from runner.authoring.parse import ParsedFile, parse_file

    began, at = time.perf_counter(), time.time()
    path = Path(order.file)
    redirect_output(order.import_log)
    settings.use(order.settings)
    questions = QuestionClient(order.questions, patience=IMPORT_PATIENCE)
    services.provide(services.Services(questions))
    try:
        with TimeLimit(order.parse_timeout):
            result = parse_file(path, Path(order.workspace))
    except ImportTimedOut as error:
        return timed_out(order, error, time.perf_counter() - began, at), {}
    finally:
        services.provide(None)
        questions.close()
        flush_output()
    seconds = time.perf_counter() - began
    if isinstance(result, ParsedFile):
        parsed = Parsed(
            structures=result.structures,
            text=result.source.decode(errors="replace"),
            dependencies=result.dependencies,
            variables=result.variables,
            fork_unsafe=result.fork_unsafe,
            warnings=result.warnings,
            seconds=seconds,
            began=at,
            pid=os.getpid(),
        )
        return parsed, result.dags
    return ParseFailed(
        error=result.error,
        line=result.line,
        traceback=result.traceback,
        dependencies=getattr(result, "dependencies", []),
        variables=getattr(result, "variables", []),
        seconds=seconds,
        began=at,
    ), {}


def timed_out(order: StartHost, error: BaseException, seconds: float, at: float) -> ParseFailed:
    """The failure that names the line at which a slow import was interrupted."""
    import traceback

    frames = traceback.extract_tb(error.__traceback__)
    line = next((f.lineno for f in reversed(frames) if f.filename == order.file), None)
    name = os.path.relpath(order.file, order.workspace)
    place = f"{name}:{line}" if line else name
    return ParseFailed(
        error=(
            f"{place}: the import did not end within {order.parse_timeout:g} s; move slow work "
            "into a task, or raise parse_timeout in dagtop.toml"
        ),
        line=line,
        traceback="".join(traceback.format_list(frames)),
        dependencies=[],
        variables=[],
        seconds=seconds,
        began=at,
    )


def redirect_output(path: str) -> None:
    """Send stdout and stderr to a file, made new."""
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)
    for stream in (sys.stdout, sys.stderr):  # for the import and for all tries after it
        stream.reconfigure(  # pyright: ignore[reportAttributeAccessIssue]
            encoding="utf-8", errors="backslashreplace", line_buffering=True
        )


def flush_output() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()


class FileHost:
    """Forks tries, reaps them, and reports both. ``fresh``: each try in a new interpreter."""

    def __init__(
        self, order: StartHost, channel: socket.socket, dags: dict[str, DAG], fresh: bool
    ) -> None:
        self._order = order
        self._channel = channel
        self._dags = dags
        self._fresh = fresh
        self._tries: dict[int, int] = {}
        self._callbacks: dict[int, int] = {}
        self._retiring = False
        self._warm = False
        self._spare: tuple[int, int] | None = None
        """Pid of a process forked ahead of time, and the pipe to give it its work."""
        self._buffer = MessageBuffer(ToHost)
        self._wakeup, self._wake = system.signal_pipe()
        self._own_children = set(system.children())
        """What the import has started, say a ``multiprocessing.Manager``: lives as long as we."""

    def serve(self) -> None:
        """Run tries until told to retire, or the runner goes away."""
        self._listen()
        if self._own_children:
            # Running tries go on, and may need them, whatever has become of the runner.
            while self._tries or self._callbacks:
                select.select([self._wakeup], [], [])
                system.drain(self._wakeup)
                self._reap()
            system.end_children(self._own_children)

    def _listen(self) -> None:
        while not (self._retiring and not self._tries and not self._callbacks):
            readable, _, _ = select.select([self._channel, self._wakeup], [], [])
            if self._wakeup in readable:
                system.drain(self._wakeup)
                self._reap()
            if self._channel in readable:
                try:
                    data = self._channel.recv(1 << 18)
                except ConnectionResetError:  # it was killed with words of ours unread
                    data = b""
                if not data:
                    return  # the runner is gone; running tries go on, the next runner finds them
                for message in self._buffer.feed(data):
                    self._act(message)

    def _act(self, message: ToHost) -> None:
        if isinstance(message, RunTry):
            ticket = message.ticket
            self._start(message, self._tries, ticket.try_key)
        elif isinstance(message, RunCallback):
            self._start(message, self._callbacks, message.ticket.callback_key)
        elif isinstance(message, Retire):
            self._retiring = True

    def _start(self, message: RunTry | RunCallback, table: dict[int, int], key: int) -> None:
        pid = self._hand_to_spare(message)
        if pid is None:
            self._start_new(message, table, key)
        else:
            table[pid] = key
            if isinstance(message, RunTry):
                self._send(Forked(key, pid))
        if not self._fresh and self._spare is None:
            self._fork_spare()

    def _hand_to_spare(self, message: RunTry | RunCallback) -> int | None:
        """Give the work to the process that waits for some; None if there is none."""
        if self._spare is None:
            return None
        (pid, pipe), self._spare = self._spare, None
        data = memoryview(encode_message(message))
        try:
            while data:
                data = data[os.write(pipe, data) :]
        except OSError:  # it was killed, before it had its whole work
            return None
        finally:
            os.close(pipe)
        return pid

    def _fork_spare(self) -> None:
        """Fork the next try's process while this one works: its start is then a few writes away."""
        read, write = os.pipe()
        try:
            pid = os.fork()
        except OSError:  # the next try is forked when it comes, and says why if it can't be
            os.close(read)
            os.close(write)
            return
        if pid == 0:
            os.close(write)
            self._become_task()
            task_process.wait(read, self._dags)  # never returns
        os.close(read)
        self._spare = pid, write

    def _become_task(self) -> None:
        # Else multiprocessing would end or join the host's children at the end of this process.
        family = sys.modules.get("multiprocessing.process")
        if family is not None:
            family._children.clear()
        self._channel.close()
        os.close(self._wakeup)
        os.close(self._wake)
        faulthandler.disable()

    def _start_new(self, message: RunTry | RunCallback, table: dict[int, int], key: int) -> None:
        if not self._warm:
            self._warm_up()
        try:
            pid = self._spawn(message) if self._fresh else os.fork()
        except OSError as error:
            if isinstance(message, RunTry):
                self._send(StartFailed(key, f"no process could be started: {error.strerror}"))
            else:
                self._send(CallbackExited(key, 255))
            return
        if pid == 0:
            self._become_task()
            task_process.main(message, self._dags)  # never returns
        table[pid] = key
        if isinstance(message, RunTry):
            self._send(Forked(key, pid))

    def _warm_up(self) -> None:
        """Load what this file's tasks need, once there is one to run: most imports are only for
        the file's structure."""
        self._warm = True
        if not self._fresh:
            warm_up.warm_up(self._dags.values())
            surroundings.prepare(self._order.file, self._order.workspace)
            gc.collect()
            gc.freeze()

    def _spawn(self, message: RunTry | RunCallback) -> int:
        """Start a fresh interpreter, for files whose import leaves threads or a GPU context."""
        import subprocess

        program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "__main__.py")
        process = subprocess.Popen(
            [sys.executable, "-P", program, "--single"],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        assert process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(encode_message(self._order) + encode_message(message))
            process.stdin.close()
        process.returncode = 0  # reaped by us, with the others
        return process.pid

    def _send(self, message: FromHost) -> None:
        with contextlib.suppress(OSError):  # end of file comes next
            self._channel.sendall(encode_message(message))

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            self._own_children.discard(pid)
            if pid in self._tries:
                self._end_leftovers(pid)
                self._send(
                    Exited(
                        try_key=self._tries.pop(pid),
                        pid=pid,
                        status=os.waitstatus_to_exitcode(status),
                        cpu_seconds=usage.ru_utime + usage.ru_stime,
                        peak_rss=usage.ru_maxrss * RSS_UNIT,
                    )
                )
            elif pid in self._callbacks:
                self._end_leftovers(pid)
                key = self._callbacks.pop(pid)
                self._send(CallbackExited(key, os.waitstatus_to_exitcode(status)))
            elif self._spare is not None and self._spare[0] == pid:
                os.close(self._spare[1])
                self._spare = None

    def _end_leftovers(self, pid: int) -> None:
        """End what a try left behind: its process group, and daemons that escaped from it.

        Those became children of this host when the try's process (their subreaper) ended.
        """
        system.kill_group(pid)
        known: set[Any] = {*self._tries, *self._callbacks, *self._own_children}
        if self._spare is not None:
            known.add(self._spare[0])
        for child in system.children():
            if child not in known:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(child, signal.SIGKILL)

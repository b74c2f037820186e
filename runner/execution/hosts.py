"""The hosts: one base host, and a file host per pipeline file in use."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from runner.execution.channel import Channel
from runner.execution.environment import host_environment
from runner.execution.processes import describe_exit
from runner.execution.settings import settings_of
from runner.journal.messages import (
    FromHost,
    HostExited,
    Parsed,
    ParseFailed,
    Retire,
    RunCallback,
    RunTry,
    StartHost,
)
from store.config import RunnerConfig
from store.workspace import Workspace

log = logging.getLogger(__name__)

HOST_PROGRAM = Path(__file__).parent.parent / "host" / "__main__.py"
KILL_MARGIN = 2.0
"""Seconds beyond ``parse_timeout`` after which a host that hangs in native code is killed."""

BASE_PATIENCE = 2.0
"""Seconds that the base host may take to end before it is killed."""
LAST_WORDS = 0.2
"""Seconds between the end of a host and that of its channel, whichever is noticed first."""


@dataclass(slots=True)
class FileHost:
    """One host of one pipeline file. ``parsed`` is None until it has reported."""

    key: int
    file: str
    """Relative to the workspace."""
    channel: Channel
    started: float
    """By the loop's clock."""
    parsed: Parsed | None = None
    retiring: bool = False
    tries: set[int] = field(default_factory=set)
    callbacks: set[int] = field(default_factory=set)
    used: float = 0.0
    """When it last had work, by the loop's clock."""
    waiting: list[RunTry | RunCallback] = field(default_factory=list)
    timer: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        return bool(self.tries or self.callbacks or self.waiting)


@dataclass(slots=True)
class HostEvents:
    """What the owner of the hosts wants to hear."""

    parsed: Callable[[FileHost, Parsed | ParseFailed], None]
    message: Callable[[FileHost, FromHost], None]
    lost: Callable[[FileHost, list[int], list[int], str], None]
    """A host ended with these tries and callbacks not reported on; and why, if that is known."""


class Hosts:
    """Starts, finds, retires and replaces hosts."""

    def __init__(
        self,
        workspace: Workspace,
        loop: asyncio.AbstractEventLoop,
        events: HostEvents,
        config: RunnerConfig,
    ) -> None:
        self._workspace = workspace
        self._loop = loop
        self._events = events
        self._parse_timeout = config.parse_timeout
        self._settings = settings_of(config)
        self._with_mlflow = config.mlflow
        self._base: Channel | None = None
        self._base_process: subprocess.Popen[bytes] | None = None
        self._hosts: dict[int, FileHost] = {}
        self._next_key = 1
        self._closing = False
        self._exit_words: dict[int, str] = {}

    def start_base(self) -> None:
        """Start the base host; a few 10 ms later it serves. Safe to call while one runs."""
        if self._base is not None and self._base.is_open:
            return
        self._bury_base()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        environment = host_environment(os.environ, self._workspace.root, mlflow=self._with_mlflow)
        with theirs:
            self._base_process = subprocess.Popen(
                [sys.executable, "-P", str(HOST_PROGRAM), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                cwd=self._workspace.root,
                env=environment,
                start_new_session=True,  # no terminal's signals reach hosts and tasks
            )
        self._base = Channel(self._loop, ours, self._base_message, self._base_closed)

    def host(self, file: str, digest: str | None) -> FileHost:
        """The host that has imported, or is importing, that version of a file; started if need be.

        ``digest`` None: whatever is on disk now, by a new import.
        """
        if digest is not None:
            for host in self._hosts.values():
                if host.file != file or host.retiring or not host.channel.is_open:
                    continue
                if host.parsed is None or host.parsed.digest == digest:
                    return host
        return self._start(file)

    def run(self, host: FileHost, message: RunTry | RunCallback) -> None:
        """Send work to a host; it waits here while the host is still importing."""
        host.used = self._loop.time()
        if host.parsed is None:
            host.waiting.append(message)
            return
        self._send_work(host, message)

    def retire(self, host: FileHost) -> None:
        """No more work for this host: it leaves when its last try has ended."""
        if not host.retiring:
            host.retiring = True
            host.channel.send(Retire())

    def retire_file(self, file: str, keep: FileHost | None = None) -> None:
        for host in list(self._hosts.values()):
            if host.file == file and host is not keep and host.parsed is not None:
                self.retire(host)

    def retire_idle(self, warm_hosts: int, warm_seconds: float) -> None:
        """Let go of hosts that had no work for a while, and of the least used beyond the limit."""
        now = self._loop.time()
        idle = [
            host
            for host in self._hosts.values()
            if host.parsed is not None and not host.busy and not host.retiring
        ]
        idle.sort(key=lambda host: host.used, reverse=True)
        for rank, host in enumerate(idle):
            if rank >= warm_hosts or now - host.used > warm_seconds:
                self.retire(host)

    @property
    def base_pid(self) -> int | None:
        """The process that hosts are forked from."""
        return None if self._base_process is None else self._base_process.pid

    def all(self) -> list[FileHost]:
        return list(self._hosts.values())

    def importing(self) -> int:
        return sum(host.parsed is None for host in self._hosts.values())

    def is_importing(self, file: str) -> bool:
        """Whether a host is importing the file now."""
        return any(host.file == file and host.parsed is None for host in self._hosts.values())

    def close(self) -> None:
        """Let all hosts go. Running tries go on by themselves."""
        self._closing = True
        for host in list(self._hosts.values()):
            host.channel.close()
        if self._base is not None:
            self._base.close()
        self._bury_base()

    # -- inside ----------------------------------------------------------------------------

    def _bury_base(self) -> None:
        """Wait for the end of a base host that has lost its channel, but not for long: the
        runner does nothing else meanwhile."""
        process, self._base_process = self._base_process, None
        if process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(BASE_PATIENCE)
            return
        log.warning("the base host (pid %d) does not end by itself: it is killed", process.pid)
        process.kill()
        try:
            process.wait(BASE_PATIENCE)
        except subprocess.TimeoutExpired:
            log.error(
                "the base host (pid %d) can't be killed and is left behind: "
                "look whether its disk or network folder hangs",
                process.pid,
            )

    def _start(self, file: str) -> FileHost:
        self.start_base()
        assert self._base is not None
        key = self._next_key
        self._next_key += 1
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        holder: list[FileHost] = []
        channel = Channel(
            self._loop,
            ours,
            lambda message: self._message(holder[0], message),
            lambda: self._closed(holder[0]),
        )
        now = self._loop.time()
        host = FileHost(key=key, file=file, channel=channel, started=now, used=now)
        holder.append(host)
        self._hosts[key] = host
        order = StartHost(
            host_key=key,
            file=str(self._workspace.root / file),
            workspace=str(self._workspace.root),
            parse_timeout=self._parse_timeout,
            questions=str(self._workspace.questions),
            import_log=str(self._workspace.state / "imports" / (file.replace("/", "%") + ".log")),
            settings=self._settings,
        )
        with theirs:
            try:
                self._base.send_with_descriptor(order, theirs.fileno())
            except OSError:
                # The base host has just died; its channel's end tells, and it is started anew.
                log.warning("the base host is gone, starting another")
                self._base.close()
                self.start_base()
                self._base.send_with_descriptor(order, theirs.fileno())
        host.timer = self._loop.call_later(
            self._parse_timeout + KILL_MARGIN, self._import_hangs, host
        )
        return host

    def _import_hangs(self, host: FileHost) -> None:
        if host.parsed is None and host.channel.is_open:
            self._exit_words[host.key] = (
                f"{host.file}: the import did not end within {self._parse_timeout:g} s and could "
                "not be interrupted; move slow work into a task, or raise parse_timeout"
            )
            host.channel.close()

    def _send_work(self, host: FileHost, message: RunTry | RunCallback) -> None:
        if isinstance(message, RunTry):
            host.tries.add(message.ticket.try_key)
        else:
            host.callbacks.add(message.ticket.callback_key)
        host.channel.send(message)

    def _message(self, host: FileHost, message: FromHost) -> None:
        if isinstance(message, Parsed | ParseFailed):
            if host.timer is not None:
                host.timer.cancel()
            if isinstance(message, Parsed):
                host.parsed = message
            else:
                self._hosts.pop(host.key, None)  # it has said all it has to say, and leaves
            self._events.parsed(host, message)
            return
        self._events.message(host, message)

    def work_of(self, host: FileHost) -> list[RunTry | RunCallback]:
        """Take the work that waited for the import."""
        work, host.waiting = host.waiting, []
        return work

    def _closed(self, host: FileHost) -> None:
        if host.timer is not None:
            host.timer.cancel()
        if self._base is not None and self._base.is_open and not host.retiring:
            # The base host reports the exit status in a moment; the reason waits for it.
            self._loop.call_later(LAST_WORDS, self._lost, host)
        else:
            self._lost(host)

    def _lost(self, host: FileHost) -> None:
        if self._hosts.pop(host.key, None) is None:
            return
        words = self._exit_words.pop(host.key, "")
        self._events.lost(host, sorted(host.tries), sorted(host.callbacks), words)

    def _base_message(self, message: FromHost) -> None:
        if not isinstance(message, HostExited):
            return
        host = self._hosts.get(message.host_key)
        if host is None:
            return
        if message.host_key not in self._exit_words:
            self._exit_words[message.host_key] = self._describe(host, message)
        if host.channel.is_open:
            # Its last words are still on their way; or a child of its import holds the channel.
            self._loop.call_later(LAST_WORDS, host.channel.close)
        else:
            self._lost(host)

    def _describe(self, host: FileHost, message: HostExited) -> str:
        how = describe_exit(message.status)
        if host.parsed is not None:
            return f"the host of {host.file} {how}"
        line = crash_line(message.crash, str(self._workspace.root / host.file))
        place = f"{host.file}:{line}" if line else host.file
        return f"{place}: its import ended the interpreter, which {how}; mend or remove the file"

    def _base_closed(self) -> None:
        if not self._closing:
            log.warning("the base host ended; the next import starts another")


def crash_line(crash: str, file: str) -> int | None:
    """The line of the pipeline file in what Python's fault handler wrote, if it names it."""
    for line in crash.splitlines():
        head, _, rest = line.strip().partition(f'File "{file}", line ')
        number = rest.partition(" ")[0]
        if not head and number.isdigit():
            return int(number)
    return None

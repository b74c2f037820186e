"""The base host: a small process that has imported our side once and forks file hosts.

It never imports user code. Hosts and tasks forked from it share its memory.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import select
import socket
import sys
import traceback
from importlib import import_module
from typing import IO

from runner.host import system
from runner.journal.identity import own_start
from runner.journal.messages import HostExited, MessageBuffer, StartHost, ToHost, encode_message

SHARED = (
    "runner.authoring.decorators",
    "runner.authoring.operators.bash",
    "runner.authoring.operators.branch",
    "runner.authoring.operators.empty",
    "runner.authoring.operators.python",
    "runner.authoring.parse",
    "runner.host.file_host",
)


def serve(descriptor: int) -> None:
    """Fork a host per request until the runner goes away. Never returns normally."""
    channel = socket.socket(fileno=descriptor)
    system.become_subreaper()
    system.name_process("dagtop base")
    wakeup, wake = system.signal_pipe()
    load_for_all()
    own_start()  # what it remembers, all forks have
    gc.collect()
    gc.freeze()
    buffer = MessageBuffer(ToHost)
    hosts: dict[int, tuple[int, IO[bytes]]] = {}
    while True:
        readable, _, _ = select.select([channel, wakeup], [], [])
        if wakeup in readable:
            system.drain(wakeup)
            _reap(channel, hosts)
        if channel not in readable:
            continue
        try:
            data, descriptors, _, _ = socket.recv_fds(channel, 65536, 16)
        except ConnectionResetError:  # the runner was killed with words of ours unread
            os._exit(0)
        if not data:
            os._exit(0)
        for message in buffer.feed(data):
            assert isinstance(message, StartHost)
            host_channel = descriptors.pop(0)
            crash = system.memory_file()
            pid = os.fork()
            if pid == 0:
                channel.close()
                os.close(wakeup)
                os.close(wake)
                _become_host(message, host_channel, crash)
            os.close(host_channel)
            hosts[pid] = (message.host_key, crash)


def load_for_all() -> None:
    """Load what nearly every pipeline file and task uses, so that no fork loads it again."""
    for name in SHARED:
        import_module(name)


def _become_host(message: StartHost, descriptor: int, crash: IO[bytes]) -> None:
    from runner.host import file_host

    status = 1
    try:
        faulthandler.enable(file=crash, all_threads=False)
        file_host.serve(message, socket.socket(fileno=descriptor))
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.flush()
        os._exit(status)


def _reap(channel: socket.socket, hosts: dict[int, tuple[int, IO[bytes]]]) -> None:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        if pid not in hosts:  # a task of a host that was killed; the runner watches it itself
            continue
        host_key, crash = hosts.pop(pid)
        crash.seek(0)
        text = crash.read(16384).decode(errors="replace")
        crash.close()
        exited = HostExited(host_key, os.waitstatus_to_exitcode(status), text)
        with contextlib.suppress(OSError):  # the runner is gone: end of file comes next
            channel.sendall(encode_message(exited))

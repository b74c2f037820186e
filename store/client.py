"""Talking to the runner of a workspace. Standard library only: a command line starts fast with it.

The database is opened (and SQLAlchemy loaded) only where no runner answers and a row must be
written instead.
"""

from __future__ import annotations

import fcntl
import json
import os
import socket
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from store.errors import CommandRefused, CommandTimeout, StoreError
from store.workspace import Workspace

HEADER = struct.Struct(">I")
"""Length of the JSON that follows."""

LARGEST_MESSAGE = 256 * 1024 * 1024
DIRECT_KINDS = frozenset({"pause", "unpause", "note"})
"""Commands that need no runner: they are a flag or a text in a row."""


class RunnerAway(StoreError):
    """No runner answers in this workspace."""


class RunnerBusy(StoreError):
    """The runner has taken the question and not answered it in time."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of a command."""

    answer: dict[str, Any] | None
    """None: nobody has acted on it yet."""
    command_id: int | None = None
    """Of a command that waits for a runner."""

    @property
    def is_pending(self) -> bool:
        return self.answer is None


def ask(workspace: Workspace, request: dict[str, Any], timeout: float = 10.0) -> dict[str, Any]:
    """Send a question (see ``runner.journal.questions``) to the runner and return its answer.

    The answer has ``value``, ``error`` and ``found``. Raises ``RunnerAway`` where no runner
    listens, ``RunnerBusy`` where it doesn't answer within ``timeout`` seconds.
    """
    deadline = time.monotonic() + timeout
    message = json.dumps(request, separators=(",", ":")).encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(os.fspath(workspace.questions))
        except OSError as error:
            raise _away(workspace) from error
        try:
            connection.sendall(HEADER.pack(len(message)) + message)
            (length,) = HEADER.unpack(_receive(connection, HEADER.size, deadline))
            if length > LARGEST_MESSAGE:
                raise StoreError(f"the runner's answer is too large ({length} bytes)")
            return json.loads(_receive(connection, length, deadline))
        except TimeoutError as error:
            raise RunnerBusy(
                f"the runner has not answered within {timeout:g} s; see {workspace.runner_log}"
            ) from error
        except (OSError, EOFError) as error:
            raise _away(workspace) from error


def ring(workspace: Workspace, message: bytes = b"c") -> bool:
    """Ring the runner's doorbell; True if it was heard. A lost ring costs at most a poll."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as bell:
        bell.setblocking(False)
        try:
            bell.sendto(message, os.fspath(workspace.doorbell))
        except OSError:  # nobody is there, or its ears are full: then it is awake anyway
            return False
    return True


def runner_pid(workspace: Workspace) -> int | None:
    """The process id of the workspace's runner; None if none is up.

    The lock is tried only where the process that the file names exists: so a look at a workspace
    without a runner never takes the lock that one may be about to take.
    """
    try:
        file = os.open(workspace.runner_lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        words = os.read(file, 64).split()
        if not words or not words[0].isdigit() or not _exists(int(words[0])):
            return None
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return int(words[0])
        return None
    finally:
        os.close(file)


def runner_is_up(workspace: Workspace) -> bool:
    """Whether a runner works on this workspace."""
    return runner_pid(workspace) is not None


def submit(
    workspace: Workspace,
    kind: str,
    payload: dict[str, Any],
    actor: str | None = None,
    *,
    timeout: float = 10.0,
) -> Submission:
    """Have a command carried out; see ``store.commands`` for the kinds and their payloads.

    A running runner does it at once and the answer is returned. Without one, pausing and notes
    are done by the row itself; other commands are written for the next runner (``is_pending``).
    Raises ``CommandRefused`` with the reason, ``CommandTimeout`` where the runner is too slow.
    """
    actor = actor or user()
    request = {"type": "submit", "command": kind, "payload": payload, "actor": actor}
    try:
        answer = ask(workspace, request, timeout)
    except RunnerAway:
        return _submit_by_row(workspace, kind, payload, actor)
    except RunnerBusy as error:
        raise CommandTimeout(str(error)) from error
    if answer.get("error"):
        raise CommandRefused(answer["error"])
    return Submission(answer=answer.get("value") or {})


def withdraw(workspace: Workspace, command_id: int) -> bool:
    """Take a command back that waits for a runner; whether none had done it yet."""
    from store import commands
    from store.engine import open_store

    with open_store(workspace) as store:
        return commands.withdraw(store, command_id)


def user() -> str:
    """The name that goes on the audit trail: of the user of this process."""
    import getpass

    with suppress(KeyError, OSError):
        return getpass.getuser()
    return f"uid {os.getuid()}"


def _submit_by_row(
    workspace: Workspace, kind: str, payload: dict[str, Any], actor: str
) -> Submission:
    from store import commands, edits
    from store.engine import open_store

    with open_store(workspace) as store:
        if kind in DIRECT_KINDS:
            with store.write() as connection:
                answer = _do_directly(edits, connection, kind, payload, actor)
            ring(workspace)
            return Submission(answer=answer)
        command_id = commands.submit(store, kind, payload, actor)
    ring(workspace)
    return Submission(answer=None, command_id=command_id)


def _do_directly(
    edits: Any, connection: Any, kind: str, payload: dict[str, Any], actor: str
) -> dict[str, Any]:
    """Do a command that is a change of a row. ``edits`` is the module: it loads SQLAlchemy."""
    if kind == "note":
        place = {name: payload.get(name) for name in ("task_id", "map_index")}
        dag_id, run_id, text = payload["dag_id"], payload["run_id"], payload["text"]
        former = edits.set_note(connection, dag_id, run_id, text, actor, **place)
        return {"dag_id": dag_id, "run_id": run_id, **place, "former": former}
    dag_ids = payload.get("dag_ids") or []
    changed = edits.set_paused(connection, dag_ids, kind == "pause", actor)
    return {"dag_ids": changed, "changed": changed}


def _away(workspace: Workspace) -> RunnerAway:
    return RunnerAway(f"no runner is up in {workspace.root}; start one with 'dagtop up'")


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _receive(connection: socket.socket, size: int, deadline: float) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        part = connection.recv(min(size - len(parts), 1 << 20))
        if not part:
            raise EOFError("the runner closed the connection")
        parts += part
    return bytes(parts)

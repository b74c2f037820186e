"""What goes to the workspace: the recording of this process, questions to the runner, files.

The formats are those of ``runner.journal``, in JSON.
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import fcntl
import hashlib
import json
import os
import shlex
import socket
import struct
import sys
import tempfile
import threading
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

STATE_FOLDER, CONFIG_FILE = ".dagtop", "dagtop.toml"
SOCKET_PATH_LIMIT = 100
FRAME, LENGTH = struct.Struct(">II"), struct.Struct(">I")
PATIENCE = 60.0
"""Seconds that an answer may take."""


class NoWorkspace(Exception):
    """There is no workspace; the message says where it was looked for and what to do."""


class RunnerAway(Exception):
    """No runner answers; the message says what to do."""


class Refused(Exception):
    """The runner's answer is no; ``code`` is MLflow's name for why."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def find_root(named: str | None, folder: str) -> str:
    """The workspace that is named, else the one around a folder. Raises ``NoWorkspace``."""
    if named:
        root = os.path.realpath(os.path.expanduser(named))
        if not os.path.isdir(root):
            raise NoWorkspace(f"the workspace {root} is not a folder")
        return root
    root = start = os.path.realpath(folder)
    while True:
        if (
            os.path.isfile(os.path.join(root, CONFIG_FILE))
            or os.path.isdir(os.path.join(root, STATE_FOLDER))
            or os.path.isdir(os.path.join(root, "dags"))
        ):
            return root
        above = os.path.dirname(root)
        if above == root:
            raise NoWorkspace(
                f"there is no workspace in {start} or above it to record in: run 'dagtop init' to "
                "make one here, or name one with DAGTOP_WORKSPACE or MLFLOW_TRACKING_URI=dagtop:…"
            )
        root = above


class Wire:
    """A workspace, as one process reaches it. A forked child makes a recording of its own."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.state = os.path.join(root, STATE_FOLDER)
        self.artifacts = os.path.join(self.state, "artifacts")
        self.recording: str | None = None
        """The path of this process's recording, once it has begun."""
        self._descriptor: int | None = None
        self._bell: socket.socket | None = None
        self._questions: socket.socket | None = None
        self._writing, self._asking = threading.Lock(), threading.Lock()

    def _socket_path(self, name: str) -> str:
        path = os.path.join(self.state, name)
        if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
            return path
        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return os.path.join(tempfile.gettempdir(), f"dagtop-{os.getuid()}-{digest}", name)

    # -- the recording

    def record(self, *records: list[Any]) -> None:
        """State facts, as one piece. Raises ``OSError`` where they can't be written."""
        data = b"".join([frame(record) for record in records])
        with self._writing:
            if self._descriptor is None:
                self._descriptor, self.recording = self._open()
            written = os.write(self._descriptor, data)
            if written < len(data):
                _finish(self._descriptor, data, written)

    def _open(self) -> tuple[int, str]:
        folder = os.path.join(self.state, "recordings")
        for path in (self.state, folder):
            with contextlib.suppress(FileExistsError):
                os.mkdir(path, 0o700)
        name = f"{time.time_ns():x}-{os.getpid()}-{os.urandom(4).hex()}"
        hidden, path = os.path.join(folder, f".{name}"), os.path.join(folder, name)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        descriptor = os.open(hidden, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            os.write(descriptor, frame(opened(self.try_journal())))
            os.rename(hidden, path)
        except OSError:
            os.close(descriptor)
            with contextlib.suppress(FileNotFoundError):
                os.unlink(hidden)
            raise
        return descriptor, path

    def try_journal(self) -> str | None:
        """The journal of the try of this workspace that this process belongs to, if it does."""
        journal = os.environ.get("DAGTOP_TRY")
        if not journal:
            return None
        parts = os.path.relpath(journal, os.path.join(self.state, "tries")).split(os.sep)
        is_own = len(parts) == 3 and parts[0].isdigit() and parts[1].isdigit()
        return journal if is_own else None

    def ring(self) -> None:
        """Wake the runner. A lost ring is no loss: it looks by itself, each second."""
        with self._writing, contextlib.suppress(OSError):
            if self._bell is None:
                self._bell = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
                self._bell.setblocking(False)
            self._bell.sendto(b"r", self._socket_path("bell"))

    def recorded(self) -> Iterator[list[Any]]:
        """What this process has recorded, in its order."""
        if self.recording is None:
            return
        with open(self.recording, "rb") as file:
            while len(head := file.read(FRAME.size)) == FRAME.size:
                yield json.loads(file.read(FRAME.unpack(head)[0]))

    def close(self, status: str) -> None:
        """The process ends: its runs that are still open do so with that status."""
        with contextlib.suppress(OSError):
            if self._descriptor is not None:
                self.record(["closed", time.time(), status])
                self.ring()
        self.forget()

    def forget(self) -> None:
        """Let go of what is open: in a forked child it is the parent's."""
        if self._descriptor is not None:
            os.close(self._descriptor)
        for connection in (self._bell, self._questions):
            if connection is not None:
                connection.close()
        self._descriptor = self.recording = self._bell = self._questions = None
        self._writing, self._asking = threading.Lock(), threading.Lock()

    # -- questions

    def ask(self, method: str, **arguments: Any) -> Any:
        """The runner's answer to a call of MLflow's REST interface, such as ``GET runs/get``. What
        this process has recorded is taken into account.

        Raises ``RunnerAway``, ``Refused``.
        """
        question = {
            "type": "ask_mlflow",
            "method": method,
            "arguments": arguments,
            "user": user_name(),
        }
        data = json.dumps(question, ensure_ascii=False).encode(errors="replace")
        with self._asking:
            answer = self._exchange(LENGTH.pack(len(data)) + data)
        if answer.get("error"):
            code = (answer.get("value") or {}).get("code", "INVALID_PARAMETER_VALUE")
            raise Refused(answer["error"], code)
        return answer.get("value")

    def ask_all(self, method: str, what: str, most: int, **arguments: Any) -> list[Any]:
        """All of a list that is answered in pages of ``most`` at most."""
        found: list[Any] = []
        token = None
        while token != "":
            page = self.ask(method, max_results=most, page_token=token, **arguments)
            found += page.get(what, ())
            token = page.get("next_page_token", "")
        return found

    def _exchange(self, request: bytes) -> dict[str, Any]:
        for attempt in (0, 1):
            is_old = self._questions is not None
            try:
                if self._questions is None:
                    self._questions = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                    self._questions.settimeout(PATIENCE)
                    self._questions.connect(self._socket_path("ask"))
                self._questions.sendall(request)
                (length,) = LENGTH.unpack(self._receive(self._questions, LENGTH.size))
                return json.loads(self._receive(self._questions, length))
            except OSError as error:
                if self._questions is not None:
                    self._questions.close()
                    self._questions = None
                if not is_old or attempt:  # an old connection may be that of an earlier runner
                    raise RunnerAway(
                        f"no runner answers in {self.root} ({error.strerror or error}): what is "
                        "logged is kept, but what others have logged can only be read when one "
                        "does; start it with 'dagtop up'"
                    ) from error
        raise AssertionError("the loop has returned or raised")

    @staticmethod
    def _receive(connection: socket.socket, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            part = connection.recv(count - len(parts))
            if not part:
                raise ConnectionResetError("the runner closed the connection")
            parts += part
        return bytes(parts)

    # -- files

    def keep(self, parts: Iterable[bytes]) -> tuple[int, str]:
        """Keep content under its SHA-256; its size and that. Raises ``OSError``."""
        os.makedirs(self.artifacts, mode=0o700, exist_ok=True)
        size, digest = 0, hashlib.sha256()
        descriptor, name = tempfile.mkstemp(prefix=".new-", dir=self.artifacts)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for part in parts:
                    file.write(part)
                    digest.update(part)
                    size += len(part)
            target = self.kept_at(digest.hexdigest())
            os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
            os.replace(name, target)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
        return size, digest.hexdigest()

    def kept_at(self, digest: str) -> str:
        """Where the content with that SHA-256 is."""
        return os.path.join(self.artifacts, digest[:2], digest)


def _finish(descriptor: int, data: bytes, written: int) -> None:
    """Write the rest of a short write; where the disk is full, take the first part back."""
    try:
        while written < len(data):
            step = os.write(descriptor, data[written:])
            if step == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            written += step
    except OSError:
        os.ftruncate(descriptor, os.fstat(descriptor).st_size - written)
        raise


def frame(record: list[Any]) -> bytes:
    """A record as the journal has it; half a character, which is no text, as a question mark."""
    payload = json.dumps(record, separators=(",", ":"), ensure_ascii=False).encode(errors="replace")
    return FRAME.pack(len(payload), zlib.crc32(payload)) + payload


def opened(try_journal: str | None) -> list[Any]:
    """The first record of a recording: whose it is."""
    try_key = None
    if try_journal is not None:
        try_key = int(os.path.basename(os.path.dirname(try_journal)))
    try:
        folder = os.getcwd()
    except OSError:
        folder = ""
    command = shlex.join(getattr(sys, "orig_argv", sys.argv))[:2000]
    host = socket.gethostname()
    return [
        "opened", time.time(), os.getpid(), process_start(), host, user_name(),
        readable(folder), readable(command), try_key,
    ]  # fmt: skip


def process_start() -> str:
    """A token of when this process started, as ``runner.journal.identity`` makes it."""
    try:
        with open("/proc/sys/kernel/random/boot_id") as file:
            boot = file.read().strip()[:8]
        with open(f"/proc/{os.getpid()}/stat", "rb") as file:
            return f"{boot}-{file.read().rpartition(b')')[2].split()[19].decode()}"
    except OSError:
        return ""


def user_name() -> str:
    """The name of the user, or the number of one who has none."""
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid())


def readable(text: str) -> str:
    """Bytes of a name that are no text as escapes."""
    return os.fsencode(text).decode(errors="backslashreplace")


_wires: dict[str, Wire] = {}
has_failed = False
"""Whether an exception has ended this process."""


def wire_of(uri: str | None, environment: Mapping[str, str] = os.environ) -> Wire:
    """The workspace of a tracking URI: that of its path, of ``DAGTOP_WORKSPACE``, or the one around
    the current folder. Raises ``NoWorkspace``."""
    path = (uri or "").partition(":")[2]
    path = path.removeprefix("//")
    named = path or environment.get("DAGTOP_WORKSPACE")
    root = find_root(named, "." if named else os.getcwd())
    return _wires.get(root) or _wires.setdefault(root, Wire(root))  # of several threads the first's


def _hook() -> None:
    """See to it that the end of this process is told, and whether an exception has ended it."""
    before = sys.excepthook

    def failed(*error: Any) -> None:
        global has_failed
        has_failed = True
        before(*error)

    sys.excepthook = failed
    atexit.register(_close)
    os.register_at_fork(after_in_child=_after_fork_in_child)


def is_failing() -> bool:
    """Whether this process, or the try that it is, ends with an error."""
    return has_failed or os.environ.get("DAGTOP_TRY_STATE") in ("failed", "up_for_retry")


def _close() -> None:
    for wire in _wires.values():
        wire.close("FAILED" if is_failing() else "FINISHED")


def _after_fork_in_child() -> None:
    for wire in _wires.values():
        wire.forget()


_hook()  # now: MLflow registers what ends its runs after it has loaded this, so it is done before

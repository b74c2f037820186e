"""Where a workspace is and where its things are on disk. Standard library only: starts fast."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

STATE_FOLDER = ".dagtop"
CONFIG_FILE = "dagtop.toml"
DAMAGED = ".damaged"
"""What the name of a recording ends with that can't be read: it is kept for who wants to look."""
SOCKET_PATH_LIMIT = 100
"""``sun_path`` holds 108 bytes on Linux and 104 on macOS, the closing zero included."""


class WorkspaceError(Exception):
    """A workspace can't be found or used; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder with pipeline files in ``dags/``; its state is in ``.dagtop/``, mode 0700."""

    root: Path

    @property
    def dags(self) -> Path:
        return self.root / "dags"

    @property
    def config_file(self) -> Path:
        return self.root / CONFIG_FILE

    @property
    def state(self) -> Path:
        return self.root / STATE_FOLDER

    @property
    def database(self) -> Path:
        return self.state / "dagtop.db"

    @property
    def runner_log(self) -> Path:
        return self.state / "runner.log"

    @property
    def runner_lock(self) -> Path:
        """Locked (``flock``) by the one runner; holds its pid."""
        return self.state / "runner.lock"

    @property
    def artifacts(self) -> Path:
        return self.state / "artifacts"

    @property
    def recordings(self) -> Path:
        """Journals of processes that no host of the runner's has forked."""
        return self.state / "recordings"

    @property
    def tries(self) -> Path:
        return self.state / "tries"

    def try_folder(self, dag_run_key: int, try_key: int) -> Path:
        """Folder of one try: its ``log`` and its journals."""
        return self.tries / str(dag_run_key) / str(try_key)

    def log(self, dag_run_key: int, try_key: int) -> Path:
        return self.try_folder(dag_run_key, try_key) / "log"

    def journal(self, dag_run_key: int, try_key: int, number: int = 0) -> Path:
        """Journal of a try. A rescheduled sensor has one per poke, numbered from 0."""
        name = "journal" if number == 0 else f"journal.{number}"
        return self.try_folder(dag_run_key, try_key) / name

    @property
    def doorbell(self) -> Path:
        """Unix datagram socket: ring it after a change, the runner wakes."""
        return self._socket("bell")

    @property
    def questions(self) -> Path:
        """Unix stream socket: ask the runner, it answers."""
        return self._socket("ask")

    def _socket(self, name: str) -> Path:
        path = self.state / name
        if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
            return path

        import hashlib  # rarely needed, and slow to load
        import tempfile

        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"dagtop-{os.getuid()}-{digest}" / name

    def create_state_folder(self) -> None:
        """Make ``.dagtop/`` (0700) and the folder of the sockets, and check who owns them."""
        for folder in {self.state, self.doorbell.parent}:
            try:
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise WorkspaceError(
                    f"{folder} can't be made: {error.strerror}; make {folder.parent} writable "
                    "for you, or use another workspace"
                ) from error
            facts = folder.stat()
            if facts.st_uid != os.getuid():
                raise WorkspaceError(
                    f"{folder} belongs to another user; remove it or choose another workspace"
                )
            if facts.st_mode & 0o077:
                folder.chmod(0o700)


def find_workspace(start: Path | None = None) -> Workspace:
    """The workspace around ``start`` (default: ``DAGTOP_WORKSPACE``, else the current folder).

    Searched upward, as git finds its own: a folder with ``.dagtop/``, ``dagtop.toml`` or ``dags/``.
    Raises ``WorkspaceError`` where there is none.
    """
    named = os.environ.get("DAGTOP_WORKSPACE")
    if start is None and named:
        folder = Path(named).expanduser().resolve()
        if not folder.is_dir():
            raise WorkspaceError(f"DAGTOP_WORKSPACE names {folder}, which is not a folder")
        return Workspace(folder)
    folder = (start or Path.cwd()).resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / CONFIG_FILE).is_file() or (candidate / STATE_FOLDER).is_dir():
            return Workspace(candidate)
        if (candidate / "dags").is_dir():
            return Workspace(candidate)
    raise WorkspaceError(
        f"no workspace in {folder} or above it: run 'dagtop init' to make one here, "
        "or name one with --workspace or DAGTOP_WORKSPACE"
    )

"""Where the workspace is of a process that no host of ours has forked.

The same rules as ``store.workspace``, which such a process doesn't import.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

STATE_FOLDER = ".dagtop"
CONFIG_FILE = "dagtop.toml"
ENVIRONMENTS = "environments"
"""The folder, in that one, of files with the packages of an environment, named by their SHA-256."""
SOCKET_PATH_LIMIT = 100
TRY = "DAGTOP_TRY"
"""The variable by which what a try starts knows its journal."""


class NoWorkspace(Exception):
    """There is no workspace; the message says where it was looked for and what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """The folder of a workspace, and its things that a recording needs."""

    root: str

    @property
    def state(self) -> str:
        return os.path.join(self.root, STATE_FOLDER)

    @property
    def recordings(self) -> str:
        return os.path.join(self.state, "recordings")

    @property
    def artifacts(self) -> str:
        return os.path.join(self.state, "artifacts")

    @property
    def doorbell(self) -> str:
        return self._socket("bell")

    @property
    def questions(self) -> str:
        return self._socket("ask")

    def _socket(self, name: str) -> str:
        path = os.path.join(self.state, name)
        if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT:
            return path
        import hashlib
        import tempfile

        digest = hashlib.sha256(os.fsencode(self.root)).hexdigest()[:16]
        return os.path.join(tempfile.gettempdir(), f"dagtop-{os.getuid()}-{digest}", name)

    def try_journal(self, environment: Mapping[str, str]) -> tuple[int, str] | None:
        """The key and the journal of the try of this workspace that has started this process;
        None if none has."""
        journal = environment.get(TRY)
        if not journal:
            return None
        parts = os.path.relpath(journal, os.path.join(self.state, "tries")).split(os.sep)
        if len(parts) != 3 or not (parts[0].isdigit() and parts[1].isdigit()):
            return None
        return int(parts[1]), journal


def find_place(environment: Mapping[str, str], folder: str) -> Place:
    """The workspace that ``DAGTOP_WORKSPACE`` names, else the one around ``folder``.

    Raises ``NoWorkspace``.
    """
    named = environment.get("DAGTOP_WORKSPACE")
    if named:
        root = os.path.realpath(os.path.expanduser(named))
        if not os.path.isdir(root):
            raise NoWorkspace(f"DAGTOP_WORKSPACE names {root}, which is not a folder")
        return Place(root)
    root = start = os.path.realpath(folder)
    while True:
        if (
            os.path.isfile(os.path.join(root, CONFIG_FILE))
            or os.path.isdir(os.path.join(root, STATE_FOLDER))
            or os.path.isdir(os.path.join(root, "dags"))
        ):
            return Place(root)
        above = os.path.dirname(root)
        if above == root:
            raise NoWorkspace(
                f"there is no workspace in {start} or above it to record in: run 'dagtop init' to "
                "make one here, or name one with DAGTOP_WORKSPACE"
            )
        root = above

"""What is remembered of a workspace from one time to the next: view, filters, orders, theme.

A small JSON file in the user's state folder. Several terminals may have the same workspace open:
each writes only what it changed itself, over what the others wrote.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from store.workspace import Workspace

MOST = 200
"""Entries that are kept; the oldest give way."""


def memory_file(workspace: Workspace) -> Path:
    """Where the view of a workspace is remembered."""
    import platformdirs

    name = hashlib.sha256(os.fsencode(workspace.root.resolve())).hexdigest()[:16]
    return platformdirs.user_state_path("dagtop") / name / "view.json"


class Memory:
    """Names and JSON values. Without a path nothing outlives the process."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._changed: dict[str, None] = {}
        self._values = self._read()

    def get(self, name: str) -> Any:
        """The value of a name, None if there is none."""
        return self._values.get(name)

    def put(self, name: str, value: Any) -> None:
        """Remember a value (None: forget it)."""
        if self._values.get(name) == value:
            return
        self._values.pop(name, None)  # the newest are last
        if value is not None:
            self._values[name] = value
        self._changed[name] = None

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._changed)

    def save(self) -> None:
        """Write what was changed here. Raises ``OSError``."""
        if self._path is None or not self._changed:
            return
        from fcntl import LOCK_EX, flock

        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            flock(lock, LOCK_EX)
            merged = self._read()
            for name in self._changed:
                merged.pop(name, None)
                if name in self._values:
                    merged[name] = self._values[name]
            for name in list(merged)[: max(0, len(merged) - MOST)]:
                del merged[name]
            fresh = self._path.with_suffix(f".{os.getpid()}")
            try:
                fresh.write_text(json.dumps(merged, ensure_ascii=False), encoding="utf-8")
                fresh.replace(self._path)
            except OSError:
                with suppress(OSError):
                    fresh.unlink()
                raise
        self._changed.clear()

    def _read(self) -> dict[str, Any]:
        """What the file holds; one that is damaged, or can't be read, counts as empty."""
        if self._path is None:
            return {}
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

"""What is remembered of a workspace from one time to the next: view, filters, orders, theme.

A small JSON file in the user's state folder. Several terminals may have the same workspace open:
each writes only what it changed itself, over what the others wrote.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from store.workspace import Workspace

MOST = 200
"""Entries that are kept; the oldest give way."""

FAVOURITES = "favourites"
"""The entry with the ids of the favourite DAGs; never the oldest."""


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
        self._stars: dict[str, bool] = {}
        """DAGs that got a star here, or lost it."""
        self._values = self._read()
        self.favourites = frozenset(_names(self._values.get(FAVOURITES)))
        """Ids of the DAGs with a star."""

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

    def favour(self, dag_ids: Iterable[str], *, stars: bool) -> None:
        """Give DAGs a star, or take it away."""
        for dag_id in dag_ids:
            self._stars[dag_id] = stars
        self.favourites = self._starred(self.favourites)

    def _starred(self, favourites: Iterable[str]) -> frozenset[str]:
        """What favourites are with the stars that changed here."""
        left = {dag_id for dag_id in favourites if dag_id not in self._stars}
        return frozenset(left | {dag_id for dag_id, stars in self._stars.items() if stars})

    @property
    def is_changed(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._changed or self._stars)

    def save(self) -> None:
        """Write what was changed here. Raises ``OSError``."""
        if self._path is None or not self.is_changed:
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
            favourites = self._starred(_names(merged.pop(FAVOURITES, None)))
            for name in list(merged)[: max(0, len(merged) - MOST)]:
                del merged[name]
            if favourites:
                merged[FAVOURITES] = sorted(favourites)
            fresh = self._path.with_suffix(f".{os.getpid()}")
            try:
                fresh.write_text(json.dumps(merged, ensure_ascii=False), encoding="utf-8")
                fresh.replace(self._path)
            except OSError:
                with suppress(OSError):
                    fresh.unlink()
                raise
        self._changed.clear()
        self._stars.clear()
        self.favourites = favourites

    def _read(self) -> dict[str, Any]:
        """What the file holds; one that is damaged, or can't be read, counts as empty."""
        if self._path is None:
            return {}
        try:
            found = json.loads(self._path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def _names(found: Any) -> list[str]:
    """The texts of a list that a file may have anything in the place of."""
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []

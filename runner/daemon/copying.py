"""Copying contents of artifacts to the workspace's URL, beside the runner's other work."""

from __future__ import annotations

import asyncio
import logging
import time

from store import collecting, remote
from store.config import Config
from store.engine import Store
from store.remote import Copier, Remote
from store.workspace import Workspace

log = logging.getLogger(__name__)

COPY_SECONDS = 5.0
"""Between two looks for what is new."""
TIDY_SECONDS = 3600.0


class Copying:
    """One copy at a time, in a thread: the network may be slow, or away."""

    def __init__(self, workspace: Workspace, store: Store, config: Config, away: Remote) -> None:
        self._copier = Copier(workspace, away)
        self._store = store
        self._days = config.tracking.artifact_cache_days
        self._away = away
        self._work: asyncio.Future[None] | None = None
        self._tidied_at = time.monotonic()
        self._said = ""

    def begin(self) -> None:
        """Copy what is new, unless the last copy still goes on."""
        if self._work is None or self._work.done():
            self._work = asyncio.get_running_loop().run_in_executor(None, self.copy)

    def copy(self) -> None:
        """Copy what is new, and tidy once in an hour. What goes wrong is said once, and tried
        again."""
        try:
            done = self._copier.copy()
            if done:
                log.info("copied contents of artifacts to %s: %s", self._away.shown, done)
            if time.monotonic() - self._tidied_at > TIDY_SECONDS:
                self._tidied_at = time.monotonic()
                self.tidy()
        except Exception as error:  # each library that fsspec loads has errors of its own
            words = f"artifacts can't be copied to {self._away.shown}: {error}"
            if words != self._said:
                log.warning("%s; it is tried again", words)
            self._said = words
        else:
            self._said = ""

    def tidy(self) -> None:
        """Delete what no run has there, and here what is there and old. Raises ``StoreError``."""
        remote.collect(self._store, self._away, age=collecting.LEAST_AGE)
        self._copier.forget()
        if self._days:
            self._copier.evict(self._days)

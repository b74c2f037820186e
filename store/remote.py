"""Contents of artifacts under a URL (``[tracking] artifact_root``), by fsspec.

Whoever logs a file writes it into the workspace, and waits for no network; the runner copies it to
the URL. What is in the workspace then may go: it is fetched again when it is read.
"""

from __future__ import annotations

import hashlib
import logging
import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from store import contents
from store.collecting import Collected, batches, contents_in, used_of
from store.config import Config
from store.engine import Store
from store.errors import NotFound, StoreError
from store.settings import hide_password
from store.workspace import Workspace

log = logging.getLogger(__name__)


class Remote:
    """A folder of contents under a URL."""

    def __init__(self, url: str) -> None:
        """Raises ``StoreError`` where fsspec, or what it needs for that kind of URL, is missing."""
        self.shown = hide_password(url)
        try:
            fsspec = import_module("fsspec")
        except ImportError:
            raise StoreError(
                f"[tracking] artifact_root is {self.shown}, which needs fsspec: install it with "
                "pip install 'dagtop[remote]'"
            ) from None
        try:
            self._files, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise StoreError(f"[tracking] artifact_root is {self.shown}: {error}") from None

    def _at(self, digest: str) -> str:
        return f"{self._root.rstrip('/')}/{digest[:2]}/{digest}"

    def digests(self) -> set[str]:
        """What is there. Raises ``OSError``."""
        with suppress(FileNotFoundError):
            names = (str(path).rpartition("/")[2] for path in self._files.find(self._root))
            return {name for name in names if contents.is_digest(name)}
        return set()

    def has(self, digest: str, size: int) -> bool:
        """Whether a content is there, whole. Raises ``OSError``."""
        try:
            return self._files.info(self._at(digest))["size"] == size
        except FileNotFoundError:
            return False

    def put(self, digest: str, path: Path) -> None:
        """Copy a content there. Raises ``OSError``."""
        target = self._at(digest)
        self._files.makedirs(target.rpartition("/")[0], exist_ok=True)
        self._files.put_file(str(path), target)

    def fetch(self, digest: str, target: Path) -> None:
        """Copy a content into the workspace. Raises ``NotFound``, ``StoreError``."""
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = target.with_name(f".new-{digest}-{os.urandom(8).hex()}")  # each thread its own
        try:
            self._files.get_file(self._at(digest), str(part))
            if _sha256(part) != digest:
                raise StoreError(f"a content under {self.shown} is damaged: {digest}")
            part.replace(target)
        except FileNotFoundError:
            raise NotFound(f"a content is neither here nor under {self.shown}: {digest}") from None
        except OSError as error:
            raise StoreError(f"{self.shown} can't be read: {error}") from error
        finally:
            part.unlink(missing_ok=True)

    def delete_unless_younger(self, digest: str, age: float) -> int | None:
        """Delete a content that was written before so many seconds; its size, None if it stays."""
        where = self._at(digest)
        try:
            size = self._files.info(where)["size"]
            written: datetime = self._files.modified(where)
            if written.tzinfo is None:
                written = written.replace(tzinfo=UTC)
            if (datetime.now(UTC) - written).total_seconds() < age:
                return None
            self._files.rm_file(where)
        except FileNotFoundError:
            return None
        return size


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def of(config: Config) -> Remote | None:
    """The workspace's, if it has one. Raises ``StoreError``."""
    url = config.tracking.artifact_root
    return Remote(url) if url else None


def local_path(workspace: Workspace, digest: str) -> Path:
    """Where a content is, fetched if it is only under the URL. Raises ``StoreError``."""
    path = contents.path_of(workspace.artifacts, digest)
    if path.exists():
        return path
    from store import config

    remote = of(config.load(workspace))
    if remote is None:
        raise NotFound(f"a content is gone from {workspace.artifacts}: {digest}")
    remote.fetch(digest, path)
    return path


class Copier:
    """Copies contents of a workspace to its URL, each once; remembers what is there."""

    def __init__(self, workspace: Workspace, remote: Remote) -> None:
        self._workspace = workspace
        self._remote = remote
        self._there: set[str] | None = None

    def forget(self) -> None:
        """Look again at what is there, at the next time."""
        self._there = None

    def copy(self) -> int:
        """Copy what isn't there yet; how many contents. Raises ``OSError``."""
        if self._there is None:
            self._there = self._remote.digests()
        done = 0
        for path in self._contents():
            if path.name not in self._there:
                with suppress(FileNotFoundError):  # it was collected meanwhile
                    self._remote.put(path.name, path)
                    self._there.add(path.name)
                    done += 1
        return done

    def evict(self, days: float) -> int:
        """Delete contents here that were written so many days ago and are there; how many."""
        moment = time.time() - days * 86400
        done = 0
        for path in self._contents():
            with suppress(FileNotFoundError):
                facts = path.stat()
                if facts.st_mtime < moment and self._remote.has(path.name, facts.st_size):
                    path.unlink()
                    done += 1
        return done

    def _contents(self) -> Iterator[Path]:
        yield from contents_in(self._workspace.artifacts)


def collect(store: Store, remote: Remote, *, age: float, dry_run: bool = False) -> Collected:
    """Delete what is under the URL and no run has, and is older than ``age`` seconds."""
    count = octets = 0
    for batch in batches(sorted(remote.digests())):
        used = used_of(store, batch)
        for digest in batch:
            if digest in used or dry_run:
                continue
            size = remote.delete_unless_younger(digest, age)
            if size is not None:
                count, octets = count + 1, octets + size
    return Collected(count, octets)

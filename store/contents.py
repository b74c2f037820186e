"""Contents of artifacts, each kept once under its SHA-256, whatever runs and paths have it.

The folder is ``Workspace.artifacts``; a task process writes to it in the same way
(``runner.authoring.artifacts``).
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

CHUNK = 1 << 20


def path_of(folder: Path, digest: str) -> Path:
    """Where a content is, if it is there."""
    return folder / digest[:2] / digest


def keep(folder: Path, chunks: Iterable[bytes]) -> tuple[int, str]:
    """Keep a content: its size and digest. Raises ``OSError``; then nothing is left of it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".new-", dir=folder)
    try:
        size, digest = 0, hashlib.sha256()
        with os.fdopen(descriptor, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        target = path_of(folder, digest.hexdigest())
        target.parent.mkdir(mode=0o700, exist_ok=True)
        os.replace(name, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)
        raise
    return size, digest.hexdigest()


def keep_file(folder: Path, local: Path) -> tuple[int, str]:
    """Keep the content of a file."""
    with local.open("rb") as file:
        return keep(folder, iter(lambda: file.read(CHUNK), b""))

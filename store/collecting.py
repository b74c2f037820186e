"""Deleting contents of artifacts that no run has any more."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar

from sqlalchemy import select

from store.contents import is_digest
from store.engine import Store
from store.errors import StoreError
from store.models import artifact, tracked_run
from store.workspace import Workspace

NEW = ".new-"
"""What the name of a file begins with that is still being written."""
GOING = ".going-"
"""… that is being deleted."""
LEAST_AGE = 24 * 3600.0
"""Seconds for which a content that no run refers to is kept: what has been written just now may be
told of only later."""
AT_ONCE = 500
"""Digests that one statement asks for."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What was deleted, or would be."""

    count: int
    octets: int


T = TypeVar("T")


def collect(
    store: Store, workspace: Workspace, *, age: float = LEAST_AGE, dry_run: bool = False
) -> Collected:
    """Delete the contents that no run refers to and that are older than ``age`` seconds.

    Whoever logs a content that is there writes it anew: a file that is young is left alone, even if
    it has become young while this looks.
    """
    count = octets = 0
    old = _older_than(workspace.artifacts, time.time() - age)
    for batch in batches(old):
        used = used_of(store, [path.name for path in batch])
        for path in batch:
            if path.name in used:
                continue
            size = _delete(path, time.time() - age, dry_run=dry_run)
            if size is not None:
                count, octets = count + 1, octets + size
    return Collected(count, octets)


def _older_than(folder: Path, moment: float) -> Iterator[Path]:
    """Contents, and what is left of writing and deleting some, last written before a moment."""
    for inner in (folder, *_folders(folder)):
        with suppress(FileNotFoundError), os.scandir(inner) as entries:
            for entry in entries:
                is_left = entry.name.startswith((NEW, GOING))
                is_content = inner != folder and is_digest(entry.name)
                with suppress(FileNotFoundError):
                    if (is_left or is_content) and entry.stat().st_mtime < moment:
                        yield Path(entry.path)


def _folders(folder: Path) -> list[Path]:
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        return [Path(one.path) for one in entries if len(one.name) == 2 and one.is_dir()]
    return []


def _delete(path: Path, moment: float, *, dry_run: bool) -> int | None:
    """Delete a file unless it was written since a moment; its size, None if it stays."""
    try:
        if dry_run:
            facts = path.stat()
            return facts.st_size if facts.st_mtime < moment else None
        going = path.with_name(f"{GOING}{path.name}")
        path.rename(going)  # from here on nobody writes to what is looked at
        facts = going.stat()
        if facts.st_mtime >= moment:
            going.rename(path)
            return None
        going.unlink()
    except FileNotFoundError:  # another one was faster
        return None
    return facts.st_size


def used_of(store: Store, digests: list[str]) -> set[str]:
    """Which of these contents a run has, or is the text of its script."""
    with store.read() as connection:
        found: set[str] = set()
        for column in (artifact.c.digest, tracked_run.c.source_digest):
            query = select(column).where(column.in_(digests)).distinct()
            found.update(connection.execute(query).scalars())
    return found


def batches(found: Iterable[T]) -> Iterator[list[T]]:
    """In lists of as many as one statement asks for."""
    rest = iter(found)
    while batch := list(islice(rest, AT_ONCE)):
        yield batch


def contents_in(folder: Path) -> Iterator[Path]:
    """All contents of a folder of artifacts."""
    for inner in _folders(folder):
        with suppress(FileNotFoundError), os.scandir(inner) as entries:
            yield from (Path(entry.path) for entry in entries if is_digest(entry.name))


def check_nothing_is_unread(store: Store, workspace: Workspace) -> None:
    """Raise ``StoreError`` where journals tell of contents that the store doesn't know yet, and no
    runner is up to read them."""
    from store import client
    from store.models import task_try

    if client.runner_is_up(workspace):
        return
    with store.read() as connection:
        states = task_try.c.state.in_(("queued", "running"))
        running = connection.execute(select(task_try.c.id).where(states).limit(1)).scalar()
    recordings = workspace.state / "recordings"
    if running is not None or (recordings.is_dir() and any(recordings.iterdir())):
        raise StoreError(
            "what tasks or scripts have logged was not read yet and no runner is up: start it with "
            "'dagtop up', then collect"
        )

"""Environments of tracked runs: which Python, which packages. Thousands of runs share one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from sqlalchemy import Connection, select

from store import records
from store.models import environment, tracked_run

LARGEST = 4 << 20
"""Bytes that the file of an environment may have."""


class _Document(msgspec.Struct):
    python: str
    packages: dict[str, str]


@dataclass(frozen=True, slots=True)
class Environment:
    """A Python and its packages."""

    digest: str
    python: str
    packages: Mapping[str, str]
    """Versions by name."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A package that two environments don't have alike; "python" is Python itself."""

    name: str
    before: str | None
    after: str | None


def ensure(connection: Connection, digest: str, folder: Path) -> int | None:
    """The id of an environment; one that isn't known yet is read from its file in ``folder``.

    None where that is gone, or no such file: what is told of a run isn't worth its failure.
    """
    query = select(environment.c.id).where(environment.c.digest == digest)
    found = connection.execute(query).scalar()
    if found is not None:
        return found
    document = _read(folder, digest)
    if document is None:
        return None
    row = {"digest": digest, "python": document.python, "packages": document.packages}
    statement = records.conflict_insert(connection.dialect.name, environment)
    connection.execute(statement.on_conflict_do_nothing(index_elements=["digest"]), row)
    return connection.execute(query).scalar()


def _read(folder: Path, digest: str) -> _Document | None:
    if not digest.isalnum():
        return None
    try:
        with (folder / digest).open("rb") as file:
            return msgspec.json.decode(file.read(LARGEST), type=_Document)
    except (OSError, msgspec.MsgspecError):
        return None


def of_run(connection: Connection, run_id: int) -> Environment | None:
    """What a tracked run ran with; None: it isn't known."""
    columns = environment.c
    row = connection.execute(
        select(columns.digest, columns.python, columns.packages)
        .join(tracked_run, tracked_run.c.environment_id == columns.id)
        .where(tracked_run.c.id == run_id)
    ).first()
    return None if row is None else Environment(*row)


def differences(before: Environment, after: Environment) -> list[Difference]:
    """What has changed from one environment to another, by name; Python first."""
    if before.digest == after.digest:
        return []
    found = []
    if before.python != after.python:
        found.append(Difference("python", before.python, after.python))
    for name in sorted({*before.packages, *after.packages}):
        old, new = before.packages.get(name), after.packages.get(name)
        if old != new:
            found.append(Difference(name, old, new))
    return found

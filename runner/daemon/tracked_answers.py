"""Answering what tasks ask of tracked runs and registered models; the store knows it."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from runner.journal.questions import Answer, GetArtifacts, GetModelVersion
from store.errors import NotFound
from store.queries import registry, tracked
from store.queries.registry import SCHEME, VersionRow
from store.tracking import run_with_uuid

RUNS = "runs:/"


def model_version(connection: Connection, question: GetModelVersion) -> Answer:
    """A version of a model as a document; not found where there is none yet."""
    if question.at is not None:
        at = datetime.fromtimestamp(question.at, UTC)
        row = registry.version_made_at(connection, question.reference, question.run, at)
    else:
        reference = registry.parse_reference(question.reference)
        try:
            row = registry.get_version(connection, reference)
        except NotFound as missing:
            return Answer(value=str(missing), found=False)
    if row is None:
        return Answer(found=False)
    return Answer(value=version_document(connection, row))


def version_document(connection: Connection, row: VersionRow) -> dict[str, Any]:
    """A version with what its run has logged. JSON has no NaN: metrics are texts then."""
    key = row.run_key
    logged = tracked.logged_for(connection, [] if key is None else [key])
    metrics = logged.metrics.get(key, {}) if key is not None else {}
    return {
        "name": row.name,
        "version": row.version,
        "aliases": list(row.aliases),
        "run_id": row.run_uuid,
        "source": row.source,
        "description": row.description,
        "tags": dict(row.tags),
        "created_at": row.created_at.timestamp(),
        "params": logged.params.get(key, {}) if key is not None else {},
        "metrics": {name: _plain(one.last_value) for name, one in metrics.items()},
    }


def _plain(value: float) -> float | str:
    return value if math.isfinite(value) else str(value)


def artifacts(connection: Connection, question: GetArtifacts) -> Answer:
    """``{run, base, files: [[path, size, SHA-256], …]}``: ``base`` is the path asked for as the run
    calls it."""
    source, path = question.source, question.path.strip("/")
    if source.startswith(SCHEME):
        version = registry.get_version(connection, source)
        if version.run_uuid is None or version.path is None:
            where = f"version {version.version} of model {version.name}"
            return Answer(error=f"{where} is at {version.source}, not among the files of a run")
        uuid, path = version.run_uuid, "/".join(filter(None, (version.path, path)))
    else:
        uuid, _, inner = source.removeprefix(RUNS).strip("/").partition("/")
        path = "/".join(filter(None, (inner, path)))
    key = run_with_uuid(connection, uuid)
    if key is None:
        return Answer(error=f"there is no tracked run {uuid!r}")
    files = tracked.artifacts_of(connection, key)
    found = [
        [file.path, file.size, file.digest]
        for file in files
        if not path or file.path == path or file.path.startswith(f"{path}/")
    ]
    if not found:
        has = ", ".join(file.path for file in files[:5]) or "no file"
        more = ", …" if len(files) > 5 else ""
        what = f"no artifact {path!r}; it has {has}{more}" if path else "no artifact"
        return Answer(error=f"tracked run {uuid} has {what}")
    return Answer(value={"run": uuid, "base": path, "files": found})

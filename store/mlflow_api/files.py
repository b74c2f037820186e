"""Files of runs, as MLflow's clients list, read and write them: ``RUN/path``.

Their contents are elsewhere (``store.contents``); here is which run has which.
"""

from __future__ import annotations

import posixpath
from typing import Any

from sqlalchemy import delete, or_, select

from store import tracking
from store.mlflow_api import runs
from store.mlflow_api.asked import Call
from store.mlflow_api.errors import ApiError, missing
from store.models import artifact
from store.queries import tracked

PATH_LENGTH = 1000


def listed(call: Call) -> dict[str, Any]:
    """``artifacts/list``: what is in a folder of a run."""
    key = runs.key_of(call)
    uuid = call.text("run_id", "run_uuid")
    folder = checked(call.text_or("", "path"))
    return {"root_uri": f"{call.artifact_root}/{uuid}", "files": _inside(call, key, folder, folder)}


def listed_below(call: Call) -> dict[str, Any]:
    """What is in a folder ``RUN/path``; names are those within it."""
    key, folder = place_of(call, call.text_or("", "path"))
    return {"files": _inside(call, key, folder, "")}


def place_of(call: Call, path: str) -> tuple[int, str]:
    """The row of the run and the path within it that ``RUN/path`` means."""
    uuid, _, rest = path.strip("/").partition("/")
    found = tracking.run_with_uuid(call.connection, uuid)
    if found is None:
        raise missing("run", uuid)
    return found, checked(rest)


def content_of(call: Call, path: str) -> tuple[int, str]:
    """The size and the digest of the file ``RUN/path``."""
    key, name = place_of(call, path)
    columns = artifact.c
    query = select(columns.size, columns.digest).where(columns.run_id == key, columns.path == name)
    row = call.connection.execute(query).first()
    if row is None:
        raise missing("artifact", path)
    return row.size, row.digest


def put(call: Call, path: str, size: int, digest: str) -> None:
    """Write that a run has a file."""
    key, name = place_of(call, path)
    if not name:
        raise ApiError(f"{path!r} is no path of a file")
    _check_place(call, key, name)
    tracking.log_artifact(call.connection, key, name, size, digest, call.now)


def _check_place(call: Call, key: int, name: str) -> None:
    """Raise ``ApiError`` where a file would be in another file, or take the place of a folder."""
    parts = name.split("/")
    above = ["/".join(parts[:count]) for count in range(1, len(parts))]
    columns = artifact.c
    inside = columns.path.startswith(f"{name}/", autoescape=True)
    query = select(columns.path).where(columns.run_id == key, or_(columns.path.in_(above), inside))
    other = call.connection.execute(query.limit(1)).scalar()
    if other is not None:
        raise ApiError(f"{name!r} can't be kept: the run has a file {other!r}")


def remove(call: Call, path: str) -> None:
    """A run has a file, or all in a folder, no longer."""
    key, name = place_of(call, path)
    columns = artifact.c
    inside = columns.path.startswith(f"{name}/", autoescape=True) if name else columns.path != ""
    call.connection.execute(
        delete(artifact).where(columns.run_id == key, or_(columns.path == name, inside))
    )


def checked(path: str) -> str:
    """A path within a run, normalised. Raises ``ApiError`` for one that leads elsewhere."""
    if not path:
        return ""
    normal = posixpath.normpath(path.replace("\\", "/"))
    outside = normal.startswith(("/", "../")) or normal == ".."
    if outside or not normal.isprintable() or len(normal) > PATH_LENGTH:
        raise ApiError(f"the path of an artifact is relative and stays within: {path[:60]!r}")
    return "" if normal == "." else normal


def _inside(call: Call, key: int, folder: str, named: str) -> list[dict[str, Any]]:
    """Files and folders in a folder; ``named``: what their names begin with."""
    before = f"{folder}/" if folder else ""
    found: dict[str, dict[str, Any]] = {}
    for one in tracked.artifacts_of(call.connection, key):
        if not one.path.startswith(before):
            continue
        first, slash, _ = one.path[len(before) :].partition("/")
        path = posixpath.join(named, first)
        facts = {"is_dir": True} if slash else {"is_dir": False, "file_size": one.size}
        found[path] = {"path": path, **facts}
    return [found[path] for path in sorted(found)]

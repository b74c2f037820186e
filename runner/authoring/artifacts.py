"""Files of a tracked run: kept once by their content, whatever runs and paths they belong to.

A file is copied to the workspace's artifacts under its SHA-256, then the journal says which run has
it under which path: a process that dies in between leaves nothing that is half there.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import posixpath
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from runner.authoring import tracking
from runner.authoring.exceptions import ArgumentError
from runner.journal.records import ArtifactLogged

if TYPE_CHECKING:
    from typing import IO

CHUNK = 1 << 20
PATH_LENGTH = 1000
"""Characters that a path may have."""
FIGURES = {".html": "write_html", ".json": "write_json"}
"""How plotly's figures are written; others are pictures."""


def log_artifact(local_path: str | os.PathLike[str], artifact_path: str | None = None) -> None:
    """Keep a file with the active run, in its folder ``artifact_path`` (without: at the top).

    A folder is kept with all that is in it. Raises ``OSError`` where it can't be read or kept,
    ``ArgumentError`` for a pipe or a device: reading it need not end.
    """
    if os.path.isdir(local_path):
        name = os.path.basename(os.path.normpath(os.fspath(local_path)))
        log_artifacts(local_path, posixpath.join(artifact_path or "", name))
        return
    name = os.path.basename(os.fspath(local_path))
    path = checked(posixpath.join(artifact_path or "", name))
    if os.path.exists(local_path) and not os.path.isfile(local_path):
        raise ArgumentError(f"log_artifact: {os.fspath(local_path)!r} is neither file nor folder")
    with open(local_path, "rb") as file:
        _keep(path, iter(lambda: file.read(CHUNK), b""))


def log_artifacts(local_dir: str | os.PathLike[str], artifact_path: str | None = None) -> None:
    """Keep all files of a folder with the active run, in its folder ``artifact_path``; links are
    followed."""
    root = os.fspath(local_dir)
    if not os.path.isdir(root):
        raise NotADirectoryError(f"{root} is not a folder: log_artifact keeps a file")
    for folder, folders, files in os.walk(root, followlinks=True):
        folders[:] = sorted(one for one in folders if not _leads_back(folder, one))
        inner = os.path.relpath(folder, root).replace(os.sep, "/")
        for name in sorted(files):
            local = os.path.join(folder, name)
            if os.path.isfile(local):  # not a socket, a pipe, a link to nowhere
                where = posixpath.normpath(posixpath.join(artifact_path or "", inner))
                log_artifact(local, None if where == "." else where)


def _leads_back(folder: str, name: str) -> bool:
    """Whether it is a link to a folder that it is in: following it would never end."""
    path = os.path.join(folder, name)
    target = os.path.realpath(path)
    inside = os.path.join(os.path.realpath(folder), "")
    return os.path.islink(path) and inside.startswith(os.path.join(target, ""))


def log_text(text: str, artifact_file: str) -> None:
    """Keep a text as a file of the active run."""
    _keep(checked(artifact_file), [text.encode("utf-8", "backslashreplace")])


def log_dict(dictionary: Mapping[str, Any] | Sequence[Any], artifact_file: str) -> None:
    """Keep a dict or list as a JSON file of the active run; under a name that ends with .yaml or
    .yml, too: JSON is YAML."""
    log_text(json.dumps(dictionary, indent=2, default=str) + "\n", artifact_file)


def log_table(data: Any, artifact_file: str) -> None:
    """Keep a table as a JSON file of the active run: a dict of columns, or a DataFrame. Rows that
    are logged later under the same name are appended (MLflow's format)."""
    path = checked(artifact_file)
    columns, rows = _table_of(data)
    log = tracking.active_log()
    known = log.tables.get(path)
    if known is None:
        known = log.tables[path] = {"columns": columns, "data": []}
    elif known["columns"] != columns:
        raise ArgumentError(
            f"log_table({artifact_file!r}): it has the columns {', '.join(known['columns'])}, and "
            f"not {', '.join(columns)}"
        )
    known["data"].extend(rows)
    log_text(json.dumps(known, default=str), path)


def log_figure(figure: Any, artifact_file: str) -> None:
    """Keep a figure of matplotlib or plotly as a file of the active run; the end of its name says
    in which format (.png, .svg, .pdf; .html and .json of plotly's)."""
    path = checked(artifact_file)
    end = posixpath.splitext(path)[1].lower()
    with tempfile.TemporaryDirectory(prefix="dagtop-figure-") as folder:
        local = os.path.join(folder, posixpath.basename(path))
        if hasattr(figure, "savefig"):
            figure.savefig(local)
        elif hasattr(figure, "write_image"):
            getattr(figure, FIGURES.get(end, "write_image"))(local)
        else:
            raise ArgumentError(
                f"log_figure({artifact_file!r}): {type(figure).__name__} is no figure of "
                "matplotlib or plotly"
            )
        log_artifact(local, posixpath.dirname(path) or None)


def checked(path: str) -> str:
    """A path within a run's artifacts, normalised. Raises ``ArgumentError`` for one that leads
    elsewhere, or can't be shown."""
    if not isinstance(path, str) or not path:
        raise ArgumentError(f"the path of an artifact is a string, not {path!r}")
    normal = posixpath.normpath(path.replace("\\", "/"))
    if normal in (".", "..") or normal.startswith(("/", "../")):
        raise ArgumentError(f"the path of an artifact is relative and stays within: {path!r}")
    if not normal.isprintable() or len(normal) > PATH_LENGTH:
        raise ArgumentError(
            f"the path of an artifact has no control characters, and {PATH_LENGTH:,} at most: "
            f"{path[:60]!r}"
        )
    return normal


def kept_at(folder: str, digest: str) -> str:
    """Where the content with that SHA-256 is, below the folder of artifacts."""
    return os.path.join(folder, digest[:2], digest)


def _keep(path: str, parts: Iterable[bytes]) -> None:
    log = tracking.active_log()
    above = _above(path)
    for one in above:
        if one in log.files:
            raise ArgumentError(f"{path!r} can't be kept: {one!r} is a file of the run")
    if path in log.folders:
        raise ArgumentError(f"{path!r} can't be kept: the run has files in a folder of that name")
    size, digest = keep_content(log.tracker.target.artifacts, parts)
    log.record(ArtifactLogged(time.time(), path, size, digest, log.uuid))
    log.files[path] = size, digest
    log.folders.update(above)


def _above(path: str) -> list[str]:
    """The folders that a path is in."""
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def keep_content(folder: str, parts: Iterable[bytes]) -> tuple[int, str]:
    """Write content under its SHA-256; its size and that. What is there already stays."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    size, digest = 0, hashlib.sha256()
    with _new_file(folder) as (file, name):
        for part in parts:
            file.write(part)
            digest.update(part)
            size += len(part)
        file.flush()
        target = kept_at(folder, digest.hexdigest())
        os.makedirs(os.path.dirname(target), mode=0o700, exist_ok=True)
        os.replace(name, target)
    return size, digest.hexdigest()


@contextlib.contextmanager
def _new_file(folder: str) -> Iterator[tuple[IO[bytes], str]]:
    """A file that goes unless it was given another name."""
    descriptor, name = tempfile.mkstemp(prefix=".new-", dir=folder)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file, name
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(name)


def _table_of(data: Any) -> tuple[list[str], list[list[Any]]]:
    """The columns and rows of a dict of columns or of a DataFrame."""
    to_dict = getattr(data, "to_dict", None)
    if to_dict is not None and not isinstance(data, Mapping):
        data = {str(name): list(values) for name, values in to_dict("list").items()}
    if not isinstance(data, Mapping):
        raise ArgumentError(f"log_table takes a dict of columns or a DataFrame, not {type(data)}")
    columns = {str(name): _column(values) for name, values in data.items()}
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise ArgumentError("log_table: the columns have different lengths")
    return list(columns), [list(row) for row in zip(*columns.values(), strict=True)]


def _column(values: Any) -> list[Any]:
    """A column as a list of what JSON has; a single value is a column of one."""
    if hasattr(values, "tolist"):
        values = values.tolist()
    return list(values) if isinstance(values, (list, tuple)) else [values]

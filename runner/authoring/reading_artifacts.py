"""Reading what other runs, and the versions of registered models, have kept: for lineage each file
that was read is stated."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import json
import os
import posixpath
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from runner.authoring import tracking
from runner.authoring.artifacts import CHUNK, checked, kept_at
from runner.authoring.exceptions import DagtopException, NotFoundException
from runner.journal.client import QuestionError
from runner.journal.questions import GetArtifacts
from runner.journal.records import ArtifactUsed

File = tuple[str, int, str]
"""Path, size, SHA-256."""


class ArtifactDamaged(DagtopException):
    """The content of a file is not what was logged."""


def download_artifact(
    source: str, path: str = "", dst_path: str | os.PathLike[str] | None = None
) -> Path:
    """Copy a file, or a folder with all that is in it, of a run or of a model, and say where to.

    ``source``: a run's id, ``runs:/id/path``, or ``models:/name@alias`` (or ``/version``); ``path``
    within it, empty for all of it. The copy is in a folder that goes with this process, or in
    ``dst_path``. That the active run has used it is recorded. Raises ``NotFoundException``.
    """
    log = tracking.active_log()
    target = log.tracker.target
    producer, base, files, kept_in = _files(source, path)
    folder = Path(_folder_of_process() if dst_path is None else os.fspath(dst_path))
    own = log.uuid or target.own_run
    for one, _, digest in files:
        inner = posixpath.basename(one) if one == base else posixpath.relpath(one, base or ".")
        _fetch_if_missing(kept_at(kept_in, digest), digest, target.artifact_root)
        _copy(kept_at(kept_in, digest), folder / checked(inner), digest)
        if producer != own:
            log.record(ArtifactUsed(time.time(), one, digest, producer, log.uuid))
    return folder / posixpath.basename(base) if [base] == [one for one, _, _ in files] else folder


def load_text(source: str, path: str = "") -> str:
    """The text of a file of a run or of a model: see ``download_artifact``."""
    found = download_artifact(source, path)
    if found.is_dir():
        names = ", ".join(sorted(one.name for one in found.iterdir())[:5])
        raise IsADirectoryError(f"{path or source!r} is a folder: choose one of {names}")
    return found.read_text(encoding="utf-8")


def load_dict(source: str, path: str = "") -> Any:
    """The content of a JSON file of a run or of a model: see ``download_artifact``."""
    return json.loads(load_text(source, path))


def _files(source: str, path: str) -> tuple[str, str, list[File], str]:
    """Whose files they are, the path that was asked for as that run calls it, the files, and the
    folder in which their contents are kept."""
    log = tracking.active_log()
    folder = log.tracker.target.artifacts
    if source == (log.uuid or log.tracker.target.own_run):  # it may not be in the store yet
        base = checked(path) if path else ""
        own = [(one, *facts) for one, facts in log.files.items()]
        found = [one for one in own if not base or f"{one[0]}/".startswith(f"{base}/")]
        if found:
            return source, base, found, folder
    try:
        answer = log.tracker.target.ask(GetArtifacts(source, path))
    except QuestionError as error:
        raise NotFoundException(f"download_artifact: {error}") from None
    value = answer.value
    files = [tuple(one) for one in value["files"]]
    return value["run"], value["base"], files, value.get("folder", folder)


def _copy(kept: str, to: Path, digest: str) -> None:
    """Copy a content, making sure on the way that it is what was logged."""
    to.parent.mkdir(parents=True, exist_ok=True)
    found = hashlib.sha256()
    try:
        with open(kept, "rb") as source, to.open("wb") as copy:
            while part := source.read(CHUNK):
                found.update(part)
                copy.write(part)
    except FileNotFoundError:
        raise NotFoundException(
            f"the content of {to.name} is gone from the workspace's artifacts ({digest})"
        ) from None
    if found.hexdigest() != digest:
        to.unlink()
        raise ArtifactDamaged(f"{to.name} is damaged: {kept} doesn't hold what was logged")


def _fetch_if_missing(kept: str, digest: str, root: str) -> None:
    """Get a content from the workspace's URL, if it has one and the content is only there."""
    if not root or os.path.exists(kept):
        return
    import fsspec

    files, folder = fsspec.core.url_to_fs(root)
    os.makedirs(os.path.dirname(kept), mode=0o700, exist_ok=True)
    part = os.path.join(os.path.dirname(kept), f".new-{digest}-{os.urandom(8).hex()}")
    try:
        files.get_file(f"{folder.rstrip('/')}/{digest[:2]}/{digest}", part)
        with open(part, "rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                raise ArtifactDamaged(f"a content under the workspace's URL is damaged: {digest}")
        os.replace(part, kept)
    except FileNotFoundError:
        raise NotFoundException(
            f"a content is neither here nor under the workspace's URL: {digest}"
        ) from None
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part)


_folders: tuple[int, str] | None = None


def _folder_of_process() -> str:
    """A new folder that goes when this process ends."""
    global _folders
    if _folders is None or _folders[0] != os.getpid():
        _folders = os.getpid(), tempfile.mkdtemp(prefix="dagtop-artifacts-")
        atexit.register(_remove, *_folders)
    return tempfile.mkdtemp(dir=_folders[1])


def _remove(pid: int, folder: str) -> None:
    if pid == os.getpid():  # not in a child that was forked since
        shutil.rmtree(folder, ignore_errors=True)

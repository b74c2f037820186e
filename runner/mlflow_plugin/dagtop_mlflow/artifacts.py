"""Files of runs: kept in the workspace by their content, whatever runs and paths they belong to."""

from __future__ import annotations

import os
import posixpath
import shutil
import time
from collections.abc import Iterator
from typing import Any

from mlflow.entities import FileInfo
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository, verify_artifact_path
from mlflow.tracking import get_tracking_uri

from dagtop_mlflow import wire
from dagtop_mlflow.entities import ARTIFACTS, missing, plainly

CHUNK = 1 << 20
File = tuple[int, str]
"""Size and SHA-256."""


class ArtifactStore(ArtifactRepository):
    """``dagtop-artifact:/RUN`` or ``dagtop-artifact:/RUN/path``."""

    def __init__(
        self, artifact_uri: str, tracking_uri: str | None = None, *_: Any, **__: Any
    ) -> None:
        super().__init__(artifact_uri)
        uri = tracking_uri or get_tracking_uri()
        with plainly():
            self.wire = wire.wire_of(uri if uri.startswith("dagtop:") else None)
        if not artifact_uri.startswith(ARTIFACTS):
            raise MlflowException(f"{artifact_uri} is no address of files of a workspace")
        self.run_id, *base = artifact_uri[len(ARTIFACTS) :].strip("/").split("/", 1)
        self.base = base[0] if base else ""
        self._reader = ""
        """The run that files are copied for; empty: none is active."""

    def _full(self, path: str | None) -> str:
        """A path within the run. Raises ``MlflowException`` for one that leads elsewhere."""
        if path:
            verify_artifact_path(path)
        return posixpath.normpath(posixpath.join(self.base, path or "")).lstrip(".").strip("/")

    def log_artifact(self, local_file: str, artifact_path: str | None = None) -> None:
        full = self._full(posixpath.join(artifact_path or "", os.path.basename(local_file)))
        if os.path.exists(local_file) and not os.path.isfile(local_file):
            raise MlflowException.invalid_parameter_value(f"{local_file!r} is not a file")
        with plainly():
            with open(local_file, "rb") as file:
                size, digest = self.wire.keep(iter(lambda: file.read(CHUNK), b""))
            self.wire.record(["artifact", time.time(), full, size, digest, self.run_id])
        _own.setdefault(self.run_id, {})[full] = size, digest

    def log_artifacts(self, local_dir: str, artifact_path: str | None = None) -> None:
        for folder, folders, files in os.walk(local_dir, followlinks=True):
            folders[:] = sorted(one for one in folders if not _leads_back(folder, one))
            inner = os.path.relpath(folder, local_dir).replace(os.sep, "/")
            where = posixpath.normpath(posixpath.join(artifact_path or "", inner))
            for name in sorted(files):
                local = os.path.join(folder, name)
                if os.path.isfile(local):  # not a socket, a pipe, a link to nowhere
                    self.log_artifact(local, None if where == "." else where)

    def _files(self) -> dict[str, File]:
        """All files of the run by path; where no runner knows them, those that this process has
        logged."""
        own = _own.get(self.run_id, {})
        try:
            found = self.wire.ask("GET artifacts/kept", run_id=self.run_id)["files"]
        except (wire.RunnerAway, wire.Refused):
            if not own:
                raise
            return dict(own)
        return {**{one["path"]: (one["size"], one["digest"]) for one in found}, **own}

    def list_artifacts(self, path: str | None = None) -> list[FileInfo]:
        full = self._full(path)
        with plainly():
            files = self._files()
        inside = f"{full}/" if full else ""
        found: dict[str, FileInfo] = {}
        for name in files:
            if name.startswith(inside) and name != inside:
                first, slash, _ = name[len(inside) :].partition("/")
                within = self._within(inside + first)
                size = None if slash else files[name][0]
                found[first] = FileInfo(within, bool(slash), size)
        return [found[name] for name in sorted(found)]

    def _within(self, full: str) -> str:
        """A path of the run as it is called from the base of this address."""
        return full[len(self.base) + 1 :] if self.base else full

    def _download_file(self, remote_file_path: str, local_path: str) -> None:
        full = self._full(remote_file_path)
        with plainly():
            found = _own.get(self.run_id, {}).get(full) or self._files().get(full)
        if found is None:
            raise missing(f"run {self.run_id} has no artifact {full!r}")
        try:
            shutil.copyfile(self.wire.kept_at(found[1]), local_path)
        except FileNotFoundError as error:
            raise missing(
                f"the content of artifact {full!r} of run {self.run_id} is gone from "
                f"{self.wire.artifacts}"
            ) from error
        self._note_use(full, found[1])

    def download_artifacts(self, *args: Any, **kwargs: Any) -> Any:
        from mlflow.tracking.fluent import active_run  # which imports this module

        reader = active_run()  # here: MLflow copies files in threads, where no run is active
        self._reader = "" if reader is None else reader.info.run_id
        return super().download_artifacts(*args, **kwargs)

    def _note_use(self, path: str, digest: str) -> None:
        """That the active run has read a file of another run: lineage."""
        if self._reader not in ("", self.run_id):
            with plainly():
                used = ["used", time.time(), path, digest, self.run_id, self._reader]
                self.wire.record(used)

    def delete_artifacts(self, artifact_path: str | None = None) -> None:
        full = self._full(artifact_path)
        with plainly():
            self.wire.ask("POST artifacts/delete", run_id=self.run_id, path=full)
        for path in list(_inside(_own.get(self.run_id, {}), full)):
            del _own[self.run_id][path]


def _leads_back(folder: str, name: str) -> bool:
    """Whether it is a link to a folder that it is in: following it would never end."""
    path = os.path.join(folder, name)
    target = os.path.realpath(path)
    inside = os.path.join(os.path.realpath(folder), "")
    return os.path.islink(path) and inside.startswith(os.path.join(target, ""))


def _inside(files: dict[str, File], full: str) -> Iterator[str]:
    return (path for path in list(files) if not full or path == full or path.startswith(f"{full}/"))


_own: dict[str, dict[str, File]] = {}
"""By run what this process has logged."""

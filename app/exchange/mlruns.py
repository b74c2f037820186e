"""MLflow's file store: a folder ``mlruns``, read without MLflow.

Its layout is that of ``mlflow.store.tracking.file_store``: a folder per experiment with
``meta.yaml``, a folder per run in it, and a file per param, tag and metric, whose name may have
slashes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from app.exchange.foreign import (
    DELETED_STAGE,
    ForeignExperiment,
    ForeignFile,
    ForeignLoggedModel,
    ForeignModel,
    ForeignRun,
    ForeignVersion,
    Point,
    SourceError,
    files_below,
    is_name,
    is_run_id,
    known_time,
    local_folder,
    point_of,
    remote_files,
)

META = "meta.yaml"
STATUSES = {1: "RUNNING", 2: "RUNNING", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}
"""MLflow's ``RunStatus`` as its files have it; 2 is SCHEDULED."""
MODEL_STATUSES = {1: "PENDING", 2: "READY", 3: "FAILED"}
SAFE_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times as fast where PyYAML was built with libyaml."""
NO_EXPERIMENTS = frozenset({"models", ".trash"})
NO_RUNS = frozenset({"tags", "datasets", "models", "traces"})


class FolderSource:
    """A folder ``mlruns``, or one in which there is one."""

    def __init__(self, folder: Path) -> None:
        inner = folder / "mlruns"
        self.folder = inner if inner.is_dir() and not _experiments_in(folder) else folder
        self.problems: list[str] = []
        self._places: dict[str, Path] = {}
        """Where the runs are, by uuid."""
        if not _experiments_in(self.folder):
            raise SourceError(
                f"{folder} is no folder of MLflow's: none of its folders has a {META}"
            )

    def experiments(self) -> list[ForeignExperiment]:
        found = []
        trash = self.folder / ".trash"
        for place in (*_experiments_in(self.folder), *_experiments_in(trash)):
            meta = self._meta(place)
            if meta is None:
                continue
            found.append(
                ForeignExperiment(
                    key=place.name,
                    name=_text(meta.get("name")) or place.name,
                    created_at=known_time(_whole(meta.get("creation_time"))),
                    is_deleted=meta.get("lifecycle_stage") == "deleted",
                    tags=self._values(place / "tags"),
                    artifact_location=_text(meta.get("artifact_location")),
                )
            )
            self._places.update((run.name, run) for run in _runs_in(place))
        return found

    def runs(self, experiment: ForeignExperiment) -> Iterable[tuple[str, bool]]:
        found = []
        for uuid, place in self._places.items():
            if place.parent.name == experiment.key:
                meta = self._meta(place)
                if meta is not None:
                    started = _whole(meta.get("start_time")) or 0
                    found.append((started, uuid, meta.get("end_time") is not None))
        return [(uuid, ended) for _, uuid, ended in sorted(found)]

    def run(self, uuid: str) -> ForeignRun | None:
        place = self._places[uuid]
        meta = self._meta(place)
        if meta is None:
            return None
        own = _text(meta.get("run_id")) or _text(meta.get("run_uuid")) or uuid
        if own != uuid or not is_run_id(uuid):
            self.problems.append(f"{place} was left out: it says that it is run {own!r}")
            return None
        tags = self._values(place / "tags")
        status = STATUSES.get(_whole(meta.get("status")) or 3, "FINISHED")
        return ForeignRun(
            uuid=uuid,
            experiment_key=place.parent.name,
            name=_text(meta.get("run_name")) or tags.get("mlflow.runName") or uuid,
            user=_text(meta.get("user_id")),
            status=status,
            started_at=known_time(_whole(meta.get("start_time"))),
            ended_at=None if status == "RUNNING" else known_time(_whole(meta.get("end_time"))),
            is_deleted=meta.get("lifecycle_stage") == "deleted",
            artifact_uri=_text(meta.get("artifact_uri")),
            params=self._values(place / "params"),
            tags=tags,
            metrics=self._metrics(place / "metrics"),
            inputs=self._inputs(place),
        )

    def files(self, run_uuid: str, artifact_uri: str) -> Iterator[ForeignFile]:
        folder = local_folder(artifact_uri)
        if folder is not None and folder.is_dir():
            return files_below(folder, self.problems)
        # A folder that was copied here knows its former place: what lies beside the run counts.
        if run_uuid and (beside := self._places[run_uuid] / "artifacts").is_dir():
            return files_below(beside, self.problems)
        return iter(()) if folder is not None else remote_files(artifact_uri, self.problems)

    def models(self) -> list[ForeignModel]:
        found = []
        for place in sorted((self.folder / "models").glob(f"*/{META}")):
            meta = self._meta(place.parent)
            if meta is None:
                continue
            versions = [
                self._version(one, facts)
                for one in sorted(place.parent.glob("version-*"))
                if (facts := self._meta(one)) is not None
                and _whole(facts.get("version"))
                and facts.get("current_stage") != DELETED_STAGE
            ]
            aliases = self._values(place.parent / "aliases")
            found.append(
                ForeignModel(
                    name=_text(meta.get("name")) or place.parent.name,
                    description=_text(meta.get("description")),
                    created_at=known_time(_whole(meta.get("creation_timestamp"))),
                    updated_at=known_time(_whole(meta.get("last_updated_timestamp"))),
                    tags=self._values(place.parent / "tags"),
                    aliases={a: n for a, text in aliases.items() if (n := _whole(text))},
                    versions=sorted(versions, key=lambda one: one.version),
                )
            )
        return found

    def logged_models(self, experiment: ForeignExperiment) -> list[ForeignLoggedModel]:
        found = []
        for place in sorted((self.folder / experiment.key / "models").glob(f"m-*/{META}")):
            meta = self._meta(place.parent)
            if meta is None:
                continue
            found.append(
                ForeignLoggedModel(
                    id=place.parent.name,
                    experiment_key=experiment.key,
                    run_uuid=_text(meta.get("source_run_id")) or None,
                    name=_text(meta.get("name")) or place.parent.name,
                    model_type=_text(meta.get("model_type")) or None,
                    status=MODEL_STATUSES.get(_whole(meta.get("status")) or 2, "READY"),
                    artifact_location=str(place.parent / "artifacts"),
                    created_at=known_time(_whole(meta.get("creation_timestamp"))),
                    updated_at=known_time(_whole(meta.get("last_updated_timestamp"))),
                    is_deleted=meta.get("lifecycle_stage") == "deleted",
                    params=self._values(place.parent / "params"),
                    tags=self._values(place.parent / "tags"),
                )
            )
        return found

    def close(self) -> None:
        """Nothing is open."""

    def _version(self, place: Path, meta: dict[str, Any]) -> ForeignVersion:
        return ForeignVersion(
            version=_whole(meta["version"]) or 0,
            run_uuid=_text(meta.get("run_id")) or None,
            source=_text(meta.get("source")),
            status=_text(meta.get("status")) or "READY",
            user=_text(meta.get("user_id")),
            description=_text(meta.get("description")),
            logged_model_id=_text(meta.get("model_id")) or None,
            created_at=known_time(_whole(meta.get("creation_timestamp"))),
            updated_at=known_time(_whole(meta.get("last_updated_timestamp"))),
            tags=self._values(place / "tags"),
        )

    def _meta(self, place: Path) -> dict[str, Any] | None:
        path = place / META

        def read() -> dict[str, Any]:
            meta = yaml.load(path.read_text(encoding="utf-8"), Loader=SAFE_LOADER)
            if not isinstance(meta, dict):
                raise ValueError("it has no facts")
            return meta

        return self._tried(path, read)

    def _values(self, folder: Path) -> dict[str, str]:
        """The texts of all files below a folder, by their paths there."""
        found = {}
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            name = path.relative_to(folder).as_posix()
            if not path.is_file():
                continue
            if not is_name(name):
                self.problems.append(f"{str(path)!r} was left out: nothing can be called so")
                continue
            value = self._tried(path, lambda path=path: path.read_bytes().decode("utf-8"))
            if value is not None:
                found[name] = value
        return found

    def _metrics(self, folder: Path) -> dict[str, list[Point]]:
        return {
            key: points
            for key, text in self._values(folder).items()
            if (points := list(self._points(folder / key, text)))
        }

    def _points(self, path: Path, text: str) -> Iterator[Point]:
        """Lines of "time value step": in some, a dataset's name and digest follow."""
        for number, line in enumerate(text.splitlines(), 1):
            words = line.split()
            try:
                step = int(words[2]) if len(words) > 2 else 0
                point = point_of(float(words[1]), step, int(words[0]))
            except (ValueError, IndexError):
                point = None
            if point is not None:
                yield point
            elif words:
                self.problems.append(
                    f"{path}:{number} was left out: it is no 'time value step': {line[:60]!r}"
                )

    def _inputs(self, place: Path) -> list[dict[str, Any]]:
        found = []
        for path in sorted((place / "inputs").glob(f"*/{META}")):
            link = self._meta(path.parent) or {}
            data = place.parent / "datasets" / str(link.get("source_id"))
            meta = self._meta(data) if link.get("source_type") == "DATASET" else None
            if meta is not None:
                facts = {name: _text(meta.get(name)) or None for name in ("schema", "profile")}
                for name in ("name", "digest", "source_type", "source"):
                    facts[name] = _text(meta.get(name))
                tags = link.get("tags")
                pairs = tags.items() if isinstance(tags, dict) else ()
                found.append({**facts, "tags": {str(key): _text(value) for key, value in pairs}})
        return found

    def _tried(self, path: Path, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
            why = " ".join(str(error).split())
            self.problems.append(f"{path} can't be read: {why}")
            return None


def _experiments_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(
        one for one in folder.iterdir() if one.name not in NO_EXPERIMENTS and (one / META).is_file()
    )


def _runs_in(folder: Path) -> list[Path]:
    return [one for one in sorted(folder.iterdir()) if one.name not in NO_RUNS and one.is_dir()]


def _text(value: Any) -> str:
    """A text, or a number as one; empty for what is neither."""
    return str(value) if isinstance(value, str | int | float) else ""


def _whole(value: Any) -> int | None:
    try:
        return int(str(value).strip())
    except ValueError:
        return None

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
    Point,
    SourceError,
    files_below,
    is_name,
    is_run_id,
    local_folder,
    point_of,
    remote_files,
)
from app.exchange.shaping import (
    experiment_from,
    input_from,
    logged_model_from,
    model_from,
    run_from,
    version_from,
)

META = "meta.yaml"
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
            found.append(experiment_from(place.name, meta, self._values(place / "tags")))
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
        return run_from(
            uuid,
            place.parent.name,
            meta,
            params=self._values(place / "params"),
            tags=self._values(place / "tags"),
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
                version_from(facts, self._values(one / "tags"))
                for one in sorted(place.parent.glob("version-*"))
                if (facts := self._meta(one)) is not None
                and _whole(facts.get("version"))
                and facts.get("current_stage") != DELETED_STAGE
            ]
            aliases = self._values(place.parent / "aliases")
            found.append(
                model_from(
                    _text(meta.get("name")) or place.parent.name,
                    meta,
                    tags=self._values(place.parent / "tags"),
                    aliases={a: n for a, text in aliases.items() if (n := _whole(text))},
                    versions=versions,
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
                logged_model_from(
                    place.parent.name,
                    experiment.key,
                    meta,
                    location=str(place.parent / "artifacts"),
                    params=self._values(place.parent / "params"),
                    tags=self._values(place.parent / "tags"),
                )
            )
        return found

    def close(self) -> None:
        """Nothing is open."""

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
                tags = link.get("tags")
                pairs = tags.items() if isinstance(tags, dict) else ()
                found.append(input_from(meta, {str(key): _text(value) for key, value in pairs}))
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

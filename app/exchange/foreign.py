"""What MLflow's stores hold, in one shape, whichever store it comes from."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import unquote, urlsplit

from store.values import EPOCH

GREATEST = 1.7976931348623157e308
"""What MLflow's databases and servers write for an infinite value (``sanitize_metric_value``)."""

DELETED_STAGE = "Deleted_Internal"
"""Of a version of a model that was deleted, which MLflow keeps."""

PATH_LENGTH = 1000
"""Characters that the path of an artifact may have."""

Point = tuple[float, int, int]
"""Value, step, time in microseconds since 1970 (UTC)."""


KEY_LENGTH = 250
"""Characters that the name of a param, metric or tag may have."""
_FIRST, _LAST = -62_135_596_800_000, 253_402_300_799_999
"""The years 1 to 9999, in milliseconds since 1970."""
_RUN_ID = re.compile(r"[a-zA-Z0-9][\w-]{0,255}", re.ASCII)


class SourceError(Exception):
    """What was to be taken over can't be read at all; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class ForeignExperiment:
    """An experiment of MLflow's."""

    key: str
    """Its id there."""
    name: str
    created_at: datetime
    is_deleted: bool
    tags: dict[str, str]
    artifact_location: str = ""


@dataclass(frozen=True, slots=True)
class ForeignFile:
    """An artifact, not yet read."""

    path: str
    """Relative, with slashes."""
    open: Callable[[], AbstractContextManager[IO[bytes]]]


@dataclass(slots=True)
class ForeignRun:
    """A run of MLflow's, all but its artifacts."""

    uuid: str
    experiment_key: str
    name: str
    user: str
    status: str
    """RUNNING, FINISHED, FAILED, KILLED."""
    started_at: datetime
    ended_at: datetime | None
    is_deleted: bool
    artifact_uri: str
    params: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metrics: dict[str, list[Point]] = field(default_factory=dict)
    inputs: list[dict[str, Any]] = field(default_factory=list)
    """As ``store.tracking.log_input`` takes them."""


@dataclass(frozen=True, slots=True)
class ForeignVersion:
    """A version of a registered model."""

    version: int
    run_uuid: str | None
    source: str
    status: str
    user: str
    description: str
    logged_model_id: str | None
    created_at: datetime
    updated_at: datetime
    tags: dict[str, str]


@dataclass(frozen=True, slots=True)
class ForeignModel:
    """A registered model."""

    name: str
    description: str
    created_at: datetime
    updated_at: datetime
    tags: dict[str, str]
    aliases: dict[str, int]
    versions: list[ForeignVersion]


@dataclass(frozen=True, slots=True)
class ForeignLoggedModel:
    """A model that a run has logged (MLflow 3)."""

    id: str
    experiment_key: str
    run_uuid: str | None
    name: str
    model_type: str | None
    status: str
    """PENDING, READY, FAILED."""
    artifact_location: str
    created_at: datetime
    updated_at: datetime
    is_deleted: bool
    params: dict[str, str]
    tags: dict[str, str]


@dataclass(slots=True)
class Imported:
    """What an import has done."""

    experiments: int = 0
    runs: int = 0
    known: int = 0
    """Runs that were there already, and are left as they are."""
    points: int = 0
    artifacts: int = 0
    bytes: int = 0
    models: int = 0
    """Registered ones."""
    problems: list[str] = field(default_factory=list)


class Source(Protocol):
    """A store of MLflow's, open for reading."""

    problems: list[str]
    """What could not be read, a sentence each; grows as things are asked for."""

    def experiments(self) -> list[ForeignExperiment]: ...

    def runs(self, experiment: ForeignExperiment) -> Iterable[tuple[str, bool]]:
        """The uuids of its runs, each with whether it has ended; the oldest first."""
        ...

    def run(self, uuid: str) -> ForeignRun | None:
        """A run; None where it can't be read, which is a problem."""
        ...

    def files(self, run_uuid: str, artifact_uri: str) -> Iterator[ForeignFile]:
        """The files below a place of artifacts; ``run_uuid`` empty: of no run."""
        ...

    def models(self) -> list[ForeignModel]: ...

    def logged_models(self, experiment: ForeignExperiment) -> list[ForeignLoggedModel]: ...

    def close(self) -> None: ...


def time_of(milliseconds: float | str | None) -> datetime | None:
    """A time as MLflow writes it: milliseconds since 1970 (UTC). None for none, or none that
    there can be."""
    if milliseconds is None:
        return None
    try:
        whole = int(milliseconds)
    except (TypeError, ValueError, OverflowError):
        return None
    if not _FIRST <= whole <= _LAST:
        return None
    return EPOCH + timedelta(milliseconds=whole)


def point_of(value: float, step: int, milliseconds: int) -> Point | None:
    """A point of a metric; None where its step or its time can't be kept."""
    if _FIRST <= milliseconds <= _LAST and -(1 << 63) <= step < 1 << 63:
        return value, step, milliseconds * 1000
    return None


def is_run_id(text: str) -> bool:
    """Whether it can be the id of a run: MLflow's rule."""
    return _RUN_ID.fullmatch(text) is not None


def is_name(text: str) -> bool:
    """Whether a param, metric or tag can be called so."""
    return 0 < len(text) <= KEY_LENGTH and text.isprintable()


def known_time(milliseconds: float | str | None) -> datetime:
    """The same where there must be one: 1970 for none."""
    return time_of(milliseconds) or EPOCH


def real_value(value: float) -> float:
    """A metric's value: the greatest number stands for an infinite one in MLflow's databases."""
    if value >= GREATEST:
        return float("inf")
    return float("-inf") if value <= -GREATEST else value


def local_folder(uri: str) -> Path | None:
    """The folder that a URI names on this machine; None: it is elsewhere."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    return Path(uri) if not parts.scheme and uri else None


def safe_path(path: str) -> str | None:
    """The path of an artifact, normalised; None for one that would lead elsewhere."""
    normal = posixpath.normpath(path.replace("\\", "/"))
    outside = normal in (".", "..") or normal.startswith(("/", "../"))
    if outside or not normal.isprintable() or len(normal) > PATH_LENGTH:
        return None
    return normal


def files_below(folder: Path, problems: list[str]) -> Iterator[ForeignFile]:
    """The files in a folder of this machine. Links out of it are left alone."""
    for found in sorted(folder.rglob("*")):
        if found.is_symlink() or not found.is_file():
            continue
        path = safe_path(found.relative_to(folder).as_posix())
        if path is None:
            problems.append(f"{str(found)!r} was left out: its name can't be that of an artifact")
            continue
        yield ForeignFile(path, lambda found=found: found.open("rb"))


def remote_files(uri: str, problems: list[str]) -> Iterator[ForeignFile]:
    """The files below a URL, read by fsspec."""
    try:
        import fsspec
    except ModuleNotFoundError:
        problems.append(f"{uri} was left out: install dagtop[remote] to read artifacts there")
        return
    try:
        system, root = fsspec.core.url_to_fs(uri)
        names: Sequence[str] = sorted(system.find(root))
    except Exception as error:  # whatever the library of that scheme raises
        problems.append(f"{uri} can't be read: {type(error).__name__}: {error}")
        return
    for name in names:
        path = safe_path(posixpath.relpath(name, root))
        if path is not None:
            yield ForeignFile(path, lambda name=name: system.open(name, "rb"))

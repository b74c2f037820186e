"""Giving runs to MLflow: written into an SQLite database that its own client and UI open.

The tables are MLflow's own: those of the file if it has them, else made by the MLflow that is
installed, so that they are what that version expects.
"""

from __future__ import annotations

import importlib.util
import math
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from sqlalchemy import Connection, Table, create_engine, func, select
from sqlalchemy.exc import OperationalError

from app.exchange.database import open_tables
from app.exchange.exporting_models import export_models, put
from app.exchange.foreign import GREATEST, SourceError, local_folder
from store import metric_points, remote, tracking
from store.errors import StoreError
from store.models import dataset, dataset_input, experiment_tag, metric
from store.models import experiment as our_experiment
from store.queries import tracked
from store.values import milliseconds

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from store.engine import Store
    from store.queries.tracked import TrackedRow
    from store.workspace import Workspace

MOST_SECONDS = 300.0
"""For which MLflow is waited for to make its tables."""
BATCH = 20_000
"""Points that one statement writes."""
PLACE_TAGS = ("dag_id", "run_id", "task_id", "map_index", "try_number")
"""What is known of the task that recorded a run: tags ``dagtop.dag_id`` …"""


@dataclass(slots=True)
class Exported:
    """What an export has done."""

    experiments: int = 0
    runs: int = 0
    known: int = 0
    """Runs that were there already, and are left as they are."""
    points: int = 0
    equal: int = 0
    """Points left out: MLflow keeps one of those of equal time (ms), step and value."""
    artifacts: int = 0
    models: int = 0
    """Registered ones."""
    problems: list[str] = field(default_factory=list)


def open_database(path: Path) -> tuple[Engine, dict[str, Table]]:
    """A database with MLflow's tables, made if there is none. Raises ``SourceError``."""
    if not path.exists() or path.stat().st_size == 0:
        _make_tables(path)
    engine = create_engine(f"sqlite:///{path}")
    return engine, open_tables(engine, str(path))


def _make_tables(path: Path) -> None:
    """By MLflow, in a process of its own: its import changes logging and takes a second. They get
    their name when they are whole: one that is cut short leaves no half of a database."""
    if importlib.util.find_spec("mlflow") is None:
        raise SourceError(
            "a new database needs MLflow, which knows its tables: install dagtop[mlflow], or name "
            "a file that MLflow has made"
        )
    script = (
        "import sys\n"
        "from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore\n"
        "SqlAlchemyStore(*sys.argv[1:])\n"
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=".dagtop-export-", dir=path.parent) as folder:
            part = Path(folder).absolute() / "new.db"
            words = [f"sqlite:///{part}", str(artifacts_beside(path))]
            done = subprocess.run(
                [sys.executable, "-W", "ignore", "-c", script, *words],
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                timeout=MOST_SECONDS,
            )
            if done.returncode:
                last = done.stderr.strip().rpartition("\n")[2]
                raise SourceError(f"MLflow can't make its tables in {path}: {last}")
            part.replace(path)
    except (OSError, subprocess.TimeoutExpired) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{path} can't be made: {why}") from None


def artifacts_beside(path: Path) -> Path:
    """The folder of the artifacts of an exported database."""
    return path.absolute().with_name(path.stem + "-artifacts")


def export_runs(
    store: Store,
    workspace: Workspace,
    ids: Sequence[int],
    path: Path,
    *,
    with_artifacts: bool = True,
    with_models: bool = True,
) -> Exported:
    """Write tracked runs to the SQLite database ``path``, and their artifacts beside it.

    A run, or a registered model, that is there already stays as it is. Raises ``SourceError``
    where it can't be written.
    """
    engine, tables = open_database(path)
    done = Exported()
    try:
        with store.read() as source:
            for row in tracked.tracked_rows(source, ids):
                with engine.begin() as target:
                    writer = _Writer(source, target, tables, path)
                    if writer.has_run(row.uuid):
                        done.known += 1
                        continue
                    uri = writer.write(row, done)
                    if with_artifacts:
                        _copy(source, workspace, row, Path(uri), done)
                done.runs += 1
            if with_models:
                with engine.begin() as target:
                    done.models = export_models(source, target, tables)
    except OperationalError as error:
        raise SourceError(
            f"{path} can't be written: {error.orig}; {done.runs} runs are in it, export again to "
            "go on"
        ) from None
    finally:
        engine.dispose()
    return done


def _copy(
    connection: Connection, workspace: Workspace, row: TrackedRow, folder: Path, done: Exported
) -> None:
    for one in tracked.artifacts_of(connection, row.id):
        target = folder / one.path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(remote.local_path(workspace, one.digest), target)
        except (OSError, StoreError) as error:
            why = getattr(error, "strerror", None) or str(error)
            done.problems.append(f"{one.path} of run {row.uuid} can't be copied: {why}")
        else:
            done.artifacts += 1


class _Writer:
    """Writes one run."""

    def __init__(
        self, source: Connection, target: Connection, tables: dict[str, Table], path: Path
    ) -> None:
        self._source = source
        self._target = target
        self._tables = tables
        self._path = path

    def has_run(self, uuid: str) -> bool:
        runs = self._tables["runs"]
        query = select(runs.c.run_uuid).where(runs.c.run_uuid == uuid)
        return self._target.execute(query).first() is not None

    def write(self, row: TrackedRow, done: Exported) -> str:
        """The folder of its artifacts."""
        key, location = self._experiment(row, done)
        folder = local_folder(location) or artifacts_beside(self._path) / str(key)
        uri = str(folder / row.uuid / "artifacts")
        facts = {
            "run_uuid": row.uuid,
            "name": row.name,
            "source_type": "UNKNOWN",
            "source_name": "",
            "entry_point_name": "",
            "user_id": row.user_id,
            "status": row.status,
            "start_time": milliseconds(row.started_at),
            "end_time": milliseconds(row.ended_at),
            "source_version": "",
            "lifecycle_stage": "deleted" if row.deleted_at else "active",
            "deleted_time": milliseconds(row.deleted_at),
            "artifact_uri": uri,
            "experiment_id": key,
        }
        self._put("runs", [facts])
        params = tracking.params_of(self._source, row.id)
        self._put(
            "params", [{"run_uuid": row.uuid, "key": k, "value": v} for k, v in params.items()]
        )
        tags = _tags_of(row) | tracking.tags_of(self._source, row.id)
        self._put("tags", [{"run_uuid": row.uuid, "key": k, "value": v} for k, v in tags.items()])
        self._metrics(row, key, done)
        self._inputs(row, key)
        return uri

    def _experiment(self, row: TrackedRow, done: Exported) -> tuple[int, str]:
        """Its id there, and where its artifacts are."""
        table = self._tables["experiments"]
        query = select(table.c.experiment_id, table.c.artifact_location)
        found = self._target.execute(query.where(table.c.name == row.experiment)).first()
        if found is not None:
            return found.experiment_id, found.artifact_location or ""
        ours = self._source.execute(
            select(our_experiment).where(our_experiment.c.name == row.experiment)
        ).one()
        newest = self._target.execute(select(func.max(table.c.experiment_id))).scalar()
        key = (newest or 0) + 1
        location = str(artifacts_beside(self._path) / str(key))
        created = milliseconds(ours.created_at)
        facts = {
            "experiment_id": key,
            "name": row.experiment,
            "artifact_location": location,
            "lifecycle_stage": "deleted" if ours.deleted_at else "active",
            "creation_time": created,
            "last_update_time": created,
            "workspace": "default",
        }
        self._put("experiments", [facts])
        tags = self._source.execute(
            select(experiment_tag).where(experiment_tag.c.experiment_id == ours.id)
        )
        of_tags = [{"experiment_id": key, "key": one.key, "value": one.value} for one in tags]
        self._put("experiment_tags", of_tags)
        done.experiments += 1
        return key, location

    def _metrics(self, row: TrackedRow, experiment_key: int, done: Exported) -> None:
        query = select(metric.c.id, metric.c.key).where(metric.c.run_id == row.id)
        for one in self._source.execute(query).all():
            series = metric_points.read(self._source, one.id)
            times = [time // 1000 for time in series.times]
            points = list(zip(times, series.steps, map(_stored, series.values), strict=True))
            different = list(dict.fromkeys(points))
            rows = [_metric_row(row.uuid, one.key, *point) for point in different]
            for start in range(0, len(rows), BATCH):
                self._put("metrics", rows[start : start + BATCH])
            time, step, value = max(different, key=lambda point: (point[1], point[0], point[2]))
            self._put("latest_metrics", [_metric_row(row.uuid, one.key, time, step, value)])
            done.points += len(different)
            done.equal += len(points) - len(different)

    def _inputs(self, row: TrackedRow, experiment_key: int) -> None:
        query = (
            select(dataset, dataset_input.c.tags)
            .join(dataset_input, dataset_input.c.dataset_id == dataset.c.id)
            .where(dataset_input.c.run_id == row.id)
        )
        for one in self._source.execute(query).all():
            key = str(uuid5(NAMESPACE_URL, f"{experiment_key}/{one.name}/{one.digest}").hex)
            facts = {
                "dataset_uuid": key,
                "experiment_id": experiment_key,
                "name": one.name,
                "digest": one.digest,
                "dataset_source_type": one.source_type,
                "dataset_source": one.source,
                "dataset_schema": one.schema,
                "dataset_profile": one.profile,
            }
            known = self._tables["datasets"]
            same = select(known.c.dataset_uuid).where(
                known.c.experiment_id == experiment_key,
                known.c.name == one.name,
                known.c.digest == one.digest,
            )
            there = self._target.execute(same).scalar()
            if there is None:
                self._put("datasets", [facts])
            link = uuid5(NAMESPACE_URL, f"{row.uuid}/{key}").hex
            used = {
                "input_uuid": link,
                "source_type": "DATASET",
                "source_id": there or key,
                "destination_type": "RUN",
                "destination_id": row.uuid,
                "step": 0,
            }
            self._put("inputs", [used])
            tags = one.tags or {}
            self._put(
                "input_tags", [{"input_uuid": link, "name": n, "value": v} for n, v in tags.items()]
            )

    def _put(self, table_name: str, rows: list[dict[str, Any]]) -> None:
        put(self._target, self._tables, table_name, rows)


def _stored(value: float) -> tuple[float, bool]:
    """A metric's value and whether it is NaN, as MLflow's databases have it."""
    if math.isnan(value):
        return 0.0, True
    return (math.copysign(GREATEST, value) if math.isinf(value) else value), False


def _metric_row(
    uuid: str, key: str, time: int, step: int, stored: tuple[float, bool]
) -> dict[str, Any]:
    value, is_nan = stored
    return {
        "run_uuid": uuid,
        "key": key,
        "timestamp": time,
        "step": step,
        "value": value,
        "is_nan": is_nan,
    }


def _tags_of(row: TrackedRow) -> dict[str, str]:
    """Tags for what are columns here."""
    tags = {tracking.RUN_NAME: row.name}
    if row.parent_uuid:
        tags[tracking.PARENT_RUN] = row.parent_uuid
    for name in PLACE_TAGS:
        value = getattr(row, name)
        if value is not None:
            tags[f"dagtop.{name}"] = str(value)
    return tags

"""MLflow's SQL store: an SQLite file, or any database by its URL, read without MLflow.

Only columns that are there are asked for: the tables have grown with MLflow's versions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, Engine, MetaData, Table, create_engine, select
from sqlalchemy.exc import SQLAlchemyError

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
    local_folder,
    point_of,
    real_value,
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

NEEDED = ("experiments", "runs", "params", "metrics", "tags")
KNOWN = (
    *NEEDED,
    "latest_metrics",
    "experiment_tags",
    "datasets",
    "inputs",
    "input_tags",
    "registered_models",
    "registered_model_tags",
    "registered_model_aliases",
    "model_versions",
    "model_version_tags",
    "logged_models",
    "logged_model_params",
    "logged_model_tags",
)


def open_tables(engine: Engine, name: str) -> dict[str, Table]:
    """MLflow's tables as they are in that database; raises ``SourceError`` where it has none."""
    metadata = MetaData()
    try:
        metadata.reflect(engine, only=lambda table, _: table in KNOWN, resolve_fks=False)
    except SQLAlchemyError as error:
        raise SourceError(f"{name} can't be read: {getattr(error, 'orig', error)}") from None
    tables = {table.name: table for table in metadata.tables.values()}
    missing = [table for table in NEEDED if table not in tables]
    if missing:
        raise SourceError(f"{name} is no database of MLflow's: it has no table {missing[0]}")
    return tables


class DatabaseSource:
    """A database of MLflow's. ``where``: the path of an SQLite file, or a URL."""

    def __init__(self, where: str) -> None:
        self.problems: list[str] = []
        self.folder: Path | None = None
        """What relative places of artifacts are relative to."""
        if "://" in where:
            self._engine = create_engine(where)
            name = self._engine.url.render_as_string(hide_password=True)
        else:
            path = Path(where).absolute()
            self.folder = path.parent
            self._engine = create_engine(f"sqlite:///file:{quote(str(path))}?mode=ro&uri=true")
            name = where
        self._tables = open_tables(self._engine, name)
        self._connection: Connection = self._engine.connect()

    def experiments(self) -> list[ForeignExperiment]:
        tags = self._pairs_by("experiment_tags", "experiment_id")
        return [
            experiment_from(str(row["experiment_id"]), row, tags.get(row["experiment_id"], {}))
            for row in self._rows("experiments")
        ]

    def runs(self, experiment: ForeignExperiment) -> Iterable[tuple[str, bool]]:
        rows = self._rows("runs", experiment_id=int(experiment.key))
        rows.sort(key=lambda row: (row["start_time"] or 0, row["run_uuid"]))
        return [(row["run_uuid"], row["end_time"] is not None) for row in rows]

    def run(self, uuid: str) -> ForeignRun | None:
        (row,) = self._rows("runs", run_uuid=uuid)
        tags = {one["key"]: one["value"] or "" for one in self._rows("tags", run_uuid=uuid)}
        return run_from(
            uuid,
            str(row["experiment_id"]),
            row,
            params={one["key"]: one["value"] for one in self._rows("params", run_uuid=uuid)},
            tags=tags,
            metrics=self._metrics(uuid),
            inputs=self._inputs(uuid),
        )

    def files(self, run_uuid: str, artifact_uri: str) -> Iterator[ForeignFile]:
        folder = local_folder(artifact_uri)
        if folder is None:
            return remote_files(artifact_uri, self.problems)
        if self.folder is not None:
            folder = self.folder / folder
        return files_below(folder, self.problems)

    def models(self) -> list[ForeignModel]:
        tags = self._pairs_by("registered_model_tags", "name")
        version_tags = self._pairs_by("model_version_tags", "name", "version")
        aliases: dict[str, dict[str, int]] = {}
        for row in self._rows("registered_model_aliases"):
            aliases.setdefault(row["name"], {})[row["alias"]] = row["version"]
        versions: dict[str, list[ForeignVersion]] = {}
        for row in self._rows("model_versions"):
            if row.get("current_stage") == DELETED_STAGE:
                continue
            key = (row["name"], row["version"])
            versions.setdefault(row["name"], []).append(
                version_from(row, version_tags.get(key, {}))
            )
        return [
            model_from(
                row["name"],
                row,
                tags=tags.get(row["name"], {}),
                aliases=aliases.get(row["name"], {}),
                versions=versions.get(row["name"], []),
            )
            for row in self._rows("registered_models")
        ]

    def logged_models(self, experiment: ForeignExperiment) -> list[ForeignLoggedModel]:
        names = ("model_id", "param_key", "param_value")
        params = self._pairs_by("logged_model_params", *names[:1], key=names[1], value=names[2])
        tags = self._pairs_by("logged_model_tags", "model_id", key="tag_key", value="tag_value")
        return [
            logged_model_from(
                row["model_id"],
                experiment.key,
                row,
                location=row["artifact_location"],
                params=params.get(row["model_id"], {}),
                tags=tags.get(row["model_id"], {}),
            )
            for row in self._rows("logged_models", experiment_id=int(experiment.key))
        ]

    def close(self) -> None:
        """Let go of the database."""
        self._connection.close()
        self._engine.dispose()

    def _rows(self, table_name: str, **where: Any) -> list[dict[str, Any]]:
        table = self._tables.get(table_name)
        if table is None:
            return []
        query = select(table).where(*(table.c[name] == value for name, value in where.items()))
        return [dict(row) for row in self._connection.execute(query).mappings()]

    def _pairs_by(
        self, table_name: str, *names: str, key: str = "key", value: str = "value"
    ) -> dict[Any, dict[str, str]]:
        found: dict[Any, dict[str, str]] = {}
        for row in self._rows(table_name):
            whose = tuple(row[name] for name in names)
            pairs = found.setdefault(whose[0] if len(whose) == 1 else whose, {})
            pairs[row[key]] = row[value] or ""
        return found

    def _metrics(self, uuid: str) -> dict[str, list[Point]]:
        """In the order of time, then step: that of arrival isn't kept there."""
        found: dict[str, list[Point]] = {}
        rows = self._rows("metrics", run_uuid=uuid)
        rows.sort(key=lambda row: (row["key"], row["timestamp"], row.get("step", 0)))
        for row in rows:
            value = math.nan if row.get("is_nan") else real_value(row["value"])
            point = point_of(value, row.get("step") or 0, row["timestamp"])
            if point is None:
                self.problems.append(f"a point of {row['key']!r} of run {uuid} was left out: {row}")
                continue
            found.setdefault(row["key"], []).append(point)
        return found

    def _inputs(self, uuid: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for link in self._rows("inputs", destination_type="RUN", destination_id=uuid):
            if link["source_type"] != "DATASET":
                continue
            tags = self._rows("input_tags", input_uuid=link["input_uuid"])
            pairs = {one["name"]: one["value"] for one in tags}
            found += [
                input_from(row, pairs, "dataset_")
                for row in self._rows("datasets", dataset_uuid=link["source_id"])
            ]
        return found

"""The tables of tracking (MLflow's record); import them from ``store.models``."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    text,
)

from store.columns import Json, MetricFloat, Text, Timestamp
from store.schema import Big, metadata

experiment = Table(
    "experiment",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", Timestamp, nullable=False),
    Column("deleted_at", Timestamp),  # NULL: it is active
    Column("artifact_location", Text),  # NULL: the workspace's folder of artifacts
)

experiment_tag = Table(
    "experiment_tag",
    metadata,
    Column("experiment_id", ForeignKey("experiment.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

# What recorded it may be deleted before it: so the names of DAG, run and task are here, too.
tracked_run = Table(
    "tracked_run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("uuid", Text, nullable=False, unique=True),
    Column("experiment_id", ForeignKey("experiment.id"), nullable=False),
    Column("try_id", ForeignKey("task_try.id", ondelete="SET NULL")),  # NULL: no task recorded it
    Column("name", Text, nullable=False),
    Column("started_at", Timestamp, nullable=False),
    Column("ended_at", Timestamp),
    Column("status", Text, nullable=False),  # RUNNING, FINISHED, FAILED, KILLED (MLflow's)
    Column("parent_id", ForeignKey("tracked_run.id", ondelete="SET NULL")),
    Column("dag_id", Text),
    Column("run_id", Text),
    Column("task_id", Text),
    Column("map_index", Integer),
    Column("try_number", Integer),
    Column("user_id", Text, nullable=False, server_default=text("''")),
    Column("deleted_at", Timestamp),  # NULL: it is active
    Index("ix_tracked_run_experiment_id", "experiment_id", "started_at", "id"),
    Index("ix_tracked_run_started_at", "started_at", "id"),
    Index("ix_tracked_run_parent_id", "parent_id"),
    Index("ix_tracked_run_try_id", "try_id"),
    Index("ix_tracked_run_dag_id", "dag_id", "run_id", "task_id"),
)

param = Table(
    "param",
    metadata,
    Column("run_id", ForeignKey("tracked_run.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("number", Double),  # the value, if it is written as a finite number
    Index("ix_param_key", "key", "value", "run_id"),
    Index("ix_param_number", "key", "number", "run_id"),
)

tag = Table(
    "tag",
    metadata,
    Column("run_id", ForeignKey("tracked_run.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Index("ix_tag_key", "key", "value", "run_id"),
)

metric = Table(
    "metric",
    metadata,
    Column("id", Big, primary_key=True),
    Column("run_id", ForeignKey("tracked_run.id", ondelete="CASCADE"), nullable=False),
    Column("key", Text, nullable=False),
    Column("count", Big, nullable=False),
    Column("nan_count", Big, nullable=False),
    Column("inf_count", Big, nullable=False),
    Column("first_value", MetricFloat),
    Column("last_value", MetricFloat),  # of the greatest step, and of those the latest (MLflow's)
    Column("last_step", Big, nullable=False),
    Column("last_at", Timestamp, nullable=False),
    Column("min_value", MetricFloat),  # of the finite values; NaN where there is none
    Column("max_value", MetricFloat),
    Column("min_step", Big),  # where it was reached first; NULL where no value is finite
    Column("max_step", Big),
    Column("mean_value", MetricFloat),  # of the finite values
    UniqueConstraint("run_id", "key"),
    Index("ix_metric_last_value", "key", "last_value", "run_id"),
    Index("ix_metric_min_value", "key", "min_value", "run_id"),
    Index("ix_metric_max_value", "key", "max_value", "run_id"),
)

metric_segment = Table(
    "metric_segment",
    metadata,
    Column("metric_id", ForeignKey("metric.id", ondelete="CASCADE"), primary_key=True),
    Column("ordinal", Integer, primary_key=True),  # 0, 1, … in the order of arrival
    Column("count", Integer, nullable=False),
    # Little-endian columns of `count` each: values (float64), steps (int64), times (int64 µs).
    # Floats are kept bit for bit, so NaN and the infinities survive.
    Column("data", LargeBinary, nullable=False),
)

artifact = Table(
    "artifact",
    metadata,
    Column("run_id", ForeignKey("tracked_run.id", ondelete="CASCADE"), primary_key=True),
    Column("path", Text, primary_key=True),  # relative, with slashes
    Column("size", Big, nullable=False),
    Column("digest", Text, nullable=False),  # SHA-256 of the content, which is kept under it
    Column("created_at", Timestamp, nullable=False),
    Index("ix_artifact_digest", "digest"),
)

dataset = Table(
    "dataset",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("source_type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("schema", Text),
    Column("profile", Text),
    UniqueConstraint("name", "digest"),
)

dataset_input = Table(
    "dataset_input",
    metadata,
    Column("run_id", ForeignKey("tracked_run.id", ondelete="CASCADE"), primary_key=True),
    Column("dataset_id", ForeignKey("dataset.id"), primary_key=True),
    Column("tags", Json, nullable=False),  # MLflow's: mlflow.data.context is "training" …
    Index("ix_dataset_input_dataset_id", "dataset_id"),
)

# A journal of a process that is no task of ours: a script, or one that a task has started.
recording = Table(
    "recording",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),  # of its file in .dagtop/recordings
    Column("try_id", ForeignKey("task_try.id", ondelete="SET NULL")),
    Column("journal_offset", Big, nullable=False),
    Column("opened_at", Timestamp, nullable=False),
    Column("closed_at", Timestamp),
)

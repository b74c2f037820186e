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
    Column("deleted_at", Timestamp),  # NULL: it is active; else archived (MLflow's "deleted")
    Column("environment_id", Integer),  # of ``environment``; NULL: not known
    Column("source_digest", Text),  # SHA-256 of its script, whose text is kept under it
    Index("ix_tracked_run_experiment_id", "experiment_id", "started_at", "id"),
    Index("ix_tracked_run_started_at", "started_at", "id"),
    Index("ix_tracked_run_parent_id", "parent_id"),
    Index("ix_tracked_run_try_id", "try_id"),
    Index("ix_tracked_run_dag_id", "dag_id", "run_id", "task_id"),
)

# Thousands of runs have the same packages, so they are kept once.
environment = Table(
    "environment",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),  # SHA-256 of the packages, sorted
    Column("python", Text, nullable=False),  # its version
    Column("packages", Json, nullable=False),  # versions by name
)

param = Table(
    "param",
    metadata,
    Column("run_id", ForeignKey("tracked_run.id", ondelete="CASCADE"), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("number", Double),  # the value, if it is written as a finite number
    Index("ix_param_key", "key", "value", "run_id"),
    Index("ix_param_number", "key", "number", "value", "run_id"),
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
    Index("ix_metric_mean_value", "key", "mean_value", "run_id"),
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

# Which run has read a file of a run: the other half of lineage is ``artifact`` itself.
artifact_use = Table(
    "artifact_use",
    metadata,
    Column("run_id", ForeignKey("tracked_run.id", ondelete="CASCADE"), primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("path", Text, primary_key=True),  # as it was called where it was read
    Column("producer_uuid", Text),  # of the run it was read from; NULL: only the content is known
    Column("used_at", Timestamp, nullable=False),
    Index("ix_artifact_use_digest", "digest"),
    Index("ix_artifact_use_producer_uuid", "producer_uuid"),
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

# What a run states of the values of a thing: counts of categories, or of bins of numbers.
distribution = Table(
    "distribution",
    metadata,
    Column("id", Big, primary_key=True),
    Column("run_id", ForeignKey("tracked_run.id", ondelete="CASCADE"), nullable=False),
    Column("key", Text, nullable=False),
    Column("step", Big, nullable=False),
    Column("stated_at", Timestamp, nullable=False),
    Column("kind", Text, nullable=False),  # categories, numbers
    Column("count", Big, nullable=False),  # values, nulls among them
    Column("null_count", Big, nullable=False),
    Column("content", Json, nullable=False),  # see store.distributions
    UniqueConstraint("run_id", "key", "step"),
    Index("ix_distribution_key", "key", "stated_at"),
)

# A model that a run has logged (MLflow 3's LoggedModel).
logged_model = Table(
    "logged_model",
    metadata,
    Column("id", Text, primary_key=True),  # "m-" and 32 hexadecimal digits, as MLflow's
    Column("experiment_id", ForeignKey("experiment.id"), nullable=False),
    Column("run_id", ForeignKey("tracked_run.id", ondelete="SET NULL")),
    Column("name", Text, nullable=False),
    Column("model_type", Text),
    Column("status", Text, nullable=False),  # PENDING, READY, FAILED (MLflow's LOGGED_MODEL_…)
    Column("artifact_location", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("updated_at", Timestamp, nullable=False),
    Column("deleted_at", Timestamp),
    Column("params", Json, nullable=False),
    Column("tags", Json, nullable=False),
    Index("ix_logged_model_run_id", "run_id"),
    Index("ix_logged_model_experiment_id", "experiment_id", "created_at"),
)

registered_model = Table(
    "registered_model",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("description", Text, nullable=False, server_default=text("''")),
    Column("created_at", Timestamp, nullable=False),
    Column("updated_at", Timestamp, nullable=False),
    Column("tags", Json, nullable=False),
    Column("newest_version", Integer, nullable=False, server_default=text("0")),  # never reused
)

model_version = Table(
    "model_version",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("model_id", ForeignKey("registered_model.id", ondelete="CASCADE"), nullable=False),
    Column("version", Integer, nullable=False),
    Column("run_uuid", Text),  # of the run it was made by; it may outlive it
    Column("source", Text, nullable=False),  # a path among the run's artifacts, or a URI
    Column("logged_model_id", Text),
    Column("description", Text, nullable=False, server_default=text("''")),
    Column("user_id", Text, nullable=False, server_default=text("''")),
    Column("status", Text, nullable=False),  # READY, PENDING_REGISTRATION, FAILED_REGISTRATION
    Column("created_at", Timestamp, nullable=False),
    Column("updated_at", Timestamp, nullable=False),
    Column("tags", Json, nullable=False),
    UniqueConstraint("model_id", "version"),
    Index("ix_model_version_run_uuid", "run_uuid"),
)

model_alias = Table(
    "model_alias",
    metadata,
    Column("model_id", ForeignKey("registered_model.id", ondelete="CASCADE"), primary_key=True),
    Column("alias", Text, primary_key=True),  # champion, candidate, …
    Column("version", Integer, nullable=False),
    Column("set_at", Timestamp, nullable=False),
    Column("set_by", Text, nullable=False, server_default=text("''")),
)

# How a list is looked at: filter, columns, order, groups, under a name.
saved_view = Table(
    "saved_view",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),  # of the list: tracked_runs
    Column("name", Text, nullable=False),
    Column("content", Json, nullable=False),
    Column("changed_at", Timestamp, nullable=False),
    Column("changed_by", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("kind", "name"),
)

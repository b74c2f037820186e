"""The tables. SQLAlchemy Core: the ORM would double the start-up time and is not needed.

Times are UTC (``Timestamp``). Keys named ``…_id`` of type integer are row keys; ``dag_id``,
``run_id`` and ``task_id`` are the names that people know.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
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

from store.asset_models import (
    asset,
    asset_dag_run_queue,
    asset_event,
    dag_schedule_asset_reference,
    dagrun_asset_event,
    task_inlet_asset_reference,
    task_outlet_asset_reference,
)
from store.columns import Json, Text, Timestamp
from store.schema import Big, know_postgresql, metadata, partial
from store.tracking_models import (
    artifact,
    artifact_use,
    dataset,
    dataset_input,
    distribution,
    environment,
    experiment,
    experiment_tag,
    logged_model,
    metric,
    metric_segment,
    model_alias,
    model_version,
    param,
    recording,
    registered_model,
    saved_view,
    tag,
    tracked_run,
)

__all__ = [
    "ACTIVE_RUN",
    "LIVE_INSTANCE",
    "OPEN_CALLBACK",
    "OPEN_TRY",
    "PENDING_COMMAND",
    "Big",
    "artifact",
    "artifact_use",
    "asset",
    "asset_dag_run_queue",
    "asset_event",
    "backfill",
    "callback",
    "command",
    "connection",
    "dag",
    "dag_run",
    "dag_schedule_asset_reference",
    "dag_version",
    "dagrun_asset_event",
    "dataset",
    "dataset_input",
    "distribution",
    "environment",
    "event",
    "experiment",
    "experiment_tag",
    "know_postgresql",
    "logged_model",
    "metadata",
    "metric",
    "metric_segment",
    "model_alias",
    "model_version",
    "param",
    "partial",
    "pipeline_file",
    "pool",
    "recording",
    "registered_model",
    "resource_sample",
    "runner_lease",
    "saved_view",
    "source",
    "tag",
    "task_inlet_asset_reference",
    "task_instance",
    "task_outlet_asset_reference",
    "task_try",
    "tracked_run",
    "variable",
    "xcom",
]

ACTIVE_RUN = "state IN ('queued', 'running')"
"""Runs that have not ended. A query that says it in these words is answered from an index."""

LIVE_INSTANCE = (
    "state IN ('scheduled', 'queued', 'running', 'restarting', 'deferred', "
    "'up_for_retry', 'up_for_reschedule')"
)
"""Task instances that hold or wait for something. Put it into a query as it is: see above."""

OPEN_TRY = "state IN ('queued', 'running')"
OPEN_CALLBACK = "state IN ('pending', 'running')"
PENDING_COMMAND = "state = 'pending'"


source = Table(
    "source",
    metadata,
    Column("digest", Text, primary_key=True),  # SHA-256 of the text
    Column("text", Text, nullable=False),
)

pipeline_file = Table(
    "pipeline_file",
    metadata,
    Column("file", Text, primary_key=True),  # relative to the workspace
    Column("digest", Text),
    Column("modified_ns", Big, nullable=False),
    Column("size", Big, nullable=False),
    Column("parsed_at", Timestamp),
    Column("parse_seconds", Double),
    Column("dependencies", Json, nullable=False),  # [[path relative to the workspace, digest]]
    Column("variables", Json, nullable=False),  # names of Variables read while importing
    Column("fork_unsafe", Text),  # why each try needs a fresh interpreter, or NULL
    Column("error", Text),  # the import error in one sentence, or NULL
    Column("error_line", Integer),
    Column("traceback", Text),
    Column("warnings", Json),
)

dag = Table(
    "dag",
    metadata,
    Column("dag_id", Text, primary_key=True),
    Column("file", Text, nullable=False),
    Column("is_paused", Boolean, nullable=False),
    Column("is_active", Boolean, nullable=False),  # False: no file defines it any more
    Column("display_name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("owners", Json, nullable=False),
    Column("tags", Json, nullable=False),
    Column("schedule", Text, nullable=False),  # in force: the author's, or the override
    Column("schedule_words", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("max_active_runs", Integer, nullable=False),
    Column("version_id", ForeignKey("dag_version.id")),
    Column("next_logical_date", Timestamp),
    Column("next_interval_start", Timestamp),
    Column("next_interval_end", Timestamp),
    Column("next_run_after", Timestamp),  # when the next scheduled run is made; NULL: never
    Column("created_at", Timestamp, nullable=False),
    Column("schedule_error", Text),  # why no next run could be computed
    Column("schedule_override", Text),  # the schedule put in the place of the author's, or NULL
    Column("schedule_override_by", Text),
    Column("schedule_override_at", Timestamp),
    Column("schedule_run", Json),  # what the override gives its runs: conf, note, experiment
    Column("schedule_window", Json),  # of the override: start, end, catchup, as far as given
)

dag_version = Table(
    "dag_version",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dag_id", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("digest", Text, nullable=False),  # of structure and source together
    Column("structure", Text, nullable=False),  # store.structure.DagStructure as JSON
    Column("source_digest", ForeignKey("source.digest"), nullable=False),
    Column("created_at", Timestamp, nullable=False),
    UniqueConstraint("dag_id", "number"),
    sqlite_autoincrement=True,
)

dag_run = Table(
    "dag_run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dag_id", Text, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("run_type", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("logical_date", Timestamp),
    Column("data_interval_start", Timestamp),
    Column("data_interval_end", Timestamp),
    Column("run_after", Timestamp, nullable=False),
    Column("queued_at", Timestamp, nullable=False),
    Column("started_at", Timestamp),
    Column("ended_at", Timestamp),
    Column("conf", Json),
    Column("note", Text),
    Column("triggered_by", Text),  # who, or what
    Column("version_id", ForeignKey("dag_version.id"), nullable=False),
    Column("backfill_id", ForeignKey("backfill.id")),
    Column("clear_number", Integer, nullable=False, server_default=text("0")),
    Column("intended_state", Text),  # what an operator wants it to end as, while teardowns run
    Column("experiment", Text),  # of the tracked runs of its tries; NULL: the DAG's id
    UniqueConstraint("dag_id", "run_id"),
    UniqueConstraint("dag_id", "logical_date"),
    # Newest runs of a DAG, with all that the list of DAGs shows of them.
    Index("ix_dag_run_recent", "dag_id", "run_after", "id", "state", "started_at", "ended_at"),
    Index("ix_dag_run_run_after", "run_after", "id"),
    # Any choice of states and types is a handful of ranges of these, each in order.
    Index("ix_dag_run_state", "state", "run_type", "run_after", "id"),
    Index("ix_dag_run_dag_id_state", "dag_id", "state", "run_type", "run_after", "id"),
    Index("ix_dag_run_started_at", "started_at"),
    Index("ix_dag_run_version_id", "version_id"),
    partial(
        "ix_dag_run_backfill",
        "backfill_id IS NOT NULL",
        "backfill_id",
        "state",
        "run_after",
        "id",
    ),
    partial("ix_dag_run_active", ACTIVE_RUN, "state", "dag_id"),
    sqlite_autoincrement=True,  # the id names a folder: it must not come again
)

task_instance = Table(
    "task_instance",
    metadata,
    Column("id", Big, primary_key=True),
    Column("dag_run_id", ForeignKey("dag_run.id", ondelete="CASCADE"), nullable=False),
    Column("dag_id", Text, nullable=False),
    Column("task_id", Text, nullable=False),
    Column("map_index", Integer, nullable=False),  # -1: not mapped
    Column("state", Text),
    Column("try_number", Integer, nullable=False),  # of the newest try; 0 before the first
    Column("max_tries", Integer, nullable=False),  # retries, plus tries before a clear
    Column("pool", Text, nullable=False),
    Column("pool_slots", Integer, nullable=False),
    Column("scheduled_at", Timestamp),
    Column("queued_at", Timestamp),
    Column("started_at", Timestamp),
    Column("ended_at", Timestamp),
    Column("duration", Double),  # seconds, by a clock that can't be set
    Column("next_at", Timestamp),  # up_for_retry, up_for_reschedule: when it is looked at again
    Column("map_label", Text),  # rendered map_index_template
    # Of the dag_version; no foreign key: it would take an index as large as the table.
    Column("version_id", Integer),
    Column("note", Text),
    Column("priority_weight", Integer),  # set by hand; NULL: the one of the pipeline file
    UniqueConstraint("dag_run_id", "task_id", "map_index"),
    Index("ix_task_instance_dag_id_task_id", "dag_id", "task_id", "dag_run_id"),
    # Counts of states of a run, and of each task of a run, without a look at the rows.
    Index("ix_task_instance_states", "dag_run_id", "state", "task_id"),
    partial("ix_task_instance_live", LIVE_INSTANCE, "state", "pool", "pool_slots"),
    sqlite_autoincrement=True,
)

task_try = Table(
    "task_try",
    metadata,
    Column("id", Big, primary_key=True),
    Column("task_instance_id", ForeignKey("task_instance.id", ondelete="CASCADE"), nullable=False),
    Column("dag_run_id", Integer, nullable=False),
    Column("try_number", Integer, nullable=False),
    Column("state", Text, nullable=False),  # queued, running, or how it ended
    Column("version_id", Integer),
    Column("hostname", Text),
    Column("pid", Integer),
    Column("process_start", Text),  # tells a process from a later one with the same pid
    Column("queued_at", Timestamp, nullable=False),
    Column("started_at", Timestamp),
    Column("ended_at", Timestamp),
    Column("duration", Double),
    Column("exit_status", Integer),  # as of waitpid: exit code, or minus the signal
    Column("reason", Text),  # why it ended as it did, in one sentence
    Column("error_type", Text),
    Column("error_message", Text),
    Column("error_place", Text),  # file:line
    Column("traceback", Text),
    Column("rendered", Json),  # rendered template fields
    Column("intent", Text),  # what its task instance becomes when its process has been ended
    Column("journal_number", Integer, nullable=False),  # pokes so far in reschedule mode
    Column("journal_offset", Big, nullable=False),  # bytes of that journal in the store
    Column("cpu_seconds", Double),
    Column("peak_rss", Big),  # bytes, children included
    Column("read_bytes", Big),
    Column("write_bytes", Big),
    UniqueConstraint("task_instance_id", "try_number"),
    partial("ix_task_try_open", OPEN_TRY, "state"),
    Index("ix_task_try_dag_run_id", "dag_run_id"),
    sqlite_autoincrement=True,
)

resource_sample = Table(
    "resource_sample",
    metadata,
    Column("try_id", ForeignKey("task_try.id", ondelete="CASCADE"), primary_key=True),
    Column("at", Timestamp, primary_key=True),
    Column("cpu_percent", Double, nullable=False),  # 100: one core
    Column("rss", Big, nullable=False),  # bytes
    Column("read_bytes", Big, nullable=False),  # since the start of the try
    Column("write_bytes", Big, nullable=False),
    Column("processes", Integer, nullable=False),
    sqlite_with_rowid=False,  # the key is half of a row: kept once, not twice
)

xcom = Table(
    "xcom",
    metadata,
    Column("dag_run_id", ForeignKey("dag_run.id", ondelete="CASCADE"), primary_key=True),
    Column("task_id", Text, primary_key=True),
    Column("map_index", Integer, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),  # JSON, see runner.authoring.serialization
    Column("length", Integer),  # of a list or dict, for mapping over it; else NULL
    Column("created_at", Timestamp, nullable=False),
)

command = Table(
    "command",
    metadata,
    Column("id", Big, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("payload", Json, nullable=False),
    Column("actor", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("state", Text, nullable=False),  # pending, done, refused
    Column("answer", Json),
    Column("done_at", Timestamp),
    partial("ix_command_pending", PENDING_COMMAND, "id"),
    Index("ix_command_done_at", "done_at"),
    sqlite_autoincrement=True,
)

event = Table(
    "event",
    metadata,
    Column("id", Big, primary_key=True),
    Column("at", Timestamp, nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("dag_id", Text),
    Column("dag_run_id", Integer),
    Column("run_id", Text),
    Column("task_id", Text),
    Column("map_index", Integer),
    Column("try_number", Integer),
    Column("message", Text, nullable=False),
    Column("details", Json),
    Index("ix_event_dag_id_id", "dag_id", "id"),
    Index("ix_event_dag_run_id_id", "dag_run_id", "id"),
    Index("ix_event_kind_id", "kind", "id"),
    Index("ix_event_at", "at"),
    sqlite_autoincrement=True,
)

backfill = Table(
    "backfill",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("dag_id", Text, nullable=False),
    Column("from_date", Timestamp, nullable=False),
    Column("to_date", Timestamp, nullable=False),
    Column("conf", Json),
    Column("reprocess", Text, nullable=False),  # none, failed, completed
    Column("max_active_runs", Integer, nullable=False),
    Column("run_backwards", Boolean, nullable=False),
    Column("actor", Text, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("next_date", Timestamp),  # logical date from which runs are yet to be made
    Column("ended_at", Timestamp),
    Column("paused_at", Timestamp),  # none of its queued runs starts
    Column("cancelled_at", Timestamp),
    Index("ix_backfill_dag_id", "dag_id", "id"),
    sqlite_autoincrement=True,
)

callback = Table(
    "callback",
    metadata,
    Column("id", Big, primary_key=True),
    Column("dag_run_id", ForeignKey("dag_run.id", ondelete="CASCADE"), nullable=False),
    Column("try_id", Big),  # of the task whose process was lost; NULL: a DAG's callback
    Column("kind", Text, nullable=False),  # on_success, on_failure, on_retry
    Column("reason", Text, nullable=False),
    Column("state", Text, nullable=False),  # pending, running, done, failed
    Column("created_at", Timestamp, nullable=False),
    Column("message", Text),
    Index("ix_callback_dag_run_id", "dag_run_id"),
    partial("ix_callback_open", OPEN_CALLBACK, "id"),
    sqlite_autoincrement=True,
)

pool = Table(
    "pool",
    metadata,
    Column("name", Text, primary_key=True),
    Column("slots", Integer, nullable=False),  # -1: no limit
    Column("description", Text, nullable=False),
    Column("include_deferred", Boolean, nullable=False),
)

variable = Table(
    "variable",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("description", Text, nullable=False),
)

connection = Table(
    "connection",
    metadata,
    Column("conn_id", Text, primary_key=True),
    Column("conn_type", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("host", Text),
    Column("schema", Text),
    Column("login", Text),
    Column("password", Text),
    Column("port", Integer),
    Column("extra", Text),
)

runner_lease = Table(
    "runner_lease",
    metadata,
    Column("id", Integer, primary_key=True),  # always 1
    Column("hostname", Text, nullable=False),
    Column("pid", Integer, nullable=False),
    Column("process_start", Text, nullable=False),
    Column("workspace", Text),  # its folder
    Column("version", Text, nullable=False),
    Column("started_at", Timestamp, nullable=False),
    Column("beat_at", Timestamp, nullable=False),  # at most 10 s old while it is alive
    Column("stopped_at", Timestamp),
    Column("upkeep_at", Timestamp),  # when old things were last tidied away
)

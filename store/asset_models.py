"""The tables of assets; import them from ``store.models``. Their names are Airflow's."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, UniqueConstraint

from store.columns import Json, Text, Timestamp
from store.schema import Big, metadata

asset = Table(
    "asset",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("uri", Text, nullable=False),
    Column("group", Text, nullable=False),
    Column("extra", Json, nullable=False),
    Column("created_at", Timestamp, nullable=False),
    Column("event_count", Big, nullable=False),  # of all times; pruned ones count
    Column("last_event_id", Big),  # of asset_event; no foreign key: each refers to the other
    UniqueConstraint("name", "uri"),
    Index("ix_asset_uri", "uri"),
)

asset_event = Table(
    "asset_event",
    metadata,
    Column("id", Big, primary_key=True),
    Column("asset_id", ForeignKey("asset.id", ondelete="CASCADE"), nullable=False),
    Column("timestamp", Timestamp, nullable=False),
    Column("extra", Json, nullable=False),
    Column("source_dag_id", Text),  # NULL: recorded by hand
    Column("source_run_id", Text),
    Column("source_task_id", Text),
    Column("source_map_index", Integer),
    Column("actor", Text),  # who recorded it by hand
    Index("ix_asset_event_asset_id_timestamp", "asset_id", "timestamp", "id"),
    Index("ix_asset_event_timestamp", "timestamp"),
    sqlite_autoincrement=True,
)

dag_schedule_asset_reference = Table(
    "dag_schedule_asset_reference",
    metadata,
    Column("asset_id", ForeignKey("asset.id", ondelete="CASCADE"), primary_key=True),
    Column("dag_id", ForeignKey("dag.dag_id", ondelete="CASCADE"), primary_key=True),
    Column("created_at", Timestamp, nullable=False),
    Index("ix_dag_schedule_asset_reference_dag_id", "dag_id"),
)

task_outlet_asset_reference = Table(
    "task_outlet_asset_reference",
    metadata,
    Column("asset_id", ForeignKey("asset.id", ondelete="CASCADE"), primary_key=True),
    Column("dag_id", ForeignKey("dag.dag_id", ondelete="CASCADE"), primary_key=True),
    Column("task_id", Text, primary_key=True),
    Column("created_at", Timestamp, nullable=False),
    Index("ix_task_outlet_asset_reference_dag_id", "dag_id"),
)

task_inlet_asset_reference = Table(
    "task_inlet_asset_reference",
    metadata,
    Column("asset_id", ForeignKey("asset.id", ondelete="CASCADE"), primary_key=True),
    Column("dag_id", ForeignKey("dag.dag_id", ondelete="CASCADE"), primary_key=True),
    Column("task_id", Text, primary_key=True),
    Column("created_at", Timestamp, nullable=False),
    Index("ix_task_inlet_asset_reference_dag_id", "dag_id"),
)

asset_dag_run_queue = Table(
    "asset_dag_run_queue",
    metadata,
    Column("asset_id", ForeignKey("asset.id", ondelete="CASCADE"), primary_key=True),
    Column("target_dag_id", ForeignKey("dag.dag_id", ondelete="CASCADE"), primary_key=True),
    Column("created_at", Timestamp, nullable=False),  # of the first event since the last run
    Index("ix_asset_dag_run_queue_target_dag_id", "target_dag_id"),
)

dagrun_asset_event = Table(
    "dagrun_asset_event",
    metadata,
    Column("dag_run_id", ForeignKey("dag_run.id", ondelete="CASCADE"), primary_key=True),
    Column("event_id", ForeignKey("asset_event.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_dagrun_asset_event_event_id", "event_id"),
)

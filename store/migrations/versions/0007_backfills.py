"""A backfill may be paused and cancelled; those of a DAG are listed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("backfill", sa.Column("paused_at", sa.BigInteger(), nullable=True))
    op.add_column("backfill", sa.Column("cancelled_at", sa.BigInteger(), nullable=True))
    op.create_index("ix_backfill_dag_id", "backfill", ["dag_id", "id"], unique=False)

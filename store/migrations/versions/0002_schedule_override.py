"""A DAG's schedule may be overridden: by which, by whom, since when."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dag", sa.Column("schedule_override", sa.Text(), nullable=True))
    op.add_column("dag", sa.Column("schedule_override_by", sa.Text(), nullable=True))
    op.add_column("dag", sa.Column("schedule_override_at", sa.BigInteger(), nullable=True))

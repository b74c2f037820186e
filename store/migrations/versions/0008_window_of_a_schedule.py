"""A schedule set by hand may have a first and a last date, and catch up or not."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dag", sa.Column("schedule_window", sa.Text(), nullable=True))

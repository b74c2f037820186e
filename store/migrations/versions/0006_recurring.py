"""What a schedule set by hand gives its runs: params, a note, an experiment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dag", sa.Column("schedule_run", sa.Text(), nullable=True))

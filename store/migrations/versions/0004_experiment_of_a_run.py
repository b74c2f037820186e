"""What the tries of a DAG run track may belong to an experiment that the run was given."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("dag_run", sa.Column("experiment", sa.Text(), nullable=True))

"""Tracking: nested runs, artifacts, datasets, recordings; runs outlive the tries that made them."""
# ruff: noqa: E501

from __future__ import annotations

import math
import sys
from array import array

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dataset",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("source_type", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("schema", sa.Text(), nullable=True),
        sa.Column("profile", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dataset")),
        sa.UniqueConstraint("name", "digest", name=op.f("uq_dataset_name_digest")),
    )
    op.create_table(
        "experiment_tag",
        sa.Column("experiment_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["experiment_id"],
            ["experiment.id"],
            name=op.f("fk_experiment_tag_experiment_id_experiment"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("experiment_id", "key", name=op.f("pk_experiment_tag")),
    )
    op.create_table(
        "recording",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("try_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column(
            "journal_offset", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["try_id"],
            ["task_try.id"],
            name=op.f("fk_recording_try_id_task_try"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recording")),
        sa.UniqueConstraint("name", name=op.f("uq_recording_name")),
    )
    op.create_table(
        "artifact",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["tracked_run.id"],
            name=op.f("fk_artifact_run_id_tracked_run"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", "path", name=op.f("pk_artifact")),
    )
    with op.batch_alter_table("artifact", schema=None) as batch_op:
        batch_op.create_index("ix_artifact_digest", ["digest"], unique=False)

    op.create_table(
        "dataset_input",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("dataset_id", sa.Integer(), nullable=False),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["dataset_id"], ["dataset.id"], name=op.f("fk_dataset_input_dataset_id_dataset")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["tracked_run.id"],
            name=op.f("fk_dataset_input_run_id_tracked_run"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("run_id", "dataset_id", name=op.f("pk_dataset_input")),
    )
    with op.batch_alter_table("dataset_input", schema=None) as batch_op:
        batch_op.create_index("ix_dataset_input_dataset_id", ["dataset_id"], unique=False)

    with op.batch_alter_table("experiment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("deleted_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("artifact_location", sa.Text(), nullable=True))

    with op.batch_alter_table("metric", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "min_step", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.add_column(
            sa.Column(
                "max_step", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True
            )
        )
        batch_op.add_column(sa.Column("mean_value", sa.Double(), nullable=True))
        batch_op.create_index("ix_metric_last_value", ["key", "last_value", "run_id"], unique=False)
        batch_op.create_index("ix_metric_max_value", ["key", "max_value", "run_id"], unique=False)
        batch_op.create_index("ix_metric_min_value", ["key", "min_value", "run_id"], unique=False)

    with op.batch_alter_table("param", schema=None) as batch_op:
        batch_op.add_column(sa.Column("number", sa.Double(), nullable=True))
        batch_op.create_index("ix_param_key", ["key", "value", "run_id"], unique=False)
        batch_op.create_index("ix_param_number", ["key", "number", "run_id"], unique=False)

    with op.batch_alter_table("tag", schema=None) as batch_op:
        batch_op.create_index("ix_tag_key", ["key", "value", "run_id"], unique=False)

    with op.batch_alter_table("tracked_run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("parent_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("dag_id", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("run_id", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("task_id", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("map_index", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("try_number", sa.Integer(), nullable=True))
        batch_op.add_column(
            sa.Column("user_id", sa.Text(), server_default=sa.text("''"), nullable=False)
        )
        batch_op.add_column(sa.Column("deleted_at", sa.BigInteger(), nullable=True))
        batch_op.drop_constraint(batch_op.f("uq_tracked_run_try_id"), type_="unique")
        batch_op.create_index(
            "ix_tracked_run_dag_id", ["dag_id", "run_id", "task_id"], unique=False
        )
        batch_op.create_index(
            "ix_tracked_run_experiment_id", ["experiment_id", "started_at", "id"], unique=False
        )
        batch_op.create_index("ix_tracked_run_parent_id", ["parent_id"], unique=False)
        batch_op.create_index("ix_tracked_run_started_at", ["started_at", "id"], unique=False)
        batch_op.create_index("ix_tracked_run_try_id", ["try_id"], unique=False)
        batch_op.drop_constraint(batch_op.f("fk_tracked_run_try_id_task_try"), type_="foreignkey")
        batch_op.create_foreign_key(
            batch_op.f("fk_tracked_run_parent_id_tracked_run"),
            "tracked_run",
            ["parent_id"],
            ["id"],
            ondelete="SET NULL",
        )
        batch_op.create_foreign_key(
            batch_op.f("fk_tracked_run_try_id_task_try"),
            "task_try",
            ["try_id"],
            ["id"],
            ondelete="SET NULL",
        )

    _fill()


def _fill() -> None:
    """What the new columns say of the rows there are."""
    connection = op.get_bind()
    columns = ("dag_id", "run_id", "task_id", "map_index", "try_number")
    of_run, of_try = ("dag_id", "run_id"), ("try_number",)
    for column in columns:
        table = "r" if column in of_run else "t" if column in of_try else "i"
        connection.execute(
            sa.text(
                f"UPDATE tracked_run SET {column} = (SELECT {table}.{column} FROM task_try t "
                "JOIN task_instance i ON i.id = t.task_instance_id "
                "JOIN dag_run r ON r.id = i.dag_run_id WHERE t.id = tracked_run.try_id)"
            )
        )
    params = sa.table("param", *(sa.column(name) for name in ("run_id", "key", "value", "number")))
    found = connection.execute(sa.select(params.c.run_id, params.c.key, params.c.value)).all()
    numbers = [
        {"of_run": run, "of_key": key, "as_number": number}
        for run, key, value in found
        if (number := _number(value)) is not None
    ]
    if numbers:
        connection.execute(
            sa.update(params)
            .where(
                params.c.run_id == sa.bindparam("of_run"), params.c.key == sa.bindparam("of_key")
            )
            .values(number=sa.bindparam("as_number")),
            numbers,
        )
    for metric in connection.execute(sa.text("SELECT id FROM metric")).scalars().all():
        _fill_metric(connection, metric)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _fill_metric(connection: sa.Connection, metric: int) -> None:
    values, steps = array("d"), array("q")
    segments = sa.text(
        "SELECT count, data FROM metric_segment WHERE metric_id = :id ORDER BY ordinal"
    )
    for count, data in connection.execute(segments, {"id": metric}):
        for place, column in enumerate((values, steps)):
            part = array(column.typecode)
            part.frombytes(bytes(data)[place * 8 * count : (place + 1) * 8 * count])
            if sys.byteorder == "big":
                part.byteswap()
            column.extend(part)
    finite = [value for value in values if math.isfinite(value)]
    if finite:
        connection.execute(
            sa.text(
                "UPDATE metric SET min_step = :low, max_step = :high, mean_value = :mean WHERE id = :id"
            ),
            {
                "id": metric,
                "low": steps[values.index(min(finite))],
                "high": steps[values.index(max(finite))],
                "mean": math.fsum(value / len(finite) for value in finite),
            },
        )

"""Which runs have made a file, which have read it: the lineage of artifacts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from store.models import artifact, artifact_use, tracked_run


@dataclass(frozen=True, slots=True)
class Produced:
    """A file that a run has logged, read by another run."""

    path: str
    digest: str
    run_uuid: str
    """Of the run that has read it."""
    run_name: str
    dag_id: str | None
    task_id: str | None
    used_at: datetime


@dataclass(frozen=True, slots=True)
class Consumed:
    """A file that a run has read."""

    path: str
    digest: str
    producer_uuid: str | None
    """Of the run that it was read from."""
    producer_name: str | None
    """None: that run is gone."""
    dag_id: str | None
    task_id: str | None
    used_at: datetime


def consumed_by(connection: Connection, run_id: int) -> list[Consumed]:
    """What a run has read of others, by path."""
    use = artifact_use.c
    query = (
        select(
            use.path,
            use.digest,
            use.producer_uuid,
            tracked_run.c.name,
            tracked_run.c.dag_id,
            tracked_run.c.task_id,
            use.used_at,
        )
        .outerjoin(tracked_run, tracked_run.c.uuid == use.producer_uuid)
        .where(use.run_id == run_id)
        .order_by(use.path, use.used_at)
    )
    return [Consumed(*row) for row in connection.execute(query)]


def readers_of(connection: Connection, run_id: int) -> list[Produced]:
    """Who has read what a run has logged, by path: from it, or the same content from elsewhere."""
    use = artifact_use.c
    uuid = select(tracked_run.c.uuid).where(tracked_run.c.id == run_id).scalar_subquery()
    digests = select(artifact.c.digest).where(artifact.c.run_id == run_id)
    reader = tracked_run.alias("reader")
    query = (
        select(
            use.path,
            use.digest,
            reader.c.uuid,
            reader.c.name,
            reader.c.dag_id,
            reader.c.task_id,
            use.used_at,
        )
        .join(reader, reader.c.id == use.run_id)
        .where((use.producer_uuid == uuid) | use.digest.in_(digests))
        .order_by(use.path, use.used_at)
    )
    return [Produced(*row) for row in connection.execute(query)]

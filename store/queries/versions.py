"""Versions of a DAG: structure and source together, and how they follow each other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from store.models import dag_version, source
from store.structure import DagStructure, decode_structure


@dataclass(frozen=True, slots=True)
class VersionText:
    """A version whole: what the pipeline was, and the file that it was made from."""

    id: int
    number: int
    digest: str
    created_at: datetime
    structure: DagStructure
    text: str


def get_version(connection: Connection, dag_id: str, number: int) -> VersionText | None:
    """The version of a DAG of that number; None if there is none."""
    columns = dag_version.c
    row = connection.execute(
        select(
            columns.id,
            columns.number,
            columns.digest,
            columns.created_at,
            columns.structure,
            source.c.text,
        )
        .join_from(dag_version, source, source.c.digest == columns.source_digest)
        .where(columns.dag_id == dag_id, columns.number == number)
    ).first()
    if row is None:
        return None
    return VersionText(
        row.id,
        row.number,
        row.digest,
        row.created_at,
        decode_structure(row.structure),
        row.text,
    )


def version_numbers(connection: Connection, dag_id: str, *, limit: int = 1000) -> tuple[int, ...]:
    """The numbers of the versions of a DAG, newest first."""
    columns = dag_version.c
    query = (
        select(columns.number)
        .where(columns.dag_id == dag_id)
        .order_by(columns.number.desc())
        .limit(limit)
    )
    return tuple(connection.execute(query).scalars())

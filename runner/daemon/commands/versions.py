"""Which version of a DAG its cleared runs go on with: always the newest, as Airflow's without
versioned bundles. Where that isn't the one a run has, what is different is said."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Row, select

from runner.daemon.memory import Pipeline
from runner.daemon.turn import Turn
from store import models
from store.structure import decode_structure, task_changes

MOST_COMPARED = 10
"""Former versions, the newest, that are compared with the one in force."""


def other_versions(
    turn: Turn, pipeline: Pipeline, runs: Iterable[Row[Any]]
) -> list[dict[str, Any]]:
    """The versions of these runs that aren't the one they would go on with, newest first, and
    the tasks that differ."""
    former = {row.version_id for row in runs} - {pipeline.version_id}
    if not former:
        return []
    table = models.dag_version
    rows = turn.connection.execute(
        select(table.c.number, table.c.structure)
        .where(table.c.id.in_(former))
        .order_by(table.c.number.desc())
        .limit(MOST_COMPARED)
    )
    found: list[dict[str, Any]] = []
    for number, structure in rows:
        changes = task_changes(decode_structure(structure), pipeline.own_structure)
        versions = {"dag_id": pipeline.dag_id, "from": number, "to": pipeline.version_number}
        found.append({**versions, **changes})
    return found

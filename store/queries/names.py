"""Runs and tasks of any DAG by a part of their names."""

from __future__ import annotations

from sqlalchemy import Connection, select

from store.models import dag, dag_run, dag_version
from store.structure import decode_structure


def runs_called(connection: Connection, part: str, limit: int) -> list[tuple[str, str]]:
    """(DAG id, run id) of the newest runs whose ids hold ``part``, in any case."""
    query = (
        select(dag_run.c.dag_id, dag_run.c.run_id)
        .where(dag_run.c.run_id.icontains(part, autoescape=True))
        .order_by(dag_run.c.run_after.desc(), dag_run.c.id.desc())
        .limit(limit)
    )
    return [(row.dag_id, row.run_id) for row in connection.execute(query)]


def tasks_called(connection: Connection, part: str, limit: int) -> list[tuple[str, str, str]]:
    """(DAG id, id of its newest run, task id) of tasks whose ids hold ``part``, in any case; of
    DAGs that have run, by id."""
    newest = (
        select(dag_run.c.run_id)
        .where(dag_run.c.dag_id == dag.c.dag_id)
        .order_by(dag_run.c.run_after.desc(), dag_run.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(dag.c.dag_id, newest.label("run_id"), dag_version.c.structure)
        .join(dag_version, dag_version.c.id == dag.c.version_id)
        .where(dag.c.is_active, dag_version.c.structure.icontains(part, autoescape=True))
        .order_by(dag.c.dag_id)
    )
    found: list[tuple[str, str, str]] = []
    for row in connection.execute(query):
        structure = decode_structure(row.structure)
        names = [one.task_id for one in structure.tasks if part.lower() in one.task_id.lower()]
        found.extend((row.dag_id, row.run_id, name) for name in names if row.run_id is not None)
        if len(found) >= limit:
            break
    return found[:limit]

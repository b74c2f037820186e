"""Versions of a DAG: whole, and how they follow each other."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from store.engine import Store
from store.models import dag_version, source
from store.queries.versions import get_version, version_numbers
from store.structure import DagStructure, TaskStructure, encode_structure
from tests.support.history import START, fill


def add_version(store: Store, number: int) -> None:
    structure = DagStructure("dag_0000", "dags/a.py", tasks=[TaskStructure("new", "@task")])
    with store.write() as connection:
        connection.execute(insert(source), {"digest": f"s{number}", "text": f"# {number}\n"})
        connection.execute(
            insert(dag_version),
            {
                "dag_id": "dag_0000",
                "number": number,
                "digest": f"d{number}",
                "structure": encode_structure(structure).decode(),
                "source_digest": f"s{number}",
                "created_at": START,
            },
        )


@pytest.mark.postgres
def test_a_version_has_its_structure_and_its_source(any_store: Store) -> None:
    fill(any_store, dags=2, runs=1, tasks=2)
    add_version(any_store, 2)
    add_version(any_store, 3)
    with any_store.read() as connection:
        assert version_numbers(connection, "dag_0000") == (3, 2, 1)
        assert version_numbers(connection, "dag_0000", limit=2) == (3, 2)
        second = get_version(connection, "dag_0000", 2)
        assert second is not None
        assert (second.number, second.digest, second.text) == (2, "d2", "# 2\n")
        assert [task.task_id for task in second.structure.tasks] == ["new"]
        key = select(dag_version.c.id).where(dag_version.c.digest == "d2")
        assert second.id == connection.execute(key).scalar_one()
        first = get_version(connection, "dag_0000", 1)
        assert first is not None
        assert first.structure.dag_id == "dag_0000"


def test_versions_that_are_not_there(store: Store) -> None:
    with store.read() as connection:
        assert get_version(connection, "nope", 1) is None
        assert version_numbers(connection, "nope") == ()

"""Lists of Variables and Connections without megabytes, and who holds a pool's slots."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert, update

from store import edits, models
from store.engine import Store
from store.queries import admin
from store.queries.connections import ConnectionDetails
from store.states import TaskInstanceState
from tests.store.queries.test_cost import Query, plans, reads_all, steps
from tests.support.history import fill

QUERIES: dict[str, Query] = {
    "variables": admin.variable_heads,
    "connections": admin.connection_heads,
    "slots": lambda c: admin.slot_rows(c, "default_pool", limit=5),
    "count of slots": lambda c: admin.count_slot_rows(c, "default_pool"),
}


@pytest.mark.parametrize("name", QUERIES)
def test_it_is_answered_from_an_index_and_does_not_grow(
    little: Store, much: Store, name: str
) -> None:
    assert [line for line in plans(little, QUERIES[name]) if reads_all(line)] == []
    few, many = steps(little, QUERIES[name]), steps(much, QUERIES[name])
    assert many <= few * 1.2 + 20


def test_a_list_of_variables_has_heads_masks_and_readers(any_store: Store) -> None:
    with any_store.write() as connection:
        edits.set_variable(connection, "big", "x" * 1_000_000, "me", description="d" * 5000)
        edits.set_variable(connection, "api_key", "hunter2", "me")
        for file, names in (("b.py", ["big", "gone"]), ("a.py", ["big"]), ("c.py", [])):
            row: dict[str, Any] = {"file": file, "modified_ns": 0, "size": 0, "dependencies": []}
            connection.execute(insert(models.pipeline_file), {**row, "variables": names})
    with any_store.read() as connection:
        secret, big = admin.variable_heads(connection)
        assert (secret.key, secret.head, secret.masked, secret.size) == ("api_key", "***", True, 7)
        assert (big.head, big.size, big.masked) == ("x" * admin.HEAD, 1_000_000, False)
        assert len(big.description) == admin.HEAD
        assert big.files == ("a.py", "b.py")
        assert admin.variable_head(connection, "api_key") == ("hunter2", 7)
        assert admin.variable_head(connection, "none") is None
        assert admin.variable_size(connection, "big") == 1_000_000
        assert admin.variable_size(connection, "none") is None
        assert admin.variable_description(connection, "none") == ""


def test_a_list_of_connections_has_no_secrets_and_no_large_extras(any_store: Store) -> None:
    with any_store.write() as connection:
        for details in (
            ConnectionDetails("a", "http", host="h", password="hunter2", extra='{"b": 1, "a": 2}'),
            ConnectionDetails("b", "http", extra='{"k": "' + "x" * 100_000 + '"}', port=5),
            ConnectionDetails("c", "http", extra="[1]"),
        ):
            edits.set_connection(connection, details, "me")
    with any_store.read() as connection:
        first, second, third = admin.connection_heads(connection)
    assert "hunter2" not in repr(first)
    assert (first.has_password, first.extra_keys, first.host) == (True, ("a", "b"), "h")
    assert (second.has_password, second.extra_keys, second.port) == (False, (), 5)
    assert second.extra_size > 100_000
    assert (third.extra_keys, third.schema, third.login) == ((), "", "")


def test_those_that_hold_slots_come_before_those_that_wait(any_store: Store) -> None:
    fill(any_store, dags=1, runs=3, tasks=3, live=False)
    states = ["scheduled", "up_for_retry", "deferred", "queued", "running"]
    table = models.task_instance
    with any_store.write() as connection:
        for number, state in enumerate(states, 1):
            connection.execute(
                update(table).where(table.c.id == number).values(state=state, pool="gpu")
            )
    with any_store.read() as connection:
        rows = admin.slot_rows(connection, "gpu")
        found = [row.state for row in rows]
        assert found == [
            TaskInstanceState.RUNNING,
            TaskInstanceState.QUEUED,
            TaskInstanceState.DEFERRED,
            TaskInstanceState.SCHEDULED,
        ]
        assert rows[0].run_id.startswith("scheduled__")
        assert len(admin.slot_rows(connection, "gpu", limit=2)) == 2
        assert admin.count_slot_rows(connection, "gpu") == 4
        assert admin.slot_rows(connection, "none") == []

"""What people change by a row of their own, and the audit trail of it."""

from __future__ import annotations

import pytest
from sqlalchemy import event

from store import edits, events
from store.engine import Store
from store.errors import InvalidValue, NotFound
from store.queries.connections import ConnectionDetails, get_connection, list_connections
from store.queries.pools import get_pool, list_pools
from store.queries.variables import get_variable, list_variables
from tests.support.history import fill


def trail(store: Store) -> list[tuple[str, str, str | None]]:
    with store.read() as connection:
        return [
            (one.kind, one.actor, one.dag_id) for one in reversed(events.list_events(connection))
        ]


def everything_said(store: Store) -> str:
    with store.read() as connection:
        return "\n".join(f"{one.message} {one.details}" for one in events.list_events(connection))


def test_pausing_says_which_dags_were_not_paused_before(any_store: Store) -> None:
    fill(any_store, dags=3, runs=0, events=False)
    with any_store.write() as connection:
        assert edits.set_paused(connection, ["dag_0000", "dag_0001"], True, "anna") == [
            "dag_0000",
            "dag_0001",
        ]
        assert edits.set_paused(connection, ["dag_0001", "dag_0002"], True, "anna") == ["dag_0002"]
        assert edits.set_paused(connection, ["dag_0001"] * 2, False, "ben") == ["dag_0001"]
    assert trail(any_store) == [
        ("dag_paused", "anna", "dag_0000"),
        ("dag_paused", "anna", "dag_0001"),
        ("dag_paused", "anna", "dag_0002"),
        ("dag_unpaused", "ben", "dag_0001"),
    ]


def test_pausing_an_unknown_dag_changes_nothing(store: Store) -> None:
    fill(store, dags=2, runs=0, events=False)
    with store.write() as connection, pytest.raises(NotFound, match="did you mean dag_000"):
        edits.set_paused(connection, ["dag_0001", "dag_00O0"], True, "anna")
    assert trail(store) == []


def test_there_is_a_default_pool_which_can_not_be_deleted(any_store: Store) -> None:
    with any_store.read() as connection:
        assert [(pool.name, pool.slots) for pool in list_pools(connection)] == [
            ("default_pool", 128)
        ]
    with any_store.write() as connection, pytest.raises(InvalidValue, match="fewer slots"):
        edits.delete_pool(connection, "default_pool", "anna")


def test_a_pool_is_made_changed_and_deleted(any_store: Store) -> None:
    with any_store.write() as connection:
        edits.set_pool(connection, "gpu", 2, "anna", description="two cards", include_deferred=True)
        edits.set_pool(connection, "gpu", 4, "anna")
        pool = get_pool(connection, "gpu")
        assert pool is not None
        assert (pool.slots, pool.description, pool.include_deferred) == (4, "two cards", True)
        edits.delete_pool(connection, "gpu", "anna")
        assert get_pool(connection, "gpu") is None
        with pytest.raises(NotFound, match="no pool default_poll: did you mean default_pool"):
            edits.delete_pool(connection, "default_poll", "anna")
        with pytest.raises(InvalidValue, match="-1 for no limit"):
            edits.set_pool(connection, "gpu", -2, "anna")
        with pytest.raises(InvalidValue, match="needs a name"):
            edits.set_pool(connection, " ", 1, "anna")
    assert [kind for kind, _, _ in trail(any_store)] == ["pool_set", "pool_set", "pool_deleted"]


def test_a_variable_is_made_changed_and_deleted(any_store: Store) -> None:
    with any_store.write() as connection:
        edits.set_variable(connection, "model", "ridge", "anna", description="which one")
        edits.set_variable(connection, "model", "lasso", "anna")
        assert get_variable(connection, "model") == "lasso"
        assert list_variables(connection)[0].description == "which one"
        edits.delete_variable(connection, "model", "anna")
        assert get_variable(connection, "model") is None
        with pytest.raises(NotFound, match="no variable model"):
            edits.delete_variable(connection, "model", "anna")


def test_many_variables_are_set_in_few_statements(any_store: Store) -> None:
    many = {f"key{number}": ("new", None) for number in range(1200)}
    with any_store.write() as connection:
        edits.set_variable(connection, "key7", "old", "anna", description="stays")
        statements: list[str] = []
        event.listen(
            connection, "before_cursor_execute", lambda *given: statements.append(given[2])
        )
        edits.set_variables(connection, many, "anna")
        assert len(statements) < 12
        rows = {row.key: row for row in list_variables(connection)}
        assert {row.value for row in rows.values()} == {"new"}
        assert (rows["key7"].description, rows["key8"].description) == ("stays", "")
        said = [row.message for row in events.list_events(connection, limit=3000)]
        assert said.count("changed variable key7") == 1
        assert sum(words.startswith("made variable") for words in said) == 1200
        with pytest.raises(InvalidValue, match="needs a name"):
            edits.set_variables(connection, {"a": ("1", None), " ": ("2", None)}, "anna")
        edits.set_variables(connection, {}, "anna")


def test_values_of_secret_variables_are_masked_and_never_on_the_trail(store: Store) -> None:
    with store.write() as connection:
        edits.set_variable(connection, "API_TOKEN", "t0psecret", "anna")
        edits.set_variable(connection, "region", "eu", "anna")
        rows = {row.key: row for row in list_variables(connection)}
        assert rows["API_TOKEN"].value == "***"
        assert rows["API_TOKEN"].masked
        assert rows["region"].value == "eu"
        assert {row.value for row in list_variables(connection, reveal=True)} == {"t0psecret", "eu"}
    assert "t0psecret" not in everything_said(store)


def test_lists_of_connections_hold_no_secrets(any_store: Store) -> None:
    details = ConnectionDetails(
        "warehouse",
        "postgres",
        host="db",
        login="anna",
        password="pa55word",
        port=5432,
        extra='{"sslkey": "deadbeef"}',
    )
    with any_store.write() as connection:
        edits.set_connection(connection, details, "anna")
        row = list_connections(connection)[0]
        assert (row.has_password, row.extra_keys, row.port) == (True, ("sslkey",), 5432)
        assert get_connection(connection, "warehouse") == details
    assert "pa55word" not in repr(row)
    assert "deadbeef" not in repr(row)
    assert "pa55word" not in repr(details)
    said = everything_said(any_store)
    assert "pa55word" not in said
    assert "deadbeef" not in said


def test_a_connection_is_checked_changed_and_deleted(store: Store) -> None:
    with store.write() as connection:
        for wrong, said in (
            (ConnectionDetails("", "http"), "needs an id"),
            (ConnectionDetails("a", "http", port=70000), "port 70000"),
            (ConnectionDetails("a", "http", extra="{"), "not JSON"),
        ):
            with pytest.raises(InvalidValue, match=said):
                edits.set_connection(connection, wrong, "anna")
        edits.set_connection(connection, ConnectionDetails("a", "http", password="x"), "anna")
        edits.set_connection(connection, ConnectionDetails("a", "ftp"), "anna")
        row = list_connections(connection)[0]
        assert (row.conn_type, row.has_password, row.extra_keys) == ("ftp", False, ())
        edits.delete_connection(connection, "a", "anna")
        assert list_connections(connection) == []
        with pytest.raises(NotFound, match="no connection a"):
            edits.delete_connection(connection, "a", "anna")

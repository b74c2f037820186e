"""What the runner writes, many rows at a time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, select
from sqlalchemy import event as sqlalchemy_event

from store import records
from store.columns import Timestamp
from store.engine import Store
from store.models import dag_run, pipeline_file, source, task_instance, task_try, xcom
from tests.support.history import fill

NOW = datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)


def instance(run: int, task_id: str, **values: Any) -> dict[str, Any]:
    return {
        "dag_run_id": run,
        "dag_id": "dag_0000",
        "task_id": task_id,
        "map_index": -1,
        "state": None,
        "try_number": 0,
        "max_tries": 0,
        "pool": "default_pool",
        "pool_slots": 1,
        **values,
    }


def a_try(task_instance_id: int, number: int) -> dict[str, Any]:
    return {
        "task_instance_id": task_instance_id,
        "dag_run_id": 1,
        "try_number": number,
        "state": "queued",
        "queued_at": NOW,
        "journal_number": 0,
        "journal_offset": 0,
    }


def an_xcom(key: str, value: bytes, **values: Any) -> dict[str, Any]:
    row = {"dag_run_id": 1, "task_id": "t", "map_index": -1, "key": key, "value": value}
    return {**row, "length": None, "created_at": NOW, **values}


def all_rows(store: Store, table: Any) -> list[Any]:
    with store.read() as connection:
        return list(connection.execute(select(table).order_by(*table.primary_key.columns)))


def test_rows_with_different_columns_are_inserted_each_with_its_own(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=2)
    with any_store.write() as connection:
        first = records.next_id(connection, task_instance)
        assert first == 3
        records.insert_rows(
            connection,
            task_instance,
            [
                instance(1, "b", id=first),
                instance(1, "a", id=first + 1, note="by hand"),
                instance(1, "c", id=first + 2, state="scheduled"),
            ],
        )
        records.insert_rows(connection, task_try, [a_try(first, 1)])
        records.insert_rows(connection, task_instance, [])
    found = [
        (row.id, row.task_id, row.state, row.note) for row in all_rows(any_store, task_instance)
    ]
    assert found[2:] == [
        (first, "b", None, None),
        (first + 1, "a", None, "by hand"),
        (first + 2, "c", "scheduled", None),
    ]
    assert all_rows(any_store, task_try)[-1].task_instance_id == first


def test_rows_with_different_columns_are_updated_each_with_its_own(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=3, live=False)
    with any_store.write() as connection:
        records.update_rows(
            connection,
            task_instance,
            [
                {"id": 1, "state": "failed", "ended_at": NOW},
                {"id": 2, "note": "by hand"},
                {"id": 3, "state": None, "ended_at": None},
            ],
        )
        records.update_tries(connection, [{"id": 1, "rendered": {"x": [1, None]}, "peak_rss": 1}])
        records.update_rows(connection, dag_run, [{"id": 1, "state": "failed"}])
        records.update_rows(connection, task_instance, [])
    rows = all_rows(any_store, task_instance)
    assert [row.state for row in rows] == ["failed", "success", None]
    assert [row.note for row in rows] == [None, "by hand", None]
    assert (rows[0].ended_at, rows[2].ended_at) == (NOW, None)
    assert all_rows(any_store, task_try)[0].rendered == {"x": [1, None]}


def test_many_rows_are_one_statement(store: Store) -> None:
    fill(store, dags=1, runs=1, tasks=50, live=False)
    statements: list[bool] = []

    def count(*arguments: Any) -> None:
        statements.append(arguments[-1])

    sqlalchemy_event.listen(store.engine, "before_cursor_execute", count)
    with store.write() as connection:
        statements.clear()
        rows = [{"id": key, "state": "running", "started_at": NOW} for key in range(1, 51)]
        records.update_rows(connection, task_instance, rows)
        assert statements == [True]


def test_ids_of_deleted_rows_never_come_again(any_store: Store) -> None:
    fill(any_store, dags=1, runs=2, tasks=2)
    with any_store.write() as connection:
        before = records.next_id(connection, task_instance)
        records.insert_rows(connection, task_instance, [instance(2, "new", id=before)])
        records.keep_ids(connection, (task_instance,))
        connection.execute(delete(task_instance))
        assert records.next_id(connection, task_instance) == before + 1


def test_the_first_id_is_one(any_store: Store) -> None:
    with any_store.write() as connection:
        assert records.next_id(connection, dag_run) in {1, 2}


def test_an_xcom_is_written_over_an_older_one(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=1)
    with any_store.write() as connection:
        records.put_xcoms(connection, [an_xcom("a", b"[1]", length=1), an_xcom("b", b"2")])
        records.put_xcoms(connection, [an_xcom("a", b"3"), an_xcom("a", b"4", map_index=0)])
        records.put_xcoms(connection, [])
    found = {(row.map_index, row.key): (row.value, row.length) for row in all_rows(any_store, xcom)}
    assert found == {(-1, "a"): (b"3", None), (-1, "b"): (b"2", None), (0, "a"): (b"4", None)}
    with any_store.write() as connection:
        records.clear_xcoms(connection, [(1, "t", -1)])
        records.clear_xcoms(connection, [])
    assert [(row.map_index, row.key) for row in all_rows(any_store, xcom)] == [(0, "a")]


def test_what_parsing_found_is_put_over_what_was_known(any_store: Store) -> None:
    file = {"file": "dags/a.py", "modified_ns": 2**60, "size": 1, "dependencies": [["x", "y"]]}
    with any_store.write() as connection:
        records.put_source(connection, "digest", "text")
        records.put_source(connection, "digest", "text")
        records.put_files(connection, [{**file, "variables": []}])
        records.put_files(connection, [{**file, "variables": [], "error": "no"}])
    assert len(all_rows(any_store, source)) == 1
    assert all_rows(any_store, pipeline_file)[0].error == "no"
    assert all_rows(any_store, pipeline_file)[0].modified_ns == 2**60


@pytest.fixture(scope="module")
def times() -> Timestamp:
    return Timestamp()


@given(
    value=st.datetimes(
        min_value=datetime(1900, 1, 1),  # noqa: DTZ001
        max_value=datetime(2200, 1, 1),  # noqa: DTZ001
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]),
    )
)
def test_a_time_is_kept_to_the_microsecond(times: Timestamp, value: datetime) -> None:
    from sqlalchemy.dialects import sqlite

    stored = times.process_bind_param(value, sqlite.dialect())
    assert times.process_result_value(stored, sqlite.dialect()) == value


def test_a_time_without_a_zone_is_refused(times: Timestamp) -> None:
    from sqlalchemy.dialects import sqlite

    naive = datetime(2026, 1, 1)  # noqa: DTZ001
    with pytest.raises(ValueError, match="without a time zone"):
        times.process_bind_param(naive, sqlite.dialect())

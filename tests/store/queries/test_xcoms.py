"""XComs of all DAGs: newest runs first, by any part of their names, in bounded steps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import insert

from store import edits, events
from store.engine import Store
from store.errors import NotFound
from store.models import xcom
from store.queries.tasks import list_xcoms
from store.queries.xcoms import HEAD, LARGE, PlacedXCom, XComFilter, newest_xcoms
from tests.support.history import START, fill, task_id_of


def push(store: Store, run: int, task_id: str, key: str, value: bytes = b"1") -> None:
    row = {
        "dag_run_id": run,
        "task_id": task_id,
        "map_index": -1,
        "key": key,
        "value": value,
        "length": None,
        "created_at": START + timedelta(hours=run),
    }
    with store.write() as connection:
        connection.execute(insert(xcom), row)


def places(rows: tuple[PlacedXCom, ...]) -> list[tuple[int, str, str]]:
    return [(row.dag_run_id, row.xcom.task_id, row.xcom.key) for row in rows]


@pytest.mark.postgres
def test_the_newest_runs_come_first_and_pages_say_whether_there_is_more(any_store: Store) -> None:
    fill(any_store, dags=2, runs=3, tasks=2)
    push(any_store, 1, "b", "k")
    push(any_store, 1, "a", "k")
    push(any_store, 3, "a", "k", b'"a value"')
    push(any_store, 5, "a", "k")
    with any_store.read() as connection:
        page = newest_xcoms(connection)
        assert not page.more
        assert [row.dag_run_id for row in page.rows if row.dag_id == "dag_0000"] == [5, 3, 1, 1]
        assert [row.xcom.task_id for row in page.rows if row.dag_run_id == 1] == ["a", "b"]
        third = next(row for row in page.rows if row.dag_run_id == 3)
        assert (third.xcom.value, third.xcom.size) == (b'"a value"', 9)
        assert third.run_id.startswith("scheduled__")
        first = newest_xcoms(connection, limit=2)
        assert first.more
        assert first.rows == page.rows[:2]
        assert not newest_xcoms(connection, limit=4).more


@pytest.mark.postgres
def test_any_part_of_a_name_finds_it(any_store: Store) -> None:
    fill(any_store, dags=3, runs=2, tasks=1)
    push(any_store, 1, "train", "return_value")
    push(any_store, 4, "load_100%", "Rows")
    push(any_store, 2, "train", "rows")

    def found(**wanted: object) -> list[tuple[int, str, str]]:
        with any_store.read() as connection:
            kept = XComFilter(**wanted)  # type: ignore[arg-type]
            return sorted(places(newest_xcoms(connection, kept, seconds=60).rows))

    assert found(dag_id="DAG_0000") == [(1, "train", "return_value"), (4, "load_100%", "Rows")]
    assert found(dag_id="nope") == []
    assert found(task_id="TRA", key="rows") == [(2, "train", "rows")]
    assert found(task_id="0%") == [(4, "load_100%", "Rows")]
    assert found(task_id="_") == [(4, "load_100%", "Rows")]
    assert found(words=("dag_0001", "train")) == [(2, "train", "rows")]
    assert len(found(run_id="scheduled")) == 3
    assert found(run_id="manual") == []


def test_of_a_large_value_nothing_is_read(store: Store) -> None:
    fill(store, dags=1, runs=1, tasks=1)
    push(store, 1, "a", "large", b"x" * (LARGE + 1))
    push(store, 1, "a", "small", b"y" * (HEAD + 1))
    with store.read() as connection:
        rows = newest_xcoms(connection).rows
    assert [(row.xcom.value, row.xcom.size) for row in rows] == [
        (b"", LARGE + 1),
        (b"y" * HEAD, HEAD + 1),
    ]


def test_time_ends_a_search_for_what_is_nowhere(much: Store) -> None:
    with much.read() as connection:
        page = newest_xcoms(connection, XComFilter(key="nowhere"), seconds=0.0)
        assert (page.rows, page.more) == ((), True)
        assert not newest_xcoms(connection, XComFilter(key="nowhere"), seconds=60).more
        few = newest_xcoms(connection, XComFilter(dag_id="dag_0003"), limit=10)
        assert len(few.rows) == 10
        assert {row.dag_id for row in few.rows} == {"dag_0003"}


@pytest.mark.postgres
def test_an_xcom_is_deleted_once_and_that_is_on_the_audit_trail(any_store: Store) -> None:
    fill(any_store, dags=1, runs=2, tasks=1, xcoms=True, events=False)
    name = task_id_of(0)
    push(any_store, 1, name, "other")
    with any_store.write() as connection:
        edits.delete_xcom(connection, 1, name, -1, "return_value", "ann")
    with any_store.read() as connection:
        assert [row.key for row in list_xcoms(connection, 1)] == ["other"]
        [event] = events.list_events(connection)
    assert (event.kind, event.actor, event.dag_id, event.task_id) == (
        "xcom_deleted",
        "ann",
        "dag_0000",
        name,
    )
    with any_store.write() as connection, pytest.raises(NotFound, match="no XCom return_value"):
        edits.delete_xcom(connection, 1, name, -1, "return_value", "ann")

"""How past runs went, the newest tries, the use of resources, one XCom: from indexes alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert

from store.engine import Store
from store.models import resource_sample
from store.queries import runs, tasks
from store.queries.estimates import LEAST_RUNS, MOST_RUNS, past_runs
from store.queries.latest_tries import latest_tries
from store.queries.resources import usage
from store.queries.task_xcoms import xcom_value
from tests.store.queries.test_cost import plans, reads_all, steps
from tests.support.history import START, fill, task_id_of

A_DAG = "dag_0002"


def newest(connection: Connection, dag_id: str) -> runs.RunRow:
    run = runs.latest_run(connection, dag_id)
    assert run is not None
    return run


QUERIES: dict[str, Callable[[Connection], Any]] = {
    "past runs": lambda c: past_runs(c, A_DAG, newest(c, A_DAG).key, 6),
    "latest tries": lambda c: latest_tries(c, [30, 31, 35]),
    "usage": lambda c: usage(c, 30),
    "an XCom": lambda c: xcom_value(c, 30, task_id_of(1), -1, "return_value"),
}


@pytest.mark.parametrize("name", QUERIES)
def test_nothing_that_grows_is_read_from_end_to_end(little: Store, much: Store, name: str) -> None:
    assert [line for line in plans(little, QUERIES[name]) if reads_all(line)] == []
    few, many = steps(little, QUERIES[name]), steps(much, QUERIES[name])
    assert many <= few * 1.2 + 20, f"{few} steps became {many}"


def test_the_last_successful_runs_are_told_with_when_their_tasks_had_finished(
    any_store: Store,
) -> None:
    fill(any_store, dags=2, runs=30, tasks=3)
    with any_store.read() as connection:
        run = newest(connection, "dag_0001")
        found = past_runs(connection, "dag_0001", run.key, 3)
        rows = tasks.list_instances(connection, run.id)
        few = past_runs(connection, "dag_0001", run.key, 100_000)
    assert len(found) == MOST_RUNS
    assert len(few) == LEAST_RUNS
    assert few == found[:LEAST_RUNS]
    for one in found:
        assert len(one.finished) == len(rows)
        assert list(one.finished) == sorted(one.finished)
        assert one.finished[-1] <= one.seconds


def test_the_first_run_of_a_dag_has_none_before_it(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=2)
    with any_store.read() as connection:
        assert past_runs(connection, "dag_0000", newest(connection, "dag_0000").key) == []


def test_the_newest_try_of_each_instance_is_found(any_store: Store) -> None:
    fill(any_store, dags=1, runs=2, tasks=3)
    with any_store.read() as connection:
        found = latest_tries(connection, [1, 2, 10_000])
        assert found == {number: tasks.latest_try(connection, number) for number in (1, 2)}
        assert latest_tries(connection, []) == {}


def test_the_use_of_a_long_try_is_told_in_few_points_that_keep_peaks(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=1)
    with any_store.write() as connection:
        connection.execute(
            insert(resource_sample),
            [
                {
                    "try_id": 1,
                    "at": START + timedelta(seconds=number),
                    "cpu_percent": 300.0 if number == 777 else 10.0,
                    "rss": 9_000 if number == 333 else 100,
                    "read_bytes": number,
                    "write_bytes": 2 * number,
                    "processes": 1,
                }
                for number in range(1000)
            ],
        )
    with any_store.read() as connection:
        whole = usage(connection, 1, points=2000)
        short = usage(connection, 1, points=50)
        none = usage(connection, 99)
    assert len(whole.points) == 1000
    assert 40 <= len(short.points) <= 60
    assert short.samples == 1000
    assert max(point.cpu_percent for point in short.points) == 300.0
    assert max(point.rss for point in short.points) == 9_000
    assert short.points[-1].read_bytes == 999
    assert [point.at for point in short.points] == sorted(point.at for point in short.points)
    assert none.points == ()


def test_one_xcom_is_read_whole(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=2, xcoms=True)
    with any_store.read() as connection:
        (row, *_) = tasks.list_xcoms(connection, 1)
        place = (1, row.task_id, row.map_index)
        assert xcom_value(connection, *place, row.key) == row.value
        assert xcom_value(connection, *place, "nothing") is None

"""Assets: who makes and awaits them, pages of their events, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from store import maintenance, models
from store.engine import Store
from store.queries.assets import (
    Consumer,
    ConsumingRun,
    ScheduleAsset,
    TaskRef,
    consumed_assets,
    find_assets,
    list_assets,
    list_events,
    schedule_assets,
)
from tests.support.history import START, fill

A, B = "dag_0000", "dag_0001"


@pytest.fixture
def filled(any_store: Store) -> Store:
    """Two assets that one DAG makes and another runs on; five events of the first."""
    fill(any_store, dags=2, runs=2, tasks=1)
    asset = {"group": "asset", "extra": {"a": 1}, "created_at": START}
    with any_store.write() as connection:
        for key, name in ((1, "orders"), (2, "clicks")):
            row = {"id": key, "name": name, "uri": f"s3://{name}", "event_count": 0, **asset}
            connection.execute(insert(models.asset), row)
            reference = {"asset_id": key, "created_at": START}
            table = models.dag_schedule_asset_reference
            connection.execute(insert(table), {**reference, "dag_id": B})
        for table in (models.task_outlet_asset_reference, models.task_inlet_asset_reference):
            row = {"asset_id": 1, "dag_id": A, "task_id": "make", "created_at": START}
            connection.execute(insert(table), row)
        for key in range(1, 6):
            add_event(connection, key)
        queue = {"asset_id": 1, "target_dag_id": B, "created_at": START}
        connection.execute(insert(models.asset_dag_run_queue), queue)
        run = connection.execute(
            select(models.dag_run.c.id).where(models.dag_run.c.dag_id == B).limit(1)
        ).scalar_one()
        link = {"dag_run_id": run, "event_id": 5}
        connection.execute(insert(models.dagrun_asset_event), link)
    return any_store


def add_event(connection: Any, key: int) -> None:
    row = {
        "id": key,
        "asset_id": 1,
        "timestamp": START + timedelta(hours=key // 2),
        "extra": {"n": key},
        "source_dag_id": A,
        "source_run_id": "r",
        "source_task_id": "make",
        "source_map_index": -1,
    }
    connection.execute(insert(models.asset_event), row)
    table = models.asset
    connection.execute(
        update(table)
        .where(table.c.id == 1)
        .values(event_count=table.c.event_count + 1, last_event_id=key)
    )


def test_an_asset_comes_with_all_that_refers_to_it(filled: Store) -> None:
    with filled.read() as connection:
        clicks, orders = list_assets(connection)
    assert (orders.name, orders.event_count, orders.extra) == ("orders", 5, {"a": 1})
    assert orders.producers == orders.readers == (TaskRef(A, "make"),)
    assert orders.consumers == (Consumer(B, 1, 2, True, False),)
    assert clicks.consumers == (Consumer(B, 1, 2, False, False),)
    assert clicks.last_event is None
    assert orders.last_event is not None
    assert (orders.last_event.id, orders.last_event.extra) == (5, {"n": 5})


def test_what_no_file_defines_any_more_refers_to_nothing(filled: Store) -> None:
    with filled.write() as connection:
        connection.execute(update(models.dag).values(is_active=False))
    with filled.read() as connection:
        assert [(row.producers, row.consumers) for row in list_assets(connection)] == [((), ())] * 2


def test_an_asset_is_found_by_name_or_uri(filled: Store) -> None:
    with filled.read() as connection:
        for wanted in ("orders", "s3://orders"):
            assert [row.name for row in find_assets(connection, wanted)] == ["orders"]
        assert find_assets(connection, "order") == []


def test_events_come_in_pages_newest_first(filled: Store) -> None:
    with filled.read() as connection:
        found, before = [], None
        while True:
            page = list_events(connection, 1, limit=2, before=before)
            found += [row.id for row in page.rows]
            if page.next is None:
                break
            before = page.next
        assert found == [5, 4, 3, 2, 1]
        (newest, *_) = list_events(connection, 1).rows
    assert [type(run) for run in newest.runs] == [ConsumingRun]
    assert newest.runs[0].dag_id == B


def test_a_run_knows_what_it_consumed(filled: Store) -> None:
    with filled.read() as connection:
        run = connection.execute(select(models.dagrun_asset_event.c.dag_run_id)).scalar_one()
        assert consumed_assets(connection, run) == [("orders", 1)]
        assert consumed_assets(connection, run + 100) == []


def test_of_a_schedule_with_or_one_is_enough(filled: Store) -> None:
    with filled.write() as connection:
        connection.execute(update(models.dag).values(schedule_words="any of 2 assets"))
    with filled.read() as connection:
        assert [one.one_is_enough for one in list_assets(connection)[0].consumers] == [True]


def test_a_schedule_knows_what_it_awaits(filled: Store) -> None:
    with filled.read() as connection:
        assert schedule_assets(connection, B) == [
            ScheduleAsset("clicks", "s3://clicks", False, None),
            ScheduleAsset("orders", "s3://orders", True, START + timedelta(hours=2)),
        ]
        assert schedule_assets(connection, A) == []


def test_old_events_are_pruned_but_for_the_last(filled: Store) -> None:
    maintenance.prune(filled, older_than=timedelta(days=1), now=START + timedelta(days=400))
    with filled.read() as connection:
        assert [row.id for row in list_events(connection, 1).rows] == [5]
        assert list_assets(connection)[1].event_count == 5
    assert maintenance.check(filled).is_well

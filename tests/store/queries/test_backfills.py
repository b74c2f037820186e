"""Backfills of a DAG, with their runs by state."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, update

from store.engine import Store
from store.models import backfill, dag_run
from store.queries.backfills import get_backfill, list_backfills
from store.queries.runs import RunFilter, list_runs
from store.states import BackfillState, DagRunState
from tests.support.history import START, fill


def add(connection: Connection, key: int, **more: Any) -> None:
    values: dict[str, Any] = {
        "id": key,
        "dag_id": "dag_0000",
        "from_date": START,
        "to_date": START + timedelta(days=3),
        "conf": {"rate": 0.1},
        "reprocess": "failed",
        "max_active_runs": 3,
        "run_backwards": False,
        "actor": "anna",
        "created_at": START + timedelta(days=key),
        **more,
    }
    connection.execute(insert(backfill).values(**values))


def test_the_backfills_of_a_dag_are_listed_newest_first_with_their_runs(any_store: Store) -> None:
    fill(any_store, dags=2, runs=6, tasks=1)
    with any_store.write() as connection:
        add(connection, 1)
        add(connection, 2, paused_at=START)
        add(connection, 3, dag_id="dag_0001")
        connection.execute(
            update(dag_run).where(dag_run.c.dag_id == "dag_0000").values(backfill_id=2)
        )
        connection.execute(update(dag_run).where(dag_run.c.id == 1).values(state="queued"))
        connection.execute(update(dag_run).where(dag_run.c.id == 2).values(state="failed"))
    with any_store.read() as connection:
        found = list_backfills(connection, "dag_0000")
        states = [
            run.state for run in list_runs(connection, RunFilter("dag_0000", backfill_id=2)).rows
        ]
        assert [row.id for row in list_backfills(connection, "dag_0000", limit=1)] == [2]
        assert get_backfill(connection, 2) == found[0]
        assert get_backfill(connection, 99) is None
    assert [row.id for row in found] == [2, 1]
    paused, running = found
    assert paused.runs == {state: states.count(state) for state in set(states)}
    assert paused.runs[DagRunState.QUEUED] == paused.runs[DagRunState.FAILED] == 1
    assert (paused.total, paused.done) == (
        len(states),
        states.count(DagRunState.SUCCESS) + states.count(DagRunState.FAILED),
    )
    assert (running.runs, running.total, running.done) == ({}, 0, 0)
    assert (running.actor, running.conf, running.reprocess) == ("anna", {"rate": 0.1}, "failed")
    assert (running.from_date, running.to_date) == (START, START + timedelta(days=3))


@pytest.mark.parametrize(
    ("columns", "state", "is_open"),
    [
        ({}, BackfillState.RUNNING, True),
        ({"paused_at": START}, BackfillState.PAUSED, True),
        ({"ended_at": START}, BackfillState.COMPLETED, False),
        ({"paused_at": START, "ended_at": START}, BackfillState.COMPLETED, False),
        ({"cancelled_at": START}, BackfillState.CANCELLED, False),
        ({"cancelled_at": START, "ended_at": START}, BackfillState.CANCELLED, False),
    ],
)
def test_a_backfill_is_at_what_its_times_say(
    store: Store, columns: dict[str, Any], state: BackfillState, is_open: bool
) -> None:
    with store.write() as connection:
        add(connection, 1, **columns)
        found = get_backfill(connection, 1)
    assert found is not None
    assert (found.state, found.is_open) == (state, is_open)


@pytest.mark.parametrize(
    ("columns", "state"),
    [
        ({}, BackfillState.RUNNING),
        ({"ended_at": START}, BackfillState.FAILED),
        ({"ended_at": START, "cancelled_at": START}, BackfillState.CANCELLED),
    ],
)
def test_a_backfill_that_ended_with_failed_runs_has_failed(
    store: Store, columns: dict[str, Any], state: BackfillState
) -> None:
    fill(store, dags=1, runs=3, tasks=1)
    with store.write() as connection:
        add(connection, 1, **columns)
        connection.execute(update(dag_run).values(backfill_id=1, state="success"))
        connection.execute(update(dag_run).where(dag_run.c.id == 2).values(state="failed"))
        found = get_backfill(connection, 1)
    assert found is not None
    assert (found.state, found.failed, found.done) == (state, 1, 3)

"""The times of a run."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert, update

from store.columns import EPOCH
from store.engine import Store
from store.models import task_instance, task_try
from store.queries.gantt import run_times
from store.states import TaskInstanceState
from tests.support.history import START, fill

SECOND = timedelta(seconds=1)


def stored(seconds: int) -> int:
    return (START + seconds * SECOND - EPOCH) // timedelta(microseconds=1)


def test_a_run_has_its_instances_and_their_tries_in_order(any_store: Store) -> None:
    fill(any_store, dags=1, runs=2, tasks=2, live=False)
    with any_store.write() as connection:
        connection.execute(
            update(task_instance)
            .where(task_instance.c.id == 1)
            .values(try_number=2, scheduled_at=START + 6 * SECOND)
        )
        connection.execute(
            update(task_try)
            .where(task_try.c.id == 1)
            .values(state="up_for_retry", ended_at=START + 5 * SECOND)
        )
        connection.execute(
            insert(task_try),
            {
                "id": 90,
                "task_instance_id": 1,
                "dag_run_id": 1,
                "try_number": 2,
                "state": "running",
                "queued_at": START + 7 * SECOND,
                "started_at": START + 8 * SECOND,
                "journal_number": 0,
                "journal_offset": 0,
            },
        )
    with any_store.read() as connection:
        first, second = run_times(connection, 1)
        assert run_times(connection, 404) == ()
    assert (first.task_id, first.map_index, first.state) == (
        "task_000",
        -1,
        TaskInstanceState.SUCCESS,
    )
    assert first.scheduled_at == stored(6)
    assert [one.state for one in first.tries] == ["up_for_retry", "running"]
    assert (first.tries[0].queued_at, first.tries[0].ended_at) == (stored(0), stored(5))
    assert (first.tries[1].started_at, first.tries[1].ended_at) == (stored(8), None)
    assert [one.try_number for one in second.tries] == [1]

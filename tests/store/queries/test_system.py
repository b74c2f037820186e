"""Pools, the lease, sizes and activity."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert, update

from store import commands, edits
from store.engine import Store
from store.models import pipeline_file, runner_lease, task_instance
from store.queries import pools, system
from store.states import DagRunState, TaskInstanceState
from tests.support.history import START, fill


def test_pools_count_the_slots_that_are_held_and_wanted(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=10, live=False)
    states = ["running", "running", "queued", "restarting", "scheduled", "deferred",
              "up_for_retry", "up_for_reschedule", "success", None]  # fmt: skip
    with any_store.write() as connection:
        edits.set_pool(connection, "gpu", 8, "anna")
        edits.set_pool(connection, "endless", -1, "anna")
        for key, state in enumerate(states, 1):
            connection.execute(
                update(task_instance)
                .where(task_instance.c.id == key)
                .values(state=state, pool="gpu", pool_slots=key)
            )
    with any_store.read() as connection:
        rows = {row.name: row for row in pools.list_pools(connection)}
    gpu = rows["gpu"]
    assert (gpu.running, gpu.queued, gpu.scheduled, gpu.deferred) == (1 + 2 + 4, 3, 5, 6)
    assert (gpu.used, gpu.open) == (10, -2)
    assert rows["endless"].open is None
    assert (rows["default_pool"].used, rows["default_pool"].open) == (0, 128)


def test_deferred_instances_hold_slots_where_the_pool_says_so() -> None:
    pool = pools.PoolRow("p", 4, "", include_deferred=True, running=1, deferred=2)
    assert (pool.used, pool.open) == (3, 1)


def test_the_lease_is_that_of_the_runner(any_store: Store) -> None:
    with any_store.write() as connection:
        assert system.get_lease(connection) is None
        connection.execute(
            insert(runner_lease),
            {"id": 1, "hostname": "here", "pid": 7, "process_start": "1", "version": "0.1",
             "started_at": START, "beat_at": START + timedelta(seconds=9)},
        )  # fmt: skip
        lease = system.get_lease(connection)
    assert lease is not None
    assert (lease.pid, lease.version, lease.stopped_at) == (7, "0.1", None)
    assert lease.beat_at - lease.started_at == timedelta(seconds=9)


def test_activity_counts_what_has_not_come_to_an_end(any_store: Store) -> None:
    fill(any_store, dags=3, runs=4, tasks=2)
    commands.submit(any_store, "stop", {}, "anna")
    with any_store.read() as connection:
        found = system.activity(connection)
    assert found.runs == {DagRunState.RUNNING: 3}
    assert found.instances == {TaskInstanceState.RUNNING: 3}
    assert found.pending_commands == 1


def test_sizes_are_told_without_counting(any_store: Store) -> None:
    fill(any_store, dags=2, runs=5, tasks=3)
    with any_store.read() as connection:
        found = system.sizes(connection)
    assert (found.dags, found.dag_runs, found.task_instances) == (2, 10, 30)
    assert (found.events, found.metrics) == (10, 0)
    assert found.database_bytes > 50_000


def test_parse_times_name_the_slowest_files(any_store: Store) -> None:
    fill(any_store, dags=8, runs=0)
    with any_store.write() as connection:
        broken = pipeline_file.c.file == "dags/dag_0003.py"
        connection.execute(update(pipeline_file).where(broken).values(error="x"))
    with any_store.read() as connection:
        found = system.parse_times(connection, slowest=2)
    assert (found.files, found.errors) == (8, 1)
    assert round(found.total_seconds, 6) == 0.28
    assert found.slowest == (("dags/dag_0007.py", 0.07), ("dags/dag_0006.py", 0.06))

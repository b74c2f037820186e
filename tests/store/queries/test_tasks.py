"""Task instances, their tries, and what a try left behind."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert, update

from store import records
from store.engine import Store
from store.models import resource_sample, task_instance, task_try
from store.queries import tasks
from store.states import TaskInstanceState
from tests.support.history import START, fill, task_id_of

RUNNING = TaskInstanceState.RUNNING


def test_the_instances_of_a_run_are_listed_by_task_and_map_index(any_store: Store) -> None:
    fill(any_store, dags=1, runs=2, tasks=3)
    with any_store.write() as connection:
        row = {"dag_run_id": 2, "dag_id": "dag_0000", "task_id": task_id_of(1), "state": "failed",
               "try_number": 1, "max_tries": 2, "pool": "gpu", "pool_slots": 2}  # fmt: skip
        connection.execute(insert(task_instance), [{**row, "map_index": i} for i in (1, 0)])
    with any_store.read() as connection:
        rows = tasks.list_instances(connection, 2)
        names = [(row.task_id, row.map_index) for row in rows]
        assert names == [
            ("task_000", -1),
            ("task_001", -1),
            ("task_001", 0),
            ("task_001", 1),
            ("task_002", -1),
        ]
        assert [row.state for row in rows][:3] == ["success", RUNNING, "failed"]
        assert rows[0].duration == 1.0
        failed = tasks.list_instances(connection, 2, states=[TaskInstanceState.FAILED])
        assert [row.map_index for row in failed] == [0, 1]
        unset = tasks.list_instances(connection, 2, states=[RUNNING, None])
        assert [row.task_id for row in unset] == ["task_001", "task_002"]
        only = tasks.list_instances(connection, 2, task_ids=["task_002", "nope"])
        assert [row.task_id for row in only] == ["task_002"]
        first = tasks.list_instances(connection, 2, limit=2)
        second = tasks.list_instances(
            connection, 2, limit=9, after=(first[-1].task_id, first[-1].map_index)
        )
        assert first + second == rows


def test_one_instance_is_found_by_its_name_or_id(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=2)
    with any_store.read() as connection:
        found = tasks.get_instance(connection, 1, "task_001")
        assert found is not None
        assert found == tasks.get_instance_by_id(connection, found.id)
        assert found.state is RUNNING
        assert tasks.get_instance(connection, 1, "task_001", 0) is None
        assert tasks.get_instance_by_id(connection, 99) is None


def test_the_history_of_a_task_is_listed_newest_first(any_store: Store) -> None:
    fill(any_store, dags=2, runs=5, tasks=2)
    with any_store.read() as connection:
        rows = tasks.task_history(connection, "dag_0001", "task_000", limit=3)
    assert [row.run_after - START for row in rows] == [timedelta(hours=h) for h in (5, 4, 3)]
    assert rows[0].instance.dag_id == "dag_0001"


def test_tries_are_listed_in_their_order(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=1, live=False)
    with any_store.write() as connection:
        second = records.next_id(connection, task_try)
        row = {"id": second, "task_instance_id": 1, "dag_run_id": 1, "try_number": 2,
               "state": "failed", "queued_at": START, "journal_number": 0, "journal_offset": 7,
               "exit_status": -9, "reason": "killed by signal 9",
               "rendered": {"sql": "select 1"}}  # fmt: skip
        records.insert_rows(connection, task_try, [row])
    with any_store.read() as connection:
        tries = tasks.list_tries(connection, 1)
        assert [(one.try_number, one.state) for one in tries] == [(1, "success"), (2, "failed")]
        latest = tasks.latest_try(connection, 1)
        assert latest == tries[1] == tasks.get_try(connection, second)
        assert latest is not None
        assert (latest.exit_status, latest.reason) == (-9, "killed by signal 9")
        assert tasks.rendered_fields(connection, second) == {"sql": "select 1"}
        assert tasks.rendered_fields(connection, tries[0].id) is None
        assert tasks.rendered_fields(connection, 99) is None
        assert tasks.get_try(connection, 99) is None
        assert tasks.latest_try(connection, 99) is None
        assert tasks.list_tries(connection, 99) == []


def test_xcoms_are_listed_with_as_much_of_their_value_as_wanted(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=2, live=False)
    row = {"dag_run_id": 1, "created_at": START, "length": None}
    with any_store.write() as connection:
        records.put_xcoms(
            connection,
            [
                {**row, "task_id": "b", "map_index": 0, "key": "k", "value": b'"\xc3\xa4\x00"'},
                {**row, "task_id": "a", "map_index": -1, "key": "z", "value": b"[" + b"1" * 5000},
                {**row, "task_id": "a", "map_index": -1, "key": "k", "value": b"[]", "length": 0},
            ],
        )
    with any_store.read() as connection:
        rows = tasks.list_xcoms(connection, 1)
        assert [(one.task_id, one.map_index, one.key) for one in rows] == [
            ("a", -1, "k"),
            ("a", -1, "z"),
            ("b", 0, "k"),
        ]
        assert (rows[0].value, rows[0].length, rows[0].size) == (b"[]", 0, 2)
        assert rows[2].value == b'"\xc3\xa4\x00"'
        short = tasks.list_xcoms(connection, 1, "a", max_bytes=3)
        assert [(one.value, one.size) for one in short] == [(b"[]", 2), (b"[11", 5001)]
        assert len(tasks.list_xcoms(connection, 1, "b", 0)) == 1
        assert tasks.list_xcoms(connection, 1, "b", -1) == []
        assert len(tasks.list_xcoms(connection, 1, limit=1)) == 1


def test_resource_figures_are_listed_from_a_moment_on(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=1, live=False)
    with any_store.write() as connection:
        records.insert_rows(
            connection,
            resource_sample,
            [
                {"try_id": 1, "at": START + timedelta(seconds=5 * turn), "cpu_percent": 50.0 * turn,
                 "rss": 2**33, "read_bytes": 1, "write_bytes": 2, "processes": 1}
                for turn in range(4)
            ],
        )  # fmt: skip
        connection.execute(update(task_try).values(peak_rss=2**40))
    with any_store.read() as connection:
        rows = tasks.resource_samples(connection, 1)
        assert [row.cpu_percent for row in rows] == [0.0, 50.0, 100.0, 150.0]
        assert rows[0].rss == 2**33
        assert tasks.resource_samples(connection, 1, since=rows[1].at) == rows[2:]
        one = tasks.get_try(connection, 1)
        assert one is not None
        assert one.peak_rss == 2**40

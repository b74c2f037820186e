"""What is read to tell who gave task instances their states: no more than is asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select, update

from store.engine import Store, open_store
from store.models import dag_run, event, task_instance, task_try
from store.queries import home, marks
from store.queries.marks import marks_of, own_failures
from store.workspace import Workspace
from tests.store.queries import test_cost as cost
from tests.support.history import START, fill

ONE = timedelta(minutes=1)


def told(row: Any, kind: str, message: str, at: datetime) -> dict[str, Any]:
    """An event of a task instance."""
    return {
        "at": at,
        "kind": kind,
        "actor": "ann",
        "dag_run_id": row.dag_run_id,
        "task_id": row.task_id,
        "map_index": row.map_index,
        "message": message,
    }


def write(store: Store, *events: dict[str, Any]) -> None:
    with store.write() as connection:
        connection.execute(insert(event), list(events))


def change(store: Store, table: Any, condition: Any, **values: Any) -> None:
    with store.write() as connection:
        connection.execute(update(table).where(condition).values(values))


def ended_by_hand(store: Store, *, runs: int, indexes: int) -> list[Any]:
    """Failed runs of one mapped task each, of which a user marked all instances failed."""
    fill(store, dags=1, runs=runs, tasks=indexes, live=False, events=False, tries=False)
    change(store, dag_run, dag_run.c.id > 0, state="failed")
    columns = task_instance.c
    change(store, task_instance, columns.id > 0, task_id="train", map_index=columns.id,
           state="failed", ended_at=START)  # fmt: skip
    with store.read() as connection:
        rows = list(connection.execute(select(task_instance).order_by(columns.id)))
    write(store, *(told(row, "task_marked", "marked failed by ann", START) for row in rows))
    return rows


def store_of(folder: Path, *, runs: int, indexes: int) -> Store:
    store = open_store(Workspace(folder / f"{runs} {indexes}"), create=True)
    ended_by_hand(store, runs=runs, indexes=indexes)
    return store


def test_of_one_instance_no_events_of_others_are_read(tmp_path: Path) -> None:
    with store_of(tmp_path, runs=2, indexes=40) as store:
        with store.read() as connection:
            row: Any = connection.execute(select(task_instance).limit(1)).one()
            assert marks_of(connection, [row])[row.id].message == "marked failed by ann"
        assert cost.rows_read(store, lambda c: marks_of(c, [row])) == [1]


def test_home_reads_as_much_whatever_the_number_that_users_ended(tmp_path: Path) -> None:
    read: list[list[int]] = []
    for indexes in (2, 40):
        with store_of(tmp_path, runs=3, indexes=indexes) as store:
            read.append(cost.rows_read(store, home.failures))
            with store.read() as connection:
                assert [one.by_hand for one in home.failures(connection)] == [True] * 3
    assert read[0] == read[1]


def test_home_asks_no_more_often_of_more_tasks_that_users_ended(tmp_path: Path) -> None:
    asked: list[int] = []
    for runs in (2, 20):
        with store_of(tmp_path, runs=runs, indexes=3) as store:
            asked.append(len(cost.statements_of(store, home.failures)))
    assert asked[0] == asked[1]


def test_many_rows_are_asked_for_without_their_names(
    any_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = ended_by_hand(any_store, runs=2, indexes=4)
    with any_store.read() as connection:
        by_name = marks_of(connection, rows)
        monkeypatch.setattr(marks, "MOST_ASKED", 0)
        assert marks_of(connection, rows) == by_name
    assert by_name.keys() == {row.id for row in rows}


def firsts(store: Store, rows: list[Any]) -> list[int]:
    """The places of the first that failed of themselves, of each run."""
    with store.read() as connection:
        found = own_failures(connection, {(row.dag_run_id, row.task_id) for row in rows})
    ids = [row.id for row in rows]
    return sorted(ids.index(key) for key in found.values())


def test_what_failed_after_its_mark_failed_of_itself(any_store: Store) -> None:
    rows = ended_by_hand(any_store, runs=2, indexes=3)
    assert firsts(any_store, rows) == []
    change(any_store, task_instance, task_instance.c.id == rows[1].id, ended_at=START + ONE)
    write(any_store, told(rows[1], "task_failed", "it broke", START + ONE))
    assert firsts(any_store, rows) == [1]
    write(any_store, told(rows[1], "task_marked", "marked failed by ann", START + ONE))
    assert firsts(any_store, rows) == []


@pytest.mark.parametrize("reason", marks.HAND)
def test_what_was_ended_by_a_mark_of_its_run_or_killed_did_not_fail_of_itself(
    any_store: Store, reason: str
) -> None:
    rows = ended_by_hand(any_store, runs=2, indexes=3)
    late = START + ONE
    change(any_store, task_instance, task_instance.c.dag_run_id == rows[0].dag_run_id,
           ended_at=late, try_number=1)  # fmt: skip
    assert firsts(any_store, rows) == [0]
    of_run = told(rows[0], "run_marked", "cancelled by ann", late)
    write(any_store, of_run | {"task_id": None, "map_index": None})
    assert firsts(any_store, rows) == []
    change(any_store, event, event.c.kind == "run_marked", at=START + 2 * ONE)
    assert firsts(any_store, rows) == [0]
    with any_store.write() as connection:
        for row in rows[:2]:
            connection.execute(
                insert(task_try),
                {"id": row.id, "task_instance_id": row.id, "dag_run_id": row.dag_run_id,
                 "try_number": 1, "state": "failed", "reason": f"{reason}ann",
                 "queued_at": START, "journal_number": 0, "journal_offset": 0},
            )  # fmt: skip
    assert firsts(any_store, rows) == [2]

"""The audit trail: added to, listed newest first, in pages."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from store import events
from store.engine import Store


def test_events_are_listed_newest_first_by_what_they_are_about(any_store: Store) -> None:
    at = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)
    with any_store.write() as connection:
        events.record(connection, "dag_paused", "anna", "paused a", dag_id="a", at=at)
        events.record_many(
            connection,
            [
                {"kind": "task_failed", "actor": "runner", "message": "x failed", "dag_id": "a",
                 "dag_run_id": 7, "run_id": "r", "task_id": "x", "map_index": 2, "try_number": 1,
                 "details": {"signal": 9}},
                {"kind": "task_failed", "actor": "runner", "message": "y failed", "dag_id": "b",
                 "dag_run_id": 8, "task_id": "y"},
            ],
        )  # fmt: skip
        events.record_many(connection, [])
    with any_store.read() as connection:
        assert [one.message for one in events.list_events(connection)] == [
            "y failed",
            "x failed",
            "paused a",
        ]
        of_a = events.list_events(connection, dag_id="a")
        assert [one.message for one in of_a] == ["x failed", "paused a"]
        assert of_a[0].details == {"signal": 9}
        assert of_a[1].at == at
        assert [one.task_id for one in events.list_events(connection, dag_run_id=7)] == ["x"]
        assert events.list_events(connection, dag_run_id=7, task_id="y") == []
        assert len(events.list_events(connection, kind="task_failed")) == 2


def test_pages_of_events_follow_each_other_and_new_ones_can_be_asked_for(store: Store) -> None:
    with store.write() as connection:
        rows = [{"kind": "n", "actor": "a", "message": str(number)} for number in range(10)]
        events.record_many(connection, rows)
    with store.read() as connection:
        first = events.list_events(connection, limit=4)
        second = events.list_events(connection, limit=4, before=first[-1].id)
        assert [one.message for one in first + second] == ["9", "8", "7", "6", "5", "4", "3", "2"]
        newer = events.list_events(connection, after=first[1].id)
        assert [one.message for one in newer] == ["9"]


def test_events_of_a_task_are_listed_by_run(store: Store) -> None:
    with store.read() as connection, pytest.raises(ValueError, match="give dag_run_id too"):
        events.list_events(connection, task_id="x")

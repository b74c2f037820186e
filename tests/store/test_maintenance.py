"""Upkeep: checks find damage, backups can be used, deletions take what they should."""

from __future__ import annotations

import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select, text, update

from store import commands, maintenance, metric_points, records, tracking
from store.config import RetentionConfig
from store.engine import Store, open_file
from store.errors import StoreError
from store.models import (
    backfill,
    callback,
    dag,
    dag_run,
    dag_version,
    event,
    metadata,
    metric_segment,
    source,
    task_instance,
    task_try,
    tracked_run,
    xcom,
)
from tests.support.commands import finish, pending
from tests.support.history import START, fill

HOUR = timedelta(hours=1)


def count(store: Store, table: Any) -> int:
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def left(store: Store, dag_id: str) -> list[str]:
    """Hours of the runs that are left."""
    with store.read() as connection:
        query = select(dag_run.c.logical_date).where(dag_run.c.dag_id == dag_id)
        dates = connection.execute(query.order_by(dag_run.c.run_after)).scalars()
        return [f"{(date - START) // HOUR}" for date in dates]


def test_a_healthy_store_has_no_problems(any_store: Store) -> None:
    fill(any_store)
    found = maintenance.check(any_store)
    assert found.is_well
    assert found.problems == ()


def test_a_broken_reference_and_a_wrong_revision_are_problems(store: Store) -> None:
    fill(store)
    raw: Any = store.connect_outside()
    raw.exec_driver_sql("PRAGMA foreign_keys = OFF")
    raw.exec_driver_sql("DELETE FROM dag_run WHERE id = 1")
    raw.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    raw.exec_driver_sql("PRAGMA foreign_keys = ON")
    raw.close()
    problems = "\n".join(maintenance.check(store).problems)
    assert "task_instance refers to a missing row of dag_run" in problems
    assert "its revision is 0000" in problems


def test_a_backup_of_a_store_in_use_is_whole(store: Store, tmp_path: Path) -> None:
    fill(store, dags=2, runs=3)
    with store.write() as connection:
        connection.execute(text("INSERT INTO variable VALUES ('not', 'committed', '')"))
        target = maintenance.backup(store, tmp_path / "copies" / "one.db")
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [path.name for path in target.parent.iterdir()] == ["one.db"]
    with open_file(target) as copy:
        assert maintenance.check(copy).is_well
        assert count(copy, dag_run) == 6
        assert count(copy, metadata.tables["variable"]) == 0
    with pytest.raises(StoreError, match="exists already"):
        maintenance.backup(store, target)


def test_a_backup_that_can_not_be_written_leaves_nothing(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises((StoreError, OSError)):
        maintenance.backup(store, tmp_path / "file" / "one.db")


@pytest.mark.postgres
def test_postgresql_is_backed_up_by_its_own_tool(any_store: Store, tmp_path: Path) -> None:
    if any_store.is_sqlite:
        return
    with pytest.raises(StoreError, match="pg_dump"):
        maintenance.backup(any_store, tmp_path / "x.db")


def test_vacuum_gives_space_back(any_store: Store) -> None:
    fill(any_store, dags=2, runs=10, tasks=100, live=False)
    maintenance.prune(any_store, keep_runs=1)
    freed = maintenance.vacuum(any_store)
    if any_store.is_sqlite:
        assert freed > 100_000
    assert maintenance.check(any_store).is_well


def test_the_newest_runs_of_each_dag_are_kept(any_store: Store) -> None:
    fill(any_store, dags=3, runs=10, tasks=2, live=False)
    done = maintenance.prune(any_store, keep_runs=4)
    assert len(done.run_ids) == 18
    for number in range(3):
        assert left(any_store, f"dag_{number:04}") == ["6", "7", "8", "9"]
    assert count(any_store, task_instance) == 3 * 4 * 2
    assert maintenance.prune(any_store, keep_runs=4).run_ids == ()


def test_old_runs_are_deleted_and_what_they_left_behind_with_them(any_store: Store) -> None:
    fill(any_store, dags=2, runs=10, tasks=2, live=False, xcoms=True)
    with any_store.write() as connection:
        run = tracking.create_run(connection, tracking.NewRun("a" * 32, "e", "n", START, 1))
        metric_points.add(connection, run, "loss", *metric_points.pack([(1.0, 0, 0)]))
        tracking.log_param(connection, run, "a", "b")
        row = {"dag_run_id": 1, "kind": "on_failure", "reason": "", "state": "done"}
        connection.execute(insert(callback), {**row, "created_at": START})
    # Runs take five minutes from the hour on, and their run_after is an hour later.
    now = START + 5 * HOUR + timedelta(days=1)
    maintenance.prune(any_store, older_than=timedelta(days=1), now=now)
    assert left(any_store, "dag_0000") == ["4", "5", "6", "7", "8", "9"]
    assert left(any_store, "dag_0001") == ["4", "5", "6", "7", "8", "9"]
    for table in (task_instance, task_try, xcom):
        assert count(any_store, table) > 0
    assert count(any_store, callback) == 0
    check_tracked(any_store, "dag_0000")
    assert maintenance.check(any_store).is_well


def check_tracked(store: Store, dag_id: str) -> None:
    """What was tracked outlives what recorded it, and says still what that was."""
    with store.read() as connection:
        run = connection.execute(select(tracked_run)).one()
        assert (run.try_id, run.dag_id, run.try_number) == (None, dag_id, 1)
        assert run.task_id is not None
        (loss,) = metric_points.summaries(connection, run.id)
        assert loss.count == 1


def test_deleted_task_instances_take_all_that_is_theirs(any_store: Store) -> None:
    fill(any_store, dags=1, runs=2, tasks=3, live=False, xcoms=True)
    with any_store.write() as connection:
        row = connection.execute(select(task_instance).where(task_instance.c.id == 1)).one()
        key = connection.execute(
            select(task_try.c.id).where(task_try.c.task_instance_id == 1)
        ).scalar_one()
        run = tracking.create_run(connection, tracking.NewRun("a" * 32, "e", "n", START, key))
        metric_points.add(connection, run, "loss", *metric_points.pack([(1.0, 0, 0)]))
        lost = {"dag_run_id": 1, "kind": "on_failure", "reason": "", "state": "done"}
        for try_id in (key, None):
            values = {**lost, "try_id": try_id, "created_at": START}
            connection.execute(insert(callback), values)
    before = count(any_store, task_instance), count(any_store, task_try)
    with any_store.write() as connection:
        assert maintenance.delete_instances(connection, [1]) == [(row.dag_run_id, key)]
    assert (count(any_store, task_instance), count(any_store, task_try)) == (
        before[0] - 1,
        before[1] - 1,
    )
    with any_store.read() as connection:
        mine = (xcom.c.dag_run_id == row.dag_run_id) & (xcom.c.task_id == row.task_id)
        assert connection.execute(select(xcom).where(mine)).first() is None
    assert count(any_store, xcom) > 0
    assert count(any_store, callback) == 1  # that of the DAG stays
    check_tracked(any_store, row.dag_id)
    with any_store.read() as connection:
        assert records.next_id(connection, task_try) > key
    assert maintenance.check(any_store).is_well


def test_runs_that_have_not_ended_are_never_deleted(any_store: Store) -> None:
    fill(any_store, dags=1, runs=5, live=True)
    maintenance.prune(any_store, older_than=timedelta(0), keep_runs=0, now=START + 1000 * HOUR)
    assert left(any_store, "dag_0000") == ["4"]


@pytest.mark.postgres
def test_a_run_that_is_being_cleared_is_left_alone(any_store: Store) -> None:
    """PostgreSQL looks at a row again when it has waited for it, but only at what names the row."""
    if any_store.is_sqlite:
        return  # has one writer at a time
    fill(any_store, dags=1, runs=3, tasks=2, live=False)
    with any_store.write() as runner:
        cleared = update(dag_run).where(dag_run.c.id == 2)
        runner.execute(cleared.values(state="queued", ended_at=None))
        assert sorted(maintenance.prune(any_store, keep_runs=0).run_ids) == [1, 3]
    assert maintenance.prune(any_store, keep_runs=0).run_ids == ()
    assert left(any_store, "dag_0000") == ["1"]
    assert count(any_store, task_instance) == 2


def test_a_backfill_of_last_year_that_ended_today_is_not_old(store: Store) -> None:
    fill(store, dags=1, runs=5, live=False)
    now = START + 100 * HOUR
    with store.write() as connection:
        connection.execute(update(dag_run).where(dag_run.c.id == 1).values(ended_at=now - HOUR))
    maintenance.prune(store, older_than=timedelta(days=1), now=now)
    assert left(store, "dag_0000") == ["0"]


def test_the_runs_that_ended_last_are_kept_whatever_their_dates(any_store: Store) -> None:
    """A fresh backfill of old dates is no old history."""
    fill(any_store, dags=1, runs=5, live=False)
    with any_store.write() as connection:
        fresh = dag_run.c.id.in_((1, 2))
        connection.execute(update(dag_run).where(fresh).values(ended_at=START + 9 * HOUR))
        is_new = dag_run.c.id == 3
        connection.execute(update(dag_run).where(is_new).values(state="running", ended_at=None))
    maintenance.prune(any_store, keep_runs=2)
    assert left(any_store, "dag_0000") == ["1", "2"]
    maintenance.prune(any_store, keep_runs=1)
    assert left(any_store, "dag_0000") == ["2"]


def test_only_one_dag_can_be_pruned(store: Store) -> None:
    fill(store, dags=2, runs=5, live=False)
    maintenance.prune(store, keep_runs=1, older_than=HOUR, dag_id="dag_0001", now=START + 3 * HOUR)
    assert left(store, "dag_0000") == ["0", "1", "2", "3", "4"]
    assert left(store, "dag_0001") == ["4"]


@pytest.mark.parametrize(
    "limits",
    [
        {"keep_runs": 2},
        {"older_than": 2 * HOUR},
        {"keep_runs": 1, "older_than": HOUR, "dag_id": "dag_0001"},
        {},
    ],
)
def test_what_would_be_pruned_is_what_is_pruned(any_store: Store, limits: dict[str, Any]) -> None:
    fill(any_store, dags=2, runs=5)
    now = START + 5 * HOUR
    going = maintenance.prunable(any_store, **limits, now=now)
    before = {name: len(left(any_store, name)) for name in ("dag_0000", "dag_0001")}
    maintenance.prune(any_store, **limits, now=now)
    gone = {name: number - len(left(any_store, name)) for name, number in before.items()}
    assert going == {name: number for name, number in gone.items() if number}


def test_old_events_and_answered_commands_go_with_age(any_store: Store) -> None:
    fill(any_store, dags=1, runs=10, live=False)
    first = commands.submit(any_store, "stop", {}, "anna")
    commands.submit(any_store, "stop", {}, "anna")
    with any_store.write() as connection:
        finish(connection, first, "done", {})
        created = START + 20 * HOUR
        connection.execute(text("UPDATE command SET created_at = 0, done_at = 0 WHERE id = 1"))
        connection.execute(text("UPDATE command SET done_at = NULL WHERE id = 2"))
    done = maintenance.prune(any_store, older_than=15 * HOUR, now=created)
    assert (done.events, done.commands) == (5, 1)
    assert count(any_store, event) == 5
    with any_store.read() as connection:
        assert [row.id for row in pending(connection)] == [2]


def test_versions_that_no_run_can_refer_to_are_deleted_with_their_source(
    any_store: Store,
) -> None:
    fill(any_store, dags=1, runs=4, tasks=1, live=False)
    with any_store.write() as connection:
        for number in (2, 3, 4):
            connection.execute(insert(source), {"digest": f"s{number}", "text": ""})
            connection.execute(
                insert(dag_version),
                {"id": number, "dag_id": "dag_0000", "number": number, "digest": f"{number}",
                 "structure": "{}", "source_digest": f"s{number}", "created_at": START},
            )  # fmt: skip
        connection.execute(update(dag).values(version_id=4))
        connection.execute(update(dag_run).where(dag_run.c.id >= 3).values(version_id=3))
    assert maintenance.prune(any_store, keep_runs=10).versions == 0
    assert maintenance.prune(any_store, keep_runs=2).versions == 2
    assert count(any_store, dag_version) == 2
    assert count(any_store, source) == 2
    assert maintenance.prune(any_store, keep_runs=0).versions == 1
    assert maintenance.check(any_store).is_well


def test_a_backfill_goes_with_its_last_run(store: Store) -> None:
    fill(store, dags=1, runs=4, live=False)
    with store.write() as connection:
        row = {"dag_id": "dag_0000", "from_date": START, "to_date": START, "reprocess": "none",
               "max_active_runs": 1, "run_backwards": False, "actor": "anna",
               "created_at": START}  # fmt: skip
        connection.execute(insert(backfill), {**row, "ended_at": START})
        connection.execute(update(dag_run).where(dag_run.c.id <= 2).values(backfill_id=1))
    maintenance.prune(store, keep_runs=3)
    assert count(store, backfill) == 1
    maintenance.prune(store, keep_runs=1)
    assert count(store, backfill) == 0


def test_ids_of_what_was_pruned_never_come_again(any_store: Store) -> None:
    fill(any_store, dags=1, runs=2, live=False)
    with any_store.write() as connection:  # numbered by the runner, past the sequences
        span = {"from_date": START, "to_date": START, "created_at": START}
        row = {"dag_id": "dag_0000", "reprocess": "none", "max_active_runs": 1, **span}
        connection.execute(
            insert(backfill),
            {"id": 7, "run_backwards": False, "actor": "anna", "ended_at": START, **row},
        )
        connection.execute(update(dag_run).values(backfill_id=7))
        row = {"id": 9, "dag_run_id": 2, "kind": "on_failure", "reason": "", "state": "done"}
        connection.execute(insert(callback), {**row, "created_at": START})
        before = [records.next_id(connection, table) for table in records.COUNTED]
    maintenance.prune(any_store, keep_runs=0)
    assert count(any_store, backfill) == 0
    with any_store.write() as connection:
        assert [records.next_id(connection, table) for table in records.COUNTED] == before


def test_retention_says_what_is_kept(store: Store) -> None:
    fill(store, dags=1, runs=6, live=False)
    maintenance.prune_by_retention(store, RetentionConfig(runs=0, days=0))
    assert len(left(store, "dag_0000")) == 6
    maintenance.prune_by_retention(store, RetentionConfig(runs=2, days=0))
    assert left(store, "dag_0000") == ["4", "5"]
    maintenance.prune_by_retention(store, RetentionConfig(runs=0, days=1))
    assert left(store, "dag_0000") == []


def test_runs_whose_logs_are_old(store: Store) -> None:
    fill(store, dags=1, runs=4, live=True)
    with store.read() as connection:
        moment = START + timedelta(hours=1, minutes=6)
        assert maintenance.ended_before(connection, [1, 2, 3, 4, 99], moment) == {1, 2}


def test_runs_of_a_dag_that_is_gone_are_pruned_too(store: Store) -> None:
    fill(store, dags=1, runs=3, live=False)
    with store.write() as connection:
        connection.execute(delete(dag))
    maintenance.prune(store, keep_runs=1)
    assert left(store, "dag_0000") == ["2"]
    assert count(store, metric_segment) == 0

"""Tracked runs side by side, as the store answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf, isnan, nan
from pathlib import Path

from sqlalchemy import insert, update

from store import metric_points, models, tracking
from store.engine import Store
from store.queries.compared import (
    child_uuids,
    compared_runs,
    environments,
    source_of,
    uuids_of_instance,
)
from store.queries.tracked import logged_for
from store.workspace import Workspace
from tests.support.stores import new_store

NOW = datetime(2026, 11, 21, tzinfo=UTC)
A, B, C = "a" * 32, "b" * 32, "c" * 32


def filled(folder: Path) -> Store:
    store = new_store(Workspace(folder))
    with store.write() as connection:
        for number, uuid in enumerate((A, B, C)):
            new = tracking.NewRun(
                uuid,
                f"exp {number}",
                uuid[0],
                NOW + timedelta(hours=number),
                parent=A if number else "",
            )
            run = tracking.create_run(connection, new)
            tracking.log_param(connection, run, "lr", str(number))
            points = [(1.0, 0, 1_000_000), ([0.5, nan, inf][number], 1, 2_500_000)]
            metric_points.add(connection, run, "loss", *metric_points.pack(points))
            metric_points.add(connection, run, "odd", *metric_points.pack([(nan, 3, 7)]))
    return store


def test_runs_come_in_the_order_that_was_asked_for_without_those_that_are_gone(
    tmp_path: Path,
) -> None:
    with filled(tmp_path) as store, store.read() as connection:
        runs = compared_runs(connection, [C, "f" * 32, A, C])
        assert [run.row.uuid for run in runs] == [C, A]
        assert [run.params for run in runs] == [{"lr": "2"}, {"lr": "0"}]


def test_summaries_are_those_that_are_read_elsewhere(tmp_path: Path) -> None:
    with filled(tmp_path) as store, store.read() as connection:
        runs = compared_runs(connection, [A, B, C])
        logged = logged_for(connection, [run.row.id for run in runs])
        for run in runs:
            for key, one in logged.metrics[run.row.id].items():
                assert repr(run.metrics[key]) == repr(one)  # NaN, too
        assert isnan(runs[1].metrics["loss"].last_value)
        assert runs[0].metrics["odd"].min_step is None


def test_the_children_of_a_run_come_the_oldest_first_without_the_archived(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        table = models.tracked_run
        with store.write() as connection:
            assert child_uuids(connection, A, 10) == [B, C]
            connection.execute(update(table).where(table.c.uuid == B).values(deleted_at=NOW))
        with store.read() as connection:
            assert child_uuids(connection, A, 10) == [C]


def test_the_runs_of_the_tries_of_a_task_instance_come_the_first_try_first(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        table = models.tracked_run
        with store.write() as connection:
            for number, uuid in ((2, A), (1, B)):
                place = {"dag_id": "d", "run_id": "r", "task_id": "t", "map_index": -1}
                connection.execute(
                    update(table).where(table.c.uuid == uuid).values(**place, try_number=number)
                )
        with store.read() as connection:
            assert uuids_of_instance(connection, "d", "r", "t", -1, 10) == [B, A]
            assert uuids_of_instance(connection, "d", "r", "t", 0, 10) == []


def test_the_code_and_the_packages_of_a_run_are_found_where_they_are_known(tmp_path: Path) -> None:
    with filled(tmp_path) as store:
        with store.write() as connection:
            connection.execute(insert(models.source), {"digest": "f" * 64, "text": "x = 1\n"})
            key = connection.execute(
                insert(models.environment).returning(models.environment.c.id),
                {"digest": "e", "python": "3.11", "packages": {"numpy": "2.4"}},
            ).scalar_one()
            table = models.tracked_run
            connection.execute(
                update(table)
                .where(table.c.uuid == A)
                .values(environment_id=key, source_digest="f" * 64)
            )
        with store.read() as connection:
            ids = [run.row.id for run in compared_runs(connection, [A, B])]
            assert environments(connection, ids) == {ids[0]: ("3.11", {"numpy": "2.4"})}
            code = source_of(connection, ids[0])
            assert code is not None
            assert (code.name, code.text) == ("script ffffffff", "x = 1\n")
            assert source_of(connection, ids[1]) is None

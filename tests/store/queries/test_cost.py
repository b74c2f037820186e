"""Every list is answered from an index: in steps that don't grow with history.

Measured as the steps that SQLite's virtual machine takes: the same on every machine.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy import event as sqlalchemy_event

from store import commands, events, maintenance, metric_points, records
from store.engine import Store
from store.models import task_instance
from store.queries import (
    assets,
    backfills,
    connections,
    dags,
    history,
    instances,
    pools,
    runs,
    system,
    tasks,
    variables,
    versions,
    xcoms,
)
from store.queries.gantt import run_times
from store.queries.grid import grid
from store.states import DagRunState, DagRunType, TaskInstanceState
from tests.support.history import START, task_id_of

Query = Callable[[Connection], Any]
GROWING = (
    "dag_run",
    "task_instance",
    "task_try",
    "event",
    "xcom",
    "resource_sample",
    "metric",
    "asset_event",
    "dagrun_asset_event",
)
SMALL_INDEXES = (
    "ix_task_instance_live",
    "ix_dag_run_active",
    "ix_task_try_open",
    "ix_callback_open",
)
UP_TO_A_LIMIT = (
    "SCAN dag_run USING INDEX ix_dag_run_run_after",
    "SCAN event",
    "SCAN task_instance USING COVERING INDEX sqlite_autoindex_task_instance_1",
)
"""Lists without a choice read their table in its order, newest first, and stop at their limit; so
does a count."""
FAILED = frozenset({DagRunState.FAILED})
MANUAL = frozenset({DagRunType.MANUAL})
A_DAG = "dag_0002"
HOUR = timedelta(hours=1)


def middle(connection: Connection) -> runs.RunKey:
    """Somewhere deep in the list."""
    run = runs.get_run_by_id(connection, 200)
    assert run is not None
    return run.key


QUERIES: dict[str, Query] = {
    "list_dags": dags.list_dags,
    "list_dags by state": lambda c: dags.list_dags(c, dags.DagFilter(states=FAILED), "state"),
    "get_dag": lambda c: dags.get_dag(c, A_DAG),
    "dag_ids": dags.dag_ids,
    "get_structure": lambda c: dags.get_structure(c, A_DAG),
    "source_of": lambda c: dags.source_of(c, A_DAG),
    "import_errors": dags.import_errors,
    "count_states": lambda c: dags.count_states(c, [10, 20]),
    "grid": lambda c: grid(c, A_DAG, runs=10),
    "gantt": lambda c: run_times(c, 30),
    "grid further back": lambda c: grid(c, A_DAG, runs=10, before=middle(c)),
    "all runs": runs.list_runs,
    "all runs, deep": lambda c: runs.list_runs(c, before=middle(c)),
    "runs of a DAG": lambda c: runs.list_runs(c, runs.RunFilter(A_DAG), limit=5),
    "failed runs": lambda c: runs.list_runs(c, runs.RunFilter(states=FAILED), limit=5),
    "failed runs of a DAG": lambda c: runs.list_runs(c, runs.RunFilter(A_DAG, FAILED), limit=5),
    "manual runs": lambda c: runs.list_runs(c, runs.RunFilter(types=MANUAL), limit=5),
    "failed manual runs of a DAG": lambda c: runs.list_runs(
        c, runs.RunFilter(A_DAG, FAILED, MANUAL), limit=3
    ),
    "failed runs of an hour": lambda c: runs.list_runs(
        c,
        runs.RunFilter(states=FAILED, since=START + 9 * HOUR, until=START + 10 * HOUR),
    ),
    "failed runs, deep": lambda c: runs.list_runs(
        c, runs.RunFilter(states=FAILED), limit=5, before=middle(c)
    ),
    "runs of a backfill": lambda c: runs.list_runs(c, runs.RunFilter(backfill_id=1), limit=5),
    "backfills of a DAG": lambda c: backfills.list_backfills(c, A_DAG),
    "runs of backfills by state": lambda c: backfills.run_counts(c, [1, 2]),
    "runs of a DAG of an hour": lambda c: runs.list_runs(
        c, runs.RunFilter(A_DAG, since=START + 9 * HOUR, until=START + 11 * HOUR)
    ),
    "count_runs": lambda c: runs.count_runs(c, most=5),
    "count_runs of a DAG": lambda c: runs.count_runs(c, A_DAG, most=5),
    "get_run": lambda c: runs.get_run(c, A_DAG, "nope"),
    "latest_run": lambda c: runs.latest_run(c, A_DAG),
    "instances of a run": lambda c: tasks.list_instances(c, 30),
    "failed instances of a run": lambda c: tasks.list_instances(
        c, 30, states=[TaskInstanceState.FAILED, None]
    ),
    "a page of instances": lambda c: tasks.list_instances(
        c, 30, limit=2, after=(task_id_of(1), -1)
    ),
    "get_instance": lambda c: tasks.get_instance(c, 30, task_id_of(2)),
    "task_history": lambda c: tasks.task_history(c, A_DAG, task_id_of(2), limit=10),
    "the past of a DAG": lambda c: history.past_of(c, A_DAG, runs=10),
    "days of a DAG": lambda c: history.tally_days(
        c, A_DAG, [START + HOUR * 24 * day for day in range(3)]
    ),
    "tasks over runs": lambda c: instances.newest_instances(c, limit=20),
    "tasks of a DAG over runs": lambda c: instances.newest_instances(
        c, instances.InstanceFilter((A_DAG,)), limit=20
    ),
    "a task over runs": lambda c: instances.newest_instances(
        c, instances.InstanceFilter((A_DAG,), task_id_of(2)), limit=20
    ),
    "tasks over runs, none": lambda c: instances.newest_instances(
        c, instances.InstanceFilter(states=frozenset({TaskInstanceState.REMOVED}))
    ),
    "tasks over runs, deep": lambda c: instances.newest_instances(
        c, before=instances.InstanceKey(*middle(c), 0), limit=20
    ),
    "some tasks of runs": lambda c: instances.get_placed(c, [3, 9]),
    "count_instances": lambda c: instances.count_instances(c, most=5),
    "count_instances of a task": lambda c: instances.count_instances(
        c, A_DAG, task_id_of(2), most=5
    ),
    "tags of DAGs": dags.tags_of_dags,
    "list_tries": lambda c: tasks.list_tries(c, 30),
    "latest_try": lambda c: tasks.latest_try(c, 30),
    "list_xcoms": lambda c: tasks.list_xcoms(c, 30, task_id_of(1), -1, max_bytes=10),
    "XComs of all DAGs": lambda c: xcoms.newest_xcoms(c, limit=20, seconds=60),
    "XComs of a DAG": lambda c: xcoms.newest_xcoms(
        c, xcoms.XComFilter(A_DAG), limit=20, seconds=60
    ),
    "a version": lambda c: versions.get_version(c, A_DAG, 1),
    "numbers of versions": lambda c: versions.version_numbers(c, A_DAG),
    "resource_samples": lambda c: tasks.resource_samples(c, 30),
    "list_pools": pools.list_pools,
    "list_assets": assets.list_assets,
    "events of an asset": lambda c: assets.list_events(c, 1, limit=20),
    "assets of a schedule": lambda c: assets.schedule_assets(c, A_DAG),
    "variables": variables.list_variables,
    "connections": connections.list_connections,
    "lease": system.get_lease,
    "activity": system.activity,
    "sizes": system.sizes,
    "parse_times": system.parse_times,
    "all events": events.list_events,
    "events of a DAG": lambda c: events.list_events(c, dag_id=A_DAG, limit=10),
    "events of a run": lambda c: events.list_events(c, dag_run_id=30),
    "events of a kind": lambda c: events.list_events(c, kind="run_failed", limit=10),
    "a command": lambda c: commands.get_command(c, 1),
    "next id": lambda c: records.next_id(c, task_instance),
    "old logs": lambda c: maintenance.ended_before(c, [1, 2, 3], START),
    "metrics": lambda c: metric_points.summaries(c, 1),
}

named = pytest.mark.parametrize("name", QUERIES)


def statements_of(store: Store, query: Query) -> list[tuple[str, Any]]:
    """What the query asks for, with its parameters."""
    seen: list[tuple[str, Any]] = []

    def remember(connection: Any, cursor: Any, sql: str, parameters: Any, *_: Any) -> None:
        if sql.startswith("SELECT"):
            seen.append((sql, parameters))

    sqlalchemy_event.listen(store.engine, "before_cursor_execute", remember)
    try:
        with store.read() as connection:
            query(connection)
    finally:
        sqlalchemy_event.remove(store.engine, "before_cursor_execute", remember)
    return seen


def plans(store: Store, query: Query) -> list[str]:
    """What SQLite would do for every statement that the query executes."""
    seen = statements_of(store, query)
    with store.read() as connection:
        return [
            row[3]
            for sql, parameters in seen
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", parameters)
        ]


def rows_read(store: Store, query: Query) -> list[int]:
    """How many rows each statement gives that the query executes."""
    seen = statements_of(store, query)
    with store.read() as connection:
        return [len(connection.exec_driver_sql(sql, parameters).all()) for sql, parameters in seen]


def steps(store: Store, query: Query) -> int:
    """Tens of steps of the virtual machine."""
    taken = 0

    def tick() -> int:
        nonlocal taken
        taken += 1
        return 0

    with store.read() as connection:
        raw: Any = connection.connection.dbapi_connection
        raw.set_progress_handler(tick, 10)
        try:
            query(connection)
        finally:
            raw.set_progress_handler(None, 0)
    return taken


def reads_all(line: str) -> bool:
    """Whether a line of a plan reads something that grows from end to end."""
    words = line.split()
    grows = words[0] == "SCAN" and words[1] in GROWING and words[-1] not in SMALL_INDEXES
    return grows and line not in UP_TO_A_LIMIT


@named
def test_nothing_that_grows_is_read_from_end_to_end(little: Store, name: str) -> None:
    assert [line for line in plans(little, QUERIES[name]) if reads_all(line)] == []


@named
def test_the_steps_do_not_grow_with_history(little: Store, much: Store, name: str) -> None:
    few, many = steps(little, QUERIES[name]), steps(much, QUERIES[name])
    assert many <= few * 1.2 + 20, f"{name}: {few} steps became {many}"


def test_a_list_of_dags_is_five_queries_and_a_grid_three(little: Store) -> None:
    for query, most in ((dags.list_dags, 5), (QUERIES["grid"], 3)):
        statements: list[str] = []

        def count(*arguments: Any, into: list[str] = statements) -> None:
            if arguments[2].startswith("SELECT"):
                into.append(arguments[2])

        sqlalchemy_event.listen(little.engine, "before_cursor_execute", count)
        try:
            with little.read() as connection:
                query(connection)
        finally:
            sqlalchemy_event.remove(little.engine, "before_cursor_execute", count)
        assert len(statements) <= most


def test_plans_stay_good_once_sqlite_has_gathered_statistics(
    little: Store, much: Store, tmp_path: Any
) -> None:
    """``VACUUM`` is followed by ``PRAGMA optimize``: its figures must not lead to worse plans."""
    from store.engine import open_file

    copies = []
    for store in (little, much):
        copy = open_file(maintenance.backup(store, tmp_path / f"{id(store)}.db"))
        raw = copy.connect_outside()
        raw.exec_driver_sql("ANALYZE")
        raw.close()
        copies.append(copy)
    grown = {
        name: (few, many)
        for name, query in QUERIES.items()
        if (many := steps(copies[1], query)) > (few := steps(copies[0], query)) * 1.2 + 20
    }
    for copy in copies:
        copy.close()
    assert grown == {}

"""Runs: every choice of them, in pages that miss none and repeat none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from store.engine import Store
from store.models import dag_run
from store.queries import runs
from store.queries.runs import RunFilter, RunRow
from store.states import DagRunState, DagRunType
from tests.support.history import START, fill

filters = st.builds(
    RunFilter,
    dag_id=st.none() | st.sampled_from(["dag_0000", "dag_0003", "nope"]),
    states=st.frozensets(st.sampled_from(DagRunState)),
    types=st.frozensets(st.sampled_from(DagRunType)),
    since=st.none() | st.integers(0, 90).map(lambda hours: START + timedelta(hours=hours)),
    until=st.none() | st.integers(0, 90).map(lambda hours: START + timedelta(hours=hours)),
)


def passes(run: RunRow, wanted: RunFilter) -> bool:
    return (
        (wanted.dag_id is None or run.dag_id == wanted.dag_id)
        and (not wanted.states or run.state in wanted.states)
        and (not wanted.types or run.run_type in wanted.types)
        and (wanted.since is None or run.run_after >= wanted.since)
        and (wanted.until is None or run.run_after < wanted.until)
    )


@given(wanted=filters, limit=st.integers(25, 200))
@settings(max_examples=40)
def test_pages_together_are_all_runs_that_pass_newest_first(
    little: Store, wanted: RunFilter, limit: int
) -> None:
    with little.read() as connection:
        everything = runs.list_runs(connection, limit=10_000).rows
        expected = [run for run in everything if passes(run, wanted)]
        expected.sort(key=lambda run: run.key, reverse=True)
        found: list[RunRow] = []
        before = None
        while True:
            page = runs.list_runs(connection, wanted, limit=limit, before=before)
            found.extend(page.rows)
            assert len(page.rows) <= limit
            before = page.next
            if before is None:
                break
            assert len(page.rows) == limit
        assert found == expected


def test_a_run_is_shown_whole(any_store: Store) -> None:
    fill(any_store, dags=1, runs=3, tasks=1)
    with any_store.write() as connection:
        values = {"conf": {"alpha": [0.1]}, "note": "odd", "triggered_by": "anna"}
        connection.execute(update(dag_run).where(dag_run.c.id == 2).values(values))
    with any_store.read() as connection:
        run = runs.get_run_by_id(connection, 2)
        assert run is not None
        assert run == runs.get_run(connection, "dag_0000", run.run_id)
        assert sorted(one.id for one in runs.get_runs(connection, [2, 3, 99])) == [2, 3]
        latest = runs.latest_run(connection, "dag_0000")
    assert (run.conf, run.note, run.triggered_by) == ({"alpha": [0.1]}, "odd", "anna")
    assert (run.state, run.run_type, run.version) == (
        DagRunState.SUCCESS,
        DagRunType.SCHEDULED,
        1,
    )
    assert run.duration == 300.0
    assert run.logical_date == START + timedelta(hours=1)
    assert latest is not None
    assert (latest.id, latest.state, latest.duration) == (3, DagRunState.RUNNING, None)


def test_runs_that_are_not_there(any_store: Store) -> None:
    with any_store.read() as connection:
        assert runs.get_run(connection, "a", "b") is None
        assert runs.get_run_by_id(connection, 1) is None
        assert runs.latest_run(connection, "a") is None
        assert runs.get_runs(connection, []) == []
        assert runs.list_runs(connection) == runs.RunPage((), None)


@pytest.mark.postgres
def test_pages_follow_each_other_on_both_databases(any_store: Store) -> None:
    fill(any_store, dags=2, runs=20, tasks=1)
    failed = RunFilter(states=frozenset({DagRunState.FAILED, DagRunState.RUNNING}))
    with any_store.read() as connection:
        first = runs.list_runs(connection, failed, limit=4)
        second = runs.list_runs(connection, failed, limit=4, before=first.next)
    ids = [run.id for run in first.rows + second.rows]
    assert len(ids) == 8
    assert ids == sorted(set(ids), reverse=True)


def test_runs_are_counted_by_state_up_to_a_limit(any_store: Store) -> None:
    fill(any_store, dags=2, runs=12, tasks=1)
    with any_store.read() as connection:
        everything = runs.list_runs(connection, limit=100).rows
        of_all = runs.count_runs(connection)
        of_one = runs.count_runs(connection, "dag_0001")
        limited = runs.count_runs(connection, most=3)
        none = runs.count_runs(connection, "nope")
    for state in DagRunState:
        states = [run.state for run in everything]
        assert of_all[state] == states.count(state)
        assert limited[state] == min(3, states.count(state))
        assert of_one[state] == sum(
            run.state == state for run in everything if run.dag_id == "dag_0001"
        )
    assert set(none.values()) == {0}


def test_the_places_of_runs_down_to_one_are_those_of_the_list(little: Store) -> None:
    with little.read() as connection:
        rows = runs.list_runs(connection, RunFilter("dag_0000"), limit=10_000).rows
        keys = [run.key for run in rows]
        assert runs.keys_down_to(connection, "dag_0000") == keys
        assert runs.keys_down_to(connection, "dag_0000", keys[3]) == keys[:4]
        assert runs.keys_down_to(connection, "nope") == []

"""Task instances across runs: every choice of them, in windows that miss none and repeat none."""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from store.engine import Store
from store.models import task_instance
from store.queries import instances, runs
from store.queries.instances import NAMES, InstanceFilter, Part, PlacedInstance, newest_instances
from store.states import TaskInstanceState
from tests.support.history import fill, task_id_of

STATES = (TaskInstanceState.SUCCESS, TaskInstanceState.FAILED, TaskInstanceState.RUNNING, None)
DAGS = ["dag_0000", "dag_0003", "nope"]

parts = st.sampled_from(
    [
        Part(("task_id",), "sk_00"),
        Part(("task_id",), "task_001", is_whole=True),
        Part(("task_id",), "task_00", is_whole=True),
        Part(("pool",), "gpu"),
        Part(("pool",), "gpu", is_negated=True),
        Part(NAMES, "dag_0003"),
        Part(NAMES, "fail", is_negated=True),
        Part(("note",), "%"),
    ]
)
filters = st.builds(
    InstanceFilter,
    dag_ids=st.none() | st.lists(st.sampled_from(DAGS), unique=True).map(tuple),
    task_id=st.none() | st.sampled_from([task_id_of(1), "nope"]),
    states=st.frozensets(st.sampled_from(STATES)),
    parts=st.lists(parts, max_size=2).map(tuple),
    least=st.none() | st.sampled_from([0.0, 50.0, 1e9]),
    most=st.none() | st.sampled_from([0.0, 50.0, 1e9]),
)


def passes(one: PlacedInstance, wanted: InstanceFilter) -> bool:
    row, seconds = one.instance, one.instance.duration
    texts = {name: str(getattr(row, name, None) or "") for name in (*NAMES, "pool")}
    texts["run_id"] = one.run_id

    def holds(part: Part) -> bool:
        values = [texts[name].lower() for name in part.columns]
        found = any(part.text == v if part.is_whole else part.text in v for v in values)
        return found is not part.is_negated

    return (
        (wanted.dag_ids is None or row.dag_id in wanted.dag_ids)
        and wanted.task_id in (None, row.task_id)
        and (not wanted.states or row.state in wanted.states)
        and all(holds(part) for part in wanted.parts)
        and (seconds is None or wanted.least is None or seconds >= wanted.least)
        and (seconds is None or wanted.most is None or seconds <= wanted.most)
    )


def windows(connection: Any, wanted: InstanceFilter, limit: int) -> list[PlacedInstance]:
    """All windows together, from the newest on."""
    found: list[PlacedInstance] = []
    before = None
    while True:
        page = newest_instances(connection, wanted, limit=limit, before=before)
        found.extend(page.rows)
        assert len(page.rows) <= limit
        assert before is None or page.next is None or page.next < before
        before = page.next
        if before is None:
            return found


@given(wanted=filters, limit=st.integers(100, 700))
@settings(max_examples=30)
def test_windows_together_are_all_that_pass_newest_runs_first(
    little: Store, wanted: InstanceFilter, limit: int
) -> None:
    with little.read() as connection:
        ids = list(connection.execute(select(task_instance.c.id)).scalars())
        everything = instances.get_placed(connection, ids)
        expected = [one for one in everything if passes(one, wanted)]
        assert windows(connection, wanted, limit) == sorted(
            expected, key=attrgetter("key"), reverse=True
        )


def test_windows_are_the_same_on_every_database(any_store: Store) -> None:
    fill(any_store, dags=3, runs=4, tasks=3)
    chosen = (task_instance.c.task_id == task_id_of(1), task_instance.c.dag_id == "dag_0001")
    with any_store.write() as connection:
        values = {"note": "50%_Off", "pool": "GPU", "state": None}
        connection.execute(update(task_instance).where(*chosen).values(values))
    with any_store.read() as connection:
        newest = runs.list_runs(connection).rows
        rows = windows(connection, InstanceFilter(), 5)
        assert [row.instance.dag_run_id for row in rows] == [
            run.id for run in newest for _ in range(3)
        ]
        assert [row.instance.task_id for row in rows[:3]] == [task_id_of(n) for n in (2, 1, 0)]
        for wanted in (
            InstanceFilter(parts=(Part(("note",), "50%_off"),)),
            InstanceFilter(parts=(Part(("pool",), "gpu", is_whole=True),)),
            InstanceFilter(parts=(Part(NAMES, "%_o"), Part(NAMES, "dag_0001"))),
            InstanceFilter(("dag_0001",), task_id_of(1), frozenset({None})),
        ):
            found = windows(connection, wanted, 3)
            assert {row.instance.note for row in found} == {"50%_Off"}
            assert len(found) == 4
        negated = InstanceFilter(parts=(Part(("note",), "off", is_negated=True),))
        assert len(windows(connection, negated, 7)) == 3 * 4 * 3 - 4
        assert instances.count_instances(connection) == 36
        assert instances.count_instances(connection, most=20) == 20
        assert instances.count_instances(connection, "dag_0001", task_id_of(1)) == 4
        again = instances.get_placed(connection, [rows[0].id, 10**6])
    assert again == [rows[0]]


def test_a_window_looks_through_so_many_runs_and_says_where_to_go_on(
    little: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(instances, "CHUNKS", (1, 2))
    with little.read() as connection:
        nothing = InstanceFilter(parts=(Part(NAMES, "nothing"),))
        first = newest_instances(connection, nothing)
        newest = runs.list_runs(connection, limit=4).rows
        assert first.rows == ()
        assert first.next is not None
        assert first.next.dag_run_id == newest[2].id
        assert first.newest is not None
        assert first.newest > first.next
        rest = newest_instances(connection, before=first.next, limit=1)
        assert rest.rows[0].instance.dag_run_id == newest[3].id

"""The grid: rows from the structure, columns from the runs, one state where they cross."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import insert, update

from store.engine import Store
from store.models import dag, dag_version, task_instance
from store.queries.cells import STATE_PRIORITY, Cell, sum_of
from store.queries.grid import Grid, grid, structure_rows
from store.queries.runs import keys_down_to
from store.states import DagRunState, DagRunType, TaskInstanceState
from store.structure import (
    DagStructure,
    Expansion,
    GroupStructure,
    LiteralLength,
    TaskStructure,
    encode_structure,
)
from tests.support.history import START, fill

SUCCESS, FAILED = TaskInstanceState.SUCCESS, TaskInstanceState.FAILED


def task(task_id: str, **values: object) -> TaskStructure:
    return TaskStructure(task_id=task_id, operator="@task", **values)  # type: ignore[arg-type]


GROUPED = DagStructure(
    dag_id="dag_0000",
    file="f",
    tasks=[task("load"), task("fit.inner.a"), task("fit.b", label="b"), task("task_000")],
    groups=[
        GroupStructure(
            "fit",
            "fit",
            children=["fit.inner", "fit.b"],
            expansion=Expansion([("x", LiteralLength(2))]),
        ),
        GroupStructure("fit.inner", "inner", parent="fit", children=["fit.inner.a"]),
    ],
    roots=["load", "fit", "task_000"],
)


def the_grid(store: Store, *, runs: int = 25) -> Grid:
    with store.read() as connection:
        found = grid(connection, "dag_0000", runs=runs)
    assert found is not None
    return found


def test_rows_follow_the_file_with_groups_opened() -> None:
    rows = structure_rows(GROUPED)
    assert [(row.kind, row.id, row.depth, row.parent) for row in rows] == [
        ("task", "load", 0, None),
        ("group", "fit", 0, None),
        ("group", "fit.inner", 1, "fit"),
        ("task", "fit.inner.a", 2, "fit.inner"),
        ("task", "fit.b", 1, "fit"),
        ("task", "task_000", 0, None),
    ]
    assert [row.task_ids for row in rows][1:3] == [("fit.inner.a", "fit.b"), ("fit.inner.a",)]
    assert [row.is_mapped for row in rows] == [False, True, True, True, True, False]
    assert rows[4].label == "b"


def test_rows_follow_the_work_where_the_file_does_not() -> None:
    structure = DagStructure(
        dag_id="d",
        file="f",
        tasks=[task("first"), task("g.second"), task("third")],
        groups=[GroupStructure("g", "g", children=["g.second"]), GroupStructure("empty", "empty")],
        roots=["third", "empty", "g", "first"],
    )
    assert [row.id for row in structure_rows(structure)] == [
        "first",
        "g",
        "g.second",
        "third",
        "empty",
    ]


def test_a_grid_has_the_newest_runs_oldest_first_and_can_go_back(any_store: Store) -> None:
    fill(any_store, dags=2, runs=12, tasks=2)
    with any_store.read() as connection:
        newest = grid(connection, "dag_0001", runs=5)
        assert newest is not None
        older = grid(connection, "dag_0001", runs=5, before=newest.older)
        assert older is not None
        oldest = grid(connection, "dag_0001", runs=5, before=older.older)
        assert oldest is not None
        assert grid(connection, "nope") is None
    hours = [
        [(run.run_after - START) // timedelta(hours=1) for run in one.runs]
        for one in (oldest, older, newest)
    ]
    assert hours == [[1, 2], [3, 4, 5, 6, 7], [8, 9, 10, 11, 12]]
    assert oldest.older is None
    assert newest.runs[-1].state is DagRunState.RUNNING
    assert newest.runs[0].duration == 300.0


def test_a_cell_has_the_state_of_its_task_instance(any_store: Store) -> None:
    fill(any_store, dags=1, runs=4, tasks=4)
    found = the_grid(any_store)
    failed, running = found.runs[3 - 0], found.runs[-1]
    assert failed is running  # number 3 would have failed, but it is the one that runs
    states = [found.cell(running, row) for row in found.rows]
    assert [cell.state for cell in states if cell] == [
        SUCCESS,
        SUCCESS,
        TaskInstanceState.RUNNING,
        None,
    ]
    first = states[0]
    assert first is not None
    assert (first.try_number, first.instances, first.is_mapped) == (1, 1, False)
    assert first.started_at == START + timedelta(hours=3)
    assert first.ended_at == START + timedelta(hours=3, seconds=1)


def test_mapped_instances_share_a_cell_that_counts_them(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=1, live=False)
    with any_store.write() as connection:
        row = {"dag_run_id": 1, "dag_id": "dag_0000", "task_id": "task_000", "try_number": 2,
               "max_tries": 0, "pool": "p", "pool_slots": 1}  # fmt: skip
        connection.execute(
            insert(task_instance),
            [
                {**row, "map_index": index, "state": state}
                for index, state in enumerate(["failed", "success", "running", "failed", None])
            ],
        )
    found = the_grid(any_store)
    cell = found.cell(found.runs[0], found.rows[0])
    assert cell is not None
    assert cell.state is FAILED
    assert cell.counts == {FAILED: 2, SUCCESS: 2, TaskInstanceState.RUNNING: 1, None: 1}
    assert (cell.instances, cell.is_mapped, cell.try_number) == (6, True, 2)


def test_a_group_stands_for_the_tasks_in_it_and_a_task_that_is_gone_is_shown(
    store: Store,
) -> None:
    fill(store, dags=1, runs=1, tasks=3, live=False)
    with store.write() as connection:
        connection.execute(
            insert(dag_version),
            {"id": 2, "dag_id": "dag_0000", "number": 2, "digest": "grouped",
             "structure": encode_structure(GROUPED).decode(), "created_at": START,
             "source_digest": "source of dag_0000"},
        )  # fmt: skip
        connection.execute(update(dag).values(version_id=2))
        names = task_instance.c.task_id
        connection.execute(update(task_instance).where(names == "task_001").values(task_id="fit.b"))
    found = the_grid(store)
    assert found.version == 2
    assert [(row.id, row.is_gone) for row in found.rows][-2:] == [
        ("task_000", False),
        ("task_002", True),
    ]
    by_id = {row.id: found.cell(found.runs[0], row) for row in found.rows}
    fit = by_id["fit"]
    assert fit is not None
    assert fit.counts == {SUCCESS: 1}
    assert by_id["fit.inner"] is None
    assert by_id["load"] is None


def test_equal_snapshots_are_equal(store: Store) -> None:
    fill(store, dags=1, runs=3, tasks=3)
    assert the_grid(store) == the_grid(store)
    before = the_grid(store)
    with store.write() as connection:
        changed = update(task_instance).where(task_instance.c.id == 9)
        connection.execute(changed.values(state="queued"))
    assert the_grid(store) != before


def test_a_dag_without_runs_or_version_has_rows_or_none(store: Store) -> None:
    fill(store, dags=1, runs=0, tasks=2)
    found = the_grid(store)
    assert (len(found.rows), found.runs, found.cells) == (2, (), {})
    with store.write() as connection:
        connection.execute(update(dag).values(version_id=None))
    assert the_grid(store).rows == ()


counts = st.dictionaries(st.sampled_from(STATE_PRIORITY), st.integers(1, 9), min_size=1)


@given(several=st.lists(counts, max_size=6))
def test_a_sum_of_cells_has_the_most_urgent_state_and_all_counts(
    several: list[dict[TaskInstanceState | None, int]],
) -> None:
    cells = [Cell(min(one, key=STATE_PRIORITY.index), one) for one in several]
    total = sum_of(cells)
    if not several:
        assert total is None
        return
    assert total is not None
    assert total.instances == sum(sum(one.values()) for one in several)
    assert total.state == min({state for one in several for state in one}, key=STATE_PRIORITY.index)


def test_every_state_has_its_place_in_the_order() -> None:
    assert set(STATE_PRIORITY) == {None, *TaskInstanceState}
    assert len(STATE_PRIORITY) == len(set(STATE_PRIORITY))


def test_a_grid_has_only_runs_of_the_states_and_types_that_are_wanted(any_store: Store) -> None:
    fill(any_store, dags=1, runs=40, tasks=1)
    failed, backfill = DagRunState.FAILED, DagRunType.BACKFILL
    with any_store.read() as connection:
        found = grid(connection, "dag_0000", runs=99, states=(failed,))
        none = grid(connection, "dag_0000", runs=99, types=(backfill,))
        keys = keys_down_to(connection, "dag_0000", states=(failed,))
        assert keys_down_to(connection, "dag_0000", types=(backfill,)) == []
    assert found is not None
    assert none is not None
    assert {run.state for run in found.runs} == {failed}
    assert [run.key for run in reversed(found.runs)] == keys
    assert none.runs == ()
    assert {run.version for run in found.runs} == {1}


def test_what_ran_again_long_after_the_others_does_not_count_the_time_between() -> None:
    minute, second = 60_000_000, 1_000_000
    first = Cell(SUCCESS, {SUCCESS: 4}, True, 1, minute, minute + second, 1.5)
    later = Cell(FAILED, {FAILED: 2}, True, 2, 11 * minute, 11 * minute + second, 1.0)
    total = sum_of([first, later])
    assert total is not None
    assert total.took == 2.5
    assert total.has_pauses
    assert not first.has_pauses
    assert first.took == 1.0, "at the same time: from the first start to the last end"
    assert Cell(SUCCESS, {SUCCESS: 1}, False, 1, minute, 2 * minute, 1.0).took == 60.0, (
        "one, as it says"
    )
    assert Cell(None, {None: 3}, True).took is None
    running = TaskInstanceState.RUNNING
    going_on = Cell(running, {SUCCESS: 1, running: 1}, True, 1, minute, 11 * minute, 1.0)
    assert not going_on.has_pauses, "one runs all the time"
    assert not first._replace(ended=minute + 2 * second).has_pauses, "begun one after the other"


def test_cells_of_mapped_tasks_know_how_long_their_instances_ran(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=3, live=False)
    with any_store.write() as connection:
        rows = task_instance.c
        values = {"task_id": "task_000", "map_index": rows.id, "duration": 2.0}
        connection.execute(update(task_instance).values(values))
        connection.execute(
            update(task_instance)
            .where(rows.id == 3)
            .values(ended_at=START + timedelta(days=1), state="failed")
        )
    (cell,) = the_grid(any_store).cells.values()
    assert cell.instances == 3
    assert cell.took == 6.0

"""What runs, what failed and what comes next; and how the store grows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from store.engine import Store, open_store
from store.models import dag, dag_run, event, pipeline_file, task_instance, task_try
from store.queries import health, home
from store.states import DagRunState, TaskInstanceState
from store.workspace import Workspace
from tests.store.queries import test_cost as cost
from tests.support.history import START, fill, task_id_of

HOUR = timedelta(hours=1)
QUERIES: dict[str, Callable[[Connection], Any]] = {
    "running": home.running_runs,
    "queued": home.queued_count,
    "failures": lambda c: home.failures(c, limit=5),
    "failures of a day": lambda c: home.failures(c, since=START + timedelta(days=60), limit=5),
    "due": home.due_runs,
    "totals": lambda c: home.totals(c, START + timedelta(days=60)),
    "growth": lambda c: health.growth(c, START + timedelta(days=60)),
    "growth of a day": lambda c: health.growth(c, START + timedelta(hours=30)),
}


def change(store: Store, table: Any, condition: Any, **values: Any) -> None:
    with store.write() as connection:
        connection.execute(update(table).where(condition).values(values))


def a_run(store: Store, state: DagRunState) -> Any:
    with store.read() as connection:
        columns = dag_run.c
        query = select(dag_run).where(columns.state == state.value).order_by(columns.id)
        return connection.execute(query).first()


@pytest.mark.parametrize("name", QUERIES)
def test_home_reads_indexes_alone(little: Store, much: Store, name: str) -> None:
    query = QUERIES[name]
    assert [line for line in cost.plans(little, query) if cost.reads_all(line)] == []
    few, many = cost.steps(little, query), cost.steps(much, query)
    assert many <= few * 1.2 + 20, f"{name}: {few} steps became {many}"


def test_an_empty_store_has_nothing_to_tell(any_store: Store) -> None:
    with any_store.read() as connection:
        assert home.running_runs(connection) == ()
        assert home.queued_count(connection) == 0
        assert home.failures(connection) == ()
        assert home.due_runs(connection) == ()
        assert health.growth(connection, START) is None


def test_a_running_run_tells_how_far_it_is_and_how_long_it_takes(any_store: Store) -> None:
    fill(any_store, dags=2, runs=6, tasks=4)
    with any_store.read() as connection:
        runs = home.running_runs(connection)
    assert [run.dag_id for run in runs] == ["dag_0000", "dag_0001"]
    assert (runs[0].done, runs[0].total, runs[0].failed) == (2, 4, 0)
    assert runs[0].expected == 300.0


def test_queued_runs_are_counted(any_store: Store) -> None:
    fill(any_store, dags=2, runs=6, tasks=4)
    change(any_store, dag_run, dag_run.c.state == "running", state="queued")
    with any_store.read() as connection:
        assert home.queued_count(connection) == 2
        assert home.running_runs(connection) == ()


def test_failures_are_tasks_with_their_error_newest_first(any_store: Store) -> None:
    fill(any_store, dags=1, runs=20, tasks=2)
    with any_store.write() as connection:
        connection.execute(
            update(task_try)
            .where(task_try.c.state == "failed")
            .values(error_type="builtins.ValueError", error_message="too big\nby far")
        )
    with any_store.read() as connection:
        found = home.failures(connection)
    assert len(found) >= 2
    assert [one.at for one in found] == sorted((one.at for one in found), reverse=True)
    assert {one.error for one in found} == {"ValueError: too big"}
    assert all(one.task_id is not None and one.instances == 1 for one in found)
    with any_store.read() as connection:
        of_one = home.failures(connection, limit=1)
    assert of_one[0] == found[0]
    assert {one.task_id for one in of_one} == {found[0].task_id}


def test_a_run_that_failed_without_a_task_says_why(any_store: Store) -> None:
    fill(any_store, dags=1, runs=3, tasks=2, live=False)
    run = a_run(any_store, DagRunState.SUCCESS)
    change(any_store, dag_run, dag_run.c.id == run.id, state="failed")
    change(any_store, task_instance, task_instance.c.dag_run_id == run.id, state="skipped")
    with any_store.write() as connection:
        connection.execute(
            insert(event),
            {"at": START, "kind": "run_failed", "actor": "runner", "dag_run_id": run.id,
             "message": "the run took longer than 5 s"},
        )  # fmt: skip
    with any_store.read() as connection:
        found = [one for one in home.failures(connection) if one.dag_run_id == run.id]
    assert [(one.task_id, one.error) for one in found] == [(None, "the run took longer than 5 s")]
    assert found[0].at == run.ended_at


def test_a_task_that_failed_in_a_run_that_goes_on_is_a_failure(any_store: Store) -> None:
    fill(any_store, dags=1, runs=2, tasks=3)
    run = a_run(any_store, DagRunState.RUNNING)
    ours = task_instance.c.dag_run_id == run.id
    first = task_instance.c.task_id == task_id_of(0)
    late = START + timedelta(days=9)
    change(any_store, task_instance, ours & first, state="failed", ended_at=late)
    with any_store.read() as connection:
        newest = home.failures(connection)[0]
    assert (newest.task_id, newest.dag_run_id, newest.at) == (task_id_of(0), run.id, late)


def test_failed_instances_of_a_mapped_task_are_one_failure(any_store: Store) -> None:
    fill(any_store, dags=1, runs=2, tasks=3)
    run = a_run(any_store, DagRunState.RUNNING)
    table = task_instance
    with any_store.write() as connection:
        ids = connection.execute(
            select(table.c.id).where(table.c.dag_run_id == run.id).order_by(table.c.id)
        ).scalars()
        for index, key in enumerate(list(ids)):
            values = {
                "task_id": "train",
                "map_index": index,
                "state": TaskInstanceState.FAILED.value,
                "ended_at": START + index * HOUR,
            }
            connection.execute(update(table).where(table.c.id == key).values(values))
    with any_store.read() as connection:
        (found,) = [one for one in home.failures(connection) if one.dag_run_id == run.id]
    assert (found.task_id, found.map_index, found.instances) == ("train", 0, 3)
    assert found.at == START + 2 * HOUR


def test_a_task_that_failed_in_a_run_that_was_a_success_is_a_failure(any_store: Store) -> None:
    fill(any_store, dags=1, runs=6, tasks=3, live=False)
    run = a_run(any_store, DagRunState.SUCCESS)
    ours = task_instance.c.dag_run_id == run.id
    first = task_instance.c.task_id == task_id_of(0)
    late = run.started_at + timedelta(minutes=2)
    change(any_store, task_instance, ours & first, state="failed", ended_at=late)
    with any_store.read() as connection:
        found = home.failures(connection, since=run.started_at)
        after = home.failures(connection, since=run.started_at + timedelta(seconds=1))
    ours_found = [one for one in found if one.dag_run_id == run.id]
    assert [(one.task_id, one.at) for one in ours_found] == [(task_id_of(0), late)]
    assert [one for one in found if one not in ours_found] == list(after)


def test_due_are_dags_that_are_on_and_can_be_imported(any_store: Store) -> None:
    fill(any_store, dags=4, runs=0)
    change(any_store, dag, dag.c.dag_id == "dag_0000", is_paused=True)
    change(any_store, dag, dag.c.dag_id == "dag_0001", next_run_after=START)
    change(any_store, pipeline_file, pipeline_file.c.file == "dags/dag_0002.py", error="no")
    change(any_store, dag, dag.c.dag_id.in_(["dag_0001", "dag_0003"]), is_paused=False)
    with any_store.read() as connection:
        due = home.due_runs(connection)
    assert [one.dag_id for one in due] == ["dag_0001", "dag_0003"]
    assert due[0].at == START


def test_growth_is_what_the_last_day_added(any_store: Store) -> None:
    fill(any_store, dags=1, runs=48, tasks=3, live=False)
    now = START + 48 * HOUR
    with any_store.read() as connection:
        found = health.growth(connection, now)
        assert health.growth(connection, START + 2 * HOUR) is None
    assert found is not None
    assert found.dag_runs == 24
    assert found.task_instances == 72
    assert 20 <= found.events <= 26


def test_what_a_user_ended_himself_is_said_so(any_store: Store) -> None:
    fill(any_store, dags=1, runs=20, tasks=2, live=False)
    change(
        any_store,
        task_try,
        task_try.c.state == "failed",
        reason="killed by ann",
        error_type="airflow.TaskTerminated",
    )
    with any_store.read() as connection:
        found = home.failures(connection)
    assert {(one.error, one.by_hand) for one in found} == {("killed by ann", True)}


@pytest.mark.parametrize(
    ("later", "said"),
    [((), ("cancelled by ann", True)), ((("run_failed", "it broke"),), ("it broke", False))],
)
def test_a_run_that_a_user_cancelled_is_said_so_until_it_fails_again(
    any_store: Store, later: tuple[tuple[str, str], ...], said: tuple[str, bool]
) -> None:
    fill(any_store, dags=1, runs=3, tasks=2, live=False)
    run = a_run(any_store, DagRunState.SUCCESS)
    change(any_store, dag_run, dag_run.c.id == run.id, state="failed")
    change(any_store, task_instance, task_instance.c.dag_run_id == run.id, state="skipped")
    told = (("run_marked", "cancelled by ann"), ("run_failed", "marked failed"), *later)
    with any_store.write() as connection:
        for kind, message in told:
            connection.execute(
                insert(event),
                {"at": START, "kind": kind, "actor": "ann", "dag_run_id": run.id,
                 "message": message},
            )  # fmt: skip
    with any_store.read() as connection:
        found = [one for one in home.failures(connection) if one.dag_run_id == run.id]
    assert [(one.error, one.by_hand) for one in found] == [said]


def end_by_hand(store: Store, ids: Sequence[int], *told: tuple[str, str]) -> None:
    """These runs failed because a user ended them: the audit trail has ``told`` of each."""
    change(store, dag_run, dag_run.c.id.in_(ids), state="failed", run_type="backfill")
    change(store, task_instance, task_instance.c.dag_run_id.in_(ids), state="skipped")
    with store.write() as connection:
        for run in ids:
            for kind, message in told:
                row = {"at": START, "kind": kind, "actor": "ann", "dag_run_id": run}
                connection.execute(insert(event), row | {"message": message})


def test_how_many_runs_users_ended_does_not_slow_the_failures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(home, "LOOKED_AT", 30)
    taken: list[int] = []
    for runs in (60, 600):
        with open_store(Workspace(tmp_path / str(runs)), create=True) as store:
            fill(store, dags=1, runs=runs, tasks=1, live=False)
            with store.read() as connection:
                ids = connection.execute(select(dag_run.c.id)).scalars().all()
            marked = (("run_marked", "cancelled by ann"), ("run_failed", "marked failed"))
            end_by_hand(store, ids, *marked)
            taken.append(cost.steps(store, QUERIES["failures"]))
    assert taken[1] <= taken[0] * 1.2 + 20, f"{taken[0]} steps became {taken[1]}"


@pytest.mark.parametrize("how", ["backfill", "each"])
def test_what_failed_is_not_hidden_by_hundreds_that_a_user_ended(
    any_store: Store, how: str
) -> None:
    fill(any_store, dags=1, runs=240, tasks=1, live=False)
    with any_store.read() as connection:
        real = [one.dag_run_id for one in home.failures(connection) if not one.by_hand][-1]
        ids = connection.execute(select(dag_run.c.id).where(dag_run.c.id > real)).scalars().all()
    told = [("run_failed", "backfill 3 was cancelled by ann before the run started")]
    if how == "each":
        told = [("run_marked", "cancelled by ann"), ("run_failed", "marked failed")]
    end_by_hand(any_store, ids, *told)
    assert len(ids) > 50
    with any_store.read() as connection:
        found = home.failures(connection)
    assert real in [one.dag_run_id for one in found if not one.by_hand]
    assert len(found) <= 100
    assert any(one.by_hand for one in found)


def test_what_failed_stays_told_while_another_task_of_its_run_waits_to_run_again(
    any_store: Store,
) -> None:
    fill(any_store, dags=1, runs=3, tasks=3, events=False, live=False)
    run = a_run(any_store, DagRunState.SUCCESS)
    broken = (task_instance.c.dag_run_id == run.id) & (task_instance.c.task_id == "task_001")
    change(any_store, task_instance, broken, state="failed")
    change(any_store, dag_run, dag_run.c.id == run.id, state="queued", ended_at=None)
    for clears, tasks in ((0, []), (1, ["task_001"])):
        change(any_store, dag_run, dag_run.c.id == run.id, clear_number=clears)
        with any_store.read() as connection:
            found = [one for one in home.failures(connection) if one.dag_run_id == run.id]
        assert [one.task_id for one in found] == tasks


def test_a_dag_that_fails_again_and_again_does_not_hide_the_others(any_store: Store) -> None:
    fill(any_store, dags=4, runs=80, tasks=6, events=False, live=False)
    change(any_store, task_instance, task_instance.c.dag_id == "dag_0000", state="failed")
    with any_store.read() as connection:
        query = select(dag_run.c.id, dag_run.c.dag_id, dag_run.c.run_after)
        rows = connection.execute(query.order_by(dag_run.c.run_after)).all()
    newest = {row.dag_id: row.id for row in rows}
    for row in rows:
        late = row.run_after + timedelta(days=1000)
        if row.dag_id == "dag_0000":
            change(any_store, dag_run, dag_run.c.id == row.id, state="failed", run_after=late)
        else:
            state = "failed" if newest[row.dag_id] == row.id else "success"
            change(any_store, dag_run, dag_run.c.id == row.id, state=state)
    with any_store.read() as connection:
        found = home.failures(connection, limit=12)
    assert {one.dag_id for one in found} == {f"dag_000{number}" for number in range(4)}
    runs = {one.dag_run_id for one in found if one.dag_id == "dag_0000"}
    assert len(runs) >= 12, "each task of its newest runs, not a part of them"


def test_totals_are_of_the_runs_that_began_since_then(
    any_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(any_store, dags=2, runs=6, tasks=4)
    with any_store.read() as connection:
        starts = sorted(connection.execute(select(dag_run.c.started_at)).scalars())
        all_of_them = home.totals(connection, starts[0])
        some = home.totals(connection, starts[-3])
        assert sum(home.totals(connection, starts[-1] + HOUR).runs.values()) == 0
        monkeypatch.setattr(home, "MOST_INSTANCES", 5)
        assert home.totals(connection, starts[0]).more
    assert all_of_them.runs[DagRunState.RUNNING] == 2
    assert (sum(all_of_them.runs.values()), sum(all_of_them.instances.values())) == (12, 48)
    assert not all_of_them.more
    assert sum(some.instances.values()) == 4 * sum(some.runs.values()) < 48


def mark_failed(store: Store, row: Any) -> None:
    """The audit trail has it that a user marked this task instance failed, when it ended."""
    with store.write() as connection:
        connection.execute(
            insert(event),
            {"at": row.ended_at, "kind": "task_marked", "actor": "ann",
             "dag_run_id": row.dag_run_id, "task_id": row.task_id, "map_index": row.map_index,
             "message": "marked failed by ann"},
        )  # fmt: skip


def a_mapped_task(store: Store, indexes: int) -> list[Any]:
    """All of a successful run failed, as one mapped task."""
    fill(store, dags=1, runs=2, tasks=indexes, live=False)
    run = a_run(store, DagRunState.SUCCESS)
    change(store, dag_run, dag_run.c.id == run.id, state="failed")
    of_run = task_instance.c.dag_run_id == run.id
    change(store, task_instance, of_run, state="failed", task_id="train",
           map_index=task_instance.c.id)  # fmt: skip
    with store.read() as connection:
        query = select(task_instance).where(of_run).order_by(task_instance.c.id)
        return list(connection.execute(query))


def test_a_failure_that_a_user_made_says_who(any_store: Store) -> None:
    rows = a_mapped_task(any_store, 1)
    mark_failed(any_store, rows[0])
    with any_store.read() as connection:
        found = home.failures(connection)
        (one,) = [one for one in found if one.dag_run_id == rows[0].dag_run_id]
    assert (one.error, one.by_hand) == ("marked failed by ann", True)


def test_one_that_a_user_ended_hides_no_other_of_a_mapped_task(any_store: Store) -> None:
    rows = a_mapped_task(any_store, 3)
    mark_failed(any_store, rows[0])
    tries = task_try.c.task_instance_id
    change(any_store, task_try, tries == rows[1].id, reason="killed by ann")
    change(any_store, task_try, tries == rows[2].id, reason="it broke", error_type=None,
           error_message=None)  # fmt: skip
    with any_store.read() as connection:
        found = home.failures(connection)
        (one,) = [one for one in found if one.dag_run_id == rows[0].dag_run_id]
    assert (one.error, one.by_hand) == ("it broke", False)
    assert (one.map_index, one.instances) == (rows[2].map_index, 3)

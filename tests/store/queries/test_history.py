"""What became of a DAG over time."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import update

from store.engine import Store
from store.models import task_instance
from store.queries.history import DayTally, past_of, tally_days
from store.states import DagRunState, TaskInstanceState
from tests.support.history import START, fill, task_id_of

A_DAG = "dag_0001"
HOUR = timedelta(hours=1)


def test_the_newest_runs_come_oldest_first_with_the_figures_of_their_tasks(
    any_store: Store,
) -> None:
    fill(any_store, dags=2, runs=8, tasks=4)
    with any_store.read() as connection:
        past = past_of(connection, A_DAG, runs=3)
    assert [run.run_after for run in past.runs] == [START + turn * HOUR for turn in (6, 7, 8)]
    assert past.runs[0].duration == 300
    assert past.runs[0].due_at == START + 6 * HOUR
    assert past.runs[-1].duration is None
    first = past.tasks[task_id_of(0)][past.runs[0].id]
    assert (first.state, first.instances, first.map_index) == ("success", 1, -1)
    assert (first.tries, first.total, first.longest) == (1, 1.0, 1.0)
    last = past.tasks[task_id_of(3)][past.runs[-1].id]
    assert (last.state, last.tries, last.total, last.started_us) == (None, 0, None, None)


def test_instances_of_a_mapped_task_are_put_together(any_store: Store) -> None:
    fill(any_store, dags=2, runs=2, tasks=3, live=False)
    table = task_instance
    with any_store.write() as connection:
        for place, state in ((1, "failed"), (2, "success")):
            connection.execute(
                update(table)
                .where(table.c.dag_id == A_DAG, table.c.task_id == task_id_of(place))
                .values(
                    task_id=task_id_of(0),
                    map_index=place,
                    state=state,
                    duration=10.0 * place,
                    try_number=place + 1,
                )
            )
    with any_store.read() as connection:
        past = past_of(connection, A_DAG)
    figures = past.tasks[task_id_of(0)][past.runs[0].id]
    assert figures.state is TaskInstanceState.FAILED
    assert (figures.instances, figures.map_index, figures.tries) == (3, 2, 3)
    assert (figures.total, figures.longest) == (31.0, 20.0)


def test_a_dag_without_runs_has_no_past(any_store: Store) -> None:
    with any_store.read() as connection:
        past = past_of(connection, "nope")
    assert not past.runs
    assert not past.tasks


def test_days_are_as_long_as_their_edges_say(any_store: Store) -> None:
    fill(any_store, dags=2, runs=60, tasks=1, live=False)
    first = START + HOUR
    edges = [first, first + 23 * HOUR, first + 48 * HOUR, first + 400 * HOUR, first + 500 * HOUR]
    with any_store.read() as connection:
        days = tally_days(connection, A_DAG, edges)
    assert [sum(tally.runs for tally in day.values()) for day in days] == [23, 25, 12, 0]
    failed = sum((turn + 1) % 7 == 3 for turn in range(23))
    assert days[0][DagRunState.FAILED] == DayTally(failed, failed, 300.0 * failed, 300.0)

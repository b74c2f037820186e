"""Tasks with dates of their own: which runs have them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import pytest

from dagtop import DAG, EmptyOperator
from runner.authoring.structure import structure_of
from runner.scheduling.decide import decide
from runner.scheduling.expansion import initial_instances
from runner.scheduling.run_state import RunState
from store.states import DagRunType, TaskInstanceState
from store.structure import DagStructure

JANUARY, MARCH, MAY = (datetime(2026, month, 1, tzinfo=UTC) for month in (1, 3, 5))


def pipeline() -> DagStructure:
    with DAG("d", start_date=JANUARY) as dag:
        late = EmptyOperator(task_id="late", start_date=MARCH, on_success_callback=print)
        early = EmptyOperator(task_id="early", end_date=MARCH, on_success_callback=print)
        always = EmptyOperator(task_id="always", on_success_callback=print)
        [late, early] >> always
    return msgspec.convert(structure_of(dag, "dags/x.py"), DagStructure)


@pytest.mark.parametrize(
    ("date", "run_type", "have"),
    [
        (JANUARY, DagRunType.SCHEDULED, {"early", "always"}),
        (MARCH, DagRunType.SCHEDULED, {"late", "early", "always"}),
        (MAY, DagRunType.MANUAL, {"late", "always"}),
        (JANUARY, DagRunType.BACKFILL, {"late", "early", "always"}),
        (None, DagRunType.MANUAL, {"late", "early", "always"}),
    ],
)
def test_a_run_has_the_tasks_whose_dates_it_lies_within(
    date: datetime | None, run_type: DagRunType, have: set[str]
) -> None:
    found = initial_instances(pipeline(), date, run_type)
    assert {instance.task_id for instance in found} == have


def test_only_narrower_dates_than_the_dags_are_kept() -> None:
    tasks = {task.task_id: task for task in pipeline().tasks}
    assert tasks["late"].start_date == MARCH.isoformat()
    assert tasks["always"].start_date is None


def test_what_is_downstream_does_not_wait_for_a_task_that_the_run_has_not() -> None:
    structure = pipeline()
    state = RunState(structure, initial_instances(structure, MAY), logical_date=MAY)
    decide(state, MAY)
    state.set_state(("late", -1), TaskInstanceState.SUCCESS)
    decide(state, MAY)
    assert {key: instance.state for key, instance in state.instances.items()} == {
        ("late", -1): TaskInstanceState.SUCCESS,
        ("always", -1): TaskInstanceState.SCHEDULED,
    }

"""What a pipeline file leaves to the workspace's settings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from runner.authoring import settings
from runner.authoring.dag import DAG
from runner.authoring.masking import looks_secret
from runner.authoring.operators.empty import EmptyOperator
from runner.authoring.structure import structure_of
from runner.journal.settings import Settings
from store.config import RunnerConfig

BERLIN = Settings(timezone="Europe/Berlin", max_active_tasks=3, max_active_runs=2)


@pytest.fixture
def berlin() -> Iterator[None]:
    before = settings.in_force()
    settings.use(BERLIN)
    yield
    settings.use(before)


def test_the_defaults_are_those_of_the_registry() -> None:
    registry = RunnerConfig()
    for name in ("timezone", "max_active_tasks", "max_active_runs", "xcom_max_bytes"):
        assert getattr(Settings(), name) == getattr(registry, name)


@pytest.mark.usefixtures("berlin")
def test_limits_that_a_dag_does_not_state_are_the_settings() -> None:
    dag = DAG("d")
    assert (dag.max_active_tasks, dag.max_active_runs) == (3, 2)
    dag = DAG("d", max_active_tasks=7, max_active_runs=5)
    assert (dag.max_active_tasks, dag.max_active_runs) == (7, 5)
    assert DAG("d", schedule="@continuous").max_active_runs == 1


@pytest.mark.usefixtures("berlin")
def test_dates_and_cron_without_a_zone_are_in_the_zone_of_the_settings() -> None:
    start = datetime(2026, 7, 1)  # noqa: DTZ001
    with DAG("d", schedule="0 6 * * *", start_date=start) as dag:
        task = EmptyOperator(task_id="t", start_date=start)
    assert dag.start_date == task.start_date == datetime(2026, 6, 30, 22, tzinfo=UTC)
    structure = structure_of(dag, "dags/d.py")
    assert structure["timezone"] == structure["timetable"]["timezone"] == "Europe/Berlin"
    dag = DAG("d", schedule="0 6 * * *")
    assert structure_of(dag, "dags/d.py")["timetable"]["timezone"] == "Europe/Berlin"


@pytest.mark.usefixtures("berlin")
def test_a_zone_that_is_stated_stays() -> None:
    start = datetime(2026, 7, 1, tzinfo=ZoneInfo("Asia/Tokyo"))
    dag = DAG("d", schedule="0 6 * * *", start_date=start)
    assert structure_of(dag, "dags/d.py")["timetable"]["timezone"] == "Asia/Tokyo"


@pytest.mark.usefixtures("berlin")
def test_where_nobody_has_said_which_names_are_secret_all_are() -> None:
    assert looks_secret("colour")

"""``DAG`` and ``@dag``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from runner.authoring.dag import DAG, dag, zone_name
from runner.authoring.decorators import task
from runner.authoring.exceptions import (
    DagCycleException,
    DagtopException,
    FailFastDagInvalidTriggerRule,
    NodeNotFound,
    TaskNotFound,
)
from runner.authoring.operators.empty import EmptyOperator
from runner.authoring.params import Param
from runner.authoring.task_group import TaskGroup
from tests.runner.authoring.running import context_of

START = datetime(2024, 1, 1, tzinfo=UTC)


def test_defaults_are_those_of_airflow_3() -> None:
    made = DAG("d")
    assert made.schedule is None
    assert not made.catchup
    assert (made.max_active_tasks, made.max_active_runs) == (16, 16)
    assert made.max_consecutive_failed_dag_runs == 0
    assert made.is_paused_upon_creation is None


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("schedule_interval", "schedule"),
        ("concurrency", "max_active_tasks"),
        ("shedule", "schedule"),
    ],
)
def test_an_unknown_argument_is_a_type_error_that_names_the_right_one(
    name: str, called: str
) -> None:
    arguments: dict[str, Any] = {name: "@daily"}
    with pytest.raises(TypeError, match=f"{name!r}.*{called}"):
        DAG("d", **arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"tags": "ml"},
        {"tags": ["x" * 101]},
        {"max_active_runs": "3"},
        {"dagrun_timeout": 60},
        {"default_args": [1]},
        {"description": 3},
        {"on_failure_callback": "x"},
        {"schedule": "@daily", "catchup": True},
        {"schedule": "@continuous", "max_active_runs": 2},
        {"schedule": "61 * * * *"},
        {"schedule": 3},
        {"params": {"a": object()}},
    ],
)
def test_what_cannot_be_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError)):
        DAG("d", **arguments)


def test_a_dag_id_is_made_of_few_characters() -> None:
    with pytest.raises(DagtopException, match="DAG id 'a b'"):
        DAG("a b")


def test_a_schedule_needs_params_with_valid_defaults() -> None:
    DAG("d", params={"a": Param(type="integer")})
    with pytest.raises(ValueError, match=r"has a schedule.*'a'"):
        DAG("d", schedule="@daily", params={"a": Param(type="integer")})


def test_continuous_means_one_run_at_a_time() -> None:
    assert DAG("d", schedule="@continuous").max_active_runs == 1


def test_dates_are_kept_in_utc_and_the_zone_is_that_of_the_start_date() -> None:
    start = datetime(2024, 6, 1, tzinfo=ZoneInfo("Europe/Zurich"))
    made = DAG("d", start_date=start, end_date=datetime(2024, 7, 1))  # noqa: DTZ001
    assert made.start_date == datetime(2024, 5, 31, 22, tzinfo=UTC)
    assert made.end_date == datetime(2024, 7, 1, tzinfo=UTC)
    assert zone_name(made.timezone) == "Europe/Zurich"


def test_the_start_date_may_stand_in_default_args() -> None:
    assert DAG("d", default_args={"start_date": START}).start_date == START
    assert DAG("d", default_args={"start_date": "2024-01-01"}).start_date == START


def test_a_task_starts_no_earlier_and_ends_no_later_than_its_dag() -> None:
    end = START + timedelta(days=9)
    with DAG("d", start_date=START, end_date=end):
        task = EmptyOperator(task_id="a", start_date=START - timedelta(days=1))
        late = EmptyOperator(task_id="b", start_date=START + timedelta(days=1))
    assert (task.start_date, task.end_date) == (START, end)
    assert late.start_date == START + timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "name"),
    [
        (UTC, "UTC"),
        (timezone(timedelta(hours=2)), "+02:00"),
        (timezone(-timedelta(hours=3, minutes=30)), "-03:30"),
        (ZoneInfo("Asia/Tokyo"), "Asia/Tokyo"),
    ],
)
def test_zones_have_names(zone: Any, name: str) -> None:
    assert zone_name(zone) == name


def test_pendulums_zones_have_names_too() -> None:
    import pendulum

    assert zone_name(pendulum.timezone("Europe/Zurich")) == "Europe/Zurich"
    assert zone_name(pendulum.FixedTimezone(7200)) == "+02:00"


def test_a_cycle_is_named() -> None:
    with DAG("d") as made:
        a, b, c = (EmptyOperator(task_id=name) for name in "abc")
        a >> b >> c >> b
    with pytest.raises(DagCycleException, match=r"^cycle: b -> c -> b$"):
        made.validate()


def test_a_task_after_a_setup_has_the_rule_all_success() -> None:
    with DAG("d") as made:
        EmptyOperator(task_id="s").as_setup() >> EmptyOperator(task_id="a", trigger_rule="all_done")
    with pytest.raises(ValueError, match="'a' follows the setup 's'"):
        made.validate()


def test_a_fail_fast_dag_takes_only_all_success() -> None:
    with DAG("d", fail_fast=True):
        EmptyOperator(task_id="a")
        EmptyOperator(task_id="t").as_teardown()
        with pytest.raises(FailFastDagInvalidTriggerRule):
            EmptyOperator(task_id="b", trigger_rule="all_done")


def test_tasks_and_groups_are_found_by_id() -> None:
    with DAG("d") as made, TaskGroup("g") as group:
        inner = EmptyOperator(task_id="a")
    assert made["g.a"] is inner
    assert made["g"] is group
    assert group["a"] is inner
    with pytest.raises(TaskNotFound, match=r"no task 'g.b': did you mean g.a"):
        made.get_task("g.b")
    with pytest.raises(NodeNotFound):
        made["x"]


def test_documentation_may_be_a_file(tmp_path: Path) -> None:
    (tmp_path / "doc.md").write_text("# hello")
    assert DAG("d", doc_md=str(tmp_path / "doc.md")).doc_md == "# hello"
    assert DAG("d", doc_md="no file.md").doc_md == "no file.md"


def test_a_decorated_function_makes_a_dag_when_it_is_called() -> None:
    @dag(schedule=None, tags=["x"])
    def pipeline(epochs: int = 3, name: str = "n") -> None:
        """What it does."""

        @task
        def train(epochs: int, name: str) -> None: ...

        train(epochs, name)

    made = pipeline(epochs=5)
    assert made.dag_id == "pipeline"
    assert made.doc_md == "What it does."
    assert made.params.dump() == {"epochs": 5, "name": "n"}
    assert made.task_ids == ["train"]


def test_a_decorator_may_be_bare_or_name_the_dag() -> None:
    @dag
    def one() -> None: ...

    @dag("two")
    def first() -> None: ...

    @dag(dag_id="three")
    def second() -> None: ...

    assert [made().dag_id for made in (one, first, second)] == ["one", "two", "three"]


def test_an_argument_of_the_function_is_a_param_of_the_run() -> None:
    made = DAG("d")
    reference = made.param("epochs", 3)
    with made:
        EmptyOperator(task_id="a")
    assert reference.resolve(context_of(made, "a")) == 3
    assert reference.resolve(context_of(made, "a", conf={"epochs": 9})) == 9


def test_the_dags_own_task_decorator_puts_tasks_into_it() -> None:
    made = DAG("d")

    @made.task
    def one() -> None: ...

    @made.task.bash(task_id="two")
    def other() -> str:
        return "true"

    one()
    other()
    assert made.task_ids == ["one", "two"]


def test_owners_are_those_of_the_tasks() -> None:
    with DAG("d", default_args={"owner": "ann"}) as made:
        EmptyOperator(task_id="a")
        EmptyOperator(task_id="b", owner="bob")
    assert made.owner == "ann, bob"


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("dagrun_timeout", timedelta.max),
        ("dagrun_timeout", timedelta.min),
        ("max_active_runs", 2**63),
        ("max_active_tasks", 2**31),
        ("max_consecutive_failed_dag_runs", 10**100),
    ],
)
def test_what_no_database_and_no_calendar_can_hold_is_refused(argument: str, value: Any) -> None:
    with pytest.raises(TypeError, match=f"{argument} of DAG 'd' is .*: give at most"):
        DAG("d", **{argument: value})


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("retry_delay", timedelta.max),
        ("retry_delay", 1e300),
        ("max_retry_delay", float("nan")),
        ("execution_timeout", timedelta.max),
        ("retries", 2**31),
        ("retries", 2**63 - 1),
        ("pool_slots", 2**31),
        ("max_active_tis_per_dag", 2**63),
    ],
)
def test_so_it_is_of_tasks(argument: str, value: Any) -> None:
    with DAG("d"), pytest.raises(TypeError, match=f"{argument} .*: give at most"):
        EmptyOperator(task_id="t", **{argument: value})


def test_a_start_date_at_the_end_of_the_calendar_is_refused() -> None:
    west = timezone(timedelta(hours=-5))
    with pytest.raises(TypeError, match=r"start_date of DAG 'd' .* leaves the calendar in UTC"):
        DAG("d", start_date=datetime.max.replace(tzinfo=west))

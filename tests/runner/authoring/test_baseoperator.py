"""Arguments of operators: where they come from, what they must be, what they become."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from functools import wraps
from typing import Any

import pytest

from runner.authoring.baseoperator import BaseOperator
from runner.authoring.dag import DAG
from runner.authoring.exceptions import (
    ArgumentError,
    DagtopException,
    DefinitionError,
    DuplicateTaskIdFound,
)
from runner.authoring.operators.bash import BashOperator
from runner.authoring.operators.empty import EmptyOperator
from runner.authoring.task_group import TaskGroup
from tests.runner.authoring.running import execute


class Copy(BaseOperator):
    """An own operator, as users write them."""

    template_fields = ("source",)
    ui_color = "#123456"

    def __init__(self, *, source: str, retries: int = 7, **kwargs: Any) -> None:
        super().__init__(retries=retries, **kwargs)
        self.source = source

    def execute(self, context: Any) -> str:
        return f"copied {self.source}"


class CopyTwice(Copy):
    def __init__(self, target: str = "t", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.target = target


def test_an_argument_comes_from_the_call_then_own_defaults_then_group_then_dag() -> None:
    outer = {"owner": "outer", "pool": "outer", "queue": "outer"}
    inner = {"pool": "inner", "queue": "inner"}
    with (
        DAG("d", default_args={"retries": 1, "owner": "dag", "pool": "dag", "queue": "dag"}),
        TaskGroup("outer", default_args=outer),
        TaskGroup("inner", default_args=inner),
    ):
        task: Any = EmptyOperator(task_id="a", default_args={"queue": "own"}, retries=4)
    assert (task.retries, task.owner, task.pool, task.queue) == (4, "outer", "inner", "own")


def test_arguments_of_an_own_operator_may_stand_in_default_args() -> None:
    with DAG("d", default_args={"source": "here", "target": "there", "retries": 2}):
        task = CopyTwice(task_id="a")
    assert (task.source, task.target, task.retries) == ("here", "there", 2)


def test_a_default_that_an_own_operator_declares_is_kept_without_default_args() -> None:
    with DAG("d"):
        assert Copy(task_id="a", source="s").retries == 7


def test_unknown_keys_in_default_args_are_ignored() -> None:
    with DAG("d", default_args={"catch_up": True}):
        EmptyOperator(task_id="a")


def test_an_unknown_argument_is_a_type_error_that_names_a_near_one() -> None:
    with DAG("d"), pytest.raises(TypeError, match="'bash_comand': did you mean bash_command"):
        BashOperator(task_id="x", bash_command="true", bash_comand="false")


def test_a_missing_argument_is_a_type_error_that_names_it() -> None:
    with DAG("d"), pytest.raises(TypeError, match=r"Copy \(task 'x'\) needs the argument 'source'"):
        Copy(task_id="x")  # pyright: ignore[reportCallIssue]


def test_a_missing_task_id_is_said() -> None:
    with DAG("d"), pytest.raises(TypeError, match="EmptyOperator needs the argument 'task_id'"):
        EmptyOperator()  # pyright: ignore[reportCallIssue]


def test_positional_arguments_are_refused() -> None:
    make: Any = EmptyOperator
    with DAG("d"), pytest.raises(TypeError, match="keyword arguments only"):
        make("a")


@pytest.mark.parametrize("task_id", ["a b", "ä/b", "", "x" * 251])
def test_a_task_id_is_made_of_few_characters(task_id: str) -> None:
    with DAG("d"), pytest.raises(ValueError, match="task id"):
        EmptyOperator(task_id=task_id)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("retries", "many"),
        ("pool_slots", 0),
        ("execution_timeout", 60),
        ("trigger_rule", "all_succes"),
        ("weight_rule", "sideways"),
        ("depends_on_past", "yes"),
        ("retry_delay", "5m"),
        ("on_failure_callback", "notify"),
        ("start_date", "tomorrow"),
        ("max_active_tis_per_dag", 0),
        ("params", [1]),
        ("default_args", [1]),
    ],
)
def test_a_value_that_cannot_be_is_refused_with_the_arguments_name(name: str, value: Any) -> None:
    arguments: dict[str, Any] = {name: value}
    with DAG("d"), pytest.raises(DagtopException, match=name.removeprefix("start_").split("_")[0]):
        EmptyOperator(task_id="a", **arguments)


def test_values_are_converted() -> None:
    with DAG("d"):
        task = EmptyOperator(
            task_id="a",
            retries=None,
            retry_delay=30,
            max_retry_delay=timedelta(hours=1),
            retry_exponential_backoff=True,
            pool=None,
            trigger_rule="all_done",
            on_success_callback=print,
            start_date=datetime(2024, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))),
            priority_weight=2**40,
        )
    assert task.retries == 0
    assert task.retry_delay == timedelta(seconds=30)
    assert task.retry_exponential_backoff == 2.0
    assert task.pool == "default_pool"
    assert task.on_success_callback == [print]
    assert task.start_date == datetime(2024, 1, 1, tzinfo=UTC)
    assert task.priority_weight == 2**31 - 1


def test_wait_for_downstream_implies_depends_on_past() -> None:
    with DAG("d"):
        assert EmptyOperator(task_id="a", wait_for_downstream=True).depends_on_past


def test_email_arguments_are_taken_without_noise(recwarn: pytest.WarningsRecorder) -> None:
    with DAG("d", default_args={"email": "a@b.c", "email_on_failure": True}):
        EmptyOperator(task_id="a", email_on_retry=False)
    assert not recwarn.list


def test_a_task_is_in_one_dag_for_good() -> None:
    one, other = DAG("one"), DAG("other")
    task = EmptyOperator(task_id="a", dag=one)
    with pytest.raises(DefinitionError, match="'a' is in DAG 'one'"):
        task.dag = other


def test_a_task_without_a_dag_joins_that_of_its_neighbour() -> None:
    with DAG("d") as dag:
        first = EmptyOperator(task_id="a")
    first >> EmptyOperator(task_id="b")
    assert dag.task_ids == ["a", "b"]


def test_an_id_is_used_once() -> None:
    with DAG("d"):
        EmptyOperator(task_id="a")
        with pytest.raises(DuplicateTaskIdFound, match="'a' is used twice in DAG 'd'"):
            EmptyOperator(task_id="a")


def test_an_id_is_not_that_of_a_group() -> None:
    with DAG("d"):
        with TaskGroup("a"):
            pass
        with pytest.raises(DuplicateTaskIdFound):
            EmptyOperator(task_id="a")


def test_a_reference_in_a_template_field_makes_an_edge() -> None:
    with DAG("d"):
        first = EmptyOperator(task_id="first")
        BashOperator(task_id="x", bash_command="true", env={"A": first.output})
        late = BashOperator(task_id="y", bash_command="true")
        late.bash_command = first.output
    assert first.downstream_task_ids == {"x", "y"}


def test_an_own_operator_executes() -> None:
    with DAG("d") as dag:
        Copy(task_id="a", source="{{ ds }}")
    assert execute(dag, "a") == "copied 2024-01-02"


def test_an_operator_without_execute_says_so() -> None:
    with DAG("d") as dag:
        BaseOperator(task_id="a")
    with pytest.raises(DefinitionError, match="has no execute"):
        execute(dag, "a")


def test_what_is_set_on_a_prepared_copy_stays_there() -> None:
    with DAG("d"):
        task = Copy(task_id="a", source="s")
    task.prepare_for_execution().source = "other"
    assert task.source == "s"


def test_a_decorated_init_gets_defaults_too() -> None:
    def passing_on(function: Any) -> Any:
        @wraps(function)
        def inner(*args: Any, **kwargs: Any) -> None:
            function(*args, **kwargs)

        return inner

    class Decorated(BaseOperator):
        @passing_on
        def __init__(self, *, where: str, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.where = where

    with DAG("d", default_args={"where": "here"}):
        assert Decorated(task_id="a").where == "here"


def test_an_operator_with_its_own_dag_argument_is_put_into_the_dag_of_the_block() -> None:
    class Own(BaseOperator):
        def __init__(self, task_id: str, dag: DAG | None = None) -> None:
            super().__init__(task_id=task_id, dag=dag)

    with DAG("d") as dag:
        Own(task_id="a")
    assert dag.task_ids == ["a"]


def test_a_mixin_before_the_operator_is_initialised() -> None:
    class Mixin:
        def __init__(self, *, colour: str = "red", **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.colour = colour

    class Mixed(Mixin, BaseOperator):
        pass

    with DAG("d", default_args={"owner": "ann"}):
        task = Mixed(task_id="a", colour="blue")
    assert (task.colour, task.owner) == ("blue", "ann")


def test_task_params_override_those_of_the_dag() -> None:
    with DAG("d", params={"a": 1, "b": 2}) as dag:
        task = EmptyOperator(task_id="t", params={"b": 3})
    assert task.params.dump() == {"a": 1, "b": 3}
    assert dag.params.dump() == {"a": 1, "b": 2}


def test_an_argument_error_is_a_type_error_and_a_definition_error_a_value_error() -> None:
    assert issubclass(ArgumentError, TypeError)
    assert issubclass(DefinitionError, ValueError)

"""Dynamic task mapping: what may be mapped, and the arguments of each map index."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.authoring.dag import DAG
from runner.authoring.decorators import task, task_group
from runner.authoring.exceptions import DagtopException
from runner.authoring.mapping import DictOfListsExpandInput, MappedOperator, resolve_mapped
from runner.authoring.operators.bash import BashOperator
from runner.authoring.operators.empty import EmptyOperator
from runner.authoring.operators.python import PythonOperator
from runner.authoring.xcom_arg import XComArg
from tests.runner.authoring.running import context_of, execute


@task
def add(x: int, y: int = 0) -> int:
    return x + y


@task
def make() -> Any:
    return [1, 2]


@given(st.lists(st.lists(st.integers(), min_size=1, max_size=4), min_size=1, max_size=4))
def test_map_indexes_count_through_the_product_the_first_argument_slowest(
    lists: list[list[int]],
) -> None:
    names = [f"a{number}" for number in range(len(lists))]
    expand_input = DictOfListsExpandInput(dict(zip(names, lists, strict=True)))
    for index, wanted in enumerate(product(*lists)):
        arguments, _ = expand_input.arguments({}, index, [len(items) for items in lists])
        assert tuple(arguments.values()) == wanted


def test_an_index_beyond_the_product_is_an_error() -> None:
    with pytest.raises(IndexError):
        DictOfListsExpandInput({"a": [1, 2]}).arguments({}, 2, ())


def test_each_instance_gets_its_combination_of_literals_and_results() -> None:
    with DAG("d") as dag:
        add.expand(x=[1, 2, 3], y=make())
    found = [execute(dag, "add", i, {("make", -1): [10, 20]}) for i in range(6)]
    assert found == [11, 21, 12, 22, 13, 23]
    assert dag.get_task("add").upstream_task_ids == {"make"}


def test_shared_arguments_are_given_to_all() -> None:
    with DAG("d") as dag:
        add.partial(y=100).expand(x=[1, 2])
    assert [execute(dag, "add", index) for index in range(2)] == [101, 102]


def test_a_dict_is_mapped_over_as_pairs() -> None:
    with DAG("d") as dag:
        BashOperator.partial(task_id="b", append_env=True).expand(env=[{"A": "1"}])

        @task
        def show(pair: Any) -> Any:
            return pair

        show.expand(pair={"a": 1, "b": 2})
    assert execute(dag, "show", 1) == ("b", 2)


def test_a_classic_operator_is_mapped_over_its_own_arguments() -> None:
    with DAG("d", default_args={"append_env": True}) as dag:
        commands = ["echo {{ ds }}", "echo $X"]
        BashOperator.partial(task_id="b", env={"X": "x"}).expand(bash_command=commands)
    assert [execute(dag, "b", index) for index in range(2)] == ["2024-01-02", "x"]


def test_what_comes_from_an_xcom_is_not_rendered_and_a_literal_is() -> None:
    with DAG("d") as dag:

        @task
        def show(x: str) -> str:
            return x

        show.expand(x=make())
        show.expand(x=["{{ ds }}"])
    assert execute(dag, "show", 0, {("make", -1): ["{{ ds }}"]}) == "{{ ds }}"
    assert execute(dag, "show__1", 0) == "2024-01-02"


def test_expand_kwargs_takes_dicts_of_arguments() -> None:
    with DAG("d") as dag:
        add.expand_kwargs([{"x": 1, "y": 2}, {"x": 3}])
        add.override(task_id="pulled").expand_kwargs(make().map(lambda n: {"x": n, "y": n}))
        PythonOperator.partial(task_id="p", python_callable=lambda a: a).expand_kwargs(
            [{"op_args": [7]}, {"op_kwargs": {"a": 8}}]
        )
    assert [execute(dag, "add", index) for index in range(2)] == [3, 3]
    assert execute(dag, "pulled", 1, {("make", -1): [4, 5]}) == 10
    assert [execute(dag, "p", index) for index in range(2)] == [7, 8]


def test_expand_kwargs_may_not_repeat_what_partial_gave_unless_told() -> None:
    with DAG("d") as dag:
        add.partial(y=1).expand_kwargs([{"x": 1, "y": 2}])
        add.partial(y=1).expand_kwargs([{"x": 1, "y": 2}], strict=False)
    with pytest.raises(TypeError, match="'y' twice"):
        execute(dag, "add", 0)
    assert execute(dag, "add__1", 0) == 3


@pytest.mark.parametrize("value", [[1], 3, [{1: 2}]])
def test_expand_kwargs_of_anything_else_is_an_error(value: Any) -> None:
    with DAG("d") as dag:
        add.expand_kwargs(make())
    with pytest.raises(TypeError):
        execute(dag, "add", 0, {("make", -1): value})


def test_params_may_be_mapped() -> None:
    with DAG("d", params={"p": 1}) as dag:
        BashOperator.partial(task_id="b", bash_command="echo {{ params.p }}").expand(
            params=[{"p": 5}, {"p": 6}]
        )
    assert [execute(dag, "b", index) for index in range(2)] == ["5", "6"]


@pytest.mark.parametrize("bad", ["text", b"bytes", 3, {1, 2}, None])
def test_what_has_no_order_cannot_be_mapped_over(bad: Any) -> None:
    with DAG("d"), pytest.raises(ValueError, match="takes a list, a dict or what a task returns"):
        add.expand(x=bad)


def test_what_cannot_be_mapped_is_refused_while_the_file_is_read() -> None:
    with DAG("d"):
        one: Any = EmptyOperator(task_id="one").output
        bash = BashOperator.partial(task_id="b", bash_command="x")
        refused = [
            add.expand,
            lambda: add.expand(z=[1]),
            lambda: add.partial(z=1),
            lambda: add.partial(y=1).partial(y=2),
            lambda: add.partial(y=1).expand(y=[1]),
            lambda: add.expand(x=one["key"]),
            lambda: add.expand_kwargs([1]),
            lambda: add.expand_kwargs("x"),
            lambda: add.override(trigger_rule="always").expand(x=one),
            lambda: bash.expand(retries=[1, 2]),
            lambda: bash.expand(bash_command=["y"]),
            lambda: bash.expand(bash_comand=["y"]),
            bash.expand,
            lambda: BashOperator.partial(task_id="c", comand="x"),
        ]
        for number, call in enumerate(refused):
            with pytest.raises(DagtopException):
                pytest.fail(f"{number}: {call()!r} was not refused")


def test_names_of_the_context_cannot_be_mapped_over() -> None:
    @task
    def show(ds: Any = None) -> None: ...

    with DAG("d"), pytest.raises(ValueError, match="'ds', which the context gives"):
        show.expand(ds=[1])


def test_a_mapped_task_has_the_common_arguments_of_its_dag_and_group() -> None:
    class Patient(EmptyOperator):
        def __init__(self, *, retries: int = 9, **kwargs: Any) -> None:
            super().__init__(retries=retries, **kwargs)

    with DAG("d", default_args={"pool": "p", "owner": "ann"}) as dag:
        Patient.partial(task_id="a", priority_weight=3).expand(params=[{}])
        add.override(retries=2).expand(x=[1])
    mapped: Any = dag.get_task("a")
    assert (mapped.retries, mapped.pool, mapped.owner, mapped.priority_weight) == (9, "p", "ann", 3)
    assert mapped.unmap({}).retries == 9
    decorated: Any = dag.get_task("add")
    assert (decorated.retries, decorated.pool, decorated.depends_on_past) == (2, "p", False)


def test_what_is_set_on_a_mapped_task_holds_for_its_instances() -> None:
    with DAG("d") as dag:
        add.expand(x=[1])
    mapped: Any = dag.get_task("add")
    mapped.trigger_rule = "all_done"
    assert mapped.unmap({"x": 1}).trigger_rule == "all_done"
    with pytest.raises(ValueError, match="unknown trigger rule"):
        mapped.trigger_rule = "never"


def test_an_instance_is_not_put_into_the_dag_again() -> None:
    with DAG("d") as dag:
        first = EmptyOperator(task_id="first")
        first >> add.expand(x=[1])
        operator = resolve_mapped(dag.get_task("add"), context_of(dag, "add", 0), 0, [1])
    assert dag.task_ids == ["first", "add"]
    assert operator.dag is dag
    assert operator.upstream_task_ids == {"first"}


def test_an_unmapped_task_is_resolved_to_itself() -> None:
    with DAG("d") as dag:
        only = EmptyOperator(task_id="a")
    assert resolve_mapped(only, context_of(dag, "a"), -1) is only


def test_arguments_of_a_mapped_group_are_chosen_by_the_tasks_map_index() -> None:
    with DAG("d") as dag:

        @task_group
        def group(a: Any, b: Any, c: Any) -> Any:
            return add(a, y=b)

        group.partial(c=1).expand(a=make(), b=[10, 20])
    found = [execute(dag, "group.add", i, {("make", -1): [1, 2]}) for i in range(4)]
    assert found == [11, 21, 12, 22]
    assert dag.get_task("group.add").upstream_task_ids == {"make"}


def test_a_group_can_be_mapped_over_dicts() -> None:
    with DAG("d") as dag:

        @task_group
        def group(a: Any, b: Any = 5) -> None:
            add(a)

        group.expand_kwargs([{"a": 1}, {"a": 2}])
    assert execute(dag, "group.add", 1) == 2


def test_mapping_within_a_mapped_group_is_refused_in_one_sentence() -> None:
    @task_group
    def inner(x: Any) -> None: ...

    @task_group
    def nested(x: Any) -> None:
        inner.expand(x=[1])

    @task_group
    def task_inside(x: Any) -> None:
        add.expand(x=[1])

    @task_group
    def over_its_argument(x: Any) -> None:
        add.expand(x=x)

    for group in (nested, task_inside, over_its_argument):
        with DAG("d"), pytest.raises(ValueError, match=r"^[^\n]*isn't supported[^\n]*$"):
            group.expand(x=[1, 2])


def test_always_in_a_mapped_group_is_refused() -> None:
    @task_group
    def group(x: Any) -> None:
        EmptyOperator(task_id="a", trigger_rule="always")

    with DAG("d"), pytest.raises(ValueError, match="can't have the trigger rule always"):
        group.expand(x=[1])


def test_a_mapped_operator_gives_a_reference_and_can_be_wired() -> None:
    with DAG("d") as dag:
        mapped = BashOperator.partial(task_id="b").expand(bash_command=["x"])
        mapped >> EmptyOperator(task_id="e")
    assert isinstance(mapped, MappedOperator)
    assert isinstance(mapped.output, XComArg)
    assert dag.get_task("e").upstream_task_ids == {"b"}

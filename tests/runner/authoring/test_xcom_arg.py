"""References to XComs, and their values when a task runs."""

from __future__ import annotations

from typing import Any

import pytest

from runner.authoring.dag import DAG
from runner.authoring.decorators import task, task_group
from runner.authoring.exceptions import DefinitionError, SkipException, XComNotFound
from runner.authoring.operators.bash import BashOperator
from runner.authoring.operators.empty import EmptyOperator
from runner.authoring.xcom_arg import XComArg, iter_references, resolve
from tests.runner.authoring.running import context_of, execute


@pytest.fixture
def dag() -> DAG:
    with DAG("d") as made:
        for name in "abc":
            EmptyOperator(task_id=name)
    return made


def out(dag: DAG, task_id: str) -> XComArg:
    return dag.get_task(task_id).output


def test_a_reference_stands_for_what_the_task_returned(dag: DAG) -> None:
    context = context_of(dag, "c", xcoms={("a", -1): {"x": [1, None]}})
    assert out(dag, "a").resolve(context) == {"x": [1, None]}
    assert XComArg(dag.get_task("a")) == out(dag, "a")


def test_references_deep_in_containers_are_found_and_resolved(dag: DAG) -> None:
    value = {"k": [out(dag, "a"), (1, {out(dag, "b")})], "plain": "text"}
    assert [node.task_id for node, _ in iter_references(value)] == ["a", "b"]
    context = context_of(dag, "c", xcoms={("a", -1): 5, ("b", -1): "six"})
    assert resolve(value, context) == {"k": [5, (1, {"six"})], "plain": "text"}


def test_a_key_takes_that_xcom(dag: DAG) -> None:
    reference: Any = out(dag, "a")
    assert [key for _, key in iter_references(reference["loss"])] == ["loss"]
    with pytest.raises(ValueError, match="only a string can stand here"):
        reference[0]


def test_a_reference_cannot_be_looped_over(dag: DAG) -> None:
    with pytest.raises(TypeError, match="use expand"):
        list(out(dag, "a"))


def test_in_a_string_a_reference_is_a_template_that_pulls(dag: DAG) -> None:
    with dag:
        BashOperator(task_id="echo", bash_command=f"echo {out(dag, 'a')}", append_env=True)
    assert execute(dag, "echo", xcoms={("a", -1): "hi"}) == "hi"


def test_a_missing_result_is_none_and_a_missing_key_an_error(dag: DAG) -> None:
    with dag:

        @task
        def show(x: Any) -> Any:
            return x

        @task
        def key(x: Any) -> Any:
            return x

        first: Any = out(dag, "a")
        show(first)
        key(first["loss"])
    assert execute(dag, "show") is None
    with pytest.raises(XComNotFound, match="'a' of DAG 'd' has pushed no XCom 'loss'"):
        execute(dag, "key")


def test_values_of_xcoms_are_never_rendered(dag: DAG) -> None:
    with dag:

        @task
        def show(x: Any) -> Any:
            return x

        show(out(dag, "a"))
    assert execute(dag, "show", xcoms={("a", -1): "{{ ds }}"}) == "{{ ds }}"


def test_map_applies_functions_in_turn_when_an_item_is_needed(dag: DAG) -> None:
    def refuse_two(x: int) -> int:
        if x == 2:
            raise SkipException
        return x

    mapped = out(dag, "a").map(lambda x: x + 1).map(refuse_two)
    values = mapped.resolve(context_of(dag, "c", xcoms={("a", -1): [0, 1, 2]}))
    assert (len(values), values[0], values[-1]) == (3, 1, 3)
    with pytest.raises(SkipException):
        values[1]


def test_map_takes_plain_functions_only(dag: DAG) -> None:
    @task
    def decorated(x: int) -> int:
        return x

    with pytest.raises(ValueError, match="plain function"):
        out(dag, "a").map(decorated)


def test_zip_stops_at_the_shortest_or_fills_up_to_the_longest(dag: DAG) -> None:
    context = context_of(dag, "c", xcoms={("a", -1): [1, 2, 3], ("b", -1): ["x"]})
    assert list(out(dag, "a").zip(out(dag, "b")).resolve(context)) == [(1, "x")]
    filled = out(dag, "a").zip(out(dag, "b"), fillvalue=None).resolve(context)
    assert list(filled) == [(1, "x"), (2, None), (3, None)]


def test_concat_puts_one_after_the_other(dag: DAG) -> None:
    context = context_of(dag, "c", xcoms={("a", -1): [1, 2], ("b", -1): {"k": 3}})
    joined = out(dag, "a").concat(out(dag, "b")).concat(out(dag, "a")).resolve(context)
    assert list(joined) == [1, 2, ("k", 3), 1, 2]
    assert joined[-1] == 2
    assert joined[1:3] == [2, ("k", 3)]
    with pytest.raises(IndexError):
        joined[5]


@pytest.mark.parametrize("value", [None, "text", 3])
def test_only_lists_and_dicts_can_be_mapped_over(dag: DAG, value: Any) -> None:
    with pytest.raises(TypeError, match=r"a.output is"):
        out(dag, "a").map(str).resolve(context_of(dag, "c", xcoms={("a", -1): value}))


def test_only_what_a_task_returns_can_be_mapped_over(dag: DAG) -> None:
    reference: Any = out(dag, "a")
    with pytest.raises(ValueError, match="only what a task returns"):
        reference["k"].map(str)


def test_a_mapped_task_gives_the_list_over_its_map_indexes() -> None:
    with DAG("d") as dag:

        @task
        def add(x: int) -> int:
            return x

        @task
        def total(values: list[int]) -> list[int]:
            return list(values)

        total(add.expand(x=[1, 2, 3]))
    assert execute(dag, "total", xcoms={("add", 2): 30, ("add", 0): 10}) == [10, 30]
    assert execute(dag, "total") == []


def test_within_a_mapped_group_a_reference_means_the_same_map_index() -> None:
    with DAG("d") as dag:

        @task
        def step(x: Any) -> Any:
            return x

        @task_group
        def group(x: Any) -> Any:
            return step.override(task_id="second")(step.override(task_id="first")(x))

        step.override(task_id="after")(group.expand(x=[7, 8]))
    first = {("group.first", 0): "zero", ("group.first", 1): "one"}
    assert execute(dag, "group.second", 1, first) == "one"
    assert execute(dag, "group.first", 1) == 8
    second = {("group.second", 0): "a", ("group.second", 1): "b"}
    assert execute(dag, "after", xcoms=second) == ["a", "b"]


class Part:
    """An object whose fields are rendered, and which knows others of its kind."""

    template_fields = ("text", "other")

    def __init__(self, text: Any) -> None:
        self.text = text
        self.other: Any = None


def test_objects_that_refer_to_each_other_are_looked_into_once() -> None:
    with DAG("d"):
        first = EmptyOperator(task_id="first")
        one, two = Part("{{ ds }}"), Part(first.output)
        one.other, two.other = [two], {"back": one}
        references = list(iter_references(one))
    assert references == [(first, "return_value")]


def test_a_list_that_contains_itself_is_refused() -> None:
    items: list[Any] = [1]
    items.append({"deeper": items})
    with pytest.raises(DefinitionError, match="a list among the arguments contains itself"):
        list(iter_references(items))


def test_what_is_met_twice_is_no_circle_and_depth_has_no_limit() -> None:
    with DAG("d"):
        output = EmptyOperator(task_id="first").output
    shared = [output]
    assert len(list(iter_references([shared, shared]))) == 2
    deep: Any = output
    for _ in range(5000):
        deep = [deep]
    assert len(list(iter_references(deep))) == 1

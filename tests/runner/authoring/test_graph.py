"""Order, circles and weights."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.authoring.dag import DAG
from runner.authoring.exceptions import DagCycleException
from runner.authoring.graph import effective_weights, topological_order
from runner.authoring.operators.empty import EmptyOperator


@st.composite
def dags(draw: st.DrawFn, *, acyclic: bool = True) -> DAG:
    """Up to 8 tasks, their order in the file no order of the graph."""
    count = draw(st.integers(1, 8))
    pairs = [(i, j) for i in range(count) for j in range(count) if (i < j if acyclic else i != j)]
    edges = draw(st.sets(st.sampled_from(pairs))) if pairs else set()
    rules = st.sampled_from(["downstream", "upstream", "absolute"])
    with DAG("d") as dag:
        tasks = {
            number: EmptyOperator(
                task_id=f"t{number}",
                priority_weight=draw(st.integers(-3, 3)),
                weight_rule=draw(rules),
            )
            for number in draw(st.permutations(range(count)))
        }
        for before, after in edges:
            tasks[before] >> tasks[after]
    return dag


@given(dags())
def test_each_task_comes_after_its_upstream(dag: DAG) -> None:
    order = topological_order(dag.task_dict)
    assert sorted(order) == sorted(dag.task_ids)
    for task in dag.tasks:
        for before in task.upstream_task_ids:
            assert order.index(before) < order.index(task.task_id)


def test_ties_are_in_the_order_of_the_file() -> None:
    with DAG("d") as dag:
        tasks = {name: EmptyOperator(task_id=name) for name in "zyxwa"}
        tasks["w"] >> tasks["z"]
    assert topological_order(dag.task_dict) == ["y", "x", "w", "z", "a"]


@given(dags())
def test_a_weight_counts_every_relative_once(dag: DAG) -> None:
    weights = effective_weights(dag.task_dict, topological_order(dag.task_dict))
    for task in dag.tasks:
        node: Any = task
        relatives: set[str] = set()
        if node.weight_rule != "absolute":
            relatives = task.get_flat_relative_ids(upstream=node.weight_rule == "upstream")
        others: list[Any] = [dag.get_task(task_id) for task_id in relatives]
        own: int = node.priority_weight
        assert weights[task.task_id] == own + sum(other.priority_weight for other in others)


def test_a_chain_weighs_three_two_one() -> None:
    with DAG("d") as dag:
        a, b, c = (EmptyOperator(task_id=name) for name in "abc")
        a >> b >> c
    weights = effective_weights(dag.task_dict, topological_order(dag.task_dict))
    assert weights == {"a": 3, "b": 2, "c": 1}


def test_weights_stay_within_32_bits() -> None:
    with DAG("d") as dag:
        a, b = (EmptyOperator(task_id=name, priority_weight=2**31 - 1) for name in "ab")
        a >> b
    assert effective_weights(dag.task_dict, ["a", "b"])["a"] == 2**31 - 1


@given(dags(acyclic=False))
def test_a_circle_is_found_and_is_one(dag: DAG) -> None:
    try:
        topological_order(dag.task_dict)
    except DagCycleException as error:
        circle = str(error).removeprefix("cycle: ").split(" -> ")
        assert circle[0] == circle[-1]
        assert len(set(circle)) == len(circle) - 1
        for before, after in pairwise(circle):
            assert after in dag.get_task(before).downstream_task_ids


def test_a_task_that_waits_for_itself_is_a_circle() -> None:
    with DAG("d") as dag:
        a = EmptyOperator(task_id="a")
        a >> a
    with pytest.raises(DagCycleException, match="cycle: a -> a"):
        dag.check_cycle()

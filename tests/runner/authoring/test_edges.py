"""``>>``, ``chain`` and its kin, labels."""

from __future__ import annotations

from typing import Any

import pytest

from runner.authoring.dag import DAG
from runner.authoring.decorators import task
from runner.authoring.edges import Label, chain, chain_linear, cross_downstream
from runner.authoring.operators.empty import EmptyOperator
from runner.authoring.task_group import TaskGroup


def tasks(ids: str) -> list[Any]:
    return [EmptyOperator(task_id=task_id) for task_id in ids]


def edges(dag: DAG) -> set[str]:
    return {f"{node.task_id}{after}" for node in dag.tasks for after in node.downstream_task_ids}


def test_shifts_give_the_right_side_so_that_they_can_be_chained() -> None:
    with DAG("d") as dag:
        a, b, c, d = tasks("abcd")
        a >> [b, c] >> d
    assert edges(dag) == {"ab", "ac", "bd", "cd"}


def test_left_shifts_mean_upstream() -> None:
    with DAG("d") as dag:
        a, b, c = tasks("abc")
        c << b << a
        [b, c] << a
    assert edges(dag) == {"ab", "bc", "ac"}


def test_chain_joins_lists_of_one_length_pair_by_pair() -> None:
    with DAG("d") as dag:
        a, b, c, d, e, f = tasks("abcdef")
        chain(a, [b, c], [d, e], f)
    assert edges(dag) == {"ab", "ac", "bd", "ce", "df", "ef"}


def test_chain_refuses_lists_of_two_lengths() -> None:
    with DAG("d"):
        a, b, c = tasks("abc")
        with pytest.raises(ValueError, match="lists of 2 and 1 tasks"):
            chain([a, b], [c])


def test_chain_refuses_what_is_no_task() -> None:
    with DAG("d"), pytest.raises(TypeError):
        chain(*tasks("a"), "b")  # pyright: ignore[reportArgumentType]


def test_cross_downstream_joins_all_with_all() -> None:
    with DAG("d") as dag:
        a, b, c, d = tasks("abcd")
        cross_downstream([a, b], [c, d])
    assert edges(dag) == {"ac", "ad", "bc", "bd"}


def test_chain_linear_joins_lists_of_any_length() -> None:
    with DAG("d") as dag:
        a, b, c, d = tasks("abcd")
        chain_linear(a, [b, c], d)
    assert edges(dag) == {"ab", "ac", "bd", "cd"}


def test_chain_linear_needs_two_elements_and_no_labels() -> None:
    with DAG("d"):
        a, b = tasks("ab")
        with pytest.raises(ValueError, match="at least two"):
            chain_linear(a)
        with pytest.raises(ValueError, match="no labels"):
            chain_linear(a, Label("x"), b)


def test_a_label_names_the_edges_between_its_sides() -> None:
    with DAG("d") as dag:
        a, b, c, d = tasks("abcd")
        a >> Label("new") >> [b, c]
        d << Label("done") << [b, c]
        chain(a, [Label("x")], [d])
    assert dag.edge_labels == {
        ("a", "b"): "new",
        ("a", "c"): "new",
        ("b", "d"): "done",
        ("c", "d"): "done",
        ("a", "d"): "x",
    }


def test_a_label_between_groups_adds_no_edge_that_is_not_written() -> None:
    with DAG("d") as dag:
        with TaskGroup("g", prefix_group_id=False):
            a, _ = tasks("ax")
        with TaskGroup("h", prefix_group_id=False):
            b, _ = tasks("by")
        a >> Label("only this") >> b
    assert edges(dag) == {"ab"}


def test_a_label_on_a_group_names_the_edges_of_its_tasks() -> None:
    with DAG("d") as dag:
        with TaskGroup("g", prefix_group_id=False) as group:
            tasks("ab")
        (c,) = tasks("c")
        group >> Label("all") >> c
    assert dag.edge_labels == {("a", "c"): "all", ("b", "c"): "all"}


def test_edges_between_dags_are_refused() -> None:
    with DAG("one"):
        (a,) = tasks("a")
    with DAG("two"), pytest.raises(ValueError, match="another DAG"):
        a >> EmptyOperator(task_id="b")


def test_an_edge_to_what_is_no_task_is_refused() -> None:
    with DAG("d"), pytest.raises(TypeError, match="not NoneType None"):
        tasks("a")[0] >> None


def test_references_speak_for_their_tasks() -> None:
    with DAG("d") as dag:
        (a,) = tasks("a")

        @task
        def b() -> None: ...

        a >> b() >> tasks("c")
    assert edges(dag) == {"ab", "bc"}

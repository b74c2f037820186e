"""Task groups: ids, edges, nesting."""

from __future__ import annotations

from typing import Any

import pytest

from runner.authoring.dag import DAG
from runner.authoring.decorators import task, task_group
from runner.authoring.exceptions import DuplicateTaskIdFound, TaskAlreadyInTaskGroup
from runner.authoring.operators.empty import EmptyOperator
from runner.authoring.task_group import TaskGroup


def empty(task_id: str, **arguments: Any) -> EmptyOperator:
    return EmptyOperator(task_id=task_id, **arguments)


def test_ids_inside_carry_the_groups_unless_it_does_not_prefix() -> None:
    with DAG("d") as dag:
        with TaskGroup("g"):
            empty("a")
            with TaskGroup("h"):
                empty("b")
        with TaskGroup("i", prefix_group_id=False), TaskGroup("j"):
            empty("c")
    assert dag.task_ids == ["g.a", "g.h.b", "j.c"]
    assert sorted(dag.task_group_dict) == ["g", "g.h", "i", "j"]


def test_labels_leave_the_prefix_out() -> None:
    with DAG("d"), TaskGroup("g"), TaskGroup("h", group_display_name="Shown") as inner:
        assert empty("b").label == "b"
        assert empty("c", task_display_name="See").label == "See"
    assert inner.label == "Shown"


def test_edges_lead_to_roots_and_come_from_leaves() -> None:
    with DAG("d") as dag:
        before, after = empty("before"), empty("after")
        with TaskGroup("g") as group:
            a, b, c = empty("a"), empty("b"), empty("c")
            a >> b
        before >> group >> after
    assert before.downstream_task_ids == {"g.a", "g.c"}
    assert after.upstream_task_ids == {"g.b", "g.c"}
    assert c.upstream_task_ids == {"before"}
    assert [node.task_id for node in dag.roots] == ["before"]


def test_edges_between_groups_join_leaves_and_roots() -> None:
    with DAG("d"):
        with TaskGroup("g") as one:
            empty("a") >> empty("b")
        with TaskGroup("h") as two:
            empty("c") >> empty("d")
        two << one
    assert one["b"].downstream_task_ids == {"h.c"}


def test_an_edge_through_an_empty_group_joins_what_is_around_it() -> None:
    with DAG("d"):
        before, after = empty("before"), empty("after")
        with TaskGroup("one") as one, TaskGroup("inner"):
            pass
        with TaskGroup("two") as two:
            pass
        before >> one >> two >> after
    assert after.upstream_task_ids == {"before"}


def test_an_edge_from_a_group_passes_its_teardowns_by() -> None:
    with DAG("d"):
        with TaskGroup("g") as group:
            work = empty("work")
            setup = empty("s").as_setup()
            setup >> work >> empty("t").as_teardown(setups=setup)
        after = empty("after")
        group >> after
    assert after.upstream_task_ids == {"g.work"}


def test_a_group_id_is_used_once() -> None:
    with DAG("d"):
        TaskGroup("g")
        with pytest.raises(DuplicateTaskIdFound, match="group id 'g' is used twice"):
            TaskGroup("g")


def test_a_group_is_made_in_a_dag() -> None:
    with pytest.raises(ValueError, match="outside a DAG"):
        TaskGroup("g")


def test_a_group_id_has_no_dots() -> None:
    with DAG("d"), pytest.raises(ValueError, match=r"group id 'a.b'"):
        TaskGroup("a.b")


def test_a_task_is_in_one_group() -> None:
    with DAG("d"):
        with TaskGroup("g"):
            a = empty("a")
        with pytest.raises(TaskAlreadyInTaskGroup):
            TaskGroup("h").add(a)


def test_a_group_given_by_argument_takes_the_task() -> None:
    dag = DAG("d")
    group = TaskGroup("g", dag=dag)
    empty("a", task_group=group)
    assert dag.task_ids == ["g.a"]
    assert group.has_task(dag.get_task("g.a"))


def test_a_decorated_function_makes_a_group_per_call() -> None:
    with DAG("d") as dag:

        @task
        def step(x: Any = 0) -> Any:
            return x

        @task_group(tooltip="tip")
        def group(x: Any) -> Any:
            """What it is for."""
            return step(step(x))

        last = group(group(1))
        empty("end") << last
    assert dag.task_ids == [
        "group.step",
        "group.step__1",
        "group__1.step",
        "group__1.step__1",
        "end",
    ]
    assert dag.get_task("end").upstream_task_ids == {"group__1.step__1"}
    assert dag.task_group_dict["group"].tooltip == "tip"
    assert dag.task_group_dict["group"].doc_md == "What it is for."


def test_a_function_without_result_gives_the_group() -> None:
    with DAG("d"):

        @task_group
        def group() -> None:
            empty("a")

        made: Any = group()
        made >> empty("b")
        other: Any = group.override(group_id="other")()
    assert isinstance(made, TaskGroup)
    assert other.group_id == "other"


def test_a_group_cannot_be_a_setup() -> None:
    from runner.authoring.decorators import setup

    @task_group
    def group() -> None: ...

    with pytest.raises(ValueError, match="a task group can't be one"):
        setup(group)

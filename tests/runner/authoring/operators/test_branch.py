"""Branches and short circuits: which tasks are skipped."""

from __future__ import annotations

from typing import Any

import pytest

from runner.authoring.dag import DAG
from runner.authoring.decorators import task, task_group
from runner.authoring.exceptions import DagtopException, DownstreamTasksSkipped
from runner.authoring.operators.branch import BaseBranchOperator
from runner.authoring.operators.empty import EmptyOperator
from runner.authoring.operators.python import BranchPythonOperator, ShortCircuitOperator
from runner.authoring.task_group import TaskGroup
from tests.runner.authoring.running import execute, skipped_by


def branching(choice: Any) -> DAG:
    """``branch`` before a, b, join and the group g; a before join; b before later."""
    with DAG("d") as dag:
        branch = BranchPythonOperator(task_id="branch", python_callable=lambda: choice)
        a, b, join, later = (EmptyOperator(task_id=name) for name in ("a", "b", "join", "later"))
        with TaskGroup("g") as group:
            first = EmptyOperator(task_id="first")
            first >> EmptyOperator(task_id="second")
        branch >> [a, b, join, group]
        a >> join
        b >> later
    return dag


@pytest.mark.parametrize(
    ("choice", "skipped"),
    [
        ("a", {"b", "g.first"}),
        ("b", {"a", "join", "g.first"}),
        (["a", "b"], {"g.first"}),
        (("a", "g"), {"b"}),
        ("g", {"a", "b", "join"}),
        ("later", {"a", "b", "join", "g.first"}),
        (None, {"a", "b", "join", "g.first"}),
        ([], {"a", "b", "join", "g.first"}),
        (["a", "b", "g"], set()),
    ],
)
def test_what_else_is_directly_downstream_is_skipped(choice: Any, skipped: set[str]) -> None:
    assert skipped_by(branching(choice), "branch") == skipped


def test_the_choice_is_the_result() -> None:
    with pytest.raises(DownstreamTasksSkipped) as caught:
        execute(branching("a"), "branch")
    assert caught.value.result == "a"
    assert caught.value.tasks == caught.value.task_ids == ["b", "g.first"]
    assert execute(branching(["a", "b", "g"]), "branch") == ["a", "b", "g"]


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ("jion", "branch 'branch' chose 'jion', which is no task or task group.*did you mean join"),
        ("zzz", "directly downstream are a, b, g.first, join"),
        (3, "branch 'branch' returned 3: return the id"),
        (["a", 3], "returned 3 among its ids"),
        (True, "returned True"),
    ],
)
def test_an_unknown_choice_fails_with_one_sentence(choice: Any, sentence: str) -> None:
    with pytest.raises(DagtopException, match=sentence):
        execute(branching(choice), "branch")


def test_a_decorated_branch_chooses_by_its_arguments() -> None:
    with DAG("d") as dag:

        @task
        def make() -> Any: ...

        @task.branch
        def choose(n: int) -> str:
            return "big" if n > 5 else "small"

        choose(make()) >> [EmptyOperator(task_id="big"), EmptyOperator(task_id="small")]
    assert skipped_by(dag, "choose", xcoms={("make", -1): 9}) == {"small"}


def test_an_own_branching_operator_defines_how_it_chooses() -> None:
    class Weekend(BaseBranchOperator):
        def choose_branch(self, context: Any) -> str:
            return f"day_{context['ds']}"

    with DAG("d") as dag:
        after = [EmptyOperator(task_id=name) for name in ("day_2024-01-02", "other")]
        Weekend(task_id="w") >> after
    assert skipped_by(dag, "w") == {"other"}


def test_a_branch_in_a_mapped_group_skips_within_its_map_index_only() -> None:
    with DAG("d") as dag:

        @task.branch
        def choose(x: str) -> str:
            return f"group.{x}"

        @task_group
        def group(x: str) -> None:
            choose(x) >> [EmptyOperator(task_id="a"), EmptyOperator(task_id="b")]
            dag.get_task("group.choose") >> outside

        outside = EmptyOperator(task_id="outside")
        group.expand(x=["a", "b"])
    assert skipped_by(dag, "group.choose", 0) == {"group.b"}
    assert skipped_by(dag, "group.choose", 1) == {"group.a"}


def short_circuit(value: Any, **arguments: Any) -> DAG:
    with DAG("d") as dag:
        check = ShortCircuitOperator(task_id="c", python_callable=lambda: value, **arguments)
        near = EmptyOperator(task_id="near")
        far = EmptyOperator(task_id="far", trigger_rule="all_done")
        check >> near >> far >> EmptyOperator(task_id="down").as_teardown()
    return dag


def test_a_short_circuit_skips_all_downstream_but_teardowns() -> None:
    assert skipped_by(short_circuit([]), "c") == {"near", "far"}


def test_a_short_circuit_may_leave_the_rest_to_trigger_rules() -> None:
    dag = short_circuit(None, ignore_downstream_trigger_rules=False)
    assert skipped_by(dag, "c") == {"near"}


def test_a_truthy_condition_goes_on_and_is_the_result() -> None:
    assert execute(short_circuit({"k": 1}), "c") == {"k": 1}
    with pytest.raises(DownstreamTasksSkipped) as caught:
        execute(short_circuit(0), "c")
    assert caught.value.result == 0


def test_a_short_circuit_without_downstream_skips_nothing() -> None:
    with DAG("d") as dag:

        @task.short_circuit
        def check() -> bool:
            return False

        check()
    assert execute(dag, "check") is False

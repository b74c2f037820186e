"""Setup and teardown tasks."""

from __future__ import annotations

from typing import Any

import pytest

from runner.authoring.dag import DAG
from runner.authoring.decorators import setup, task, teardown
from runner.authoring.operators.empty import EmptyOperator
from runner.authoring.trigger_rule import TriggerRule


def empty(task_id: str) -> EmptyOperator:
    return EmptyOperator(task_id=task_id)


def edges(dag: DAG) -> set[str]:
    return {f"{node.task_id}>{after}" for node in dag.tasks for after in node.downstream_task_ids}


def test_a_teardown_follows_its_setups_and_gets_its_own_rule() -> None:
    with DAG("d") as dag:
        one, two = empty("one"), empty("two")
        down = empty("down").as_teardown(setups=[one, two], on_failure_fail_dagrun=True)
    assert edges(dag) == {"one>down", "two>down"}
    assert one.is_setup
    assert down.trigger_rule == TriggerRule.ALL_DONE_SETUP_SUCCESS
    assert down.on_failure_fail_dagrun


def test_a_task_is_not_both() -> None:
    with DAG("d"), pytest.raises(ValueError, match="is a setup and can't be a teardown too"):
        empty("a").as_setup().as_teardown()


def test_only_a_teardown_may_fail_the_run() -> None:
    with DAG("d"), pytest.raises(ValueError, match="isn't a teardown"):
        empty("a").on_failure_fail_dagrun = True


def test_tasks_in_the_block_of_a_pair_come_between() -> None:
    with DAG("d") as dag:
        up, down = empty("up").as_setup(), empty("down").as_teardown()
        with up >> down:
            a, b = empty("a"), empty("b")
            a >> b
            empty("c")
    assert edges(dag) == {"up>down", "up>a", "up>c", "a>b", "b>down", "c>down"}


def test_the_block_of_a_setup_finds_its_teardown() -> None:
    with DAG("d") as dag:
        up, down = empty("up").as_setup(), empty("down").as_teardown()
        up >> down
        with up:
            empty("a")
    assert edges(dag) == {"up>down", "up>a", "a>down"}


def test_a_block_within_a_block_is_wrapped() -> None:
    with DAG("d") as dag:
        up1, down1 = empty("up1").as_setup(), empty("down1").as_teardown()
        up2, down2 = empty("up2").as_setup(), empty("down2").as_teardown()
        with up1 >> down1, up2 >> down2:
            empty("a")
    assert edges(dag) == {
        "up1>down1", "up1>up2", "up2>down2", "down2>down1", "up2>a", "a>down2",
    }  # fmt: skip


def test_a_task_made_outside_can_be_added_to_the_block() -> None:
    with DAG("d") as dag:
        a = empty("a")
        with empty("up").as_setup() as scope:
            scope.add_task(a)
    assert edges(dag) == {"up>a"}


def test_a_block_takes_setups_and_teardowns_only() -> None:
    with DAG("d"), pytest.raises(ValueError, match="is neither"), empty("a"):
        pass


def test_decorated_functions_can_be_both_kinds() -> None:
    with DAG("d") as dag:

        @setup
        def up() -> None: ...

        @teardown(on_failure_fail_dagrun=True)
        def down() -> None: ...

        @task
        def work() -> None: ...

        with up() >> down():
            work()
    tasks: Any = dag.task_dict
    assert tasks["up"].is_setup
    assert tasks["down"].is_teardown
    assert tasks["down"].on_failure_fail_dagrun
    assert edges(dag) == {"up>down", "up>work", "work>down"}


def test_a_decorated_task_can_be_made_a_setup_by_its_call() -> None:
    with DAG("d") as dag:

        @task
        def up() -> None: ...

        @task
        def down() -> None: ...

        first = up()
        down().as_teardown(setups=first)
    assert dag.get_task("up").is_setup
    assert edges(dag) == {"up>down"}


def test_the_rule_of_a_teardown_cannot_be_chosen() -> None:
    @teardown
    @task(trigger_rule="all_done")
    def down() -> None: ...

    with DAG("d"), pytest.raises(ValueError, match="can't be chosen"):
        down()


def test_a_mapped_setup_is_a_setup_in_every_instance() -> None:
    with DAG("d") as dag:

        @setup
        def up(x: int) -> None: ...

        up.expand(x=[1, 2])
    mapped: Any = dag.get_task("up")
    assert mapped.is_setup
    assert mapped.unmap({"x": 1}).is_setup

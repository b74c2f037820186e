"""A DAG as data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from runner.authoring.dag import DAG
from runner.authoring.decorators import task, task_group
from runner.authoring.edges import Label
from runner.authoring.operators.bash import BashOperator
from runner.authoring.operators.empty import EmptyOperator
from runner.authoring.operators.python import PythonOperator
from runner.authoring.params import Param
from runner.authoring.sensors.filesystem import FileSensor
from runner.authoring.structure import showable, structure_of
from runner.authoring.task_group import TaskGroup
from store.structure import (
    ConcatLength,
    DagStructure,
    LiteralLength,
    TaskStructure,
    XComLength,
    ZipLength,
    decode_structure,
)


def decoded(dag: DAG) -> DagStructure:
    """As the store reads it, through JSON, with nothing that it doesn't know."""
    plain = structure_of(dag, "dags/x.py")
    known = set(DagStructure.__struct_fields__)
    assert plain.keys() <= known, plain.keys() - known
    for one in plain["tasks"]:
        assert one.keys() <= set(TaskStructure.__struct_fields__)
    return decode_structure(msgspec.json.encode(plain))


def tasks_of(dag: DAG) -> dict[str, TaskStructure]:
    return {one.task_id: one for one in decoded(dag).tasks}


def test_a_dag_says_all_that_it_was_told() -> None:
    with DAG(
        "d",
        schedule="0 3 * * 1",
        start_date=datetime(2024, 1, 1, tzinfo=UTC),
        end_date=datetime(2024, 2, 1, tzinfo=UTC),
        catchup=True,
        tags=["b", "a"],
        description="what",
        doc_md="# doc",
        max_active_runs=2,
        max_active_tasks=3,
        max_consecutive_failed_dag_runs=4,
        dagrun_timeout=timedelta(minutes=5),
        is_paused_upon_creation=True,
        fail_fast=True,
        dag_display_name="Shown",
        on_failure_callback=print,
        params={"n": Param(1, type="integer", description="how many")},
    ) as dag:
        EmptyOperator(task_id="a", owner="ann")
    found = decoded(dag)
    assert (found.dag_id, found.file, found.display_name) == ("d", "dags/x.py", "Shown")
    assert (found.tags, found.owners, found.callbacks) == (["a", "b"], ["ann"], ["on_failure"])
    assert (found.timetable.kind, found.timetable.expression) == ("cron_interval", "0 3 * * 1")
    assert (found.start_date, found.end_date) == (
        "2024-01-01T00:00:00+00:00",
        "2024-02-01T00:00:00+00:00",
    )
    assert (found.catchup, found.fail_fast, found.is_paused_upon_creation) == (True, True, True)
    assert (found.max_active_runs, found.max_active_tasks) == (2, 3)
    assert (found.max_consecutive_failed_dag_runs, found.dagrun_timeout) == (4, 300.0)
    (number,) = found.params
    assert (number.name, number.default, number.schema) == ("n", 1, {"type": "integer"})
    assert number.description == "how many"
    assert number.has_default
    assert found.line is not None


def test_a_param_without_a_default_says_so() -> None:
    (found,) = decoded(DAG("d", params={"m": Param(type="string")})).params
    assert (found.has_default, found.default, found.schema) == (False, None, {"type": "string"})


def test_a_bare_dag_has_the_defaults() -> None:
    found = decoded(DAG("d"))
    wanted = DagStructure(dag_id="d", file="dags/x.py", display_name="d", line=found.line)
    assert msgspec.structs.replace(found, timetable=wanted.timetable) == wanted
    assert found.timetable.kind == "none"


def test_a_bare_task_has_the_defaults() -> None:
    with DAG("d") as dag:
        EmptyOperator(task_id="a")
    (found,) = decoded(dag).tasks
    assert found == TaskStructure(
        task_id="a",
        operator="EmptyOperator",
        label="a",
        runs_nothing=True,
        ui_color="#e8f7e4",
        ui_fgcolor="#000",
        line=found.line,
    )


def test_a_task_says_how_it_is_tried() -> None:
    with DAG("d") as dag:
        BashOperator(
            task_id="a",
            bash_command="true",
            retries=3,
            retry_delay=timedelta(seconds=5),
            retry_exponential_backoff=True,
            max_retry_delay=60,
            execution_timeout=timedelta(minutes=1),
            wait_for_downstream=True,
            pool="gpu",
            pool_slots=2,
            weight_rule="absolute",
            priority_weight=7,
            max_active_tis_per_dag=1,
            trigger_rule="one_success",
            on_execute_callback=print,
            on_retry_callback=[print],
            task_display_name="See",
        )
    (found,) = decoded(dag).tasks
    assert (found.retries, found.retry_delay, found.retry_exponential_backoff) == (3, 5.0, 2.0)
    assert (found.max_retry_delay, found.execution_timeout) == (60.0, 60.0)
    assert (found.depends_on_past, found.wait_for_downstream) == (True, True)
    assert (found.pool, found.pool_slots, found.priority_weight) == ("gpu", 2, 7)
    assert (found.weight_rule, found.max_active_tis_per_dag) == ("absolute", 1)
    assert (found.trigger_rule, found.callbacks) == ("one_success", ["on_execute", "on_retry"])
    assert (found.label, found.runs_nothing) == ("See", False)


def test_an_empty_operator_with_callbacks_runs_something() -> None:
    with DAG("d") as dag:
        EmptyOperator(task_id="a", on_success_callback=print)
        EmptyOperator.partial(task_id="b").expand(params=[{}])
    found = tasks_of(dag)
    assert not found["a"].runs_nothing
    assert found["b"].runs_nothing


def test_tasks_are_in_topological_order_and_their_neighbours_in_that_of_the_file() -> None:
    with DAG("d") as dag:
        last, b, a = (EmptyOperator(task_id=name) for name in ("last", "b", "a"))
        [a, b] >> last
    found = decoded(dag)
    assert [one.task_id for one in found.tasks] == ["b", "a", "last"]
    assert found.tasks[-1].upstream == ["b", "a"]
    assert found.roots == ["last", "b", "a"]


def test_groups_are_listed_outer_before_inner() -> None:
    with DAG("d") as dag:
        EmptyOperator(task_id="first")
        with TaskGroup("g", tooltip="tip"):
            EmptyOperator(task_id="a")
            with TaskGroup("h"):
                EmptyOperator(task_id="b")
    found = decoded(dag)
    outer, inner = found.groups
    assert (outer.group_id, outer.parent, outer.children) == ("g", None, ["g.a", "g.h"])
    assert (inner.group_id, inner.parent, inner.label) == ("g.h", "g", "h")
    assert outer.tooltip == "tip"
    assert found.roots == ["first", "g"]
    assert [one.group_id for one in found.tasks] == [None, "g", "g.h"]


def test_expansions_say_whose_lengths_count() -> None:
    with DAG("d") as dag:

        @task
        def make() -> Any: ...

        @task
        def use(x: Any, y: Any = None) -> Any: ...

        one, two = make(), make()
        use.expand(x=one, y=[1, 2, 3])
        use.expand(x=one.zip(two, fillvalue=0), y=one.map(str).concat(two))
        use.expand_kwargs([{"x": 1}, {"x": 2}])
        use.expand(x=use.expand(x={"a": 1}))

    found = tasks_of(dag)
    expansions = {name: one.expansion.arguments for name, one in found.items() if one.expansion}
    first, second = XComLength("make"), XComLength("make__1")
    assert expansions == {
        "use": [("x", first), ("y", LiteralLength(3))],
        "use__1": [("x", ZipLength([first, second], True)), ("y", ConcatLength([first, second]))],
        "use__2": [("", LiteralLength(2))],
        "use__3": [("x", LiteralLength(1))],
        "use__4": [("x", XComLength("use__3"))],
    }


def test_tasks_in_a_mapped_group_name_it() -> None:
    with DAG("d") as dag:

        @task
        def step(x: Any) -> Any: ...

        @task_group
        def group(x: Any) -> None:
            with TaskGroup("inner"):
                step(x)

        group.expand(x=step([1, 2]))
    found = decoded(dag)
    inner = next(one for one in found.tasks if one.task_id == "group.inner.step")
    assert inner.mapped_group == "group"
    assert inner.expansion is None
    assert inner.xcom_inputs == [("step", "return_value")]
    assert found.groups[0].expansion is not None
    assert found.groups[0].expansion.arguments == [("x", XComLength("step"))]


def test_xcoms_that_arguments_refer_to_are_listed_once() -> None:
    with DAG("d") as dag:
        a: Any = BashOperator(task_id="a", bash_command="true").output
        PythonOperator(
            task_id="b",
            python_callable=print,
            op_args=[a, {"k": a["loss"]}],
            op_kwargs={"again": a},
        )
    assert tasks_of(dag)["b"].xcom_inputs == [("a", "return_value"), ("a", "loss")]


def test_sensors_say_how_they_wait() -> None:
    with DAG("d") as dag:
        FileSensor(task_id="a", filepath="f", mode="reschedule", timeout=timedelta(hours=1))
        FileSensor(task_id="b", filepath="f")
        FileSensor.partial(task_id="c", mode="reschedule", timeout=9).expand(filepath=["f"])
    found = tasks_of(dag)
    waits = {name: (one.sensor_mode, one.sensor_timeout) for name, one in found.items()}
    assert waits == {
        "a": ("reschedule", 3600.0),
        "b": ("poke", 604800.0),
        "c": ("reschedule", 9.0),
    }
    assert all(one.is_sensor for one in found.values())


def test_setup_and_teardown_are_said() -> None:
    with DAG("d") as dag:
        setup = EmptyOperator(task_id="s")
        EmptyOperator(task_id="t").as_teardown(setups=setup, on_failure_fail_dagrun=True)
    found = tasks_of(dag)
    assert found["s"].is_setup
    assert found["t"].is_teardown
    assert found["t"].on_failure_fail_dagrun
    assert found["t"].trigger_rule == "all_done_setup_success"


def test_labels_of_edges_are_listed() -> None:
    with DAG("d") as dag:
        EmptyOperator(task_id="a") >> Label("new") >> EmptyOperator(task_id="b")
    assert decoded(dag).edge_labels == [("a", "b", "new")]


def test_fields_show_arguments_and_hide_secrets() -> None:
    with DAG("d") as dag:
        first = BashOperator(task_id="a", bash_command="x" * 3000, env={"API_TOKEN": "s", "B": "b"})
        PythonOperator(
            task_id="b", python_callable=tasks_of, op_args=[first.output], op_kwargs={"o": object}
        )
    found = tasks_of(dag)
    assert len(found["a"].fields["bash_command"]) == 2001
    assert found["a"].fields["env"] == {"API_TOKEN": "***", "B": "b"}
    assert found["b"].fields["op_args"] == ["a.output"]
    assert found["b"].fields["python_callable"] == "tasks_of"


class Awkward:
    def __repr__(self) -> str:
        raise RuntimeError("no")


@pytest.mark.parametrize(
    "value",
    [
        Awkward(),
        float("nan"),
        float("-inf"),
        10**30,
        "\ud800",
        {1: {2, 3}, (4,): b"bytes"},
        [[[[[[[[1]]]]]]]],
        list(range(1000)),
        {str(n): n for n in range(1000)},
        timedelta(1),
        datetime(2024, 1, 1, tzinfo=UTC),
        lambda: None,
        print,
    ],
)
def test_anything_can_be_shown_as_json(value: Any) -> None:
    shown = msgspec.json.encode(showable(value))
    assert len(shown) < 10_000

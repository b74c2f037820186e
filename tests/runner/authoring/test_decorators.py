"""``@task`` and its kin."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, TypedDict

import pytest

from runner.authoring.dag import DAG
from runner.authoring.decorators import TaskDecorator, returns_mapping, task
from runner.authoring.exceptions import DagtopException
from runner.authoring.xcom_arg import XComArg
from tests.runner.authoring.running import execute


class Scores(TypedDict):
    r2: float


def plain() -> int:
    return 1


def test_each_call_makes_a_task_with_an_id_of_its_own() -> None:
    with DAG("d") as dag:

        @task
        def step(x: int = 0) -> int:
            return x

        step(), step(), step(1)
        step.override(task_id="step__7")()
        step()
        step.override(task_id="other", retries=3)()
    ids = ["step", "step__1", "step__2", "step__7", "step__8", "other"]
    assert dag.task_ids == ids
    other: Any = dag.get_task("other")
    assert other.retries == 3


def test_arguments_make_edges_and_arrive_as_values() -> None:
    with DAG("d") as dag:

        @task
        def make() -> Any: ...

        @task
        def use(a: Any, *, b: Any, **more: Any) -> Any:
            return a, b, more["c"]

        use({"k": make()}, b=[make.override(task_id="m")()], c="{{ ds }}")
    assert dag.get_task("use").upstream_task_ids == {"make", "m"}
    values = execute(dag, "use", xcoms={("make", -1): 1, ("m", -1): 2})
    assert values == ({"k": 1}, [2], "2024-01-02")


def test_names_of_the_context_are_filled_in_when_the_task_runs() -> None:
    with DAG("d") as dag:

        @task
        def show(ds: Any, x: int, ti: Any = None) -> Any:
            return ds, x, ti.task_id

        show(x=1)
    assert execute(dag, "show") == ("2024-01-02", 1, "show")


def test_a_call_is_checked_while_the_file_is_read() -> None:
    @task
    def step(x: int) -> None: ...

    call: Any = step
    with DAG("d"):
        with pytest.raises(TypeError, match=r"step\(\) needs the argument 'x'"):
            call()
        with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
            call(1, z=2)
        with pytest.raises(TypeError, match="too many positional"):
            call(1, 2)


def test_a_name_of_the_context_has_no_default() -> None:
    @task
    def step(ds: str = "2020-01-01") -> None: ...

    with DAG("d"), pytest.raises(ValueError, match="'ds' is given by the context"):
        step()


def test_a_functions_argument_may_stand_in_default_args() -> None:
    with DAG("d", default_args={"x": 4, "retries": 2}) as dag:

        @task
        def step(x: int) -> int:
            return x

        call: Any = step
        call()
        step(9)
    assert execute(dag, "step") == 4
    assert execute(dag, "step__1") == 9


def test_the_docstring_documents_the_task() -> None:
    with DAG("d") as dag:

        @task
        def step() -> None:
            """What it does."""

        @task(doc_md="other")
        def own() -> None:
            """What it does."""

        step()
        own()
    docs: Any = dag.task_dict
    assert (docs["step"].doc_md, docs["own"].doc_md) == ("What it does.", "other")


@pytest.mark.parametrize(
    ("hint", "several"),
    [
        (dict, True),
        (dict[str, int], True),
        ("dict[str, int]", True),
        (Mapping, True),
        (Scores, True),
        ("Scores", True),
        (int, False),
        (list[dict[str, int]], False),
        ("Unknown", False),
        (None, False),
        (dict | None, False),
    ],
)
def test_a_dict_in_the_annotation_means_several_outputs(hint: Any, several: bool) -> None:
    def function() -> Any: ...

    function.__annotations__["return"] = hint
    assert returns_mapping(function) is several


def test_several_outputs_can_be_said() -> None:
    with DAG("d") as dag:

        @task(multiple_outputs=False)
        def no() -> dict[str, int]:
            return {}

        @task(multiple_outputs=True)
        def yes() -> Any: ...

        no()
        yes()
    assert not dag.get_task("no").multiple_outputs
    assert dag.get_task("yes").multiple_outputs


def test_what_cannot_be_decorated_is_refused() -> None:
    decorate: Any = task
    with pytest.raises(TypeError, match="@task takes keyword arguments only, not 'name'"):
        decorate("name")

    def method(self: Any) -> None: ...

    with pytest.raises(TypeError, match="methods"):
        task(method)


def test_a_functools_partial_can_be_decorated() -> None:
    with DAG("d") as dag:
        task(partial(lambda x: x, 3), task_id="p")()  # pyright: ignore[reportCallIssue]
    assert execute(dag, "p") == 3


def test_a_decorated_function_stays_callable_as_itself() -> None:
    decorated = task(plain)
    assert isinstance(decorated, TaskDecorator)
    assert decorated.function() == 1
    assert decorated.__name__ == "plain"  # pyright: ignore[reportAttributeAccessIssue]


def test_a_call_gives_a_reference() -> None:
    with DAG("d"):
        assert isinstance(task(plain)(), XComArg)


def test_a_bash_task_runs_the_command_that_the_function_returns() -> None:
    with DAG("d") as dag:

        @task.bash(env={"WHO": "{{ ds }}"})
        def say(what: str) -> str:
            return f"echo {what} $WHO {{{{ ti.task_id }}}}"

        say("hello")
    assert execute(dag, "say") == "hello 2024-01-02 say"


def test_a_bash_task_renders_the_command_but_no_values_again() -> None:
    with DAG("d") as dag:

        @task
        def make() -> Any: ...

        @task.bash
        def say(what: Any) -> str:
            return f"printf %s '{len(what)}'"

        say(make())
    assert execute(dag, "say", xcoms={("make", -1): "{{ ds }}"}) == "8"


@pytest.mark.parametrize("command", ["", "  ", None, 3])
def test_a_bash_task_must_return_a_command(command: Any) -> None:
    with DAG("d") as dag:

        @task.bash
        def say() -> Any:
            return command

        say()
    with pytest.raises(DagtopException, match="return the command as a string"):
        execute(dag, "say")


def test_a_sensor_task_waits_for_the_function() -> None:
    with DAG("d") as dag:
        looks: list[int] = []

        @task.sensor(poke_interval=0, timeout=5)
        def there() -> bool:
            looks.append(1)
            return len(looks) == 3

        there()
    assert execute(dag, "there") is None
    assert len(looks) == 3


def test_kinds_have_their_names() -> None:
    with DAG("d") as dag:
        for kind in (task, task.bash, task.branch, task.short_circuit, task.sensor, task.python):
            kind(plain)()
    assert [node.operator_name for node in dag.tasks] == [
        "@task", "@task.bash", "@task.branch", "@task.short_circuit", "@task.sensor", "@task",
    ]  # fmt: skip

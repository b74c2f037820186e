"""What a host loads before it forks."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from runner.authoring.baseoperator import BaseOperator
from runner.authoring.dag import DAG
from runner.authoring.operators.python import PythonOperator
from runner.host.warm_up import warm_up

ROOT = Path(__file__).resolve().parents[3]
SCRIPT = """
import sys
sys.path.insert(0, {root!r})
from runner.authoring.dag import DAG
from runner.authoring.decorators import task
from runner.authoring.operators.bash import BashOperator
from runner.host.warm_up import warm_up
with DAG("d") as dag:
    {task}
warm_up([dag])
print(*[name for name in ("jinja2", "pendulum") if name in sys.modules])
"""


@pytest.mark.parametrize(
    ("task", "loaded"),
    [
        ("task(lambda x: x, task_id='t')(1)", ""),
        ("task(lambda **context: 1, task_id='t')()", "pendulum"),
        ("task(lambda logical_date: 1, task_id='t')()", "pendulum"),
        ("task(lambda x: x, task_id='t').partial().expand(x=['{{ ds }}'])", ""),
        ("task(lambda x, y: x, task_id='t').partial(y='{{ ds }}').expand(x=[1])", "jinja2"),
        ("BashOperator(task_id='t', bash_command='echo')", ""),
        ("BashOperator(task_id='t', bash_command='echo {{ ds }}')", "jinja2"),
        ("BashOperator(task_id='t', bash_command='echo {{ logical_date }}')", "jinja2 pendulum"),
    ],
)
def test_a_host_loads_what_its_tasks_will_need(task: str, loaded: str, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-P", "-c", SCRIPT.format(root=str(ROOT), task=task)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=50,
        check=False,
    )
    assert result.stdout.strip() == loaded, result.stderr


def test_a_wrong_template_is_left_for_the_task_to_tell() -> None:
    class Shell(BaseOperator):
        template_fields = ("command",)

        def __init__(self, *, command: str, **kwargs: object) -> None:
            super().__init__(**kwargs)  # type: ignore[arg-type]
            self.command = command

    with DAG("d") as dag:
        Shell(task_id="t", command="{% if %}")
        PythonOperator(task_id="u", python_callable=print)
    warm_up([dag])


def test_a_value_that_contains_itself_stops_no_host() -> None:
    arguments: dict[str, Any] = {"text": "{{ ds }}"}
    with DAG("d") as dag:
        PythonOperator(task_id="t", python_callable=print, op_kwargs=arguments)
    arguments["self"] = [arguments]
    dag.task_dict["t"].op_kwargs["self"] = arguments  # type: ignore[attr-defined]
    warm_up([dag])

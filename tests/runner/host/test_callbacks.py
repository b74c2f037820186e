"""Callbacks that run in a process of their own."""

from __future__ import annotations

from typing import Any

import pytest

from runner.authoring import services
from runner.authoring.dag import DAG
from runner.authoring.operators.python import PythonOperator
from runner.authoring.services import OutsideTask
from runner.authoring.variable import Variable
from tests.support.attempts import Attempts


def test_a_dags_callbacks_get_its_last_task_and_the_reason(attempts: Attempts) -> None:
    seen: list[Any] = []

    def callback(context: Any) -> None:
        seen.append((context["reason"], context["ti"].task_id, context["dag_run"].state))
        seen.append((context["ds"], context["dag"].dag_id, "exception" in context))

    with DAG("d", on_failure_callback=callback, on_success_callback=lambda context: 1 / 0) as dag:
        PythonOperator(task_id="t", python_callable=print)
    result = attempts.call_back(dag, "t", "on_failure", "task_failure", of_dag=True)
    assert seen == [("task_failure", "t", "failed"), ("2024-01-02", "d", False)]
    assert "Running on_failure_callback of d: task_failure" in result.log
    assert result.log.endswith("good=True\n")


@pytest.mark.parametrize(
    ("kind", "state"), [("on_failure", "failed"), ("on_retry", "up_for_retry")]
)
def test_a_lost_tasks_callbacks_get_an_exception_that_says_why(
    attempts: Attempts, kind: str, state: str
) -> None:
    seen: list[Any] = []

    def callback(context: Any) -> None:
        seen.append((str(context["exception"]), context["ti"].state, Variable.get("x")))

    attempts.knowledge.variables["x"] = "asked"
    callbacks: dict[str, Any] = {f"{kind}_callback": callback}
    with DAG("d") as dag:
        PythonOperator(task_id="t", python_callable=print, **callbacks)
    attempts.call_back(dag, "t", kind, "killed by SIGKILL", of_dag=False)
    assert seen == [("killed by SIGKILL", state, "asked")]


def test_one_that_fails_is_logged_and_told(attempts: Attempts) -> None:
    def fails(context: Any) -> None:
        raise SystemExit("no mail server")

    with DAG("d", on_success_callback=fails) as dag:
        PythonOperator(task_id="t", python_callable=print)
    result = attempts.call_back(dag, "t", "on_success", "success", of_dag=True)
    assert "SystemExit: no mail server" in result.log
    assert result.log.endswith("good=False\n")
    with pytest.raises(OutsideTask):
        services.current()


def test_a_callback_has_no_journal_to_log_to(attempts: Attempts) -> None:
    said: list[str] = []

    def callback(context: Any) -> None:
        try:
            context["ti"].xcom_push("a", 1)
        except OutsideTask as error:
            said.append(str(error))

    with DAG("d", on_success_callback=callback) as dag:
        PythonOperator(task_id="t", python_callable=print)
    attempts.call_back(dag, "t", "on_success", "success", of_dag=True)
    assert "inside a running task" in said[0]


def test_a_task_that_is_gone_is_told(attempts: Attempts) -> None:
    result = attempts.call_back(DAG("d"), "gone", "on_failure", "lost", of_dag=False)
    assert "task gone is no longer in DAG d" in result.log
    assert result.log.endswith("good=False\n")

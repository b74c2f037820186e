"""``PythonOperator``."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from runner.authoring.dag import DAG
from runner.authoring.operators.empty import EmptyOperator
from runner.authoring.operators.latest_only import LatestOnlyOperator
from runner.authoring.operators.python import PythonOperator
from tests.runner.authoring.running import execute, skipped_by


def run(function: Any, **arguments: Any) -> Any:
    with DAG("d") as dag:
        PythonOperator(task_id="p", python_callable=function, **arguments)
    return execute(dag, "p")


def test_arguments_are_rendered_and_given() -> None:
    found = run(
        lambda a, *, b, ds: (a, b, ds), op_args=["{{ ds }}"], op_kwargs={"b": ["{{ ti.task_id }}"]}
    )
    assert found == ("2024-01-02", ["p"], "2024-01-02")


def test_rendered_templates_are_in_templates_dict() -> None:
    found = run(lambda templates_dict: templates_dict, templates_dict={"k": "{{ ds_nodash }}"})
    assert found == {"k": "20240102"}


def test_any_keywords_get_the_context_and_the_arguments() -> None:
    def function(**context: Any) -> Any:
        return context["ti"].task_id, context["mine"], context["ds"]

    assert run(function, op_kwargs={"mine": 1}) == ("p", 1, "2024-01-02")


def test_a_coroutine_function_is_awaited() -> None:
    async def function(ds: str) -> str:
        return ds

    assert run(function) == "2024-01-02"


def test_the_returned_value_is_logged_unless_it_is_not_wanted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    run(lambda: 42)
    assert "Returned value was: 42" in caplog.text
    run(lambda: 43, show_return_value_in_logs=False)
    assert "43" not in caplog.text


def test_what_cannot_be_called_is_refused() -> None:
    with DAG("d"), pytest.raises(TypeError, match="python_callable of task 'p'"):
        PythonOperator(task_id="p", python_callable="f")  # pyright: ignore[reportArgumentType]


def latest_only(**run_facts: Any) -> set[str]:
    with DAG("d", schedule="@daily") as dag:
        LatestOnlyOperator(task_id="latest") >> EmptyOperator(task_id="a")
    return skipped_by(dag, "latest") if not run_facts else _skipped(dag, run_facts)


def _skipped(dag: DAG, run_facts: dict[str, Any]) -> set[str]:
    from runner.authoring.exceptions import DownstreamTasksSkipped

    try:
        execute(dag, "latest", **run_facts)
    except DownstreamTasksSkipped as skip:
        return set(skip.task_ids)
    return set()


def test_latest_only_skips_in_an_old_run() -> None:
    assert latest_only() == {"a"}


def test_latest_only_goes_on_in_the_latest_run_and_in_one_by_hand() -> None:
    from datetime import UTC, datetime, timedelta

    today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    start, end = (today - timedelta(days=1)).isoformat(), today.isoformat()
    dates = {"logical_date": start, "data_interval_start": start, "data_interval_end": end}
    assert latest_only(**dates) == set()
    assert latest_only(run_type="manual") == set()

"""The context of a task."""

from __future__ import annotations

import copy
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pendulum
import pytest

from runner.authoring.callables import KNOWN_CONTEXT_KEYS
from runner.authoring.context import Context, LazyDate, get_current_context
from runner.authoring.dag import DAG
from runner.authoring.operators.python import PythonOperator
from runner.authoring.params import Param
from runner.authoring.services import OutsideTask
from runner.authoring.taskinstance import TaskInstance
from tests.support.attempts import Attempts

ROOT = Path(__file__).resolve().parents[3]
DATED = {
    "data_interval_end",
    "data_interval_start",
    "ds",
    "ds_nodash",
    "logical_date",
    "prev_data_interval_end_success",
    "prev_data_interval_start_success",
    "ts",
    "ts_nodash",
    "ts_nodash_with_tz",
}


def context_of(attempts: Attempts, dag: DAG | None = None, **changes: Any) -> Context:
    if dag is None:
        dag = DAG("dag")
        PythonOperator(task_id="task", python_callable=print, dag=dag)
    ticket = attempts.ticket(dag, "task", **changes)
    ti = TaskInstance(ticket, dag, dag.task_dict["task"], 1000.0)
    ti.context = Context(ticket, dag, ti)
    return ti.context


def test_the_values_are_airflows(attempts: Attempts) -> None:
    context = context_of(attempts)
    assert context["ds"] == "2024-01-02"
    assert context["ds_nodash"] == "20240102"
    assert context["ts"] == "2024-01-02T00:00:00+00:00"
    assert context["ts_nodash"] == "20240102T000000"
    assert context["ts_nodash_with_tz"] == "20240102T000000+0000"
    assert context["task_instance_key_str"] == "dag__task__20240102"
    assert context["run_id"] == "scheduled__2024-01-02T00:00:00+00:00"
    assert context["try_number"] == 1
    assert context["ti"] is context["task_instance"]


def test_dates_are_pendulums_in_utc(attempts: Attempts) -> None:
    context = context_of(attempts, logical_date="2024-01-02T03:00:00.5+02:00")
    assert context["logical_date"] == pendulum.datetime(2024, 1, 2, 1, 0, 0, 500000)
    assert context["logical_date"].timezone_name == "UTC"
    assert context["ts"] == "2024-01-02T01:00:00.500000+00:00"
    assert context["ts_nodash"] == "20240102T010000"
    assert context["data_interval_end"].to_date_string() == "2024-01-03"


def test_ds_is_the_date_in_utc(attempts: Attempts) -> None:
    assert context_of(attempts, logical_date="2024-01-03T01:00:00+09:00")["ds"] == "2024-01-02"


def test_the_dag_run_has_datetimes_and_conf(attempts: Attempts) -> None:
    run = context_of(attempts, conf={"lr": 0.1})["dag_run"]
    assert run.logical_date == datetime(2024, 1, 2, tzinfo=UTC)
    assert run.data_interval_end == datetime(2024, 1, 3, tzinfo=UTC)
    assert run.start_date == datetime(2024, 1, 3, 0, 0, 2, tzinfo=UTC)
    assert run.queued_at == datetime(2024, 1, 3, 0, 0, 1, tzinfo=UTC)
    assert run.run_after == datetime(2024, 1, 3, tzinfo=UTC)
    assert (run.conf, run.run_type, run.state) == ({"lr": 0.1}, "scheduled", "running")
    assert context_of(attempts)["dag_run"].conf == {}


def test_a_run_without_a_logical_date_has_no_names_that_depend_on_it(attempts: Attempts) -> None:
    dated, undated = set(context_of(attempts)), set(context_of(attempts, logical_date=None))
    assert dated - undated == DATED
    context = context_of(attempts, logical_date=None, run_id="manual__x")
    assert "ds" not in context
    with pytest.raises(KeyError):
        context["ds"]
    assert context["task_instance_key_str"] == "dag__task__manual__x"
    assert not context["prev_start_date_success"]


def test_all_names_are_known_to_be_reserved(attempts: Attempts) -> None:
    assert set(context_of(attempts)) <= KNOWN_CONTEXT_KEYS


def test_params_come_from_the_dag_then_the_task_then_the_conf(attempts: Attempts) -> None:
    with DAG("dag", params={"a": 1, "b": 1, "c": Param(1, type="integer")}) as dag:
        PythonOperator(task_id="task", python_callable=print, params={"b": 2, "c": 2})
    context = context_of(attempts, dag, conf={"c": 3, "more": "x"})
    assert context["params"] == {"a": 1, "b": 2, "c": 3, "more": "x"}
    assert context_of(attempts, dag)["params"] == {"a": 1, "b": 2, "c": 2}


def test_it_behaves_like_a_dict(attempts: Attempts) -> None:
    context = context_of(attempts)
    context["mine"] = 1
    assert {**context}["mine"] == 1
    assert context.get("nothing", "d") == "d"
    assert len(context) == len(list(context)) == len({**context})
    other = copy.copy(context)
    other["mine"] = 2
    del other["ds"]
    assert (context["mine"], "ds" in context, "ds" in other) == (1, True, False)
    with pytest.raises(KeyError):
        del other["ds"]


def test_a_question_is_asked_only_when_a_date_is_used(attempts: Attempts) -> None:
    attempts.knowledge.previous["success"] = {
        "run_id": "r",
        "state": "success",
        "logical_date": "2024-01-01T00:00:00+00:00",
        "data_interval_start": "2024-01-01T00:00:00+00:00",
        "data_interval_end": "2024-01-02T00:00:00+00:00",
        "started_at": "2024-01-02T00:00:05+00:00",
        "ended_at": None,
    }
    with attempts.serving():
        everything = {**context_of(attempts)}
        assert attempts.knowledge.asked == []
        start = everything["prev_data_interval_start_success"]
        assert start == pendulum.datetime(2024, 1, 1)
        assert start.to_date_string() == "2024-01-01"
        assert str(everything["prev_start_date_success"]) == "2024-01-02 00:00:05+00:00"
        assert not everything["prev_end_date_success"]
        assert len(attempts.knowledge.asked) == 1


def test_a_lazy_date_does_what_the_date_does() -> None:
    early, late = pendulum.datetime(2024, 1, 1), pendulum.datetime(2024, 1, 2)
    lazy = LazyDate(lambda: early)
    assert lazy < late
    assert late > lazy
    assert lazy <= LazyDate(lambda: early) >= lazy
    assert (late - lazy).days == (LazyDate(lambda: late) - lazy).days == 1
    assert lazy + pendulum.duration(days=1) == late
    assert f"{lazy:YYYY}" == "2024"
    assert hash(lazy) == hash(early)
    assert repr(lazy) == repr(early)
    assert lazy
    assert LazyDate(lambda: None) == None  # noqa: E711 - what it stands for


def test_outside_a_task_there_is_none() -> None:
    with pytest.raises(OutsideTask, match="no task is running in this process"):
        get_current_context()
    with pytest.raises(RuntimeError):
        get_current_context()


def test_macros_are_there(attempts: Attempts) -> None:
    macros = context_of(attempts)["macros"]
    assert macros.ds_add("2024-01-02", -5) == "2023-12-28"
    assert macros.timedelta(days=1).days == 1


LIGHT = """
import sys
sys.path.insert(0, {root!r})
from runner.authoring.context import Context
from runner.authoring.dag import DAG
from runner.authoring.operators.python import PythonOperator
from runner.authoring.taskinstance import TaskInstance
from tests.support.attempts import FACTS
from runner.journal.records import Ticket
with DAG("d") as dag:
    PythonOperator(task_id="t", python_callable=print)
before = set(sys.modules)
ticket = Ticket(1, 1, "d", "t", -1, 1, 0, FACTS, "", "", "", "")
ti = TaskInstance(ticket, dag, dag.task_dict["t"], 0.0)
context = Context(ticket, dag, ti)
context["ds"], context["params"], context["dag_run"].logical_date, context["var"], context["conn"]
print(sorted(name for name in set(sys.modules) - before if "pendulum" in name or "jinja" in name))
context["logical_date"]
print("pendulum" in sys.modules)
"""


def test_pendulum_is_loaded_by_the_first_date_that_is_touched(tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-P", "-c", LIGHT.format(root=str(ROOT))],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=50,
        check=False,
    )
    assert result.stdout.split("\n")[:2] == ["[]", "True"], result.stderr

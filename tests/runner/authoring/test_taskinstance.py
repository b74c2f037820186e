"""``ti``: XComs between tasks, with Airflow 3's results."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from runner.authoring.context import Context
from runner.authoring.dag import DAG
from runner.authoring.decorators import task
from runner.authoring.exceptions import ArgumentError
from runner.authoring.taskinstance import TaskInstance
from runner.journal.questions import GetXCom
from runner.journal.records import XComInput, XComPushed
from tests.support.attempts import FACTS, Attempts

RUN = FACTS.run_id
Rows = dict[tuple[str, str], list[tuple[int, str]]]
STORED: Rows = {
    ("one", "return_value"): [(-1, '"v"')],
    ("m1", "return_value"): [(0, "0")],
    ("m3", "return_value"): [(0, "0"), (1, "1"), (2, "2")],
    ("one", "null"): [(-1, "null")],
}


def pipeline() -> DAG:
    with DAG("d") as dag:

        @task
        def one() -> str:
            return "v"

        def mapped(x: int) -> int:
            return x

        @task
        def look(x: Any) -> None: ...

        value = one()
        for name, items in (("m0", []), ("m1", [0]), ("m3", [0, 1, 2])):
            task(task_id=name)(mapped).expand(x=items)
        look(value)
    return dag


def instance(attempts: Attempts, task_id: str = "look", **changes: Any) -> TaskInstance:
    for (name, key), rows in STORED.items():
        attempts.knowledge.xcoms["d", RUN, name, key] = rows
    dag = pipeline()
    changes.setdefault("xcoms", [XComInput("one", "return_value", -1, b'"v"')])
    ticket = attempts.ticket(dag, task_id, **changes)
    return TaskInstance(ticket, dag, dag.task_dict[task_id], 1000.0)


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        ({"task_ids": "one"}, "v"),
        ({"task_ids": ["one"]}, ["v"]),
        ({"task_ids": ("one", "nope")}, ["v", None]),
        ({"task_ids": "m3"}, [0, 1, 2]),
        ({"task_ids": "m3", "map_indexes": 1}, 1),
        ({"task_ids": "m3", "map_indexes": [2, 0]}, [2, 0]),
        ({"task_ids": "m3", "map_indexes": [0, 7], "default": 9}, [0, 9]),
        ({"task_ids": "m3", "map_indexes": None}, None),
        ({"task_ids": ["one", "m3"]}, ["v", 0, 1, 2]),
        ({"task_ids": "one", "key": "zz", "map_indexes": -1, "default": 7}, 7),
        ({}, None),
    ],
)
def test_pulls_give_what_airflow_3_gives(
    attempts: Attempts, arguments: dict[str, Any], result: Any
) -> None:
    with attempts.serving():
        assert instance(attempts).xcom_pull(**arguments) == result


@pytest.mark.parametrize(
    ("arguments", "result"),
    [
        # Airflow 3.3.2 gives the bare value of a mapped task with one instance: no loop can rely
        # on it. It drops ``default`` where map_indexes isn't given, against its documentation.
        ({"task_ids": "m1"}, [0]),
        ({"task_ids": "m0"}, []),
        ({"task_ids": "m0", "default": "d"}, "d"),
        ({"task_ids": "one", "key": "zz", "default": 7}, 7),
        ({"task_ids": ["one", "nope"], "default": 7}, ["v", 7]),
        ({"task_ids": "one", "key": "null", "default": 7}, None),
    ],
)
def test_pulls_that_differ_from_airflow_3_on_purpose(
    attempts: Attempts, arguments: dict[str, Any], result: Any
) -> None:
    with attempts.serving():
        assert instance(attempts).xcom_pull(**arguments) == result


def test_what_the_ticket_has_is_not_asked_for(attempts: Attempts) -> None:
    handed = [XComInput("one", "return_value", -1, b"[1,2]")]
    with attempts.serving():
        assert instance(attempts, xcoms=handed).xcom_pull("one") == [1, 2]
        assert instance(attempts, xcoms=handed).xcom_pull("one", map_indexes=-1) == [1, 2]
        assert attempts.knowledge.asked == []


def test_an_argument_that_was_never_pushed_is_not_asked_for(attempts: Attempts) -> None:
    with attempts.serving():
        assert instance(attempts, xcoms=[]).xcom_pull("one", default="d") == "d"
        assert attempts.knowledge.asked == []


def test_what_the_ticket_left_out_is_asked_for(attempts: Attempts) -> None:
    with attempts.serving():
        assert instance(attempts, xcoms=[], xcoms_left_out=True).xcom_pull("one") == "v"
        assert len(attempts.knowledge.asked) == 1


def test_prior_dates_are_asked_for_where_this_run_has_none(attempts: Attempts) -> None:
    with attempts.serving():
        instance(attempts).xcom_pull("one", key="other", include_prior_dates=True)
    (question,) = attempts.knowledge.asked
    assert isinstance(question, GetXCom)
    assert question.include_prior_dates


def test_other_runs_and_dags_are_asked_for(attempts: Attempts) -> None:
    attempts.knowledge.xcoms["other", "r", "one", "return_value"] = [(-1, "5")]
    with attempts.serving():
        assert instance(attempts).xcom_pull("one", dag_id="other", run_id="r") == 5


def test_a_task_sees_its_own_pushes_at_once(attempts: Attempts) -> None:
    with attempts.serving() as records:
        ti = instance(attempts)
        ti.xcom_push("pair", (1, 2))
        assert ti.xcom_pull(key="pair") == (1, 2)
        assert ti.xcom_pull(task_ids=["look"], key="pair") == [(1, 2)]
        assert attempts.knowledge.asked == []
        (pushed,) = records()
    assert isinstance(pushed, XComPushed)
    assert (pushed.key, pushed.length) == ("pair", 2)


def test_a_mapped_task_sees_its_siblings_and_itself(attempts: Attempts) -> None:
    with attempts.serving():
        ti = instance(attempts, "m3", map_index=1)
        ti.xcom_push("return_value", "mine")
        assert ti.xcom_pull() == [0, "mine", 2]
        assert ti.xcom_pull(map_indexes=1) == "mine"
        assert ti.xcom_pull(map_indexes=[1, 2]) == ["mine", 2]


@pytest.mark.parametrize("key", [None, "", 3, "a\nb"])
def test_a_key_is_a_string(attempts: Attempts, key: Any) -> None:
    with attempts.serving(), pytest.raises(ArgumentError, match="key"):
        instance(attempts).xcom_push(key, 1)


def test_what_it_knows_of_itself(attempts: Attempts) -> None:
    ti = instance(attempts, "m3", map_index=1, max_tries=2, try_number=3)
    assert (ti.dag_id, ti.task_id, ti.run_id, ti.map_index) == ("d", "m3", RUN, 1)
    assert (ti.try_number, ti.max_tries, ti.state, ti.is_mapped) == (3, 2, "running", True)
    assert ti.start_date == datetime.fromtimestamp(1000, UTC)
    assert ti.hostname
    assert repr(ti) == f"<TaskInstance: d.m3 {RUN} map_index=1 [running]>"


def test_its_context(attempts: Attempts) -> None:
    ti = instance(attempts)
    with pytest.raises(RuntimeError):
        ti.get_template_context()
    dag = pipeline()
    ti.context = Context(attempts.ticket(dag, "look"), dag, ti)
    assert ti.get_template_context()["ti"] is ti


def test_the_previous_run(attempts: Attempts) -> None:
    attempts.knowledge.previous[None] = {
        "run_id": "manual__2024-01-01T00:00:00+00:00",
        "state": "failed",
        "logical_date": "2024-01-01T00:00:00+00:00",
        "data_interval_start": "2024-01-01T00:00:00+00:00",
        "data_interval_end": "2024-01-02T00:00:00+00:00",
        "started_at": None,
        "ended_at": None,
    }
    with attempts.serving():
        run = instance(attempts).get_previous_dagrun()
        assert run is not None
        assert (run.state, run.run_type) == ("failed", "manual")
        assert run.logical_date == datetime(2024, 1, 1, tzinfo=UTC)
        assert instance(attempts).get_previous_dagrun("success") is None
        assert instance(attempts, logical_date=None).get_previous_dagrun() is None


def test_the_state_of_a_run(attempts: Attempts) -> None:
    attempts.knowledge.runs = [
        {"run_id": "r", "logical_date": None, "state": "success", "tasks": {}}
    ]
    with attempts.serving():
        assert TaskInstance.get_dagrun_state("d", "r") == "success"
        with pytest.raises(ArgumentError, match="DAG 'd' has no run 'x'"):
            TaskInstance.get_dagrun_state("d", "x")

"""What one try does, from its ticket to its last record."""

from __future__ import annotations

import contextlib
import threading
from datetime import UTC, datetime
from typing import Any

import pytest

from runner.authoring.baseoperator import BaseOperator
from runner.authoring.context import get_current_context
from runner.authoring.dag import DAG
from runner.authoring.decorators import task
from runner.authoring.exceptions import (
    FailException,
    RescheduleException,
    SensorTimeout,
    SkipException,
    TaskTimeout,
)
from runner.authoring.operators.python import PythonOperator
from runner.authoring.params import Param
from runner.authoring.services import OutsideTask
from runner.authoring.tracking import log_metric
from runner.journal.records import DownstreamSkipped, Ended, Rendered, XComPushed
from tests.support.attempts import Attempts


def python(function: Any, **kwargs: Any) -> DAG:
    """A DAG with one task ``t`` that calls the function."""
    with DAG("d", **kwargs.pop("dag", {})) as dag:
        PythonOperator(task_id="t", python_callable=function, **kwargs)
    return dag


def test_a_task_that_returns_nothing_records_only_its_end(attempts: Attempts) -> None:
    result = attempts.run(python(lambda: None), "t")
    assert [type(record) for record in result.records] == [Ended]
    assert result.ended.state == "success"
    assert result.ended.error is None
    assert result.ended.duration < 5


def test_what_it_returns_becomes_its_xcom(attempts: Attempts) -> None:
    result = attempts.run(python(lambda: [1, 2, 3]), "t")
    pushed = result.records[0]
    assert isinstance(pushed, XComPushed)
    assert (pushed.key, pushed.value, pushed.length) == ("return_value", b"[1,2,3]", 3)


def test_do_xcom_push_false_keeps_it_to_itself(attempts: Attempts) -> None:
    assert attempts.run(python(lambda: 1, do_xcom_push=False), "t").xcoms == {}


def test_multiple_outputs_pushes_each_key_and_the_dict(attempts: Attempts) -> None:
    result = attempts.run(python(lambda: {"a": 1, "b": None}, multiple_outputs=True), "t")
    assert list(result.xcoms) == ["a", "b", "return_value"]
    assert result.xcoms["return_value"] == {"a": 1, "b": None}


@pytest.mark.parametrize("value", [[1], {1: 2}])
def test_multiple_outputs_needs_a_dict_with_string_keys(attempts: Attempts, value: Any) -> None:
    result = attempts.run(python(lambda: value, multiple_outputs=True), "t")
    assert result.state == "failed"
    assert "multiple_outputs" in result.ended.reason
    assert result.xcoms == {}


def test_the_log_says_which_try_of_what_and_how_it_ended(attempts: Attempts) -> None:
    def boom() -> None:
        raise ValueError("no such table")

    result = attempts.run(python(boom, retries=3), "t", try_number=2, map_index=3)
    lines = result.log.splitlines()
    assert lines[0].endswith("INFO - Try 2 of 4 of t[3], run scheduled__2024-01-02T00:00:00+00:00")
    assert lines[0].startswith("[20")
    assert "Ended: up_for_retry in 0.0" in lines[-1]
    assert lines[-1].endswith("ValueError: no such table")


# the order of what happens


class Noting(BaseOperator):
    """Writes down what is called."""

    template_fields = ("word",)

    def __init__(self, *, notes: list[str], word: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.notes = notes
        self.word = word

    def pre_execute(self, context: Any) -> None:
        self.notes.append("pre_execute")

    def execute(self, context: Any) -> str:
        self.notes.append(f"execute {self.word}")
        return "done"

    def post_execute(self, context: Any, result: Any = None) -> None:
        self.notes.append(f"post_execute {result}")


def test_hooks_and_callbacks_run_in_airflows_order(attempts: Attempts) -> None:
    notes: list[str] = []
    with DAG("d") as dag:
        Noting(
            task_id="t",
            notes=notes,
            word="{{ ds }}",
            pre_execute=lambda context: notes.append("pre_execute hook"),
            post_execute=lambda context, result: notes.append(f"post_execute hook {result}"),
            on_execute_callback=lambda context: notes.append("on_execute"),
            on_success_callback=lambda context: notes.append(f"on_success {context['ti'].state}"),
            on_failure_callback=lambda context: notes.append("on_failure"),
        )
    assert attempts.run(dag, "t").state == "success"
    assert notes == [
        "pre_execute hook",
        "pre_execute",
        "on_execute",
        "execute 2024-01-02",
        "post_execute hook done",
        "post_execute done",
        "on_success success",
    ]


def test_post_execute_may_take_the_context_alone(attempts: Attempts) -> None:
    class Short(Noting):
        def post_execute(self, context: Any) -> None:  # type: ignore[override]
            self.notes.append("post_execute alone")

    notes: list[str] = []
    with DAG("d") as dag:
        Short(task_id="t", notes=notes)
    assert attempts.run(dag, "t").state == "success"
    assert notes[-1] == "post_execute alone"


def test_a_second_run_sees_the_template_again(attempts: Attempts) -> None:
    notes: list[str] = []
    with DAG("d") as dag:
        Noting(task_id="t", notes=notes, word="{{ ti.try_number }}")
    attempts.run(dag, "t", try_number=1)
    attempts.run(dag, "t", try_number=2)
    assert [note for note in notes if note.startswith("execute")] == ["execute 1", "execute 2"]


def test_rendered_fields_are_recorded_before_the_work(attempts: Attempts) -> None:
    def work(day: str, x: float, names: set[str]) -> str:
        return day

    result = attempts.run(
        python(work, op_kwargs={"day": "{{ ds }}", "x": float("inf"), "names": {"b", "a"}}), "t"
    )
    assert isinstance(result.records[0], Rendered)
    kwargs = result.rendered["op_kwargs"]
    assert kwargs["day"] == "2024-01-02"
    assert kwargs["x"] == float("inf")
    assert kwargs["names"] == ["a", "b"]


def test_the_current_context_is_there_in_the_task_only(attempts: Attempts) -> None:
    result = attempts.run(python(lambda: get_current_context()["ds"]), "t")
    assert result.xcoms["return_value"] == "2024-01-02"
    with pytest.raises(OutsideTask, match="no task is running"):
        get_current_context()


def test_context_names_are_injected(attempts: Attempts) -> None:
    def work(ds: str, ti: Any = None, **kwargs: Any) -> list[Any]:
        return [ds, ti.task_id, kwargs["run_id"], kwargs["logical_date"].day_of_week]

    xcom = attempts.run(python(work), "t").xcoms["return_value"]
    assert xcom == ["2024-01-02", "t", "scheduled__2024-01-02T00:00:00+00:00", 1]


# mapped tasks


def mapped() -> DAG:
    with DAG("d") as dag:

        @task
        def numbers() -> list[int]:
            return [10, 20]

        @task(map_index_template="{{ 'item ' ~ task.op_kwargs['x'] }}")
        def double(x: int, factor: int) -> int:
            return x * factor

        double.partial(factor=2).expand(x=numbers())
    return dag


def test_a_mapped_instance_gets_its_arguments_from_the_ticket(attempts: Attempts) -> None:
    dag = mapped()
    from runner.journal.records import XComInput

    result = attempts.run(
        dag,
        "double",
        map_index=1,
        xcoms=[XComInput("numbers", "return_value", -1, b"[10,20]")],
        expansion_lengths=[2],
    )
    assert result.xcoms["return_value"] == 40
    assert attempts.knowledge.asked == []
    assert result.of(Rendered)[0].map_label == "item 20"


def test_a_mapped_instance_asks_where_the_ticket_has_left_xcoms_out(attempts: Attempts) -> None:
    dag = mapped()
    run_id = "scheduled__2024-01-02T00:00:00+00:00"
    attempts.knowledge.xcoms["d", run_id, "numbers", "return_value"] = [(-1, "[10, 20]")]
    result = attempts.run(dag, "double", map_index=0, xcoms_left_out=True, expansion_lengths=[2])
    assert result.xcoms["return_value"] == 20


def test_the_label_may_name_what_the_task_sets_in_its_context(attempts: Attempts) -> None:
    def work() -> None:
        get_current_context()["city"] = "Bern"

    result = attempts.run(python(work, map_index_template="{{ city }}"), "t", map_index=0)
    assert result.state == "success"
    assert [record.map_label for record in result.of(Rendered)] == ["Bern"]


def test_a_label_that_cant_be_rendered_fails_the_task(attempts: Attempts) -> None:
    result = attempts.run(python(lambda: 1, map_index_template="{{ nowhere }}"), "t", map_index=0)
    assert result.state == "failed"
    assert "'nowhere' is undefined" in result.ended.reason
    assert result.xcoms == {}


# branches


def test_a_branch_records_what_it_skips_and_its_result(attempts: Attempts) -> None:
    with DAG("d") as dag:

        @task.branch
        def choose() -> str:
            return "a"

        @task
        def a() -> None: ...

        @task
        def b() -> None: ...

        choose() >> [a(), b()]
    result = attempts.run(dag, "choose")
    assert result.state == "success"
    assert result.of(DownstreamSkipped) == [DownstreamSkipped(["b"], -1)]
    assert result.xcoms == {"return_value": "a"}


def test_a_short_circuit_skips_all_downstream(attempts: Attempts) -> None:
    with DAG("d") as dag:

        @task.short_circuit
        def check() -> bool:
            return False

        @task
        def a() -> None: ...

        @task(trigger_rule="all_done")
        def b() -> None: ...

        check() >> a() >> b()
    (skip,) = attempts.run(dag, "check").of(DownstreamSkipped)
    assert set(skip.task_ids) == {"a", "b"}


# how a try ends


class Own(Exception):
    """Of a user."""


@pytest.mark.parametrize(
    ("error", "try_number", "retries", "state"),
    [
        (Own("x"), 1, 0, "failed"),
        (Own("x"), 1, 1, "up_for_retry"),
        (Own("x"), 2, 1, "failed"),
        (FailException("x"), 1, 5, "failed"),
        (SensorTimeout("x"), 1, 5, "failed"),
        (TaskTimeout("x"), 1, 1, "up_for_retry"),
        (SkipException("not today"), 1, 1, "skipped"),
        (SystemExit(0), 1, 0, "failed"),
        (SystemExit(3), 1, 1, "up_for_retry"),
        (KeyboardInterrupt(), 1, 0, "failed"),
        (MemoryError(), 1, 1, "up_for_retry"),
        (GeneratorExit(), 1, 0, "failed"),
        (BaseExceptionGroup("g", [Own("x")]), 1, 0, "failed"),
    ],
)
def test_the_state_that_an_exception_leads_to(
    attempts: Attempts, error: BaseException, try_number: int, retries: int, state: str
) -> None:
    def work() -> None:
        raise error

    result = attempts.run(python(work, retries=retries), "t", try_number=try_number)
    assert result.state == state
    assert (result.ended.error is None) == (state == "skipped")


def test_a_skip_says_why(attempts: Attempts) -> None:
    def work() -> None:
        raise SkipException("no new data")

    result = attempts.run(python(work), "t")
    assert result.ended.reason == "no new data"
    assert result.log.splitlines()[-1].endswith("s: no new data")


def test_a_sensor_that_reschedules_says_when_it_looks_again(attempts: Attempts) -> None:
    at = datetime(2030, 1, 1, tzinfo=UTC)

    def work() -> None:
        raise RescheduleException(at)

    result = attempts.run(python(work, on_failure_callback=lambda context: 1 / 0), "t")
    assert result.state == "up_for_reschedule"
    assert result.ended.next_at == at.timestamp()
    here = datetime(2030, 1, 1, tzinfo=UTC).astimezone()
    assert result.ended.reason == f"looks again at {here:%Y-%m-%d %H:%M:%S %Z}"


def test_a_reschedule_to_something_that_is_no_date_is_a_failure(attempts: Attempts) -> None:
    def work() -> None:
        raise RescheduleException("tomorrow")  # type: ignore[arg-type]

    assert attempts.run(python(work), "t").state == "failed"


def test_a_rescheduled_sensor_knows_when_it_first_looked(attempts: Attempts) -> None:
    def work(ti: Any, task_reschedule_count: int) -> list[Any]:
        return [ti.get_first_reschedule_date().timestamp(), task_reschedule_count]

    again = attempts.run(python(work), "t", reschedule_count=2, first_started_at=1000.5)
    assert again.xcoms["return_value"] == [1000.5, 2]
    result = attempts.run(python(lambda ti: ti.get_first_reschedule_date()), "t")
    assert result.xcoms == {}


def test_an_xcom_that_cant_be_written_fails_the_task_and_says_which_part(
    attempts: Attempts,
) -> None:
    result = attempts.run(python(lambda: {"model": object()}), "t")
    assert result.state == "failed"
    assert result.ended.reason == (
        "XComNotSerializable: return_value['model'] is an object, which can't be an XCom: "
        "save it to a file and return its path"
    )


def test_wrong_params_fail_the_task_before_it_works(attempts: Attempts) -> None:
    dag = python(lambda: 1, dag={"params": {"epochs": Param(1, type="integer", minimum=1)}})
    result = attempts.run(dag, "t", conf={"epochs": 0})
    assert result.state == "failed"
    assert "epochs" in result.ended.reason
    good = attempts.run(dag, "t", conf={"epochs": 5})
    assert good.state == "success"


def test_a_task_that_is_gone_from_the_file_fails_with_a_sentence(attempts: Attempts) -> None:
    result = attempts.run(DAG("d"), "gone")
    assert result.state == "failed"
    assert result.ended.reason == "task 'gone' is no longer in the pipeline file"


def test_metrics_logged_before_a_failure_are_recorded_before_the_end(attempts: Attempts) -> None:
    def work() -> None:
        log_metric("loss", 1.0)
        raise Own("x")

    result = attempts.run(python(work), "t")
    assert [record.count for record in result.metrics] == [1]
    assert isinstance(result.records[-1], Ended)


def test_a_thread_that_goes_on_records_nothing_after_the_end(attempts: Attempts) -> None:
    stop = threading.Event()
    threads: list[threading.Thread] = []

    def chatter() -> None:
        with contextlib.suppress(OutsideTask):
            while not stop.is_set():
                log_metric("noise", float("nan"))

    def work() -> None:
        thread = threading.Thread(target=chatter, daemon=True)
        thread.start()
        threads.append(thread)

    try:
        result = attempts.run(python(work), "t")
    finally:
        stop.set()
    threads[0].join(5)
    assert not threads[0].is_alive()
    assert isinstance(result.records[-1], Ended)


# errors that are hard to tell


def test_errors_that_are_hard_to_tell_are_told(attempts: Attempts) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

    def deep() -> None:
        deep()

    def mute() -> None:
        raise Mute

    def odd() -> None:
        raise ValueError("a\ud800b\x1b[31m\x00")

    assert attempts.run(python(mute), "t").state == "failed"
    assert attempts.run(python(deep), "t").ended.reason.startswith("RecursionError")
    result = attempts.run(python(odd), "t")
    assert result.ended.error is not None
    assert result.ended.error.message == "a\\ud800b\\x1b[31m\\x00"


def test_callbacks_that_fail_change_nothing(attempts: Attempts) -> None:
    notes: list[str] = []

    def fails(context: Any) -> None:
        raise Own("callback")

    def leaves(context: Any) -> None:
        raise SystemExit(2)

    def notes_it(context: Any) -> None:
        notes.append(repr(context["exception"]))

    def work() -> None:
        raise Own("task")

    result = attempts.run(python(work, on_failure_callback=[fails, leaves, notes_it]), "t")
    assert result.state == "failed"
    assert notes == ["Own('task')"]
    assert "on_failure_callback test_callbacks_that_fail_change_nothing" in result.log
    assert result.ended.error is not None
    assert result.ended.error.message == "task"

"""Sensors: when they look, and how they end."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from runner.authoring.dag import DAG
from runner.authoring.exceptions import (
    FailException,
    RescheduleException,
    SensorTimeout,
    SkipException,
)
from runner.authoring.sensors.base import BaseSensorOperator, PokeReturnValue
from runner.authoring.sensors.filesystem import FileSensor
from runner.authoring.sensors.python import PythonSensor
from runner.authoring.sensors.time_delta import TimeDeltaSensor
from tests.runner.authoring.running import execute


class Looks(BaseSensorOperator):
    """Finds what it is told to, look by look; raises what is an exception."""

    def __init__(self, *, finds: list[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.finds = finds

    def poke(self, context: Any) -> Any:
        found = self.finds.pop(0)
        if isinstance(found, BaseException):
            raise found
        return found


def run(finds: list[Any], ticket: dict[str, Any] | None = None, **arguments: Any) -> Any:
    with DAG("d") as dag:
        Looks(task_id="s", finds=finds, **({"poke_interval": 0} | arguments))
    return execute(dag, "s", **(ticket or {}))


def test_it_looks_until_it_finds() -> None:
    finds = [False, None, True, "never looked at"]
    assert run(finds) is None
    assert finds == ["never looked at"]


def test_it_may_return_a_value() -> None:
    assert run([PokeReturnValue(False, 1), PokeReturnValue(True, 2)]) == 2


def test_it_times_out() -> None:
    with pytest.raises(SensorTimeout, match="timeout is 0 s"):
        run([False] * 3, timeout=0)
    with pytest.raises(SkipException):
        run([False] * 3, timeout=0, soft_fail=True)


def test_rescheduled_it_says_when_it_wants_to_look_again() -> None:
    with pytest.raises(RescheduleException) as caught:
        run([False], mode="reschedule", poke_interval=timedelta(minutes=1))
    wait = caught.value.reschedule_date - datetime.now(UTC)
    assert timedelta(seconds=50) < wait <= timedelta(seconds=60)


def test_rescheduled_the_timeout_counts_from_the_first_look() -> None:
    ticket = {"first_started_at": time.time() - 100, "reschedule_count": 1}
    with pytest.raises(SensorTimeout):
        run([False], ticket, mode="reschedule", timeout=90)
    with pytest.raises(RescheduleException):
        run([False], ticket, mode="reschedule", timeout=110)


@pytest.mark.parametrize(
    ("raised", "arguments", "ends"),
    [
        (ValueError("x"), {}, ValueError),
        (ValueError("x"), {"soft_fail": True}, ValueError),
        (ValueError("x"), {"never_fail": True}, SkipException),
        (FailException("x"), {}, FailException),
        (FailException("x"), {"soft_fail": True}, SkipException),
        (FailException("x"), {"never_fail": True}, SkipException),
        (FailException("x"), {"silent_fail": True}, FailException),
        (SkipException("x"), {"silent_fail": True}, SkipException),
        (SensorTimeout("x"), {"soft_fail": True}, SkipException),
    ],
)
def test_how_it_ends_when_a_look_raises(
    raised: BaseException, arguments: dict[str, Any], ends: type[BaseException]
) -> None:
    with pytest.raises(ends):
        run([raised], **arguments)


def test_a_silent_failure_counts_as_not_yet() -> None:
    run([ValueError("x"), True], silent_fail=True)


@pytest.mark.parametrize(
    "arguments",
    [
        {"mode": "sleep"},
        {"poke_interval": -1},
        {"timeout": "1h"},
        {"soft_fail": True, "never_fail": True},
    ],
)
def test_what_cannot_be_is_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises((ValueError, TypeError), match="of sensor 's'"):
        run([], **arguments)


def backoff(poke_interval: float, **arguments: Any) -> list[float]:
    with DAG("d"):
        sensor = Looks(
            task_id="s",
            finds=[],
            exponential_backoff=True,
            poke_interval=poke_interval,
            **arguments,
        )
    return [sensor._next_interval(1.5, lambda: 0.0, count) for count in range(1, 8)]


def test_backoff_doubles_with_a_jitter_that_is_no_chance() -> None:
    waits = backoff(10)
    assert waits == backoff(10)
    for count, wait in enumerate(waits, start=1):
        least = max(int(10 * 2 ** (count - 2)), 1)
        assert least <= wait < 2 * least


def test_backoff_is_airflows_to_the_second() -> None:
    # What Airflow 3.3.2 gives for this DAG id, task id and start.
    assert backoff(10) == [5, 15, 33, 70, 115, 194, 618]


@pytest.mark.parametrize(
    ("elapsed", "wait"), [(0, 5), (3, 5), (10, 15), (100, 148), (1000, 944), (5000, 4081)]
)
def test_rescheduled_backoff_is_airflows_to_the_second(elapsed: float, wait: float) -> None:
    with DAG("d2"):
        sensor = Looks(
            task_id="s", finds=[], mode="reschedule", exponential_backoff=True, poke_interval=10
        )
    start = datetime(2024, 1, 1, tzinfo=UTC)
    assert sensor._next_interval(start, lambda: elapsed, 1) == wait


def test_backoff_keeps_to_the_longest_wait_and_the_timeout() -> None:
    assert max(backoff(10, max_wait=40)) == 40
    assert max(backoff(10, timeout=timedelta(seconds=30))) == 30


def test_a_file_sensor_finds_files_folders_with_files_and_patterns(tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "empty").mkdir()
    (tmp_path / "deep" / "er" / "data.csv").touch()

    def finds(pattern: str, **arguments: Any) -> bool:
        with DAG("d"):
            return FileSensor(task_id="f", filepath=str(tmp_path / pattern), **arguments).poke({})

    assert finds("deep/er/data.csv")
    assert finds("deep")
    assert finds("deep/er/*.csv")
    assert finds("**/*.csv", recursive=True)
    assert not finds("empty")
    assert not finds("*.csv")
    assert not finds("gone")


def test_a_python_sensor_asks_a_function() -> None:
    with DAG("d") as dag:
        PythonSensor(
            task_id="p",
            python_callable=lambda n, ds: PokeReturnValue(n == 1, ds),
            op_kwargs={"n": 1},
        )
    assert execute(dag, "p") == "2024-01-02"


@pytest.mark.parametrize(
    ("delta", "over"),
    [
        (timedelta(days=1), True),
        (timedelta(days=99999), False),
        (60, True),
        ("{{ 60 * 24 }}", True),
    ],
)
def test_a_time_delta_counts_from_the_end_of_the_data_interval(delta: Any, over: bool) -> None:
    with DAG("d") as dag:
        TimeDeltaSensor(task_id="t", delta=delta, timeout=0, soft_fail=True)
    if over:
        execute(dag, "t")
    else:
        with pytest.raises(SkipException):
            execute(dag, "t")


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [one.getMessage() for one in caplog.records if "Waiting for" in one.getMessage()]


def test_the_log_says_once_what_is_waited_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("INFO")
    monkeypatch.chdir(tmp_path)
    with DAG("d") as dag:
        FileSensor(task_id="f", filepath="{{ ds }}.csv", poke_interval=0.001, timeout=0.01)
    with pytest.raises(SensorTimeout):
        execute(dag, "f")
    path = tmp_path / "2024-01-02.csv"
    assert told(caplog) == [f"Waiting for file {path}; looking again every 0.001 s"]


def test_a_rescheduled_sensor_says_it_at_its_first_look_only(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")

    def is_there() -> bool:
        return False

    with DAG("d") as dag:
        PythonSensor(task_id="p", python_callable=is_there, mode="reschedule")
        TimeDeltaSensor(task_id="t", delta=timedelta(days=365_0), mode="reschedule")
    for task_id, count in (("p", 0), ("p", 1), ("t", 0)):
        with pytest.raises(RescheduleException):
            execute(dag, task_id, reschedule_count=count, first_started_at=time.time())
    function, moment = told(caplog)
    assert "is_there() to return something truthy; looking again every 60 s" in function
    assert moment.startswith("Waiting for 2033-12-31 00:00:00+00:00;")

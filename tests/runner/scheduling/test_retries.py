"""Retry delays. The rows were computed by Airflow 3.3.2's ``TaskInstance.next_retry_datetime``."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.scheduling.decide import retry_delay as retry_delay_of_the_daemon
from runner.scheduling.retries import (
    MAX_RETRY_DELAY,
    max_tries_after_clear,
    retry_delay,
)
from store.structure import TaskStructure

# retry_delay, multiplier, max_retry_delay, dag, task, logical date, try number, seconds
ROWS = [
    (10, 1.5, 259200, "sweep", "t", "2024-01-02T00:00:00+00:00", 3, 43.0),
    (0, 2.0, 259200, "d", "t", "2024-06-01T12:00:00+00:00", 5, 1.0),
    (10, 1.5, None, "d", "g.train", "2024-01-02T03:04:05.000678+00:00", 2000, 86400.0),
    (0.3, 1.5, 1000, "sweep", "t", "2024-06-01T12:00:00+00:00", 5, 2.0),
    (0, 2.0, 60, "sweep", "g.train", "2024-06-01T12:00:00+00:00", 10, 1.0),
    (3600, 1.5, 1000, "d", "g.train", "2024-01-02T00:00:00+00:00", 3, 1000.0),
    (3600, 3.0, None, "d", "t", "2024-01-02T03:04:05.000678+00:00", 10, 86400.0),
    (0, 1.5, 60, "d", "g.train", "2024-01-02T03:04:05.000678+00:00", 1, 1.0),
    (7.5, 3.0, 1000, "d", "g.train", None, 3, 99.0),
    (1, 1.5, 259200, "sweep", "g.train", None, 5, 11.0),
    (3600, 1.5, None, "sweep", "g.train", "2024-01-02T00:00:00+00:00", 5, 34226.0),
    (10, 3.0, None, "sweep", "t", "2024-01-02T03:04:05.000678+00:00", 3, 103.0),
    (7.5, 2.0, 1000, "sweep", "t", "2024-06-01T12:00:00+00:00", 2000, 1000.0),
    (3600, 1.5, 60, "d", "g.train", "2024-06-01T12:00:00+00:00", 70, 60.0),
    (0.3, 2.0, 259200, "sweep", "t", "2024-01-02T03:04:05.000678+00:00", 10, 276.0),
    (7.5, 2.0, 259200, "sweep", "t", "2024-01-02T03:04:05.000678+00:00", 1, 8.0),
]


def with_backoff(delay: float, multiplier: float, cap: float | None) -> TaskStructure:
    return TaskStructure(
        "t",
        "E",
        retry_delay=delay,
        retry_exponential_backoff=multiplier,
        max_retry_delay=cap,
    )


@pytest.mark.parametrize(
    ("delay", "multiplier", "cap", "dag_id", "task_id", "date", "try_number", "seconds"), ROWS
)
def test_exponential_back_off_is_that_of_airflow(
    delay: float,
    multiplier: float,
    cap: float | None,
    dag_id: str,
    task_id: str,
    date: str | None,
    try_number: int,
    seconds: float,
) -> None:
    task = with_backoff(delay, multiplier, cap)
    assert retry_delay(task, dag_id, task_id, date, try_number) == timedelta(seconds=seconds)


@pytest.mark.parametrize("multiplier", [0.0, 1.0, -2.0])
def test_without_back_off_the_delay_is_constant_and_not_capped(multiplier: float) -> None:
    task = with_backoff(172800, multiplier, 60)
    assert retry_delay(task, "d", "t", None, 7) == timedelta(days=2)


def test_the_same_instant_in_another_zone_gives_the_same_delay() -> None:
    task = with_backoff(300, 2, None)
    delays = {
        retry_delay(task, "d", "t", date, 3)
        for date in ("2024-01-02T00:00:00+00:00", "2024-01-02T01:00:00+01:00")
    }
    assert len(delays) == 1


def test_the_daemon_finds_it_beside_decide() -> None:
    assert retry_delay_of_the_daemon is retry_delay


@given(
    st.floats(0, 10_000),
    st.floats(1.01, 10),
    st.integers(1, 10_000),
    st.none() | st.integers(1, 100_000),
)
def test_a_delay_is_positive_and_bounded(
    delay: float, multiplier: float, try_number: int, cap: float | None
) -> None:
    found = retry_delay(with_backoff(delay, multiplier, cap), "d", "t", None, try_number)
    assert 0 < found.total_seconds() <= min(MAX_RETRY_DELAY, cap or MAX_RETRY_DELAY)


def test_a_clear_gives_the_retries_anew() -> None:
    assert max_tries_after_clear(TaskStructure("t", "E", retries=2), 3, 2) == 5
    assert max_tries_after_clear(None, 3, 2) == 3

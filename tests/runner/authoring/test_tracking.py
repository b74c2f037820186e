"""Params, metrics and tags of a task."""

from __future__ import annotations

import math
import multiprocessing
import os
import struct
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.authoring import services, tracking
from runner.authoring.dag import DAG
from runner.authoring.exceptions import ArgumentError
from runner.authoring.services import OutsideTask, Services
from runner.authoring.tracking import (
    FLUSH_POINTS,
    ParamChanged,
    log_metric,
    log_metrics,
    log_param,
    log_params,
    set_tag,
    set_tags,
)
from runner.journal.records import AnyRecord, MetricPoints, ParamLogged, TagSet
from tests.support.attempts import Attempts, Knowledge
from tests.support.live import wait_for


def points(records: list[AnyRecord], key: str = "loss") -> list[tuple[float, int, int]]:
    """(value, step, microseconds) of a metric, in the order of the journal."""
    found: list[tuple[float, int, int]] = []
    for record in records:
        if isinstance(record, MetricPoints) and record.key == key:
            n = record.count
            columns = struct.unpack(f"<{n}d{n}q{n}q", record.data)
            found += zip(columns[:n], columns[n : 2 * n], columns[2 * n :], strict=True)
    return found


def test_a_point_has_value_step_and_time(attempts: Attempts) -> None:
    with attempts.serving() as records:
        before = time.time_ns() // 1000
        log_metric("loss", 0.5, 3)
        log_metric("loss", 1)
        log_metric("loss", 2.5, step=-1, timestamp=1_700_000_000_123)
        tracking.finish()
        first, second, third = points(records())
    assert first[:2] == (0.5, 3)
    assert before <= first[2] <= time.time_ns() // 1000
    assert second[:2] == (1.0, 0)
    assert third == (2.5, -1, 1_700_000_000_123_000)


def test_points_are_written_soon_without_being_asked_for(attempts: Attempts) -> None:
    with attempts.serving() as records:
        log_metric("loss", 1.0)
        wait_for(lambda: points(records()), timeout=5)
        log_metric("loss", 2.0)
        wait_for(lambda: len(points(records())) == 2, timeout=5)
        tracking.finish()


def test_a_full_buffer_is_written_at_once(
    attempts: Attempts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracking, "FLUSH_SECONDS", 60.0)
    with attempts.serving() as records:
        for step in range(FLUSH_POINTS):
            log_metric("loss", 1.0, step)
        assert len(points(records())) == FLUSH_POINTS
        tracking.finish()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_isnt_finite_is_written_at_once(attempts: Attempts, value: float) -> None:
    with attempts.serving() as records:
        log_metric("loss", 1.0)
        log_metric("loss", value, 1)
        found = points(records())
        tracking.finish()
    assert [step for _, step, _ in found] == [0, 1]
    assert struct.pack("<d", found[1][0]) == struct.pack("<d", value)


def test_log_metrics_share_step_and_time(attempts: Attempts) -> None:
    with attempts.serving() as records:
        log_metrics({"loss": 1.0, "acc": 0.5}, step=7)
        tracking.finish()
        (loss,), (acc,) = points(records()), points(records(), "acc")
    assert loss[1:] == acc[1:]
    assert loss[1] == 7


def test_numbers_of_all_kinds_are_taken(attempts: Attempts) -> None:
    numpy = pytest.importorskip("numpy")
    with attempts.serving() as records:
        for value in (True, 3, numpy.float32(0.5), numpy.array(2.0), numpy.array([[4]])):
            log_metric("loss", value, numpy.int64(4))
        tracking.finish()
        assert [value for value, _, _ in points(records())] == [1.0, 3.0, 0.5, 2.0, 4.0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("loss", "0.5"), "the value is a number, not '0.5'"),
        (("loss", None), "the value is a number"),
        (("loss", [1, 2]), "the value is a number"),
        (("loss", 1.0, 1.5), "step is a whole number, not 1.5"),
        (("loss", 1.0, 2**63), "doesn't fit into 64 bits"),
        (("loss", 1.0, 0, "now"), "timestamp is in milliseconds"),
        (("loss", 1.0, 0, 10**18), "timestamp is in milliseconds"),
        (("loss", 1.0, 0, float("nan")), "timestamp is in milliseconds"),
        (("x" * 251, 1.0), "at most 250 characters"),
        (("", 1.0), "the name of a metric is a string"),
        (("a\nb", 1.0), "no control characters"),
    ],
)
def test_what_cant_be_logged_is_told(
    attempts: Attempts, arguments: tuple[Any, ...], message: str
) -> None:
    with attempts.serving(), pytest.raises(ArgumentError, match=message):
        log_metric(*arguments)


def test_a_param_is_written_once(attempts: Attempts) -> None:
    with attempts.serving() as records:
        assert log_param("lr", 0.1) == 0.1
        log_params({"lr": "0.1", "layers": [1, 2]})
        with pytest.raises(
            ParamChanged, match=r"'lr' was logged as '0\.1' and can't become '0\.2'"
        ):
            log_param("lr", 0.2)
        assert records() == [ParamLogged("lr", "0.1"), ParamLogged("layers", "[1, 2]")]


def test_a_tag_may_change(attempts: Attempts) -> None:
    with attempts.serving() as records:
        set_tag("stage", "beta")
        set_tags({"stage": "prod"})
        assert records() == [TagSet("stage", "beta"), TagSet("stage", "prod")]


@pytest.mark.parametrize(("log", "limit"), [(log_param, 6000), (set_tag, 8000)])
def test_texts_have_mlflows_limits(attempts: Attempts, log: Any, limit: int) -> None:
    with attempts.serving() as records:
        log("a", "x" * limit)
        with pytest.raises(ArgumentError, match=f"has {limit + 1:,} characters and may have"):
            log("b", "x" * (limit + 1))
        assert len(records()) == 1


@pytest.mark.parametrize(
    "log", [lambda: log_metric("a", 1), lambda: log_param("a", 1), lambda: set_tag("a", 1)]
)
def test_outside_a_task_and_a_workspace_there_is_a_clear_error(
    log: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutsideTask, match="no task is running in this process"):
        log()


def test_each_task_has_its_own_buffers(attempts: Attempts) -> None:
    for value in (1.0, 2.0):
        with attempts.serving() as records:
            log_metric("loss", value)
            log_param("lr", value)
            tracking.finish()
            assert [found for found, _, _ in points(records())] == [value]


def test_threads_may_log_at_the_same_time(attempts: Attempts) -> None:
    def work(key: str) -> None:
        for step in range(5000):
            log_metric(key, 1.0, step)
            log_metric("shared", 1.0, step)

    with attempts.serving() as records:
        threads = [threading.Thread(target=work, args=(f"k{i}",)) for i in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        tracking.finish()
        found = records()
    assert all(
        [step for _, step, _ in points(found, f"k{i}")] == list(range(5000)) for i in range(4)
    )
    assert len(points(found, "shared")) == 20_000


def _log_in_child(start: int) -> None:
    log_metric("loss", 1.0, start)


def test_a_process_that_the_task_forks_logs_its_own_points_only(attempts: Attempts) -> None:
    with attempts.serving() as records:
        for step in range(10):
            log_metric("loss", 1.0, step)
        context = multiprocessing.get_context("fork")
        children = [context.Process(target=_log_in_child, args=(100 + i,)) for i in range(3)]
        for child in children:
            child.start()
        for child in children:
            child.join()
        tracking.finish()
        steps = [step for _, step, _ in points(records())]
    assert sorted(steps) == [*range(10), 100, 101, 102]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a device that is always full")
def test_points_of_a_full_disk_stay_until_they_can_be_written(attempts: Attempts) -> None:
    ticket = attempts.ticket(DAG("d"), "t")
    with attempts.ends(ticket) as (journal, client):
        full = os.open("/dev/full", os.O_WRONLY)
        good, journal._descriptor = journal._descriptor, full
        services.provide(Services(client, journal))
        log_metric("loss", 1.0)
        with pytest.raises(OSError, match="No space left"):
            log_metric("loss", math.nan)
        journal._descriptor = good
        os.close(full)
        tracking.finish()
        services.provide(None)
        assert len(points(attempts.records(ticket))) == 2


@given(st.lists(st.tuples(st.floats(), st.integers(-(2**63), 2**63 - 1)), max_size=30))
def test_every_point_comes_through_bit_for_bit(values: list[tuple[float, int]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        attempts = Attempts(Path(folder), f"{folder}/ask", Knowledge())
        with attempts.serving() as records:
            for value, step in values:
                log_metric("loss", value, step)
            tracking.finish()
            found = points(records())
    assert [(struct.pack("<d", value), step) for value, step, _ in found] == [
        (struct.pack("<d", value), step) for value, step in values
    ]

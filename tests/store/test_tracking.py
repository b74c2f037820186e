"""Params, tags and metrics: every point exactly once, in order, bit for bit."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from store import tracking
from store.engine import Store, open_store
from store.models import metric_segment, tracked_run
from store.workspace import Workspace
from tests.support.history import fill

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
Point = tuple[float, int, int]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all examples of a property."""
    folder: Path = tmp_path_factory.mktemp("tracking")
    with open_store(Workspace(folder), create=True) as store:
        fill(store, dags=1, runs=1, tasks=1, live=False)
        yield store


def new_run(connection: Any) -> int:
    return tracking.ensure_run(connection, 1, experiment="sweep", name="train")


def bits(points: list[Point]) -> list[tuple[bytes, int, int]]:
    """Comparable, NaN included."""
    return [(struct.pack("<d", value), step, at) for value, step, at in points]


def points_of(series: tracking.Series) -> list[Point]:
    return list(zip(series.values, series.steps, series.times, strict=True))


LARGE = 2**63 - 1
EARLIEST, LATEST = -(2**55), 2**55  # µs: years 828 to 3111
any_point = st.tuples(
    st.floats(width=64), st.integers(-LARGE, LARGE), st.integers(EARLIEST, LATEST)
)


@given(batches=st.lists(st.lists(any_point, min_size=1, max_size=40), min_size=1, max_size=12))
@settings(max_examples=60)
def test_every_point_survives_in_its_order(shared: Store, batches: list[list[Point]]) -> None:
    """NaN, both infinities, -0.0, subnormals: bit for bit, however they are batched."""
    connection = shared.engine.connect()
    try:
        run, metric = new_run(connection), 0
        for batch in batches:
            metric = tracking.add_metric_points(connection, run, "loss", *tracking.pack(batch))
        everything = [point for batch in batches for point in batch]
        assert bits(points_of(tracking.read_metric(connection, metric))) == bits(everything)
        (summary,) = tracking.list_metrics(connection, run)
    finally:
        connection.rollback()
        connection.close()
    values = [value for value, _, _ in everything]
    finite = [value for value in values if math.isfinite(value)]
    assert summary.count == len(values)
    assert summary.nan_count == sum(map(math.isnan, values))
    assert summary.inf_count == sum(map(math.isinf, values))
    assert same(summary.first_value, values[0])
    assert same(summary.last_value, values[-1])
    assert summary.last_step == everything[-1][1]
    assert same(summary.min_value, min(finite, default=math.nan))
    assert same(summary.max_value, max(finite, default=math.nan))


def same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def test_nan_and_the_infinities_survive_on_both_databases(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=1, live=False)
    values = [math.nan, math.inf, -math.inf, 1.5]
    with any_store.write() as connection:
        run = new_run(connection)
        packed = tracking.pack([(value, step, step) for step, value in enumerate(values)])
        metric = tracking.add_metric_points(connection, run, "loss", *packed)
        nothing_finite = tracking.pack([(math.inf, 0, 0), (math.nan, 1, 1)])
        tracking.add_metric_points(connection, run, "odd", *nothing_finite)
    with any_store.read() as connection:
        assert str(list(tracking.read_metric(connection, metric).values)) == str(values)
        loss, odd = tracking.list_metrics(connection, run)
    assert (loss.nan_count, loss.inf_count, loss.min_value, loss.max_value) == (1, 2, 1.5, 1.5)
    assert math.isnan(loss.first_value)
    assert math.isnan(odd.last_value)
    assert odd.first_value == math.inf
    assert math.isnan(odd.min_value)


@given(sizes=st.lists(st.integers(1, 300), min_size=1, max_size=60))
@settings(max_examples=25)
def test_segments_stay_few_however_points_come(shared: Store, sizes: list[int]) -> None:
    connection = shared.engine.connect()
    try:
        run, metric = new_run(connection), 0
        for size in sizes:
            batch = tracking.pack([(1.0, 0, 0)] * size)
            metric = tracking.add_metric_points(connection, run, "m", *batch)
        query = select(func.count()).where(metric_segment.c.metric_id == metric)
        segments = connection.execute(query).scalar_one()
    finally:
        connection.rollback()
        connection.close()
    total = sum(sizes)
    assert segments <= total / tracking.FULL_SEGMENT + math.log2(total) + 2


def test_a_metric_logged_point_by_point_has_few_segments(shared: Store) -> None:
    with shared.write() as connection:
        run, metric = new_run(connection), 0
        for step in range(1000):
            packed = tracking.pack([(float(step), step, step)])
            metric = tracking.add_metric_points(connection, run, "slow", *packed)
        query = select(func.count()).where(metric_segment.c.metric_id == metric)
        assert connection.execute(query).scalar_one() <= 10
        assert list(tracking.read_metric(connection, metric).steps) == list(range(1000))


@pytest.mark.parametrize(("count", "data"), [(0, b""), (1, b"x" * 23), (2, b"x" * 24)])
def test_points_that_are_not_whole_are_refused(shared: Store, count: int, data: bytes) -> None:
    with shared.write() as connection, pytest.raises(ValueError, match="points of loss take"):
        tracking.add_metric_points(connection, new_run(connection), "loss", count, data)


def test_a_metric_that_is_not_there_has_no_points(shared: Store) -> None:
    with shared.read() as connection:
        assert len(tracking.read_metric(connection, 12345)) == 0


def test_a_try_has_one_run_which_ends_as_it_does(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=2, live=False)
    with any_store.write() as connection:
        run = tracking.ensure_run(connection, 1, experiment="sweep", name="train[0]", at=NOW)
        assert tracking.ensure_run(connection, 1, experiment="sweep", name="other") == run
        other = tracking.ensure_run(connection, 2, experiment="sweep", name="train[1]")
        assert other != run
        assert tracking.run_of_try(connection, 1) == run
        assert tracking.run_of_try(connection, 99) is None
        tracking.end_run(connection, run, at=NOW, succeeded=True)
        tracking.end_run(connection, other, at=NOW, succeeded=False)
        rows = connection.execute(select(tracked_run).order_by(tracked_run.c.id)).all()
    assert [(row.status, row.ended_at, row.name) for row in rows] == [
        ("FINISHED", NOW, "train[0]"),
        ("FAILED", NOW, "train[1]"),
    ]
    assert rows[0].experiment_id == rows[1].experiment_id
    assert rows[0].uuid != rows[1].uuid


def test_the_last_value_of_a_param_or_tag_is_kept(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=1, live=False)
    with any_store.write() as connection:
        run = new_run(connection)
        tracking.log_param(connection, run, "alpha", "0.1")
        tracking.log_param(connection, run, "alpha", "0.2")
        tracking.set_tag(connection, run, "stage", "beta")
        tracking.set_tags(
            connection,
            [
                {"run_id": run, "key": "stage", "value": "prod"},
                {"run_id": run, "key": "who", "value": "anna"},
            ],
        )
        assert tracking.params_of(connection, run) == {"alpha": "0.2"}
        assert tracking.tags_of(connection, run) == {"stage": "prod", "who": "anna"}

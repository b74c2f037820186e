"""Params, tags and metrics: every point exactly once, in order, bit for bit."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from store import metric_points, tracking
from store.engine import Store, open_store
from store.models import artifact, dataset, dataset_input, metric_segment, param, tracked_run
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


def new_run(connection: Any, uuid: str = "a" * 32) -> int:
    return tracking.create_run(connection, tracking.NewRun(uuid, "sweep", "train", NOW, try_id=1))


def bits(points: list[Point]) -> list[tuple[bytes, int, int]]:
    """Comparable, NaN included."""
    return [(struct.pack("<d", value), step, at) for value, step, at in points]


def points_of(series: metric_points.Series) -> list[Point]:
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
            metric = metric_points.add(connection, run, "loss", *metric_points.pack(batch))
        everything = [point for batch in batches for point in batch]
        assert bits(points_of(metric_points.read(connection, metric))) == bits(everything)
        (summary,) = metric_points.summaries(connection, run)
    finally:
        connection.rollback()
        connection.close()
    values = [value for value, _, _ in everything]
    finite = [value for value in values if math.isfinite(value)]
    assert summary.count == len(values)
    assert summary.nan_count == sum(map(math.isnan, values))
    assert summary.inf_count == sum(map(math.isinf, values))
    assert same(summary.first_value, values[0])
    last = max(range(len(everything)), key=lambda place: (*everything[place][1:], place))
    assert same(summary.last_value, values[last])
    assert summary.last_step == everything[last][1]
    assert same(summary.min_value, min(finite, default=math.nan))
    assert same(summary.max_value, max(finite, default=math.nan))
    steps = [step for _, step, _ in everything]
    assert summary.min_step == (steps[values.index(min(finite))] if finite else None)
    assert summary.max_step == (steps[values.index(max(finite))] if finite else None)
    if finite:
        mean = math.fsum(value / len(finite) for value in finite)
        assert math.isclose(
            summary.mean_value, mean, rel_tol=1e-6, abs_tol=1e-9 * max(map(abs, finite))
        )
    else:
        assert math.isnan(summary.mean_value)


def same(one: float, other: float) -> bool:
    return one == other or (math.isnan(one) and math.isnan(other))


def test_nan_and_the_infinities_survive_on_both_databases(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=1, live=False)
    values = [math.nan, math.inf, -math.inf, 1.5]
    with any_store.write() as connection:
        run = new_run(connection)
        packed = metric_points.pack([(value, step, step) for step, value in enumerate(values)])
        metric = metric_points.add(connection, run, "loss", *packed)
        nothing_finite = metric_points.pack([(math.inf, 0, 0), (math.nan, 1, 1)])
        metric_points.add(connection, run, "odd", *nothing_finite)
    with any_store.read() as connection:
        assert str(list(metric_points.read(connection, metric).values)) == str(values)
        loss, odd = metric_points.summaries(connection, run)
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
            batch = metric_points.pack([(1.0, 0, 0)] * size)
            metric = metric_points.add(connection, run, "m", *batch)
        query = select(func.count()).where(metric_segment.c.metric_id == metric)
        segments = connection.execute(query).scalar_one()
    finally:
        connection.rollback()
        connection.close()
    total = sum(sizes)
    assert segments <= total / metric_points.FULL_SEGMENT + math.log2(total) + 2


def test_a_metric_logged_point_by_point_has_few_segments(shared: Store) -> None:
    with shared.write() as connection:
        run, metric = new_run(connection), 0
        for step in range(1000):
            packed = metric_points.pack([(float(step), step, step)])
            metric = metric_points.add(connection, run, "slow", *packed)
        query = select(func.count()).where(metric_segment.c.metric_id == metric)
        assert connection.execute(query).scalar_one() <= 10
        assert list(metric_points.read(connection, metric).steps) == list(range(1000))


@pytest.mark.parametrize(("count", "data"), [(0, b""), (1, b"x" * 23), (2, b"x" * 24)])
def test_points_that_are_not_whole_are_refused(shared: Store, count: int, data: bytes) -> None:
    with shared.write() as connection, pytest.raises(ValueError, match="points of loss take"):
        metric_points.add(connection, new_run(connection), "loss", count, data)


def test_a_metric_that_is_not_there_has_no_points(shared: Store) -> None:
    with shared.read() as connection:
        assert len(metric_points.read(connection, 12345)) == 0


def test_a_try_has_runs_which_end_as_it_does(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=2, live=False)
    with any_store.write() as connection:
        new = tracking.NewRun("a" * 32, "sweep", "train[0]", NOW, try_id=1, user="ann")
        run = tracking.create_run(connection, new)
        assert tracking.create_run(connection, replace(new, name="other")) == run
        child = tracking.NewRun("b" * 32, "sweep", "fold", NOW, try_id=1, parent="a" * 32)
        nested = tracking.create_run(connection, child)
        other = tracking.create_run(connection, tracking.NewRun("c" * 32, "sweep", "x", NOW, 2))
        assert tracking.runs_of_try(connection, 1) == [run, nested]
        assert tracking.runs_of_try(connection, 99) == []
        tracking.set_status(connection, nested, tracking.FAILED, NOW)
        tracking.end_open_runs(connection, 1, tracking.FINISHED, NOW)
        tracking.end_open_runs(connection, 2, tracking.KILLED, NOW)
        rows = connection.execute(select(tracked_run).order_by(tracked_run.c.id)).all()
    assert [(row.status, row.ended_at, row.name, row.parent_id) for row in rows] == [
        ("FINISHED", NOW, "train[0]", None),
        ("FAILED", NOW, "fold", run),
        ("KILLED", NOW, "x", None),
    ]
    assert [row.id for row in rows] == [run, nested, other]
    assert len({row.experiment_id for row in rows}) == 1
    assert (rows[0].dag_id, rows[0].try_number, rows[0].user_id) == ("dag_0000", 1, "ann")


def test_the_name_the_user_and_the_parent_of_a_run_are_tags_too(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=1, live=False)
    with any_store.write() as connection:
        parent, run = new_run(connection), new_run(connection, "b" * 32)
        tags = {"mlflow.runName": "best", "mlflow.user": "bob", "mlflow.parentRunId": "a" * 32}
        rows = [{"run_id": run, "key": key, "value": value} for key, value in tags.items()]
        tracking.set_tags(connection, rows)
        tracking.set_tag(connection, run, "mlflow.user", None)
        row = connection.execute(select(tracked_run).where(tracked_run.c.id == run)).one()
        assert (row.name, row.user_id, row.parent_id) == ("best", "bob", parent)
        assert set(tracking.tags_of(connection, run)) == {"mlflow.runName", "mlflow.parentRunId"}


def test_a_param_that_is_a_number_is_one_for_comparing(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=1, live=False)
    texts = {"lr": "1e-3", "depth": " 7 ", "name": "adam", "limit": "inf", "none": "nan"}
    with any_store.write() as connection:
        run = new_run(connection)
        rows = [{"run_id": run, "key": key, "value": text} for key, text in texts.items()]
        tracking.log_params(connection, rows)
        numbers = dict(connection.execute(select(param.c.key, param.c.number)).all())
    assert numbers == {"lr": 0.001, "depth": 7.0, "name": None, "limit": None, "none": None}


def test_artifacts_and_datasets_are_kept_once_each(any_store: Store) -> None:
    fill(any_store, dags=1, runs=1, tasks=1, live=False)
    data = {"name": "iris", "digest": "d1", "source_type": "local", "source": "{}"}
    data |= {"schema": None, "profile": None, "tags": {"mlflow.data.context": "eval"}}
    with any_store.write() as connection:
        one, two = new_run(connection), new_run(connection, "b" * 32)
        for run in (one, two, one):
            tracking.log_input(connection, run, data)
            tracking.log_artifact(connection, run, "model/weights.bin", 3, "ab" * 32, NOW)
        tracking.log_artifact(connection, one, "model/weights.bin", 4, "cd" * 32, NOW)
        assert connection.execute(select(func.count()).select_from(dataset)).scalar() == 1
        assert connection.execute(select(func.count()).select_from(dataset_input)).scalar() == 2
        sizes = connection.execute(select(artifact.c.size).order_by(artifact.c.run_id)).scalars()
        assert list(sizes) == [4, 3]


def test_a_dataset_that_is_told_again_keeps_what_it_was_used_for(any_store: Store) -> None:
    """MLflow tells the dataset of a metric once more, without its context."""
    fill(any_store, dags=1, runs=1, tasks=1, live=False)
    data = {"name": "iris", "digest": "d1", "source_type": "local", "source": "{}"}
    data |= {"schema": None, "profile": None}
    with any_store.write() as connection:
        run = new_run(connection)
        for tags in ({"mlflow.data.context": "training"}, {}, {"by": "ann"}):
            tracking.log_input(connection, run, {**data, "tags": tags})
        kept = connection.execute(select(dataset_input.c.tags)).scalars().all()
    assert kept == [{"mlflow.data.context": "training", "by": "ann"}]


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


def test_a_run_that_was_logged_to_before_its_beginning_was_read_gets_it(shared: Store) -> None:
    with shared.write() as connection:
        early = tracking.NewRun("e" * 32, "Default", "run eeee", NOW)
        row = tracking.create_run(connection, early)
        tracking.set_status(connection, row, tracking.FINISHED, NOW)
        begun = tracking.NewRun("e" * 32, "sweep", "train", NOW, user="me")
        assert tracking.begin_run(connection, begun) == row
        found = connection.execute(select(tracked_run).where(tracked_run.c.id == row)).one()
    assert (found.name, found.user_id, found.status) == ("train", "me", "RUNNING")
    assert found.ended_at is None


def test_a_try_knows_its_place(shared: Store) -> None:
    with shared.read() as connection:
        place = tracking.place_of_try(connection, 1)
        assert tracking.place_of_try(connection, 10**6) is None
    assert place is not None
    assert place.experiment == place.dag_id
    assert place.name == f"{place.task_id} try {place.try_number}"
    assert place.where["run_id"] == place.run_id

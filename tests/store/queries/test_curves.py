"""Curves are thinned where they are read, and nothing that matters is lost."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from math import inf, isfinite, isnan, nan

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from store import metric_points, tracking
from store.engine import Store
from store.queries import curves as curves_module
from store.queries.curves import MOST_ODD, Curve, curves

AT = datetime(2026, 3, 1, tzinfo=UTC)
SECOND = 1_000_000
Point = tuple[float, int, int]


def logged(store: Store, batches: Sequence[Sequence[Point]], uuid: str = "a" * 32) -> int:
    with store.write() as connection:
        run_id = tracking.create_run(connection, tracking.NewRun(uuid, "digits", "run", AT))
        for points in batches:
            count, data = metric_points.pack(points)
            metric_points.add(connection, run_id, "loss", count, data)
    return run_id


def curve(store: Store, run_id: int, **how: float | bool | None) -> Curve:
    with store.read() as connection:
        return curves(connection, [run_id], ["loss"], **how)[0]  # type: ignore[arg-type]


def plain(values: Sequence[float], start: int = 0) -> list[Point]:
    return [(y, start + n, (start + n) * SECOND) for n, y in enumerate(values)]


def numbered(*uuids: int) -> str:
    return f"{uuids[0]:032x}"


def test_a_short_curve_is_read_point_by_point(store: Store) -> None:
    found = curve(store, logged(store, [plain([3.0, nan, 1.0])]))
    assert found.steps == [0, 1, 2]
    assert found.times == [0.0, 1.0, 2.0]
    assert found.values[::2] == [3.0, 1.0]
    assert isnan(found.values[1])
    assert (found.count, found.is_thinned) == (3, False)


_NUMBERS = iter(range(10**9))

ys = st.lists(
    st.floats(-1e300, 1e300) | st.sampled_from([nan, inf, -inf]), min_size=1, max_size=300
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(values=ys, cuts=st.lists(st.integers(1, 80), max_size=6), stretches=st.integers(1, 12))
def test_extremes_ends_and_what_is_not_finite_stay_whatever_the_segments(
    store: Store, values: list[float], cuts: list[int], stretches: int
) -> None:
    points, batches = plain(values), []
    for cut in cuts:
        batches.append(points[:cut])
        points = points[cut:]
    batches.append(points)
    run_id = logged(store, [one for one in batches if one], numbered(next(_NUMBERS)))
    found = curve(store, run_id, stretches=stretches)
    finite = [y for y in values if isfinite(y)]
    kept = [y for y in found.values if isfinite(y)]
    assert sorted(found.steps) == list(found.steps)
    if finite:
        assert (min(kept), max(kept)) == (min(finite), max(finite))
        assert (kept[0], kept[-1]) == (finite[0], finite[-1])
    odd = [(step, str(y)) for step, y in enumerate(values) if not isfinite(y)]
    assert [
        (step, str(y)) for step, y in zip(found.steps, found.values, strict=True) if not isfinite(y)
    ] == odd
    assert len(kept) <= max(24 * stretches, 4) + 4
    at = dict(enumerate(values))
    for step, y in zip(found.steps, found.values, strict=True):
        assert str(at[step]) == str(y)


def test_a_curve_of_nothing_but_nan_is_bounded(store: Store) -> None:
    found = curve(store, logged(store, [plain([nan] * 30_000)]))
    assert 100 < len(found.values) <= MOST_ODD + 400
    assert all(map(isnan, found.values))


def test_kinds_of_what_is_not_finite_are_told_apart_when_there_are_many(store: Store) -> None:
    values = [nan] * 30_000
    values[12_345], values[23_456] = inf, -inf
    found = curve(store, logged(store, [plain(values)]))
    assert inf in found.values
    assert -inf in found.values


def test_points_are_in_the_order_of_their_steps_however_they_came(any_store: Store) -> None:
    later, earlier = plain([5.0, 6.0], start=10), plain([1.0, 2.0])
    found = curve(any_store, logged(any_store, [later, earlier]))
    assert found.steps == [0, 1, 10, 11]
    assert found.values == [1.0, 2.0, 5.0, 6.0]


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(
    points=st.lists(
        st.tuples(
            st.floats(-1e9, 1e9) | st.sampled_from([nan, inf, -inf]),
            st.integers(0, 40),
            st.integers(0, 5).map(lambda second: second * SECOND),
        ),
        min_size=1,
        max_size=60,
    ),
    cut=st.integers(6, 60),
    stretches=st.integers(1, 6),
)
def test_whatever_the_order_they_came_in_the_curve_is_that_of_sorted_points(
    store: Store, points: list[Point], cut: int, stretches: int
) -> None:
    """Segments are thinned before they are sorted: ends, extremes and what isn't finite stay."""
    batches = [points[start : start + cut] for start in range(0, len(points), cut)]
    found = curve(store, logged(store, batches, numbered(next(_NUMBERS))), stretches=stretches)
    sorted_ = sorted(points, key=lambda point: point[1:])
    assert list(zip(found.steps, found.times, strict=True)) == sorted(
        zip(found.steps, found.times, strict=True)
    )
    assert found.began_at == sorted_[0][2] / 1e6
    finite = [y for y, _, _ in points if isfinite(y)]
    kept = [y for y in found.values if isfinite(y)]
    if finite:
        assert (min(kept), max(kept)) == (min(finite), max(finite))
        ends = [point[1:] for point in sorted_ if isfinite(point[0])]
        shown = [
            (step, round(time * SECOND))
            for step, time, y in zip(found.steps, found.times, found.values, strict=True)
            if isfinite(y)
        ]
        assert (shown[0], shown[-1]) == (ends[0], ends[-1])
    assert len(found.values) - len(kept) == len(points) - len(finite)
    smooth = curve(store, found.run_id, stretches=stretches, smoothing=0.6)
    in_order = logged(store, [sorted_], numbered(next(_NUMBERS)))
    assert str(smooth.values) == str(
        curve(store, in_order, stretches=stretches, smoothing=0.6).values
    )


def test_of_equal_steps_the_earlier_time_comes_first(store: Store) -> None:
    found = curve(store, logged(store, [[(2.0, 7, 9 * SECOND), (1.0, 7, 3 * SECOND)]]))
    assert found.values == [1.0, 2.0]


def test_a_window_holds_its_points_and_those_that_lead_in_and_out(store: Store) -> None:
    run_id = logged(store, [plain([float(n) for n in range(100)])])
    assert curve(store, run_id, low=10, high=12).steps == [9, 10, 11, 12, 13]
    assert curve(store, run_id, low=97.5).steps == [97, 98, 99]
    assert curve(store, run_id, low=10, high=12, by_time=True).steps == [9, 10, 11, 12, 13]
    assert curve(store, run_id, high=-5).steps == [0]
    assert curve(store, run_id, low=97.5).began_at == 0.0


def test_a_window_shows_more_of_a_stretch_than_the_whole_does(store: Store) -> None:
    run_id = logged(store, [plain([math.sin(n) for n in range(20_000)])])
    whole = curve(store, run_id)
    close = curve(store, run_id, low=1000, high=1200)
    assert len([step for step in whole.steps if 1000 <= step <= 1200]) < 40
    assert len([step for step in close.steps if 1000 <= step <= 1200]) == 201


@pytest.mark.parametrize("limit", [0, 10**6])
def test_smoothing_counts_all_points_and_goes_on_over_segments(
    store: Store, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    monkeypatch.setattr(curves_module, "IN_PYTHON", limit)
    values = [1.0, 2.0, nan, 3.0, 5.0]
    run_id = logged(store, [plain(values[:3]), plain(values[3:], start=3)])
    found = curve(store, run_id, smoothing=0.6)
    finite = [y for y in found.values if isfinite(y)]
    assert finite == pytest.approx([1.0, 1.625, 2.32653061, 3.55514706], rel=1e-6)
    assert isnan(found.values[2])


def test_curves_come_by_run_as_asked_then_by_key(any_store: Store) -> None:
    first, second = logged(any_store, [plain([1.0])]), logged(any_store, [plain([2.0])], "b" * 32)
    with any_store.write() as connection:
        count, data = metric_points.pack(plain([3.0]))
        metric_points.add(connection, second, "acc", count, data)
    with any_store.read() as connection:
        found = curves(connection, [second, first])
        assert [(one.run_uuid[0], one.key) for one in found] == [
            ("b", "acc"),
            ("b", "loss"),
            ("a", "loss"),
        ]
        assert curves(connection, [first], ["nothing"]) == []
        assert curves(connection, []) == []


def test_a_curve_equals_another_of_as_many_points_read_in_the_same_way(store: Store) -> None:
    run_id = logged(store, [plain([nan, 1.0])])
    before = curve(store, run_id)
    assert before == curve(store, run_id)
    assert before != curve(store, run_id, smoothing=0.5)
    with store.write() as connection:
        count, data = metric_points.pack(plain([2.0], start=2))
        metric_points.add(connection, run_id, "loss", count, data)
    assert before != curve(store, run_id)


def test_the_file_is_mapped_only_while_many_points_are_read(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(curves_module, "MAPPED_FROM", 3)
    run_id = logged(store, [plain([1.0, 2.0, 3.0])])
    with store.read() as connection:
        assert curves(connection, [run_id])[0].values == [1.0, 2.0, 3.0]
        assert connection.exec_driver_sql("PRAGMA mmap_size").scalar() == 0

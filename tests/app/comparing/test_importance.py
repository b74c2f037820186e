"""Which params matter for a metric."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.comparing.importance import RIDGES, Effect, Importance, importance

Params = dict[str, str]


def effect(found: Importance, param: str) -> Effect:
    return next(one for one in found.effects if one.param == param)


def linear(runs: int = 24) -> tuple[list[float], list[Params]]:
    """A metric that grows with ``rate``, a little with ``depth``, and not with ``seed``."""
    source = random.Random(7)
    params = [
        {"rate": str(source.random()), "depth": str(source.random()), "seed": str(source.random())}
        for _ in range(runs)
    ]
    return [10 * float(one["rate"]) + 3 * float(one["depth"]) for one in params], params


def test_a_param_that_a_metric_grows_with_has_a_correlation_of_one() -> None:
    params = [{"x": str(number), "y": str(-number)} for number in range(5)]
    found = importance("m", [math.exp(number) for number in range(5)], params)
    assert effect(found, "x").correlation == pytest.approx(1.0)
    assert effect(found, "y").correlation == pytest.approx(-1.0)


def test_spearman_and_its_p_are_scipys() -> None:
    params = [{"x": text} for text in ("1", "2", "3", "4", "5", "6")]
    found = effect(importance("m", [1.0, 3.0, 2.0, 5.0, 4.0, 6.0], params), "x")
    assert found.correlation == pytest.approx(0.8857142857142858)
    assert found.p == pytest.approx(0.01884548104956266)


def test_what_matters_more_is_more_important_and_chance_matters_nothing() -> None:
    found = importance("m", *linear())
    assert [one.param for one in found.effects] == ["rate", "depth", "seed"]
    shares = [one.importance for one in found.effects]
    assert all(share is not None for share in shares)
    assert (shares[0] or 0) > 4 * (shares[1] or 0) > 0
    assert abs(shares[2] or 0) < 0.1
    assert found.fit is not None
    assert found.fit > 0.8


def test_a_category_has_a_correlation_ratio() -> None:
    params = [{"kind": "abc"[number % 3]} for number in range(12)]
    values = [float(number % 3) for number in range(12)]
    found = effect(importance("m", values, params), "kind")
    assert found.kind == "category"
    assert found.correlation == pytest.approx(1.0)
    assert found.p is not None
    assert found.p < 0.01
    assert (found.importance or 0) > 0.5


def test_an_effect_that_only_two_params_have_together_is_found() -> None:
    """Neither goes with the metric by itself: only a model of both sees it."""
    params = [{"a": str(n % 2), "b": str(n // 2 % 2), "c": str(n % 3)} for n in range(24)]
    values = [float(one["a"] != one["b"]) for one in params]
    found = importance("m", values, params)
    for name in ("a", "b"):
        assert effect(found, name).correlation == pytest.approx(0.0, abs=1e-9)
        assert (effect(found, name).importance or 0) > 0.5
    assert abs(effect(found, "c").importance or 0) < 0.3


def test_what_does_not_vary_is_said() -> None:
    params = [{"x": str(number), "batch": "64"} for number in range(4)]
    found = effect(importance("m", [1.0, 2.0, 3.0, 4.0], params), "batch")
    assert found.correlation is None
    assert found.note == "is the same in all runs"


def test_a_text_that_is_another_in_each_run_is_said() -> None:
    params = [{"path": f"/data/{number}"} for number in range(6)]
    found = effect(importance("m", [float(n) for n in range(6)], params), "path")
    assert found.note == "6 different texts in 6 runs are too many"


def test_too_few_runs_are_said() -> None:
    params = [{"x": "1"}, {"x": "2"}]
    found = importance("m", [1.0, 2.0], params)
    assert found.effects == ()
    assert found.note == "2 runs have a finite m: at least 3 are needed"
    some = importance("m", [1.0, 2.0, 3.0], [*params, {"x": "3"}])
    assert some.note == "fewer than 10 runs: take this as a hint"
    assert some.effects[0].importance is None


def test_a_metric_that_does_not_vary_is_said() -> None:
    found = importance("m", [1.0] * 5, [{"x": str(number)} for number in range(5)])
    assert found.note == "m is the same in all runs"


def test_what_is_not_finite_or_missing_is_left_out() -> None:
    values, params = linear(12)
    more = [*values, math.nan, math.inf, None]
    found = importance("m", more, [*params, {"rate": "9"}, {"rate": "8"}, {"rate": "7"}])
    assert found == importance("m", values, params)


def test_params_that_explain_nothing_are_said() -> None:
    source = random.Random(3)
    params = [{"x": str(source.random())} for _ in range(20)]
    found = importance("m", [source.random() for _ in range(20)], params)
    assert found.fit is not None
    assert found.fit <= 0.05
    if found.fit <= 0:
        assert found.note == "the params don't explain this metric: trust no importance"


def test_more_runs_than_are_weighed_take_no_longer() -> None:
    source = random.Random(5)
    params = [{"x": str(source.random())} for _ in range(1000)]
    found = importance("m", [float(one["x"]) ** 3 for one in params], params)
    assert found.runs == 1000
    assert (found.effects[0].importance or 0) > 0.5


def test_figures_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="1 values of m for 2 runs"):
        importance("m", [1.0], [{}, {}])


RUNS = st.lists(
    st.tuples(
        st.floats(-1e6, 1e6),
        st.fixed_dictionaries(
            {}, optional={"n": st.integers(-5, 5).map(str), "c": st.sampled_from("abc")}
        ),
    ),
    max_size=16,
)


@settings(deadline=None, max_examples=60)
@given(RUNS, st.randoms(use_true_random=False))
def test_the_order_of_the_runs_changes_nothing(
    runs: list[tuple[float, Params]], shuffle: random.Random
) -> None:
    other = list(runs)
    shuffle.shuffle(other)
    one, two = (
        importance("m", [v for v, _ in some], [p for _, p in some]) for some in (runs, other)
    )
    assert one == two


@settings(deadline=None, max_examples=60)
@given(RUNS)
def test_figures_are_within_their_bounds(runs: list[tuple[float, Params]]) -> None:
    found = importance("m", [value for value, _ in runs], [own for _, own in runs])
    for one in found.effects:
        assert one.correlation is None or -1 <= one.correlation <= 1
        assert one.p is None or 0 <= one.p <= 1
        assert one.importance is None or math.isfinite(one.importance)
        assert (one.correlation is None) == bool(one.note)


def test_importances_are_those_of_models_by_scikit_learn() -> None:
    """The error of each run under a model of the others, by scikit-learn: with its own params, and
    with one of them taken from every run in turn."""
    kernel_ridge = pytest.importorskip("sklearn.kernel_ridge")
    np = pytest.importorskip("numpy")
    source = random.Random(3)
    params = [{"a": str(source.random()), "b": str(source.random())} for _ in range(16)]
    values = [float(one["a"]) ** 2 - 0.3 * float(one["b"]) for one in params]
    found = importance("m", values, params)

    def ranks(numbers: list[float]) -> list[float]:
        return [sorted(numbers).index(number) / (len(numbers) - 1) for number in numbers]

    columns = [ranks([float(one[key]) for one in params]) for key in ("a", "b")]
    xs = np.array(columns).T
    ys = np.array(ranks(values)) * (len(values) - 1) / len(values)
    ys -= ys.mean()

    def error(ridge: float, replaced: int | None) -> float:
        total = 0.0
        for run in range(len(ys)):
            others = np.arange(len(ys)) != run
            model = kernel_ridge.KernelRidge(alpha=ridge, kernel="rbf", gamma=1.0)
            model.fit(xs[others], ys[others])
            given = np.repeat(xs[run : run + 1], len(ys), axis=0)
            if replaced is not None:
                given[:, replaced] = xs[:, replaced]
            total += float(((model.predict(given) - ys[run]) ** 2).mean())
        return total / len(ys)

    ridge = min(RIDGES, key=lambda one: error(one, None))
    base, variance = error(ridge, None), float((ys**2).mean())
    assert found.fit == pytest.approx(1 - base / variance)
    for place, key in enumerate(("a", "b")):
        expected = (error(ridge, place) - base) / variance
        assert effect(found, key).importance == pytest.approx(expected)

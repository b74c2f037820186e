"""Which params matter for a metric: rank correlation, and permutation importance. Pure.

Each param by itself: Spearman's correlation where it is a number, the correlation ratio of ranks
where it is a category (with the p of the Kruskal-Wallis test), by SciPy. All params together: a
kernel ridge regression (NumPy) of the metric's ranks on the params' ranks, each run predicted by
a model of the others; the importance of a param is by how much the error grows when its value is
taken from other runs, as a share of the metric's variance. Nothing is drawn at random, so the
same runs give the same figures in any order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, sqrt
from typing import TYPE_CHECKING, Any

from app.comparing.numbers import number_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

LEAST_RUNS = 3
"""Runs below which there is no correlation."""
ENOUGH_RUNS = 10
"""Runs below which params together aren't weighed, and each by itself is a hint only."""
MOST_RUNS = 300
"""Runs that are weighed; of more, those are taken that stand evenly spaced by the metric."""
REPLACEMENTS = 50
"""Values of a param that each run is given in place of its own."""
RIDGES = (1e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0)
MODEL = "kernel ridge regression on ranks, each run predicted by the others"


@dataclass(frozen=True, slots=True)
class Effect:
    """What is known of one param."""

    param: str
    kind: str = "number"
    """number, category."""
    runs: int = 0
    """That have it, and a finite value of the metric."""
    correlation: float | None = None
    """Spearman's, -1 to 1; of a category the correlation ratio, 0 to 1. None: see ``note``."""
    p: float | None = None
    """How likely it is as far from 0 where the param doesn't matter."""
    importance: float | None = None
    """Growth of the error as a share of the metric's variance; below zero: noise."""
    note: str = ""
    """Why there are no figures."""


@dataclass(frozen=True, slots=True)
class Importance:
    """What is known of all params: the most important first, those without figures last."""

    metric: str
    effects: tuple[Effect, ...]
    runs: int
    """With a finite value of the metric."""
    fit: float | None = None
    """Share of the variance that the model explains of runs that it has not seen (R²)."""
    note: str = ""
    """What is to be kept in mind."""


def importance(
    metric: str, values: Sequence[float | None], params: Sequence[Mapping[str, str]]
) -> Importance:
    """How the params of runs go with a metric: ``values`` and ``params`` in the same order."""
    if len(values) != len(params):
        raise ValueError(f"{len(values)} values of {metric} for {len(params)} runs")
    finite = [
        (value, own)
        for value, own in zip(values, params, strict=True)
        if value is not None and isfinite(value)
    ]
    finite.sort(key=lambda pair: (pair[0], sorted(pair[1].items())))
    keys = sorted({key for _, own in finite for key in own})
    ys = [value for value, _ in finite]
    if len(finite) < LEAST_RUNS:
        note = f"{len(finite)} runs have a finite {metric}: at least {LEAST_RUNS} are needed"
        return Importance(metric, (), len(finite), note=note)
    if ys[0] == ys[-1]:
        return Importance(metric, (), len(finite), note=f"{metric} is the same in all runs")
    columns = {key: [own.get(key) for _, own in finite] for key in keys}
    effects = [_alone(key, columns[key], ys) for key in keys]
    varying = [one.param for one in effects if one.correlation is not None]
    fit: float | None = None
    note = f"fewer than {ENOUGH_RUNS} runs: take this as a hint"
    if len(finite) >= ENOUGH_RUNS and varying:
        shares, fit = _together([columns[key] for key in varying], ys)
        weighed = dict(zip(varying, shares, strict=True))
        effects = [replace(one, importance=weighed.get(one.param)) for one in effects]
        note = "" if fit > 0 else "the params don't explain this metric: trust no importance"
    effects.sort(key=_rank)
    return Importance(metric, tuple(effects), len(finite), fit, note)


def _rank(one: Effect) -> tuple[bool, float, float, str]:
    share = 0.0 if one.importance is None else one.importance
    return one.correlation is None, -share, -abs(one.correlation or 0.0), one.param


# each by itself


def _numbers(texts: Sequence[str | None]) -> list[float] | None:
    """The values as finite numbers; None where one of them is none."""
    found = [number_in(text) for text in texts]
    numbers = [one for one in found if one is not None and isfinite(one)]
    return numbers if len(numbers) == len(texts) else None


def _alone(key: str, texts: Sequence[str | None], ys: Sequence[float]) -> Effect:
    having = [(text, y) for text, y in zip(texts, ys, strict=True) if text is not None]
    own, of = [text for text, _ in having], [y for _, y in having]
    numbers = _numbers(own)
    kind = "category" if numbers is None else "number"
    effect = Effect(key, kind, len(having))
    kinds = len(set(own if numbers is None else numbers))
    if len(having) < LEAST_RUNS:
        return replace(effect, note=f"only {len(having)} of the runs have it")
    if kinds < 2:
        return replace(effect, note="is the same in all runs")
    if min(of) == max(of):
        return replace(effect, note="the runs that have it don't differ in the metric")
    if numbers is not None:
        from scipy import stats

        found: Any = stats.spearmanr(numbers, of)
        return replace(effect, correlation=_clean(found.statistic), p=_clean(found.pvalue))
    if kinds > len(having) / 2:
        return replace(effect, note=f"{kinds} different texts in {len(having)} runs are too many")
    return _by_category(effect, own, of)


def _by_category(effect: Effect, texts: Sequence[str], ys: Sequence[float]) -> Effect:
    """The correlation ratio of ranks: the root of what the categories explain of them."""
    from scipy import stats

    groups: dict[str, list[float]] = {}
    for text, y in zip(texts, ys, strict=True):
        groups.setdefault(text, []).append(y)
    found = stats.kruskal(*groups.values())
    ratio = sqrt(min(1.0, max(0.0, float(found.statistic) / (len(ys) - 1))))
    return replace(effect, correlation=ratio, p=_clean(found.pvalue))


def _clean(value: float) -> float:
    """Within what rounding leaves of -1 to 1."""
    return min(1.0, max(-1.0, float(value)))


# all together


def _together(
    columns: Sequence[Sequence[str | None]], ys: Sequence[float]
) -> tuple[list[float], float]:
    """The importance of each param, and the share of the variance that is explained."""
    import numpy as np
    from scipy.stats import rankdata

    if len(ys) > MOST_RUNS:
        places = np.linspace(0, len(ys) - 1, MOST_RUNS).round().astype(int)
        ys = [ys[place] for place in places]
        columns = [[column[place] for place in places] for column in columns]
    y = rankdata(ys) / len(ys)
    y -= y.mean()
    features = [_features(column) for column in columns]
    apart = [_distances(one, one) for one in features]
    scale = max(1.0, len(columns) / 2)
    kernel = np.exp(-sum(apart) / scale)
    inverse, errors = min(
        (_left_out(kernel, y, ridge) for ridge in RIDGES), key=lambda one: float(one[1] @ one[1])
    )
    variance = float(y @ y) / len(y)
    base = float(errors @ errors) / len(y)
    without = _models_without(inverse, y)
    shares = [
        (_replaced(number, features, apart, scale, without, y) - base) / variance
        for number in range(len(features))
    ]
    return shares, 1 - base / variance


def _features(texts: Sequence[str | None]) -> Array:
    """Ranks from 0 to 1 of numbers, a column for each category of texts; what is missing is in
    the middle, or a category."""
    import numpy as np
    from scipy.stats import rankdata

    having = [text for text in texts if text is not None]
    numbers = _numbers(having)
    if numbers is None:
        kinds = sorted({text or "" for text in texts})
        same = [[(text or "") == kind for kind in kinds] for text in texts]
        return np.array(same, dtype=float) / sqrt(2)
    ranks = rankdata(numbers, method="dense").astype(float)
    ranks = (ranks - 1) / max(1.0, float(ranks.max()) - 1)
    found = iter(ranks)
    return np.array([[next(found) if text is not None else 0.5] for text in texts])


def _distances(one: Array, other: Array) -> Array:
    """The squared distances of all pairs."""
    import numpy as np

    return np.sum((one[:, None, :] - other[None, :, :]) ** 2, axis=2)


def _left_out(kernel: Array, y: Array, ridge: float) -> tuple[Array, Array]:
    """The inverse that the model is made of, and the error at each run of a model without it."""
    import numpy as np

    inverse = np.linalg.inv(kernel + ridge * np.eye(len(y)))
    return inverse, (inverse @ y) / np.diag(inverse)


def _models_without(inverse: Array, y: Array) -> Array:
    """Row i: the weights of the model that has not seen run i."""
    import numpy as np

    weights = inverse @ y
    rows = weights[None, :] - inverse * (weights / np.diag(inverse))[:, None]
    np.fill_diagonal(rows, 0.0)
    return rows


def _replaced(
    number: int,
    features: Sequence[Array],
    apart: Sequence[Array],
    scale: float,
    without: Array,
    y: Array,
) -> float:
    """The mean squared error where each run has the values of others of one param."""
    import numpy as np

    own = features[number]
    order = np.lexsort(own.T)
    places = np.linspace(0, len(y) - 1, min(len(y), REPLACEMENTS)).round().astype(int)
    given = _distances(own[order[places]], own)
    rest = sum(one for at, one in enumerate(apart) if at != number) + np.zeros_like(apart[number])
    total = 0.0
    for run in range(len(y)):
        kernel = np.exp(-(given + rest[run][None, :]) / scale)
        errors = y[run] - kernel @ without[run]
        total += float(errors @ errors) / len(places)
    return total / len(y)

"""``log_distribution``: how the values of a thing are spread, small enough to be kept for good.

Histograms of numbers are made on edges that don't depend on the values, so that those of several
days can be added up, and compared with a baseline that is made later.
"""

from __future__ import annotations

import math
import sys
import time
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

from runner.authoring import tracking
from runner.authoring.exceptions import ArgumentError
from runner.journal.records import DistributionLogged

Kind = Literal["categories", "numbers"]
MOST_CATEGORIES = 10_000
"""Categories that are counted one by one, those that are counted most; the rest is "other"."""
CATEGORY_LENGTH = 250
"""Characters of a category; a longer one is cut."""
MOST_BINS = 5_000
LEAST = 1e-300
"""Numbers that are nearer to zero are in its bin."""
DIGITS = 2
"""Significant digits of the edges of bins, where none are given: 90 bins for each power of ten."""
QUANTILES = (0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
Bin = tuple[float | None, float | None, int]
"""From (included), to (excluded), values; None: without end."""


def log_distribution(
    name: str,
    values: Iterable[Any] | None = None,
    *,
    counts: Mapping[Any, int] | None = None,
    step: int = 0,
    kind: Kind | None = None,
    edges: Sequence[float] | None = None,
) -> None:
    """Log how the values of something are spread: of the active run, at a step.

    ``values``: a list, a numpy array, a pandas Series; None and NaN among them are nulls. Numbers
    become a histogram with min, max, mean, std and quantiles, all else counts by category; ``kind``
    says which where it isn't plain (ids that are numbers are "categories"). ``counts``: of
    categories that were counted already, None for the nulls. ``edges``: of the histogram's bins,
    in order. Logged again for the same step, it takes the former's place.

    Raises ``ArgumentError`` for what is no such thing.
    """
    tracking.check_key("distribution", name)
    if (values is None) == (counts is None):
        raise ArgumentError(f"log_distribution({name!r}) takes values or counts, one of them")
    if type(step) is not int:
        raise ArgumentError(f"log_distribution({name!r}): step is a whole number, not {step!r}")
    log = tracking.active_log()
    if counts is not None:
        found = _counted(name, counts)
    else:
        assert values is not None
        found = _of_values(name, values, kind, edges)
    chosen, total, nulls, content = found
    log.record(DistributionLogged(time.time(), name, step, chosen, total, nulls, content, log.uuid))


Found = tuple[Kind, int, int, dict[str, Any]]
"""Kind, values, nulls among them, content."""


def _counted(name: str, counts: Mapping[Any, int]) -> Found:
    texts: Counter[str] = Counter()
    nulls = 0
    for category, count in counts.items():
        number = _count(name, category, count)
        if _is_null(category):
            nulls += number
        else:
            texts[_text(category)] += number
    return "categories", texts.total() + nulls, nulls, _categories(texts)


def _count(name: str, category: Any, count: Any) -> int:
    try:
        number = int(count)
    except (TypeError, ValueError, OverflowError):
        number = -1
    if number < 0 or number != count:
        raise ArgumentError(
            f"log_distribution({name!r}): the count of {category!r} is a whole number from 0, not "
            f"{count!r}"
        )
    return number


def _of_values(
    name: str, values: Iterable[Any], kind: Kind | None, edges: Sequence[float] | None
) -> Found:
    if kind not in (None, "categories", "numbers"):
        raise ArgumentError(
            f"log_distribution({name!r}): kind is 'categories' or 'numbers', not {kind!r}"
        )
    if isinstance(values, (str, bytes, Mapping)):
        raise ArgumentError(
            f"log_distribution({name!r}): values is a list or an array; counts= takes a dict"
        )
    plain = _plain_list(values)
    known = [value for value in plain if not _is_null(value)]
    nulls = len(plain) - len(known)
    if kind is None:
        numeric = all(_is_number(value) for value in known)
        kind = "numbers" if numeric and known else "categories"
        kind = "numbers" if edges is not None else kind
    if kind == "categories":
        return kind, len(plain), nulls, _categories(Counter(map(_text, known)))
    wrong = next((value for value in known if not _is_number(value)), None)
    if wrong is not None:
        raise ArgumentError(f"log_distribution({name!r}): {wrong!r} is no number")
    numbers = sorted(map(float, known))
    return kind, len(plain), nulls, _numbers(name, numbers, edges)


def _plain_list(values: Iterable[Any]) -> list[Any]:
    """Values as Python's own: of arrays, of Series (by what they can, not by what they are)."""
    ravel = getattr(values, "ravel", None)
    if ravel is not None and hasattr(values, "dtype") and hasattr(values, "tolist"):
        pandas = sys.modules.get("pandas")
        values = values if pandas and isinstance(values, pandas.Series) else ravel()
    tolist = getattr(values, "tolist", None) or getattr(values, "to_list", None)
    return list(values) if tolist is None else list(tolist())


def _is_null(value: Any) -> bool:
    """None, NaN, and what else doesn't equal itself: NaT, and pandas' NA, which won't say."""
    if value is None:
        return True
    try:
        return bool(value != value)  # noqa: PLR0124 - that is how NaN is told
    except (TypeError, ValueError):
        return True


def _is_number(value: Any) -> bool:
    if type(value) is float or type(value) is int:
        return True
    if isinstance(value, (bool, str, bytes)):
        return False
    return hasattr(value, "__float__") and type(value).__name__ not in ("bool_", "bool")


def _text(value: Any) -> str:
    text = str(value).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= CATEGORY_LENGTH else f"{text[: CATEGORY_LENGTH - 1]}…"


def _categories(counts: Counter[str]) -> dict[str, Any]:
    ordered = sorted(counts.items(), key=lambda one: (-one[1], one[0]))
    kept = ordered[:MOST_CATEGORIES]
    return {
        "counts": dict(kept),
        "other": sum(count for _, count in ordered[MOST_CATEGORIES:]),
        "distinct": len(ordered),
    }


def _numbers(name: str, ordered: list[float], edges: Sequence[float] | None) -> dict[str, Any]:
    """The content for sorted numbers without NaN. The infinities are in the outermost bins, and in
    no mean or quantile."""
    finite = [value for value in ordered if math.isfinite(value)]
    content: dict[str, Any] = {
        "bins": _bins(ordered, finite) if edges is None else _bins_on(name, ordered, edges),
        "edges": None if edges is None else [float(edge) for edge in edges],
        "infinite": len(ordered) - len(finite),
        "distinct": len(set(ordered)),
        "min": None,
        "max": None,
        "mean": None,
        "std": None,
        "quantiles": {},
    }
    if finite:
        mean = _mean(finite)
        spread = math.hypot(*(value - mean for value in finite)) / math.sqrt(len(finite))
        content |= {"min": finite[0], "max": finite[-1], "mean": mean, "std": spread}
        content["quantiles"] = {str(q): _quantile(finite, q) for q in QUANTILES}
    return content


def _mean(values: Sequence[float]) -> float:
    try:
        return math.fsum(values) / len(values)
    except OverflowError:  # their sum is no float
        return math.fsum(value / len(values) for value in values)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """As numpy's ``quantile``: linear between the two nearest."""
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _bins(ordered: Sequence[float], finite: Sequence[float]) -> list[Bin]:
    """Bins between neighbouring numbers of two significant digits (of one, where that are too
    many); only those with values."""
    bins = _bins_of_digits(finite, DIGITS)
    if len(bins) > MOST_BINS:
        bins = _bins_of_digits(finite, 1)
    first, last = (bins[0][0], bins[-1][1]) if bins else (0.0, 0.0)
    below, above = bisect_right(ordered, -math.inf), bisect_left(ordered, math.inf)
    before: list[Bin] = [(None, first, below)] if below else []
    after: list[Bin] = [(last, None, len(ordered) - above)] if above < len(ordered) else []
    return [*before, *bins, *after]


def _bins_of_digits(finite: Sequence[float], digits: int) -> list[Bin]:
    bins: list[Bin] = []
    at = 0
    while at < len(finite):
        low, high = bin_of(finite[at], digits)
        end = bisect_left(finite, high, at)
        bins.append((low, high, end - at))
        at = end
    return bins


def bin_of(value: float, digits: int = DIGITS) -> tuple[float, float]:
    """The neighbouring numbers of so many significant digits that a number is between: from the
    first on, below the second. Zero has what is too small for them, too."""
    size = abs(value)
    if size < LEAST:
        return -LEAST, LEAST
    exact = Decimal(size)
    shown = exact.as_tuple().digits[:digits]
    place = int("".join(map(str, shown)).ljust(digits, "0"))
    exponent = exact.adjusted() - digits + 1
    above = _next(place, exponent, digits)
    if _edge(*above) <= size:  # that edge, rounded to a float, is the value itself
        (place, exponent), above = above, _next(*above, digits)
    low, high = _edge(place, exponent), _edge(*above)
    if value > 0:
        return low, high
    if low < size:
        return -high, -low
    return -low, -max(_edge(*_before(place, exponent, digits)), LEAST)


def _next(place: int, exponent: int, digits: int) -> tuple[int, int]:
    is_last = place + 1 == 10**digits
    return (10 ** (digits - 1), exponent + 1) if is_last else (place + 1, exponent)


def _before(place: int, exponent: int, digits: int) -> tuple[int, int]:
    is_first = place == 10 ** (digits - 1)
    return (10**digits - 1, exponent - 1) if is_first else (place - 1, exponent)


def _edge(place: int, exponent: int) -> float:
    """``place`` × 10 to the ``exponent``, rounded once."""
    return float(f"{place}e{exponent}")


def _bins_on(name: str, ordered: Sequence[float], edges: Sequence[float]) -> list[Bin]:
    """Bins on given edges, with one below the first and one from the last on; all of them."""
    given = [float(edge) for edge in edges]
    if len(given) > MOST_BINS or not all(map(math.isfinite, given)):
        raise ArgumentError(
            f"log_distribution({name!r}): edges are finite numbers, {MOST_BINS:,} at most"
        )
    if len(given) < 2 or any(low >= high for low, high in pairwise(given)):
        raise ArgumentError(
            f"log_distribution({name!r}): edges are two or more, each above the last"
        )
    before = [0, *(bisect_left(ordered, edge) for edge in given), len(ordered)]
    ends: list[float | None] = [None, *given, None]
    sizes = (end - begin for begin, end in pairwise(before))
    return [(low, high, size) for (low, high), size in zip(pairwise(ends), sizes, strict=True)]

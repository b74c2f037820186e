"""``log_distribution``: counts of categories, histograms whose bins don't depend on the values."""

from __future__ import annotations

import math
import sys
from collections import Counter
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.authoring.distributions import LEAST, MOST_CATEGORIES, bin_of, log_distribution
from runner.authoring.exceptions import ArgumentError
from runner.journal.records import DistributionLogged
from tests.support.attempts import Attempts

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def logged(attempts: Attempts, *arguments: Any, **options: Any) -> DistributionLogged:
    with attempts.serving() as records:
        log_distribution("items", *arguments, **options)
        found = [one for one in records() if isinstance(one, DistributionLogged)]
    (one,) = found
    return one


def test_categories_are_counted_the_commonest_first(attempts: Attempts) -> None:
    found = logged(attempts, ["b", "a", "b", None, True, math.nan], step=3)
    assert (found.kind, found.count, found.null_count, found.step) == ("categories", 6, 2, 3)
    assert found.content == {"counts": {"b": 2, "True": 1, "a": 1}, "other": 0, "distinct": 3}
    assert list(found.content["counts"]) == ["b", "True", "a"]


def test_counts_are_taken_as_they_are(attempts: Attempts) -> None:
    found = logged(attempts, counts={"a": 2, 7: np.int64(3), None: 4, "gone": 0})
    assert (found.count, found.null_count) == (9, 4)
    assert found.content["counts"] == {"7": 3, "a": 2, "gone": 0}


def test_of_very_many_categories_the_rest_is_other(attempts: Attempts) -> None:
    values = [f"item {n}" for n in range(MOST_CATEGORIES + 5)] + ["item 10004"] * 3
    found = logged(attempts, values)
    counts = found.content["counts"]
    assert (len(counts), found.content["other"]) == (MOST_CATEGORIES, 5)
    assert next(iter(counts.items())) == ("item 10004", 4)
    assert found.content["distinct"] == MOST_CATEGORIES + 5
    assert sum(counts.values()) + found.content["other"] == found.count


def test_ids_that_are_numbers_can_be_categories(attempts: Attempts) -> None:
    assert logged(attempts, [1, 1, 2], kind="categories").content["counts"] == {"1": 2, "2": 1}
    assert logged(attempts, [1, 1, 2]).kind == "numbers"


def test_numbers_have_a_histogram_and_exact_figures(attempts: Attempts) -> None:
    values = [0.5, 0.501, None, 2.0, -1.0, math.nan, math.inf]
    found = logged(attempts, values)
    assert (found.kind, found.count, found.null_count) == ("numbers", 7, 2)
    content = found.content
    assert content["bins"] == [
        [-1.0, -0.99, 1],
        [0.5, 0.51, 2],
        [2.0, 2.1, 1],
        [2.1, None, 1],
    ]
    known = np.array([0.5, 0.501, 2.0, -1.0])
    assert (content["min"], content["max"], content["infinite"]) == (-1.0, 2.0, 1)
    assert content["mean"] == pytest.approx(known.mean(), rel=1e-12)
    assert content["std"] == pytest.approx(known.std(), rel=1e-12)
    for share, value in content["quantiles"].items():
        assert value == pytest.approx(np.quantile(known, float(share)), rel=1e-12)


def test_given_edges_have_all_their_bins_and_open_ends(attempts: Attempts) -> None:
    found = logged(attempts, [-1, 0, 0.5, 1, 1.5, 9, math.inf], edges=[0, 1, 2])
    assert found.content["bins"] == [[None, 0.0, 1], [0.0, 1.0, 2], [1.0, 2.0, 2], [2.0, None, 2]]
    assert found.content["edges"] == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    "values",
    [np.array([[1.5, 2.5], [np.nan, 4.0]]), np.array([1.5, 2.5, np.nan, 4.0], dtype=np.float32)],
)
def test_arrays_are_read_as_lists_are(attempts: Attempts, values: Any) -> None:
    found = logged(attempts, values)
    assert (found.kind, found.count, found.null_count) == ("numbers", 4, 1)
    assert found.content["max"] == 4.0


def test_nothing_at_all_is_a_distribution_too(attempts: Attempts) -> None:
    assert logged(attempts, []).content == {"counts": {}, "other": 0, "distinct": 0}
    empty = logged(attempts, [], kind="numbers")
    assert (empty.count, empty.content["bins"], empty.content["mean"]) == (0, [], None)
    assert logged(attempts, [None, None]).null_count == 2


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ((), {}, "takes values or counts"),
        (([1],), {"counts": {}}, "takes values or counts"),
        (("abc",), {}, "a list or an array"),
        (({"a": 1},), {}, "counts= takes a dict"),
        ((["a"],), {"kind": "numbers"}, "'a' is no number"),
        (([1],), {"kind": "words"}, "kind is"),
        (([1],), {"step": 0.5}, "step is a whole number"),
        (([1],), {"edges": [1]}, "edges are two or more"),
        (([1],), {"edges": [2, 1]}, "edges are two or more"),
        (([1],), {"edges": [0, math.inf]}, "edges are finite"),
        ((), {"counts": {"a": -1}}, "the count of 'a'"),
        ((), {"counts": {"a": 0.5}}, "the count of 'a'"),
    ],
)
def test_what_is_no_distribution_is_refused(
    attempts: Attempts, arguments: tuple[Any, ...], options: dict[str, Any], words: str
) -> None:
    with attempts.serving(), pytest.raises(ArgumentError, match=words):
        log_distribution("items", *arguments, **options)


@given(FINITE, st.integers(1, 3))
def test_a_number_is_in_its_bin(value: float, digits: int) -> None:
    low, high = bin_of(value, digits)
    assert low <= value < high


@given(st.integers(10, 99), st.integers(-290, 290), st.sampled_from([1, -1]))
def test_bins_meet_and_do_not_overlap(place: int, exponent: int, sign: int) -> None:
    """Whatever is in a bin, its edges are the same, and the next bin begins where it ends."""
    edge = sign * float(f"{place}e{exponent}")
    low, high = bin_of(edge)
    assert low == edge
    assert bin_of(math.nextafter(high, -math.inf)) == (low, high)
    assert bin_of(high)[0] == high
    assert bin_of(math.nextafter(low, -math.inf))[1] == low


def test_about_zero_there_is_one_bin() -> None:
    for value in (0.0, -0.0, 5e-324, -5e-324, LEAST / 2):
        assert bin_of(value) == (-LEAST, LEAST)
    assert bin_of(LEAST)[0] == LEAST
    assert bin_of(-LEAST)[0] == -LEAST
    assert bin_of(sys.float_info.max)[1] > sys.float_info.max


@given(st.lists(FINITE, min_size=1, max_size=60))
def test_bins_are_in_order_and_hold_every_value(values: list[float]) -> None:
    from runner.authoring.distributions import _numbers

    bins = _numbers("x", sorted(values), None)["bins"]
    assert sum(count for _, _, count in bins) == len(values)
    assert all(before[1] <= after[0] for before, after in pairwise(bins))
    assert Counter(bin_of(value) for value in values) == {(b[0], b[1]): b[2] for b in bins}

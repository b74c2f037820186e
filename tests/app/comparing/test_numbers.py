"""Numbers of runs: compared, ordered, and written, whatever they are."""

from __future__ import annotations

import math
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.comparing.numbers import best, change, order, percent, same, short, signed

ANY = st.one_of(st.none(), st.floats())


def test_a_change_is_absolute_and_a_share_of_the_baselines_size() -> None:
    found = change(-1.0, -2.0)
    assert found is not None
    assert (found.absolute, found.relative) == (1.0, 0.5)


def test_a_change_from_zero_has_no_share_but_for_none_at_all() -> None:
    from_zero, none = change(1.0, 0.0), change(0.0, 0.0)
    assert from_zero is not None
    assert from_zero.relative is None
    assert none is not None
    assert none.relative == 0.0


@pytest.mark.parametrize("odd", [None, nan, inf, -inf])
def test_what_is_not_finite_has_no_change(odd: float | None) -> None:
    assert change(odd, 1.0) is None
    assert change(1.0, odd) is None


@given(st.floats(), st.floats())
def test_a_change_is_finite_or_there_is_none(value: float, base: float) -> None:
    found = change(value, base)
    assert found is None or math.isfinite(found.absolute)
    assert found is None or found.relative is None or math.isfinite(found.relative)


def test_the_order_is_finite_infinities_nan_missing_whichever_way() -> None:
    values = [nan, None, inf, 2.0, -inf, 1.0]
    assert order(values, lowest=True) == [5, 3, 4, 2, 0, 1]
    assert order(values, lowest=False) == [3, 5, 2, 4, 0, 1]


@given(st.lists(ANY), st.booleans())
def test_an_order_has_every_place_once(values: list[float | None], lowest: bool) -> None:
    assert sorted(order(values, lowest=lowest)) == list(range(len(values)))


def test_the_best_is_finite() -> None:
    assert best([0.3, nan, 0.1, None, -inf], lowest=True) == {2}
    assert best([0.3, inf, 0.1, 0.3], lowest=False) == {0, 3}


def test_nothing_is_the_best_where_all_are_the_same_or_none_is_finite() -> None:
    assert best([1.0, 1.0], lowest=True) == frozenset()
    assert best([nan, inf], lowest=True) == frozenset()


def test_nan_is_the_same_as_nan() -> None:
    assert same(nan, float("nan"))
    assert not same(nan, 1.0)
    assert not same(None, nan)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.0, "0%"), (0.125, "+12%"), (-0.004, "-0.4%"), (9.0, "+900%"), (30.0, "31x")],
)
def test_a_share_is_written_short(share: float, text: str) -> None:
    assert percent(share) == text


def test_a_difference_has_a_sign() -> None:
    assert [signed(one) for one in (0.12345, -3.0, 0.0)] == ["+0.123", "-3", "0"]


def test_whole_numbers_are_written_whole() -> None:
    assert [short(one) for one in (20261122.0, 0.000123456, 3.0, -inf)] == [
        "20261122",
        "0.0001235",
        "3",
        "-inf",
    ]

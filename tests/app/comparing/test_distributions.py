"""Distributions on common rows: nothing is lost, nothing is split, whatever their bins are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.comparing.distributions import Counted, Spread, counted, figures, spread
from runner.authoring import distributions as logged
from store.distributions import Bin, Categories, Distribution, Numbers
from store.errors import InvalidValue

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


def of(values: Sequence[object], edges: list[float] | None = None) -> Counted:
    """Values as ``log_distribution`` keeps them."""
    found = logged._of_values("x", values, None, edges)
    kind, count, nulls, content = found
    wanted = Numbers if kind == "numbers" else Categories
    return Counted(msgspec.convert(content, wanted), count, nulls)


def labels(found: Spread) -> list[str]:
    return [part.label for part in found.parts]


def rows(found: Spread) -> dict[str, tuple[int, ...]]:
    return {part.label: part.counts for part in found.parts}


numbers = st.floats(allow_nan=False) | st.integers(-1000, 1000)
edges = st.none() | st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40, unique=True).map(sorted)


@example([([1.7e308, -1.7e308], None)], False, 20)
@example([([1.7e308], None)], True, 1)
@given(
    st.lists(st.tuples(st.lists(numbers | st.none(), min_size=1), edges), min_size=1, max_size=4),
    st.booleans(),
    st.integers(1, 30),
)
def test_every_value_is_in_one_row(
    each: list[tuple[list[float | None], list[float] | None]], log: bool, most: int
) -> None:
    columns = [of([*values, 1.0], bounds) for values, bounds in each]
    found = spread(columns, log=log, most=most)
    for at, column in enumerate(columns):
        assert sum(part.counts[at] for part in found.parts) == column.count
    assert len(set(labels(found))) == len(found.parts)
    assert sum(not part.is_rest for part in found.parts) <= max(most, 2)


@given(st.lists(st.lists(st.sampled_from("abcdef"), min_size=1), min_size=1, max_size=3))
def test_every_category_is_in_one_row(each: list[list[str]]) -> None:
    columns = [of(list(values)) for values in each]
    found = spread(columns, most=3)
    for at, column in enumerate(columns):
        assert sum(part.counts[at] for part in found.parts) == column.count


def test_bins_are_round_and_their_values_are_counted_exactly() -> None:
    found = spread([of([0.5, 0.7, 1.2, 2.9]), of([1.9])], most=5)
    assert rows(found) == {"0.5 to 1": (2, 0), "1 to 1.5": (1, 0), "1.5 to 2": (0, 1),
                           "2 to 2.5": (0, 0), "2.5 to 3": (1, 0)}  # fmt: skip


def test_an_edge_in_a_bin_goes_to_the_bin_s_end() -> None:
    """Bins of the second begin elsewhere: neither is split, so both are shown wider."""
    first = Counted(Numbers([Bin(0.0, 1.0, 4), Bin(1.0, 2.0, 2)]), 6, 0)
    second = Counted(Numbers([Bin(0.5, 1.5, 3), Bin(2.0, 3.0, 1)]), 4, 0)
    assert rows(spread([first, second])) == {"0 to 2": (6, 3), "2 to 3": (0, 1)}


def test_edges_that_were_given_are_kept_with_what_is_beyond_them() -> None:
    found = spread([of([-1, 5, 20, 70], [0, 18, 65]), of([3], [0, 18, 65])])
    assert rows(found) == {"below 0": (1, 0), "0 to 18": (1, 1), "18 to 65": (1, 0),
                           "from 65 on": (1, 0)}  # fmt: skip


def test_bins_by_powers_of_ten_have_what_is_not_above_zero_below_them() -> None:
    found = spread([of([0, -3, 1.5, 15, 1500])], log=True, most=10)
    assert rows(found)["below 1"] == (2,)
    assert rows(found)["1 to 2"] == (1,)
    assert rows(found)["1000 to 2000"] == (1,)
    only_zero = spread([of([0.0, 0.0])], log=True)
    assert rows(only_zero) == {"0": (2,)}
    assert "nothing is above zero" in only_zero.note


def test_infinities_and_nulls_have_rows_of_their_own() -> None:
    found = spread([of([1.0, math.inf, -math.inf, -math.inf, None])])
    assert rows(found)["-inf"] == (2,)
    assert rows(found)["inf"] == (1,)
    assert rows(found)["null"] == (1,)
    assert found.share(found.parts[-1], 0) == pytest.approx(0.2)


def test_the_greatest_shares_come_first_not_the_greatest_counts() -> None:
    large, small = of(["a"] * 900 + ["b"] * 100), of(["b"] * 10)
    found = spread([large, small])
    assert rows(found) == {"b": (100, 10), "a": (900, 0)}


def test_the_rest_of_the_categories_is_counted_together() -> None:
    found = spread([of(list("aaabbcd")), None], most=2)
    assert rows(found) == {"a": (3, 0), "b": (2, 0), "other: 2 more": (2, 0)}
    assert found.share(found.parts[0], 1) is None
    cut_when_logged = Counted(Categories({"a": 1}, other=5, distinct=4), 6, 0)
    assert labels(spread([cut_when_logged])) == ["a", "other"]


def test_categories_and_numbers_share_no_rows() -> None:
    found = spread([of(["a"]), of([1.0])])
    assert (found.kind, found.parts) == (None, ())
    assert "share no rows" in found.note
    assert spread([None]) == Spread(None, (), (0,))


def test_edges_that_are_near_each_other_are_told_apart() -> None:
    found = spread([of([1e9 + 0.5], [1e9, 1e9 + 1, 1e9 + 2])])
    assert labels(found) == ["1000000000 to 1000000001", "1000000001 to 1000000002"]


def test_steps_are_added_up_with_their_counts() -> None:
    day = Distribution(1, "x", 0, NOW, 4, 1, Categories({"a": 3}))
    found = counted([day, day])
    assert found == Counted(Categories({"a": 6}, 0, 1), 8, 2)
    assert counted([]) is None
    other = Distribution(1, "x", 1, NOW, 1, 0, Numbers([Bin(1.0, 1.1, 1)]))
    with pytest.raises(InvalidValue):
        counted([day, other])


def test_figures_are_those_that_are_known() -> None:
    found = dict(figures(of([1, 2, 3, None, math.inf])))
    assert found["values"] == 5
    assert found["nulls"] == 1
    assert found["infinite"] == 1
    assert (found["min"], found["median"], found["max"]) == (1, 2, 3)
    assert dict(figures(of(["a", "b"]))) == {"values": 2, "distinct": 2}

"""Whatever is written: a filter or a FilterError; and a filter finds what it says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from store.engine import Store
from store.run_filter import (
    Filter,
    FilterError,
    OrderBy,
    count_runs,
    order,
    parse,
    select_runs,
    unparse,
    unparse_order,
)
from tests.store.run_filter import naive, strategies
from tests.store.run_filter.runs import NOW, Run, forget, write

PIECES = [
    "metrics.loss", "params.lr", "tags.`a b`", 'tags."x""y"', "status", "duration", "run_id", "and",
    "OR", "not", "(", ")", ",", "=", "!=", "<", ">=", "~", "!~", "like", "NOT LIKE", "in", "not in",
    "is", "null", "nan", "inf", "between", "1", "-1e5", "1e999", "10m", "2026-11-21", "2026-99-99",
    "'a'", "'", '"', "`", "''", "dag:", "dag:a*", "is:active", "foo:b", "word", ";", ":", "asc",
    "desc", "text(", "99999999999d", "'['", "dataset.name", "dataset.x", ".", "\0", "\ud800", "ß",
]  # fmt: skip
anything = st.text(max_size=40) | st.lists(st.sampled_from(PIECES), max_size=12).map(" ".join)
anything |= st.lists(st.sampled_from(PIECES), max_size=12).map("".join)


@given(tree=strategies.tree)
@settings(max_examples=300)
def test_a_filter_that_is_printed_is_read_as_the_same(tree: Filter) -> None:
    assert parse(unparse(tree)) == tree


@given(items=strategies.items)
def test_an_order_that_is_printed_is_read_as_the_same(items: tuple[OrderBy, ...]) -> None:
    assert order(unparse_order(items)) == items


@given(text=anything)
@settings(max_examples=1000)
@example("metrics.a < " + "9" * 400)
@example("NOT " * 4000)
@example("(" * 9000)
@example("(" * 9000 + "a" + ")" * 9000)
@example("a " * 5000)
@example("x" * 30_000)
@example("tags.a ~ '" + "(" * 5000 + ")" * 5000 + "'")
def test_no_text_does_more_than_raise_a_filter_error(text: str) -> None:
    for read in (parse, order):
        outcome = outcome_of(read, text)
        if isinstance(outcome, FilterError):
            assert 0 <= outcome.start <= outcome.end <= len(text)
            assert outcome.sentence == str(outcome)
            assert outcome.sentence.strip()
            assert "\n" not in outcome.sentence
            assert len(outcome.sentence) <= 300
        elif isinstance(outcome, Filter):
            assert parse(unparse(outcome)) == outcome
        else:
            assert order(unparse_order(outcome)) == outcome


def outcome_of(read: Any, text: str) -> Any:
    try:
        return read(text)
    except FilterError as error:
        return error


@given(
    runs=strategies.several_runs(),
    trees=st.lists(strategies.tree, min_size=1, max_size=6),
    orders=st.lists(strategies.items, min_size=1, max_size=3),
    limit=st.none() | st.integers(0, 5),
    offset=st.integers(0, 2),
)
@settings(
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_a_filter_finds_what_a_naive_evaluation_finds(
    any_store: Store,
    runs: Sequence[Run],
    trees: list[Filter],
    orders: list[tuple[OrderBy, ...]],
    limit: int | None,
    offset: int,
) -> None:
    forget(any_store)
    ids = write(any_store, runs)
    end = None if limit is None else offset + limit
    offset = offset if limit is not None else 0
    with any_store.read() as connection:
        for tree in trees:
            places = naive.wanted(tree, runs)
            assert connection.execute(count_runs(tree, now=NOW)).scalar_one() == len(places)
            for items in orders:
                query = select_runs(tree, items, now=NOW, limit=limit, offset=offset)
                found = [ids.index(row) for row in connection.execute(query).scalars()]
                assert found == naive.sorted_places(places, items, runs)[offset:end], unparse(tree)


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_no_filter_is_all_runs(text: str) -> None:
    assert parse(text) == Filter()

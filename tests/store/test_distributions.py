"""Distributions in the store: read as they were logged, added up to what a baseline is made of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from store import distributions, tracking
from store.distributions import Bin, Categories, Numbers
from store.engine import Store
from store.errors import InvalidValue

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
ITEMS: dict[str, Any] = {"counts": {"b": 2, "a": 1}, "other": 4, "distinct": 9}
SCORES: dict[str, Any] = {"bins": [[None, 0.0, 1], [0.5, 0.51, 3]], "mean": 0.5, "infinite": 1}


def put(store: Store, key: str, content: dict[str, Any], step: int = 0) -> int:
    kind = "numbers" if "bins" in content else "categories"
    with store.write() as connection:
        run = tracking.create_run(connection, tracking.NewRun("a" * 32, "e", "r", NOW))
        distributions.put(connection, run, key, step, NOW, kind, 9, 2, content)
    return run


def test_what_was_logged_is_read_again_with_its_types(any_store: Store) -> None:
    run = put(any_store, "scores", SCORES)
    put(any_store, "items", ITEMS, step=1)
    put(any_store, "items", ITEMS, step=0)
    with any_store.read() as connection:
        found = distributions.of_run(connection, run)
        assert distributions.keys_of_run(connection, run) == ["items", "scores"]
        assert distributions.of_run(connection, run, "scores") == found[2:]
    assert [(one.key, one.step, one.kind) for one in found] == [
        ("items", 0, "categories"),
        ("items", 1, "categories"),
        ("scores", 0, "numbers"),
    ]
    assert found[0].content == Categories({"b": 2, "a": 1}, 4, 9)
    assert found[2].content == Numbers([Bin(None, 0.0, 1), Bin(0.5, 0.51, 3)], mean=0.5, infinite=1)
    assert (found[0].count, found[0].null_count, found[0].stated_at) == (9, 2, NOW)


def test_logged_again_for_a_step_it_takes_the_former_s_place(any_store: Store) -> None:
    run = put(any_store, "items", ITEMS)
    put(any_store, "items", {"counts": {"c": 1}})
    with any_store.read() as connection:
        (one,) = distributions.of_run(connection, run)
    assert one.content == Categories({"c": 1})


@pytest.mark.parametrize(
    ("kind", "content"),
    [("words", {}), ("categories", {"counts": {"a": "b"}}), ("numbers", {"bins": [[0]]})],
)
def test_what_is_none_of_its_kind_is_refused(store: Store, kind: str, content: Any) -> None:
    with store.write() as connection:
        run = tracking.create_run(connection, tracking.NewRun("a" * 32, "e", "r", NOW))
        with pytest.raises(InvalidValue):
            distributions.put(connection, run, "x", 0, NOW, kind, 1, 0, content)


def of(content: Categories | Numbers) -> distributions.Distribution:
    return distributions.Distribution(1, "x", 0, NOW, 1, 0, content)


def test_counts_of_days_are_added_up() -> None:
    days = [of(Categories({"a": 2, "b": 1}, 1)), of(Categories({"b": 4}, 2))]
    assert distributions.added(days) == Categories({"b": 5, "a": 2}, 3, 2)


def test_histograms_of_days_are_added_up_with_their_figures() -> None:
    one = Numbers([Bin(1.0, 1.1, 2)], min=1.0, max=1.0, mean=1.0, std=0.0)
    other = Numbers(
        [Bin(None, 1.0, 1), Bin(1.0, 1.1, 1), Bin(4.0, 4.1, 1)],
        infinite=1,
        min=1.0,
        max=4.0,
        mean=2.5,
        std=1.5,
    )
    found = distributions.added([of(one), of(other)])
    assert isinstance(found, Numbers)
    assert found.bins == [Bin(None, 1.0, 1), Bin(1.0, 1.1, 3), Bin(4.0, 4.1, 1)]
    assert (found.min, found.max, found.infinite) == (1.0, 4.0, 1)
    assert found.mean == pytest.approx(1.75)  # of 1, 1, 1, 4
    assert found.std == pytest.approx(1.299038105676658)


def test_what_does_not_fit_together_is_not_added_up() -> None:
    with pytest.raises(InvalidValue, match="categories and of numbers"):
        distributions.added([of(Categories({})), of(Numbers([]))])
    with pytest.raises(InvalidValue, match="different edges"):
        distributions.added([of(Numbers([], edges=[0.0, 1.0])), of(Numbers([]))])


def test_steps_are_listed_without_what_is_in_them_and_the_last_ones_read(any_store: Store) -> None:
    for step in (4, 0, 2):
        run = put(any_store, "items", ITEMS, step)
    put(any_store, "scores", SCORES)
    with any_store.read() as connection:
        listed = distributions.stated(connection, run)
        assert [(one.key, one.step, one.kind) for one in listed] == [
            ("items", 0, "categories"),
            ("items", 2, "categories"),
            ("items", 4, "categories"),
            ("scores", 0, "numbers"),
        ]

        def steps(upto: int | None, most: int) -> list[int]:
            found = distributions.last_steps(connection, run, "items", upto, most)
            return [one.step for one in found]

        assert steps(None, 2) == [2, 4]
        assert steps(3, 9) == [0, 2]
        assert steps(-1, 9) == []


def test_of_several_runs_the_last_step_of_each_is_read(any_store: Store) -> None:
    runs: list[int] = []
    with any_store.write() as connection:
        for number in range(3):
            new = tracking.NewRun(f"{number}" * 32, "e", "r", NOW)
            runs.append(tracking.create_run(connection, new))
        for run, step in ((runs[0], 1), (runs[0], 7), (runs[1], 3)):
            distributions.put(connection, run, "items", step, NOW, "categories", 9, 2, ITEMS)
        distributions.put(connection, runs[2], "scores", 0, NOW, "numbers", 9, 2, SCORES)
    with any_store.read() as connection:
        found = distributions.last_of_runs(connection, runs, "items")
        assert {run: one.step for run, one in found.items()} == {runs[0]: 7, runs[1]: 3}
        assert distributions.keys_of_runs(connection, runs) == ["items", "scores"]
        assert distributions.keys_of_runs(connection, runs[:2]) == ["items"]

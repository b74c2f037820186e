"""Tracked runs as a table: what is in it, in which groups, and what its columns may be."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from store import models
from store.engine import Store
from store.queries import tracked_table as table
from store.queries.tracked import keys_logged, of_runs
from store.queries.tracked_table import GroupBy, Keys, Scope
from store.run_filter import Filter, order, parse
from store.run_filter.tree import Metric
from tests.store.run_filter.runs import NOW, Run, uuid_of, write
from tests.support.tracked_runs import fill_tracked

SWEEP = [
    Run("a", {"rmse": [0.9, 0.5]}, {"lr": "0.1", "seed": "1"}, {"team": "x"}, dag="train"),
    Run("b", {"rmse": [0.3], "system/cpu": [50.0]}, {"lr": "0.01", "seed": "1"}, age=3000),
    Run("c", {"rmse": [math.nan]}, {"lr": "0.1", "seed": "1"}, age=2000, experiment="other"),
    Run("d", {"rmse": [math.inf, 0.7]}, {"seed": "1"}, age=1000, deleted=True),
]


def ids(store: Store, scope: Scope, text: str = "", sort: str = "") -> list[int]:
    wanted = scope.around(parse(text))
    with store.read() as connection:
        found = table.run_ids(connection, wanted, order(sort), now=NOW, limit=100)
        assert table.run_count(connection, wanted, now=NOW) == len(found)
    return found


def test_a_scope_is_experiments_or_dags_and_what_is_archived(any_store: Store) -> None:
    a, b, c, d = write(any_store, SWEEP)
    assert ids(any_store, Scope()) == [c, b, a]
    assert ids(any_store, Scope(("other",))) == [c]
    assert ids(any_store, Scope(("other",), ("train",))) == [c, a]
    assert ids(any_store, Scope(dags=("train",))) == [a]
    assert ids(any_store, Scope(standing="archived")) == [d]
    assert ids(any_store, Scope(standing="all")) == [d, c, b, a]
    assert ids(any_store, Scope(("nothing",))) == []


def test_a_filter_narrows_a_scope_whatever_stands_between_its_conditions(any_store: Store) -> None:
    a, b, c, d = write(any_store, SWEEP)
    assert ids(any_store, Scope(("sweep",)), "params.lr = '0.1' OR name:c") == [a]
    assert ids(any_store, Scope(), "is:deleted") == [d], "the filter's word counts"
    assert ids(any_store, Scope(), "metrics.rmse < 1", "metrics.rmse") == [b, a]
    assert ids(any_store, Scope(), "", "metrics.rmse DESC") == [a, b, c]


def test_entries_hold_only_the_keys_that_are_asked_for(any_store: Store) -> None:
    a, *_ = write(any_store, SWEEP)
    with any_store.read() as connection:
        keys = Keys(params=frozenset({"lr"}), metrics=frozenset({"rmse"}))
        found = table.entries(connection, [a, 99_999], keys)
        whole = table.entries(connection, [a], Keys(None, None, None))
    assert list(found) == [a]
    assert found[a].params == {"lr": "0.1"}
    assert found[a].metrics["rmse"].min_value == 0.5
    assert found[a].tags == {}
    assert whole[a].params == {"lr": "0.1", "seed": "1"}
    assert whole[a].tags == {"team": "x"}


def test_the_keys_of_a_sample_are_counted_with_their_values(any_store: Store) -> None:
    sample = write(any_store, SWEEP)[:3]
    with any_store.read() as connection:
        found = {(one.kind, one.key): one for one in table.sampled_keys(connection, sample)}
        assert table.sampled_keys(connection, []) == []
    assert found["param", "lr"].values == 2
    assert found["param", "seed"].values == 1
    assert found["metric", "rmse"].runs == 3
    assert found["metric", "system/cpu"].runs == 1
    assert found["tag", "team"].runs == 1


def test_all_keys_are_found_from_key_to_key(any_store: Store) -> None:
    with any_store.read() as connection:
        assert keys_logged(connection, "metric") == []
    write(any_store, SWEEP)
    with any_store.read() as connection:
        assert keys_logged(connection, "metric") == ["rmse", "system/cpu"]
        assert keys_logged(connection, "param") == ["lr", "seed"]
        assert keys_logged(connection, "tag") == ["team"]


def test_the_best_value_is_a_finite_one_of_the_runs_that_are_wanted(any_store: Store) -> None:
    write(any_store, SWEEP)
    rmse, most = Metric("rmse"), Metric("rmse", "max")
    with any_store.read() as connection:

        def best(of: Metric, text: str = "", *, lowest: bool = True) -> float | None:
            return table.best_value(connection, parse(text), of, lowest=lowest, now=NOW)

        assert best(rmse) == 0.3
        assert best(rmse, lowest=False) == 0.5
        assert best(most, lowest=False) == 0.9
        assert best(rmse, "name:c") is None
        assert best(rmse, "params.lr = '0.1' AND metrics.rmse > 0") == 0.5
        assert best(Metric("nothing")) is None


def test_groups_have_counts_and_the_spread_of_their_finite_values(any_store: Store) -> None:
    a, _, c, d = write(any_store, SWEEP)
    wanted = Scope(standing="all").around(Filter())
    by = GroupBy("param", "lr")
    with any_store.read() as connection:
        found, more = table.group_rows(connection, wanted, by, [Metric("rmse")], now=NOW)
        members = [
            table.run_ids(connection, table.of_group(wanted, by, one.value), (), now=NOW, limit=9)
            for one in found
        ]
    assert not more
    assert [(one.value, one.runs) for one in found] == [("0.01", 1), ("0.1", 2), (None, 1)]
    assert found[1].spreads["rmse", "last"] == table.Spread(1, 0.5, 0.5, 0.5), "NaN is left out"
    assert members[1:] == [[c, a], [d]]


@pytest.mark.parametrize(
    "by",
    [
        GroupBy("param", "model"),
        GroupBy("param", "lr"),
        GroupBy("param", "missing"),
        GroupBy("tag", "team"),
        GroupBy("attribute", "experiment"),
        GroupBy("attribute", "status"),
        GroupBy("attribute", "dag"),
    ],
    ids=lambda by: by.key,
)
@pytest.mark.parametrize("text", ["", "metrics.m1 < 0.5", "is:deleted", "name:none"])
def test_groups_of_many_runs_are_those_of_few(store: Store, by: GroupBy, text: str) -> None:
    """Many are read in another way; more groups than are listed are the largest in both."""
    fill_tracked(store, 700, params=3, metrics=3)
    metrics = [Metric("rmse"), Metric("m1", "mean"), Metric("none")]
    with store.read() as connection:
        few, many = (
            table.group_rows(connection, parse(text), by, metrics, now=NOW, many=many)
            for many in (10**9, 0)
        )
    assert many[1] == few[1] == (by.key == "lr" and not text)
    assert [(one.value, one.runs) for one in many[0]] == [(one.value, one.runs) for one in few[0]]
    for one, other in zip(many[0], few[0], strict=True):
        assert one.spreads.keys() == other.spreads.keys()
        for key, spread in one.spreads.items():
            assert spread.mean == pytest.approx(other.spreads[key].mean)
            assert replace(spread, mean=0) == replace(other.spreads[key], mean=0)


def test_runs_are_grouped_by_attributes_too(any_store: Store) -> None:
    write(any_store, SWEEP)
    with any_store.read() as connection:
        for key in table.ATTRIBUTE_COLUMNS:
            by = GroupBy("attribute", key)
            found, _ = table.group_rows(connection, Filter(), by, [Metric("rmse")], now=NOW)
            assert sum(one.runs for one in found) == 3
            for one in found:
                chosen = table.of_group(Filter(), by, one.value)
                assert table.run_count(connection, chosen, now=NOW) == one.runs, key


def test_values_are_in_the_order_of_numbers_then_texts_then_none() -> None:
    values = [None, "b", "10", "9", "nan", "1e-3"]
    assert sorted(values, key=table.value_key) == ["1e-3", "9", "10", "b", "nan", None]


def test_parents_are_known_of_few_runs_and_of_many(any_store: Store) -> None:
    children = [Run(f"child {n}", parent=0, age=100 - n) for n in range(3)]
    parent, *nested = write(any_store, [Run("parent"), *children, Run("alone")])
    expected = dict.fromkeys(nested[:3], parent)
    with any_store.read() as connection:
        few = table.parents_of(connection, [parent, *nested], Filter(), now=NOW)
        many = table.parents_of(connection, range(3000), Filter(), now=NOW)
    assert few == many == expected


def test_uuids_and_ids_lead_to_each_other_and_leave_out_what_is_gone(any_store: Store) -> None:
    a, b, *_ = write(any_store, SWEEP)
    with any_store.read() as connection:
        assert table.ids_of(connection, [uuid_of(1), "gone", uuid_of(0)]) == [b, a]
        assert table.uuids_of(connection, [b, 99_999, a]) == [uuid_of(1), uuid_of(0)]


def test_places_are_counted_with_what_is_archived(any_store: Store) -> None:
    write(any_store, SWEEP)
    with any_store.read() as connection:
        experiments, dags = table.places(connection)
    assert experiments == [table.Place("other", 1, 0), table.Place("sweep", 2, 1)]
    assert dags == [table.Place("train", 1, 0)]


def test_what_some_runs_have_logged_is_looked_up_run_by_run(store: Store) -> None:
    """Not by key: SQLite would read all runs there are, for the page that is seen."""
    write(store, SWEEP)
    for name in ("metric", "param", "tag"):
        of_kind = {"metric": models.metric, "param": models.param, "tag": models.tag}[name]
        query = of_runs(of_kind, (of_kind.c.run_id, of_kind.c.key), {"a", "b"})
        query = query.where(models.tracked_run.c.id.in_(range(400)))
        plan = query.compile(store.engine, compile_kwargs={"literal_binds": True})
        with store.read() as connection:
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {plan}").all()
        assert any("(run_id=? AND key=?)" in row[-1] for row in rows), (name, rows)


def test_values_are_those_of_the_columns_in_their_order(any_store: Store) -> None:
    a, b, c, _ = write(any_store, SWEEP)
    columns = [("metric", "rmse", "min"), ("param", "lr", "last"), ("metric", "rmse", "last")]
    with any_store.read() as connection:
        found = table.values(connection, [b, a, c], [*columns, ("tag", "team", "last")])
    assert list(found) == [b, a, c]
    assert found[a] == [0.5, "0.1", 0.5, "x"]
    assert found[b] == [0.3, "0.01", 0.3, None]
    assert math.isnan(found[c][0])

"""MLflow's grammar is accepted unchanged, with MLflow's results."""

from __future__ import annotations

import math

import pytest

from store.engine import Store
from store.run_filter import FilterError, order, parse
from tests.store.run_filter.runs import Run, found, uuid_of, write

LOSSES = {"half": 0.5, "nan": math.nan, "inf": math.inf, "tenth": 0.1}


@pytest.fixture
def losses(any_store: Store) -> tuple[Store, dict[int, str]]:
    """The five runs of the reference: loss 0.5, NaN, inf, 0.1, missing."""
    runs = [Run(name, {"loss": [loss]}) for name, loss in LOSSES.items()] + [Run("missing")]
    ids = write(any_store, runs)
    return any_store, {row: run.name for row, run in zip(ids, runs, strict=True)}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("metrics.loss < 1", {"half", "tenth"}),
        ("metrics.loss != 0.5", {"nan", "inf", "tenth"}),
        ("metrics.loss > 1e10", {"inf"}),
        ("metrics.loss >= 0.5", {"half", "inf"}),
        ("metrics.loss <= 0.5", {"half", "tenth"}),
        ("metrics.loss = 0.1", {"tenth"}),
        ("metrics.other != 1", set()),
        ("", {*LOSSES, "missing"}),
        # Not MLflow's:
        ("metrics.loss IS NAN", {"nan"}),
        ("metrics.loss IS NOT NAN", {"half", "inf", "tenth"}),
        ("metrics.loss IS INF", {"inf"}),
        ("metrics.loss IS NOT INF", {"half", "nan", "tenth"}),
        ("metrics.loss IS FINITE", {"half", "tenth"}),
        ("metrics.loss IS NOT FINITE", {"nan", "inf"}),
        ("metrics.loss IS NULL", {"missing"}),
        ("metrics.loss IS NOT NULL", set(LOSSES)),
        ("NOT metrics.loss < 1", {"nan", "inf", "missing"}),
        ("metrics.loss NOT BETWEEN 0 AND 0.2", {"half", "nan", "inf"}),
        ("metrics.loss NOT IN (0.5, 0.1)", {"nan", "inf"}),
    ],
)
def test_nan_inf_and_missing_match_as_in_the_reference(
    losses: tuple[Store, dict[int, str]], text: str, names: set[str]
) -> None:
    store, name_of = losses
    assert {name_of[row] for row in found(store, text)} == names


@pytest.mark.parametrize("limit", [None, 1, 2, 3, 4, 5, 20])
@pytest.mark.parametrize("offset", [0, 2])
@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("metrics.loss ASC", ["tenth", "half", "inf", "nan", "missing"]),
        ("metrics.loss", ["tenth", "half", "inf", "nan", "missing"]),
        ("metrics.loss DESC", ["inf", "half", "tenth", "nan", "missing"]),
        ("metric.loss.first DESC", ["inf", "half", "tenth", "nan", "missing"]),
        ("params.none ASC, metrics.loss DESC", ["inf", "half", "tenth", "nan", "missing"]),
    ],
)
def test_nan_and_missing_come_last_both_ways(
    losses: tuple[Store, dict[int, str]],
    sort: str,
    names: list[str],
    limit: int | None,
    offset: int,
) -> None:
    store, name_of = losses
    if limit is None and offset:
        return
    rows = found(store, "", sort, limit, offset=offset)
    end = None if limit is None else offset + limit
    assert [name_of[row] for row in rows] == names[offset:end]


RUNS = [
    Run(
        "adam",
        {"loss": [3, 1], "val/loss": [0.2], "a b": [1]},
        {"lr": "0.1", "optimizer": "Adam", "x.min": "1"},
        {"mlflow.source.type": "LOCAL", "team": "Vision"},
        user="ann",
        age=100,
        lasted=10,
        datasets=[("iris", "d1", "training")],
    ),
    Run(
        "sgd_2",
        {"loss": [2], "loss.min": [7]},
        {"lr": "1e-3", "optimizer": "sgd"},
        {"team": "vision"},
        status="FAILED",
        user="bob",
        age=50,
        lasted=None,
        datasets=[("wine", "d2", "eval")],
    ),
    Run("sgdX2", {}, {"lr": "0.5"}, age=10, lasted=5),
]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("metrics.loss <= 1 and params.optimizer = 'Adam'", {0}),
        ("metric.loss<=1 AnD parameter.optimizer='Adam'", {0}),
        ('params.optimizer = "Adam"', {0}),
        ("params.optimizer != 'Adam'", {1}),
        ("params.optimizer LIKE 'adam'", set()),
        ("params.optimizer ILIKE 'adam'", {0}),
        ("params.optimizer like '%d%'", {0, 1}),
        ("params.optimizer LIKE 'Ad_m'", {0}),
        ("run_name LIKE 'sgd_2'", {1, 2}),
        ("run_name LIKE 'sgd*2'", set()),
        ("params.lr = '0.1'", {0}),
        ("params.optimizer IS NULL", {2}),
        ("params.optimizer is not null", {0, 1}),
        ("tags.team IS NULL", {2}),
        ("tags.mlflow.source.type = 'LOCAL'", {0}),
        ("tag.team ILIKE 'VIS%'", {0, 1}),
        ("metrics.`val/loss` < 1", {0}),
        ('metrics."val/loss" < 1', {0}),
        ("metrics.`a b` = 1", {0}),
        ("metrics.`loss.min` = 7", {1}),
        (f"attributes.run_id = '{uuid_of(1)}'", {1}),
        (f"run_id IN ('{uuid_of(1)}', '{uuid_of(2)}')", {1, 2}),
        (f"attr.run_id NOT IN ('{uuid_of(1)}')", {0, 2}),
        ("run.status = 'FAILED'", {1}),
        ("status != 'FAILED'", {0, 2}),
        ("attributes.user_id = 'ann'", {0}),
        ("attributes.`run name` = 'adam'", {0}),
        ("start_time >= 1795262350000", {1, 2}),
        ("created < 1795262350000", {0}),
        ("attributes.Created = 1795262350000", {1}),
        ("end_time > 0", {0, 2}),
        ("artifact_uri LIKE '%/artifacts'", {0, 1, 2}),
        ("dataset.name = 'iris'", {0}),
        ("datasets.digest LIKE 'd%'", {0, 1}),
        ("dataset.context IN ('eval', 'test')", {1}),
        ("dataset.name != 'iris'", {1}),
    ],
)
def test_mlflows_filters_find_what_they_find_in_mlflow(
    any_store: Store, text: str, places: set[int]
) -> None:
    ids = write(any_store, RUNS)
    assert {ids.index(row) for row in found(any_store, text)} == places


@pytest.mark.parametrize(
    ("sort", "places"),
    [
        ("", [2, 1, 0]),
        ("start_time ASC", [0, 1, 2]),
        ("attributes.end_time DESC", [2, 0, 1]),
        ("params.lr ASC", [1, 0, 2]),
        ("params.lr DESC", [2, 0, 1]),
        ("text(params.lr)", [0, 2, 1]),
        ("text(params.lr) DESC", [1, 2, 0]),
        ("params.optimizer", [0, 1, 2]),
        ("tags.team DESC, start_time", [1, 0, 2]),
        ("metrics.loss, start_time", [0, 1, 2]),
        ("metrics.loss.max ASC", [1, 0, 2]),
        ("duration DESC", [1, 0, 2]),
        ("run_name", [0, 2, 1]),
        ("experiment, user, run_id", [0, 1, 2]),
    ],
)
def test_runs_are_sorted_by_what_is_asked_for(
    any_store: Store, sort: str, places: list[int]
) -> None:
    ids = write(any_store, RUNS)
    assert [ids.index(row) for row in found(any_store, "", sort)] == places
    assert [ids.index(row) for row in found(any_store, "", sort, 2)] == places[:2]


@pytest.mark.parametrize(
    "text",
    [
        "params.lr < '0.3'",
        "lr='0.1'",
        "metrics.loss = '0.5'",
        "metrics.loss = nan",
        "metrics.loss LIKE 'x'",
        "params.a IN ()",
        "metrics.loss < 1;",
        "tags.a = 1",
        "status = FINISHED",
        "attributes.foo = 'a'",
        "dataset.foo = 'a'",
        "metrics.loss < 1 AND",
    ],
)
def test_errors_of_mlflow_that_stay_errors(text: str) -> None:
    with pytest.raises(FilterError):
        parse(text)


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("params.lr = 0.1", {0}),
        ("params.lr IN ('0.1', '0.5')", {0, 2}),
        ("metrics.val/loss < 1", {0}),
        ("duration > 0", {0, 1, 2}),
    ],
)
def test_errors_of_mlflow_that_mean_something_here(
    any_store: Store, text: str, places: set[int]
) -> None:
    ids = write(any_store, RUNS)
    assert {ids.index(row) for row in found(any_store, text)} == places


def test_an_order_without_items_is_the_newest_first() -> None:
    assert order("") == ()

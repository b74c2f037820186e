"""What goes beyond MLflow's grammar, by examples."""

from __future__ import annotations

import math

import pytest

from store.engine import Store
from store.run_filter import Filter, parse, unparse
from store.run_filter.tree import Compare, Metric, Param, Tag, Word
from tests.store.run_filter.runs import Run, found, write

HOUR, DAY = 3600, 86_400
RUNS = [
    Run(
        "baseline",
        {"loss": [3, math.nan], "val/acc": [0.9, 0.8]},
        {"lr": "1e-2"},
        {"team": "Vision", "mlflow.note.content": "first try of ResNet"},
        experiment="sweep",
        user="ann",
        age=3 * DAY,
        lasted=2 * HOUR,
        dag="train_small",
        task="fit",
        attempt=1,
    ),
    Run(
        "resnet 50",
        {"loss": [2, 1]},
        {"lr": "0.5", "mode": "fast"},
        {"team": "nlp"},
        experiment="final",
        user="bob",
        age=5 * HOUR,
        lasted=None,
        status="RUNNING",
        dag="train_large",
        task="fit",
        attempt=2,
        parent=0,
    ),
    Run("gone", {"loss": [math.inf]}, {"lr": "auto"}, age=60, lasted=5, deleted=True),
]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        ("metrics.loss < 2 OR params.lr < 0.1", {0, 1}),
        ("NOT metrics.loss < 2", {0}),
        ("(user:ann OR user:bob) AND NOT status:running", {0}),
        ("user:ann status:finished", {0}),
        ("params.lr < 0.1", {0}),
        ("params.lr != 0.5", {0}),
        ("params.lr = 0.01", {0}),
        ("params.lr BETWEEN 0.01 AND 0.5", {0, 1}),
        ("params.lr NOT BETWEEN 0 AND 0.1", {1}),
        ("params.lr IN (0.01, 7)", {0}),
        ("params.mode NOT IN ('slow')", {1}),
        ("metrics.loss.min <= 1", {1}),
        ("metrics.loss.max >= 3", {0}),
        ("metrics.loss.first = 3", {0}),
        ("metrics.val/acc.mean > 0.84", {0}),
        ("metrics.loss.last = 1", {1}),
        ("metrics.`loss.min` = 1", set()),
        ("metrics.loss IS NAN", {0}),
        ("metrics.val/acc IS NULL", {1}),
        ("tags.team ~ '^[VW]'", {0}),
        ("tags.team !~ 'i'", {1}),
        ("run_name ~ '[0-9]+$'", {1}),
        ("tags.team NOT LIKE 'V%'", {1}),
        ("dag:train_small", {0}),
        ("dag:train*", {0, 1}),
        ("dag:*large", {1}),
        ("dag:train", set()),
        ("task:fit", {0, 1}),
        ("task = 'fit' AND attempt > 1", {1}),
        ("experiment:f*", {1}),
        ("experiment IN ('sweep', 'other')", {0}),
        ("name:'resnet 50'", {1}),
        ("has:val/*", {0}),
        ("has:mode", {1}),
        ("has:team", {0, 1}),
        ("duration > 1h", {0, 1}),
        ("duration > 3h", {1}),
        ("duration <= 7200", {0}),
        ("duration BETWEEN 4h30m AND 1d", {1}),
        ("started > 1d", {1}),
        ("started < 1d", {0}),
        ("started > 2026-11-20", {1}),
        ("started = 2026-11-18", {0}),
        ("started != 2026-11-18", {1}),
        ("start_time >= '2026-11-21T07:00:00Z'", {1}),
        ("started < 2026-11-21T09:00+02:00", {0}),
        ("ended IS NULL", {1}),
        ("note LIKE '%ResNet'", {0}),
        ("note IS NULL", {1}),
        ("is:nested", {1}),
        ("is:root", {0}),
        ("is:deleted", {2}),
        ("is:archived", {2}),
        ("is:active", {0, 1}),
        ("is:active OR is:deleted", {0, 1, 2}),
        ("NOT is:active", {2}),
        ("metrics.loss IS INF", set()),
        ("metrics.loss IS INF is:deleted", {2}),
        ("resnet", {0, 1}),
        ("RESNET vision", {0}),
        ("'resnet 50'", {1}),
        ("resnet -nothing", set()),
    ],
)
def test_a_filter_finds_what_it_says(any_store: Store, text: str, places: set[int]) -> None:
    ids = write(any_store, RUNS)
    assert {ids.index(row) for row in found(any_store, text)} == places
    assert {ids.index(row) for row in found(any_store, text, "metrics.loss", 9)} == places
    assert {ids.index(row) for row in found(any_store, text, "params.lr DESC", 9)} == places


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("metrics.loss<1 and params.a='x'", "metrics.loss < 1 AND params.a = 'x'"),
        ("a b or c", "(a AND b) OR c"),
        ("a and (b and c)", "a AND b AND c"),
        ("not (a or b)", "NOT (a OR b)"),
        ('parameter.`a b` = "it\'s"', "params.`a b` = 'it''s'"),
        ("metric.`x.min`.max > .5", "metrics.`x.min`.max > 0.5"),
        ("tags.\"a`b\" = 'c'", "tags.\"a`b\" = 'c'"),
        ("created > 5", "start_time > 5"),
        ("duration > 1h30m", "duration > 5400s"),
        ("started > 2026-11-21", "start_time > 2026-11-21"),
        ("run_id not  in ('a')", "run_id NOT IN ('a')"),
        ("'and' \"duration\" x", "'and' AND 'duration' AND x"),
        ("dag:'a b*'", "dag:'a b*'"),
    ],
)
def test_a_filter_is_printed_in_one_way(text: str, printed: str) -> None:
    assert unparse(parse(text)) == printed
    assert parse(printed) == parse(text)


@pytest.mark.parametrize(
    ("text", "root"),
    [
        ("metrics.loss.min < 1", Compare(Metric("loss", "min"), "<", 1.0)),
        ("metrics.`loss.min` < 1", Compare(Metric("loss.min"), "<", 1.0)),
        ("metrics.min < 1", Compare(Metric("min"), "<", 1.0)),
        ("metrics.a.b < 1", Compare(Metric("a.b"), "<", 1.0)),
        ("params.x.min = 1", Compare(Param("x.min"), "=", 1.0)),
        ("tags.mlflow.user = 'a'", Compare(Tag("mlflow.user"), "=", "a")),
        ("order", Word("order")),
        ("nan", Word("nan")),
        ("50", Word("50")),
    ],
)
def test_a_text_means_one_thing(text: str, root: object) -> None:
    assert parse(text) == Filter(root)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (f"metrics.loss IN (1, {', '.join(map(str, range(5, 3000)))})", {1}),
        (f"params.lr NOT IN (0.5, {', '.join(map(str, range(5, 3000)))})", {0}),
        (f"params.mode IN ('fast', {', '.join(repr(str(n)) for n in range(1800))})", {1}),
        (f"attempt IN (2, {', '.join(map(str, range(5, 3000)))})", {1}),
        (f"duration IN (2h, {', '.join(f'{n}s' for n in range(3000))})", {0}),
        (
            f"started IN (2026-11-18, {', '.join(f'{year}-01-01' for year in range(1970, 2069))})",
            {0},
        ),
        (" OR ".join(f"metrics.loss = {n}" for n in range(100)), {1}),
        (f"params.mode LIKE '{'*' * 10_000}'", set()),
        (f"params.mode ILIKE '{'%é' * 5_000}'", set()),
        (f"params.mode LIKE '{'😀' * 10_000}'", set()),
        (f"name:{'*' * 9_990}", {0, 1}),
        (f"'{'%' * 10_000}'", set()),
    ],
    ids=lambda one: str(one)[:20],
)
def test_a_filter_may_be_long(any_store: Store, text: str, places: set[int]) -> None:
    """SQLite has limits to the depth of an expression and to the bytes of a pattern."""
    ids = write(any_store, RUNS)
    assert {ids.index(row) for row in found(any_store, text)} == places


@pytest.mark.timeout(20)
@pytest.mark.parametrize("pattern", ["(a+)+$", "(a|aa)+$", "(.*a){50}b", "^(([a-z])+.)+[A-Z]$"])
def test_no_regular_expression_takes_for_ever(any_store: Store, pattern: str) -> None:
    """Python's engine would take years for any of these, and nothing could stop it."""
    write(any_store, [Run(tags={"t": "a" * 5000 + "!"})])
    assert found(any_store, f"tags.t ~ '{pattern}'") == []


def test_any_case_is_any_case_of_other_alphabets_too(store: Store) -> None:
    ids = write(store, [Run("GRÖSSE"), Run("größe")])
    assert found(store, "run_name ILIKE 'größe'") == [ids[1]]
    assert found(store, "run_name ILIKE 'grös%'") == [ids[0]]
    assert set(found(store, "grö")) == set(ids)


def test_the_first_key_reads_its_index_and_nothing_else(store: Store) -> None:
    """The time of the top 20 doesn't grow with the runs: no scan, no sort of all of them."""
    from store.run_filter import order, select_runs
    from tests.store.run_filter.runs import NOW

    for sort, index in [
        ("metrics.loss", "ix_metric_last_value (key=?)"),
        ("metrics.loss.min DESC", "ix_metric_min_value (key=?)"),
        ("params.lr DESC", "ix_param_number (key=? AND number>?)"),
    ]:
        query = select_runs(parse(""), order(sort), now=NOW, limit=20)
        with store.read() as connection:
            text = str(query.compile(connection, compile_kwargs={"literal_binds": True}))
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}")]
        within = plan[: plan.index("UNION ALL")]
        assert any(index in line for line in within), plan
        assert not any(line.startswith("SCAN tracked_run") for line in within), plan
        assert "USE TEMP B-TREE FOR ORDER BY" not in within, plan

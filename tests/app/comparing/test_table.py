"""The table of runs side by side, without a screen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import nan

import pytest

from app.comparing.directions import lowest_is_best
from app.comparing.table import Line, metric_keys, only_differences, table_of
from store.metric_points import Summary
from store.queries.compared import ComparedRun, DatasetUse
from store.queries.tracked import TrackedRow

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def summary(key: str, last: float, least: float) -> Summary:
    return Summary(
        id=1, run_id=1, key=key, count=9, nan_count=0, inf_count=0, first_value=9.0,
        last_value=last, last_step=8, last_at=NOW, min_value=least, max_value=9.0, min_step=3,
        max_step=0, mean_value=5.0,
    )  # fmt: skip


def run(number: int, params: dict[str, str], metrics: dict[str, Summary]) -> ComparedRun:
    row = TrackedRow(
        id=number, uuid=f"{number:032x}", name=f"run {number}", experiment="sweep",
        status="FINISHED", started_at=NOW, ended_at=NOW + timedelta(seconds=30), user_id="ann",
        parent_uuid=None, dag_id=None, run_id=None, task_id=None, map_index=None,
        try_number=None, deleted_at=None,
    )  # fmt: skip
    used = (DatasetUse("digits", f"v{number}", "training"),)
    return ComparedRun(row, params, metrics, {"team": "vision"}, used)


RUNS = (
    run(1, {"lr": "0.1", "kind": "a"}, {"loss": summary("loss", 0.5, 0.2)}),
    run(2, {"lr": "0.01", "kind": "a"}, {"loss": summary("loss", nan, 0.1)}),
    run(3, {"kind": "a"}, {"system/cpu": summary("system/cpu", 50.0, 10.0)}),
)


def line(key: str, value: str = "last") -> Line:
    return next(one for one in table_of(RUNS, value) if one.key == key)


def test_sections_follow_each_other_and_system_metrics_are_one() -> None:
    sections = [one.section for one in table_of(RUNS)]
    assert list(dict.fromkeys(sections)) == [
        "attributes", "params", "metrics", "tags", "system metrics", "datasets",
    ]  # fmt: skip
    assert line("system/cpu").name == "metrics.system/cpu"
    assert line("digits (training)").texts == ("v1", "v2", "v3")


def test_a_param_is_a_number_where_it_is_one_in_all_runs_that_have_it() -> None:
    assert line("lr").numbers == (0.1, 0.01, None)
    assert line("kind").numbers == ()


def test_a_metric_shows_the_value_that_was_chosen() -> None:
    assert line("loss").texts == ("0.5", "NaN", None)
    assert line("loss", "min").texts == ("0.2", "0.1", None)


def test_only_what_is_not_the_same_is_a_difference() -> None:
    keys = {one.key for one in only_differences(table_of(RUNS))}
    assert keys == {"name", "id", "lr", "loss", "system/cpu", "digits (training)"}


def test_runs_are_ordered_by_a_row_what_is_missing_last() -> None:
    assert line("lr").order(lowest=True) == [1, 0, 2]
    assert line("lr").order(lowest=False) == [0, 1, 2]
    assert line("name").order(lowest=False) == [2, 1, 0]


def test_no_runs_have_no_rows() -> None:
    assert table_of(()) == []


@pytest.mark.parametrize(
    "key", ["loss", "val/loss", "val_rmse", "trainLoss", "MSE", "error.rate", "cross_entropy"]
)
def test_less_is_better_of_losses_and_errors(key: str) -> None:
    assert lowest_is_best(key)


@pytest.mark.parametrize("key", ["accuracy", "r2", "f1", "recall@10", "auc", "glossary", "terrain"])
def test_more_is_better_of_everything_else(key: str) -> None:
    assert not lowest_is_best(key)


def test_a_direction_that_was_chosen_counts() -> None:
    assert not line("loss").lowest({"loss": False})


def test_metrics_with_a_curve_come_before_those_of_one_point() -> None:
    size = replace(summary("a size", 7.0, 7.0), count=1)
    loss, rare = summary("loss", 0.5, 0.2), summary("a loss of one", 0.5, 0.2)
    runs = (
        run(1, {}, {"a size": size, "loss": loss, "a loss of one": rare}),
        run(2, {}, {"a size": size, "loss": loss}),
    )
    assert metric_keys(runs) == ["loss", "a loss of one", "a size"]

"""Tracked runs on the command line: searched, compared, the best of them, points as CSV."""

from __future__ import annotations

import csv
import math
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest

from app.cli.exit_codes import ExitCode
from store import metric_points, tracking
from store.engine import open_store
from store.workspace import Workspace
from tests.app.cli.conftest import run_command

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
LOSSES = {"a": 0.5, "b": math.nan, "c": math.inf, "d": 0.1}
"""The last losses of runs; that of e is missing."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with five runs of a sweep and one of another experiment; to be read only."""
    folder = tmp_path_factory.mktemp("tracked")
    (folder / "dags").mkdir()
    workspace = Workspace(folder)
    workspace.create_state_folder()
    with open_store(workspace, create=True) as store, store.write() as connection:
        for number, name in enumerate("abcde"):
            began = NOW + timedelta(minutes=number)
            new = tracking.NewRun(name * 32, "sweep", f"run {name}", began, user="ann")
            run = tracking.create_run(connection, new)
            lr = {"run_id": run, "key": "lr", "value": str(10.0**-number)}
            tracking.log_params(connection, [lr, {"run_id": run, "key": "kind", "value": "ridge"}])
            tracking.set_tag(connection, run, "note", "x\x1b[31m")
            if name in LOSSES:
                points = [(1.0, 0, 1_000_000), (LOSSES[name], 1, 2_000_000)]
                metric_points.add(connection, run, "val/loss", *metric_points.pack(points))
            tracking.set_status(connection, run, tracking.FINISHED, began + timedelta(seconds=90))
        new = tracking.NewRun("f" * 32, "other", "run a", NOW - timedelta(days=1))
        tracking.create_run(connection, new)
    return folder


def names(root: Path, *arguments: str) -> list[str]:
    found = run_command(root, "runs", "search", *arguments, "--json")
    assert found.code == 0, found.err
    return [one["run_id"][0] for one in found.document["runs"]]


def test_runs_are_searched_and_sorted_as_mlflow_does(root: Path) -> None:
    assert names(root) == ["e", "d", "c", "b", "a", "f"]  # the newest first
    assert names(root, "metrics.`val/loss` < 1") == ["d", "a"]
    assert names(root, "params.lr = '0.01'") == ["c"]
    assert names(root, "params.lr < 0.05 AND experiment:sweep") == ["e", "d", "c"]
    by_loss = names(root, "experiment:sweep", "--sort", "metrics.`val/loss` ASC")
    assert by_loss == ["d", "a", "c", "b", "e"]
    assert names(root, "--limit", "2") == ["e", "d"]


def test_a_document_has_all_of_a_run_and_json_for_what_is_not_finite(root: Path) -> None:
    (one,) = run_command(root, "runs", "search", "params.lr = '0.1'", "--json").document["runs"]
    assert one["run_name"] == "run b"
    assert (one["experiment"], one["status"], one["duration"]) == ("sweep", "FINISHED", 90.0)
    assert one["params"] == {"lr": "0.1", "kind": "ridge"}
    loss = one["metrics"]["val/loss"]
    assert (loss["last"], loss["first"], loss["min"], loss["nan_count"]) == ("NaN", 1.0, 1.0, 1)
    assert one["start_time"].startswith("2026-11-21T10:01:00")


def test_a_table_shows_what_most_runs_have(root: Path) -> None:
    shown = run_command(root, "runs", "search", "experiment:sweep", "--sort", "name ASC").out
    first, *rows = shown.splitlines()
    assert first.split()[:4] == ["RUN", "NAME", "EXPERIMENT", "STATUS"]
    assert "val/loss" in first
    assert rows[0].split()[:3] == ["aaaaaaaa", "run", "a"]
    assert "NaN" in rows[1]
    assert "Infinity" in rows[2]
    assert "\x1b" not in shown


def test_a_filter_that_is_wrong_is_pointed_at(root: Path) -> None:
    found = run_command(root, "runs", "search", "metrics.loss <> 3")
    assert found.code == ExitCode.USAGE
    lines = found.err.splitlines()
    at = next(number for number, line in enumerate(lines) if line.strip().startswith("metrics."))
    assert lines[at + 1].strip().startswith("^")
    assert run_command(root, "runs", "search", "--sort", "nothing.of.that").code == ExitCode.USAGE
    both = run_command(root, "runs", "search", "--json", "--csv")
    assert both.code == ExitCode.USAGE


def test_in_a_long_filter_what_is_around_the_error_is_shown(root: Path) -> None:
    long = " OR ".join(f"params.lr = '{number}'" for number in range(150))
    found = run_command(root, "runs", "search", f"{long} AND größe = 1 AND {long[:3000]}")
    assert found.code == ExitCode.USAGE
    line, carets, sentence, *_ = found.err.splitlines()
    at = carets.index("^")
    assert line[at : at + len("größe")] == "größe"
    assert carets.strip() == "^" * len("größe")
    assert line.startswith("  … ")
    assert line.endswith(" …")
    assert max(len(line), len(carets)) < 80
    assert "no attribute is called größe" in sentence


def test_help_says_what_goes_beyond_mlflow(root: Path) -> None:
    shown = run_command(root, "runs", "search", "--help").out
    assert "BETWEEN" in shown
    assert "is:archived" in shown


def test_what_was_asked_for_is_shown_before_anything_else(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.create_state_folder()
    (tmp_path / "dags").mkdir()
    with open_store(workspace, create=True) as store, store.write() as connection:
        run = tracking.create_run(connection, tracking.NewRun("a" * 32, "sweep", "run", NOW))
        for key in [*(f"m{number}" for number in range(9)), "rmse"]:
            points = metric_points.pack([(0.25, 0, 0), (0.5, 1, 1)])
            metric_points.add(connection, run, key, *points)
        tracking.set_tag(connection, run, "team", "vision")

    def first_line(*arguments: str) -> list[str]:
        return run_command(tmp_path, "runs", *arguments).out.splitlines()[0].split()[6:]

    assert first_line("search") == ["m0", "m1", "m2", "m3", "m4", "m5"]
    assert first_line("best", "--metric", "rmse") == ["rmse", "m0", "m1", "m2", "m3", "m4"]
    asked = ("search", "tags.team IS NOT NULL", "--sort", "metrics.rmse.min DESC")
    assert first_line(*asked)[:2] == ["rmse.min", "team"]
    row = run_command(tmp_path, "runs", *asked).out.splitlines()[1].split()
    assert row[-7:-5] == ["0.25", "vision"]
    missing = run_command(tmp_path, "runs", "best", "--metric", "rsme")
    assert missing.err.endswith("no metric 'rsme' of a tracked run; did you mean 'rmse'?\n")
    none = run_command(tmp_path, "runs", "best", "name = 'other'", "--metric", "rmse")
    assert "no such run has a finite rmse" in none.out + none.err


def test_a_metric_of_any_name_can_be_the_best(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.create_state_folder()
    (tmp_path / "dags").mkdir()
    with open_store(workspace, create=True) as store, store.write() as connection:
        run = tracking.create_run(connection, tracking.NewRun("a" * 32, "sweep", "run", NOW))
        metric_points.add(connection, run, "a`b'c", *metric_points.pack([(0.5, 0, 0)]))
    found = run_command(tmp_path, "runs", "best", "--metric", "a`b'c", "--json").document["runs"]
    assert [one["run_id"] for one in found] == ["a" * 32]


def test_csv_has_a_column_for_each_key(root: Path) -> None:
    text = run_command(
        root, "runs", "search", "experiment:sweep", "--sort", "name ASC", "--csv"
    ).out
    rows = list(csv.DictReader(StringIO(text)))
    assert [row["metrics.val/loss"] for row in rows] == ["0.5", "NaN", "Infinity", "0.1", ""]
    assert rows[0]["params.lr"] == "1.0"
    assert "\x1b" not in text


def test_the_best_is_finite(root: Path) -> None:
    lowest = run_command(root, "runs", "best", "--metric", "val/loss", "--json").document["runs"]
    assert [one["run_id"][0] for one in lowest] == ["d"]
    most = run_command(root, "runs", "best", "--metric", "val/loss", "--max", "-n", "9", "--json")
    assert [one["run_id"][0] for one in most.document["runs"]] == ["a", "d"]


def test_runs_are_compared_side_by_side(root: Path) -> None:
    document = run_command(root, "runs", "compare", "aaaa", "run d", "--json").document
    assert document["runs"] == ["a" * 32, "d" * 32]
    assert document["rows"]["params.kind"] == ["ridge", "ridge"]
    only = run_command(root, "runs", "compare", "aaaa", "dddd", "--only-differences", "--json")
    assert set(only.document["rows"]) == {"name", "started", "params.lr", "metrics.val/loss"}
    assert "0.5" in run_command(root, "runs", "compare", "aaaa", "dddd").out


def test_the_best_by_a_metric_that_nobody_has_logged_says_so(root: Path) -> None:
    found = run_command(root, "runs", "best", "--metric", "val/los")
    assert found.code is ExitCode.NOT_FOUND
    assert "there is no metric 'val/los' of a tracked run; did you mean 'val/loss'?" in found.err
    nobody = run_command(root, "runs", "best", "run_name = 'x'", "--metric", "val/loss", "--json")
    assert nobody.document == {"runs": []}


def test_a_comparison_is_measured_by_a_baseline_and_marks_the_best(root: Path) -> None:
    found = run_command(root, "runs", "compare", "aaaa", "bbbb", "dddd", "--baseline", "a" * 32)
    loss = next(line for line in found.out.splitlines() if line.startswith("metrics.val/loss"))
    assert loss.split() == ["metrics.val/loss", "0.5", "NaN", "★", "0.1", "(-0.4", "-80%)"]
    arguments = ("aaaa", "bbbb", "dddd", "--baseline", "aaaa", "--json")
    document = run_command(root, "runs", "compare", *arguments).document
    metric = document["sections"]["metrics"]["val/loss"]
    assert metric["values"] == [0.5, "NaN", 0.1]
    assert metric["better"] == "min"
    assert metric["best"] == ["d" * 32]
    assert metric["change"][0] == {"absolute": 0.0, "relative": 0.0}
    assert metric["change"][1] is None
    assert math.isclose(metric["change"][2]["relative"], -0.8)
    assert document["baseline"] == "a" * 32
    means = run_command(root, "runs", "compare", "aaaa", "bbbb", "--value", "mean", "--json")
    assert means.document["sections"]["metrics"]["val/loss"]["values"] == [0.75, 1.0]


def test_a_comparison_is_printed_as_csv(root: Path) -> None:
    found = run_command(root, "runs", "compare", "aaaa", "bbbb", "--csv")
    rows = list(csv.reader(StringIO(found.out)))
    assert rows[0] == ["key", "a" * 32, "b" * 32]
    assert ["params.lr", "1.0", "0.1"] in rows
    assert ["tags.note", "x", "x"] in rows


def test_a_baseline_that_is_not_compared_is_refused(root: Path) -> None:
    found = run_command(root, "runs", "compare", "aaaa", "bbbb", "--baseline", "cccc")
    assert found.code == ExitCode.USAGE
    assert "the baseline 'cccc' is none of the runs that are compared" in found.err


def test_a_run_that_is_not_there_or_not_the_only_one_is_said(root: Path) -> None:
    assert run_command(root, "metrics", "nope").code == ExitCode.NOT_FOUND
    several = run_command(root, "metrics", "run a")
    assert several.code == ExitCode.USAGE
    assert "2 tracked runs are called 'run a'" in several.err
    missing = run_command(root, "metrics", "aaaa", "acc")
    assert "has no metric 'acc': it has val/loss" in missing.err


def test_points_are_printed_as_csv_and_json(root: Path) -> None:
    text = run_command(root, "metrics", "cccc", "val/loss", "--csv").out
    assert text.splitlines() == ["step,timestamp,value", "0,1000,1.0", "1,2000,Infinity"]
    points = run_command(root, "metrics", "bbbb", "val/loss", "--json").document["points"]
    assert points[1] == {"step": 1, "timestamp": 2000, "value": "NaN"}
    table = run_command(root, "metrics", "bbbb").out
    assert "val/loss" in table


def test_the_params_that_matter_are_ranked(root: Path) -> None:
    found = run_command(root, "runs", "importance", "--metric", "val/loss", "--value", "min")
    assert found.code == 0, found.err
    assert "fewer than 10 runs: take this as a hint" in found.err
    lines = {line.split()[0]: line for line in found.out.splitlines() if line.strip()}
    assert "+" in lines["lr"]
    assert lines["kind"].endswith("is the same in all runs")
    arguments = ("--metric", "val/loss", "--value", "min", "--json")
    document = run_command(root, "runs", "importance", *arguments).document
    assert document["runs"] == 4
    assert [one["param"] for one in document["effects"]] == ["lr", "kind"]
    assert "kernel ridge" in document["model"]


def test_a_metric_that_no_run_has_can_not_be_explained(root: Path) -> None:
    found = run_command(root, "runs", "importance", "--metric", "nope")
    assert found.code == ExitCode.NOT_FOUND
    assert "none of 6 runs has the metric 'nope'" in found.err

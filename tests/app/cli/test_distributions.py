"""Distributions of tracked runs on the command line: listed, printed, side by side."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest

from app.cli.exit_codes import ExitCode
from store import distributions, tracking
from store.engine import open_store
from store.workspace import Workspace
from tests.app.cli.conftest import run_command

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
A, B, C = "a" * 32, "b" * 32, "c" * 32


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with two runs that have distributions, and one without; to be read only."""
    folder = tmp_path_factory.mktemp("spread")
    (folder / "dags").mkdir()
    workspace = Workspace(folder)
    workspace.create_state_folder()
    with open_store(workspace, create=True) as store, store.write() as connection:
        for uuid in (A, B, C):
            run = tracking.create_run(connection, tracking.NewRun(uuid, "days", uuid[0], NOW))
            if uuid == C:
                continue
            for step in range(2):
                items = {"counts": {"x\x1b[31m": 3 + step, "y": 1}, "distinct": 2}
                distributions.put(connection, run, "items", step, NOW, "categories", 5, 1 - step,
                                  items)  # fmt: skip
        scores = {"bins": [[0.1, 0.2, 3], [0.2, 0.3, 1]], "min": 0.1, "quantiles": {"0.5": 0.15}}
        key = tracking.run_with_uuid(connection, A)
        assert key is not None
        distributions.put(connection, key, "scores", 0, NOW, "numbers", 4, 0, scores)
        counts = {"counts": {"low": 4}}
        key = tracking.run_with_uuid(connection, B)
        assert key is not None
        distributions.put(connection, key, "scores", 0, NOW, "categories", 4, 0, counts)
    return folder


def test_the_distributions_of_a_run_are_listed(root: Path) -> None:
    found = run_command(root, "runs", "distributions", "aaaa")
    assert [line.split() for line in found.out.splitlines()] == [
        ["NAME", "KIND", "STEPS", "LAST", "VALUES", "NULLS"],
        ["items", "categories", "2", "1", "5", "0"],
        ["scores", "numbers", "1", "0", "4", "0"],
    ]
    listed = run_command(root, "runs", "distributions", "aaaa", "--json").document
    assert listed["run_id"] == A
    assert listed["distributions"][0] == {
        "name": "items",
        "kind": "categories",
        "steps": 2,
        "last_step": 1,
        "values": 5,
        "nulls": 0,
    }
    as_csv = run_command(root, "runs", "distributions", "aaaa", "--csv").out
    assert as_csv.splitlines()[2] == "scores,numbers,1,0,4,0"
    assert "has logged no distribution" in run_command(root, "runs", "distributions", "cccc").err


def test_one_is_printed_with_bars_at_its_last_step_at_another_or_added_up(root: Path) -> None:
    def counts(*more: str) -> list[list[str]]:
        found = run_command(root, "runs", "distributions", "aaaa", "items", "--csv", *more)
        assert found.code == 0, found.err
        return list(csv.reader(StringIO(found.out)))

    assert counts() == [["category", "count"], ["x", "4"], ["y", "1"]]
    assert counts("--step", "0")[1:] == [["x", "3"], ["y", "1"], ["null", "1"]]
    assert counts("--all-steps")[1:] == [["x", "7"], ["y", "2"], ["null", "1"]]
    shown = run_command(root, "runs", "distributions", "aaaa", "items")
    assert shown.err.startswith("items: values 5")
    assert shown.out.splitlines()[1].split()[:3] == ["x", "4", "80.0%"]
    assert "\x1b" not in shown.out


def test_json_has_all_that_is_kept(root: Path) -> None:
    scores = run_command(root, "runs", "distributions", "aaaa", "scores", "--json").document
    assert scores["bins"][0] == {"from": 0.1, "to": 0.2, "count": 3}
    assert (scores["kind"], scores["count"], scores["min"]) == ("numbers", 4, 0.1)
    assert scores["quantiles"] == {"0.5": 0.15}
    items = run_command(root, "runs", "distributions", "aaaa", "items", "--json").document
    assert (items["steps"], items["counts"]["y"], items["null_count"]) == ([1], 1, 0)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("aaaa", "nope"), ExitCode.NOT_FOUND, "no distribution 'nope': it has items, scores"),
        (("aaaa", "items", "--step", "7"), ExitCode.NOT_FOUND, "was not logged at step 7"),
        (("dddd",), ExitCode.NOT_FOUND, "there is no tracked run 'dddd'"),
    ],
)
def test_what_is_not_there_is_said(
    root: Path, arguments: tuple[str, ...], code: ExitCode, words: str
) -> None:
    found = run_command(root, "runs", "distributions", *arguments)
    assert (found.code, words in found.err) == (code, True)


def test_shares_of_several_runs_stand_side_by_side(root: Path) -> None:
    shown = run_command(root, "runs", "compare", "aaaa", "bbbb", "cccc", "--distribution", "items")
    assert [line.split() for line in shown.out.splitlines()] == [
        ["CATEGORY", "aaaaaaaa", "bbbbbbbb", "cccccccc"],
        ["x", "80.0%", "80.0%", "-"],
        ["y", "20.0%", "20.0%", "-"],
    ]
    arguments = ("runs", "compare", "aaaa", "cccc", "--distribution", "items")
    found = run_command(root, *arguments, "--json").document
    assert found["parts"][1]["counts"] == {A: 1, C: 0}
    assert found["parts"][1]["shares"] == {A: 0.2, C: None}
    assert run_command(root, *arguments, "--csv").out.splitlines()[0] == f"category,{A},{C}"


def test_what_can_not_be_compared_is_said(root: Path) -> None:
    none = run_command(root, "runs", "compare", "aaaa", "bbbb", "--distribution", "nope")
    assert (none.code, "they have items, scores" in none.err) == (ExitCode.NOT_FOUND, True)
    other = run_command(root, "runs", "compare", "aaaa", "bbbb", "--distribution", "scores")
    assert (other.code, "share no rows" in other.err) == (ExitCode.USAGE, True)

"""Acting on tracked runs from the shell: tags, names, archive, deletion, Parquet."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from app import tracked_export
from app.cli.exit_codes import ExitCode
from store.engine import open_store
from store.workspace import Workspace
from tests.app.cli.conftest import run_command
from tests.store.run_filter.runs import Run, uuid_of, write

RUNS = [
    Run("a", {"loss": [0.5]}, {"lr": "0.1"}, dag="train"),
    Run("b", {"loss": [math.nan]}, {"lr": "0.01"}, parent=0),
    Run("c", {"loss": [0.1]}, {"lr": "0.1"}, {"team": "x\x1b[31m"}, experiment="other"),
    Run("d", status="RUNNING", lasted=None),
]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace with four runs."""
    (tmp_path / "dags").mkdir()
    workspace = Workspace(tmp_path)
    workspace.create_state_folder()
    with open_store(workspace, create=True) as store:
        write(store, RUNS)
    return tmp_path


def names(root: Path, *arguments: str) -> list[str]:
    found = run_command(root, "runs", "search", *arguments, "--json")
    return sorted(one["run_name"] for one in found.document["runs"])


def test_experiments_are_listed_with_what_they_have(root: Path) -> None:
    found = run_command(root, "experiments", "list", "--json").document
    assert found == {
        "experiments": [
            {"name": "other", "runs": 1, "archived": 0},
            {"name": "sweep", "runs": 3, "archived": 0},
        ]
    }
    assert "sweep" in run_command(root, "experiments", "list").out


def test_runs_are_archived_by_name_or_filter_and_restored(root: Path) -> None:
    done = run_command(root, "runs", "archive", "c", "--filter", "metrics.loss IS NAN")
    assert done.out.strip() == "archived 2 tracked runs"
    assert names(root) == ["a", "d"]
    again = run_command(root, "runs", "archive", "c")
    assert again.out.strip() == "nothing to do: all are archived already"
    found = run_command(root, "runs", "restore", "--filter", "is:deleted", "--json").document
    assert sorted(found["restored"]) == [uuid_of(1), uuid_of(2)]
    assert names(root) == ["a", "b", "c", "d"]


def test_what_is_nested_goes_along_where_it_is_said(root: Path) -> None:
    assert run_command(root, "runs", "archive", "a", "--children").code == 0
    assert names(root) == ["c", "d"]


def test_tags_are_set_and_taken_away(root: Path) -> None:
    done = run_command(root, "runs", "tag", "a", "b", "--set", "team=y", "--set", "x=1=2")
    assert done.out.strip() == "tagged 2 tracked runs"
    assert names(root, "tags.team = 'y' AND tags.x = '1=2'") == ["a", "b"]
    run_command(root, "runs", "tag", "a", "--set", "team=")
    assert names(root, "tags.team = 'y'") == ["b"]
    wrong = run_command(root, "runs", "tag", "a", "--set", "team")
    assert (wrong.code, "write KEY=VALUE" in wrong.err) == (ExitCode.USAGE, True)


def test_a_run_is_renamed(root: Path) -> None:
    assert run_command(root, "runs", "rename", "a", "the best").out == "a is called the best now\n"
    assert "the best" in names(root)


def test_runs_are_deleted_for_good_only_when_that_is_agreed_to(root: Path) -> None:
    asked = run_command(root, "runs", "forget", "c")
    assert (asked.code, "It can't be undone" in asked.err) == (ExitCode.USAGE, True)
    assert run_command(root, "runs", "forget", "c", "--yes").out == "deleted 1 tracked run\n"
    assert names(root) == ["a", "b", "d"]
    running = run_command(root, "runs", "forget", "d", "--yes")
    assert "may still log something" in running.err
    assert names(root) == ["a", "b", "d"]


def test_who_names_no_run_is_told_how(root: Path) -> None:
    for verb in ("archive", "restore", "forget"):
        found = run_command(root, "runs", verb)
        assert (found.code, "choose them with --filter" in found.err) == (ExitCode.USAGE, True)
    none = run_command(root, "runs", "archive", "--filter", "name:nobody")
    assert (none.code, "no run passes the filter" in none.err) == (ExitCode.NOT_FOUND, True)
    wrong = run_command(root, "runs", "archive", "--filter", "loss <")
    assert (wrong.code, "^" in wrong.err) == (ExitCode.USAGE, True)


def test_parquet_holds_types_nan_and_all_that_was_logged(root: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = root / "runs.parquet"
    done = run_command(root, "runs", "search", "--sort", "name", "--parquet", str(path))
    assert (done.code, "wrote 4 tracked runs" in done.err) == (0, True)
    table = parquet.read_table(path)
    assert table.column("name").to_pylist() == ["a", "b", "c", "d"]
    losses = table.column("metrics.loss").to_pylist()
    assert (losses[0], losses[2], losses[3]) == (0.5, 0.1, None)
    assert math.isnan(losses[1])
    assert table.column("tags.team").to_pylist()[2] == "x\x1b[31m", "as it is: no terminal reads it"
    assert str(table.schema.field("started_at").type) == "timestamp[us, tz=UTC]"
    again = run_command(root, "runs", "search", "--parquet", str(path))
    assert (again.code, "exists" in again.err) == (ExitCode.USAGE, True)


def test_without_pyarrow_it_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(tracked_export.NoParquet, match="pip install 'dagtop\\[previews\\]'"):
        tracked_export.as_parquet([], [])


def test_csv_and_json_hold_what_no_number_is_as_a_text() -> None:
    columns = [tracked_export.ExportColumn("metric", "loss", "min")]
    rows = [[math.nan], [math.inf], [None], [0.1]]
    assert tracked_export.as_csv(columns, rows).split() == [
        "metrics.loss.min", "NaN", "Infinity", '""', "0.1",
    ]  # fmt: skip
    assert '"metrics.loss.min": "NaN"' in tracked_export.as_json(columns, rows)

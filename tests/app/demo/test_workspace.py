"""``app.demo.prepare``: the demo's files in a workspace, the user's changes left alone."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from app.demo import DemoError, prepare
from app.demo.notes import read_notes, write_notes
from app.demo.workspace import PIPELINES
from store.workspace import Workspace, find_workspace

NAMES = sorted(path.name for path in PIPELINES.glob("*.py"))


def test_prepare_makes_a_workspace_with_every_pipeline(tmp_path: Path) -> None:
    root = prepare(tmp_path / "new" / "demo")
    assert find_workspace(root) == Workspace(root)
    assert sorted(path.name for path in Workspace(root).dags.iterdir()) == NAMES


def test_prepare_says_where_the_workspace_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert prepare() == (tmp_path / "dagtop-demo").resolve()


def test_prepare_keeps_what_the_user_has_changed_or_deleted(tmp_path: Path) -> None:
    dags = Workspace(prepare(tmp_path)).dags
    (dags / "bash_example.py").write_text("# mine\n")
    (dags / "recommendation.py").unlink()
    prepare(tmp_path)
    assert (dags / "bash_example.py").read_text() == "# mine\n"
    assert not (dags / "recommendation.py").exists()


def test_prepare_keeps_a_file_of_the_user_that_has_the_name_of_one_of_ours(tmp_path: Path) -> None:
    dags = Workspace(tmp_path).dags
    dags.mkdir()
    (dags / "digits_training.py").write_text("# mine\n")
    prepare(tmp_path)
    prepare(tmp_path)
    assert (dags / "digits_training.py").read_text() == "# mine\n"


def test_prepare_brings_an_untouched_file_of_an_older_version_up_to_date(tmp_path: Path) -> None:
    workspace = Workspace(prepare(tmp_path))
    pipeline = workspace.dags / "bash_example.py"
    current = pipeline.read_bytes()
    pipeline.write_text("# as an older dagtop wrote it\n")
    notes = read_notes(workspace)
    notes.files[pipeline.name] = hashlib.sha256(pipeline.read_bytes()).hexdigest()
    write_notes(workspace, notes)
    prepare(tmp_path)
    assert pipeline.read_bytes() == current


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DemoError, match="choose another one"):
        prepare(tmp_path / "file" / "demo")


def test_unreadable_notes_count_as_none(tmp_path: Path) -> None:
    workspace = Workspace(prepare(tmp_path))
    (workspace.state / "demo.json").write_text("[1, 2")
    assert read_notes(workspace).files == {}
    prepare(tmp_path)
    assert sorted(path.name for path in workspace.dags.iterdir()) == NAMES

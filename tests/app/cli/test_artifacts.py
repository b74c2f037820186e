"""Artifacts on the command line: listed, copied, related, collected."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.cli.exit_codes import ExitCode
from store import contents, tracking
from store.engine import open_store
from store.workspace import Workspace
from tests.app.cli.conftest import Command

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
RUN, READER = "ab" * 16, "cd" * 16
FILES = {"model/weights.bin": b"\x00w", "model/deep/card.json": b"{}", "notes.txt": b"a\x1b[31mb\n"}


@pytest.fixture(autouse=True)
def run_with_files(workspace: Workspace) -> None:
    """A run with three files, and one that has read one of them."""
    workspace.create_state_folder()
    with open_store(workspace, create=True) as store, store.write() as connection:
        key = tracking.create_run(connection, tracking.NewRun(RUN, "sweep", "train", NOW))
        reader = tracking.create_run(connection, tracking.NewRun(READER, "sweep", "deploy", NOW))
        for path, content in FILES.items():
            digest = hashlib.sha256(content).hexdigest()
            kept = contents.path_of(workspace.artifacts, digest)
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_bytes(content)
            tracking.log_artifact(connection, key, path, len(content), digest, NOW)
        digest = hashlib.sha256(FILES["notes.txt"]).hexdigest()
        tracking.use_artifact(connection, reader, "notes.txt", digest, RUN, NOW)


def test_files_are_listed(dagtop: Command) -> None:
    found = dagtop("artifacts", "list", "abab", "--json").document
    assert [one["path"] for one in found["artifacts"]] == sorted(FILES)
    assert dagtop("artifacts", "list", "train").out.splitlines()[0].split() == [
        "PATH",
        "BYTES",
        "LOGGED",
        "SHA256",
    ]
    empty = dagtop("artifacts", "list", READER)
    assert (empty.out, empty.err) == ("", "run cdcdcdcd has logged no file\n")


def test_a_file_or_a_folder_is_copied(
    dagtop: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    assert dagtop("artifacts", "get", RUN, "notes.txt").out == "notes.txt\n"
    assert Path("notes.txt").read_bytes() == FILES["notes.txt"]
    dagtop("artifacts", "get", RUN, "model/weights.bin", "-o", "deep/er/w.bin")
    assert Path("deep/er/w.bin").read_bytes() == FILES["model/weights.bin"]
    dagtop("artifacts", "get", RUN, "model")
    assert Path("model/deep/card.json").read_bytes() == b"{}"
    found = dagtop("artifacts", "get", RUN, ".", "-o", "all", "--json").document
    assert sorted(found["files"]) == sorted(f"all/{path}" for path in FILES)


def test_a_file_is_printed(dagtop: Command) -> None:
    assert (
        dagtop("artifacts", "get", RUN, "notes.txt", "-o", "-").out == FILES["notes.txt"].decode()
    )
    several = dagtop("artifacts", "get", RUN, "model", "-o", "-")
    assert (several.code, "only one can be printed" in several.err) == (ExitCode.USAGE, True)


def test_nothing_is_overwritten_and_what_is_missing_is_said(
    dagtop: Command, workspace: Workspace, tmp_path: Path
) -> None:
    target = tmp_path / "there.txt"
    target.write_text("mine")
    found = dagtop("artifacts", "get", RUN, "notes.txt", "-o", str(target))
    assert (found.code, target.read_text()) == (ExitCode.FAILED, "mine")
    missing = dagtop("artifacts", "get", RUN, "note.txt")
    assert missing.code == ExitCode.NOT_FOUND
    assert "no artifact 'note.txt' of run abababab; did you mean 'notes.txt'?" in missing.err
    for kept in workspace.artifacts.rglob("*"):
        if kept.is_file():
            kept.unlink()
    gone = dagtop("artifacts", "get", RUN, "notes.txt", "-o", str(tmp_path / "new.txt"))
    assert (gone.code, "the content of notes.txt is gone" in gone.err) == (ExitCode.NOT_FOUND, True)


def test_a_path_that_leads_out_is_not_followed(
    dagtop: Command, workspace: Workspace, tmp_path: Path
) -> None:
    digest = hashlib.sha256(b"{}").hexdigest()
    with open_store(workspace) as store, store.write() as connection:
        key = tracking.run_with_uuid(connection, RUN)
        assert key is not None
        tracking.log_artifact(connection, key, "../../evil", 2, digest, NOW)
    found = dagtop("artifacts", "get", RUN, ".", "-o", str(tmp_path / "in"))
    assert (found.code, "leads out of the run's files" in found.err) == (ExitCode.STORE, True)
    assert not (tmp_path.parent / "evil").exists()


def test_lineage_is_shown_from_both_ends(dagtop: Command) -> None:
    (read,) = dagtop("artifacts", "lineage", READER, "--json").document["consumed"]
    assert (read["path"], read["producer_name"]) == ("notes.txt", "train")
    assert "read by" in dagtop("artifacts", "lineage", RUN).out
    assert "read from" in dagtop("artifacts", "lineage", READER).out


def test_what_no_run_has_is_collected(dagtop: Command, workspace: Workspace) -> None:
    kept = contents.path_of(workspace.artifacts, "0" * 64)
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(b"1234")
    os.utime(kept, (0, 0))
    assert dagtop("artifacts", "gc", "--dry-run").out == "would delete 1 content, 4 bytes\n"
    done = dagtop("artifacts", "gc", "--json").document
    assert done == {"contents": 1, "bytes": 4, "dry_run": False}
    assert not kept.exists()

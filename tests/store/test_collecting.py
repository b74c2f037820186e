"""Contents of artifacts: what no run refers to goes, what is being written stays."""

from __future__ import annotations

import hashlib
import os
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import update

from store import collecting, contents, tracking
from store.collecting import Collected
from store.engine import Store
from store.errors import NotFound, StoreError
from store.models import tracked_run
from store.queries import lineage
from store.workspace import Workspace

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
DAY = 24 * 3600.0


def keep(workspace: Workspace, content: bytes, age: float = 2 * DAY) -> str:
    """Write a content as who logs it does, so many seconds ago."""
    digest = hashlib.sha256(content).hexdigest()
    path = contents.path_of(workspace.artifacts, digest)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    written = time.time() - age
    os.utime(path, (written, written))
    return digest


def kept(workspace: Workspace) -> set[str]:
    return {path.name for path in workspace.artifacts.rglob("*") if path.is_file()}


def log(store: Store, uuid: str, digest: str) -> int:
    with store.write() as connection:
        run = tracking.create_run(connection, tracking.NewRun(uuid, "e", "r", NOW))
        tracking.log_artifact(connection, run, "a/b.txt", 1, digest, NOW)
        return run


def test_what_no_run_has_is_deleted_once_it_is_old(any_store: Store, workspace: Workspace) -> None:
    used, source, young = (
        keep(workspace, b"used"),
        keep(workspace, b"src"),
        keep(workspace, b"y", 60),
    )
    keep(workspace, b"gone!")
    run = log(any_store, "a" * 32, used)
    with any_store.write() as connection:
        statement = update(tracked_run).where(tracked_run.c.id == run)
        connection.execute(statement.values(source_digest=source))
    before = kept(workspace)
    assert collecting.collect(any_store, workspace, dry_run=True) == Collected(1, 5)
    assert kept(workspace) == before
    assert collecting.collect(any_store, workspace) == Collected(1, 5)
    assert kept(workspace) == {used, source, young}
    assert collecting.collect(any_store, workspace) == Collected(0, 0)


def test_what_was_left_half_written_goes_and_other_files_stay(
    store: Store, workspace: Workspace
) -> None:
    workspace.artifacts.mkdir(parents=True)
    for name in (".new-abc", "notes.txt"):
        (workspace.artifacts / name).write_text("x")
        os.utime(workspace.artifacts / name, (0, 0))
    (workspace.artifacts / ".new-young").write_text("x")
    collecting.collect(store, workspace)
    assert kept(workspace) == {"notes.txt", ".new-young"}


def test_a_content_that_is_logged_again_meanwhile_stays(store: Store, workspace: Workspace) -> None:
    """It was old and unused when it was looked up; before it is deleted a run writes it anew."""
    digest = keep(workspace, b"again")
    path = contents.path_of(workspace.artifacts, digest)
    moment = time.time() - DAY
    keep(workspace, b"again", age=0)
    assert collecting._delete(path, moment, dry_run=False) is None
    assert path.read_bytes() == b"again"
    path.unlink()
    assert collecting._delete(path, moment, dry_run=False) is None


def test_without_artifacts_there_is_nothing_to_do(store: Store, workspace: Workspace) -> None:
    assert collecting.collect(store, workspace) == Collected(0, 0)


@pytest.mark.parametrize("digest", ["", "../../etc/passwd", "A" * 64, "a" * 63, "/" * 64])
def test_what_is_no_digest_is_no_path(tmp_path: Path, digest: str) -> None:
    with pytest.raises(NotFound, match="is not the SHA-256"):
        contents.path_of(tmp_path, digest)


def test_what_was_not_read_yet_is_not_collected(store: Store, workspace: Workspace) -> None:
    collecting.check_nothing_is_unread(store, workspace)
    (workspace.state / "recordings").mkdir()
    (workspace.state / "recordings" / "1-2-3").write_text("")
    with pytest.raises(StoreError, match="start it with 'dagtop up'"):
        collecting.check_nothing_is_unread(store, workspace)


def test_lineage_is_known_by_run_and_by_content(any_store: Store) -> None:
    producer, copier = log(any_store, "a" * 32, "d" * 64), log(any_store, "b" * 32, "d" * 64)
    with any_store.write() as connection:
        reader = tracking.create_run(connection, tracking.NewRun("c" * 32, "e", "reader", NOW))
        tracking.use_artifact(connection, reader, "a/b.txt", "d" * 64, "a" * 32, NOW)
        (read,) = lineage.consumed_by(connection, reader)
        assert (read.path, read.producer_uuid, read.producer_name) == ("a/b.txt", "a" * 32, "r")
        for run in (producer, copier):
            assert [one.run_name for one in lineage.readers_of(connection, run)] == ["reader"]
        assert lineage.readers_of(connection, reader) == []
        connection.execute(tracked_run.delete().where(tracked_run.c.id == producer))
        (read,) = lineage.consumed_by(connection, reader)
        assert (read.producer_uuid, read.producer_name) == ("a" * 32, None)

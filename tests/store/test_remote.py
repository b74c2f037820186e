"""Contents under a URL: copied once, fetched and checked when they are read, collected."""

from __future__ import annotations

import hashlib
import os
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from store import contents, remote, tracking
from store.collecting import Collected
from store.config import Config, TrackingConfig
from store.engine import Store
from store.errors import NotFound, StoreError
from store.remote import Copier, Remote
from store.workspace import Workspace

pytest.importorskip("fsspec")
NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


@pytest.fixture(params=["memory", "file"])
def away(request: pytest.FixtureRequest, tmp_path: Path) -> Remote:
    if request.param == "memory":
        return Remote(f"memory://{uuid.uuid4().hex}/deep")
    return Remote(f"file://{tmp_path}/away/deep")


def keep(workspace: Workspace, content: bytes) -> str:
    return contents.keep(workspace.artifacts, [content])[1]


def test_contents_are_copied_once_and_fetched_again(away: Remote, workspace: Workspace) -> None:
    digest = keep(workspace, b"weights")
    copier = Copier(workspace, away)
    assert (copier.copy(), copier.copy()) == (1, 0)
    assert away.digests() == {digest}
    assert away.has(digest, 7)
    assert not away.has(digest, 8)
    assert Copier(workspace, away).copy() == 0  # a new runner looks at what is there
    path = contents.path_of(workspace.artifacts, digest)
    path.unlink()
    away.fetch(digest, path)
    assert path.read_bytes() == b"weights"


def test_what_is_there_may_go_from_here(away: Remote, workspace: Workspace) -> None:
    old, young, uncopied = (keep(workspace, one) for one in (b"old", b"young", b"uncopied"))
    copier = Copier(workspace, away)
    for digest in (old, young):
        away.put(digest, contents.path_of(workspace.artifacts, digest))
    long_ago = time.time() - 3 * 86400
    for digest in (old, uncopied):
        os.utime(contents.path_of(workspace.artifacts, digest), (long_ago, long_ago))
    assert copier.evict(2) == 1
    left = {path.name for path in workspace.artifacts.rglob("*") if path.is_file()}
    assert left == {young, uncopied}


def test_what_is_damaged_there_is_not_taken(away: Remote, workspace: Workspace) -> None:
    digest = hashlib.sha256(b"right").hexdigest()
    wrong = workspace.root / "wrong"
    wrong.write_bytes(b"wrong")
    away.put(digest, wrong)
    path = contents.path_of(workspace.artifacts, digest)
    with pytest.raises(StoreError, match="is damaged"):
        away.fetch(digest, path)
    with pytest.raises(NotFound, match="neither here nor under"):
        away.fetch("0" * 64, path)
    assert not [one for one in workspace.artifacts.rglob("*") if one.is_file()]


def test_what_no_run_has_is_collected_there_once_it_is_old(
    store: Store, away: Remote, workspace: Workspace
) -> None:
    used, unused = keep(workspace, b"used"), keep(workspace, b"unused")
    Copier(workspace, away).copy()
    with store.write() as connection:
        run = tracking.create_run(connection, tracking.NewRun("a" * 32, "e", "r", NOW))
        tracking.log_artifact(connection, run, "a", 4, used, NOW)
    assert remote.collect(store, away, age=3600) == Collected(0, 0)
    assert remote.collect(store, away, age=-60, dry_run=True) == Collected(0, 0)
    assert away.digests() == {used, unused}
    assert remote.collect(store, away, age=-60) == Collected(1, 6)
    assert away.digests() == {used}


def test_a_reader_finds_a_content_here_or_there(tmp_path: Path, workspace: Workspace) -> None:
    url = f"file://{tmp_path}/away"
    workspace.config_file.write_text(f'[tracking]\nartifact_root = "{url}"\n')
    digest = keep(workspace, b"card")
    assert remote.local_path(workspace, digest).read_bytes() == b"card"
    Copier(workspace, Remote(url)).copy()
    contents.path_of(workspace.artifacts, digest).unlink()
    assert remote.local_path(workspace, digest).read_bytes() == b"card"
    workspace.config_file.unlink()
    with pytest.raises(NotFound, match="is gone from"):
        remote.local_path(workspace, "0" * 64)


def test_what_the_url_needs_and_is_missing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StoreError, match="artifact_root is nosuch://x"):
        Remote("nosuch://x")
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(StoreError, match=r"pip install 'dagtop\[remote\]'") as caught:
        Remote("ftp://ann:secret@host/x")
    assert "ftp://ann:***@host/x" in str(caught.value)


def test_without_a_url_there_is_none() -> None:
    assert remote.of(Config()) is None
    assert remote.of(Config(tracking=TrackingConfig(artifact_root="memory://x"))) is not None


def test_several_readers_may_fetch_a_content_at_the_same_time(
    tmp_path: Path, workspace: Workspace
) -> None:
    away = Remote(f"file://{tmp_path}/away")
    digest = keep(workspace, b"weights" * 100_000)
    path = contents.path_of(workspace.artifacts, digest)
    away.put(digest, path)
    for _ in range(20):
        path.unlink()
        barrier = threading.Barrier(8)

        def fetch(barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            away.fetch(digest, path)

        with ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(fetch) for _ in range(8)]:
                done.result()
        assert [one.name for one in path.parent.iterdir()] == [digest]

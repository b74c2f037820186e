"""Files that are only under the workspace's URL, read in a task."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from runner.authoring.artifacts import kept_at
from runner.authoring.exceptions import NotFoundException
from runner.authoring.reading_artifacts import ArtifactDamaged, _fetch_if_missing

pytest.importorskip("fsspec")


@pytest.mark.parametrize("content", [b"weights", b"other", None])
def test_only_what_was_logged_is_taken_from_the_url(tmp_path: Path, content: bytes | None) -> None:
    digest = hashlib.sha256(b"weights").hexdigest()
    here, there = tmp_path / "here", Path(kept_at(str(tmp_path / "there"), digest))
    kept, root = Path(kept_at(str(here), digest)), f"file://{tmp_path}/there"
    if content is not None:
        there.parent.mkdir(parents=True)
        there.write_bytes(content)
    if content == b"weights":
        _fetch_if_missing(str(kept), digest, root)
        assert kept.read_bytes() == content
    else:
        error = NotFoundException if content is None else ArtifactDamaged
        with pytest.raises(error, match=digest):
            _fetch_if_missing(str(kept), digest, root)
    assert [one.name for one in kept.parent.iterdir()] == ([digest] if kept.exists() else [])
    assert kept.exists() is (content == b"weights")

"""One runner per database, whoever else names it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select, text

from store.engine import Store, open_store
from store.errors import StoreTaken
from store.lease import RunnerLease
from store.models import runner_lease
from store.workspace import Workspace


def url_of(store: Store) -> str:
    return store.engine.url.render_as_string(hide_password=False)


@contextmanager
def other(store: Store, root: Path) -> Iterator[RunnerLease]:
    """The lease that the runner of another workspace with the same database would take."""
    workspace = Workspace(root)
    with (
        open_store(workspace, url=url_of(store)) as same,
        RunnerLease(same, workspace, patience=0.1) as lease,
    ):
        yield lease


@pytest.fixture
def lease(any_store: Store, tmp_path: Path) -> Iterator[RunnerLease]:
    """Held by the workspace ``a``."""
    with RunnerLease(any_store, Workspace(tmp_path / "a")) as held:
        held.take()
        held.beat("start", "1.0")
        yield held


def test_a_second_workspace_is_told_whose_the_database_is(
    lease: RunnerLease, any_store: Store, tmp_path: Path
) -> None:
    with other(any_store, tmp_path / "b") as second:
        with pytest.raises(StoreTaken) as refusal:
            second.take()
        said = str(refusal.value)
        assert f"the runner of {tmp_path}/a on " in said
        assert f"(pid {os.getpid()})" in said
        assert f"url of [store] in {tmp_path}/b/dagtop.toml" in said
        lease.beat("start", "1.0", stopped=True)
        lease.close()
        second.take()
        second.beat("start", "1.0")
    with any_store.read() as connection:
        row = connection.execute(select(runner_lease)).one()
    assert (row.workspace, row.stopped_at) == (str(tmp_path / "b"), None)


@pytest.mark.postgres
def test_a_lost_connection_is_made_again_unless_another_was_faster(
    lease: RunnerLease, any_store: Store, tmp_path: Path
) -> None:
    if any_store.is_sqlite:
        return
    cut_off(any_store)
    lease.beat("start", "1.0")
    with other(any_store, tmp_path / "b") as second:
        with pytest.raises(StoreTaken):
            second.take()
        cut_off(any_store)
        second.take()
        second.beat("start", "1.0")
        lease.patience = 0.1
        with pytest.raises(StoreTaken, match=f"the runner of {tmp_path}/b"):
            lease.beat("start", "1.0")


def cut_off(store: Store) -> None:
    """End the session that holds the lock, as a crash of the runner or the server would."""
    query = "SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'"
    with store.write() as connection:
        connection.execute(text(query))


@pytest.mark.parametrize("link", [False, True])
@pytest.mark.parametrize("owner_first", [False, True])
def test_the_default_database_of_a_workspace_is_not_free_for_another_that_names_it(
    store: Store, workspace: Workspace, tmp_path: Path, *, link: bool, owner_first: bool
) -> None:
    folder = workspace.state
    if link:
        folder = tmp_path / "link"
        folder.symlink_to(workspace.state)
    url = f"sqlite:///{folder / 'dagtop.db'}"
    guest = Workspace(tmp_path / "b")
    with (
        open_store(guest, url=url) as same,
        RunnerLease(store, workspace) as own,
        RunnerLease(same, guest) as others,
    ):
        first, second = (own, others) if owner_first else (others, own)
        first.take()
        with pytest.raises(StoreTaken):
            second.take()
        first.close()
        second.take()


def test_a_beat_leaves_what_upkeep_has_noted(store: Store, workspace: Workspace) -> None:
    with RunnerLease(store, workspace) as lease:
        lease.beat("start", "1.0")
        with store.write() as connection:
            connection.execute(runner_lease.update().values(upkeep_at=lease.started_at))
        lease.beat("start", "1.0")
        with store.read() as connection:
            assert connection.execute(select(runner_lease.c.upkeep_at)).scalar() == lease.started_at

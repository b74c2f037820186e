"""Environments: kept once by what is in them, read from their files, compared by package."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import update

from store import environments, tracking
from store.engine import Store
from store.environments import Difference, Environment
from store.models import tracked_run

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)


def test_an_environment_is_kept_once_and_is_that_of_its_runs(
    any_store: Store, tmp_path: Path
) -> None:
    (tmp_path / "abc1").write_text('{"python": "3.11.7", "packages": {"numpy": "2.1.0"}}')
    with any_store.write() as connection:
        key = environments.ensure(connection, "abc1", tmp_path)
        assert key is not None
        (tmp_path / "abc1").unlink()
        assert environments.ensure(connection, "abc1", tmp_path) == key
        run = tracking.create_run(connection, tracking.NewRun("a" * 32, "e", "r", NOW))
        assert environments.of_run(connection, run) is None
        connection.execute(update(tracked_run).values(environment_id=key))
        found = environments.of_run(connection, run)
    assert found == Environment("abc1", "3.11.7", {"numpy": "2.1.0"})


def test_a_file_that_is_gone_or_none_of_ours_is_no_environment(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "bad").write_text('{"packages": 1}')
    (tmp_path.parent / "outside").write_text('{"python": "3", "packages": {}}')
    with store.write() as connection:
        for digest in ("gone", "bad", "../outside", ""):
            assert environments.ensure(connection, digest, tmp_path) is None


def test_two_environments_differ_by_package_python_first() -> None:
    before = Environment("1", "3.11.7", {"numpy": "2.0", "gone": "1", "same": "1"})
    after = Environment("2", "3.12.0", {"numpy": "2.1", "new": "3", "same": "1"})
    assert environments.differences(before, after) == [
        Difference("python", "3.11.7", "3.12.0"),
        Difference("gone", "1", None),
        Difference("new", None, "3"),
        Difference("numpy", "2.0", "2.1"),
    ]
    assert environments.differences(before, before) == []

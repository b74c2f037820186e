"""Logged models: written anew when they change, found by run and experiment, deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from store import logged_models, tracking
from store.engine import open_store
from store.workspace import Workspace

NOW = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)


def facts(**changes: Any) -> dict[str, Any]:
    plain = {
        "id": "m-1",
        "name": "line",
        "model_type": None,
        "status": logged_models.PENDING,
        "artifact_location": "dagtop-artifact:/a/line",
        "params": {"lr": "0.1"},
        "tags": {},
    }
    return {**plain, **changes}


def test_a_model_is_what_was_told_of_it_last(tmp_path: Path) -> None:
    later = NOW + timedelta(seconds=5)
    with open_store(Workspace(tmp_path), create=True) as store, store.write() as connection:
        new = tracking.NewRun("a" * 32, "sweep", "train", NOW)
        run = tracking.create_run(connection, new)
        logged_models.put(connection, run, facts(), NOW)
        logged_models.put(connection, run, facts(status=logged_models.READY), later)
        found = logged_models.get(connection, "m-1")
        assert found is not None
        assert (found.status, found.run_uuid) == ("READY", "a" * 32)
        assert (found.created_at, found.updated_at) == (NOW, later)
        assert logged_models.of_run(connection, run) == [found]
        assert logged_models.of_experiments(connection, [found.experiment_id]) == [found]
        assert logged_models.of_experiments(connection, [found.experiment_id + 1]) == []
        assert logged_models.set_tags(connection, "m-1", {"a": "1", "b": "2"})
        assert logged_models.set_tags(connection, "m-1", {"b": None})
        tagged = logged_models.get(connection, "m-1")
        assert tagged is not None
        assert tagged.tags == {"a": "1"}
        assert logged_models.delete(connection, "m-1", later)
        assert logged_models.of_run(connection, run) == []


def test_what_there_is_none_of_is_said(tmp_path: Path) -> None:
    with open_store(Workspace(tmp_path), create=True) as store, store.write() as connection:
        assert logged_models.get(connection, "m-1") is None
        assert not logged_models.set_tags(connection, "m-1", {"a": "1"})
        assert not logged_models.delete(connection, "m-1", NOW)

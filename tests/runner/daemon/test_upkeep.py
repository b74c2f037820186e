"""What upkeep removes, and what it leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from runner.daemon import upkeep
from runner.daemon.upkeep import remove_folders
from store.config import Config, RetentionConfig
from store.engine import open_store
from store.lease import RunnerLease
from store.workspace import Workspace
from tests.support.history import fill
from tests.support.live import Live

ONE = """
from dagtop import DAG, task
with DAG("one"):
    @task
    def work(): pass
    work()
"""


def test_logs_go_with_their_runs_or_by_age(own: Live) -> None:
    own.write("one.py", ONE)
    own.start()
    for _ in range(3):
        assert own.run("one")[0] == "success"
    tries = own.workspace.tries
    assert sorted(folder.name for folder in tries.iterdir()) == ["1", "2", "3"]
    now = datetime.now(UTC)
    assert remove_folders(own.store, own.workspace, now - timedelta(days=1)) == 0
    with own.store.write() as connection:
        connection.exec_driver_sql("DELETE FROM dag_run WHERE id >= 2")
    (tries / "4").mkdir()  # of a run that is being made
    assert remove_folders(own.store, own.workspace, None) == 2
    assert sorted(folder.name for folder in tries.iterdir()) == ["1", "4"]
    (tries / "4").rmdir()
    assert remove_folders(own.store, own.workspace, now + timedelta(days=1)) == 1
    assert list(tries.iterdir()) == []


def test_upkeep_is_done_once_an_hour_however_often_the_runner_is_started(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    config = Config(retention=RetentionConfig(runs=1, days=0))
    now = datetime.now(UTC)
    with open_store(workspace, create=True) as store:
        with RunnerLease(store, workspace) as lease:
            lease.beat("start", "1.0")

        def tidied(minutes: float) -> bool:
            return upkeep.tidy_if_due(store, workspace, config, now + timedelta(minutes=minutes))

        fill(store, dags=1, runs=3, live=False)
        assert tidied(0)
        with store.read() as connection:
            assert connection.exec_driver_sql("SELECT count(*) FROM dag_run").scalar() == 1
        assert not tidied(59)
        with RunnerLease(store, workspace) as lease:
            lease.beat("another", "1.0")
        assert not tidied(59)
        assert tidied(60)
        assert tidied(0), "the clock was set back"
        assert not tidied(59)

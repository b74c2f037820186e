"""What upkeep removes, and what it leaves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from runner.daemon.upkeep import remove_folders
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

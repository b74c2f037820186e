"""Databases that others see too: two workspaces that name one, a server that hangs up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.runner.daemon.conftest import SETTINGS
from tests.support.live import Live, live

ONE = """
from dagtop import DAG, task
with DAG("one"):
    @task
    def work(): pass
    work()
"""


@pytest.mark.parametrize("kind", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_the_second_runner_refuses_until_the_first_is_gone(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/shared.db"
    if kind == "postgresql":
        url = request.getfixturevalue("postgres_url")
    with live(tmp_path / "a") as first, live(tmp_path / "b") as second:
        for workspace in (first, second):
            workspace.configure(f'{SETTINGS}[store]\nurl = "{url}"\n')
        first.start()
        process = second.start(wait=False)
        assert process.wait(timeout=30) == 5
        assert f"is in use by the runner of {first.workspace.root} on" in second.log_text()
        first.kill()
        second.start()
        assert second.value("SELECT workspace FROM runner_lease") == str(second.workspace.root)


@pytest.mark.postgres
def test_connections_that_the_server_drops_are_made_again(remote: Live) -> None:
    remote.write("one.py", ONE)
    remote.start()
    remote.wait_for_dag("one")
    remote.query(
        "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    state, _ = remote.run("one")
    log = remote.log_text()
    assert state == "success"
    assert "Traceback" not in log, log

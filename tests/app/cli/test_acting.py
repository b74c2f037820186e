"""A runner on another machine: both use one PostgreSQL database, and commands go as rows."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from app.cli.acting import act
from store import commands
from store.client import RunnerAway
from store.engine import Store, open_store
from store.errors import CommandRefused
from store.models import runner_lease
from store.workspace import Workspace
from tests.support import postgres
from tests.support.commands import finish, pending
from tests.support.live import wait_for

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    running = postgres.server()
    try:
        url = running.__enter__()
    except postgres.NoServer as reason:
        pytest.skip(str(reason))
    try:
        yield url
    finally:
        running.__exit__(None, None, None)


@pytest.fixture
def shared(server: str, workspace: Workspace) -> Iterator[Store]:
    """The database of the workspace, which another machine uses too."""
    with postgres.database(server) as url:
        workspace.config_file.write_text(f'[store]\nurl = "{url}"\n')
        with open_store(workspace, create=True) as store:
            yield store


def beat(store: Store, hostname: str, age: timedelta) -> None:
    moment = datetime.now(UTC) - age
    with store.write() as connection:
        connection.execute(
            runner_lease.insert().values(
                id=1,
                hostname=hostname,
                pid=1,
                process_start="",
                version="0",
                started_at=moment,
                beat_at=moment,
                stopped_at=None,
            )
        )


def answer_next(store: Store, state: str, answer: dict[str, object]) -> threading.Thread:
    """A runner elsewhere that answers one command."""

    def waiting() -> list[commands.CommandRow]:
        with store.read() as connection:
            return pending(connection)

    def work() -> None:
        (command,) = wait_for(waiting, what="a command")
        with store.write() as connection:
            finish(connection, command.id, state, answer)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_command_is_carried_out_by_a_runner_elsewhere(
    shared: Store, workspace: Workspace
) -> None:
    beat(shared, "elsewhere", timedelta(seconds=3))
    runner = answer_next(shared, commands.DONE, {"run_id": "r1"})
    assert act(workspace, "trigger", {"dag_id": "x"}) == {"run_id": "r1"}
    runner.join()


def test_its_refusal_is_told(shared: Store, workspace: Workspace) -> None:
    beat(shared, "elsewhere", timedelta(seconds=3))
    runner = answer_next(shared, commands.REFUSED, {"error": "not today"})
    with pytest.raises(CommandRefused, match="not today"):
        act(workspace, "reparse", {"files": None})
    runner.join()


def test_nothing_is_left_behind_for_a_runner_that_is_gone(
    shared: Store, workspace: Workspace
) -> None:
    beat(shared, "elsewhere", timedelta(minutes=5))
    with pytest.raises(RunnerAway, match="dagtop up"):
        act(workspace, "trigger", {"dag_id": "x"})
    with shared.read() as connection:
        assert pending(connection) == []

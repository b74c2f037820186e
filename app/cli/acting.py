"""Having the runner do something: the fast way over its socket, without loading the database."""

from __future__ import annotations

import socket
import time
from typing import Any

import typer

from app.cli.errors import CommandError
from app.cli.output import note, print_json
from app.cli.own_command import command_line
from app.cli.runner_process import answers
from store import client
from store.errors import CommandRefused
from store.workspace import Workspace

PATIENCE = 10.0
"""Seconds that a runner which is just starting is waited for."""
LEASE_SECONDS = 30.0
"""Age up to which the lease of a runner on another machine counts as alive."""
ANSWER_SECONDS = 60.0


def act(workspace: Workspace, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Have a command carried out (see ``store.commands``) and return its answer.

    Without a runner nothing is done, except pausing, which needs none. Raises ``RunnerAway``,
    ``CommandRefused`` with the runner's reason, ``CommandError`` where the DAG or run isn't there.
    """
    try:
        if not listening(workspace) and kind not in client.DIRECT_KINDS:
            return _ask_elsewhere(workspace, kind, payload)
        submission = client.submit(workspace, kind, payload, timeout=ANSWER_SECONDS)
    except CommandRefused as refusal:
        raise _explained(workspace, payload) or refusal from None
    if submission.answer is None:  # the runner left just now; its successor will do it
        from store import commands
        from store.engine import open_store

        assert submission.command_id is not None
        with open_store(workspace) as store:
            return commands.wait(store, submission.command_id, PATIENCE)
    return submission.answer


def act_or_leave(
    workspace: Workspace, kind: str, payload: dict[str, Any], *, json: bool
) -> dict[str, Any]:
    """As ``act``, but without a runner the command is written down for the next one.

    Then this says so, and ends the program: there is no answer to go on with.
    """
    try:
        return act(workspace, kind, payload)
    except client.RunnerAway:
        missing = _explained(workspace, payload)
        if missing is not None:
            raise missing from None
    submission = client.submit(workspace, kind, payload, timeout=ANSWER_SECONDS)
    if submission.answer is not None:  # one has come up just now
        return submission.answer
    note(f"no runner is up: it is done when one starts ({command_line(workspace, 'up')})")
    if json:
        print_json({"pending": True, "command_id": submission.command_id})
    raise typer.Exit


def ask(workspace: Workspace, question: dict[str, Any]) -> Any:
    """The value that the runner answers a question with. Raises as ``act``."""
    listening(workspace)
    answer = client.ask(workspace, question)
    if answer.get("error"):
        raise CommandRefused(answer["error"])
    return answer.get("value")


def listening(workspace: Workspace) -> bool:
    """Whether a runner answers on this machine; one that is just starting is waited for."""
    deadline = time.monotonic() + PATIENCE
    while not answers(workspace):
        if not client.runner_is_up(workspace) or time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def _ask_elsewhere(workspace: Workspace, kind: str, payload: dict[str, Any]) -> dict[str, Any]:
    """Ask a runner on another machine, by a row in the PostgreSQL database that both use."""
    from store import config

    away = client.RunnerAway(
        f"no runner is up in {workspace.root}; start one with 'dagtop up', or open 'dagtop'"
    )
    if not config.load(workspace).store.url:
        raise away
    from datetime import UTC, datetime

    from store import commands
    from store.engine import open_store
    from store.queries.system import get_lease

    with open_store(workspace) as store:
        with store.read() as connection:
            lease = get_lease(connection)
        if lease is None or lease.stopped_at is not None:
            raise away
        age = (datetime.now(UTC) - lease.beat_at).total_seconds()
        if lease.hostname == socket.gethostname() or age > LEASE_SECONDS:
            raise away
        number = commands.submit(store, kind, payload, client.user())
        return commands.wait(store, number, ANSWER_SECONDS)


def _explained(workspace: Workspace, payload: dict[str, Any]) -> CommandError | None:
    """Whether a command was refused because its DAG or run doesn't exist."""
    from app.cli.lookups import find_dag, find_run
    from store.engine import open_store

    dag_id = payload.get("dag_id")
    dag_ids = payload.get("dag_ids") or ([] if dag_id is None else [dag_id])
    if not dag_ids:
        return None
    try:
        with open_store(workspace, read_only=True) as store, store.read() as connection:
            for one in dag_ids:
                find_dag(connection, one)
            if dag_id is None:
                return None
            names = payload.get("run_ids") or []
            if payload.get("run_id") is not None and "logical_date" not in payload:
                names = [*names, payload["run_id"]]
            for name in names:
                find_run(connection, dag_id, name)
    except CommandError as missing:
        return missing
    return None

"""Stopping the runner, and the tasks that go on without it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

from app.cli.errors import CommandError
from app.cli.exit_codes import ExitCode
from app.cli.runner_process import STOP_SECONDS, terminate, wait_until_gone
from store import client
from store.errors import CommandRefused, StoreError
from store.workspace import Workspace

SAME_START = 5.0
"""Seconds by which a process may have started beside its try's start and still be its process."""
LOOK_AGAIN = 0.2
LISTEN_SECONDS = 5.0
"""After which a runner that doesn't answer is taken to be stuck, and sent SIGTERM."""


@dataclass(frozen=True, slots=True)
class RunningTask:
    """A task whose process is at work."""

    name: str
    pid: int
    started_at: datetime


def stop_runner(workspace: Workspace, pid: int, *, kill_tasks: bool) -> None:
    """Tell the runner to end and wait until it has; SIGTERM where it doesn't listen."""
    request = {
        "type": "submit",
        "command": "stop",
        "payload": {"kill_tasks": kill_tasks},
        "actor": client.user(),
    }
    try:
        answer = client.ask(workspace, request, timeout=LISTEN_SECONDS)
        if answer.get("error"):
            raise CommandRefused(answer["error"])
    except (client.RunnerAway, client.RunnerBusy):
        if client.runner_pid(workspace) == pid:
            terminate(pid)
    if not wait_until_gone(workspace, STOP_SECONDS):
        raise CommandError(
            f"the runner (pid {pid}) is still there after {STOP_SECONDS:g} s; see "
            f"{workspace.runner_log}, or end it with 'kill -9 {pid}': nothing is lost by that",
            ExitCode.FAILED,
        )


def running_tasks(workspace: Workspace) -> list[RunningTask]:
    """Tasks of this machine whose processes are at work, by the store and the process table."""
    import socket

    from store.engine import open_store
    from store.queries import runs, tasks
    from store.states import DagRunState, TaskInstanceState

    found: list[RunningTask] = []
    try:
        store = open_store(workspace, read_only=True)
    except StoreError:
        return found
    with store, store.read() as connection:
        wanted = runs.RunFilter(states=frozenset({DagRunState.RUNNING}))
        for run in runs.list_runs(connection, wanted, limit=1000).rows:
            for instance in tasks.list_instances(
                connection, run.id, states=[TaskInstanceState.RUNNING]
            ):
                newest = tasks.latest_try(connection, instance.id)
                if newest is None or newest.pid is None or newest.started_at is None:
                    continue
                if newest.hostname in (None, socket.gethostname()):
                    name = f"{run.dag_id}.{instance.task_id}"
                    found.append(RunningTask(name, newest.pid, newest.started_at))
    return [one for one in found if _is_alive(one)]


def wait_for_tasks(running: list[RunningTask]) -> None:
    """Wait until the processes of these tasks have ended."""
    left = list(running)
    while left:
        left = [one for one in left if _is_alive(one)]
        if left:
            time.sleep(LOOK_AGAIN)


def _is_alive(task: RunningTask) -> bool:
    import psutil

    try:
        process = psutil.Process(task.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return abs(process.create_time() - task.started_at.timestamp()) < SAME_START
    except psutil.Error:
        return False

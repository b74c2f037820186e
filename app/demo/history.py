"""A few days of history for the demo's pipelines: backfills that the runner really runs."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.demo.notes import read_notes, write_notes
from store import client
from store.errors import CommandRefused, CommandTimeout
from store.workspace import Workspace

PATIENCE = 60.0
"""Seconds that the runner has for reading the pipeline files."""
LOOK_AGAIN = 0.1
"""Seconds between two questions whether a pipeline is there."""
RUNS_AT_ONCE = 2
"""Of one pipeline's backfill, so that all pipelines get on."""
MAIN = Path(__file__).resolve().parent / "__main__.py"
LOG = "demo.log"


@dataclass(frozen=True, slots=True)
class History:
    """How much of its past a pipeline is to have."""

    dag_id: str
    file: str
    period: timedelta
    """Of its schedule."""
    runs: int

    def span(self, now: datetime) -> tuple[datetime, datetime]:
        """First and last moment for logical dates; ``runs`` ticks of the schedule lie between.

        The newest complete interval is left out: the schedule makes that run when the pipeline is
        unpaused.
        """
        last = now - 2 * self.period
        return last - self.runs * self.period + timedelta(microseconds=1), last


HISTORY = (
    History("bash_example", "bash_example.py", timedelta(days=1), 5),
    History("fails_on_purpose", "fails_on_purpose.py", timedelta(hours=1), 5),
    History("recommendation", "recommendation.py", timedelta(days=1), 5),
    History("elasticnet_sweep", "elasticnet_sweep.py", timedelta(days=1), 4),
    History("digits_training", "digits_training.py", timedelta(days=1), 5),
)


@dataclass(frozen=True, slots=True)
class Beginning:
    """What became of one pipeline's history."""

    dag_id: str
    runs: int
    problem: str = ""
    """Why it could not be started, in one sentence."""


def start_history(
    workspace: Workspace,
    histories: Sequence[History] = HISTORY,
    *,
    patience: float = PATIENCE,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> list[Beginning]:
    """Start the histories of the demo's pipelines, and unpause those; returns what became of each.

    Needs a runner that is up; waits up to ``patience`` seconds for it to know the pipelines, and
    not for the runs. Each history is started once per workspace, however often this is called; a
    pipeline whose file the user has deleted is passed over.
    """
    deadline = time.monotonic() + patience
    beginnings: list[Beginning] = []
    notes = read_notes(workspace)
    for history in histories:
        if history.dag_id in notes.history or not (workspace.dags / history.file).exists():
            continue
        beginning = _start_one(workspace, history, deadline, now())
        beginnings.append(beginning)
        if not beginning.problem:
            notes.history.append(history.dag_id)
            write_notes(workspace, notes)
    return beginnings


def start_history_in_background(workspace: Workspace) -> None:
    """``start_history`` in a process of its own, which says how it went in ``.dagtop/demo.log``.

    Returns at once: the terminal UI can open and show the pipelines come in.
    """
    workspace.create_state_folder()
    with (workspace.state / LOG).open("a") as log:
        process = subprocess.Popen(
            [sys.executable, "-P", str(MAIN), str(workspace.root)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()  # leaves no zombie


def _start_one(workspace: Workspace, history: History, deadline: float, now: datetime) -> Beginning:
    first, last = history.span(now)
    backfill = {
        "dag_id": history.dag_id,
        "from_date": first.isoformat(),
        "to_date": last.isoformat(),
        "conf": None,
        "reprocess": "none",
        "max_active_runs": RUNS_AT_ONCE,
        "run_backwards": False,
        "dry_run": False,
    }
    try:
        answer = _submit_when_known(workspace, "backfill", backfill, deadline)
        client.submit(workspace, "unpause", {"dag_ids": [history.dag_id]})
    except (client.RunnerAway, CommandRefused, CommandTimeout) as error:
        return Beginning(history.dag_id, 0, str(error))
    return Beginning(history.dag_id, len(answer["runs"]))


def _submit_when_known(
    workspace: Workspace, kind: str, payload: dict[str, Any], deadline: float
) -> dict[str, Any]:
    """Submit until the runner has read the pipeline's file and no longer refuses."""
    while True:
        try:
            if not client.runner_is_up(workspace):
                raise client.RunnerAway(
                    f"no runner is up in {workspace.root}; start one with 'dagtop up'"
                )
            submission = client.submit(workspace, kind, payload)
            if submission.answer is not None:
                return submission.answer
        except (client.RunnerAway, CommandRefused):
            if time.monotonic() > deadline:
                raise
        time.sleep(LOOK_AGAIN)

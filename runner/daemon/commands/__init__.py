"""Acting on commands: trigger, pause, clear, mark, kill, backfill."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, delete, func, select

from runner.daemon import runs
from runner.daemon.commands.backfill import backfill
from runner.daemon.commands.common import Payload, Refused
from runner.daemon.commands.instances import clear, kill, mark_task
from runner.daemon.commands.runs import cancel_run, mark_run, pause, trigger, unpause
from runner.daemon.commands.upkeep import delete_dag, reparse, stop
from runner.daemon.memory import LiveRun, LiveTry, Pipeline
from runner.daemon.turn import Turn
from runner.scheduling import closure, dag_runs
from runner.scheduling.endings import end_run
from store import models
from store.states import (
    EXECUTING_TASK_STATES,
    FINISHED_RUN_STATES,
    DagRunState,
    DagRunType,
    TaskInstanceState,
)


def perform(turn: Turn, kind: str, payload: Payload, actor: str) -> Any:
    """Do a command within the turn. Raises ``Refused``."""
    act = COMMANDS.get(kind)
    if act is None:
        raise Refused(f"there is no command {kind!r}; this runner knows {', '.join(COMMANDS)}")
    try:
        return act(turn, payload, actor)
    except KeyError as missing:
        raise Refused(f"the command {kind} lacks {missing}") from None


COMMANDS: dict[str, Callable[[Turn, Payload, str], Any]] = {
    "trigger": trigger,
    "pause": pause,
    "unpause": unpause,
    "clear": clear,
    "mark_task": mark_task,
    "mark_run": mark_run,
    "cancel_run": cancel_run,
    "kill": kill,
    "backfill": backfill,
    "delete_dag": delete_dag,
    "reparse": reparse,
    "stop": stop,
}

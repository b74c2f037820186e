"""Acting on commands: trigger, pause, clear, mark, kill, backfill, notes, XComs, undo, delete."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from runner.daemon.commands.assets import asset_event
from runner.daemon.commands.backfills import (
    backfill,
    cancel_backfill,
    limit_backfill,
    pause_backfill,
    unpause_backfill,
)
from runner.daemon.commands.common import Payload, Refused
from runner.daemon.commands.instances import clear, kill, mark_task
from runner.daemon.commands.notes import note
from runner.daemon.commands.payloads import check
from runner.daemon.commands.priority import set_priority
from runner.daemon.commands.runs import cancel_run, mark_run, pause, trigger, unpause
from runner.daemon.commands.scheduling import schedule
from runner.daemon.commands.undoing import restore
from runner.daemon.commands.upkeep import (
    delete_dag,
    delete_runs,
    delete_task_instances,
    reparse,
    stop,
)
from runner.daemon.commands.xcoms import set_xcom
from runner.daemon.turn import Turn


def perform(turn: Turn, kind: str, payload: Any, actor: str) -> Any:
    """Do a command within the turn. Raises ``Refused``."""
    act = COMMANDS.get(kind)
    if act is None:
        raise Refused(f"there is no command {kind!r}; this runner knows {', '.join(COMMANDS)}")
    return act(turn, check(kind, payload), actor)


COMMANDS: dict[str, Callable[[Turn, Payload, str], Any]] = {
    "trigger": trigger,
    "pause": pause,
    "unpause": unpause,
    "clear": clear,
    "mark_task": mark_task,
    "mark_run": mark_run,
    "cancel_run": cancel_run,
    "kill": kill,
    "set_priority": set_priority,
    "backfill": backfill,
    "pause_backfill": pause_backfill,
    "unpause_backfill": unpause_backfill,
    "cancel_backfill": cancel_backfill,
    "limit_backfill": limit_backfill,
    "note": note,
    "set_xcom": set_xcom,
    "restore": restore,
    "schedule": schedule,
    "asset_event": asset_event,
    "delete_dag": delete_dag,
    "delete_runs": delete_runs,
    "delete_task_instances": delete_task_instances,
    "reparse": reparse,
    "stop": stop,
}

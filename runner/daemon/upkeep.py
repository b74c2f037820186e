"""Tidying: old runs, logs and journals, and processes that tries have left behind."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from runner.execution.processes import stray_processes
from store import collecting, maintenance, models, records
from store.config import Config
from store.engine import Store
from store.errors import StoreError
from store.workspace import Workspace

if TYPE_CHECKING:
    from runner.daemon.engine import Engine

log = logging.getLogger(__name__)

BATCH = 500
EVERY = timedelta(hours=1)


def end_strays(store: Store, engine: Engine) -> None:
    """End programs that a try started and that outlived it while no runner watched."""
    running = {key for key, live_try in engine.brain.tries.items() if not live_try.gone}
    for pid, try_key in stray_processes(engine.workspace.tries):
        if try_key in running or pid == os.getpid():
            continue
        with store.read() as connection:
            table = models.task_try
            state = connection.execute(select(table.c.state).where(table.c.id == try_key)).scalar()
        if state is None or state in ("queued", "running"):
            continue  # not yet known to memory
        log.warning("ending process %s, left behind by try %s", pid, try_key)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def tidy_if_due(
    store: Store, workspace: Workspace, config: Config, now: datetime | None = None
) -> bool:
    """Tidy if the last time, of this runner or of one before it, is ``EVERY`` ago.

    Returns whether it was done.
    """
    now = now or datetime.now(UTC)
    done_at = models.runner_lease.c.upkeep_at
    try:
        with store.read() as connection:
            last = connection.execute(select(done_at)).scalar()
        if last is not None and last <= now < last + EVERY:
            return False
        tidy(store, workspace, config)
        with store.write() as connection:
            connection.execute(models.runner_lease.update().values(upkeep_at=now))
    except StoreError as error:
        log.warning("upkeep is put off: %s", error)
        return False
    return True


def tidy(store: Store, workspace: Workspace, config: Config) -> None:
    """Apply the retention settings: runs beyond them, old logs, and folders of runs now gone; and
    delete contents of artifacts that no run has any more."""
    maintenance.prune_by_retention(store, config.retention)
    days = config.retention.log_days
    moment = datetime.now(UTC) - timedelta(days=days) if days else None
    removed = remove_folders(store, workspace, moment)
    if removed:
        log.info("upkeep removed the logs of %s runs", removed)
    collected = collecting.collect(store, workspace)
    if collected.count:
        log.info("upkeep removed %s contents of artifacts", collected.count)


def remove_folders(store: Store, workspace: Workspace, moment: datetime | None) -> int:
    """Delete the log folders of runs that are gone, or that ended before ``moment``.

    Returns how many. A run with an id that the store doesn't know yet is being made: left alone.
    """
    if not workspace.tries.is_dir():
        return 0
    keys = [int(folder.name) for folder in workspace.tries.iterdir() if folder.name.isdigit()]
    table = models.dag_run
    removed = 0
    for start in range(0, len(keys), BATCH):
        batch = keys[start : start + BATCH]
        with store.read() as connection:
            next_key = records.next_id(connection, table)
            present = set(
                connection.execute(select(table.c.id).where(table.c.id.in_(batch))).scalars()
            )
            old = maintenance.ended_before(connection, batch, moment) if moment else set()
        gone = [key for key in batch if key in old or (key not in present and key < next_key)]
        remove_run_folders(workspace, gone)
        removed += len(gone)
    return removed


def remove_run_folders(workspace: Workspace, keys: Iterable[int]) -> None:
    """Delete the folders of runs: the logs and journals of their tries."""
    for key in keys:
        shutil.rmtree(workspace.tries / str(key), ignore_errors=True)


def remove_try_folders(workspace: Workspace, tries: Iterable[tuple[int, int]]) -> None:
    """Delete the folders of tries, each named by its run and itself."""
    for run_key, try_key in tries:
        shutil.rmtree(workspace.try_folder(run_key, try_key), ignore_errors=True)

"""Tidying: old runs, logs and journals, and processes that tries have left behind."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import signal
from typing import TYPE_CHECKING

from sqlalchemy import select

from runner.execution.processes import stray_processes
from store import maintenance, models
from store.config import Config
from store.engine import Store
from store.errors import StoreError
from store.workspace import Workspace

if TYPE_CHECKING:
    from runner.daemon.engine import Engine

log = logging.getLogger(__name__)


def end_strays(store: Store, engine: Engine) -> None:
    """End programs that a try started and that outlived it while no runner watched."""
    running = {key for key, live_try in engine.brain.tries.items() if not live_try.gone}
    for pid, try_key in stray_processes():
        if try_key in running or pid == os.getpid():
            continue
        with store.read() as connection:
            table = models.task_try
            state = connection.execute(select(table.c.state).where(table.c.id == try_key)).scalar()
        if state is None or state in ("queued", "running"):
            continue  # of another workspace, or not yet known to memory
        log.warning("ending process %s, left behind by try %s", pid, try_key)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)


def tidy(store: Store, workspace: Workspace, config: Config) -> None:
    """Apply the retention settings: runs beyond them, and files of runs that are gone."""
    try:
        maintenance.prune_by_retention(store, config.retention)
        remove_orphaned_folders(store, workspace)
    except StoreError as error:
        log.warning("upkeep is put off: %s", error)


def remove_orphaned_folders(store: Store, workspace: Workspace) -> int:
    """Delete the folders of tries whose DAG run is no longer in the store. Returns how many."""
    if not workspace.tries.is_dir():
        return 0
    table = models.dag_run
    with store.read() as connection:
        newest = connection.execute(
            select(table.c.id).order_by(table.c.id.desc()).limit(1)
        ).scalar()
        present = set(connection.execute(select(table.c.id)).scalars())
    removed = 0
    for folder in workspace.tries.iterdir():
        if not folder.name.isdigit():
            continue
        key = int(folder.name)
        if key not in present and newest is not None and key < newest:
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed

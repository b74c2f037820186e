"""Opening the terminal UI, with a runner behind it."""

from __future__ import annotations

import time

from app.cli.errors import usage_error
from app.cli.workspaces import chosen_workspace
from store.workspace import Workspace

PATIENCE = 5.0
"""Seconds that a runner which imports files is waited for, before a DAG is said to be unknown."""
LOOK_AGAIN = 0.05
LOOKS_AFTER = 3
"""Looks after the last import: what it gave is stored a moment later."""


def open_terminal_ui(
    *,
    folder: str | None = None,
    dag: str | None = None,
    run: str | None = None,
    task: str | None = None,
    map_index: int | None = None,
    compare: str = "",
    tracked: str | None = None,
    read_only: bool = False,
) -> int:
    """Start the runner if none is up (never when read-only), and open the UI at a place.

    Returns the exit code when it is left.
    """
    if run is not None and dag is None:
        raise usage_error("--run needs --dag: a run id belongs to a DAG")
    if task is not None and run is None:
        raise usage_error("--task needs --dag and --run")
    if map_index is not None and task is None:
        raise usage_error("--map-index needs --dag, --run and --task")
    if compare and dag is not None:
        raise usage_error("--compare opens tracked runs: leave --dag out")
    if tracked is not None and dag is not None:
        raise usage_error("--tracked names a run by itself: leave --dag out")
    space = chosen_workspace(folder)
    return open_workspace(
        space,
        dag=dag,
        run=run,
        task=task,
        map_index=map_index,
        compare=compare,
        tracked=tracked,
        read_only=read_only,
    )


def open_workspace(
    space: Workspace,
    *,
    dag: str | None = None,
    run: str | None = None,
    task: str | None = None,
    map_index: int | None = None,
    compare: str = "",
    tracked: str | None = None,
    read_only: bool = False,
) -> int:
    """As ``open_terminal_ui``, of a workspace that is known."""
    require_terminal()
    compared = find_compared(space, compare) if compare else ()
    if not read_only:
        from concurrent.futures import ThreadPoolExecutor
        from importlib import import_module

        from app.cli.runner_process import start_runner

        with ThreadPoolExecutor(1) as pool:
            starting = pool.submit(start_runner, space)
            import_module("app.tui.application")  # the UI loads while the runner starts
            starting.result()
    if dag is not None:
        run = find_place(space, dag, run, task, map_index)
    if tracked is not None:
        tracked = uuid_of(space, tracked)
    from app.tui import run as run_ui

    return run_ui(
        space,
        dag=dag,
        run=run,
        task=task,
        map_index=map_index,
        compare=compared,
        tracked=tracked,
        read_only=read_only,
    )


def find_compared(space: Workspace, text: str) -> tuple[str, ...]:
    """The uuids of the tracked runs that a text names, between commas. Raises ``CommandError``
    where there is no such run, or not two of them."""
    from app.cli.tracked_views import find_tracked
    from store.engine import open_store

    names = [name.strip() for name in text.split(",") if name.strip()]
    with open_store(space, read_only=True) as store:
        found = tuple(dict.fromkeys(find_tracked(store, name).uuid for name in names))
    if len(found) < 2:
        raise usage_error("--compare needs two tracked runs or more: --compare ID,ID")
    return found


def uuid_of(space: Workspace, name: str) -> str:
    """The whole id of a tracked run. Raises ``CommandError`` where there is none, or several."""
    from app.cli.tracked_views import find_tracked
    from store.engine import open_store

    with open_store(space, read_only=True) as store:
        return find_tracked(store, name).uuid


def find_place(
    space: Workspace,
    dag: str,
    run: str | None,
    task: str | None,
    map_index: int | None = None,
    patience: float = PATIENCE,
) -> str | None:
    """The whole id of the run that is to be opened. Raises ``CommandError`` where there is no
    such DAG, run or task; a runner that is still importing files is waited for."""
    from app.cli.errors import CommandError
    from app.cli.lookups import find_dag, find_instance, find_run, find_tasks
    from store.engine import open_store

    deadline = time.monotonic() + patience
    left = LOOKS_AFTER
    with open_store(space, read_only=True) as store:
        while True:
            if not _imports_files(space) or time.monotonic() > deadline:
                left -= 1
            try:
                with store.read() as connection:
                    find_dag(connection, dag)
                    if run is None:
                        return None
                    row = find_run(connection, dag, run)
                    if map_index is not None and task is not None:
                        find_instance(connection, row, task, map_index)
                    elif task is not None:
                        find_tasks(connection, row, [task])
                    return row.run_id
            except CommandError:
                if left < 1:
                    raise
            time.sleep(LOOK_AGAIN)


def _imports_files(space: Workspace) -> bool:
    """Whether a runner has files to import; it looks for them before it answers anyone."""
    from store import client
    from store.errors import StoreError

    try:
        status = client.ask(space, {"type": "get_status"}, timeout=PATIENCE).get("value") or {}
    except StoreError:
        return False
    return bool(status.get("files_to_import"))


def require_terminal() -> None:
    """Raises a usage error where there is no terminal that the UI can be drawn on."""
    from app.tui import unfit_terminal

    refusal = unfit_terminal()
    if refusal:
        raise usage_error(refusal)

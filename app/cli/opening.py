"""Opening the terminal UI, with a runner behind it."""

from __future__ import annotations

import typer

from app.cli.errors import usage_error
from app.cli.session import chosen_workspace
from store.workspace import Workspace


def open_terminal_ui(
    *,
    folder: str | None = None,
    dag: str | None = None,
    run: str | None = None,
    task: str | None = None,
    read_only: bool = False,
) -> None:
    """Start the runner if none is up (never when read-only), and open the UI at a place."""
    if run is not None and dag is None:
        raise usage_error("--run needs --dag: a run id belongs to a DAG")
    if task is not None and run is None:
        raise usage_error("--task needs --dag and --run")
    open_workspace(chosen_workspace(folder), dag=dag, run=run, task=task, read_only=read_only)


def open_workspace(
    space: Workspace,
    *,
    dag: str | None = None,
    run: str | None = None,
    task: str | None = None,
    read_only: bool = False,
) -> None:
    """As ``open_terminal_ui``, of a workspace that is known."""
    require_terminal()
    if not read_only:
        from concurrent.futures import ThreadPoolExecutor
        from importlib import import_module

        from app.cli.runner_process import start_runner

        with ThreadPoolExecutor(1) as pool:
            starting = pool.submit(start_runner, space)
            import_module("app.tui.application")  # the UI loads while the runner starts
            starting.result()
    from app.tui import run as run_ui

    code = run_ui(space, dag=dag, run=run, task=task, read_only=read_only)
    if code:
        raise typer.Exit(code)


def require_terminal() -> None:
    """Raises a usage error where there is no terminal that the UI can be drawn on."""
    from app.tui import unfit_terminal

    refusal = unfit_terminal()
    if refusal:
        raise usage_error(refusal)

"""The terminal UI. ``run`` is all that others call; nothing heavy is loaded before it is."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.workspace import Workspace

USAGE = 2


def run(
    workspace: Workspace,
    *,
    dag: str | None = None,
    run: str | None = None,
    task: str | None = None,
    map_index: int | None = None,
    compare: tuple[str, ...] = (),
    tracked: str | None = None,
    read_only: bool = False,
) -> int:
    """Open the terminal UI and return an exit code when it is left.

    ``dag``, ``run``, ``task`` and ``map_index`` open what they name, ``compare`` the tracked runs
    of these uuids side by side, ``tracked`` the tracked run of that uuid. Quitting leaves the
    runner running.
    """
    refusal = unfit_terminal()
    if refusal:
        sys.stderr.write(f"{refusal}\n")
        return USAGE
    os.environ.setdefault("TEXTUAL_ANIMATIONS", "none")
    os.environ.setdefault("TEXTUAL_SMOOTH_SCROLL", "0")
    os.environ.setdefault("ESCDELAY", "50")

    import gc

    gc.disable()  # until the first frame is out: nothing that is made before then is garbage

    from app.settings import load
    from app.tui.application import DagtopApp
    from app.tui.driver import FrameDriver
    from app.tui.memory import Memory, memory_file
    from store.settings import ConfigError

    try:
        settings = load(workspace)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return USAGE
    app = DagtopApp(
        workspace,
        dag=dag,
        run=run,
        task=task,
        map_index=map_index,
        compare=compare,
        tracked=tracked,
        read_only=read_only,
        settings=settings,
        memory=Memory(memory_file(workspace)),
        driver_class=FrameDriver,
    )
    code = app.run(mouse=settings.ui.mouse)
    if app.runner is not None and app.runner.alive:
        from app.cli.own_command import command_line

        stop = command_line(workspace, "down")
        sys.stdout.write(f"The runner goes on in {workspace.root}; this stops it:\n  {stop}\n")
    return code or app.return_code or 0


def unfit_terminal() -> str:
    """Why the UI can't be shown here, in one sentence; empty if it can."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return (
            "the terminal UI needs a terminal; use commands such as 'dagtop dags list' in scripts"
        )
    term = os.environ.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        return (
            f"the terminal UI can't draw on a terminal of type {term or 'unknown'!r}; "
            "set TERM (such as xterm-256color), or use commands such as 'dagtop dags list'"
        )
    return ""

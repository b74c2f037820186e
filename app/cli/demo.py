"""``dagtop demo``."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.groups import group
from app.cli.session import JsonOption
from store.workspace import Workspace

app = group("Try dagtop out.")


@app.command("demo")
def demo(
    folder: Annotated[
        str | None, typer.Argument(help="Folder of the demo; ~/dagtop-demo if not given.")
    ] = None,
    prepare_only: Annotated[
        bool, typer.Option("--prepare-only", help="Make the workspace, start nothing.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Try it out on real pipelines.

    Makes a workspace with five of them, on real data; starts its runner, which makes a few days
    of history; and opens it.
    """
    from app import demo as pipelines
    from app.cli.opening import open_workspace, require_terminal
    from app.cli.output import note, print_json, say
    from app.cli.own_command import command_line
    from app.cli.runner_process import start_runner

    if not prepare_only:
        require_terminal()
    space = Workspace(pipelines.prepare(folder or pipelines.DEFAULT_FOLDER))
    if prepare_only:
        if json:
            print_json({"workspace": str(space.root)})
        else:
            say(f"the demo is in {space.root}; open it with: {command_line(space)}")
        return
    note(f"the demo is in {space.root}; open it again with: {command_line(space)}")
    start_runner(space)
    pipelines.start_history_in_background(space)
    raise typer.Exit(open_workspace(space))

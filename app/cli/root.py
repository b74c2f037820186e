"""The top of the command line: ``dagtop`` alone, and the way to every command."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.exit_codes import epilog
from app.cli.groups import CommandHome, LazyGroup
from app.cli.session import WorkspaceOption, remember_workspace

HOMES: dict[str, CommandHome] = {
    "init": CommandHome("app.cli.init", "init"),
    "up": CommandHome("app.cli.runner", "up"),
    "down": CommandHome("app.cli.runner", "down"),
    "status": CommandHome("app.cli.runner", "status"),
    "demo": CommandHome("app.cli.demo", "demo"),
    "dags": CommandHome("app.cli.dags"),
    "runs": CommandHome("app.cli.runs"),
    "metrics": CommandHome("app.cli.metrics", "metrics"),
    "artifacts": CommandHome("app.cli.artifacts"),
    "models": CommandHome("app.cli.models"),
    "experiments": CommandHome("app.cli.experiments"),
    "import": CommandHome("app.cli.importing"),
    "export": CommandHome("app.cli.exporting"),
    "serve": CommandHome("app.cli.serving", "serve"),
    "env": CommandHome("app.cli.environment", "env"),
    "tasks": CommandHome("app.cli.tasks"),
    "pools": CommandHome("app.cli.pools"),
    "assets": CommandHome("app.cli.assets"),
    "variables": CommandHome("app.cli.variables"),
    "connections": CommandHome("app.cli.connections"),
    "events": CommandHome("app.cli.events"),
    "db": CommandHome("app.cli.db"),
    "config": CommandHome("app.cli.config", "config"),
    "doctor": CommandHome("app.cli.doctor", "doctor"),
    "version": CommandHome("app.cli.version", "version"),
}
"""Every command, in the order of ``--help`` and the README."""


class Root(LazyGroup):
    homes = HOMES


app = typer.Typer(
    cls=Root,
    name="dagtop",
    epilog=epilog(),
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    subcommand_metavar="[COMMAND] [ARGS]...",
)


@app.callback()
def dagtop(
    context: typer.Context,
    dag: Annotated[str | None, typer.Option(help="Open this DAG.")] = None,
    run: Annotated[str | None, typer.Option(help="Open this run of the DAG.")] = None,
    task: Annotated[str | None, typer.Option(help="Open this task of the run.")] = None,
    map_index: Annotated[
        int | None, typer.Option(min=0, help="Open this instance of the mapped task.")
    ] = None,
    compare: Annotated[
        str, typer.Option(metavar="RUN,RUN", help="Open these tracked runs side by side.")
    ] = "",
    tracked: Annotated[
        str | None, typer.Option(help="Open this tracked run, by id or name.")
    ] = None,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Change nothing; start no runner.")
    ] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Schedule, run and watch machine-learning pipelines.

    Without a command: start the runner if none is up, and open the terminal UI.
    """
    remember_workspace(workspace)
    if context.invoked_subcommand is None:
        from app.cli.opening import open_terminal_ui

        raise typer.Exit(
            open_terminal_ui(
                dag=dag,
                run=run,
                task=task,
                map_index=map_index,
                compare=compare,
                tracked=tracked,
                read_only=read_only,
            )
        )


def run() -> None:
    """Run the command line with the arguments of this process, and exit."""
    app(prog_name="dagtop")

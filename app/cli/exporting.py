"""``dagtop export``."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.cli.errors import usage_error
from app.cli.exit_codes import ExitCode
from app.cli.groups import group
from app.cli.output import note, print_json, say
from app.cli.session import JsonOption, WorkspaceOption, chosen_workspace, reading

app = group("Give the tracked runs to another tracker.")

MOST_PROBLEMS = 20
EVERY_RUN = "is:active OR is:deleted"
"""A filter: without it the archived ones are left out."""


@app.command("mlflow")
def export_mlflow(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="An SQLite database of MLflow's, or a new file.")
    ],
    filter_text: Annotated[
        str | None, typer.Option("--filter", metavar="FILTER", help="Only runs that pass it.")
    ] = None,
    artifacts: Annotated[
        bool, typer.Option("--artifacts/--no-artifacts", help="Copy the artifacts, too.")
    ] = True,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Write tracked runs into an SQLite store of MLflow's.

    Its UI opens it: mlflow ui --backend-store-uri sqlite:///FILE. The artifacts are copied beside.
    Runs that are there already are left as they are.
    """
    from dataclasses import asdict

    from app.cli.tracked_views import understood
    from app.exchange.exporting import export_runs
    from app.exchange.foreign import SourceError
    from store.run_filter import parse, select_runs

    wanted = understood(parse, EVERY_RUN if filter_text is None else filter_text)
    with reading(workspace) as store:
        with store.read() as connection:
            query = select_runs(wanted, now=datetime.now(UTC))
            ids = [row[0] for row in connection.execute(query)]
        try:
            done = export_runs(
                store, chosen_workspace(workspace), ids, Path(file), with_artifacts=artifacts
            )
        except SourceError as error:
            raise usage_error(str(error)) from None
    if json:
        print_json(asdict(done))
        return
    words = f"wrote {done.runs} runs, {done.points:,} points and {done.artifacts:,} artifacts"
    words += f" to {file}; {done.known} were there already" if done.known else f" to {file}"
    words += f"; {done.equal:,} points that equal others were left out" if done.equal else ""
    say(words)
    for problem in done.problems[:MOST_PROBLEMS]:
        note(problem)
    if done.problems:
        raise typer.Exit(ExitCode.FAILED)

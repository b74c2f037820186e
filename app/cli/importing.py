"""``dagtop import``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import CommandError, usage_error
from app.cli.exit_codes import ExitCode
from app.cli.groups import group
from app.cli.output import note, print_json, say
from app.cli.session import JsonOption, WorkspaceOption, chosen_workspace, writing

if TYPE_CHECKING:
    from app.exchange.foreign import Imported, Source
    from store.engine import Store

app = group("Take over the runs of another tracker.")

TOLD_EVERY = 500
MOST_PROBLEMS = 20


@app.command("mlflow")
def import_mlflow(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="A folder mlruns, an SQLite file, a database's URL, or http:// of a server.",
        ),
    ],
    experiment: Annotated[
        list[str] | None,
        typer.Option("--experiment", metavar="NAME", help="Only this one; may be repeated."),
    ] = None,
    artifacts: Annotated[
        bool, typer.Option("--artifacts/--no-artifacts", help="Copy the artifacts, too.")
    ] = True,
    replace: Annotated[
        bool, typer.Option("--replace", help="Take runs that are here already anew.")
    ] = False,
    workspace: WorkspaceOption = None,
    json: JsonOption = False,
) -> None:
    """Take over experiments, runs, artifacts and models from MLflow.

    Can be repeated: runs that are here already are left as they are.
    """
    from dataclasses import asdict

    from app.exchange.foreign import SourceError
    from app.exchange.importing import import_runs

    space = chosen_workspace(workspace)
    try:
        opened = open_source(source)
    except SourceError as error:
        raise usage_error(str(error)) from None
    try:
        _check_experiments(opened, experiment or [])
        with writing(workspace) as store:
            done = import_runs(
                opened,
                store,
                space,
                only=experiment or (),
                with_artifacts=artifacts,
                replace=replace,
                told=_teller(),
            )
            _keep_on_the_trail(store, source, done)
    except SourceError as error:  # a server went, for example
        raise CommandError(str(error), ExitCode.FAILED) from None
    finally:
        opened.close()
    if json:
        print_json(asdict(done))
        return
    _tell(done)


def _keep_on_the_trail(store: Store, source: str, done: Imported) -> None:
    from store import client, events

    where = source.rpartition("@")[2]  # without a password
    told = {"runs": done.runs, "experiments": done.experiments, "known": done.known}
    message = f"took over {done.runs} runs from {where}"
    with store.write() as connection:
        events.record(connection, "runs_imported", client.user(), message, details=told)


def _tell(done: Imported) -> None:
    """Say what was taken over; what could not be read makes it a failure."""
    from app.tui.formats import size

    words = f"took over {done.runs} runs of {done.experiments} experiments: {done.points:,} points"
    words += f", {done.artifacts:,} artifacts ({size(done.bytes)})"
    words += f", {done.models} registered models" if done.models else ""
    words += f"; {done.known} were here already" if done.known else ""
    say(words)
    for problem in done.problems[:MOST_PROBLEMS]:
        note(problem)
    if len(done.problems) > MOST_PROBLEMS:
        note(f"and {len(done.problems) - MOST_PROBLEMS} more problems; --json lists all")
    if done.problems:
        raise typer.Exit(ExitCode.FAILED)


def open_source(where: str) -> Source:
    """A store of MLflow's: folder, SQLite file, database URL or server."""
    from app.exchange.foreign import SourceError, local_folder

    if where.startswith(("http://", "https://")):
        from app.exchange.server import ServerSource

        return ServerSource(where)
    where = where.removeprefix("sqlite:///") if where.startswith("sqlite:///") else where
    path = local_folder(where) or Path()
    if "://" not in where or where.startswith("file://"):
        if path.is_dir():
            from app.exchange.mlruns import FolderSource

            return FolderSource(path)
        if not path.is_file():
            raise SourceError(f"there is no folder or file {where}")
        where = str(path)
    from app.exchange.database import DatabaseSource

    return DatabaseSource(where)


def _check_experiments(source: Source, names: list[str]) -> None:
    from app.cli.errors import not_found

    known = [one.name for one in source.experiments()] if names else []
    for name in names:
        if name not in known:
            raise not_found("experiment", name, known)


def _teller() -> Callable[[str, int], None]:
    """Says now and then how far it is: a large import takes minutes."""

    def tell(name: str, number: int) -> None:
        if number % TOLD_EVERY == 0:
            note(f"{name}: {number:,} runs …")

    return tell

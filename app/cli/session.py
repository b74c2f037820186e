"""What commands share: the workspace they act on, its store, common arguments and options."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.completion import complete_dag, complete_run
from app.cli.errors import usage_error
from app.cli.workspaces import chosen_workspace, remember_workspace

if TYPE_CHECKING:
    from store.engine import Store

__all__ = [
    "DagArgument",
    "DryRunOption",
    "JsonOption",
    "RunArgument",
    "WorkspaceOption",
    "YesOption",
    "chosen_workspace",
    "confirm",
    "reading",
    "remember_workspace",
    "writing",
]

WorkspaceOption = Annotated[
    str | None,
    typer.Option(
        "--workspace",
        "-w",
        metavar="FOLDER",
        help="Workspace; otherwise DAGTOP_WORKSPACE, or the one around the current folder.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV.")]
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Only say what would change.")]
DagArgument = Annotated[
    str, typer.Argument(metavar="DAG", help="DAG id.", autocompletion=complete_dag)
]
RunArgument = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="Run id, the beginning of one, or 'latest'.",
        autocompletion=complete_run,
    ),
]


@contextmanager
def reading(folder: str | None) -> Iterator[Store]:
    """The workspace's store, open for reading."""
    from store.engine import open_store

    with open_store(chosen_workspace(folder), read_only=True) as store:
        yield store


@contextmanager
def writing(folder: str | None) -> Iterator[Store]:
    """The workspace's store, open for writing; made if it is missing."""
    from store.engine import open_store
    from store.errors import StoreMissing

    space = chosen_workspace(folder)
    try:
        store = open_store(space)
    except StoreMissing:
        store = open_store(space, create=True)
    with store:
        yield store


FOR_GOOD = "It can't be undone."
"""What questions say of what is deleted."""


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is destroyed; ends the command unless it is agreed to.

    Without a terminal to ask on, ``--yes`` is needed.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise usage_error(f"{question} Say --yes to do it without being asked.")
    typer.confirm(question, abort=True)


def form_of(*, json: bool, csv: bool) -> str:
    """How something is printed: table, json or csv."""
    if json and csv:
        raise usage_error("--json or --csv, not both")
    return "json" if json else "csv" if csv else "table"

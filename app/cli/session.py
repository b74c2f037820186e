"""What commands share: the workspace they act on, its store, the options they have in common."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.errors import usage_error
from store.workspace import Workspace, WorkspaceError, find_workspace

if TYPE_CHECKING:
    from store.engine import Store

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
YesOption = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")]

_given: str | None = None
"""``--workspace`` before the command; the root of the command line sets it on every start."""


def remember_workspace(folder: str | None) -> None:
    """Keep what ``dagtop --workspace FOLDER command …`` said, for the command."""
    global _given
    _given = folder


def chosen_workspace(folder: str | None) -> Workspace:
    """The workspace to act on. Raises ``WorkspaceError`` where there is none."""
    named = folder or _given
    if named is None:
        return find_workspace()
    path = Path(named).expanduser()
    if not path.is_dir():
        raise WorkspaceError(f"--workspace names {named}, which is not a folder")
    return find_workspace(path)


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


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is destroyed; ends the command unless it is agreed to.

    Without a terminal to ask on, ``--yes`` is needed.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise usage_error(f"{question} Say --yes to do it without being asked.")
    typer.confirm(question, abort=True)

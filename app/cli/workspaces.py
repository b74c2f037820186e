"""The workspace that a command acts on. Loads nothing else: the UI starts with it."""

from __future__ import annotations

from pathlib import Path

from store.workspace import Workspace, WorkspaceError, find_workspace

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

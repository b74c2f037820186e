"""Commands of dagtop as a person can type them, from where they are. Starts fast."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from shlex import quote

from store.workspace import Workspace, WorkspaceError, find_workspace


def command_line(workspace: Workspace, *arguments: str) -> str:
    """A command line that does ``dagtop ARGUMENTS`` on this workspace, when typed here."""
    words = program()
    if not _is_found_here(workspace):
        words += ["-w", str(workspace.root)]
    return " ".join(quote(word) for word in (*words, *arguments))


def program() -> list[str]:
    """``dagtop`` if the shell finds this very program by that name, else its path."""
    started = Path(sys.argv[0])
    own = started if started.name == "dagtop" else Path(sys.executable).with_name("dagtop")
    own = own.absolute()
    if not own.is_file():
        return [sys.executable, "-m", "dagtop"]
    found = shutil.which("dagtop")
    return ["dagtop"] if found is not None and own.samefile(found) else [str(own)]


def _is_found_here(workspace: Workspace) -> bool:
    try:
        return find_workspace().root == workspace.root
    except (WorkspaceError, OSError):
        return False
